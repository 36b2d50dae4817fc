import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RateStore } from '@gait/engine/baselines/rates';
import { Feed, type Sample, START_MS } from '@gait/engine/engine-feed';
import { drive, EPOCH_MINUTE } from './measure.ts';
import { distinct, parseSeries, type Series } from './series.ts';

const MINUTE_MS = 60_000;

/** Twelve hours of a call every three minutes, two bursts of which the first is told, and the rest of the day. */
function fixture(): Series {
  const counts = Uint32Array.from({ length: 1400 }, (_, at) => (at % 3 === 0 ? 1 : 0));
  for (let at = 720; at < 730; at++) counts[at] += 12;
  for (let at = 1200; at < 1205; at++) counts[at] += 40;
  return { id: 'f', trigger: 'queue', counts, firstMinute: 0, content: '00000000' };
}

describe('C2: the fast path of the suite', () => {
  it('says what the whole engine says of the same invocations', () => {
    const series = fixture();
    const fast = drive(new RateStore(2), series, { to: series.counts.length });
    const first = Math.ceil(START_MS / MINUTE_MS);
    const samples: Sample[] = [...series.counts].flatMap((count, minute) =>
      Array.from({ length: count }, (_, at) => ({
        atMs: (first + minute) * MINUTE_MS + at * 500,
        fn: 'aws:1:eu-west-1:f',
        request: `${minute}-${at}`,
        numbers: { durationMs: 20 },
        symbols: { status: 'ok', triggerKind: 'queue', triggerSource: 'sqs:q' },
      })),
    );
    const feed = new Feed();
    feed.rows(samples);
    feed.tick((first + series.counts.length + 2) * MINUTE_MS);
    const whole = feed.findings
      .filter(({ detector }) => detector === 'rate.excess' || detector === 'rate.drift')
      .map(
        (one) => `${Math.floor(one.timeMs / MINUTE_MS) - first} ${one.detector} ${one.level} ${one.score.toFixed(6)}`,
      );
    const parts = (fast?.told ?? []).map(
      (one) => `${one.minute - EPOCH_MINUTE} ${one.detector} ${one.level} ${one.decades.toFixed(6)}`,
    );
    assert.ok(parts.length >= 2);
    assert.deepEqual(whole, parts);
  });
});

describe('the table of a trace', () => {
  it('is read by its header, whatever the order of its columns, and series without calls are left out', () => {
    const text = 'HashOwner,HashFunction,Trigger,480,481\no,a,http,0,2\no,b,timer,0,0\no,c,timer,0,2\n';
    const series = parseSeries(text);
    assert.deepEqual(
      series.map(({ id, trigger, firstMinute }) => [id, trigger, firstMinute]),
      [
        ['a', 'http', 480],
        ['c', 'timer', 480],
      ],
    );
    assert.equal(distinct(series).length, 1);
  });

  it('is refused where it holds something else than counts', () => {
    assert.throws(() => parseSeries('HashFunction,1_minute\na,x\n'), /Line 2 holds 'x'/);
  });
});
