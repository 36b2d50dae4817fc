import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Application } from '@gait/platform/contract';
import { shopApplication } from './application.ts';
import { runAttack } from './attack.ts';
import type { DropHost } from './drop-host.ts';
import { startDropHost } from './drop-host.ts';
import type { Partners } from './partners.ts';
import { startPartners } from './partners.ts';
import { customer, stockShop } from './seed.ts';
import type { StandIn } from './stand-in.contract.ts';
import { startStandIn } from './stand-in.contract.ts';
import { runTraffic } from './traffic.ts';
import { planTraffic } from './traffic-plan.ts';

const HERE = { payment: '127.0.0.1', mail: '127.0.0.1', rates: '127.0.0.1' };

let partners: Partners;
let drop: DropHost;

before(async () => {
  partners = await startPartners(1, HERE);
  drop = await startDropHost('127.0.0.1');
});
after(async () => {
  await Promise.all([partners.close(), drop.close()]);
});

async function openShop(change: (application: Application) => Application = (same) => same): Promise<StandIn> {
  const platform = await startStandIn();
  await platform.deploy(change(await shopApplication(platform, partners.urls)));
  await stockShop(platform, 1);
  return platform;
}

/** Calls of a function's role to the control plane. */
function lambdaCalls(platform: StandIn, by: string): string[] {
  return platform.calls
    .filter((call) => call.by === by && call.action.startsWith('lambda:'))
    .map(({ action, resource, allowed }) => `${action} ${resource.split(':').at(-1)} ${allowed}`);
}

const RECON = ['lambda:ListFunctions * true', 'lambda:GetFunction admin false', 'lambda:InvokeFunction admin true'];

describe('an attack that runs code', () => {
  for (const [attack, victim] of [
    ['label', 'label'],
    ['picture', 'thumbnail'],
  ] as const) {
    test(`through a ${attack} takes the environment, lists functions and invokes admin, all from inside ${victim}`, async () => {
      const platform = await openShop();
      try {
        const seen: string[] = [];
        const steps = await runAttack({
          ...{ apiUrl: platform.apiUrl, drop, attack, pauseMs: 0 },
          onStep: ({ step }) => seen.push(step),
        });
        await platform.quiet();
        assert.deepEqual(seen, ['env-exfiltration', 'role-recon', 'lateral-invoke']);
        assert.deepEqual(
          steps.map(({ outcome, requests, expect }) => [outcome, requests, expect.function]),
          Array.from({ length: 3 }, () => ['done', 1, victim]),
        );
        assert.deepEqual(lambdaCalls(platform, victim), RECON);
        assert.equal(platform.invocations.get('admin'), 1);
        for (const { bytes } of steps) assert.ok(bytes > 200, `${bytes} bytes arrived`);
        // Forty customers.
        assert.ok(steps[2].bytes > 3_000);
        for (const { startMs, endMs } of steps) assert.ok(startMs <= endMs);
        assert.equal(steps[0].requestIds.length, attack === 'label' ? 1 : 0);
      } finally {
        await platform.close();
      }
    });
  }

  test('gains nothing more than the environment when the role is reduced to what the function needs', async () => {
    const platform = await openShop(({ functions, ...rest }) => ({
      ...rest,
      functions: functions.map((one) => ({
        ...one,
        statements: one.statements.filter(({ Sid }) => Sid !== 'CopiedFromDeploy'),
      })),
    }));
    try {
      const steps = await runAttack({ apiUrl: platform.apiUrl, drop, attack: 'label', pauseMs: 0, waitMs: 1_000 });
      assert.deepEqual(
        steps.map(({ outcome }) => outcome),
        ['done', 'blocked', 'blocked'],
      );
      assert.equal(platform.invocations.get('admin'), undefined);
    } finally {
      await platform.close();
    }
  });

  test('leaves out the steps that have not begun when it is told to stop', async () => {
    const platform = await openShop();
    const stop = new AbortController();
    try {
      const steps = await runAttack({
        ...{ apiUrl: platform.apiUrl, drop, attack: 'label', signal: stop.signal },
        onStep: () => stop.abort(),
      });
      assert.deepEqual(
        steps.map(({ step }) => step),
        ['env-exfiltration'],
      );
    } finally {
      await platform.close();
    }
  });
});

describe('an attack that reads', () => {
  test('gets the list of orders and the labels of others through previews, in at most 48 requests', async () => {
    const platform = await openShop();
    try {
      const plan = planTraffic({ seed: 5, durationMs: 500, invocations: 120 });
      await runTraffic(plan, { apiUrl: platform.apiUrl });
      await platform.quiet();
      await platform.fire('report', { time: new Date().toISOString() });
      const [step, ...others] = await runAttack({ apiUrl: platform.apiUrl, drop, attack: 'preview' });
      assert.deepEqual(others, []);
      assert.equal(step.outcome, 'done');
      assert.ok(step.requests <= 48);
      assert.equal(step.requestIds.length, step.requests);
      const read = platform.calls.filter(({ by, resource }) => by === 'catalogue' && !resource.includes('/previews/'));
      assert.ok(read.some(({ resource }) => resource.endsWith('shop-pictures/exports/orders-latest.csv')));
      assert.ok(read.some(({ resource }) => resource.includes('shop-pictures/labels/')));
      const csv = platform.object('shop-pictures', 'exports/orders-latest.csv')?.toString() ?? '';
      assert.ok(step.bytes > csv.length);
      assert.ok(csv.includes('@shop.example'));
    } finally {
      await platform.close();
    }
  });
});

test('the attacker uses an account that the traffic never uses', () => {
  const plan = planTraffic({ seed: 1, durationMs: 100_000, invocations: 3_000 });
  const used = new Set(plan.sessions.map((session) => session.customer).filter((number) => number !== undefined));
  assert.ok(used.size > 30);
  for (const number of used) assert.notEqual(customer(number).email, customer(39).email);
});
