import { setTimeout as wait } from 'node:timers/promises';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { Platform, PolicyStatement } from '@gait/platform/contract';
import { Random } from '../datasets/random.ts';
import { clientOptions } from './seed.ts';

/** What an operator of the shop may do. */
export const OPERATOR_STATEMENTS: readonly PolicyStatement[] = [
  { Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: 'arn:aws:lambda:*:*:function:admin' },
];

/** What the operator did so far. */
export interface OperatorCounts {
  /** Invocations of `admin`. */
  readonly invocations: number;
  readonly refunds: number;
  /** Refused, throttled or failed. */
  readonly failed: number;
}

/** A person who looks after the shop. */
export interface Operator {
  /** Looks at the newest orders and refunds one of them if there is one that was paid; two invocations at most. */
  act(): Promise<void>;
  /** Acts about every `everyMs`, until `signal` ends it; resolves then. */
  work(everyMs: number, signal: AbortSignal): Promise<void>;
  counts(): OperatorCounts;
  close(): void;
}

const ORDERS_SEEN = 12;

/** The one operator of the shop: a user with a key of her own, who invokes `admin` directly, as she is meant to. */
export function createOperator(platform: Pick<Platform, 'endpointUrl' | 'region' | 'user'>, seed: number): Operator {
  const random = new Random(seed, 'operator');
  const functions = new LambdaClient(clientOptions(platform, platform.user('olga', OPERATOR_STATEMENTS)));
  const counts = { invocations: 0, refunds: 0, failed: 0 };
  const admin = async (event: unknown): Promise<unknown> => {
    const answer = await functions.send(new InvokeCommand({ FunctionName: 'admin', Payload: JSON.stringify(event) }));
    counts.invocations += 1;
    if (answer.FunctionError !== undefined) throw new Error('admin failed');
    return JSON.parse(answer.Payload?.transformToString() ?? 'null');
  };
  const act = async () => {
    try {
      const orderId = paidOrderIn(await admin({ action: 'export', table: 'orders', rows: ORDERS_SEEN }));
      if (orderId === undefined || !random.chance(0.5)) return;
      await admin({ action: 'refund', orderId });
      counts.refunds += 1;
    } catch {
      // She will try again later, as people do; a response of the detection may well have taken her function away.
      counts.failed += 1;
    }
  };
  return {
    act,
    counts: () => ({ ...counts }),
    close: () => functions.destroy(),
    async work(everyMs, signal) {
      while (!signal.aborted) {
        await act();
        await wait(everyMs * random.between(0.7, 1.3), undefined, { signal }).catch(() => undefined);
      }
    },
  };
}

function paidOrderIn(list: unknown): string | undefined {
  if (typeof list !== 'object' || list === null || !('items' in list) || !Array.isArray(list.items)) return undefined;
  const orders: unknown[] = list.items;
  for (const order of orders) {
    if (typeof order !== 'object' || order === null || !('status' in order) || !('id' in order)) continue;
    if (order.status === 'paid' && typeof order.id === 'string') return order.id;
  }
  return undefined;
}
