import type { Socket } from 'node:net';
import { type Call, newCall } from '../calls.ts';
import { SOCKETS_MAX, STRAY_BYTES_MAX } from '../limits.ts';
import { plainHost } from '../redact.ts';

/** One connection and what was counted of it. */
interface Watched {
  readonly socket: Socket;
  bytesOut: number;
  bytesIn: number;
  /** The call that uses it, or used it last. */
  call: Call | undefined;
  /** That call has its whole response: what is sent now belongs to the next. */
  isIdle: boolean;
  /** Its opening, or a call through it, was reported. */
  isKnown: boolean;
  /** The runtime's or the sensor's own traffic. */
  isIgnored: boolean;
  destination: string;
  port: string;
}

/** Growth of all connections since the last look. */
export interface SocketGrowth {
  readonly bytesOut: number;
  readonly bytesIn: number;
  /** Connections that are still open. */
  readonly open: number;
}

/**
 * Counts the bytes of every connection as the growth since the last report: with connections that are kept alive, what is
 * stolen often opens none. Growth goes to the HTTP call that uses the connection, else to a `tcp:` call of its own. About
 * 0.2 µs for each open connection. Blind for connections made below Node's own sockets, and on Node 20 for TLS that is
 * used without `https` or `fetch`.
 */
export class Sockets {
  readonly #watched = new Map<object, Watched>();
  readonly #isIgnored: (host: string, port: string) => boolean;
  #bytesOut = 0;
  #bytesIn = 0;

  /** `isIgnored` says whether the other end is the runtime itself. */
  constructor(isIgnored: (host: string, port: string) => boolean) {
    this.#isIgnored = isIgnored;
  }

  /** Starts to watch a connection, once. Undefined for what is none and beyond the limit. */
  watch(value: unknown): Watched | undefined {
    if (!isSocket(value)) return undefined;
    const known = this.#watched.get(value);
    if (known !== undefined) return known;
    // TLS over a connection of its own: its bytes are counted there.
    if ('_parent' in value && isSocket(value._parent)) return this.watch(value._parent);
    if (this.#watched.size >= SOCKETS_MAX) this.#sweep();
    if (this.#watched.size >= SOCKETS_MAX) return undefined;
    const watched: Watched = {
      socket: value,
      bytesOut: 0,
      bytesIn: 0,
      call: undefined,
      isIdle: false,
      isKnown: false,
      isIgnored: false,
      destination: '',
      port: '',
    };
    this.#watched.set(value, watched);
    // The other end has no address before, and none any more after the connection was closed.
    if (value.remoteAddress !== undefined) this.#name(watched);
    else value.once('connect', () => this.#name(watched));
    return watched;
  }

  /** Gives the growth so far to the call before, and what follows to `call`. */
  assign(socket: unknown, call: Call): void {
    const watched = this.watch(socket);
    if (watched === undefined || watched.call === call) return;
    if (!watched.isIdle && watched.call?.reported === false) this.#settle(watched, watched.call);
    watched.call = call;
    watched.isIdle = false;
    watched.isKnown = true;
  }

  /** Gives the growth so far to the call that used the connection, which has its whole response. */
  settle(socket: unknown): void {
    const watched = this.watch(socket);
    if (watched === undefined) return;
    watched.isIdle = true;
    if (watched.call?.reported === false) this.#settle(watched, watched.call);
  }

  /** Never counts this connection. */
  ignore(socket: unknown): void {
    const watched = this.watch(socket);
    if (watched !== undefined) watched.isIgnored = true;
  }

  /** Counts what has grown since the last time. `add` takes calls for bytes that belong to none. */
  take(add: (call: Call) => void): SocketGrowth {
    let open = 0;
    for (const [key, watched] of this.#watched) {
      if (watched.socket.destroyed) this.#watched.delete(key);
      else if (!watched.isIgnored) open++;
      if (watched.isIgnored) continue;
      if (watched.call?.reported === false) this.#settle(watched, watched.call);
      else this.#stray(watched, add);
    }
    const growth = { bytesOut: this.#bytesOut, bytesIn: this.#bytesIn, open };
    this.#bytesOut = 0;
    this.#bytesIn = 0;
    return growth;
  }

  /** Growth without a call: a connection that no HTTP client uses, or bytes after its call was reported. */
  #stray(watched: Watched, add: (call: Call) => void): void {
    const call = newCall(watched.isKnown ? 'tcp:send' : 'tcp:connect', watched.port, watched.destination);
    const grown = this.#settle(watched, call);
    const isNew = !watched.isKnown && (watched.destination !== '' || grown > 0);
    if (!isNew && call.bytesOut <= (watched.call === undefined ? 0 : STRAY_BYTES_MAX)) return;
    watched.isKnown = true;
    add(call);
  }

  #settle(watched: Watched, call: Call): number {
    const out = (watched.socket.bytesWritten ?? 0) - watched.bytesOut;
    const inward = (watched.socket.bytesRead ?? 0) - watched.bytesIn;
    if (watched.isIgnored || !(out > 0 || inward > 0)) return 0;
    const bytesOut = Math.max(0, out);
    const bytesIn = Math.max(0, inward);
    watched.bytesOut += bytesOut;
    watched.bytesIn += bytesIn;
    call.bytesOut += bytesOut;
    call.bytesIn += bytesIn;
    this.#bytesOut += bytesOut;
    this.#bytesIn += bytesIn;
    return bytesOut + bytesIn;
  }

  #name(watched: Watched): void {
    const { socket } = watched;
    const address = socket.remoteAddress ?? '';
    watched.port = `${socket.remotePort ?? ''}`;
    if (this.#isIgnored(address, watched.port)) watched.isIgnored = true;
    const asked = '_host' in socket && typeof socket._host === 'string' ? socket._host : '';
    watched.destination = plainHost(asked) || plainHost(address);
  }

  /** Makes room: what is closed is counted no further. Its last bytes are in the totals. */
  #sweep(): void {
    for (const [key, watched] of this.#watched) {
      if (!watched.socket.destroyed) continue;
      this.#settle(watched, watched.call ?? newCall('', '', ''));
      this.#watched.delete(key);
    }
  }
}

function isSocket(value: unknown): value is Socket {
  return typeof value === 'object' && value !== null && 'bytesWritten' in value && 'bytesRead' in value;
}
