import assert from 'node:assert/strict';
import { Feed, type Sample, START_MS, steady } from '../engine-feed.ts';
import type { Finding } from '../event/finding.ts';

/** The function of most cases, and invocations apart from each other. */
export const FN = 'aws:1:eu-west-1:orders';
export const EVERY_MS = 10_000;
/** Day and hour of model time. */
export const DAY_MS = 86_400_000;
export const HOUR_MS = 3_600_000;
/** Invocations of an ordinary history, and when it is over. */
export const HISTORY = 200;
export const AFTER_MS = START_MS + HISTORY * EVERY_MS + 1000;

/** An ordinary invocation of `FN`, changed as a case needs it. */
export function invocation(atMs: number, change: Partial<Sample> = {}): Sample {
  const [plain] = steady(change.fn ?? FN, atMs, 1);
  return { ...plain, ...change, symbols: { ...plain.symbols, ...change.symbols } };
}

/** `count` ordinary invocations of `FN` from the beginning on, changed by their number. */
export function history(count: number, change: (at: number) => Partial<Sample> = () => ({})): Sample[] {
  return Array.from({ length: count }, (_, at) => {
    const atMs = START_MS + at * EVERY_MS;
    const changed = change(at);
    return invocation(atMs, { ...changed, ...(at > 0 ? {} : { atMs }) });
  });
}

/** A feed that has seen these rows, in order of time. */
export function fed(...samples: readonly (readonly Sample[])[]): Feed {
  const feed = new Feed();
  feed.rows(samples.flat().sort((a, b) => a.atMs - b.atMs));
  return feed;
}

/** What a detector claimed. Each claim must explain itself; see `assertExplained`. */
export function claims(feed: Feed, detector: string): Finding[] {
  const found = feed.findings.filter((one) => one.detector === detector && one.level === 'finding');
  for (const finding of found) assertExplained(finding);
  return found;
}

/** The only claim of a detector, and that nothing else was claimed. */
export function onlyClaim(feed: Feed, detector: string): Finding {
  const [finding] = claims(feed, detector);
  assert.deepEqual(
    feed.findings.filter((one) => one.level === 'finding').map((one) => one.detector),
    [detector],
  );
  return finding;
}

/** Asserts that nothing at all was claimed; what is only watched may be. */
export function assertQuiet(feed: Feed): void {
  assert.deepEqual(
    feed.findings.filter((one) => one.level === 'finding').map((one) => `${one.detector}: ${one.sentence}`),
    [],
  );
}

/** A verdict is explained: observed against expected, how rare, what it would mean, and what would have kept it quiet. */
export function assertExplained(finding: Finding): void {
  assert.ok(finding.evidence.length > 0, 'there is evidence');
  for (const { parameter, observed, expected, count } of finding.evidence) {
    assert.match(parameter, /^[a-z_]+$/);
    assert.ok(observed !== '' && expected !== '' && observed !== expected, `${observed} against ${expected}`);
    assert.ok(!/NaN|undefined|Infinity/.test(observed + expected), `${observed} against ${expected}`);
    assert.ok(count >= 1);
  }
  assert.match(finding.sentence, /^[^\n]{20,}\.$/);
  assert.ok(!/NaN|undefined|Infinity|#[0-9a-f]{8}/.test(finding.sentence), finding.sentence);
  assert.ok(finding.quietIf.length > 10);
  for (const share of [finding.impact, finding.confidence, finding.risk, finding.maturity, finding.rarity]) {
    assert.ok(share >= 0 && share <= 1, `${share}`);
  }
  assert.ok(finding.impact > 0 && finding.risk >= finding.impact / 2 && finding.score > 0);
  for (const technique of finding.techniques) assert.match(technique, /^T\d{4}(\.\d{3})?$/);
}
