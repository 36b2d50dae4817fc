import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { TelemetryEvent } from '../contract.ts';
import { DOCUMENT_BYTES_MAX, EXTENSIONS_MAX } from './limits.ts';
import { readBody, reply } from './runtime-api.ts';
import { parseSubscription, TelemetrySubscription } from './telemetry-subscription.ts';

/** What extensions do, told to the sandbox. */
export interface ExtensionListener {
  registered(extension: ExtensionStatus): void;
  /** One of them waits for the next event: ask `allReady`. */
  extensionReady(): void;
  /** One of them gave up; the sandbox must end. */
  extensionFailed(errorType: string, name: string): void;
  subscribed(name: string, types: readonly string[]): void;
}

/** An extension as told of in `platform.extension`. */
export interface ExtensionStatus {
  readonly name: string;
  readonly events: readonly string[];
}

/** What an extension is told of the function it stands beside. */
export interface ExtensionFunction {
  readonly functionName: string;
  readonly functionVersion: string;
  readonly handler: string;
  readonly accountId: string;
}

interface Extension extends ExtensionStatus {
  readonly id: string;
  /** Found in the layers, and ended by the sandbox; others run inside the runtime. */
  readonly isExternal: boolean;
  waiting: ServerResponse | undefined;
  pending: object | undefined;
  /** Has asked for its first event: it is set up. */
  asked: boolean;
}

/** The Extensions API (2020-01-01) and the Telemetry API (2022-07-01) of one sandbox. */
export class ExtensionsApi {
  readonly #listener: ExtensionListener;
  readonly #function: ExtensionFunction;
  readonly #external: readonly string[];
  readonly #extensions = new Map<string, Extension>();
  readonly #subscriptions = new Map<string, TelemetrySubscription>();
  #closed = false;

  /** `external` are the names of the programs that are started as extensions: each must register. */
  constructor(listener: ExtensionListener, about: ExtensionFunction, external: readonly string[]) {
    this.#listener = listener;
    this.#function = about;
    this.#external = external;
  }

  /** Whether every program has registered, and every extension waits for an event. */
  get allReady(): boolean {
    const names = new Set([...this.#extensions.values()].map((extension) => extension.name));
    if (!this.#external.every((name) => names.has(name))) return false;
    return [...this.#extensions.values()].every(isDone);
  }

  get size(): number {
    return this.#extensions.size;
  }

  /** Those that are processes of their own. */
  get externals(): number {
    return [...this.#extensions.values()].filter((extension) => extension.isExternal).length;
  }

  /** Tells all that registered for it: `INVOKE` or `SHUTDOWN`. */
  tell(event: { readonly eventType: 'INVOKE' | 'SHUTDOWN' } & Readonly<Record<string, unknown>>): void {
    for (const extension of this.#extensions.values()) {
      if (!extension.events.includes(event.eventType)) continue;
      if (extension.waiting === undefined) extension.pending = event;
      else give(extension, extension.waiting, event);
    }
  }

  /** Hands an event of the log to the subscribers. */
  telemetry(event: TelemetryEvent): void {
    for (const subscription of this.#subscriptions.values()) subscription.add(event);
  }

  /** Deliveries stop while the sandbox is frozen and go on when it is not. */
  setFrozen(frozen: boolean): void {
    for (const subscription of this.#subscriptions.values()) subscription.setFrozen(frozen);
  }

  /** Delivers what waits; resolves when it is delivered or failed. */
  async flush(): Promise<void> {
    await Promise.all([...this.#subscriptions.values()].map((subscription) => subscription.flush()));
  }

  /** Ends deliveries. */
  close(): void {
    this.#closed = true;
    for (const subscription of this.#subscriptions.values()) subscription.close();
  }

  /** Answers a request if it is one for extensions. */
  route(request: IncomingMessage, response: ServerResponse): boolean {
    const call = `${request.method} ${request.url}`;
    if (call === 'POST /2020-01-01/extension/register') void this.#register(request, response);
    else if (call === 'GET /2020-01-01/extension/event/next') this.#next(request, response);
    else if (call === 'POST /2020-01-01/extension/init/error') void this.#failed(request, response);
    else if (call === 'POST /2020-01-01/extension/exit/error') void this.#failed(request, response);
    else if (call === 'PUT /2022-07-01/telemetry') void this.#subscribe(request, response);
    else return false;
    return true;
  }

  async #register(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request, DOCUMENT_BYTES_MAX);
    if (body === 'aborted') return;
    const name = request.headers['lambda-extension-name'];
    const events = parseEvents(body.bytes);
    if (typeof name !== 'string' || name === '' || events === undefined) {
      return refuse(response, 400, 'Extension.InvalidRegistration');
    }
    const isExternal = this.#external.includes(name);
    const problem = this.#registrationProblem(name, events, isExternal);
    if (problem !== undefined) return refuse(response, 403, problem);
    const id = randomUUID();
    this.#extensions.set(id, { id, name, events, isExternal, waiting: undefined, pending: undefined, asked: false });
    const { accountId, ...about } = this.#function;
    const wantsAccount = `${request.headers['lambda-extension-accept-feature'] ?? ''}`.includes('accountId');
    const answer = wantsAccount ? { ...about, accountId } : about;
    this.#listener.registered({ name, events });
    reply(response, 200, answer, { 'Lambda-Extension-Identifier': id });
  }

  #registrationProblem(name: string, events: readonly string[], isExternal: boolean): string | undefined {
    if (this.#extensions.size >= EXTENSIONS_MAX) return 'Extension.TooManyExtensions';
    if ([...this.#extensions.values()].some((one) => one.name === name)) return 'Extension.AlreadyRegistered';
    // What runs inside the runtime ends with it, and cannot be told of its end.
    if (!isExternal && events.includes('SHUTDOWN')) return 'ShutdownEventNotSupportedForInternalExtension';
    return undefined;
  }

  #next(request: IncomingMessage, response: ServerResponse): void {
    const extension = this.#extensionOf(request);
    if (extension === undefined) {
      refuse(response, 403, 'Extension.UnknownExtensionIdentifier');
      return;
    }
    extension.asked = true;
    const pending = extension.pending;
    if (pending !== undefined) {
      extension.pending = undefined;
      give(extension, response, pending);
      return;
    }
    extension.waiting = response;
    response.on('close', () => {
      if (extension.waiting === response) extension.waiting = undefined;
    });
    this.#listener.extensionReady();
  }

  async #failed(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const extension = this.#extensionOf(request);
    if (extension === undefined) return refuse(response, 403, 'Extension.UnknownExtensionIdentifier');
    const body = await readBody(request, DOCUMENT_BYTES_MAX);
    if (body === 'aborted') return;
    reply(response, 202, { status: 'OK' });
    const type = request.headers['lambda-extension-function-error-type'];
    this.#listener.extensionFailed(typeof type === 'string' ? type : 'Extension.Unknown', extension.name);
  }

  async #subscribe(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const extension = this.#extensionOf(request);
    if (extension === undefined) return refuse(response, 403, 'Extension.UnknownExtensionIdentifier');
    const body = await readBody(request, DOCUMENT_BYTES_MAX);
    if (body === 'aborted' || this.#closed) return;
    const settings = parseSubscription(body.bytes);
    if ('problem' in settings) {
      reply(response, 400, { errorType: 'ValidationError', errorMessage: settings.problem });
      return;
    }
    this.#subscriptions.get(extension.id)?.close();
    this.#subscriptions.set(extension.id, new TelemetrySubscription(settings));
    const bytes = Buffer.from('OK');
    response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': bytes.length }).end(bytes);
    this.#listener.subscribed(extension.name, settings.types);
  }

  #extensionOf(request: IncomingMessage): Extension | undefined {
    const id = request.headers['lambda-extension-identifier'];
    return typeof id === 'string' ? this.#extensions.get(id) : undefined;
  }
}

/** It waits for the next event; or is not told of invocations, and has been set up. */
function isDone(extension: Extension): boolean {
  return extension.waiting !== undefined || (extension.asked && !extension.events.includes('INVOKE'));
}

function give(extension: Extension, response: ServerResponse, event: object): void {
  extension.waiting = undefined;
  reply(response, 200, event, { 'Lambda-Extension-Event-Identifier': randomUUID() });
}

function refuse(response: ServerResponse, status: number, errorType: string): void {
  reply(response, status, { errorType, errorMessage: errorType });
}

function parseEvents(body: Buffer | undefined): readonly string[] | undefined {
  if (body === undefined) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
  if (typeof parsed !== 'object' || parsed === null || !('events' in parsed) || !Array.isArray(parsed.events))
    return undefined;
  const events: unknown[] = parsed.events;
  const known = events.filter((event) => event === 'INVOKE' || event === 'SHUTDOWN');
  return known.length === events.length ? known : undefined;
}
