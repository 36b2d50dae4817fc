import type { LogDelivery, TelemetryEvent } from '../contract.ts';
import {
  LOG_BYTES_PER_INVOCATION_MAX,
  LOG_DELAY_MS,
  LOG_EVENTS_PER_DELIVERY_MAX,
  LOG_LINES_PER_INVOCATION_MAX,
} from './limits.ts';

/** What a sandbox log needs to know. */
export interface SandboxLogOptions {
  readonly functionName: string;
  readonly logStream: string;
  readonly deliver: (delivery: LogDelivery) => void;
}

/**
 * The log of one sandbox: the platform's records and the lines of the function and its extensions in the order they were seen.
 * Delivered in batches after at most `LOG_DELAY_MS`, and to subscribers one by one. Lines beyond the bounds of one invocation are
 * dropped, counted, and told of in `platform.logsDropped`.
 */
export class SandboxLog {
  readonly #options: SandboxLogOptions;
  readonly #listeners: ((event: TelemetryEvent) => void)[] = [];
  #waiting: TelemetryEvent[] = [];
  #timer: NodeJS.Timeout | undefined;
  #lines = 0;
  #bytes = 0;
  #droppedRecords = 0;
  #droppedBytes = 0;

  constructor(options: SandboxLogOptions) {
    this.#options = options;
  }

  /** A record of the platform's own: `type` without `platform.`. */
  platform(type: string, record: Readonly<Record<string, unknown>>): void {
    this.#add({ time: new Date().toISOString(), type: `platform.${type}`, record });
  }

  /** A line; `cutBytes` were already taken off it. */
  line(type: 'function' | 'extension', line: string, cutBytes = 0): void {
    this.#droppedBytes += cutBytes;
    const bytes = Buffer.byteLength(line);
    if (this.#lines >= LOG_LINES_PER_INVOCATION_MAX || this.#bytes + bytes > LOG_BYTES_PER_INVOCATION_MAX) {
      this.#droppedRecords += 1;
      this.#droppedBytes += bytes;
      return;
    }
    this.#lines += 1;
    this.#bytes += bytes;
    this.#add({ time: new Date().toISOString(), type, record: line });
  }

  /** Says what was dropped, gives the next invocation its own bounds, and delivers what waits. */
  endInvocation(): void {
    this.tellDropped();
    this.#lines = 0;
    this.#bytes = 0;
    this.flush();
  }

  /** Writes `platform.logsDropped` if anything was dropped since the last time. */
  tellDropped(): void {
    if (this.#droppedBytes === 0 && this.#droppedRecords === 0) return;
    const dropped = { droppedRecords: this.#droppedRecords, droppedBytes: this.#droppedBytes };
    this.#droppedRecords = 0;
    this.#droppedBytes = 0;
    this.platform('logsDropped', { reason: 'Function wrote more than one invocation may', ...dropped });
  }

  /** Tells a listener of every event from now on. */
  listen(listener: (event: TelemetryEvent) => void): void {
    this.#listeners.push(listener);
  }

  /** Delivers what waits. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#waiting.length === 0) return;
    const events = this.#waiting;
    this.#waiting = [];
    const { functionName, logStream, deliver } = this.#options;
    deliver({ functionName, logGroup: `/aws/lambda/${functionName}`, logStream, events });
  }

  #add(event: TelemetryEvent): void {
    this.#waiting.push(event);
    for (const listener of this.#listeners) listener(event);
    if (this.#waiting.length >= LOG_EVENTS_PER_DELIVERY_MAX) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), LOG_DELAY_MS).unref();
  }
}
