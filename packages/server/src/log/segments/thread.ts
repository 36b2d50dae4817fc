import { Worker } from 'node:worker_threads';
import { assert } from '@gait/engine/base/assert';
import { LogError } from '../log.ts';

interface Waiting<Answer> {
  resolve(answer: Answer): void;
  reject(error: LogError): void;
}

/**
 * A worker thread that answers requests in their order. Begins with `start` or the first request (90 ms), does not keep
 * the process alive while nobody waits, and begins anew after it has ended. `name` is that of a file beside this one.
 */
export class Thread<Request, Answer> {
  readonly #name: string;
  readonly #waiting: Waiting<Answer>[] = [];
  #worker: Worker | undefined;
  #online = false;

  constructor(name: string) {
    this.#name = name;
  }

  /** Whether it was begun. */
  get started(): boolean {
    return this.#worker !== undefined;
  }

  /** Whether it runs, so that a request does not wait for its beginning. */
  get online(): boolean {
    return this.#online;
  }

  start(): Worker {
    this.#worker ??= this.#begin();
    return this.#worker;
  }

  /** Sends a request at once, handing over the memory in `transfer`. Rejects with `GAIT_LOG_IO` when the thread ends. */
  ask(request: Request, transfer: readonly ArrayBuffer[] = []): Promise<Answer> {
    const worker = this.start();
    return new Promise((resolve, reject) => {
      worker.postMessage(request, transfer);
      this.#waiting.push({ resolve, reject });
      worker.ref();
    });
  }

  async close(): Promise<void> {
    const worker = this.#worker;
    this.#forget();
    await worker?.terminate();
  }

  #begin(): Worker {
    // Published code is built: the file beside this one has the same ending as this one.
    const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const worker = new Worker(new URL(`./${this.#name}.${ending}`, import.meta.url));
    worker.unref();
    worker.on('online', () => {
      this.#online = this.#worker === worker;
    });
    worker.on('message', (answer: Answer) => this.#answered(worker, answer));
    worker.on('error', (error) => this.#failed(error));
    worker.on('exit', () => {
      if (this.#worker === worker) this.#forget();
      this.#failed(new Error(`The thread ${this.#name} has ended.`));
    });
    return worker;
  }

  #answered(worker: Worker, answer: Answer): void {
    const waiting = this.#waiting.shift();
    assert(waiting !== undefined, 'an answer has its request');
    waiting.resolve(answer);
    if (this.#waiting.length === 0) worker.unref();
  }

  #failed(cause: Error): void {
    for (const waiting of this.#waiting.splice(0)) {
      waiting.reject(new LogError('GAIT_LOG_IO', cause.message, { cause }));
    }
  }

  #forget(): void {
    this.#worker = undefined;
    this.#online = false;
  }
}
