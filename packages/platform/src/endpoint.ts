import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AwsRequest, AwsResponse, AwsService } from './contract.ts';
import { type Refusal, refusalResponse } from './endpoint-errors.ts';
import type { AccessKey, Directory } from './identity/directory.ts';
import { checkSignature, parseClaim, type SignatureClaim, type SignatureFault } from './identity/signature.ts';
import { Bodies, type BodyLimits } from './request-body.ts';

/** What the endpoint needs. */
export interface EndpointOptions {
  readonly address: string;
  readonly directory: Directory;
  /** Answers requests that need no signature (downloads whose URL is the proof), undefined for paths that are not its own. */
  readonly open?: (request: OpenRequest) => Promise<AwsResponse | undefined>;
  /** Told of errors of services, which are faults of this program. Must not throw. */
  readonly onFailure?: (error: unknown) => void;
  /** Default: 72 MiB for one body, 288 MiB for all that are being answered. */
  readonly bodies?: BodyLimits;
  readonly now?: () => number;
}

/** A request without a signature. */
export interface OpenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
}

/** The running endpoint. */
export interface Endpoint {
  readonly url: string;
  /** Adds a service; services are added once, before they are called. */
  serve(service: AwsService): void;
  /** Requests that were refused before a service saw them, by reason. */
  readonly refused: Readonly<Record<string, number>>;
  /** May be called twice. */
  close(): Promise<void>;
}

/**
 * Largest body: a package of 50 MB in base64 for `UpdateFunctionCode`, with its frame. All together: four of those, since
 * whoever calls may be an intruder in a sandbox.
 */
const BODY_BYTES_MAX = 72 * 1024 * 1024;
const BODIES_BYTES_MAX = 4 * BODY_BYTES_MAX;
/** Connections at once: every sandbox and tool of one machine holds a few. */
const CONNECTIONS_MAX = 1_024;

/**
 * One HTTP server for all AWS services, as `AWS_ENDPOINT_URL` expects it: reads from the signature which service is
 * meant, checks it, finds out who calls, and hands the request on. Refusals have the shape of that service's protocol.
 * Bodies are only kept for keys that exist. `aws-chunked` bodies are handed on as they came.
 */
export async function startEndpoint(options: EndpointOptions): Promise<Endpoint> {
  const services = new Map<string, AwsService>();
  const refused: Record<string, number> = {};
  const router = new Router({ options, services, refused });
  const server = createServer((message, response) => void router.take(message, response));
  server.maxConnections = CONNECTIONS_MAX;
  await listen(server, options.address);
  const host = options.address.includes(':') ? `[${options.address}]` : options.address;
  let closing: Promise<void> | undefined;
  return {
    url: `http://${host}:${portOf(server)}`,
    refused,
    serve(service) {
      for (const name of service.signingNames) services.set(name, service);
    },
    close() {
      closing ??= closeServer(server);
      return closing;
    },
  };
}

/** A request whose head was read. */
interface Head {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly sourceIp: string;
  readonly requestId: string;
}

/** A request that was read. */
interface Taken {
  readonly head: Head;
  readonly claim: SignatureClaim | SignatureFault;
  readonly key: AccessKey | undefined;
  readonly body: Buffer | 'too-large' | 'busy';
}

class Router {
  readonly #options: EndpointOptions;
  readonly #services: ReadonlyMap<string, AwsService>;
  readonly #refused: Record<string, number>;
  readonly #bodies: Bodies;

  constructor(parts: {
    readonly options: EndpointOptions;
    readonly services: ReadonlyMap<string, AwsService>;
    readonly refused: Record<string, number>;
  }) {
    this.#options = parts.options;
    this.#services = parts.services;
    this.#refused = parts.refused;
    this.#bodies = new Bodies(parts.options.bodies ?? { oneMax: BODY_BYTES_MAX, allMax: BODIES_BYTES_MAX });
  }

  async take(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const head = headOf(message);
    let body: Taken['body'] = 'busy';
    try {
      const claim = parseClaim(head);
      const key = typeof claim === 'string' ? undefined : this.#options.directory.key(claim.accessKeyId);
      body = await this.#bodies.read(message, key !== undefined);
      send(response, await this.#answer({ head, claim, key, body }), head);
    } catch (error) {
      if (message.destroyed && !message.complete) response.destroy();
      else {
        this.#options.onFailure?.(error);
        send(response, this.#refuse('failed', head, ''), head);
      }
    } finally {
      if (typeof body !== 'string') this.#bodies.release(body);
    }
  }

  async #answer(taken: Taken): Promise<AwsResponse> {
    const { head, claim, key, body } = taken;
    if (claim === 'missing') {
      const open = await this.#options.open?.(openRequest(head));
      if (open !== undefined) return open;
    }
    if (typeof claim === 'string') return this.#refuse(claim, head, '');
    if (key === undefined) return this.#refuse('unknown-key', head, claim.service);
    if (typeof body === 'string') return this.#refuse(body, head, claim.service);
    const refusal = this.#check({ ...head, body }, claim, key);
    if (refusal !== undefined) return this.#refuse(refusal, head, claim.service);
    const service = this.#services.get(claim.service);
    if (service === undefined) return this.#refuse('unknown-service', head, claim.service);
    return service.handle(requestOf({ head, body, claim, key }));
  }

  #check(request: Head & { readonly body: Buffer }, claim: SignatureClaim, key: AccessKey): Refusal | undefined {
    const nowMs = (this.#options.now ?? Date.now)();
    const fault = checkSignature(request, claim, { secretAccessKey: key.secretAccessKey, nowMs });
    if (fault !== undefined) return fault;
    if (claim.sessionToken !== key.sessionToken) return 'wrong-token';
    return key.expiresMs <= nowMs ? 'expired-token' : undefined;
  }

  #refuse(refusal: Refusal, head: Head, service: string): AwsResponse {
    this.#refused[refusal] = (this.#refused[refusal] ?? 0) + 1;
    return refusalResponse(refusal, { service, headers: head.headers, requestId: head.requestId });
  }
}

function headOf(message: IncomingMessage): Head {
  const headers: Record<string, string> = {};
  for (const [name, values] of Object.entries(message.headersDistinct)) headers[name] = values?.join(',') ?? '';
  return {
    method: message.method ?? 'GET',
    target: message.url ?? '/',
    headers,
    sourceIp: (message.socket.remoteAddress ?? '').replace(/^::ffff:/, ''),
    requestId: randomUUID(),
  };
}

function openRequest(head: Head): OpenRequest {
  const at = head.target.indexOf('?');
  const path = at < 0 ? head.target : head.target.slice(0, at);
  return { method: head.method, path, query: new URLSearchParams(at < 0 ? '' : head.target.slice(at + 1)) };
}

function requestOf(parts: {
  readonly head: Head;
  readonly body: Buffer;
  readonly claim: SignatureClaim;
  readonly key: AccessKey;
}): AwsRequest {
  const { head, body, claim, key } = parts;
  const { path, query } = openRequest(head);
  const { method, headers, sourceIp, requestId } = head;
  const { service, region } = claim;
  return { caller: key.caller, service, region, method, path, query, headers, body, sourceIp, requestId };
}

function send(response: ServerResponse, answer: AwsResponse, head: Head): void {
  if (response.destroyed || response.headersSent) return;
  const body = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body;
  response.statusCode = answer.status;
  response.setHeader('x-amzn-requestid', head.requestId);
  response.setHeader('x-amz-request-id', head.requestId);
  for (const [name, value] of Object.entries(answer.headers)) response.setHeader(name, value);
  const isEmpty = answer.status === 204 || answer.status === 304;
  if (!isEmpty && !(head.method === 'HEAD' && response.hasHeader('content-length'))) {
    response.setHeader('content-length', body.byteLength);
  }
  response.end(isEmpty || head.method === 'HEAD' ? undefined : body);
}

function listen(server: Server, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, address, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
