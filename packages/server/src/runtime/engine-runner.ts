import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { SegmentLog } from '../log/segments/segment-log.ts';
import type { EngineProgress, EngineThreadStart, FromEngine, ToEngine } from './engine-messages.ts';
import type { Committed } from './service.ts';

const THREAD = new URL('./engine-thread.ts', import.meta.url);
/** Time to the first new try after the thread died, ms, and the longest after it has died again and again. */
const RETRY_MS_MIN = 500;
const RETRY_MS_MAX = 30_000;
/** After running this long the thread counts as well again, ms. */
const WELL_AFTER_MS = 60_000;

/** Closing lets the thread go through what waits for this long, ms; then it saves where it is: the log has the rest. */
const DRAIN_MS_MAX = 30_000;
/** A thread that has not ended this long after that is ended, ms. Its last checkpoint stands. */
const SAVE_MS_MAX = 60_000;

/** How to run the engine's thread. */
export interface RunnerOptions {
  readonly folder: string;
  readonly log: SegmentLog;
  readonly checkpointEveryMs: number;
  /** Told what was committed, after the commit. Must not throw. */
  readonly committed: (committed: Committed) => void;
  /** Told each time the thread has died, with why. Must not throw. */
  readonly failed: (error: Error) => void;
}

/** An expected failure inside the engine's thread; its code is from the closed list of the part that failed. */
export class EngineThreadError extends Error {
  override readonly name = 'EngineThreadError';
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Keeps the engine's thread running: tells it how far the log is durable, takes what it says, and starts it again when it
 * dies, waiting longer each time. It begins anew from its checkpoint, so that a death costs time and nothing else.
 */
export class EngineRunner {
  progress: EngineProgress | undefined;
  /** Why the thread is not running; undefined while it is. */
  failure: string | undefined;
  /** Times the thread was started again. */
  restarts = 0;
  readonly #options: RunnerOptions;
  #worker: Worker | undefined;
  #told: ReturnType<typeof marked> | undefined;
  #telling = false;
  #refreshed: (() => void)[] = [];
  #closing: Promise<void> | undefined;
  #ended: Promise<void> = Promise.resolve();
  readonly #stopped = new AbortController();

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  /** Starts the thread; resolves when it has opened store and state. Throws what keeps it from that the first time. */
  async start(): Promise<void> {
    const { opened, ended } = this.#launch();
    await opened;
    this.#ended = this.#supervise(ended);
  }

  /** Says that more is durable. Cheap: many calls in one turn of the event loop are one message. */
  durable(): void {
    if (this.#telling) return;
    this.#telling = true;
    setImmediate(() => {
      this.#telling = false;
      this.#tellMark();
    });
  }

  /** Has profiles written; resolves when they are, or when the thread is not running. */
  refresh(): Promise<void> {
    if (this.#worker === undefined || this.failure !== undefined) return Promise.resolve();
    return new Promise((resolve) => {
      this.#refreshed.push(resolve);
      if (this.#refreshed.length === 1) this.#post({ type: 'refresh' });
    });
  }

  /** Lets the thread go through to the end of the log, save, and end. May be called twice. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#stopped.abort();
    this.#tellMark();
    this.#post({ type: 'end' });
    const stop = setTimeout(() => this.#post({ type: 'stop' }), DRAIN_MS_MAX);
    const end = setTimeout(() => this.#worker?.terminate(), DRAIN_MS_MAX + SAVE_MS_MAX);
    await this.#ended;
    clearTimeout(stop);
    clearTimeout(end);
  }

  /** One life of the thread. `opened` settles once; `ended` resolves with why it ended, undefined for in order. */
  #launch(): { readonly opened: Promise<void>; readonly ended: Promise<Error | undefined> } {
    const { folder, log, checkpointEveryMs } = this.#options;
    const mark = log.durable;
    const workerData: EngineThreadStart = { folder, mark, checkpointEveryMs };
    const worker = new Worker(THREAD, { workerData });
    this.#worker = worker;
    this.#told = marked(mark);
    const opening = Promise.withResolvers<void>();
    opening.promise.catch(() => undefined);
    const ended = new Promise<Error | undefined>((resolve) => {
      let why: Error | undefined;
      worker.on('message', (message: FromEngine) => {
        if (message.type === 'opened') opening.resolve();
        else if (message.type === 'failed') why = new EngineThreadError(message.code, message.message);
        else this.#take(message);
      });
      worker.on('error', (error: unknown) => {
        why = error instanceof Error ? error : new Error(String(error));
      });
      worker.on('exit', (code) => {
        this.#worker = undefined;
        if (code !== 0) why ??= new Error(`The engine's thread ended with ${code}.`);
        opening.reject(why ?? new Error("The engine's thread ended before it had begun."));
        this.#settleRefreshes();
        resolve(why);
      });
    });
    return { opened: opening.promise, ended };
  }

  async #supervise(first: Promise<Error | undefined>): Promise<void> {
    let ended = first;
    let waitMs = RETRY_MS_MIN;
    for (;;) {
      const startedMs = performance.now();
      const end = await ended;
      if (this.#stopped.signal.aborted) {
        this.failure = end?.message;
        return;
      }
      // Nobody asked for its end: were it taken for one in order, nothing would be judged and nobody told.
      const why = end ?? new Error("The engine's thread ended by itself.");
      this.failure = why.message;
      this.#options.failed(why);
      if (performance.now() - startedMs > WELL_AFTER_MS) waitMs = RETRY_MS_MIN;
      const stopped = await delay(waitMs, undefined, { signal: this.#stopped.signal }).then(
        () => false,
        () => true,
      );
      if (stopped) return;
      waitMs = Math.min(waitMs * 2, RETRY_MS_MAX);
      this.restarts++;
      const next = this.#launch();
      next.opened.then(
        () => {
          this.failure = undefined;
        },
        () => undefined,
      );
      ended = next.ended;
    }
  }

  #take(message: Exclude<FromEngine, { type: 'opened' | 'failed' }>): void {
    if (message.type === 'progress') this.progress = message.progress;
    else if (message.type === 'committed') this.#options.committed(message);
    else this.#settleRefreshes();
  }

  #settleRefreshes(): void {
    const waiting = this.#refreshed;
    this.#refreshed = [];
    for (const resolve of waiting) resolve();
  }

  #tellMark(): void {
    const { segments, ...mark } = this.#options.log.durable;
    if (this.#told !== undefined && this.#told.bytes === mark.bytes && this.#told.segments === segments) return;
    const known = this.#told?.segments === segments;
    this.#told = { bytes: mark.bytes, segments };
    this.#post({ type: 'durable', mark: known ? mark : { ...mark, segments } });
  }

  #post(message: ToEngine): void {
    this.#worker?.postMessage(message);
  }
}

/** What of a mark says whether there is a newer one. */
function marked({ bytes, segments }: SegmentLog['durable']) {
  return { bytes, segments };
}
