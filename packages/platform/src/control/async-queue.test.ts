import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, mock, test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { InvokeOutcome } from '../contract.ts';
import { type AsyncEvent, AsyncQueue, type DeadLetter } from './async-queue.ts';
import { FunctionTable, type Target } from './functions.ts';

const DEAD = 'arn:aws:sqs:eu-west-1:123456789012:dead';
const THROTTLED: InvokeOutcome = { kind: 'throttled', reason: 'ConcurrentInvocationLimitExceeded' };
const DONE: InvokeOutcome = {
  kind: 'returned',
  requestId: 'r',
  payload: Buffer.from('null'),
  executedVersion: '$LATEST',
  durationMs: 1,
};
const FAILED: InvokeOutcome = { ...DONE, functionError: 'Unhandled' };

function targetWith(deadLetterArn: string | undefined): Target {
  const table = new FunctionTable({ accountId: '123456789012', region: 'eu-west-1' });
  const fn = table.create({
    name: 'pay',
    code: { folder: '/', sha256: 'x', bytes: 1 },
    runtime: 'nodejs24.x',
    description: '',
    layers: [],
    settings: {
      handler: 'index.handler',
      roleArn: 'arn:aws:iam::123456789012:role/r',
      timeoutMs: 1_000,
      memorySizeMb: 128,
      tmpSizeMb: 512,
      environment: {},
    },
    ...(deadLetterArn === undefined ? {} : { deadLetterArn }),
  });
  return { fn, qualifier: undefined, configuration: fn.latest };
}

/** A queue whose function answers with these outcomes, the last one again and again. */
function queueOf(outcomes: readonly InvokeOutcome[], more: { readonly deadLetterArn?: string } = {}) {
  const target = targetWith(more.deadLetterArn);
  const ran: string[] = [];
  const letters: DeadLetter[] = [];
  let nowMs = 0;
  const queue = new AsyncQueue({
    resolve: (event) => (event.functionName === 'pay' ? target : undefined),
    run: async (_target, request) => {
      ran.push(request.requestId ?? '');
      return outcomes[Math.min(ran.length, outcomes.length) - 1] ?? DONE;
    },
    deadLetter: async (letter) => {
      letters.push(letter);
    },
    retryDelaysMs: [60_000, 120_000],
    now: () => nowMs,
  });
  const push = (requestId: string, event: Partial<AsyncEvent> = {}) =>
    queue.push({
      functionName: 'pay',
      qualifier: undefined,
      request: { payload: Buffer.from('{}'), requestId },
      queuedMs: nowMs,
      failures: 0,
      throttles: 0,
      ...event,
    });
  const pass = async (ms: number) => {
    nowMs += ms;
    await turn();
    mock.timers.tick(ms);
    await turn();
  };
  return { queue, ran, letters, push, pass, fn: target.fn };
}

describe('queue of asynchronous events', () => {
  beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
  afterEach(() => mock.timers.reset());

  test('tries a failed event again after one minute and after two more', async () => {
    const { ran, push, pass, queue } = queueOf([FAILED]);
    push('a');
    await pass(59_999);
    assert.equal(ran.length, 1);
    await pass(1);
    assert.equal(ran.length, 2);
    await pass(119_999);
    assert.equal(ran.length, 2);
    await pass(1);
    assert.equal(ran.length, 3);
    await pass(3_600_000);
    assert.equal(ran.length, 3);
    assert.equal(queue.counts.lost, 1);
  });

  test('waits longer each time when there is no room, until there is', async () => {
    const { ran, push, pass, queue } = queueOf([THROTTLED, THROTTLED, THROTTLED, DONE]);
    push('a');
    await pass(1_000);
    assert.equal(ran.length, 2);
    await pass(1_999);
    assert.equal(ran.length, 2);
    await pass(1);
    assert.equal(ran.length, 3);
    await pass(4_000);
    assert.equal(ran.length, 4);
    assert.deepEqual(queue.counts, { full: 0, deadLettered: 0, lost: 0, closed: 0 });
  });

  test('gives an event up when it is six hours old', async () => {
    const { letters, push, pass } = queueOf([THROTTLED], { deadLetterArn: DEAD });
    push('a');
    for (let hour = 0; hour < 6; hour++) await pass(3_599_000);
    assert.equal(letters.length, 0);
    for (let minute = 0; minute < 10; minute++) await pass(60_000);
    assert.deepEqual(
      letters.map(({ queueArn, attributes }) => [queueArn, attributes['ErrorCode']]),
      [[DEAD, '429']],
    );
  });

  test('runs ten events of a function at once and the others in order after them', async () => {
    const waiting: (() => void)[] = [];
    const ran: string[] = [];
    const target = targetWith(undefined);
    const queue = new AsyncQueue({
      resolve: () => target,
      run: (_target, request) => {
        ran.push(request.requestId ?? '');
        return new Promise((resolve) => waiting.push(() => resolve(DONE)));
      },
      deadLetter: async () => {},
      retryDelaysMs: [0],
      now: () => 0,
    });
    const request = { payload: Buffer.from('{}') };
    const event = { functionName: 'pay', qualifier: undefined, queuedMs: 0, failures: 0, throttles: 0 };
    for (let at = 0; at < 12; at++) queue.push({ ...event, request: { ...request, requestId: String(at) } });
    await turn();
    assert.equal(ran.length, 10);
    waiting[3]?.();
    await turn();
    assert.deepEqual(ran.slice(10), ['10']);
    waiting[0]?.();
    await turn();
    assert.deepEqual(ran.slice(10), ['10', '11']);
  });

  test('counts events whose function is gone, that do not fit, and that wait when it closes', async () => {
    const { queue, push, pass } = queueOf([FAILED]);
    push('a', { functionName: 'gone' });
    await pass(0);
    assert.equal(queue.counts.lost, 1);
    const large = { payload: Buffer.alloc(100 * 1024 * 1024), requestId: 'b' };
    assert.equal(push('b', { request: large }), true);
    assert.equal(push('c', { request: large }), false);
    await pass(0);
    queue.close();
    queue.close();
    assert.equal(push('d'), false);
    assert.deepEqual(queue.counts, { full: 2, deadLettered: 0, lost: 1, closed: 1 });
  });
});
