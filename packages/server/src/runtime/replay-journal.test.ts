import assert from 'node:assert/strict';
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { scratchFolder } from '../log/scratch.ts';
import { ReplayJournal } from './replay-journal.ts';

const LEARN = { content: 'learn', ordinal: 1, clockMs: 10 };
const JUDGE = { content: 'judge', ordinal: 50, clockMs: 20 };
/** What a second run sees when it begins: the log has grown. */
const later = (part: typeof LEARN) => ({ ...part, ordinal: 90, clockMs: 99 });

describe('the journal of a replay', () => {
  it('tells a replay that is started again where its parts began', async (test) => {
    const path = join(await scratchFolder(test), 'replay.json');
    const first = await ReplayJournal.open(path);
    assert.deepEqual(await first.begin(0, LEARN), { ...LEARN, end: undefined });
    assert.deepEqual(await first.begin(1, JUDGE), { ...JUDGE, end: undefined });
    const second = await ReplayJournal.open(path);
    assert.deepEqual(await second.begin(0, later(LEARN)), { ...LEARN, end: JUDGE.ordinal });
    assert.deepEqual(await second.begin(1, later(JUDGE)), { ...JUDGE, end: undefined });
  });

  it('begins anew where the content is another, and forgets what followed', async (test) => {
    const path = join(await scratchFolder(test), 'replay.json');
    const first = await ReplayJournal.open(path);
    await first.begin(0, LEARN);
    await first.begin(1, JUDGE);
    const second = await ReplayJournal.open(path);
    const other = { ...later(LEARN), content: 'other' };
    assert.deepEqual(await second.begin(0, other), { ...other, end: undefined });
    assert.deepEqual(await second.begin(1, later(JUDGE)), { ...later(JUDGE), end: undefined });
  });

  it('is gone when the replay is complete', async (test) => {
    const folder = await scratchFolder(test);
    const journal = await ReplayJournal.open(join(folder, 'replay.json'));
    await journal.begin(0, LEARN);
    await journal.finish();
    assert.deepEqual(await readdir(folder), []);
    await journal.finish();
  });

  it('is as good as none when it cannot be understood', async (test) => {
    const path = join(await scratchFolder(test), 'replay.json');
    const damaged = [
      '',
      '{"version":1,"par',
      'null',
      '{"version":2,"parts":[]}',
      '{"version":1,"parts":{}}',
      '{"version":1,"parts":[null]}',
      '{"version":1,"parts":[{"content":"learn","ordinal":-1,"clockMs":0}]}',
      '{"version":1,"parts":[{"content":"learn","ordinal":"1","clockMs":0}]}',
    ];
    for (const text of damaged) {
      await writeFile(path, text);
      const journal = await ReplayJournal.open(path);
      assert.deepEqual(await journal.begin(0, later(LEARN)), { ...later(LEARN), end: undefined }, text);
    }
  });
});
