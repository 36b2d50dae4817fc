import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LogDelivery } from '@gait/platform/contract';
import { startPlatform } from '@gait/platform/start';
import { openShop, SHOP_SANDBOXES_MAX } from './shop.ts';
import { planTraffic } from './traffic-plan.ts';

const HERE = '127.0.0.1';
/** Takes ten seconds; what does not come by then never does. */
const WAIT_MS = 120_000;

const ADDRESSES = { partners: { payment: HERE, mail: HERE, rates: HERE }, drop: HERE };

/** Counts what the platform ran, and lets a test wait for it. */
class Reports {
  readonly ran: Record<string, number> = {};
  readonly failed: string[] = [];
  #changed = Promise.withResolvers<void>();

  take({ functionName, events }: LogDelivery): void {
    for (const { type, record } of events) {
      if (type !== 'platform.report') continue;
      this.ran[functionName] = (this.ran[functionName] ?? 0) + 1;
      if (Object(record).status !== 'success') this.failed.push(`${functionName} ${JSON.stringify(record)}`);
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
    }
  }

  async until(done: (ran: Readonly<Record<string, number>>) => boolean): Promise<void> {
    while (!done(this.ran)) await this.#changed.promise;
  }
}

test('on the platform, all that the traffic causes runs, each attack does what it says, and a release goes on', {
  timeout: WAIT_MS,
}, async () => {
  const reports = new Reports();
  const trail: Record<string, unknown>[] = [];
  const platform = await startPlatform({
    sandboxesMax: SHOP_SANDBOXES_MAX,
    onLogs: (delivery) => reports.take(delivery),
    onTrail: (records) => trail.push(...records),
  });
  const shop = await openShop(platform, { seed: 1, addresses: ADDRESSES });
  try {
    const caused = (await shop.visit(planTraffic({ seed: 2, durationMs: 3_000, invocations: 120 }))).invocations;
    const front = ['catalogue', 'label', 'login', 'mailer', 'order', 'payment', 'thumbnail', 'upload'];
    assert.deepEqual(Object.keys(caused).sort(), front);
    await reports.until((ran) => front.every((name) => (ran[name] ?? 0) >= caused[name]));
    await shop.operator.act();
    assert.equal(shop.operator.counts().failed, 0);
    // Nobody was refused anything: each role gives what its function needs.
    assert.deepEqual(
      trail.filter(({ errorCode }) => errorCode !== undefined),
      [],
    );
    assert.deepEqual(reports.failed, []);

    const before = trail.length;
    for (const attack of ['label', 'picture'] as const) {
      const steps = await shop.attack(attack, { pauseMs: 0 });
      assert.deepEqual(
        steps.map(({ outcome }) => outcome),
        ['done', 'done', 'done'],
        attack,
      );
    }
    const attacked = trail.slice(before).map((one) => `${one['eventName']} ${Object(one['userIdentity']).arn}`);
    for (const name of ['label', 'thumbnail']) {
      const session = `assumed-role/${name}-role/${name}`;
      for (const call of ['ListFunctions20150331', 'GetFunction20150331v2', 'Invoke']) {
        assert.ok(
          attacked.some((one) => one.startsWith(call) && one.endsWith(session)),
          `${call} by ${name}`,
        );
      }
    }
    const [read] = await shop.attack('preview');
    assert.deepEqual([read.outcome, read.bytes > 12_000_000], ['done', true]);

    await shop.release('catalogue', 2);
    const after = await shop.visit(planTraffic({ seed: 3, durationMs: 300, invocations: 20 }));
    assert.ok(after.steps.browse.good > 0 && after.steps.browse.failed === 0);
  } finally {
    await shop.close();
    await platform.close();
  }
});
