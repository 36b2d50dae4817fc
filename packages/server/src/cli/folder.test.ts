import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Incident } from '@gait/engine/event/finding';
import { numberedFinding } from '../storage/finding-samples.ts';
import { openSqliteStore } from '../storage/sqlite/sqlite-store.ts';
import { AbsentError } from './failure.ts';
import { incidentFor, word } from './folder.ts';

describe('a word of a command line to copy', () => {
  it('is quoted when the shell would take it for something else', () => {
    assert.equal(word('./kept/a-1'), './kept/a-1');
    assert.equal(word('my folder'), "'my folder'");
    assert.equal(word("it's $HOME"), "'it'\\''s $HOME'");
    assert.equal(word(''), "''");
  });
});

describe('an incident asked for by its id', () => {
  it('is the one it became part of, if it did', () => {
    const store = openSqliteStore(':memory:');
    const [first, second] = [numberedFinding(1), numberedFinding(2)];
    const incident = (id: string, findings: readonly string[]): Incident => ({
      id: `i${id}`,
      openedMs: 1,
      lastMs: 2,
      findings,
      entities: [],
      state: 'new',
      risk: 0.5,
      summary: 'Something.',
    });
    const kept = incident(first.id, [first.id, second.id]);
    const merged = incident(second.id, []);
    store.commitStep({ findings: [first, second], incidents: [kept, merged], consumed: 3 });
    assert.deepEqual(incidentFor(store, kept.id), kept);
    assert.deepEqual(incidentFor(store, merged.id), kept);
    assert.throws(() => incidentFor(store, 'i0000'), AbsentError);
    assert.throws(() => incidentFor(store, 'iff'), AbsentError);
    store.close();
  });
});
