import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { LogDelivery, TelemetryEvent } from '@gait/platform/contract';

/** How long deliveries are collected, ms: shorter than on AWS, where it is a minute or more, so that nobody waits. */
const COLLECT_MS = 200;
/** Events and trail records that may wait; more are dropped and counted. */
const WAITING_MAX = 50_000;
/** Tries of one request, with twice the wait after each: 13 s of waiting in all. */
const TRIES_MAX = 8;
const RETRY_MS = 100;
/** One request with its answer, ms: the server answers in milliseconds. */
const REQUEST_MS_MAX = 10_000;

/** Where to deliver. */
export interface DeliveryOptions {
  /** Base address of the server. */
  readonly url: string;
  /** Token as Firehose sends it. */
  readonly token: string;
  readonly accountId: string;
  readonly region: string;
  /** Wait after the first try, ms; default 100. */
  readonly retryMs?: number;
}

/** What is sent in one request: a log stream's events, or trail records. */
type Waiting = { readonly logs: LogDelivery } | { readonly trail: readonly unknown[] };

/**
 * Carries logs and trail to the server as Amazon Data Firehose does: CloudWatch Logs subscription documents, compressed, in
 * the records of one HTTP request; trail records as documents of their own. A request that is refused for now is tried
 * again under the same id.
 */
export class Delivery {
  /** Invocations the platform has reported. */
  reports = 0;
  /** Events delivered, and those given up. */
  delivered = 0;
  dropped = 0;
  readonly #options: DeliveryOptions;
  #waiting: Waiting[] = [];
  #waitingEvents = 0;
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  logs(logs: LogDelivery): void {
    for (const { type } of logs.events) if (type === 'platform.report') this.reports++;
    this.#add({ logs }, logs.events.length);
  }

  trail(records: readonly unknown[]): void {
    this.#add({ trail: records }, records.length);
  }

  /** Resolves when everything given so far has been delivered or given up. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#send();
    await this.#sending;
  }

  /** Delivers what waits, and takes nothing more. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.flush();
  }

  #add(waiting: Waiting, events: number): void {
    if (this.#closed || this.#waitingEvents + events > WAITING_MAX) {
      this.dropped += events;
      return;
    }
    this.#waiting.push(waiting);
    this.#waitingEvents += events;
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#send();
    }, COLLECT_MS);
  }

  #send(): void {
    if (this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    const events = this.#waitingEvents;
    this.#waiting = [];
    this.#sending = this.#sending.then(async () => {
      const delivered = await this.#request(this.#records(waiting));
      this.#waitingEvents -= events;
      if (delivered) this.delivered += events;
      else this.dropped += events;
    });
  }

  #records(waiting: readonly Waiting[]): Buffer[] {
    const streams = new Map<string, { readonly of: LogDelivery; readonly events: TelemetryEvent[] }>();
    const trail: unknown[] = [];
    for (const one of waiting) {
      if ('trail' in one) {
        trail.push(...one.trail);
        continue;
      }
      const stream = streams.get(one.logs.logStream) ?? { of: one.logs, events: [] };
      stream.events.push(...one.logs.events);
      streams.set(one.logs.logStream, stream);
    }
    const documents = [...streams.values()].map(({ of, events }) => this.#subscription(of, events));
    return [...documents, ...(trail.length === 0 ? [] : [{ Records: trail }])].map((document) =>
      gzipSync(JSON.stringify(document)),
    );
  }

  /** What a subscription of CloudWatch Logs delivers. */
  #subscription({ logGroup, logStream }: LogDelivery, events: readonly TelemetryEvent[]): object {
    return {
      messageType: 'DATA_MESSAGE',
      owner: this.#options.accountId,
      logGroup,
      logStream,
      subscriptionFilters: ['gait'],
      logEvents: events.map((event) => ({
        id: randomUUID(),
        timestamp: Date.parse(event.time),
        message: isLine(event) ? String(event.record).trimEnd() : JSON.stringify(event),
      })),
    };
  }

  async #request(records: readonly Buffer[]): Promise<boolean> {
    const { url, token, region, accountId } = this.#options;
    const requestId = randomUUID();
    const body = JSON.stringify({
      requestId,
      timestamp: Date.now(),
      records: records.map((data) => ({ data: data.toString('base64') })),
    });
    const headers = {
      'content-type': 'application/json',
      'x-amz-firehose-protocol-version': '1.0',
      'x-amz-firehose-request-id': requestId,
      'x-amz-firehose-source-arn': `arn:aws:firehose:${region}:${accountId}:deliverystream/functions`,
      'x-amz-firehose-access-key': token,
    };
    for (let attempt = 1; ; attempt++) {
      const status = await statusOf(`${url}/v1/firehose`, { method: 'POST', headers, body });
      if (status >= 200 && status < 300) return true;
      const isForNow = status === NO_ANSWER || status >= 500 || status === 429;
      if (!isForNow || attempt === TRIES_MAX) return false;
      await delay((this.#options.retryMs ?? RETRY_MS) * 2 ** (attempt - 1));
    }
  }
}

/** Instead of a status: nobody listened, it took too long, or the answer broke off. */
const NO_ANSWER = 0;

async function statusOf(url: string, request: RequestInit): Promise<number> {
  try {
    const response = await fetch(url, { ...request, signal: AbortSignal.timeout(REQUEST_MS_MAX) });
    await response.arrayBuffer();
    return response.status;
  } catch {
    return NO_ANSWER;
  }
}

function isLine({ type }: TelemetryEvent): boolean {
  return type === 'function' || type === 'extension';
}
