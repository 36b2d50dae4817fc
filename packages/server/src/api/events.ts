import type { ServerResponse } from 'node:http';
import type { Committed, Service } from '../runtime/service.ts';
import type { Store } from '../storage/store.ts';
import {
  CLIENT_BUFFER_BYTES_MAX,
  CLIENTS_MAX,
  COMMENT_EVERY_MS,
  RECONNECT_MS,
  RESUMED_FINDINGS_MAX,
  STATUS_EVERY_MS,
} from './limits.ts';
import type { ApiCounters } from './parts.ts';

/** How often what is in the stream, ms. Tests are in more of a hurry. */
export interface EventTimes {
  readonly statusEveryMs: number;
  readonly commentEveryMs: number;
}

/** A client of the stream. */
interface Client {
  readonly response: ServerResponse;
  /** Whether its token is still valid. */
  readonly stillValid: () => boolean;
  /** Findings it was sent when it came back: their commit may be told of only afterwards. */
  resumed: ReadonlySet<string> | undefined;
}

/** What the stream is made from. */
export interface EventSources {
  readonly service: Pick<Service, 'status' | 'onCommitted'>;
  readonly store: Pick<Store, 'finding' | 'findings' | 'incidents'>;
  readonly counters: ApiCounters;
  readonly times?: EventTimes;
}

/** The stream of what is found: findings, incidents, and how the service is. One for all clients. */
export interface EventStream {
  /** False when there are as many clients as there may be; nothing was written to the response then. */
  add(response: ServerResponse, client: { readonly lastEventId: string; readonly stillValid: () => boolean }): boolean;
  /** Ends all streams; more are not taken. May be called twice. */
  close(): void;
}

/**
 * Begins a stream of server-sent events. Each event is made once, whatever the number of clients. Nothing waits for a
 * client: what one does not read is buffered up to a limit, beyond which the client is let go and counted; it comes back
 * with the id of the last finding it saw and is sent what has come since, within a limit.
 */
export function openEventStream(sources: EventSources): EventStream {
  return new Stream(sources);
}

const TIMES: EventTimes = { statusEveryMs: STATUS_EVERY_MS, commentEveryMs: COMMENT_EVERY_MS };

class Stream implements EventStream {
  readonly #sources: EventSources;
  readonly #clients = new Set<Client>();
  readonly #endings: (() => void)[];
  #closed = false;

  constructor(sources: EventSources) {
    this.#sources = sources;
    const { statusEveryMs, commentEveryMs } = sources.times ?? TIMES;
    const status = setInterval(() => this.#status(), statusEveryMs).unref();
    const comment = setInterval(() => this.#sendAll(': still here\n\n'), commentEveryMs).unref();
    this.#endings = [
      () => clearInterval(status),
      () => clearInterval(comment),
      sources.service.onCommitted((committed) => this.#committed(committed)),
    ];
  }

  add(
    response: ServerResponse,
    { lastEventId, stillValid }: { readonly lastEventId: string; readonly stillValid: () => boolean },
  ): boolean {
    const { counters } = this.#sources;
    if (this.#closed || this.#clients.size >= CLIENTS_MAX) {
      counters.clientsRefused++;
      return false;
    }
    // What was missed is read before anything is written, so that a store that cannot be read is answered as an error.
    const missed = this.#missed(lastEventId);
    const client: Client = { response, stillValid, resumed: missed?.ids };
    this.#clients.add(client);
    counters.clients = this.#clients.size;
    response.once('close', () => this.#remove(client));
    response.on('error', () => this.#remove(client));
    response.flushHeaders();
    this.#send(client, `retry: ${RECONNECT_MS}\n${eventText('hello', { resumed: missed !== undefined })}`);
    for (const text of missed?.texts ?? []) this.#send(client, text);
    this.#send(client, eventText('status', this.#sources.service.status()));
    return true;
  }

  close(): void {
    this.#closed = true;
    for (const end of this.#endings.splice(0)) end();
    for (const client of this.#clients) client.response.end();
  }

  /** What came since a finding, as events; undefined when that cannot be said: the client lists everything then. */
  #missed(lastEventId: string): { readonly ids: ReadonlySet<string>; readonly texts: readonly string[] } | undefined {
    const { store } = this.#sources;
    if (!/^[0-9a-f]{16}$/.test(lastEventId)) return undefined;
    const last = store.finding(lastEventId);
    if (last.kind !== 'found') return undefined;
    const found = store.findings({ order: 'told', after: lastEventId, limit: RESUMED_FINDINGS_MAX + 1 });
    const incidents = store.incidents({ sinceMs: last.value.timeMs, limit: RESUMED_FINDINGS_MAX + 1 });
    if (found.length > RESUMED_FINDINGS_MAX || incidents.length > RESUMED_FINDINGS_MAX) return undefined;
    const shown = found.filter(({ level }) => level === 'finding');
    const texts = [
      ...shown.map((finding) => eventText('finding', finding, finding.id)),
      ...incidents.toReversed().map((incident) => eventText('incident', incident)),
    ];
    return { ids: new Set(shown.map(({ id }) => id)), texts };
  }

  #committed({ findings, incidents }: Committed): void {
    if (this.#clients.size === 0) return;
    for (const finding of findings) {
      // Weak signals are listed, not announced.
      if (finding.level !== 'finding') continue;
      this.#sendAll(eventText('finding', finding, finding.id), finding.id);
    }
    for (const incident of incidents) this.#sendAll(eventText('incident', incident));
  }

  #status(): void {
    for (const client of this.#clients) if (!client.stillValid()) client.response.end();
    if (this.#clients.size > 0) this.#sendAll(eventText('status', this.#sources.service.status()));
  }

  #sendAll(text: string, findingId?: string): void {
    for (const client of this.#clients) {
      if (findingId === undefined || client.resumed?.has(findingId) !== true) this.#send(client, text);
    }
  }

  #send(client: Client, text: string): void {
    const { response } = client;
    const { counters } = this.#sources;
    if (response.writableEnded || response.destroyed) return;
    if (response.writableLength + text.length > CLIENT_BUFFER_BYTES_MAX) {
      counters.clientsDropped++;
      response.destroy();
      this.#remove(client);
      return;
    }
    response.write(text);
    counters.eventsSent++;
  }

  #remove(client: Client): void {
    this.#clients.delete(client);
    this.#sources.counters.clients = this.#clients.size;
  }
}

/** One event. JSON has no line breaks of its own, so that it is always one `data` line. */
function eventText(event: string, value: object, id?: string): string {
  return `event: ${event}\n${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(value)}\n\n`;
}
