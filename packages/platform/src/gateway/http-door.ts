import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { newTraceId } from '../host/trace-header.ts';
import type { HttpAnswer } from './http-answer.ts';
import type { ReceivedRequest } from './http-event.ts';
import { BODY_BYTES_MAX, HEADER_BYTES_MAX, KEEP_ALIVE_MS, REQUEST_MS_MAX } from './limits.ts';

/** Answers a request. If it rejects, the connection is cut off. */
export type Respond = (request: ReceivedRequest) => Promise<HttpAnswer>;

/** An HTTP server in front of functions. */
export interface HttpDoor {
  readonly url: string;
  readonly port: number;
  /** Stops taking requests, waits for those that run up to `graceMs`, then cuts them off. May be called twice. */
  close(graceMs?: number): Promise<void>;
}

/** Time that running requests have at closing if nobody says otherwise, ms: enough for most, short enough to wait for. */
const CLOSE_MS_DEFAULT = 1_000;

/** Opens a door at a port, or at any free one (0). Rejects if it cannot listen. */
export async function openDoor(
  at: { readonly address: string; readonly port: number },
  respond: Respond,
): Promise<HttpDoor> {
  const server = createServer({
    maxHeaderSize: HEADER_BYTES_MAX,
    requestTimeout: REQUEST_MS_MAX,
    headersTimeout: REQUEST_MS_MAX,
    keepAliveTimeout: KEEP_ALIVE_MS,
  });
  server.on('request', (request, response) => {
    // What cannot be sent ends its own connection, and not the door.
    serve(request, response, respond).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(at.port, at.address, resolve);
  });
  const bound = server.address();
  const port = typeof bound === 'object' && bound !== null ? bound.port : 0;
  const host = at.address.includes(':') ? `[${at.address}]` : at.address;
  let closing: Promise<void> | undefined;
  return {
    url: `http://${host}:${port}`,
    port,
    close: (graceMs = CLOSE_MS_DEFAULT) => {
      closing ??= closeServer(server, graceMs);
      return closing;
    },
  };
}

/** An answer of the door itself, in the words of API Gateway. */
export function message(status: number, text: string): HttpAnswer {
  const body = Buffer.from(JSON.stringify({ message: text }));
  return { status, headers: { 'content-type': 'application/json' }, body };
}

async function serve(request: IncomingMessage, response: ServerResponse, respond: Respond): Promise<void> {
  const receivedMs = Date.now();
  const body = await bodyOf(request);
  if (body === 'aborted') return;
  const answer =
    body === 'too-large'
      ? message(413, 'Request Entity Too Large')
      : await respond({ message: request, body, receivedMs, traceHeader: traceOf(request, receivedMs) });
  if (response.destroyed) return;
  const headers: Record<string, string | number | string[]> = {};
  for (const [name, value] of Object.entries(answer.headers))
    headers[name] = typeof value === 'string' ? value : [...value];
  const isEmpty = answer.status === 204 || answer.status === 304;
  if (!isEmpty) headers['content-length'] = answer.body.length;
  // The rest of a body that is too large is not read: the connection cannot be used again.
  if (body === 'too-large') headers['connection'] = 'close';
  response.writeHead(answer.status, headers);
  response.end(isEmpty || request.method === 'HEAD' ? undefined : answer.body);
}

/** A client may name the trace its request belongs to. */
function traceOf(request: IncomingMessage, nowMs: number): string {
  const given = request.headers['x-amzn-trace-id'];
  return typeof given === 'string' && given.includes('Root=') ? given : newTraceId(nowMs);
}

function bodyOf(request: IncomingMessage): Promise<Buffer | 'aborted' | 'too-large'> {
  const parts: Buffer[] = [];
  let length = 0;
  return new Promise((resolve) => {
    request.on('data', (part: Buffer) => {
      length += part.length;
      if (length <= BODY_BYTES_MAX) parts.push(part);
      else {
        parts.length = 0;
        resolve('too-large');
      }
    });
    request.on('end', () => resolve(Buffer.concat(parts)));
    request.on('error', () => resolve('aborted'));
    request.on('close', () => resolve('aborted'));
  });
}

async function closeServer(server: Server, graceMs: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => server.closeAllConnections(), graceMs);
  await closed;
  clearTimeout(timer);
}
