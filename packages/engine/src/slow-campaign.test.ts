import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertExplained } from './detectors/detector.contract.ts';
import { Feed, type Sample, START_MS, steady } from './engine-feed.ts';

const FN = 'aws:1:eu-west-1:orders';
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
/** Days of ordinary work before the first step. */
const BEFORE = 8;

/** Numbers of an ordinary invocation. */
function ordinary(at: number): Record<string, number> {
  return {
    durationMs: 50 + ((at * 7919) % 23),
    memoryMb: 80 + ((at * 31) % 5),
    bytesOut: 1200 + ((at * 17) % 90),
    bytesIn: 9000 + ((at * 13) % 700),
    requestBytes: 700 + ((at * 11) % 60),
    responseBytes: 300 + ((at * 19) % 40),
    cpuMs: 20 + ((at * 23) % 6),
  };
}

/** One number of an invocation that is strange, and too small for a finding. */
const WEAK: readonly Record<string, number>[] = [
  { bytesOut: 30_000 },
  { memoryMb: 130 },
  { cpuMs: 300 },
  { responseBytes: 25_000 },
  { bytesIn: 600_000 },
  { requestBytes: 30_000 },
  { durationMs: 2500, cpuMs: 240 },
];

/** An ordinary day: an invocation every ten minutes. */
function day(at: number): Sample[] {
  return steady(FN, START_MS + at * DAY_MS, 144, 600_000).map((one, of) => ({
    ...one,
    numbers: ordinary(at * 144 + of),
  }));
}

/** A step of a campaign. */
function probe(at: number, step: number): Sample {
  const [plain] = steady(FN, START_MS + at * DAY_MS + 13 * HOUR_MS + 7000, 1);
  return { ...plain, request: `probe-${at}-${step}`, numbers: { ...ordinary(at), ...WEAK[step % WEAK.length] } };
}

/** One weak step every three days. */
function campaign(at: number): Sample[] {
  return at >= BEFORE && (at - BEFORE) % 3 === 0 ? [probe(at, (at - BEFORE) / 3)] : [];
}

function run(days: number, probes: (at: number) => Sample[]): Feed {
  const feed = new Feed();
  for (let at = 0; at < days; at++) feed.rows([...day(at), ...probes(at)].sort((a, b) => a.atMs - b.atMs));
  return feed;
}

describe('C20: a slow campaign', () => {
  it('of one weak step every three days for three weeks is one incident, which names its steps', () => {
    const feed = run(BEFORE + 22, campaign);
    assert.deepEqual([...new Set(feed.told)], [`pattern.accumulated ${FN}`]);
    const [finding] = feed.findings.filter(({ detector }) => detector === 'pattern.accumulated');
    assertExplained(finding);
    assert.match(
      finding.sentence,
      /^`orders` showed \d weak signals within \d+ days that together are too many for chance: (resource\.tail|timing\.tail)/,
    );
    const watched = feed.findings.filter(({ level }) => level === 'watch').map(({ id }) => id);
    const named = finding.evidence[1].observed.split(' ');
    assert.ok(named.length >= 3 && named.every((id) => watched.includes(id)));
    const incidents = new Set(feed.outputs.flatMap((output) => output.incidents).map(({ id }) => id));
    assert.equal(incidents.size, 1);
  });

  it('can be explained by a person, and that taken back', () => {
    const feed = run(BEFORE + 22, campaign);
    const [finding] = feed.findings.filter(({ detector }) => detector === 'pattern.accumulated');
    const { ledgers } = feed.engine.stageTwo.verdicts;
    const { nowMs } = feed.engine.clock;
    assert.equal(ledgers.isExplained(FN), false);
    feed.control({ kind: 'feedback', finding: finding.id, verdict: 'expected', by: 'test' }, nowMs);
    assert.equal(ledgers.isExplained(FN), true);
    feed.control({ kind: 'feedback', finding: finding.id, verdict: 'undo', by: 'test' }, nowMs);
    assert.equal(ledgers.isExplained(FN), false);
    const incident = feed.outputs.flatMap(({ incidents }) => incidents).at(-1)?.id ?? '';
    feed.control({ kind: 'incident-state', incident, state: 'closed-expected', by: 'test' }, nowMs);
    assert.equal(ledgers.isExplained(FN), true);
  });

  it('is not told where the family is switched off', () => {
    const feed = new Feed();
    feed.control({ kind: 'settings', set: { off: 'pattern' }, by: 'test' }, START_MS);
    for (let at = 0; at < BEFORE + 22; at++) feed.rows([...day(at), ...campaign(at)].sort((a, b) => a.atMs - b.atMs));
    assert.deepEqual(feed.told, []);
  });

  it('is told apart from the same weak signal every day', () => {
    const feed = run(BEFORE + 22, (at) => (at >= BEFORE ? [probe(at, 1)] : []));
    assert.deepEqual(
      feed.told.filter((one) => one.startsWith('pattern.')),
      [],
    );
  });

  it('is told apart from a single odd day', () => {
    const feed = run(BEFORE + 22, (at) =>
      at === BEFORE ? [probe(at, 1), { ...probe(at, 2), atMs: probe(at, 2).atMs + HOUR_MS }] : [],
    );
    assert.deepEqual(feed.told, []);
  });
});
