/** Takes records from one event source in batches and calls one function with them. */
import type { EventSource, InvokeOutcome, Invoker, SourceRecord } from '../contract.ts';
import type { Mapping } from '../control/mapping-table.ts';
import { encodeBatch, failedItems } from './batch.ts';
import type { MappingCounts } from './mapping.ts';
import { keepsOrder } from './mapping.ts';

/** Batches of a queue that are out at once: what AWS begins with. */
const QUEUE_BATCHES_MAX = 5;
/** Records of one batch: the service's own limit. */
const BATCH_RECORDS_MAX = 10_000;
/** One wait for records; a mapping that was switched off holds what it still received for no longer than an instant. */
const RECEIVE_WAIT_MS = 1000;
/** A source that answers with nothing at once, because it is closed or has too many receivers, is left alone this long. */
const EMPTY_REST_MS = 100;

/** Pause before an attempt is repeated: doubles from `firstMs` to `maxMs`. */
export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/**
 * Calls the function by this name. A mapping is itself the permission to call its function, so that no statement in the
 * function's policy is asked for.
 */
export const MAPPING_PRINCIPAL = 'lambda.amazonaws.com';

/**
 * Runs until it is stopped. While it is switched off nothing is called and nothing is held: what it had taken goes back as
 * if never received, and it goes on from there. Calls that run are let finish.
 */
export class Poller {
  readonly #source: EventSource;
  readonly #invoker: Invoker;
  readonly #backoff: Backoff;
  readonly #running = new Set<Promise<void>>();
  readonly #counts = {
    invocations: 0,
    recordsDone: 0,
    recordsFailed: 0,
    recordsDropped: 0,
    recordsTooLarge: 0,
    throttles: 0,
    refusals: 0,
  };
  #mapping: Mapping;
  #stopped = false;
  /** Settled at each change of the mapping and when a batch is through, and then replaced. */
  #changed = Promise.withResolvers<void>();

  constructor(mapping: Mapping, parts: { source: EventSource; invoker: Invoker; backoff: Backoff }) {
    this.#mapping = mapping;
    this.#source = parts.source;
    this.#invoker = parts.invoker;
    this.#backoff = parts.backoff;
    void this.#run();
  }

  get counts(): MappingCounts {
    return { ...this.#counts };
  }

  /** Takes effect at once: nothing is called any more under the old settings. */
  update(mapping: Mapping): void {
    this.#mapping = mapping;
    this.#announce();
  }

  /** Calls nothing any more. Resolves when the calls that run have ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#announce();
    await Promise.all(this.#running);
  }

  get #isOn(): boolean {
    return this.#mapping.enabled && !this.#stopped;
  }

  #announce(): void {
    const { resolve } = this.#changed;
    this.#changed = Promise.withResolvers<void>();
    resolve();
  }

  async #run(): Promise<void> {
    const batchesMax = keepsOrder(this.#source.arn) ? 1 : QUEUE_BATCHES_MAX;
    while (!this.#stopped) {
      if (!this.#isOn || this.#running.size >= batchesMax) {
        await this.#changed.promise;
        continue;
      }
      const records = await this.#gather();
      if (records.length === 0) continue;
      const delivery: Promise<void> = this.#deliver(records).finally(() => {
        this.#running.delete(delivery);
        this.#announce();
      });
      this.#running.add(delivery);
    }
  }

  /** The next batch: full, or as large as it got within the window. */
  async #gather(): Promise<readonly SourceRecord[]> {
    const max = Math.min(this.#mapping.batchSize, BATCH_RECORDS_MAX);
    const records = [...(await this.#receive(max, RECEIVE_WAIT_MS))];
    const deadlineMs = performance.now() + this.#mapping.windowMs;
    while (records.length > 0 && records.length < max && this.#isOn) {
      const leftMs = deadlineMs - performance.now();
      if (leftMs <= 0) break;
      records.push(...(await this.#receive(max - records.length, Math.min(leftMs, RECEIVE_WAIT_MS))));
    }
    if (this.#isOn) return records;
    this.#source.release(records);
    return [];
  }

  async #receive(max: number, waitMs: number): Promise<readonly SourceRecord[]> {
    const startedMs = performance.now();
    const records = await this.#source.receive(max, waitMs);
    if (records.length === 0 && performance.now() - startedMs < waitMs / 2)
      await sleep(Math.min(waitMs, EMPTY_REST_MS));
    return records;
  }

  /** Calls the function with a batch until that is settled. Never rejects. */
  async #deliver(batch: readonly SourceRecord[]): Promise<void> {
    let records = batch;
    let attempt = 0;
    let repetitions = 0;
    while (records.length > 0) {
      if (attempt > 0) await this.#pause(attempt);
      if (!this.#isOn) {
        this.#source.release(records);
        return;
      }
      attempt++;
      const { payload, count } = encodeBatch(records);
      if (count === 0) {
        this.#source.done(records.slice(0, 1));
        this.#counts.recordsTooLarge++;
        records = records.slice(1);
        attempt = 0;
        continue;
      }
      // What does not fit into one event is taken again afterwards.
      if (count < records.length) this.#source.release(records.slice(count));
      records = records.slice(0, count);
      const outcome = await this.#call(payload);
      if (outcome === undefined) continue;
      const failed = this.#settle(records, outcome);
      if (failed.length < records.length) {
        attempt = 1;
        repetitions = 0;
      }
      repetitions++;
      const { retriesMax } = this.#mapping;
      const isLast = retriesMax >= 0 && repetitions > retriesMax;
      if (failed.length > 0 && isLast) {
        this.#counts.recordsDropped += failed.length;
        this.#source.done(failed);
        return;
      }
      records = failed;
    }
  }

  /** The outcome of a call that took place; undefined if it has to be tried again. */
  async #call(payload: Uint8Array): Promise<(InvokeOutcome & { kind: 'returned' }) | undefined> {
    const { functionName, qualifier, sourceArn } = this.#mapping;
    try {
      const outcome = await this.#invoker.invoke(functionName, {
        payload,
        principal: MAPPING_PRINCIPAL,
        sourceArn,
        ...(qualifier === undefined ? {} : { qualifier }),
      });
      if (outcome.kind === 'returned') {
        this.#counts.invocations++;
        return outcome;
      }
      this.#counts.throttles++;
    } catch {
      // No such function, or not allowed: that can change, so the records wait.
      this.#counts.refusals++;
    }
    return undefined;
  }

  /** Tells the source what became of the records. Returns those that this poller itself has to repeat. */
  #settle(records: readonly SourceRecord[], outcome: InvokeOutcome & { kind: 'returned' }): readonly SourceRecord[] {
    const failed = this.#failedOf(records, outcome);
    this.#counts.recordsFailed += failed.length;
    if (!keepsOrder(this.#source.arn)) {
      const isFailed = new Set(failed);
      const done = records.filter((record) => !isFailed.has(record));
      this.#counts.recordsDone += done.length;
      this.#source.done(done);
      if (failed.length > 0) this.#source.failed(failed);
      return [];
    }
    // In a stream everything from the first failure on is repeated.
    const first = failed[0];
    const at = first === undefined ? records.length : records.indexOf(first);
    this.#counts.recordsDone += at;
    this.#source.done(records.slice(0, at));
    return records.slice(at);
  }

  #failedOf(records: readonly SourceRecord[], outcome: InvokeOutcome & { kind: 'returned' }): readonly SourceRecord[] {
    if (outcome.functionError !== undefined) return records;
    return this.#mapping.reportsFailures ? failedItems(outcome.payload, records) : [];
  }

  /** Waits before a repetition, or until the mapping changes. */
  async #pause(attempt: number): Promise<void> {
    const { firstMs, maxMs } = this.#backoff;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, Math.min(maxMs, firstMs * 2 ** Math.min(attempt - 1, 30)));
    timer.unref();
    // A batch of the same mapping that is through is no reason to try again earlier.
    while (this.#isOn) {
      const waited = await Promise.race([promise.then(() => true), this.#changed.promise.then(() => false)]);
      if (waited) break;
    }
    clearTimeout(timer);
  }
}

async function sleep(ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    setTimeout(resolve, ms).unref();
  });
}
