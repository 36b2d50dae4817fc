import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http';
import { nowMs } from '../calls.ts';
import { BACK_OFF_MS, BACK_OFF_MS_MAX, BATCH_BYTES_MAX, DELIVERY_MS_MAX, QUEUE_BYTES_MAX } from '../limits.ts';
import type { Transport } from './transport.ts';

/** Where records go, and how long a response may wait for that. */
export interface CollectorOptions {
  readonly endpoint: string;
  readonly token: string;
  readonly flushMs: number;
}

/** A transport whose requests the sensor must not report. */
export interface CollectorTransport extends Transport {
  isOwn(request: unknown): boolean;
}

/** Lines on their way. */
interface Batch {
  readonly lines: readonly string[];
  readonly bytes: number;
}

/**
 * Sends records as NDJSON to `<endpoint>/v1/events` of a local collector, over one kept connection, one request at a time:
 * what comes meanwhile goes with the next. The response of the function waits for at most the time budget, since the
 * sandbox may be frozen right after it; a request that takes longer goes on when the sandbox does. Lines that could not be
 * delivered are sent again; when too many wait, the oldest go and are counted. After failures nothing is sent for a while,
 * so that a dead collector costs no response its budget again and again.
 */
export function collectorTransport(options: CollectorOptions): CollectorTransport {
  const client = clientOf(options.endpoint);
  return client === undefined ? unusable() : new Collector(options, client);
}

/** The parts of `node:http` or `node:https` that are needed, and one connection of its own. */
interface Client {
  readonly url: URL;
  readonly agent: Agent;
  request(url: URL, options: RequestOptions, answered: (response: IncomingMessage) => void): ClientRequest;
}

class Collector implements CollectorTransport {
  readonly #options: CollectorOptions;
  readonly #client: Client;
  readonly #own = new WeakSet<object>();
  #lines: string[] = [];
  #bytes = 0;
  #dropped = 0;
  #failures = 0;
  #restsUntilMs = 0;
  #underway: Promise<void> | undefined;

  constructor(options: CollectorOptions, client: Client) {
    this.#options = options;
    this.#client = client;
  }

  isOwn(request: unknown): boolean {
    if (typeof request !== 'object' || request === null) return false;
    return this.#own.has(request) || ('agent' in request && request.agent === this.#client.agent);
  }

  send(line: string): void {
    this.#lines.push(line);
    this.#bytes += line.length + 1;
    this.#shed();
  }

  flush(): Promise<void> | undefined {
    if (this.#options.flushMs <= 0) {
      this.#deliver();
      return undefined;
    }
    const underway = this.#deliver();
    if (underway === undefined) return undefined;
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, this.#options.flushMs);
      underway.then(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  dropped(): number {
    return this.#dropped;
  }

  /** Starts a delivery if there is something to deliver, and none under way. */
  #deliver(): Promise<void> | undefined {
    if (this.#underway !== undefined) return this.#underway;
    if (this.#lines.length === 0 || nowMs() < this.#restsUntilMs) return undefined;
    const batch = this.#take();
    const underway = this.#post(batch).then((outcome) => {
      this.#underway = undefined;
      this.#settle(batch, outcome);
    });
    this.#underway = underway;
    return underway;
  }

  #take(): Batch {
    let bytes = 0;
    let count = 0;
    while (count < this.#lines.length && (count === 0 || bytes + this.#lines[count].length < BATCH_BYTES_MAX)) {
      bytes += this.#lines[count++].length + 1;
    }
    this.#bytes -= bytes;
    return { lines: this.#lines.splice(0, count), bytes };
  }

  #settle(batch: Batch, outcome: 'accepted' | 'refused' | 'failed'): void {
    if (outcome === 'accepted') {
      this.#failures = 0;
      return;
    }
    const rest = Math.min(BACK_OFF_MS * 2 ** Math.min(this.#failures++, 16), BACK_OFF_MS_MAX);
    this.#restsUntilMs = nowMs() + rest;
    // What was refused as it is would be refused again.
    if (outcome === 'refused') this.#dropped += batch.lines.length;
    else {
      this.#lines.unshift(...batch.lines);
      this.#bytes += batch.bytes;
      this.#shed();
    }
  }

  #shed(): void {
    while (this.#bytes > QUEUE_BYTES_MAX && this.#lines.length > 1) {
      this.#bytes -= (this.#lines.shift()?.length ?? 0) + 1;
      this.#dropped++;
    }
  }

  /** Resolves in any case. */
  #post(batch: Batch): Promise<'accepted' | 'refused' | 'failed'> {
    const body = Buffer.from(`${batch.lines.join('\n')}\n`);
    return new Promise((resolve) => {
      try {
        const { url, agent } = this.#client;
        const headers = {
          'content-type': 'application/x-ndjson',
          'content-length': body.byteLength,
          ...(this.#options.token === '' ? {} : { authorization: `Bearer ${this.#options.token}` }),
        };
        const request = this.#client.request(url, { method: 'POST', agent, headers }, (response) => {
          const status = response.statusCode ?? 0;
          response.once('close', () => resolve(verdictOf(status)));
          response.once('error', () => resolve('failed'));
          response.resume();
        });
        this.#own.add(request);
        request.once('error', () => resolve('failed'));
        request.setTimeout(DELIVERY_MS_MAX, () => request.destroy());
        request.once('socket', (socket) => socket.unref());
        request.end(body);
      } catch {
        resolve('failed');
      }
    });
  }
}

/** Overload and trouble of the collector pass; other refusals do not. */
function verdictOf(status: number): 'accepted' | 'refused' | 'failed' {
  if (status >= 200 && status < 300) return 'accepted';
  return status === 429 || status === 408 || status >= 500 || status === 0 ? 'failed' : 'refused';
}

/** Undefined when the endpoint is no HTTP URL. Loads Node's client only now: it takes some ms. */
function clientOf(endpoint: string): Client | undefined {
  if (!URL.canParse(endpoint)) return undefined;
  const base = new URL(endpoint);
  if (base.protocol !== 'http:' && base.protocol !== 'https:') return undefined;
  const module = process.getBuiltinModule?.(base.protocol === 'http:' ? 'node:http' : 'node:https');
  if (module === undefined) return undefined;
  const url = new URL('v1/events', endpoint.endsWith('/') ? endpoint : `${endpoint}/`);
  return { url, agent: new module.Agent({ keepAlive: true, maxSockets: 1 }), request: module.request };
}

/** Counts everything as lost: the endpoint cannot be used. */
function unusable(): CollectorTransport {
  let dropped = 0;
  return {
    send: () => {
      dropped++;
    },
    flush: () => undefined,
    isOwn: () => false,
    dropped: () => dropped,
  };
}
