import type { IncomingMessage, RequestListener } from 'node:http';
import { createServer } from 'node:http';

/** Larger bodies are cut off: nobody here sends one. */
const BODY_BYTES_MAX = 4 * 1024 * 1024;

/** A server of the demonstration. */
export interface LoopbackServer {
  /** Without a slash at the end. */
  readonly url: string;
  /** Ends connections too. May be called twice. */
  close(): Promise<void>;
}

/**
 * Starts an HTTP server on an address of the loopback network, on a free port unless one is named. Rejects with the system's
 * error when the address cannot be used: outside Linux, addresses other than 127.0.0.1 must be added to the machine first.
 */
export async function startLoopbackServer(
  address: string,
  listener: RequestListener,
  port = 0,
): Promise<LoopbackServer> {
  if (!address.startsWith('127.')) throw new Error(`${address} is not an address of the loopback network`);
  const server = createServer(listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, resolve);
  });
  const at = server.address();
  if (typeof at !== 'object' || at === null) throw new Error('the server has no address');
  return {
    url: `http://${address}:${at.port}`,
    async close() {
      if (!server.listening) return;
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Reads a request's body. Rejects when it is too large or breaks off. */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request) {
    if (!Buffer.isBuffer(part)) throw new Error('the body is not bytes');
    size += part.length;
    if (size > BODY_BYTES_MAX) throw new Error('the body is too large');
    parts.push(part);
  }
  return Buffer.concat(parts);
}
