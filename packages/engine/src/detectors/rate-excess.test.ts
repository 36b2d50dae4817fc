import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Feed, type Sample, START_MS } from '../engine-feed.ts';
import type { Finding } from '../event/finding.ts';
import { assertExplained, FN, HOUR_MS, invocation } from './detector.contract.ts';

const ID = 'rate.excess';
const MINUTE_MS = 60_000;

/** `hours` of a call every `everyMinutes`, from an hour on. */
function timer(hours: number, everyMinutes: number, fromHour = 0): Sample[] {
  const from = START_MS + fromHour * HOUR_MS;
  const count = (hours * 60) / everyMinutes;
  return Array.from({ length: count }, (_, at) => call(from + at * everyMinutes * MINUTE_MS, `t${fromHour}-${at}`));
}

/** `count` calls spread over ten minutes. */
function burst(fromMs: number, count: number): Sample[] {
  const every = (10 * MINUTE_MS) / count;
  return Array.from({ length: count }, (_, at) => call(fromMs + Math.floor(at * every), `b${fromMs}-${at}`));
}

function call(atMs: number, request: string): Sample {
  return { ...invocation(atMs), atMs, request };
}

function fedTo(endMs: number, ...parts: readonly (readonly Sample[])[]): Feed {
  const feed = new Feed();
  feed.rows(parts.flat().sort((a, b) => a.atMs - b.atMs));
  feed.tick(endMs + 2 * MINUTE_MS);
  return feed;
}

function ofRate(feed: Feed): Finding[] {
  const found = feed.findings.filter(({ detector, level }) => detector === ID && level === 'finding');
  for (const one of found) assertExplained(one);
  return found;
}

describe('C2: rate.excess fires', () => {
  it('when a timer of one call in five minutes is called a hundred times in ten minutes', () => {
    const at = START_MS + 12 * HOUR_MS;
    const feed = fedTo(at + 10 * MINUTE_MS, timer(12, 5), burst(at, 100));
    const [finding] = ofRate(feed);
    // Told again as it grows by a decade, in one incident.
    assert.equal(new Set(feed.outputs.flatMap(({ incidents }) => incidents.map(({ id }) => id))).size, 1);
    assert.match(finding.sentence, /was called \d+ times in 10 minutes; most ever in 1\d hours: [23]; its own model/);
    assert.equal(finding.entity.key, FN);
    assert.ok(finding.timeMs < at + 5 * MINUTE_MS);
  });

  it('when a busy function with an uneven load is called twenty times as often', () => {
    const uneven = Array.from({ length: 12 * 60 }, (_, minute) =>
      Array.from({ length: 1 + ((minute * 7919) % 3) }, (_, at) =>
        call(START_MS + minute * MINUTE_MS + at * 1000, `u${minute}-${at}`),
      ),
    ).flat();
    const at = START_MS + 12 * HOUR_MS;
    assert.ok(ofRate(fedTo(at + 10 * MINUTE_MS, uneven, burst(at, 400))).length > 0);
  });
});

describe('C2: rate.excess stays quiet', () => {
  it('while a timer beats, however long, and when one beat comes twice', () => {
    const twice = call(START_MS + 20 * HOUR_MS + 1000, 'twice');
    assert.deepEqual(ofRate(fedTo(START_MS + 30 * HOUR_MS, timer(30, 5), [twice])), []);
  });

  it('about a burst of a function that had such bursts before', () => {
    const bursts = [2, 5, 8, 11].map((hour) => burst(START_MS + hour * HOUR_MS + 30_000, 100));
    assert.deepEqual(ofRate(fedTo(START_MS + 12 * HOUR_MS, timer(12, 5), ...bursts.slice(0, 4))), []);
  });

  it('about a new function that is busy from its first minute on', () => {
    assert.deepEqual(ofRate(fedTo(START_MS + 10 * MINUTE_MS, burst(START_MS, 500))), []);
  });

  it('about what an operator declared normal', () => {
    const at = START_MS + 12 * HOUR_MS;
    const feed = new Feed();
    feed.control({ kind: 'training-span', fromMs: at, toMs: at + HOUR_MS, by: 'test' }, START_MS);
    feed.rows([...timer(12, 5), ...burst(at, 100)]);
    feed.tick(at + HOUR_MS);
    assert.deepEqual(ofRate(feed), []);
  });
});

describe('C19: bursts of many short-lived instances', () => {
  it('are counted right, copies and disorder or not', () => {
    const at = START_MS + 12 * HOUR_MS;
    const cold = burst(at, 2000).map((one, index) => ({ ...one, symbols: { ...one.symbols, instance: `i-${index}` } }));
    // Each record comes a second time within the minute; their event times run backwards within it.
    const doubled = cold.flatMap((one, index) => [
      { ...one, eventMs: one.atMs - (index % 7) * 100 },
      { ...one, eventMs: one.atMs - (index % 7) * 100 },
    ]);
    const feed = fedTo(at + 10 * MINUTE_MS, timer(12, 5), doubled);
    const minutes = feed.outputs.flatMap((one) => one.minutes).filter(({ minuteMs }) => minuteMs > at - MINUTE_MS);
    const calls = minutes.flatMap(({ rows }) => rows).reduce((sum, { count }) => sum + count, 0);
    assert.equal(calls, 2000);
    const told = feed.findings
      .filter(({ detector }) => detector === ID)
      .map(({ evidence }) => Number(evidence[0].observed));
    assert.ok(told.length > 0 && told.every((count) => count <= 2002), `${told}`);
  });
});
