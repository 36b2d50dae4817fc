import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** Requests that were begun have this long to end at closing, ms; then they are cut off. */
const ANSWER_MS_MAX = 10_000;
/** Connections without a request are looked for this often while closing, ms. */
const SWEEP_EVERY_MS = 50;
/** A connection that was just made may be about to carry a request: it is left alone this long, ms. */
const FRESH_MS = 250;

/** What a connection is doing. */
interface Connection {
  readonly socket: Socket;
  requests: number;
  readonly sinceMs: number;
}

/**
 * Ends an HTTP server: takes nothing more, answers what was begun, and lets go of the connections that clients keep for later
 * requests, also of those on which they never sent one, which Node counts as busy until they time out.
 */
export class Closing {
  readonly #app: FastifyInstance;
  /** By the address and port of the client: with TLS, what carries the requests is another object than the connection. */
  readonly #connections = new Map<string, Connection>();

  /** Watches the connections of a server from its start. */
  constructor(app: FastifyInstance) {
    this.#app = app;
    const server: Server = app.server;
    server.on('connection', (socket) => this.#watch(socket));
    server.on('request', ({ socket }, response) => {
      const connection = this.#connections.get(peerOf(socket));
      if (connection === undefined) return;
      connection.requests++;
      response.once('close', () => {
        connection.requests--;
      });
    });
  }

  /** Resolves when nothing is left open. */
  async close(): Promise<void> {
    const sweep = setInterval(() => this.#sweep(), SWEEP_EVERY_MS);
    const cut = setTimeout(() => {
      for (const { socket } of this.#connections.values()) socket.destroy();
    }, ANSWER_MS_MAX);
    try {
      await this.#app.close();
    } finally {
      clearInterval(sweep);
      clearTimeout(cut);
    }
  }

  #watch(socket: Socket): void {
    const peer = peerOf(socket);
    const connection = { socket, requests: 0, sinceMs: performance.now() };
    this.#connections.set(peer, connection);
    socket.once('close', () => {
      // The same client port may have been taken for the next connection already.
      if (this.#connections.get(peer) === connection) this.#connections.delete(peer);
    });
  }

  #sweep(): void {
    const nowMs = performance.now();
    for (const { socket, requests, sinceMs } of this.#connections.values()) {
      if (requests === 0 && nowMs - sinceMs > FRESH_MS) socket.destroy();
    }
  }
}

function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress} ${remotePort}`;
}
