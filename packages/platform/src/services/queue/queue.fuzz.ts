import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseMessage } from './message.ts';
import { Queue } from './queue.ts';
import { QueueSource } from './source.ts';

const RUNS = 300;
const VISIBILITY_MS = 1000;

type Step =
  | { readonly kind: 'send'; readonly delayMs: number }
  | { readonly kind: 'receive'; readonly max: number }
  | { readonly kind: 'take'; readonly max: number }
  | { readonly kind: 'remove' | 'giveBack' | 'keep' | 'done' | 'failed' | 'release'; readonly which: number }
  | { readonly kind: 'pass'; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('send' as const), delayMs: fc.constantFrom(0, 0, 700) }),
  fc.record({ kind: fc.constant('receive' as const), max: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ kind: fc.constant('take' as const), max: fc.integer({ min: 1, max: 4 }) }),
  fc.record({
    kind: fc.constantFrom(
      'remove' as const,
      'giveBack' as const,
      'keep' as const,
      'done' as const,
      'failed' as const,
      'release' as const,
    ),
    which: fc.nat(20),
  }),
  fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(1, 400, 999, 1000) }),
);

/** A queue, its dead letters, and what receivers believe to hold. */
class Run {
  nowMs = 1_000_000;
  readonly dead: Queue;
  readonly queue: Queue;
  readonly source: QueueSource;
  readonly sent = new Set<string>();
  readonly removed = new Set<string>();
  /** Deliveries, and until when their messages are invisible to others. */
  readonly held = new Map<string, { id: string; untilMs: number }>();
  readonly taken = new Map<string, Awaited<ReturnType<QueueSource['receive']>>[number]>();

  constructor(receives: number | undefined) {
    const now = (): number => this.nowMs;
    this.dead = new Queue(
      { name: 'dead', visibilityMs: VISIBILITY_MS },
      { arn: 'dead', now, deadLetter: () => undefined },
    );
    this.queue = new Queue(
      {
        name: 'jobs',
        visibilityMs: VISIBILITY_MS,
        ...(receives === undefined ? {} : { deadLetter: { queue: 'dead', receives } }),
      },
      { arn: 'jobs', now, deadLetter: () => this.dead },
    );
    this.source = new QueueSource(this.queue, 'eu-west-1', now);
  }

  async do(step: Step): Promise<void> {
    if (step.kind === 'send') {
      const content = parseMessage({ MessageBody: 'x' });
      this.sent.add(this.queue.send(content, { id: 'sender', delayMs: step.delayMs }).id);
    } else if (step.kind === 'pass') this.nowMs += step.ms;
    else if (step.kind === 'receive') {
      for (const { id, handle } of await this.queue.receive(step.max, 0)) this.#delivered(handle, id, VISIBILITY_MS);
    } else if (step.kind === 'take') {
      for (const record of await this.source.receive(step.max, 0)) {
        this.#delivered(String(record.record['receiptHandle']), record.id, Number.POSITIVE_INFINITY);
        this.taken.set(record.id, record);
      }
    } else this.#end(step.kind, step.which);
  }

  #delivered(handle: string, id: string, visibilityMs: number): void {
    assert.ok(this.sent.has(id) && !this.removed.has(id), 'a message that was sent and not removed');
    for (const other of this.held.values()) {
      assert.ok(other.id !== id || other.untilMs <= this.nowMs, 'a message is with one receiver at a time');
    }
    this.held.set(handle, { id, untilMs: this.nowMs + visibilityMs });
  }

  #end(kind: 'remove' | 'giveBack' | 'keep' | 'done' | 'failed' | 'release', which: number): void {
    if (kind === 'done' || kind === 'failed' || kind === 'release') this.#endTaken(kind, which);
    else this.#endReceived(kind, which);
  }

  #endTaken(kind: 'done' | 'failed' | 'release', which: number): void {
    const record = [...this.taken.values()][which];
    if (record === undefined) return;
    this.source[kind]([record]);
    this.taken.delete(record.id);
    if (kind === 'done') this.removed.add(record.id);
    this.held.delete(String(record.record['receiptHandle']));
  }

  #endReceived(kind: 'remove' | 'giveBack' | 'keep', which: number): void {
    const [handle, delivery] = [...this.held][which] ?? [];
    if (handle === undefined || delivery === undefined || this.taken.has(delivery.id)) return;
    if (kind === 'remove') {
      if (this.queue.remove(handle)) this.removed.add(delivery.id);
      this.held.delete(handle);
    } else if (this.queue.changeVisibility(handle, kind === 'keep' ? 5000 : 0)) {
      this.held.set(handle, { id: delivery.id, untilMs: this.nowMs + (kind === 'keep' ? 5000 : 0) });
    }
  }

  /** Everything that is left when all who hold something have given it back. */
  async drain(): Promise<string[]> {
    this.source.failed([...this.taken.values()]);
    this.nowMs += 10_000;
    const left: string[] = [];
    for (const queue of [this.queue, this.dead]) {
      for (const { id } of await queue.receive(10_000, 0)) left.push(id);
    }
    this.queue.close();
    this.dead.close();
    return left;
  }
}

describe('a queue', () => {
  for (const receives of [undefined, 1, 3]) {
    test(`loses no message and gives none to two receivers at once, with ${receives ?? 'no'} deliveries before the dead letters`, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
          const run = new Run(receives);
          for (const one of steps) await run.do(one);
          const expected = [...run.sent].filter((id) => !run.removed.has(id)).sort();
          assert.deepEqual((await run.drain()).sort(), expected);
          assert.deepEqual(run.queue.counts.lost, 0);
        }),
        { numRuns: RUNS },
      );
    });
  }

  test('wakes receivers that wait, each message going to one of them', async () => {
    const queue = new Queue(
      { name: 'jobs', visibilityMs: VISIBILITY_MS },
      { arn: 'jobs', now: Date.now, deadLetter: () => undefined },
    );
    const waiting = Array.from({ length: 5 }, () => queue.receive(1, 60_000));
    const sent = Array.from({ length: 5 }, () => queue.send(parseMessage({ MessageBody: 'x' }), { id: 'sender' }).id);
    const received = (await Promise.all(waiting)).flat().map(({ id }) => id);
    assert.deepEqual(received.sort(), sent.sort());
    const closing = queue.receive(1, 60_000);
    queue.close();
    assert.deepEqual(await closing, []);
  });

  test('wakes a receiver when a held message becomes visible', async () => {
    const queue = new Queue(
      { name: 'jobs', visibilityMs: 20 },
      { arn: 'jobs', now: Date.now, deadLetter: () => undefined },
    );
    const { id } = queue.send(parseMessage({ MessageBody: 'x' }), { id: 'sender', delayMs: 20 });
    const keepAlive = setInterval(() => undefined, 1000);
    assert.deepEqual(
      (await queue.receive(1, 60_000)).map((one) => one.id),
      [id],
    );
    assert.deepEqual(
      (await queue.receive(1, 60_000)).map((one) => one.id),
      [id],
    );
    clearInterval(keepAlive);
    queue.close();
  });
});
