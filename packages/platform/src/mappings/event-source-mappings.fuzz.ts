import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { EventSource, InvokeOutcome, Invoker } from '../contract.ts';
import type { Mapping } from '../control/mapping-table.ts';
import { parseMessage } from '../services/queue/message.ts';
import { Queue } from '../services/queue/queue.ts';
import { QueueSource } from '../services/queue/source.ts';
import { parseItem } from '../services/table/attribute-value.ts';
import { ChangeStream } from '../services/table/stream.ts';
import { EventSourceMappings } from './event-source-mappings.ts';

const RUNS = 60;
const RECORDS = 12;

/** What the function does next; `partly` handles that many and names the others as failed. */
type Behaviour = 'fine' | 'broken' | 'throttled' | 'absent' | { readonly partly: number };
type Switch = 'off' | 'on' | 'send' | 'turn';

const behaviours = fc.array(
  fc.oneof(
    fc.constantFrom<Behaviour>('fine', 'broken', 'throttled', 'absent'),
    fc.record({ partly: fc.integer({ min: 0, max: 3 }) }),
  ),
  { maxLength: 30 },
);
const switches = fc.array(fc.constantFrom<Switch>('off', 'on', 'send', 'send', 'turn', 'turn'), { maxLength: 40 });

/** A mapping over a source whose function behaves as it is told, and handles everything once it is told nothing more. */
class Run implements Invoker {
  readonly handled: string[] = [];
  calledWhileOff = 0;
  readonly #behaviours: Behaviour[];
  readonly #mappings: EventSourceMappings;
  readonly #idOf: (record: Record<string, unknown>) => { name: string; id: string };
  #onChange = (): void => undefined;
  #mapping: Mapping;

  constructor(
    source: EventSource,
    behaviours: readonly Behaviour[],
    idOf: (record: Record<string, unknown>) => { name: string; id: string },
  ) {
    this.#behaviours = [...behaviours];
    this.#idOf = idOf;
    this.#mapping = {
      uuid: 'm',
      sourceArn: source.arn,
      functionName: 'worker',
      qualifier: undefined,
      startingPosition: undefined,
      retriesMax: -1,
      modifiedMs: 0,
      batchSize: 4,
      windowMs: 0,
      enabled: true,
      reportsFailures: true,
    };
    this.#mappings = new EventSourceMappings({
      table: {
        all: () => [this.#mapping],
        onChange: (callback) => {
          this.#onChange = callback;
          return () => undefined;
        },
      },
      invoker: this,
      open: () => source,
      backoff: { firstMs: 1, maxMs: 1 },
    });
  }

  async invoke(_name: string, { payload }: { readonly payload: Uint8Array }): Promise<InvokeOutcome> {
    if (!this.#mapping.enabled) this.calledWhileOff++;
    const { Records } = JSON.parse(Buffer.from(payload).toString());
    const records: { name: string; id: string }[] = Records.map(this.#idOf);
    const behaviour = this.#behaviours.shift() ?? 'fine';
    await turn();
    if (behaviour === 'absent') throw new Error('no such function');
    if (behaviour === 'throttled') return { kind: 'throttled', reason: 'ConcurrentInvocationLimitExceeded' };
    if (behaviour === 'broken') return returned(null, 'Unhandled');
    const count = behaviour === 'fine' ? records.length : Math.min(behaviour.partly, records.length);
    this.handled.push(...records.slice(0, count).map(({ name }) => name));
    return returned({ batchItemFailures: records.slice(count).map(({ id }) => ({ itemIdentifier: id })) });
  }

  enqueue(): void {
    assert.fail('mappings wait for the outcome');
  }

  switch(enabled: boolean): void {
    this.#mapping = { ...this.#mapping, enabled };
    this.#onChange();
  }

  async close(): Promise<void> {
    await this.#mappings.close();
  }
}

function returned(answer: unknown, functionError?: 'Unhandled'): InvokeOutcome {
  return {
    kind: 'returned',
    requestId: '1',
    payload: Buffer.from(JSON.stringify(answer)),
    executedVersion: '$LATEST',
    durationMs: 1,
    ...(functionError === undefined ? {} : { functionError }),
  };
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** Sends all records while the mapping is switched, then waits until all are handled. */
async function play(run: Run, steps: readonly Switch[], send: (name: string) => void): Promise<void> {
  // The pollers wait on timers that keep nothing alive.
  const alive = setInterval(() => undefined, 1000);
  let sent = 0;
  for (const step of steps) {
    if (step === 'turn') await turn();
    else if (step !== 'send') run.switch(step === 'on');
    else if (sent < RECORDS) send(String(sent++));
  }
  run.switch(true);
  while (sent < RECORDS) send(String(sent++));
  while (run.handled.length < RECORDS) await turn();
  for (let at = 0; at < 5; at++) await turn();
  await run.close();
  clearInterval(alive);
  assert.equal(run.calledWhileOff, 0);
}

describe('a mapping that is switched off and on, of a function that fails and is throttled', () => {
  const all = Array.from({ length: RECORDS }, (_, at) => String(at));

  test('has every change of a stream handled once and in order', async () => {
    await fc.assert(
      fc.asyncProperty(behaviours, switches, async (behaviours, steps) => {
        const stream = new ChangeStream('arn:aws:dynamodb:eu-west-1:123456789012:table/t', 'eu-west-1', Date.now);
        const run = new Run(stream.reader(), behaviours, (record) => {
          const { Keys, SequenceNumber } = JSON.parse(JSON.stringify(record['dynamodb']));
          return { name: Keys.id.S, id: SequenceNumber };
        });
        await play(run, steps, (name) => {
          const keys = parseItem({ id: { S: name } }, 'Item');
          stream.append({ keys, next: keys });
        });
        assert.deepEqual(run.handled, all);
      }),
      { numRuns: RUNS },
    );
  });

  test('has every message of a queue handled once', async () => {
    await fc.assert(
      fc.asyncProperty(behaviours, switches, async (behaviours, steps) => {
        const queue = new Queue(
          { name: 'jobs', visibilityMs: 0 },
          { arn: 'arn:aws:sqs:eu-west-1:123456789012:jobs', now: Date.now, deadLetter: () => undefined },
        );
        const run = new Run(new QueueSource(queue, 'eu-west-1', Date.now), behaviours, (record) => ({
          name: String(record['body']),
          id: String(record['messageId']),
        }));
        await play(run, steps, (name) => queue.send(parseMessage({ MessageBody: name }), { id: 'sender' }));
        assert.deepEqual(run.handled.sort(), [...all].sort());
        assert.deepEqual(queue.sizes(), { visible: 0, inFlight: 0, delayed: 0 });
        queue.close();
      }),
      { numRuns: RUNS },
    );
  });
});
