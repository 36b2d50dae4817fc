import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Hasher, mix32 } from '../base/hash.ts';
import { SPANS_MAX, WAITING_SPANS_MAX } from '../base/limits.ts';
import { StateReader, StateWriter } from '../base/state.ts';
import { Feed, type Sample, START_MS } from '../engine-feed.ts';
import { FLAG } from '../event/schema.ts';
import { profilesOf } from '../profile.ts';
import { Links, OWNER, type Waiting } from './links.ts';

const SEED = 6_607;
const RUNS = Number(process.env['GAIT_SEEDS'] ?? 40);

function savedOf(links: Links): Uint8Array<ArrayBuffer> {
  const out = new StateWriter();
  links.save(out);
  return out.finish();
}

/** A span id that is spread like a real one. */
function key(number: number): { hi: number; lo: number } {
  return { hi: mix32(number + 99) >>> 0, lo: mix32(number) >>> 0 };
}

function question(callee: number): Waiting {
  return { callee, calleeName: `f${callee}`, ordinal: callee, eventMs: 5, traceId: 't', requestId: `r${callee}` };
}

const asFunction = (hash: number) => ({ kind: OWNER.function, hash });
const passing = { kind: OWNER.passes, hash: 1 };

describe('spans and their owners', () => {
  it('lead from a parent to the function that owns it, through whatever only passes on', () => {
    const links = new Links(new Hasher(1, 2));
    links.add(key(1), asFunction(100), undefined);
    links.add(key(2), passing, key(1));
    links.add(key(3), passing, key(2));
    assert.deepEqual(links.resolve(key(3), 200), { owner: 100, kind: OWNER.function });
    assert.deepEqual(links.resolve(key(1), 200), { owner: 100, kind: OWNER.function });
  });

  it('lead past the function itself, to who called it', () => {
    const links = new Links(new Hasher(1, 2));
    links.add(key(1), { kind: OWNER.source, hash: 300 }, undefined);
    links.add(key(2), asFunction(200), key(1));
    assert.deepEqual(links.resolve(key(2), 200), { owner: 300, kind: OWNER.source });
  });

  it('say at which span knowledge ends, and who calls where a trace begins', () => {
    const links = new Links(new Hasher(1, 2));
    links.add(key(2), passing, key(1));
    assert.deepEqual(links.resolve(key(2), 200), key(1));
    links.add(key(4), passing, undefined);
    assert.deepEqual(links.resolve(key(4), 200), { owner: 0, kind: OWNER.outside });
    links.add(key(5), { kind: OWNER.channel, hash: 500 }, undefined);
    assert.deepEqual(
      links.resolve(key(5), 200),
      { owner: 500, kind: OWNER.channel },
      'a queue nobody is known to fill',
    );
    links.add(key(6), { kind: OWNER.channel, hash: 600 }, key(7));
    links.add(key(7), asFunction(7), undefined);
    assert.deepEqual(links.resolve(key(6), 200), { owner: 7, kind: OWNER.function }, 'a queue with a known writer');
    links.add(key(8), asFunction(200), undefined);
    assert.equal(links.resolve(key(8), 200), undefined, 'a function that calls itself');
  });

  it('do not follow a circle, or more than eight steps', () => {
    const links = new Links(new Hasher(1, 2));
    links.add(key(1), passing, key(2));
    links.add(key(2), passing, key(1));
    assert.equal(links.resolve(key(1), 200), undefined);
    links.add(key(100), asFunction(7), undefined);
    for (let at = 101; at < 120; at++) links.add(key(at), passing, key(at - 1));
    assert.deepEqual(links.resolve(key(107), 200), { owner: 7, kind: OWNER.function });
    assert.equal(links.resolve(key(119), 200), undefined);
  });

  it('hand over the questions that waited for them, once', () => {
    const links = new Links(new Hasher(1, 2));
    links.wait(key(1), question(5));
    links.wait(key(1), question(6));
    links.wait(key(2), question(7));
    assert.deepEqual(links.add(key(1), asFunction(100), undefined), [question(5), question(6)]);
    assert.deepEqual(links.add(key(1), asFunction(100), undefined), []);
  });

  it('are remembered for at least one generation and take bounded memory', () => {
    const links = new Links(new Hasher(1, 2));
    const count = 3 * SPANS_MAX;
    for (let at = 1; at <= count; at++) links.add(key(at), asFunction(at), undefined);
    assert.ok(savedOf(links).length <= 2 * SPANS_MAX * 24 + 100, `${savedOf(links).length} bytes`);
    for (let at = count; at > count - 0.7 * SPANS_MAX; at -= 1009) {
      assert.deepEqual(links.resolve(key(at), 0), { owner: at, kind: OWNER.function });
    }
    assert.deepEqual(links.resolve(key(1), 0), key(1));
  });

  it('keep a bounded number of questions waiting, drop the oldest and count them', () => {
    const links = new Links(new Hasher(1, 2));
    for (let at = 1; at <= WAITING_SPANS_MAX + 10; at++) links.wait(key(at), question(at));
    assert.equal(links.dropped, 10);
    assert.deepEqual(links.add(key(10), asFunction(1), undefined), []);
    assert.equal(links.add(key(11), asFunction(1), undefined).length, 1);
  });

  it('go on from saved state', () => {
    const feed = (links: Links, from: number, to: number) => {
      const answered: Waiting[] = [];
      for (let at = from; at < to; at++) {
        if (at % 3 === 0) links.wait(key((at * 7) % 900), question(at));
        answered.push(...links.add(key(at % 700), asFunction(at), at % 2 === 0 ? key(at - 1) : undefined));
      }
      return answered;
    };
    const [whole, before, after] = [
      new Links(new Hasher(1, 2)),
      new Links(new Hasher(1, 2)),
      new Links(new Hasher(1, 2)),
    ];
    const all = feed(whole, 0, 2000);
    const first = feed(before, 0, 1100);
    after.load(new StateReader(savedOf(before)));
    assert.deepEqual([...first, ...feed(after, 1100, 2000)], all);
    assert.deepEqual(savedOf(after), savedOf(whole));
  });

  it('refuse saved tables in which a look-up would never end', () => {
    for (const words of [[], [1, 2, 3], new Array<number>(18).fill(1), new Array<number>(12).fill(1)]) {
      const out = new StateWriter();
      out.u32Array(Uint32Array.from(words));
      out.u32Array(new Uint32Array(12));
      for (let at = 0; at < 3; at++) out.u32(0);
      assert.throws(
        () => new Links(new Hasher(1, 2)).load(new StateReader(out.finish())),
        /damaged/,
        `${words.length} words`,
      );
    }
  });
});

/** The pieces of one trace: a gateway calls `front`, which calls `middle` directly and `back` through a queue. */
const PIECES: readonly Sample[] = [
  edgeRow('gate', '0000000000000001'),
  linkRow('front', '0000000000000002', '0000000000000001'),
  functionRow('front', {
    span: '0000000000000003',
    parent: '0000000000000002',
    calls: ['m#0000000000000004', 'q#0000000000000005'],
  }),
  linkRow('middle', '0000000000000006', '0000000000000004'),
  linkRow('middle', '0000000000000007', '0000000000000006'),
  functionRow('middle', { span: '0000000000000008', parent: '0000000000000007', calls: [] }),
  linkRow('', '0000000000000009', '0000000000000005'),
  linkRow('back', '000000000000000a', '0000000000000009'),
  functionRow('back', { span: '000000000000000b', parent: '000000000000000a', calls: [] }),
];

function edgeRow(source: string, span: string): Sample {
  const call = `link#${span}`;
  return { kind: 'edge', atMs: 0, flags: FLAG.link, symbols: { triggerSource: `apigateway:${source}` }, calls: [call] };
}

function linkRow(fn: string, span: string, parent: string): Sample {
  return { kind: 'xray', atMs: 0, flags: FLAG.link, ...(fn === '' ? {} : { fn: `aws:1:eu:${fn}` }), span, parent };
}

function functionRow(fn: string, of: { span: string; parent: string; calls: string[] }): Sample {
  const calls = of.calls.map((call) => `lambda:Invoke ${call.replace('#', ' d#')}`);
  return { kind: 'xray', atMs: 0, fn: `aws:1:eu:${fn}`, request: `r-${fn}`, ...of, calls };
}

/** Who called whom, after the pieces arrived one second apart. */
function edgesOf(pieces: readonly Sample[]): string[] {
  const feed = new Feed();
  feed.rows(pieces.map((piece, at) => ({ ...piece, atMs: START_MS + at * 1000 })));
  return profilesOf(feed.engine)
    .flatMap(({ key: callee, callers }) => callers.map(({ text, count }) => `${text} -> ${callee} ${count}`))
    .sort();
}

describe('the pieces of a trace', () => {
  it('give the same edges in whatever order they arrive', () => {
    const expected = [
      'apigateway:gate -> aws:1:eu:front 1',
      'aws:1:eu:front -> aws:1:eu:back 1',
      'aws:1:eu:front -> aws:1:eu:middle 1',
    ];
    assert.deepEqual(edgesOf(PIECES), expected);
    assert.deepEqual(edgesOf([...PIECES].reverse()), expected);
    const all = fc.shuffledSubarray([...PIECES], { minLength: PIECES.length, maxLength: PIECES.length });
    const property = fc.property(all, (pieces) => assert.deepEqual(edgesOf(pieces), expected));
    fc.assert(property, { seed: SEED, numRuns: RUNS });
  });

  it('give no edge that the missing pieces do not prove', () => {
    const property = fc.property(fc.shuffledSubarray([...PIECES]), (pieces) => {
      for (const edge of edgesOf(pieces)) {
        assert.match(edge, /^(apigateway:gate -> aws:1:eu:front|aws:1:eu:front -> aws:1:eu:(back|middle)) 1$/);
      }
    });
    fc.assert(property, { seed: SEED, numRuns: RUNS });
  });
});

describe('span ids that somebody chose', () => {
  it('do not meet in one place of the table', () => {
    // Ids that differ in both halves alike: without the seed all of them would fall into one slot.
    const links = new Links(new Hasher(1, 2));
    for (let at = 1; at <= 100_000; at++) links.add({ hi: at, lo: at }, { kind: OWNER.function, hash: 1 }, undefined);
    assert.deepEqual(links.resolve({ hi: 99_999, lo: 99_999 }, 2), { owner: 1, kind: OWNER.function });
  });
});
