import type { Socket } from 'node:net';
import type {
  ConnectionError,
  FastifyInstance,
  FastifyPluginAsync,
  FastifyReply,
  FastifyRequest,
  FastifyServerOptions,
} from 'fastify';
import { type Access, type Grant, permits, type Role } from '../access/access.ts';
import { NotTakenError } from '../runtime/service.ts';
import { API_CODES, ApiError, asApiError, errorBody, unparsedAnswer } from './codes.ts';
import { type EventStream, type EventTimes, openEventStream } from './events.ts';
import { type FunctionRow, functionRow } from './function-row.ts';
import { BODY_BYTES_MAX, PATH_PART_CHARS_MAX, READY_LAG_MS_MAX } from './limits.ts';
import { openApiDocument } from './openapi.ts';
import type { ApiCounters, ApiParts } from './parts.ts';
import { Refreshed } from './refreshed.ts';
import type { Route } from './route.ts';
import { API_PREFIX, routeTable } from './table.ts';

/** What the API is made from; `counters` are there for the metrics. */
export interface ApiOptions extends ApiParts {
  readonly counters: ApiCounters;
  /** Told how long each answer took, s. Streams of events do not count. */
  readonly answered?: (seconds: number) => void;
  readonly eventTimes?: EventTimes;
  /** Told of failures that are bugs, or of the disk; the client is told only that there was one. */
  readonly onFailure?: (error: unknown) => void;
}

/** Counters of an API that has answered nothing yet. */
export function newApiCounters(): ApiCounters {
  return { requests: new Map(), clients: 0, clientsRefused: 0, clientsDropped: 0, eventsSent: 0 };
}

/**
 * Options the HTTP server needs for the API: parts of paths as long as function keys, and errors from before routing in
 * the shape of all others.
 */
export const API_SERVER_OPTIONS = {
  routerOptions: { maxParamLength: PATH_PART_CHARS_MAX },
  frameworkErrors: (error: Error, _: FastifyRequest, reply: FastifyReply) => {
    sendError(reply, error);
  },
  clientErrorHandler: ({ code }: ConnectionError, socket: Socket) => {
    if (code === 'ECONNRESET' || !socket.writable) socket.destroy();
    else socket.end(unparsedAnswer(code), () => socket.destroy());
  },
} as const satisfies FastifyServerOptions;

/** No page is made from what the API answers, and nothing of it is kept on the way. */
const HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

/** Characters of an authorization header: a token has 61. */
const HEADER_CHARS_MAX = 512;

/**
 * The API as a plugin: the routes of the table, the stream of events, liveness, readiness and metrics. Register it on a
 * server made with `API_SERVER_OPTIONS`. Other plugins of the server keep their own error handling.
 */
export function apiRoutes(options: ApiOptions): FastifyPluginAsync {
  return async (app) => {
    if ((app.initialConfig.routerOptions?.maxParamLength ?? 0) < PATH_PART_CHARS_MAX) {
      throw new Error('The HTTP server must be made with API_SERVER_OPTIONS.');
    }
    new Api(options).routes(app);
  };
}

class Api {
  readonly #options: ApiOptions;
  readonly #refreshed: Refreshed<FunctionRow>;
  readonly #events: EventStream;
  readonly #grants = new WeakMap<FastifyRequest, Grant>();

  constructor(options: ApiOptions) {
    this.#options = options;
    this.#refreshed = new Refreshed(options.service, options.store, functionRow);
    const { service, store, counters, eventTimes: times } = options;
    this.#events = openEventStream({ service, store, counters, ...(times === undefined ? {} : { times }) });
  }

  routes(app: FastifyInstance): void {
    app.setErrorHandler((error, _, reply) => {
      const { code, cause } = asApiError(error);
      // Who is told to come again because the server is closing or full reads why in the status and the metrics.
      if (code === 'failed' || (code === 'unavailable' && !(cause instanceof NotTakenError))) {
        this.#options.onFailure?.(cause ?? error);
      }
      sendError(reply, error);
    });
    app.setNotFoundHandler((_, reply) => sendError(reply, new ApiError('not-found', 'There is nothing here.')));
    app.addHook('onRequest', async (_, reply) => {
      reply.headers(HEADERS);
    });
    app.addHook('onResponse', async (request, reply) => this.#count(request, reply));
    // Before the server waits for its connections to end: these would not end by themselves.
    app.addHook('preClose', async () => this.#events.close());
    this.#publicRoutes(app);
    this.#text(app, '/metrics', () => this.#options.metrics());
    app.register(async (scope) => this.#table(scope), { prefix: '/api' });
  }

  #publicRoutes(app: FastifyInstance): void {
    // Load balancers may ask with HEAD.
    const route = { ...ROUTE, exposeHeadRoute: true };
    app.get('/healthz', route, async () => ({ alive: true }));
    app.get('/readyz', route, async (_, reply) => {
      const { ready, ...rest } = this.#ready();
      return reply.code(ready ? 200 : 503).send({ ready, ...rest });
    });
  }

  #text(app: FastifyInstance, path: string, text: () => string): void {
    app.get(path, ROUTE, async (request, reply) => {
      this.#granted(request, 'read');
      return reply.type('text/plain; version=0.0.4; charset=utf-8').send(text());
    });
  }

  #table(app: FastifyInstance): void {
    const routes = routeTable();
    const document = openApiDocument(routes, this.#options.version);
    app.get('/openapi.json', ROUTE, async () => document);
    app.get('/v1/events', ROUTE, async (request, reply) => this.#follow(request, reply));
    for (const route of routes) this.#route(app, route);
  }

  #route(app: FastifyInstance, route: Route): void {
    app.route({
      ...ROUTE,
      method: route.method,
      url: `/v1${route.path.replace(/\{(\w+)\}/g, ':$1')}`,
      // Before the body is read: nobody makes the server read and parse without a token.
      onRequest: async (request) => {
        this.#grants.set(request, this.#granted(request, route.role));
      },
      handler: async (request, reply) => {
        const { params, query, body } = request;
        const context = { parts: this.#options, refreshed: this.#refreshed, grant: this.#grants.get(request) };
        const answer = await route.answer({ params, query, body }, context);
        return reply.code(route.status).send(answer);
      },
    });
  }

  /** Who asks, if they may. Throws `ApiError`; why a token is refused is not told. */
  #granted(request: FastifyRequest, role: Role): Grant {
    const grant = this.#options.access.check(tokenOf(request));
    if ('refused' in grant) throw new ApiError('unauthorized', 'A valid token is needed: authorization: Bearer TOKEN.');
    if (!permits(grant.token.role, role)) throw new ApiError('forbidden', `This needs a token of role ${role}.`);
    const taken = grant.take(1);
    if (taken.ok) return grant;
    const retryAfterSeconds = Math.ceil(taken.retryAfterMs / 1000);
    throw new ApiError('rate-limited', 'More requests than the token may make.', { retryAfterSeconds });
  }

  #follow(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    this.#granted(request, 'read');
    const token = tokenOf(request);
    const { access } = this.#options;
    const header = request.headers['last-event-id'];
    const response = reply.raw;
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    response.setHeader('content-type', 'text/event-stream; charset=utf-8');
    // Some proxies gather answers before they pass them on.
    response.setHeader('x-accel-buffering', 'no');
    const lastEventId = typeof header === 'string' ? header : '';
    const stillValid = () => isValid(access, token);
    if (!this.#events.add(response, { lastEventId, stillValid })) {
      throw new ApiError('busy', 'There are as many clients as there may be.', { retryAfterSeconds: 10 });
    }
    return reply.hijack();
  }

  #ready(): { readonly ready: boolean; readonly reason?: string; readonly lagMs: number } {
    const { state, lagMs } = this.#options.service.status();
    if (state !== 'running') return { ready: false, reason: state, lagMs };
    if (lagMs > READY_LAG_MS_MAX) return { ready: false, reason: 'lagging', lagMs };
    return { ready: true, lagMs };
  }

  /** Routes are a closed list, so that nobody can make counters by asking for what is not there. */
  #count(request: FastifyRequest, reply: FastifyReply): void {
    const { requests } = this.#options.counters;
    const { url } = request.routeOptions;
    const route = url === undefined ? 'none' : `${request.method} ${url.replace(/:(\w+)/g, '{$1}')}`;
    const key = `${route} ${Math.floor(reply.statusCode / 100)}xx`;
    requests.set(key, (requests.get(key) ?? 0) + 1);
    if (url !== `${API_PREFIX}/events`) this.#options.answered?.(reply.elapsedTime / 1000);
  }
}

/** Whether a token is valid; not when that cannot be found out. */
function isValid(access: Access, token: string | undefined): boolean {
  try {
    return !('refused' in access.check(token));
  } catch {
    return false;
  }
}

const ROUTE = { bodyLimit: BODY_BYTES_MAX, exposeHeadRoute: false } as const;

function tokenOf({ headers }: FastifyRequest): string | undefined {
  const header = headers.authorization;
  if (header === undefined || header.length > HEADER_CHARS_MAX) return undefined;
  return /^bearer +(\S+)$/i.exec(header)?.[1];
}

function sendError(reply: FastifyReply, thrown: unknown): FastifyReply {
  const error = asApiError(thrown);
  reply.headers(HEADERS);
  if (error.code === 'unauthorized') reply.header('www-authenticate', 'Bearer');
  if (error.retryAfterSeconds !== undefined) reply.header('retry-after', String(error.retryAfterSeconds));
  return reply.code(API_CODES[error.code]).type('application/json; charset=utf-8').send(errorBody(error));
}
