import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Sample, START_MS } from '../engine-feed.ts';
import { FLAG } from '../event/schema.ts';
import { assertQuiet, claims, DAY_MS, fed, onlyClaim } from './detector.contract.ts';

const ID = 'flow.new-edge';
const EVERY_MS = 20_000;
const HISTORY = 150;
const AFTER_MS = START_MS + HISTORY * EVERY_MS;
const key = (name: string, region = 'eu-west-1') => `aws:1:${region}:${name}`;

let spans = 0;
/** A span id that is used once. */
function span(): string {
  spans++;
  return spans.toString(16).padStart(16, '0');
}

/** One call of a function by another, as two rows of a trace. */
function call(atMs: number, caller: string, callee: string): Sample[] {
  const [own, called, theirs] = [span(), span(), span()];
  return [
    { kind: 'xray', atMs, fn: caller, request: `c${own}`, span: own, calls: [`lambda:Invoke x lambda/x#${called}`] },
    { kind: 'xray', atMs: atMs + 5, fn: callee, request: `x${theirs}`, span: theirs, parent: called },
  ];
}

function calls(caller: string, callee: string, count = HISTORY): Sample[] {
  return Array.from({ length: count }, (_, at) => call(START_MS + at * EVERY_MS, caller, callee)).flat();
}

describe('flow.new-edge fires', () => {
  it('when a function is called by one that never did', () => {
    const feed = fed(calls(key('front'), key('pay')), call(AFTER_MS, key('stranger'), key('pay')));
    const finding = onlyClaim(feed, ID);
    assert.deepEqual(finding.entity, { kind: 'edge', key: `${key('stranger')} -> ${key('pay')}` });
    assert.equal(finding.function, key('pay'));
    assert.equal(finding.sentence, '`stranger` called `pay`; in 150 traced calls it never had this caller.');
    assert.deepEqual(finding.evidence, [
      {
        parameter: 'caller',
        observed: key('stranger'),
        expected: `${key('front')} (100 %)`,
        count: 150,
      },
    ]);
    assert.deepEqual([finding.impact, finding.techniques], [0.65, ['T1648']]);
  });

  it('C3: when a function that has callers is invoked directly, or fired by a topic that never did', () => {
    const link = FLAG.link;
    const fired = (parent: string | undefined, more: Sample[] = []): Sample[] => {
      const [service, theirs] = [span(), span()];
      const common = { kind: 'xray', atMs: AFTER_MS, fn: key('pay') } as const;
      const above = { ...common, span: service, flags: link, ...(parent === undefined ? {} : { parent }) };
      return [...more, above, { ...common, request: `d${theirs}`, span: theirs, parent: service }];
    };
    const directly = onlyClaim(fed(calls(key('front'), key('pay')), fired(undefined)), ID);
    assert.equal(
      directly.sentence,
      '`a direct invocation` called `pay`; in 150 traced calls it never had this caller.',
    );
    const topic = span();
    const symbols = { triggerKind: 'topic', triggerSource: 'sns/news' };
    const by = fired(topic, [{ kind: 'xray', atMs: AFTER_MS, span: topic, flags: link, symbols }]);
    assert.equal(onlyClaim(fed(calls(key('front'), key('pay')), by), ID).evidence[0].observed, 'sns/news');
  });

  it('when a function calls one it never called, that many others call', () => {
    const shared = Array.from({ length: 60 }, (_, at) =>
      call(START_MS + at * EVERY_MS + 9000, key(`many-${at}`), key('log')),
    );
    const feed = fed(calls(key('front'), key('pay')), shared.flat(), call(AFTER_MS, key('front'), key('log')));
    const [finding] = claims(feed, ID);
    assert.deepEqual(
      [finding.evidence[0].parameter, finding.evidence[0].observed, finding.evidence[0].expected],
      ['callee', key('log'), `${key('pay')} (100 %)`],
    );
    assert.equal(finding.sentence, '`front` called `log`; in 150 traced invocations it never called that function.');
  });

  it('when a function that never called another calls one that nobody has seen', () => {
    const alone = Array.from({ length: HISTORY }, (_, at) => {
      const own = span();
      return {
        kind: 'xray',
        atMs: START_MS + at * EVERY_MS,
        fn: key('alone'),
        request: `a${own}`,
        span: own,
        calls: [`s3:GetObject photos s3/photos#${span()}`],
      } as const;
    });
    const feed = fed(alone, call(AFTER_MS, key('alone'), key('unheard-of')));
    const [finding] = claims(feed, ID);
    assert.equal(
      finding.sentence,
      '`alone` called `unheard-of`; in 150 traced invocations it never called that function.',
    );
    assert.equal(finding.evidence[0].expected, 'none');
  });

  it('whichever piece of the trace comes first, with the same claim', () => {
    const [caller, callee] = call(AFTER_MS, key('stranger'), key('pay'));
    const pieces = [
      { ...callee, atMs: AFTER_MS },
      { ...caller, atMs: AFTER_MS + 5000, symbols: { principal: 'person_x', principalKind: 'person' } },
    ];
    const [forth, back] = [[caller, callee], pieces].map((rows) =>
      onlyClaim(fed(calls(key('front'), key('pay')), rows), ID),
    );
    assert.deepEqual(
      [back.sentence, back.evidence, back.entity, back.principal, back.score],
      [forth.sentence, forth.evidence, forth.entity, forth.principal, forth.score],
    );
  });

  it('on each of three days, and no more after them', () => {
    const days = [0, 1, 2, 3, 4].map((day) => call(AFTER_MS + day * (DAY_MS + 5000), key('stranger'), key('pay')));
    const found = claims(fed(calls(key('front'), key('pay')), days.flat()), ID);
    assert.equal(found.length, 3);
    for (const { notes } of found) assert.deepEqual(notes, [], 'no other functions have to do with it');
  });
});

describe('flow.new-edge stays quiet', () => {
  it('about a young function that finds its callers', () => {
    const young = calls(key('front'), key('pay'), 30);
    assertQuiet(fed(young, call(AFTER_MS, key('back'), key('pay'))));
  });

  it('about a function that everybody calls', () => {
    const rows = Array.from({ length: HISTORY }, (_, at) =>
      call(START_MS + at * EVERY_MS, key(`f${at % 80}`), key('log')),
    );
    assertQuiet(fed(rows.flat(), call(AFTER_MS, key('f-new'), key('log'))));
  });

  it('when functions of the same names call each other in another region', () => {
    const twin = calls(key('batch', 'us-east-1'), key('pay', 'us-east-1'), 20);
    assertQuiet(fed(calls(key('front'), key('pay')), twin, call(AFTER_MS, key('batch'), key('pay'))));
  });

  it('about a function that calls itself', () => {
    const [own, called, theirs] = [span(), span(), span()];
    const rows: Sample[] = [
      {
        kind: 'xray',
        atMs: AFTER_MS,
        fn: key('pay'),
        request: 's1',
        span: own,
        calls: [`lambda:Invoke x lambda/x#${called}`],
      },
      { kind: 'xray', atMs: AFTER_MS + 5, fn: key('pay'), request: 's2', span: theirs, parent: called },
    ];
    assert.deepEqual(claims(fed(calls(key('front'), key('pay')), rows), ID), []);
  });

  it('about a trace whose caller was never seen', () => {
    const [, callee] = call(AFTER_MS, key('stranger'), key('pay'));
    assertQuiet(fed(calls(key('front'), key('pay')), [callee]));
  });
});
