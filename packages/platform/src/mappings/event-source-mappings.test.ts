import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { InvokeOutcome, Invoker } from '../contract.ts';
import type { Mapping, MappingTable } from '../control/mapping-table.ts';
import { QueueService } from '../services/queue/service.ts';
import { TableService } from '../services/table/service.ts';
import { ACCOUNT, REGION, TestFront, TestGate } from '../services/test-front.ts';
import { EventSourceMappings } from './event-source-mappings.ts';

const QUEUE = `arn:aws:sqs:${REGION}:${ACCOUNT}:jobs`;
const DEAD = `arn:aws:sqs:${REGION}:${ACCOUNT}:dead`;

type Request = Parameters<Invoker['invoke']>[1];
interface Call {
  readonly name: string;
  readonly request: Request;
  readonly records: Record<string, unknown>[];
  answer(outcome: 'fine' | 'broken' | 'throttled' | 'absent' | object): void;
}

/** Holds each call until the test answers it. */
class HeldInvoker implements Invoker {
  readonly #calls: Call[] = [];
  readonly #events = new EventEmitter();

  invoke(name: string, request: Request): Promise<InvokeOutcome> {
    return new Promise((resolve, reject) => {
      const { Records } = JSON.parse(Buffer.from(request.payload).toString());
      const answer = (outcome: Parameters<Call['answer']>[0]): void => {
        if (outcome === 'absent') reject(new Error('no such function'));
        else if (outcome === 'throttled') {
          resolve({ kind: 'throttled', reason: 'ReservedFunctionConcurrentInvocationLimitExceeded' });
        } else resolve(returned(outcome));
      };
      this.#calls.push({ name, request, records: Records, answer });
      this.#events.emit('call');
    });
  }

  enqueue(): void {
    throw new Error('mappings wait for the outcome');
  }

  get waiting(): number {
    return this.#calls.length;
  }

  /** The next call, when there is one. */
  async next(): Promise<Call> {
    while (this.#calls.length === 0) await once(this.#events, 'call');
    return this.#calls.shift() ?? assert.fail();
  }
}

function returned(outcome: 'fine' | 'broken' | object): InvokeOutcome {
  const isBroken = outcome === 'broken';
  return {
    kind: 'returned',
    requestId: '1',
    payload: Buffer.from(typeof outcome === 'object' ? JSON.stringify(outcome) : 'null'),
    executedVersion: '$LATEST',
    durationMs: 1,
    ...(isBroken ? { functionError: 'Unhandled' as const } : {}),
  };
}

class ListedMappings implements Pick<MappingTable, 'all' | 'onChange'> {
  #mappings: readonly Mapping[] = [];
  #callback = (): void => undefined;

  all(): readonly Mapping[] {
    return this.#mappings;
  }

  onChange(callback: () => void): () => void {
    this.#callback = callback;
    return () => undefined;
  }

  set(...mappings: readonly Mapping[]): void {
    this.#mappings = mappings;
    this.#callback();
  }
}

describe('event source mappings', () => {
  let queues: QueueService;
  let tables: TableService;
  let front: TestFront;
  let client: DynamoDBClient;
  let invoker: HeldInvoker;
  let listed: ListedMappings;
  let mappings: EventSourceMappings;
  /** The pollers wait on timers that keep nothing alive. */
  let alive: NodeJS.Timeout;

  beforeEach(async () => {
    alive = setInterval(() => undefined, 1000);
    const place = { accountId: ACCOUNT, region: REGION, gate: new TestGate() };
    queues = new QueueService(place);
    // No visibility timeout: what failed can be received again at once.
    queues.addQueue({ name: 'jobs', visibilityMs: 0, deadLetter: { queue: 'dead', receives: 2 } });
    queues.addQueue({ name: 'dead', visibilityMs: 0 });
    tables = new TableService(place);
    tables.addTable({ name: 'orders', key: 'id', stream: true });
    front = await TestFront.open(tables, queues);
    client = new DynamoDBClient(front.client());
    invoker = new HeldInvoker();
    listed = new ListedMappings();
    mappings = new EventSourceMappings({
      table: listed,
      invoker,
      open: ({ sourceArn }) => queues.openQueue(sourceArn) ?? tables.openStream(sourceArn),
      backoff: { firstMs: 1, maxMs: 5 },
    });
  });
  afterEach(async () => {
    await mappings.close();
    queues.close();
    client.destroy();
    await front.close();
    clearInterval(alive);
  });

  const onQueue = (more: Partial<Mapping> = {}): Mapping => ({
    uuid: 'q',
    sourceArn: QUEUE,
    functionName: 'worker',
    qualifier: undefined,
    batchSize: 10,
    windowMs: 0,
    startingPosition: undefined,
    retriesMax: -1,
    reportsFailures: false,
    enabled: true,
    modifiedMs: 0,
    ...more,
  });
  const onTable = (more: Partial<Mapping> = {}): Mapping =>
    onQueue({ uuid: 't', sourceArn: tables.streamArn('orders') ?? '', ...more });
  const send = (...bodies: readonly string[]) => {
    for (const body of bodies) assert.ok(queues.deliver(QUEUE, { body, senderId: 'test' }));
  };
  const put = (id: string) => client.send(new PutItemCommand({ TableName: 'orders', Item: { id: { S: id } } }));
  const bodies = ({ records }: Call) => records.map(({ body }) => body);
  const ids = ({ records }: Call) => records.map(({ dynamodb }) => JSON.parse(JSON.stringify(dynamodb)).Keys.id.S);
  const left = async (arn = QUEUE) => {
    const source = queues.openQueue(arn);
    const records = (await source?.receive(100, 0)) ?? [];
    source?.release(records);
    return records.map(({ record }) => record['body']);
  };
  const settled = async (check: () => boolean | Promise<boolean>) => {
    while (!(await check())) await new Promise((resolve) => setImmediate(resolve));
  };

  describe('of a queue', () => {
    test('call the function with batches of messages and remove what it handled', async () => {
      send('1', '2', '3');
      listed.set(onQueue({ batchSize: 2, qualifier: 'live' }));
      const first = await invoker.next();
      assert.deepEqual(bodies(first), ['1', '2']);
      assert.equal(first.name, 'worker');
      assert.equal(first.request.qualifier, 'live');
      assert.deepEqual([first.request.sourceArn, first.request.principal], [QUEUE, 'lambda.amazonaws.com']);
      assert.equal(first.records[0]?.['eventSource'], 'aws:sqs');
      const second = await invoker.next();
      assert.deepEqual(bodies(second), ['3']);
      first.answer('fine');
      second.answer('fine');
      await settled(() => mappings.counts()['q'].recordsDone === 3);
      assert.deepEqual(await left(), []);
    });

    test('gather a batch for as long as the window is', async () => {
      listed.set(onQueue({ batchSize: 3, windowMs: 60_000 }));
      send('1');
      send('2');
      send('3');
      const call = await invoker.next();
      assert.deepEqual(bodies(call), ['1', '2', '3']);
      call.answer('fine');
    });

    test('have failed messages delivered again and, after too many times, put to the dead letters', async () => {
      send('poison');
      listed.set(onQueue());
      for (const receives of ['1', '2']) {
        const call = await invoker.next();
        assert.equal(JSON.parse(JSON.stringify(call.records[0]?.['attributes'])).ApproximateReceiveCount, receives);
        call.answer('broken');
      }
      await settled(() => queues.counts()['jobs'].deadLettered === 1);
      assert.deepEqual(await left(DEAD), ['poison']);
      assert.equal(mappings.counts()['q'].recordsFailed, 2);
    });

    test('give back only the messages that the function names', async () => {
      send('good', 'bad');
      listed.set(onQueue({ reportsFailures: true }));
      const first = await invoker.next();
      first.answer({ batchItemFailures: [{ itemIdentifier: first.records[1]?.['messageId'] }] });
      const second = await invoker.next();
      assert.deepEqual(bodies(second), ['bad']);
      second.answer({ batchItemFailures: [] });
      await settled(() => mappings.counts()['q'].recordsDone === 2);
      assert.deepEqual(await left(), []);
    });

    test('take a report that names nothing known for a failure of all, and none for one they did not ask for', async () => {
      send('a', 'b');
      listed.set(onQueue({ reportsFailures: true }));
      (await invoker.next()).answer({ batchItemFailures: [{ itemIdentifier: 'unknown' }] });
      const again = await invoker.next();
      assert.deepEqual(bodies(again), ['a', 'b']);
      listed.set(onQueue());
      again.answer({ batchItemFailures: [{ itemIdentifier: again.records[0]?.['messageId'] }] });
      await settled(() => mappings.counts()['q'].recordsDone === 2);
    });

    test('keep messages while the function is throttled or absent, without counting that as deliveries', async () => {
      send('1');
      listed.set(onQueue());
      for (const outcome of ['throttled', 'throttled', 'absent', 'throttled'] as const)
        (await invoker.next()).answer(outcome);
      const call = await invoker.next();
      assert.equal(JSON.parse(JSON.stringify(call.records[0]?.['attributes'])).ApproximateReceiveCount, '1');
      call.answer('fine');
      await settled(() => mappings.counts()['q'].recordsDone === 1);
      const { throttles, refusals, recordsFailed } = mappings.counts()['q'];
      assert.deepEqual([throttles, refusals, recordsFailed], [3, 1, 0]);
    });

    test('stop calling at once when switched off, give back what they hold, and go on when switched on', async () => {
      send('1', '2');
      listed.set(onQueue({ batchSize: 1 }));
      const first = await invoker.next();
      const second = await invoker.next();
      listed.set(onQueue({ batchSize: 1, enabled: false }));
      second.answer('throttled');
      first.answer('fine');
      send('3');
      await settled(async () => (await left()).join() === '2,3');
      assert.equal(invoker.waiting, 0);
      listed.set(onQueue());
      const call = await invoker.next();
      assert.deepEqual(bodies(call).sort()[0], '2');
      assert.equal(JSON.parse(JSON.stringify(call.records[0]?.['attributes'])).ApproximateReceiveCount, '1');
      call.answer('fine');
    });

    test('have no more than five batches out at once', async () => {
      send(...Array.from({ length: 8 }, (_, at) => String(at)));
      listed.set(onQueue({ batchSize: 1 }));
      const calls = [];
      for (let at = 0; at < 5; at++) calls.push(await invoker.next());
      assert.deepEqual(await left(), ['5', '6', '7']);
      for (const call of calls) call.answer('fine');
      for (let at = 0; at < 3; at++) (await invoker.next()).answer('fine');
    });

    test('cut a batch that is too large for one event, and call again with the rest', async () => {
      const large = 'x'.repeat(1_000_000);
      for (let at = 0; at < 8; at++) send(`${at}${large}`);
      listed.set(onQueue());
      const first = await invoker.next();
      const second = await invoker.next();
      assert.deepEqual(
        [first, second].map((call) => bodies(call).map((body) => String(body)[0])),
        [
          ['0', '1', '2', '3', '4', '5'],
          ['6', '7'],
        ],
      );
      assert.ok(first.request.payload.length <= 6 * 1024 * 1024);
      first.answer('fine');
      second.answer('fine');
      await settled(() => mappings.counts()['q'].recordsDone === 8);
    });

    test('let running calls end at closing and call nothing afterwards', async () => {
      send('1');
      listed.set(onQueue());
      const call = await invoker.next();
      const closing = mappings.close();
      send('2');
      call.answer('fine');
      await closing;
      assert.deepEqual(await left(), ['2']);
      listed.set(onQueue());
      assert.equal(invoker.waiting, 0);
    });
  });

  describe('of a stream', () => {
    test('call with changes in order, one batch at a time', async () => {
      for (const id of ['a', 'b', 'c']) await put(id);
      listed.set(onTable({ batchSize: 2 }));
      const first = await invoker.next();
      assert.deepEqual(ids(first), ['a', 'b']);
      await put('d');
      assert.equal(invoker.waiting, 0);
      first.answer('fine');
      const second = await invoker.next();
      assert.deepEqual(ids(second), ['c', 'd']);
      second.answer('fine');
    });

    test('repeat a failed batch before anything later, until it is handled', async () => {
      await put('a');
      listed.set(onTable());
      (await invoker.next()).answer('broken');
      await put('b');
      const again = await invoker.next();
      assert.deepEqual(ids(again), ['a']);
      again.answer('fine');
      const later = await invoker.next();
      assert.deepEqual(ids(later), ['b']);
      later.answer('fine');
    });

    test('go on behind what was handled before the first failure that the function names', async () => {
      for (const id of ['a', 'b', 'c']) await put(id);
      listed.set(onTable({ reportsFailures: true }));
      const first = await invoker.next();
      const sequence = JSON.parse(JSON.stringify(first.records[1]?.['dynamodb'])).SequenceNumber;
      first.answer({ batchItemFailures: [{ itemIdentifier: sequence }] });
      const second = await invoker.next();
      assert.deepEqual(ids(second), ['b', 'c']);
      second.answer('fine');
      await settled(() => mappings.counts()['t'].recordsDone === 3);
    });

    test('drop and count a batch after its last repetition', async () => {
      await put('poison');
      listed.set(onTable({ retriesMax: 2 }));
      for (let at = 0; at < 3; at++) {
        const call = await invoker.next();
        assert.deepEqual(ids(call), ['poison']);
        if (at === 2) await put('after');
        call.answer('broken');
      }
      const next = await invoker.next();
      assert.deepEqual(ids(next), ['after']);
      next.answer('fine');
      assert.equal(mappings.counts()['t'].recordsDropped, 1);
    });

    test('go on from the same place when switched off and on, whether the batch was being repeated or not', async () => {
      for (const id of ['a', 'b']) await put(id);
      listed.set(onTable({ batchSize: 1 }));
      (await invoker.next()).answer('fine');
      const held = await invoker.next();
      listed.set(onTable({ enabled: false }));
      held.answer('throttled');
      await put('c');
      listed.set(onTable({ batchSize: 10 }));
      const call = await invoker.next();
      // Switched on before the batch went back: it is repeated as it was.
      const seen = ids(call);
      call.answer('fine');
      if (seen.length === 1) {
        const rest = await invoker.next();
        seen.push(...ids(rest));
        rest.answer('fine');
      }
      assert.deepEqual(seen, ['b', 'c']);
    });

    test('have each a place of their own', async () => {
      await put('a');
      listed.set(onTable(), onTable({ uuid: 'other', functionName: 'worker-2' }));
      const calls = [await invoker.next(), await invoker.next()];
      assert.deepEqual(calls.map(({ name }) => name).sort(), ['worker', 'worker-2']);
      for (const call of calls) {
        assert.deepEqual(ids(call), ['a']);
        call.answer('fine');
      }
      await settled(() => Object.values(mappings.counts()).every(({ recordsDone }) => recordsDone === 1));
    });
  });

  test('without a source are counted, and begin when there is one', async () => {
    const arn = `arn:aws:sqs:${REGION}:${ACCOUNT}:later`;
    listed.set(onQueue({ sourceArn: arn }));
    assert.equal(mappings.unopened, 1);
    queues.addQueue({ name: 'later', visibilityMs: 0 });
    queues.deliver(arn, { body: '1', senderId: 'test' });
    listed.set(onQueue({ sourceArn: arn }));
    (await invoker.next()).answer('fine');
    assert.equal(mappings.unopened, 0);
  });
});
