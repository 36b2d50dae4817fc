import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Application } from '@gait/platform/contract';
import { CUSTOMERS } from './seed.ts';
import type { Shop, ShopOptions } from './shop.ts';
import { openShop } from './shop.ts';
import type { StandIn } from './stand-in.contract.ts';
import { startStandIn } from './stand-in.contract.ts';
import { planTraffic } from './traffic-plan.ts';

const HERE = '127.0.0.1';
const ADDRESSES = { partners: { payment: HERE, mail: HERE, rates: HERE }, drop: HERE };

interface Opened {
  readonly platform: StandIn;
  readonly shop: Shop;
}

/** Opens a shop of its own for a test, and closes it after. */
async function inShop(work: (opened: Opened) => Promise<void>, change: ShopOptions['change'] = (same) => same) {
  const platform = await startStandIn();
  try {
    const shop = await openShop(platform, { seed: 1, change, addresses: ADDRESSES });
    try {
      await work({ platform, shop });
    } finally {
      await shop.close();
    }
  } finally {
    await platform.close();
  }
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
    test(`through a ${attack} takes the environment, lists functions and invokes admin, all from inside ${victim}`, () =>
      inShop(async ({ platform, shop }) => {
        const seen: string[] = [];
        const steps = await shop.attack(attack, { pauseMs: 0, onStep: ({ step }) => seen.push(step) });
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
      }));
  }

  test('gains nothing more than the environment when the role is reduced to what the function needs', () =>
    inShop(async ({ platform, shop }) => {
      const steps = await shop.attack('label', { pauseMs: 0, waitMs: 1_000 });
      assert.deepEqual(
        steps.map(({ outcome }) => outcome),
        ['done', 'blocked', 'blocked'],
      );
      assert.equal(platform.invocations.get('admin'), undefined);
    }, withoutCopied));

  test('leaves out the steps that have not begun when it is told to stop', () =>
    inShop(async ({ shop }) => {
      const stop = new AbortController();
      const steps = await shop.attack('label', { signal: stop.signal, onStep: () => stop.abort() });
      assert.deepEqual(
        steps.map(({ step }) => step),
        ['env-exfiltration'],
      );
    }));
});

describe('an attack that reads', () => {
  test('gets the list of orders, labels of others and masters of prints through previews, in at most 48 requests', () =>
    inShop(async ({ platform, shop }) => {
      await shop.visit(planTraffic({ seed: 5, durationMs: 500, invocations: 120 }));
      await platform.quiet();
      await platform.fire('report', { time: new Date().toISOString() });
      const [step, ...others] = await shop.attack('preview');
      assert.deepEqual(others, []);
      assert.equal(step.outcome, 'done');
      assert.ok(step.requests <= 48);
      assert.equal(step.requestIds.length, step.requests);
      const read = platform.calls.filter(({ by, resource }) => by === 'catalogue' && !resource.includes('/previews/'));
      assert.ok(read.some(({ resource }) => resource.endsWith('shop-pictures/exports/orders-latest.csv')));
      assert.ok(read.some(({ resource }) => resource.includes('shop-pictures/labels/')));
      const csv = platform.object('shop-pictures', 'exports/orders-latest.csv')?.toString() ?? '';
      assert.ok(csv.includes('@shop.example'));
      // Twenty-four masters of half a megabyte.
      assert.ok(step.bytes > 12_000_000, `${step.bytes} bytes were read`);
    }));
});

test('the attacker uses an account that the traffic never uses', () => {
  const plan = planTraffic({ seed: 1, durationMs: 100_000, invocations: 3_000 });
  const used = new Set(plan.sessions.map((session) => session.customer).filter((number) => number !== undefined));
  assert.ok(used.size > 30);
  assert.ok(!used.has(CUSTOMERS - 1));
});

/** The application with roles as they should be. */
function withoutCopied({ functions, ...rest }: Application): Application {
  const reduced = functions.map((one) => ({
    ...one,
    statements: one.statements.filter(({ Sid }) => Sid !== 'CopiedFromDeploy'),
  }));
  return { ...rest, functions: reduced };
}
