import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EngineError } from './base/errors.ts';
import { Engine } from './engine.ts';
import { Feed, ODD_CALLS, type Sample, START_MS, steady } from './engine-feed.ts';
import { FLAG } from './event/schema.ts';
import { profilesOf } from './profile.ts';

const A = 'aws:1:eu-west-1:orders';
const B = 'aws:1:eu-west-1:invoices';

/** A small estate with one attack at its end, in order of time. */
function estate(): Sample[] {
  const rows = [...steady(A, START_MS, 400), ...steady(B, START_MS + 3000, 400), ...traced(), ...audited()];
  rows.push({ ...steady(A, START_MS + 4_100_000, 1)[0], calls: ODD_CALLS });
  rows.push({ ...steady(B, START_MS + 4_100_500, 1)[0], calls: ['s3:PutObject invoices s3/invoices'] });
  return rows.sort((a, b) => a.atMs - b.atMs);
}

function traced(): Sample[] {
  const hex = (at: number, digit: string) => digit + at.toString(16).padStart(15, '0');
  const edge = (at: number, caller: string): Sample[] => [
    {
      kind: 'xray',
      atMs: START_MS + at * 20_000 + 1,
      fn: caller,
      request: `c${at}`,
      span: hex(at, 'a'),
      calls: [`lambda:Invoke x lambda/x#${hex(at, 'b')}`],
    },
    {
      kind: 'xray',
      atMs: START_MS + at * 20_000 + 2,
      fn: 'aws:1:eu-west-1:x',
      request: `x${at}`,
      span: hex(at, 'd'),
      parent: hex(at, 'b'),
    },
  ];
  return Array.from({ length: 150 }, (_, at) => edge(at, 'aws:1:eu-west-1:caller')).flat();
}

function audited(): Sample[] {
  return Array.from({ length: 200 }, (_, at) => ({
    kind: 'audit' as const,
    atMs: START_MS + 7 + at * 15_000,
    symbols: {
      principal: 'role/orders',
      principalKind: 'role',
      action: at % 2 === 0 ? 's3:GetObject' : 'dynamodb:Query',
      network: 'net_1',
    },
  }));
}

function run(size: number, partitions = 1): Feed {
  const feed = new Feed({ partitions });
  feed.rows(estate(), size);
  feed.tick(START_MS + 4_300_000);
  return feed;
}

describe('the engine is a function of the log', () => {
  const whole = run(4000);

  it('finds what was planted, and nothing else', () => {
    assert.deepEqual(whole.told.sort(), [`egress.new-destination ${A}`, `flow.missing-call ${B}`]);
  });

  it('gives the same output and state however the log is cut into batches', () => {
    for (const size of [1, 7, 256]) {
      const other = run(size);
      assert.deepEqual(other.findings, whole.findings);
      assert.deepEqual(
        other.outputs.flatMap((one) => one.minutes),
        whole.outputs.flatMap((one) => one.minutes),
      );
      assert.deepEqual(
        other.outputs.flatMap((one) => one.hours),
        whole.outputs.flatMap((one) => one.hours),
      );
      assert.ok(Buffer.from(other.engine.snapshot()).equals(Buffer.from(whole.engine.snapshot())));
    }
  });

  it('gives the same findings with one and with four partitions', () => {
    assert.deepEqual(run(256, 4).findings, whole.findings);
  });

  it('goes on from a snapshot taken after any record as if nothing had happened', () => {
    const samples = estate();
    for (let cut = 1; cut < samples.length; cut += 37) {
      const before = new Feed();
      before.rows(samples.slice(0, cut), 50);
      const after = new Feed({}, Engine.restore(before.engine.snapshot()));
      after.rows(samples.slice(cut), 64);
      after.tick(START_MS + 4_300_000);
      assert.deepEqual([...before.findings, ...after.findings], whole.findings);
      assert.ok(Buffer.from(after.engine.snapshot()).equals(Buffer.from(whole.engine.snapshot())));
    }
  });

  it('steps over a run of idle seconds as over each of them', () => {
    const [jump, walk] = [new Feed(), new Feed()];
    const first = [...steady(A, START_MS, 5), { ...steady(A, START_MS + 50_000, 1)[0], kind: 'platform' as const }];
    const endMs = START_MS + 2_000_000;
    jump.rows(first);
    walk.rows(first);
    for (let ms = START_MS + 60_000; ms < endMs; ms += 1000) walk.tick(ms);
    for (const feed of [jump, walk]) feed.tick(endMs);
    assert.deepEqual(
      jump.outputs.flatMap((one) => one.minutes),
      walk.outputs.flatMap((one) => one.minutes),
    );
    assert.ok(Buffer.from(jump.engine.snapshot()).equals(Buffer.from(walk.engine.snapshot())));
  });

  it('refuses a damaged snapshot and one of another version', () => {
    const bytes = whole.engine.snapshot();
    assert.throws(() => Engine.restore(bytes.subarray(0, bytes.length - 3)), EngineError);
    const other = bytes.slice();
    other[4 + 'gait-snapshot'.length] = 99;
    assert.throws(() => Engine.restore(other), /version 99/);
  });
});

describe('facets of one invocation', () => {
  const history = [...steady(A, START_MS, 60)];
  const facets: Sample[] = (['sensor', 'platform', 'otel', 'xray'] as const).map((kind, at) => ({
    ...steady(A, START_MS + 700_000, 1)[0],
    kind,
    request: 'joined',
    numbers: { durationMs: 60 + at, memoryMb: 81 },
  }));

  it('make one invocation and the same baseline in every order and subset that holds the best facet', () => {
    const states = new Map<string, Set<string>>();
    for (const order of orders(facets)) {
      for (let count = 1; count <= order.length; count++) {
        const subset = order.slice(0, count);
        const feed = new Feed();
        feed.rows(history);
        feed.tick(START_MS + 690_000);
        feed.rows(subset.map((one, at) => ({ ...one, atMs: START_MS + 700_000 + at * 100 })));
        feed.tick(START_MS + 800_000);
        const [profile] = profilesOf(feed.engine);
        assert.equal(profile.invocations, 61, subset.map((one) => one.kind).join());
        const key = [...subset.map((one) => one.kind ?? '')].sort().join();
        const { metrics, calls, triggers } = profile;
        states.set(key, (states.get(key) ?? new Set()).add(JSON.stringify({ metrics, calls, triggers })));
      }
    }
    assert.equal(states.size, 15);
    for (const [key, set] of states) assert.equal(set.size, 1, `${key} has one baseline in every order`);
  });

  it('count once when a copy arrives, and raise a finding when the copy differs', () => {
    const feed = new Feed();
    feed.rows(history);
    const [copy] = steady(A, START_MS + 590_000, 1);
    const { request = '', numbers = {}, atMs: eventMs } = history[59];
    feed.rows([
      {
        ...copy,
        request,
        atMs: START_MS + 595_000,
        eventMs,
        numbers,
      },
    ]);
    assert.equal(feed.engine.stageOne[0].counts.duplicates, 1);
    feed.rows([
      {
        ...copy,
        request,
        atMs: START_MS + 596_000,
        eventMs,
        numbers: { durationMs: 9 },
      },
    ]);
    assert.equal(feed.engine.stageOne[0].counts.conflicts, 1);
    assert.deepEqual(feed.told, [`health.conflicting-copy ${A}`]);
    assert.equal(profilesOf(feed.engine)[0].invocations, 60);
  });
});

describe('memory under invented names', () => {
  it('stays bounded, and established functions give the same verdicts afterwards', { timeout: 600_000 }, () => {
    const [calm, flooded] = [new Feed(), new Feed()];
    for (const feed of [calm, flooded]) feed.rows(steady(A, START_MS, 200));
    const endMs = START_MS + 2_010_000;
    for (let from = 0; from < 1_000_000; from += 4000) {
      flooded.rows(
        Array.from({ length: 4000 }, (_, at) => ({
          atMs: endMs,
          fn: `aws:1:eu-west-1:f${from + at}`,
          request: `r${from + at}`,
        })),
        4000,
      );
    }
    const { functions } = flooded.engine.stageOne[0];
    assert.ok(functions.count <= 262_144);
    assert.equal(functions.evicted + functions.count + functions.refused, 1_000_001);
    assert.ok(flooded.engine.functionBytes < 300_000_000, `${flooded.engine.functionBytes} bytes`);
    const odd = [{ ...steady(A, endMs + 1000, 1)[0], calls: ODD_CALLS }];
    for (const feed of [calm, flooded]) feed.rows(odd);
    const verdicts = (feed: Feed) =>
      feed.findings.map(({ detector, score, sentence, evidence }) => ({ detector, score, sentence, evidence }));
    assert.deepEqual(verdicts(flooded), verdicts(calm));
    assert.equal(calm.told.length, 1);
  });
});

describe('people decide', () => {
  it('an expected finding is not told again, and undo makes it strange again', () => {
    const feed = new Feed();
    feed.rows(steady(A, START_MS, 200));
    const odd = (atMs: number) => feed.rows([{ ...steady(A, atMs, 1)[0], calls: ODD_CALLS }]);
    odd(START_MS + 2_100_000);
    const [finding] = feed.findings;
    feed.control({ kind: 'feedback', finding: finding.id, verdict: 'expected', by: 'test' }, START_MS + 2_200_000);
    odd(START_MS + 90_000_000);
    assert.equal(feed.told.length, 1);
    feed.control({ kind: 'feedback', finding: finding.id, verdict: 'undo', by: 'test' }, START_MS + 90_100_000);
    odd(START_MS + 180_000_000);
    assert.equal(feed.told.length, 2);
  });

  it('says nothing of a training span and learns all of it', () => {
    const feed = new Feed();
    feed.control({ kind: 'training-span', fromMs: START_MS, toMs: START_MS + 10_000_000, by: 'test' }, START_MS);
    feed.rows([...steady(A, START_MS, 200), { ...steady(A, START_MS + 3_000_000, 1)[0], calls: ODD_CALLS }]);
    feed.rows([{ ...steady(A, START_MS + 11_000_000, 1)[0], calls: ODD_CALLS }]);
    assert.deepEqual(feed.findings, []);
  });

  it('learns nothing from what a response did: it is the same as a word about a finding that is not there', () => {
    const [one, two] = [new Feed(), new Feed()];
    for (const feed of [one, two]) feed.rows(steady(A, START_MS, 200));
    const about = { response: 'r1', incident: 'i1', function: A, step: 'throttle', atMs: START_MS };
    one.control({ kind: 'response', ...about, state: 'acted', by: 'test', content: '{}' }, START_MS + 3_000_000);
    two.control({ kind: 'feedback', finding: 'none', verdict: 'expected', by: 'test' }, START_MS + 3_000_000);
    for (const feed of [one, two]) feed.rows(steady(A, START_MS + 4_000_000, 200));
    assert.deepEqual(one.engine.snapshot(), two.engine.snapshot());
    assert.deepEqual(one.outputs, two.outputs);
  });

  it('forgets a principal', () => {
    const feed = new Feed();
    feed.rows(audited());
    assert.equal(feed.engine.stageTwo.principalCount, 1);
    feed.control({ kind: 'erasure', principal: 'role/orders', by: 'test' }, START_MS + 9_000_000);
    assert.equal(feed.engine.stageTwo.principalCount, 0);
  });
});

describe('who called whom', () => {
  it('is found whichever piece of the trace arrives first', () => {
    for (const swap of [false, true]) {
      const feed = new Feed();
      for (let at = 0; at < traced().length; at += 2) {
        const [caller, callee] = traced().slice(at, at + 2);
        feed.rows(
          swap
            ? [
                { ...callee, atMs: caller.atMs },
                { ...caller, atMs: callee.atMs },
              ]
            : [caller, callee],
        );
      }
      const callee = profilesOf(feed.engine).find((one) => one.key.endsWith(':x'));
      assert.deepEqual(
        callee?.callers.map(({ text, count }) => [text, count]),
        [['aws:1:eu-west-1:caller', 150]],
      );
    }
  });

  it("passes through the platform's own segments up to a gateway", () => {
    const feed = new Feed();
    feed.rows([
      {
        kind: 'edge',
        atMs: START_MS,
        flags: FLAG.link,
        span: 'e'.repeat(16),
        symbols: { triggerSource: 'apigateway:abc/dev' },
        calls: [`link#${'1'.repeat(16)}`],
      },
      { kind: 'xray', atMs: START_MS, flags: FLAG.link, fn: A, span: '2'.repeat(16), parent: '1'.repeat(16) },
      { kind: 'xray', atMs: START_MS, fn: A, request: 'r', span: '3'.repeat(16), parent: '2'.repeat(16) },
    ]);
    assert.deepEqual(
      profilesOf(feed.engine)[0].callers.map((one) => one.text),
      ['apigateway:abc/dev'],
    );
  });
});

function orders<T>(list: readonly T[]): T[][] {
  if (list.length <= 1) return [[...list]];
  return list.flatMap((first, at) =>
    orders([...list.slice(0, at), ...list.slice(at + 1)]).map((rest) => [first, ...rest]),
  );
}
