import { request } from 'node:http';
import type { TelemetryEvent } from '../contract.ts';
import { SUBSCRIBER_BYTES_MAX } from './limits.ts';

/** What an extension asked the Telemetry API for. */
export interface SubscriptionSettings {
  readonly types: readonly string[];
  readonly maxItems: number;
  readonly maxBytes: number;
  readonly timeoutMs: number;
  readonly port: number;
  readonly path: string;
}

/** Buffering as AWS bounds it: least, default, most. */
const ITEMS = { least: 1_000, usual: 10_000, most: 10_000 };
const BYTES = { least: 262_144, usual: 262_144, most: 1_048_576 };
const TIMEOUT_MS = { least: 25, usual: 1_000, most: 30_000 };
const TYPES = ['platform', 'function', 'extension'];
const SCHEMAS = ['2022-07-01', '2022-12-13', '2025-01-29'];
const HOSTS = ['sandbox.localdomain', 'sandbox', 'localhost', '127.0.0.1'];

/** Checks the body of a subscription. Telemetry goes only to this sandbox's own address. */
export function parseSubscription(body: Buffer | undefined): SubscriptionSettings | { readonly problem: string } {
  const asked = record(parseJson(body));
  const types: unknown[] = Array.isArray(asked['types']) ? asked['types'] : [];
  const known = TYPES.filter((type) => types.includes(type));
  if (known.length === 0 || known.length !== new Set(types).size)
    return { problem: 'types: platform, function, extension' };
  if (!SCHEMAS.some((schema) => schema === asked['schemaVersion'])) return { problem: 'schemaVersion is not known' };
  const buffering = record(asked['buffering']);
  const maxItems = within(buffering['maxItems'], ITEMS);
  const maxBytes = within(buffering['maxBytes'], BYTES);
  const timeoutMs = within(buffering['timeoutMs'], TIMEOUT_MS);
  if (maxItems === undefined || maxBytes === undefined || timeoutMs === undefined) {
    return { problem: 'buffering is out of bounds' };
  }
  const destination = record(asked['destination']);
  const url = typeof destination['URI'] === 'string' ? URL.parse(destination['URI']) : null;
  if (destination['protocol'] !== 'HTTP' || url?.protocol !== 'http:' || !HOSTS.includes(url.hostname)) {
    return { problem: 'destination must be HTTP to sandbox.localdomain' };
  }
  return {
    types: known,
    maxItems,
    maxBytes,
    timeoutMs,
    port: Number(url.port || '80'),
    path: url.pathname + url.search,
  };
}

/**
 * Sends telemetry to one extension in arrays, when a buffer is full or its time is over; one request at a time, none while the
 * sandbox is frozen. What does not fit or cannot be sent is dropped, and told of in `platform.logsDropped`.
 */
export class TelemetrySubscription {
  readonly #settings: SubscriptionSettings;
  #waiting: string[] = [];
  #bytes = 0;
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> | undefined;
  #frozen = false;
  #isOverdue = false;
  #closing = new AbortController();
  #droppedRecords = 0;
  #droppedBytes = 0;

  constructor(settings: SubscriptionSettings) {
    this.#settings = settings;
  }

  /** Takes an event, if it is of a kind that was asked for. */
  add(event: TelemetryEvent): void {
    const kind = event.type.startsWith('platform.') ? 'platform' : event.type;
    if (this.#closing.signal.aborted || !this.#settings.types.includes(kind)) return;
    const text = JSON.stringify(event);
    const bytes = Buffer.byteLength(text);
    if (this.#bytes + bytes > SUBSCRIBER_BYTES_MAX) {
      this.#droppedRecords += 1;
      this.#droppedBytes += bytes;
      return;
    }
    this.#waiting.push(text);
    this.#bytes += bytes;
    this.#schedule();
  }

  /** While it is frozen nothing is sent; timers go on counting, and what is due then is sent at once afterwards. */
  setFrozen(frozen: boolean): void {
    this.#frozen = frozen;
    if (frozen) return;
    if (this.#isOverdue) void this.#send();
    else this.#schedule();
  }

  /** Sends what waits now. Resolves when it was sent or failed. */
  async flush(): Promise<void> {
    await this.#sending;
    if (this.#waiting.length > 0 && !this.#frozen) await this.#send();
  }

  /** Drops what waits and ends the request on its way. */
  close(): void {
    clearTimeout(this.#timer);
    this.#closing.abort();
  }

  #schedule(): void {
    const { maxItems, maxBytes, timeoutMs } = this.#settings;
    if (this.#waiting.length === 0 || this.#frozen) return;
    if (this.#waiting.length >= maxItems || this.#bytes >= maxBytes) void this.#send();
    else this.#timer ??= setTimeout(() => this.#due(), timeoutMs).unref();
  }

  #due(): void {
    this.#timer = undefined;
    this.#isOverdue = this.#frozen;
    if (!this.#frozen) void this.#send();
  }

  #send(): Promise<void> {
    this.#sending ??= this.#post().finally(() => {
      this.#sending = undefined;
      this.#schedule();
    });
    return this.#sending;
  }

  async #post(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isOverdue = false;
    const items = this.#takeBatch();
    const body = `[${items.join(',')}]`;
    const { port, path } = this.#settings;
    const sent = await new Promise<boolean>((resolve) => {
      const headers = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body) };
      // The request waits as long as the sandbox lives: it may be frozen in the middle of it.
      const post = request({ host: '127.0.0.1', port, path, method: 'POST', headers, signal: this.#closing.signal });
      post.on('response', (response) => {
        response.resume();
        response.on('close', () => resolve((response.statusCode ?? 500) < 300));
      });
      post.on('error', () => resolve(false));
      post.end(body);
    });
    if (sent) return;
    this.#droppedRecords += items.length;
    this.#droppedBytes += Buffer.byteLength(body);
  }

  #takeBatch(): string[] {
    const items = this.#waiting.splice(0, this.#settings.maxItems);
    this.#bytes -= items.reduce((sum, item) => sum + Buffer.byteLength(item), 0);
    if (this.#droppedRecords === 0) return items;
    const record = {
      reason: 'Subscriber did not keep up or refused',
      droppedRecords: this.#droppedRecords,
      droppedBytes: this.#droppedBytes,
    };
    this.#droppedRecords = 0;
    this.#droppedBytes = 0;
    return [JSON.stringify({ time: new Date().toISOString(), type: 'platform.logsDropped', record }), ...items];
  }
}

function parseJson(body: Buffer | undefined): unknown {
  try {
    return JSON.parse(body?.toString('utf8') ?? '');
  } catch {
    return undefined;
  }
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

function within(value: unknown, bounds: { least: number; usual: number; most: number }): number | undefined {
  if (value === undefined) return bounds.usual;
  const fits = typeof value === 'number' && Number.isInteger(value) && value >= bounds.least && value <= bounds.most;
  return fits ? value : undefined;
}
