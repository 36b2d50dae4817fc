import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Sample } from '../engine-feed.ts';
import { START_MS } from '../engine-feed.ts';
import { FLAG } from '../event/schema.ts';
import {
  AFTER_MS,
  assertQuiet,
  claims,
  DAY_MS,
  EVERY_MS,
  fed,
  HISTORY,
  history,
  invocation,
} from './detector.contract.ts';

const READS = ['dynamodb:GetItem orders dynamodb/orders 180 900', 's3:PutObject invoices s3/invoices 2000 200'];
const usual = (): Partial<Sample> => ({ calls: READS });
const USUAL = history(HISTORY, usual);

describe('data.read-volume fires', () => {
  it('C13: unusual volume of data requests, in bytes from one store', () => {
    const calls = ['dynamodb:GetItem orders dynamodb/orders 180 6000000'];
    const [finding] = claims(fed(USUAL, [invocation(AFTER_MS, { calls })]), 'data.read-volume');
    assert.match(
      finding.sentence,
      /^`orders` read 6\.0 MB from dynamodb\/orders; in 199 invocations it read at most 900 B there\.$/,
    );
    assert.equal(finding.family, 'data');
  });

  it('C13: unusual volume of data requests, in number', () => {
    const calls = Array.from({ length: 60 }, () => 'dynamodb:GetItem orders dynamodb/orders');
    const [finding] = claims(fed(USUAL, [invocation(AFTER_MS, { calls })]), 'data.read-volume');
    assert.match(finding.sentence, /read 60 times in one invocation/);
  });

  it('C13: unusual volume of data requests of one principal, in ordinary invocations', () => {
    const symbols = (who: string) => ({ status: 'ok', triggerKind: 'http', principal: who, principalKind: 'person' });
    const read = (bytes: number) => [`dynamodb:Query orders dynamodb/orders 180 ${bytes}`];
    const days = Array.from({ length: 12 * 40 }, (_, at) =>
      invocation(START_MS + Math.floor(at / 40) * DAY_MS + (at % 40) * 60_000 + 1000, {
        request: `d${at}`,
        calls: read(20_000 + (at % 7) * 4000),
        symbols: symbols(`person_${at % 5}`),
      }),
    );
    const thief = Array.from({ length: 200 }, (_, at) =>
      invocation(START_MS + 12 * DAY_MS + at * 5000 + 1000, {
        request: `t${at}`,
        calls: read(40_000),
        symbols: symbols('person_3'),
      }),
    );
    const found = claims(fed(days, thief), 'data.read-volume');
    assert.match(found[0].sentence, /for person_3 today/);
  });
});

describe('data.read-volume stays quiet', () => {
  it('on a larger item', () => {
    const calls = ['dynamodb:GetItem orders dynamodb/orders 180 9000', READS[1]];
    assertQuiet(fed(USUAL, [invocation(AFTER_MS, { calls })]));
  });

  it('on reports that always read very different amounts', () => {
    const wild = history(HISTORY, (at) => ({
      calls: [`dynamodb:Query orders dynamodb/orders 180 ${900 * (1 + ((at * 7919) % 5000))}`],
    }));
    const calls = ['dynamodb:Query orders dynamodb/orders 180 9000000'];
    assert.deepEqual(claims(fed(wild, [invocation(AFTER_MS, { calls })]), 'data.read-volume'), []);
  });
});

/** A function whose calls change all the time, but not what it does to which store. */
const restless = (at: number): Partial<Sample> => ({
  calls: [
    `dynamodb:GetItem orders#${at} dynamodb/orders`.replace('#', `-shard-${at}-`),
    's3:PutObject invoices s3/invoices',
  ],
});

describe('data.new-access fires', () => {
  const calls = ['s3:DeleteObject part-9999 s3/invoices'];

  it('when a function whose calls always change deletes where it only wrote', () => {
    const [finding] = claims(fed(history(HISTORY, restless), [invocation(AFTER_MS, { calls })]), 'data.new-access');
    assert.equal(finding.evidence[0].observed, 'delete s3/invoices');
    assert.deepEqual(finding.techniques, ['T1485']);
  });

  it('when it lists a table of which it only read', () => {
    const scan = ['dynamodb:Scan all dynamodb/orders'];
    const found = claims(fed(history(HISTORY, restless), [invocation(AFTER_MS, { calls: scan })]), 'data.new-access');
    assert.equal(found[0].evidence[0].observed, 'list dynamodb/orders');
  });
});

describe('data.new-access stays quiet', () => {
  it('on another call to the same end', () => {
    const calls = ['dynamodb:BatchGetItem orders dynamodb/orders'];
    assert.deepEqual(claims(fed(history(HISTORY, restless), [invocation(AFTER_MS, { calls })]), 'data.new-access'), []);
  });

  it('where the call is told already', () => {
    const calls = [...READS, 's3:DeleteObject invoices s3/invoices'];
    const feed = fed(USUAL, [invocation(AFTER_MS, { calls })]);
    assert.deepEqual(claims(feed, 'data.new-access'), []);
    assert.equal(claims(feed, 'flow.new-call').length, 1);
  });
});

const event = (shape: string, kind = 'queue'): Partial<Sample> => ({
  numbers: { requestBytes: 900, batchSize: 5 },
  symbols: { status: 'ok', triggerKind: kind, triggerSource: 'orders', shape },
});

describe('shape.new-structure fires', () => {
  it('C12: unusual event shape, of a structure that none had', () => {
    const feed = fed(
      history(HISTORY, () => event('aaaa0000')),
      [invocation(AFTER_MS, event('bbbb1111'))],
    );
    const [finding] = claims(feed, 'shape.new-structure');
    assert.equal(finding.evidence[0].observed, 'structure bbbb1111');
    assert.equal(finding.impact, 0.4);
  });

  it('C12: only as a weak signal where anybody may send it', () => {
    const feed = fed(
      history(HISTORY, () => event('aaaa0000', 'http')),
      [invocation(AFTER_MS, event('bbbb1111', 'http'))],
    );
    const [finding] = claims(feed, 'shape.new-structure');
    assert.ok(finding.risk < 0.25, `${finding.risk}`);
  });
});

describe('shape.new-structure stays quiet', () => {
  it('on structures it has seen', () => {
    assertQuiet(
      fed(
        history(HISTORY, (at) => event(`s${at % 3}`)),
        [invocation(AFTER_MS, event('s1'))],
      ),
    );
  });

  it('in functions that get new structures all the time', () => {
    assertQuiet(
      fed(
        history(HISTORY, (at) => event(`s${at}`)),
        [invocation(AFTER_MS, event('other'))],
      ),
    );
  });
});

describe('shape.batch-size', () => {
  const batch = (records: number): Partial<Sample> => ({ ...event('aaaa0000'), numbers: { batchSize: records } });

  it('C12: fires on an event of unusual size, a batch no queue ever delivered', () => {
    const feed = fed(
      history(HISTORY, (at) => batch(1 + (at % 10))),
      [invocation(AFTER_MS, batch(5000))],
    );
    assert.equal(claims(feed, 'shape.batch-size').length, 1);
  });

  it('stays quiet on a full batch after a jam', () => {
    assertQuiet(
      fed(
        history(HISTORY, (at) => batch(1 + (at % 3))),
        [invocation(AFTER_MS, batch(100))],
      ),
    );
  });

  it('stays quiet when batches grow by little', () => {
    assertQuiet(
      fed(
        history(HISTORY, (at) => batch(50 + (at % 20))),
        [invocation(AFTER_MS, batch(120))],
      ),
    );
  });
});

describe('trigger.dormant-version', () => {
  const called = (qualifier: string, revision = '12'): Partial<Sample> => ({
    symbols: { status: 'ok', triggerKind: 'http', triggerSource: 'POST /orders', qualifier, revision },
  });

  it('C12: fires when an old version is woken', () => {
    const feed = fed(
      history(HISTORY, () => called('live')),
      [invocation(AFTER_MS, called('3', '3'))],
    );
    const [finding] = claims(feed, 'trigger.dormant-version');
    assert.match(finding.sentence, /was called by version 3/);
  });

  it('fires when another alias is used', () => {
    const feed = fed(
      history(HISTORY, () => called('live')),
      [invocation(AFTER_MS, called('debug'))],
    );
    assert.match(claims(feed, 'trigger.dormant-version')[0].sentence, /was called by alias debug/);
  });

  it('stays quiet on a deployment behind an alias', () => {
    assertQuiet(
      fed(
        history(HISTORY, () => called('live')),
        [invocation(AFTER_MS, called('live', '13'))],
      ),
    );
  });

  it('stays quiet on two aliases that are both in use', () => {
    const both = history(HISTORY, (at) => called(at % 4 === 0 ? 'canary' : 'live'));
    assertQuiet(fed(both, [invocation(AFTER_MS, called('canary'))]));
  });
});

describe('process.left-behind fires', () => {
  it('when a process survives the invocation', () => {
    const left = invocation(AFTER_MS, { numbers: { processes: 1, childCpuMs: 0 } });
    const [finding] = claims(
      fed(
        history(HISTORY, () => ({ numbers: { processes: 0 } })),
        [left],
      ),
      'process.left-behind',
    );
    assert.match(finding.sentence, /left other processes running/);
    assert.equal(finding.family, 'process');
  });

  it('when CPU of children moves and nobody was seen to start one', () => {
    const left = invocation(AFTER_MS, { numbers: { childCpuMs: 900 }, calls: READS });
    const found = claims(fed(USUAL, [left]), 'process.left-behind');
    assert.equal(found[0].evidence[0].parameter, 'child_cpu_ms_unaccounted');
  });
});

describe('process.left-behind, of the processes a sandbox starts with,', () => {
  const start = (processes: number): Partial<Sample> => ({ flags: FLAG.cold, numbers: { processes } });
  /** A cold start every fourth invocation, with two processes of runtime and extension. */
  const starts = history(700, (at) => (at % 4 === 0 ? start(2) : {}));
  const laterMs = START_MS + 701 * EVERY_MS;

  it('fires when there are more than ever', () => {
    const [finding] = claims(fed(starts, [invocation(laterMs, start(5))]), 'process.left-behind');
    assert.equal(finding.evidence[0].parameter, 'processes_at_start');
  });

  it('stays quiet on the second cold start of a function, and on one like the others', () => {
    assertQuiet(fed(history(HISTORY), [invocation(AFTER_MS, start(1))]));
    assertQuiet(fed(starts, [invocation(laterMs, start(2))]));
  });
});

describe('process.left-behind stays quiet', () => {
  it('on children that were seen to start', () => {
    const convert = history(HISTORY, () => ({ calls: ['exec:convert'], numbers: { childCpuMs: 200 } }));
    assertQuiet(fed(convert, [invocation(AFTER_MS, { calls: ['exec:convert'], numbers: { childCpuMs: 900 } })]));
  });

  it('on a pool of connections that grows a little, and on one that is always left', () => {
    const pool = history(HISTORY, (at) => ({ numbers: { sockets: 1 + (at % 5), processes: 1 } }));
    assertQuiet(fed(pool, [invocation(AFTER_MS + EVERY_MS, { numbers: { sockets: 8, processes: 1 } })]));
  });
});
