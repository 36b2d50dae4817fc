import assert from 'node:assert/strict';
import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import type { Finding } from '@gait/engine/event/finding';
import { scratchFolder } from '../log/scratch.ts';
import { FINDINGS_LISTED_MAX } from '../storage/store.ts';
import { assertAsUninterrupted } from './reference.contract.ts';
import { type ReplayRequest, type ReplayResult, replay } from './replay.ts';
import { TRACE_START_MS, type TraceOptions, traceRecords, traceText, writeTrace } from './sample-trace.ts';
import { Workspace } from './workspace.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
const NEWEST_MS = TRACE_START_MS + 60 * DAY_MS;
/** A normal day, and the one after it with an odd invocation, a minute apart. */
const NORMAL: TraceOptions = { name: 'normal', count: 1440 };
const ODD: TraceOptions = { name: 'odd', count: 600, fromMs: TRACE_START_MS + DAY_MS, odd: [400] };

/** A place for files and data folders. */
class Scene {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async make(test: TestContext): Promise<Scene> {
    return new Scene(await scratchFolder(test));
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  async trace(name: string, options: TraceOptions): Promise<string> {
    await writeTrace(this.path(name), options);
    return this.path(name);
  }

  async text(name: string, text: string): Promise<string> {
    await writeFile(this.path(name), text);
    return this.path(name);
  }

  /** Replays into the data folder `kept`, with one seed, and closes it; `look` sees it before that. */
  async replay(
    request: Partial<ReplayRequest>,
    look: (workspace: Workspace) => unknown = () => undefined,
    kept = 'kept',
  ): Promise<ReplayResult> {
    const workspace = await Workspace.open(this.path(kept), { seed: [3, 5] });
    try {
      const defaults = { provider: 'aws', account: '?', region: '?', newestMs: NEWEST_MS };
      const result = await replay(workspace, { paths: [], learn: [], defaults, ...request });
      await look(workspace);
      return result;
    } finally {
      await workspace.close();
    }
  }
}

function told(workspace: Workspace): readonly Finding[] {
  return workspace.store.findings({ level: 'finding', limit: FINDINGS_LISTED_MAX });
}

/** What a finding says, without what depends on how many rows came before it. */
function said({ detector, entity, sentence, timeMs, requestId, rarity }: Finding) {
  return { detector, entity, sentence, timeMs, requestId, rarity };
}

describe('a replay with a period to learn from', () => {
  it('finds what is odd after it', async (test) => {
    const scene = await Scene.make(test);
    const request = { learn: [await scene.trace('a', NORMAL)], paths: [await scene.trace('b', ODD)] };
    const result = await scene.replay(request, async (workspace) => {
      assert.ok(told(workspace).length > 0);
      assert.deepEqual(new Set(told(workspace).map((finding) => finding.requestId)), new Set(['odd-400']));
      assert.equal(workspace.found.findings, told(workspace).length);
      await assertAsUninterrupted(workspace);
    });
    assert.equal(result.events, 2040);
    assert.deepEqual(result.facets, { sensor: 2040 });
    assert.deepEqual(result.learned, { fromMs: TRACE_START_MS, toMs: TRACE_START_MS + 1439 * MINUTE_MS + 1 });
    assert.equal(result.learnedBy, 'given');
    assert.equal(result.movedDays, 0);
  });

  it('may lie after what is judged: that is moved by whole days, and shown at its own time', async (test) => {
    const scene = await Scene.make(test);
    const later = { ...NORMAL, fromMs: TRACE_START_MS + 10 * DAY_MS };
    const request = { learn: [await scene.trace('a', later)], paths: [await scene.trace('b', ODD)] };
    let clockMs = 0;
    const result = await scene.replay(request, async (workspace) => {
      const [finding] = told(workspace);
      assert.equal(finding.timeMs, TRACE_START_MS + DAY_MS + 400 * MINUTE_MS);
      for await (const { record } of workspace.log.read(0)) {
        if (record.type !== 'observation') continue;
        for (const ms of record.batch.columns.receivedMs) {
          assert.ok(ms >= clockMs, 'the clock of the log never goes back');
          clockMs = ms;
        }
      }
    });
    assert.equal(result.movedDays, 10);
    assert.equal(clockMs, TRACE_START_MS + 11 * DAY_MS + 599 * MINUTE_MS, 'the hour of the day stays true');
  });

  it('judges what follows within the same millisecond', async (test) => {
    const scene = await Scene.make(test);
    const fromMs = TRACE_START_MS + 1439 * MINUTE_MS;
    const close = { name: 'close', count: 3, fromMs, odd: [0] };
    await scene.replay(
      { learn: [await scene.trace('a', NORMAL)], paths: [await scene.trace('b', close)] },
      (workspace) => {
        assert.ok(told(workspace).some((finding) => finding.requestId === 'close-0'));
      },
    );
  });

  it('judges nothing when that period is without events and nothing is known', async (test) => {
    const scene = await Scene.make(test);
    const request = { learn: [await scene.text('a', '')], paths: [await scene.trace('b', ODD)] };
    const result = await scene.replay(request, (workspace) => {
      assert.equal(workspace.log.next, 1, 'nothing but the genesis was appended');
    });
    assert.deepEqual([result.nothingToLearn, result.learned, result.judged], ['stopped', undefined, undefined]);
    // Started again with something to learn from, it judges all of it.
    const again = await scene.replay({ ...request, learn: [await scene.trace('c', NORMAL)] }, (workspace) => {
      assert.ok(told(workspace).some((finding) => finding.requestId === 'odd-400'));
    });
    assert.deepEqual([again.nothingToLearn, again.judged?.fromMs], [undefined, TRACE_START_MS + DAY_MS]);
  });

  it('judges by what was learned before when that period is without events', async (test) => {
    const scene = await Scene.make(test);
    await scene.replay({ paths: [await scene.trace('a', NORMAL)] });
    const odd = { ...ODD, odd: [100] };
    const request = { learn: [await scene.text('b', '')], paths: [await scene.trace('c', odd)] };
    const result = await scene.replay(request, (workspace) => {
      assert.ok(told(workspace).some((finding) => finding.requestId === 'odd-100'));
    });
    assert.deepEqual([result.nothingToLearn, result.learned], ['went-on', undefined]);
  });

  it('is learned whole, whatever part of the time is judged', async (test) => {
    const scene = await Scene.make(test);
    const request = { learn: [await scene.trace('a', NORMAL)], paths: [await scene.trace('b', ODD)] };
    const result = await scene.replay({ ...request, sinceMs: TRACE_START_MS + DAY_MS + 300 * MINUTE_MS });
    assert.deepEqual([result.events, result.outside], [1440 + 300, 300]);
    assert.deepEqual(result.learned, { fromMs: TRACE_START_MS, toMs: TRACE_START_MS + 1439 * MINUTE_MS + 1 });
  });
});

describe('a replay without a period to learn from', () => {
  it('learns from the first half of the time and judges the second', async (test) => {
    const scene = await Scene.make(test);
    const trace = await scene.trace('a', { count: 2001, odd: [500, 1600] });
    const result = await scene.replay({ paths: [trace] }, (workspace) => {
      assert.deepEqual(new Set(told(workspace).map((finding) => finding.requestId)), new Set(['day-1600']));
    });
    const middleMs = TRACE_START_MS + 1000 * MINUTE_MS;
    assert.deepEqual(result.learned, { fromMs: TRACE_START_MS, toMs: middleMs });
    assert.deepEqual(result.judged, { fromMs: middleMs, toMs: TRACE_START_MS + 2000 * MINUTE_MS + 1 });
    assert.equal(result.learnedBy, 'time');
  });

  it('learns from half of the events when one odd time would leave nothing to learn from', async (test) => {
    const scene = await Scene.make(test);
    const trace = await scene.trace('a', { count: 2001, odd: [1600] });
    await appendFile(trace, traceText(traceRecords({ name: 'lost', count: 1, fromMs: Date.UTC(2019, 4, 1) })));
    const result = await scene.replay({ paths: [trace] }, (workspace) => {
      assert.deepEqual(new Set(told(workspace).map((finding) => finding.requestId)), new Set(['day-1600']));
    });
    assert.equal(result.learnedBy, 'events');
    assert.ok(Math.abs((result.learned?.toMs ?? 0) - TRACE_START_MS - 1000 * MINUTE_MS) < 5 * MINUTE_MS);
  });

  it('goes on from what the folder learned before, without moving what follows closely', async (test) => {
    const scene = await Scene.make(test);
    await scene.replay({ paths: [await scene.trace('a', NORMAL)] });
    const overlapping = { ...ODD, count: 700, fromMs: TRACE_START_MS + DAY_MS - 30 * MINUTE_MS };
    const result = await scene.replay({ paths: [await scene.trace('b', overlapping)] }, (workspace) => {
      assert.ok(told(workspace).some((finding) => finding.requestId === 'odd-400'));
    });
    assert.equal(result.learned, undefined);
    assert.equal(result.movedDays, 0);
  });

  it('judges nothing of a declared period that overlaps what the folder holds', async (test) => {
    const scene = await Scene.make(test);
    await scene.replay({ paths: [await scene.trace('a', NORMAL)] });
    const overlapping = { ...ODD, count: 20, odd: [5], fromMs: TRACE_START_MS + DAY_MS - 30 * MINUTE_MS };
    const request = { learn: [await scene.trace('b', overlapping)], paths: [await scene.text('c', '')] };
    await scene.replay(request, (workspace) => assert.deepEqual(told(workspace), []));
  });

  for (const [what, options] of [
    ['one event', { count: 1 }],
    ['events of one moment', { count: 50, everyMs: 0 }],
  ] as const) {
    it(`comes to an end with ${what}`, async (test) => {
      const scene = await Scene.make(test);
      const result = await scene.replay({ paths: [await scene.trace('a', options)] }, assertAsUninterrupted);
      assert.equal(result.events, options.count);
      assert.deepEqual(result.learned, { fromMs: TRACE_START_MS, toMs: TRACE_START_MS });
      assert.deepEqual(result.judged, { fromMs: TRACE_START_MS, toMs: TRACE_START_MS + 1 });
    });
  }
});

describe('the input of a replay', () => {
  it('may hold everything twice and in any order: copies are dropped, findings stay', async (test) => {
    const scene = await Scene.make(test);
    const records = traceRecords({ count: 2000, odd: [1600, 1700] });
    await mkdir(scene.path('plain'));
    await scene.text('plain/all', traceText(records));
    await mkdir(scene.path('mixed'));
    await scene.text('mixed/1', traceText(records.filter((_, at) => at % 3 === 2)));
    await scene.text('mixed/2', traceText(records.filter((_, at) => at % 3 !== 2).toReversed()));
    await scene.text('mixed/3', traceText(records.slice(900)));
    const found: unknown[] = [];
    for (const name of ['plain', 'mixed']) {
      const look = (workspace: Workspace) => {
        const invocations = workspace.engine.stageOne[0].functions.count;
        found.push([
          told(workspace)
            .map(said)
            .map((one) => JSON.stringify(one))
            .sort(),
          invocations,
        ]);
      };
      await scene.replay({ paths: [scene.path(name)] }, look, `kept-${name}`);
    }
    assert.deepEqual(found[1], found[0]);
  });

  it('may be the same again: nothing new is found and nothing is learned twice', async (test) => {
    const scene = await Scene.make(test);
    const paths = [await scene.trace('a', { count: 2000, odd: [1600] })];
    const counts: unknown[] = [];
    const count = (workspace: Workspace) => {
      const functions = workspace.store.functions().map((one) => one.content);
      counts.push([workspace.found.findings > 0, told(workspace).map(said), functions]);
    };
    await scene.replay({ paths }, async (workspace) => {
      await workspace.checkpoint();
      count(workspace);
    });
    const again = await scene.replay({ paths }, async (workspace) => {
      assert.equal(workspace.found.findings, 0);
      await workspace.checkpoint();
      count(workspace);
    });
    assert.equal(again.events, 2000);
    assert.ok(again.movedDays > 0);
    const [first, second] = counts as [[boolean, unknown, { key: string; invocations: number }[]], never];
    assert.ok(first[0]);
    assert.deepEqual(second[1], first[1]);
    const invocations = (rows: { key: string; invocations: number }[]) => rows.map((row) => [row.key, row.invocations]);
    assert.deepEqual(invocations(second[2]), invocations(first[2]));
  });

  it('is cut to the time asked for, rows without a time sharing the fate of the row before', async (test) => {
    const scene = await Scene.make(test);
    const records = traceRecords({ count: 100 });
    const timeless = (request: string) => traceText([{ ...records[0], requestId: request, timeMs: 5 }]);
    const lines = [
      traceText(records.slice(0, 10)),
      timeless('dropped'),
      traceText(records.slice(10, 30)),
      timeless('kept'),
      traceText(records.slice(30)),
    ];
    const path = await scene.text('a', lines.join(''));
    const sinceMs = TRACE_START_MS + 20 * MINUTE_MS;
    const untilMs = TRACE_START_MS + 50 * MINUTE_MS;
    const requests: string[] = [];
    const result = await scene.replay({ paths: [path], sinceMs, untilMs }, async (workspace) => {
      for await (const { record } of workspace.log.read(0)) {
        if (record.type !== 'observation') continue;
        for (let row = 0; row < record.batch.rows; row++) requests.push(record.batch.idText(row, 'requestId'));
      }
    });
    const expected = records.slice(20, 50).map((record) => record.requestId ?? '');
    assert.deepEqual(requests, [...expected.slice(0, 10), 'kept', ...expected.slice(10)]);
    assert.deepEqual([result.events, result.outside], [31, 71]);
  });

  it('may be empty, or nothing that is understood', async (test) => {
    const scene = await Scene.make(test);
    const paths = [await scene.text('a', ''), await scene.text('b.json', '{"gait":1,"broken"\n{"gait":1}\n')];
    const result = await scene.replay({ paths }, (workspace) => {
      assert.equal(workspace.log.next, 1, 'nothing but the genesis was appended');
    });
    assert.equal(result.events, 0);
    assert.deepEqual([result.learned, result.judged], [undefined, undefined]);
    assert.equal(
      Object.values(result.reports[0].rejected).reduce((a, b) => a + b, 0),
      2,
    );
    // The folder has learned nothing yet: the next replay does.
    const next = await scene.replay({ paths: [await scene.trace('c', { count: 100 })] });
    assert.equal(next.learnedBy, 'time');
  });

  it('is read as far as it can be', async (test) => {
    const scene = await Scene.make(test);
    const result = await scene.replay({ paths: [scene.path('nowhere'), await scene.trace('a', { count: 20 })] });
    assert.equal(result.events, 20);
    assert.deepEqual(
      result.reports[0].problems.map(({ path }) => path),
      [scene.path('nowhere')],
    );
  });

  it('judges events none of which has a possible time, having learned nothing', async (test) => {
    const scene = await Scene.make(test);
    const records = traceRecords({ count: 3 }).map((record, at) => ({ ...record, timeMs: at }));
    const result = await scene.replay({ paths: [await scene.text('a', traceText(records))] });
    assert.deepEqual([result.events, result.reports[0].notes['time-clamped']], [3, 3]);
    const { learned, judged } = result;
    assert.deepEqual([learned?.toMs, (judged?.toMs ?? 0) - (judged?.fromMs ?? 0)], [learned?.fromMs, 1]);
  });

  it('does not move the clock by impossible times', async (test) => {
    const scene = await Scene.make(test);
    const records = traceRecords({ count: 100 });
    const odd = [0, 86_400_000, Date.UTC(9999, 0, 1)].map((timeMs, at) => ({
      ...records[at],
      requestId: `t${at}`,
      timeMs,
    }));
    const path = await scene.text('a', traceText([...records, ...odd]));
    const result = await scene.replay({ paths: [path] }, (workspace) => {
      assert.ok(workspace.log.lastMs < TRACE_START_MS + DAY_MS);
    });
    assert.equal(result.events, 103);
    assert.equal(result.reports[0].notes['time-clamped'], 3);
    assert.deepEqual(result.judged?.toMs, TRACE_START_MS + 99 * MINUTE_MS + 1);
  });
});

describe('a replay that was interrupted', () => {
  /** Replays until `phase` has come to `rows` rows, and is interrupted there. */
  async function interrupt(scene: Scene, request: Partial<ReplayRequest>, at: { phase: string; rows: number }) {
    const controller = new AbortController();
    const interrupted = scene.replay({
      ...request,
      signal: controller.signal,
      progress: ({ phase, rows }) => {
        if (phase === at.phase && rows >= at.rows) controller.abort(new Error('Ctrl-C'));
      },
    });
    await assert.rejects(interrupted, /Ctrl-C/);
  }

  /** More than one batch each. */
  async function request(scene: Scene) {
    const learn = { name: 'long', count: 9000, everyMs: 9000 };
    const judge = { name: 'later', count: 9000, everyMs: 9000, fromMs: TRACE_START_MS + DAY_MS, odd: [3000, 8000] };
    return { learn: [await scene.trace('a', learn)], paths: [await scene.trace('b', judge)] };
  }

  for (const at of [
    { phase: 'learning', rows: 4097 },
    { phase: 'judging', rows: 1 },
    { phase: 'judging', rows: 4097 },
  ]) {
    it(`goes on where it was when started again (${at.phase}, ${at.rows})`, async (test) => {
      const scene = await Scene.make(test);
      const asked = await request(scene);
      await interrupt(scene, asked, at);
      let rows = 0;
      const result = await scene.replay(asked, async (workspace) => {
        rows = workspace.log.next;
        assert.deepEqual(new Set(told(workspace).map((one) => one.requestId)), new Set(['later-3000', 'later-8000']));
        assert.equal(workspace.found.findings, told(workspace).length, 'those found before count');
        await assertAsUninterrupted(workspace);
      });
      assert.equal(rows, 18_002, 'genesis, training span and each row once');
      assert.ok(result.resumed >= (at.phase === 'learning' ? 4096 : 9000));
      assert.equal(result.startOrdinal, 1);
      const again = await scene.replay(asked);
      assert.equal(again.resumed, 0, 'a complete one is not gone on with');
    });
  }

  it('is not gone on with by another one', async (test) => {
    const scene = await Scene.make(test);
    const asked = await request(scene);
    await interrupt(scene, asked, { phase: 'judging', rows: 4097 });
    const result = await scene.replay({ ...asked, format: 'gait' });
    assert.equal(result.resumed, 0);
    assert.ok(result.movedDays > 0);
  });

  it('while it learned leaves no training period open: another one is judged within it', async (test) => {
    const scene = await Scene.make(test);
    await interrupt(scene, await request(scene), { phase: 'learning', rows: 1 });
    const within = { name: 'within', count: 9000, everyMs: 4000, fromMs: TRACE_START_MS + 11 * HOUR_MS, odd: [4500] };
    const asked = { paths: [await scene.trace('c', within)], learn: [] };
    await interrupt(scene, asked, { phase: 'judging', rows: 4097 });
    const result = await scene.replay(asked, async (workspace) => {
      // It is busier than what the first run had begun to learn, which is told of minutes, not of requests.
      const ofRequests = told(workspace).filter(({ family }) => family !== 'rate');
      assert.deepEqual(new Set(ofRequests.map((one) => one.requestId)), new Set(['within-4500']));
      await assertAsUninterrupted(workspace);
    });
    assert.deepEqual([result.learned, result.judged?.fromMs], [undefined, within.fromMs]);
    assert.ok(result.resumed >= 4096);
  });

  it('before it had learned anything is no reason not to learn', async (test) => {
    const scene = await Scene.make(test);
    const workspace = await Workspace.open(scene.path('kept'), { seed: [3, 5] });
    const span = { fromMs: TRACE_START_MS, toMs: TRACE_START_MS + 2 * DAY_MS };
    const control = { kind: 'training-span', ...span, by: 'replay' } as const;
    await workspace.append({ type: 'control', receivedMs: span.fromMs, control });
    await workspace.close();
    const trace = await scene.trace('a', { count: 2001, odd: [1600] });
    const result = await scene.replay({ paths: [trace] }, (opened) => {
      assert.deepEqual(new Set(told(opened).map((one) => one.requestId)), new Set(['day-1600']));
    });
    assert.deepEqual([result.learnedBy, result.movedDays], ['time', 2]);
  });

  it('goes on although a mistyped one without events came between', async (test) => {
    const scene = await Scene.make(test);
    const asked = await request(scene);
    await interrupt(scene, asked, { phase: 'judging', rows: 4097 });
    const empty = await scene.text('empty', '');
    for (const paths of [[empty], [scene.path('nowhere')]]) await scene.replay({ ...asked, learn: [empty], paths });
    const result = await scene.replay(asked, async (workspace) => {
      assert.equal(workspace.found.findings, told(workspace).length);
      await assertAsUninterrupted(workspace);
    });
    assert.deepEqual([result.startOrdinal, result.movedDays], [1, 0]);
    assert.ok(result.resumed >= 9000);
  });
});
