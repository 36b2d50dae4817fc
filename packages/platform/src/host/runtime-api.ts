import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { DOCUMENT_BYTES_MAX, RESPONSE_BYTES_MAX, STREAM_BYTES_MAX } from './limits.ts';

/** An invocation as the runtime is shown it. */
export interface ShownInvocation {
  readonly requestId: string;
  readonly deadlineMs: number;
  readonly functionArn: string;
  readonly traceHeader: string;
  /** JSON, already decoded from base64. */
  readonly clientContext: string | undefined;
  readonly payload: Uint8Array;
}

/** What the runtime answered to an invocation. */
export interface RuntimeAnswer {
  readonly payload: Buffer;
  /** Set when it is an error document: `Lambda-Runtime-Function-Error-Type`, or `Unhandled`. */
  readonly errorType?: string;
  /** When its first byte came, and its last; `performance.now()`. */
  readonly firstByteMs: number;
  readonly lastByteMs: number;
}

/** What the runtime does, told to the sandbox. */
export interface RuntimeListener {
  /** It waits for an invocation: it has started, or is done with the last one. */
  runtimeReady(): void;
  /** At most once per invocation. */
  answered(answer: RuntimeAnswer): void;
  /** It could not load the function; the document is JSON. */
  initFailed(errorType: string, document: Buffer): void;
}

/** Says whether a connection comes from inside the sandbox; asked once per connection. */
export type IsInside = (socket: Socket) => boolean;

/** A further part of the API, tried after the runtime's. Says whether the request was its own. */
export type FurtherRoutes = (request: IncomingMessage, response: ServerResponse) => boolean;

/**
 * The Runtime API of one sandbox, on a port of its own, as AWS describes it (version 2018-06-01). One invocation at a time. Every
 * sandbox has its own server, because clients put nothing but host and port before the path. Connections from outside the sandbox
 * are refused.
 */
export class RuntimeApi {
  readonly #listener: RuntimeListener;
  readonly #further: FurtherRoutes;
  readonly #isInside: IsInside;
  readonly #known = new WeakSet<Socket>();
  readonly #server: Server;
  #waiting: ServerResponse | undefined;
  #current: ShownInvocation | undefined;
  /** Whether the runtime has got the current invocation, and has begun to answer it. */
  #handed = false;
  #answered = false;

  constructor(listener: RuntimeListener, further: FurtherRoutes, isInside: IsInside) {
    this.#listener = listener;
    this.#isInside = isInside;
    this.#further = further;
    // Neither a runtime that waits nor a response that is streamed slowly may be cut off: the sandbox has the deadlines.
    this.#server = createServer({ keepAliveTimeout: 0, requestTimeout: 0, headersTimeout: 0, maxHeaderSize: 65_536 });
    this.#server.on('request', (request, response) => this.#route(request, response));
    this.#server.on('clientError', (_, socket) => socket.destroy());
  }

  /** Starts listening; resolves with `address:port`. */
  async listen(address: string): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.once('close', () => reject(new Error('The sandbox ended before it started')));
      this.#server.listen(0, address, resolve);
    });
    const bound = this.#server.address();
    return `${address}:${typeof bound === 'object' && bound !== null ? bound.port : 0}`;
  }

  /** Gives the runtime an invocation, at once or when it asks. */
  invoke(invocation: ShownInvocation): void {
    this.#current = invocation;
    this.#answered = false;
    if (this.#waiting !== undefined) this.#hand(this.#waiting, invocation);
  }

  /** Ends all connections. */
  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #route(request: IncomingMessage, response: ServerResponse): void {
    if (!this.#admits(request.socket)) {
      request.resume();
      reply(response, 403, { errorType: 'Forbidden', errorMessage: 'Not from this sandbox' }, { Connection: 'close' });
      return;
    }
    const path = request.url ?? '';
    const method = request.method ?? '';
    if (method === 'GET' && path === '/2018-06-01/runtime/invocation/next') {
      this.#next(response);
      return;
    }
    const match = /^\/2018-06-01\/runtime\/(?:invocation\/([^/]+)\/(response|error)|(init)\/error)$/.exec(path);
    if (method === 'POST' && match !== null) {
      const [, requestId, kind] = match;
      if (requestId === undefined) void this.#initError(request, response);
      else void this.#answer(request, response, { requestId, isError: kind === 'error' });
      return;
    }
    if (this.#further(request, response)) return;
    reply(response, 404, { errorType: 'NotFound', errorMessage: 'No such part of the Runtime API' });
  }

  #admits(socket: Socket): boolean {
    if (this.#known.has(socket)) return true;
    if (!this.#isInside(socket)) return false;
    this.#known.add(socket);
    return true;
  }

  #next(response: ServerResponse): void {
    if (this.#current !== undefined && this.#handed && !this.#answered) {
      reply(response, 403, { errorType: 'InvalidStateTransition', errorMessage: 'Answer the last invocation first' });
      return;
    }
    this.#waiting = response;
    response.on('close', () => {
      if (this.#waiting === response) this.#waiting = undefined;
    });
    const pending = this.#current;
    if (pending !== undefined && !this.#handed) {
      this.#hand(response, pending);
      return;
    }
    this.#current = undefined;
    this.#handed = false;
    this.#listener.runtimeReady();
  }

  #hand(response: ServerResponse, invocation: ShownInvocation): void {
    this.#waiting = undefined;
    this.#handed = true;
    response.writeHead(200, {
      'Content-Type': 'application/json',
      'Content-Length': invocation.payload.length,
      'Lambda-Runtime-Aws-Request-Id': invocation.requestId,
      'Lambda-Runtime-Deadline-Ms': String(invocation.deadlineMs),
      'Lambda-Runtime-Invoked-Function-Arn': invocation.functionArn,
      'Lambda-Runtime-Trace-Id': invocation.traceHeader,
      ...(invocation.clientContext === undefined ? {} : { 'Lambda-Runtime-Client-Context': invocation.clientContext }),
    });
    response.end(invocation.payload);
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    kind: { readonly requestId: string; readonly isError: boolean },
  ): Promise<void> {
    const streaming = request.headers['lambda-runtime-function-response-mode'] === 'streaming';
    const refusal = this.#refusal(kind.requestId);
    if (refusal !== undefined) {
      request.resume();
      reply(response, refusal.status, refusal);
      return;
    }
    this.#answered = true;
    const body = await readBody(request, streaming ? STREAM_BYTES_MAX : RESPONSE_BYTES_MAX);
    // The connection broke: the process is dying, and its end says what happened.
    if (body === 'aborted') return;
    const times = { firstByteMs: body.firstByteMs, lastByteMs: performance.now() };
    if (body.bytes === undefined) {
      const document = tooLarge(streaming ? STREAM_BYTES_MAX : RESPONSE_BYTES_MAX);
      reply(response, 413, document);
      this.#listener.answered({ payload: toJson(document), errorType: document.errorType, ...times });
      return;
    }
    reply(response, 202, { status: 'OK' });
    const failure = errorOf(request, kind.isError, body.bytes);
    this.#listener.answered({ payload: body.bytes, ...failure, ...times });
  }

  #refusal(requestId: string): ApiRefusal | undefined {
    if (requestId !== this.#current?.requestId) {
      return { status: 400, errorType: 'InvalidRequestID', errorMessage: 'Invalid request ID' };
    }
    if (!this.#answered) return undefined;
    return { status: 403, errorType: 'InvalidStateTransition', errorMessage: 'The invocation was answered already' };
  }

  async #initError(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request, DOCUMENT_BYTES_MAX);
    if (body === 'aborted') return;
    reply(response, 202, { status: 'OK' });
    const type = request.headers['lambda-runtime-function-error-type'];
    this.#listener.initFailed(typeof type === 'string' ? type : 'Runtime.Unknown', body.bytes ?? Buffer.from('{}'));
  }
}

interface ApiRefusal {
  readonly status: number;
  readonly errorType: string;
  readonly errorMessage: string;
}

/** Answers a request of the sandbox with JSON. */
export function reply(
  response: ServerResponse,
  status: number,
  body: object,
  headers: Record<string, string> = {},
): void {
  const bytes = toJson(body);
  response.writeHead(status, { 'Content-Type': 'application/json', 'Content-Length': bytes.length, ...headers });
  response.end(bytes);
}

/** Reads a body up to a limit; `bytes` is undefined when it was longer. The rest is read and thrown away. */
export async function readBody(
  request: IncomingMessage,
  bytesMax: number,
): Promise<{ readonly bytes: Buffer | undefined; readonly firstByteMs: number } | 'aborted'> {
  const parts: Buffer[] = [];
  let length = 0;
  let firstByteMs: number | undefined;
  return new Promise((resolve) => {
    request.on('data', (part: Buffer) => {
      firstByteMs ??= performance.now();
      length += part.length;
      if (length <= bytesMax) parts.push(part);
      else parts.length = 0;
    });
    request.on('end', () => {
      const bytes = length > bytesMax ? undefined : parts.length === 1 ? parts[0] : Buffer.concat(parts);
      resolve({ bytes, firstByteMs: firstByteMs ?? performance.now() });
    });
    request.on('close', () => resolve('aborted'));
    request.on('error', () => resolve('aborted'));
  });
}

function toJson(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function tooLarge(bytesMax: number): { errorType: string; errorMessage: string } {
  return {
    errorType: 'Function.ResponseSizeTooLarge',
    errorMessage: `Response payload size exceeded maximum allowed payload size (${bytesMax} bytes).`,
  };
}

/** A streamed response may turn out to be an error at its end: then trailers say so, and carry the document. */
function errorOf(request: IncomingMessage, isError: boolean, body: Buffer): { errorType?: string; payload?: Buffer } {
  const header = request.headers['lambda-runtime-function-error-type'];
  if (isError) return { errorType: typeof header === 'string' ? header : 'Unhandled' };
  const type = request.trailers['lambda-runtime-function-error-type'];
  if (type === undefined) return {};
  const document = request.trailers['lambda-runtime-function-error-body'];
  if (document === undefined) return { errorType: type, payload: body };
  return { errorType: type, payload: Buffer.from(document, 'base64') };
}
