import assert from 'node:assert/strict';
import { test } from 'node:test';
import { demandAt, planTraffic, USUAL_DAY } from './traffic-plan.ts';

test('equal options give an equal plan, another seed another', () => {
  assert.deepEqual(planTraffic(USUAL_DAY), planTraffic(USUAL_DAY));
  assert.notDeepEqual(planTraffic(USUAL_DAY), planTraffic({ ...USUAL_DAY, seed: 2 }));
});

test('the plan causes as many invocations as it aims at, of every function that the front door reaches', () => {
  for (const seed of [1, 2, 3]) {
    const { invocations } = planTraffic({ ...USUAL_DAY, seed });
    const total = Object.values(invocations).reduce((sum, count) => sum + count, 0);
    assert.ok(total >= USUAL_DAY.invocations && total < USUAL_DAY.invocations + 20, `${total} invocations`);
    assert.deepEqual(Object.keys(invocations).sort(), [
      'catalogue',
      'label',
      'login',
      'mailer',
      'order',
      'payment',
      'thumbnail',
      'upload',
    ]);
  }
});

test('visits are in the order of their start and within the day', () => {
  const { sessions, durationMs } = planTraffic(USUAL_DAY);
  let before = 0;
  for (const { startMs } of sessions) {
    assert.ok(startMs >= before && startMs < durationMs);
    before = startMs;
  }
});

test('ten times as many visitors come in the burst as would have come without', () => {
  const burst = { startMs: 40_000, durationMs: 10_000, factor: 10 };
  const { sessions } = planTraffic({ seed: 4, durationMs: 100_000, invocations: 30_000, burst });
  const within = (from: number, to: number) => sessions.filter(({ startMs }) => startMs >= from && startMs < to).length;
  const mean = (from: number, to: number) => {
    let sum = 0;
    for (let at = from; at < to; at += 100) sum += demandAt(at, { durationMs: 100_000 });
    return sum / ((to - from) / 100);
  };
  // Visitors for each unit of demand without the burst.
  const usual = within(0, 40_000) / (40_000 * mean(0, 40_000));
  const sale = within(40_000, 50_000) / (10_000 * mean(40_000, 50_000));
  assert.ok(sale / usual > 8.5 && sale / usual < 11.5, `factor ${sale / usual}`);
});

test('more come in the evening than at night', () => {
  const { sessions } = planTraffic({ seed: 5, durationMs: 24_000, invocations: 10_000 });
  const hour = (at: number) => sessions.filter(({ startMs }) => Math.floor(startMs / 1_000) === at).length;
  assert.ok(hour(20) > 3 * hour(4), `${hour(20)} at eight, ${hour(4)} at four`);
});

test('visitors have addresses that are kept free for documentation, and none in the network of the attacker', () => {
  const { sessions } = planTraffic(USUAL_DAY);
  for (const { address } of sessions)
    assert.match(address, /^(192\.0\.2\.\d+|203\.0\.113\.\d+|2001:db8:[0-9a-f]+::[0-9a-f]+)$/);
  assert.ok(new Set(sessions.map(({ address }) => address)).size > sessions.length / 2);
});

test('who orders, uploads or designs has logged in before', () => {
  for (const { steps, customer } of planTraffic(USUAL_DAY).sessions) {
    let loggedIn = false;
    for (const { kind } of steps) {
      if (kind === 'login') loggedIn = true;
      if (['order', 'wrong-order', 'follow', 'upload', 'gift-label'].includes(kind)) {
        assert.ok(loggedIn && customer !== undefined);
      }
    }
  }
});
