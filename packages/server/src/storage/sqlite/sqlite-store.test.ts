import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { suite, test } from 'node:test';
import { numberedFinding, sampleFinding, sampleIncident } from '../finding-samples.ts';
import { storeContract } from '../store.contract.ts';
import { guarded, openDatabase } from './database.ts';
import { openSqliteStore } from './sqlite-store.ts';

storeContract('sqlite in a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'gait-store-'));
  const path = join(folder, 'store.sqlite');
  let store = openSqliteStore(path);
  return {
    store,
    reopen() {
      store.close();
      store = openSqliteStore(path);
      return store;
    },
    dispose() {
      store.close();
      rmSync(folder, { recursive: true });
    },
  };
});

suite('a full disk', () => {
  test('has a sentence of its own', () => {
    const database = openDatabase(':memory:', 'process');
    // The database refuses to grow as it does when the disk does.
    database.exec('PRAGMA max_page_count = 40');
    const fill = () => database.exec(`INSERT INTO functions VALUES ('a', 1, hex(zeroblob(1000000)), 1)`);
    assert.throws(() => guarded(fill), { code: 'GAIT_STORE_FULL', message: /^The disk is full\. Free space/ });
    database.close();
    const noSpace = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC', syscall: 'open' });
    const open = () => {
      throw noSpace;
    };
    assert.throws(() => guarded(open), { code: 'GAIT_STORE_FULL' });
  });
});

suite('the store file', () => {
  const inFolder = (title: string, body: (path: string) => void) =>
    test(title, () => {
      const folder = mkdtempSync(join(tmpdir(), 'gait-store-'));
      try {
        body(join(folder, 'store.sqlite'));
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  const change = (path: string, sql: string) => {
    const raw = new DatabaseSync(path);
    raw.exec(sql);
    raw.close();
  };

  inFolder('can be read by its owner only, its side files too', (path) => {
    const store = openSqliteStore(path);
    store.commitStep({ findings: [sampleFinding()], incidents: [], consumed: 1 });
    for (const file of [path, `${path}-wal`, `${path}-shm`]) assert.equal(statSync(file).mode & 0o777, 0o600, file);
    store.close();
  });

  inFolder('of a newer version is refused with a sentence and left alone', (path) => {
    openSqliteStore(path).close();
    change(path, `INSERT INTO schema_version VALUES (999, 'from the future')`);
    assert.throws(() => openSqliteStore(path), {
      code: 'GAIT_STORE_NEWER',
      message: /newer version of Gait. Use that version, or another folder. \(Its schema is 999/,
    });
    change(path, 'DELETE FROM schema_version WHERE version = 999');
    openSqliteStore(path).close();
  });

  inFolder('of another program is refused and left alone', (path) => {
    change(path, 'CREATE TABLE theirs (a)');
    assert.throws(() => openSqliteStore(path), { code: 'GAIT_STORE_DAMAGED', message: /not a Gait store/ });
    const raw = new DatabaseSync(path);
    assert.deepEqual(
      raw
        .prepare('SELECT name FROM sqlite_schema')
        .all()
        .map((row) => row['name']),
      ['theirs'],
    );
    raw.close();
  });

  inFolder('that is not a database is refused', (path) => {
    writeFileSync(path, 'hello '.repeat(1000));
    assert.throws(() => openSqliteStore(path), { code: 'GAIT_STORE_DAMAGED' });
  });

  inFolder('in a folder that does not exist is an error with a code', (path) => {
    assert.throws(() => openSqliteStore(join(path, 'missing', 'store.sqlite')), { code: 'GAIT_STORE_IO' });
  });

  inFolder('with a damaged row says which row and which field', (path) => {
    const store = openSqliteStore(path);
    store.commitStep({ findings: [numberedFinding(1)], incidents: [sampleIncident()], consumed: 1 });
    change(path, `UPDATE findings SET json = json_set(json, '$.evidence[1].count', 'many')`);
    assert.throws(() => store.findings(), {
      code: 'GAIT_STORE_DAMAGED',
      message: /finding 0000000000000001\.evidence\[1\]\.count is not a number/,
    });
    change(path, `UPDATE findings SET json = '{'`);
    assert.throws(() => store.finding('0'), { code: 'GAIT_STORE_DAMAGED', message: /is not JSON/ });
    change(path, `UPDATE incidents SET state = 'odd'`);
    assert.throws(() => store.incidents(), { code: 'GAIT_STORE_DAMAGED', message: /state is not one of new, / });
    store.rebuild();
    assert.deepEqual(store.findings(), []);
    store.close();
  });

  inFolder('is found by index whatever it is asked for', (path) => {
    const store = openSqliteStore(path);
    store.close();
    const raw = new DatabaseSync(path);
    const plan = (condition: string) =>
      String(raw.prepare(`EXPLAIN QUERY PLAN SELECT id, json FROM findings WHERE ${condition}`).get('x')?.['detail']);
    assert.match(plan('incident = ?'), /findings_by_incident/);
    assert.match(plan('principal = ?'), /findings_by_principal/);
    assert.match(plan('function = ?'), /findings_by_function/);
    assert.match(plan('level = ?'), /findings_by_time/);
    assert.match(plan('id = ?'), /autoindex_findings/);
    raw.close();
  });
});
