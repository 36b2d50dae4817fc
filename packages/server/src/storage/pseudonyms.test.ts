import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { suite, test } from 'node:test';
import { tokensContract } from '../ingest/tokens.contract.ts';
import { MemoryTokens } from '../ingest/tokens-memory.ts';
import { sampleFinding } from './finding-samples.ts';
import { openPseudonyms, PSEUDONYM_BYTES_MAX, PSEUDONYMS_CACHED_MAX } from './pseudonyms.ts';
import { openSqliteStore } from './sqlite/sqlite-store.ts';

tokensContract('pseudonym table', () => openPseudonyms(':memory:'));
tokensContract('memory', () => new MemoryTokens());

suite('the pseudonym table', () => {
  const inFolder = (title: string, body: (path: string, folder: string) => void) =>
    test(title, () => {
      const folder = mkdtempSync(join(tmpdir(), 'gait-pseudonyms-'));
      try {
        body(join(folder, 'store.sqlite'), folder);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });

  inFolder('gives the same tokens after a restart', (path) => {
    const before = openPseudonyms(path);
    const tokens = [before.person('ada'), before.network('203.0.113.9'), before.network('2001:db8:1::1')];
    before.close();
    before.close();
    const after = openPseudonyms(path);
    assert.deepEqual([after.person('ada'), after.network('203.0.113.77'), after.network('2001:db8:1:9::')], tokens);
    after.close();
  });

  inFolder('agrees with a second process that has it open', (path) => {
    const [one, other] = [openPseudonyms(path), openPseudonyms(path)];
    assert.equal(other.person('ada'), one.person('ada'));
    assert.equal(one.person('bob'), other.person('bob'));
    one.close();
    other.close();
  });

  inFolder('outlives a rebuild of the store in the same file', (path) => {
    const pseudonyms = openPseudonyms(path);
    const token = pseudonyms.person('ada');
    pseudonyms.reveal(token, 'analyst');
    const store = openSqliteStore(path);
    store.commitStep({ findings: [sampleFinding()], incidents: [], consumed: 1 });
    store.rebuild();
    assert.deepEqual(store.findings(), []);
    assert.equal(pseudonyms.person('ada'), token);
    assert.equal(pseudonyms.reveals().length, 1);
    store.close();
    pseudonyms.close();
  });

  inFolder('writes something to sync on flush, and nothing when no token is new', (path) => {
    const pseudonyms = openPseudonyms(path);
    const raw = new DatabaseSync(path);
    const flushes = () => raw.prepare('SELECT count FROM flushes').get()?.['count'];
    pseudonyms.flush();
    assert.equal(flushes(), 0);
    pseudonyms.person('ada');
    pseudonyms.flush();
    assert.equal(flushes(), 1);
    pseudonyms.person('ada');
    pseudonyms.flush();
    assert.equal(flushes(), 1);
    raw.close();
    pseudonyms.close();
  });

  test('reveals a value and has it on record, also when nothing was found', () => {
    let nowMs = 1000;
    const pseudonyms = openPseudonyms(':memory:', { now: () => nowMs });
    const token = pseudonyms.person('ada@example.com');
    const network = pseudonyms.network('203.0.113.9');
    assert.equal(pseudonyms.reveal(token, 'analyst'), 'ada@example.com');
    nowMs = 2000.5;
    assert.equal(pseudonyms.reveal(network, 'responder'), '203.0.113.0/24');
    assert.equal(pseudonyms.reveal('person_0000000000000001', 'analyst'), undefined);
    assert.deepEqual(pseudonyms.reveals(), [
      { atMs: 2000, who: 'analyst', token: 'person_0000000000000001', found: false },
      { atMs: 2000, who: 'responder', token: network, found: true },
      { atMs: 1000, who: 'analyst', token, found: true },
    ]);
    assert.throws(() => pseudonyms.reveal(token, ''), { name: 'AssertionError' });
  });

  test('forgets a value for good: seen again it is a stranger', () => {
    const pseudonyms = openPseudonyms(':memory:');
    const token = pseudonyms.person('ada');
    assert.equal(pseudonyms.forget(token), true);
    assert.equal(pseudonyms.reveal(token, 'analyst'), undefined);
    assert.notEqual(pseudonyms.person('ada'), token);
    assert.equal(pseudonyms.forget(token), false);
  });

  inFolder('leaves no byte of a forgotten value on disk', (path, folder) => {
    const bytes = () =>
      readdirSync(folder)
        .map((file) => readFileSync(join(folder, file), 'latin1'))
        .join('');
    const pseudonyms = openPseudonyms(path);
    const token = pseudonyms.person('forget-me-please');
    for (let at = 0; at < 500; at++) pseudonyms.person(`neighbour-${at}`);
    assert.ok(bytes().includes('forget-me-please'));
    pseudonyms.forget(token);
    assert.ok(bytes().includes('neighbour-1'));
    assert.equal(bytes().includes('forget-me-please'), false);
    assert.equal(bytes().includes(token), false);
    pseudonyms.close();
  });

  test('keeps long and malformed names apart within its limit', () => {
    const pseudonyms = openPseudonyms(':memory:');
    for (const value of ['x'.repeat(PSEUDONYM_BYTES_MAX + 1), `${'🦆'.repeat(600)}!`, 'a\ud800b', 'a\0b']) {
      const token = pseudonyms.person(value);
      const stored = pseudonyms.reveal(token, 'analyst') ?? '';
      assert.ok(Buffer.byteLength(stored) <= PSEUDONYM_BYTES_MAX);
      assert.equal(pseudonyms.person(value), token);
    }
    assert.equal(pseudonyms.reveal(pseudonyms.person('a\0b'), 'analyst'), 'a\0b');
  });

  test('gives newcomers one shared token when it is full, and those inside keep theirs', () => {
    const pseudonyms = openPseudonyms(':memory:', { rowsMax: 2 });
    const [ada, bob] = [pseudonyms.person('ada'), pseudonyms.person('bob')];
    assert.equal(pseudonyms.person('eve'), 'person_0000000000000000');
    assert.equal(pseudonyms.person('mallory'), 'person_0000000000000000');
    assert.equal(pseudonyms.network('203.0.113.9'), 'net_0000000000000000');
    assert.equal(pseudonyms.overflowed, 3);
    assert.equal(pseudonyms.person('ada'), ada);
    pseudonyms.forget(bob);
    assert.notEqual(pseudonyms.person('eve'), 'person_0000000000000000');
    assert.equal(pseudonyms.reveal('person_0000000000000000', 'analyst'), undefined);
  });

  test('a token outlives its place in memory', () => {
    const pseudonyms = openPseudonyms(':memory:');
    const first = pseudonyms.person('first');
    const busy = pseudonyms.person('busy');
    for (let at = 0; at < PSEUDONYMS_CACHED_MAX; at++) {
      pseudonyms.person(`user-${at}`);
      if (at % 1000 === 0) assert.equal(pseudonyms.person('busy'), busy);
    }
    assert.equal(pseudonyms.person('first'), first);
  });

  test('refuses to work after closing', () => {
    const pseudonyms = openPseudonyms(':memory:');
    pseudonyms.close();
    assert.throws(() => pseudonyms.person('ada'), { code: 'GAIT_STORE_CLOSED' });
  });
});
