import { subscribe } from 'node:diagnostics_channel';
import type { ClientRequest } from 'node:http';
import { type Call, newCall, nowMs } from '../calls.ts';
import { read } from '../objects.ts';
import { METHODS, plainHost, routeTemplate } from '../redact.ts';
import { awsDestination, awsOperation, isAwsHost, namedInBody } from './aws.ts';
import type { Watch } from './watch.ts';

/**
 * Watches the calls of `node:http` and `node:https`: what is asked of whom, status, bytes, duration. Through Node's own
 * diagnostics channels; nothing is patched, except that of a call to AWS whose body names its resource `end` is looked at
 * once, on that request alone. Node 20 has no channel for the beginning of a request: there `ClientRequest.prototype.end`
 * is wrapped instead. About 3 µs a call.
 */
export function watchHttp(watch: Watch): void {
  const calls = new WeakMap<object, Call>();
  const begin = (request: unknown) => {
    if (!isRequest(request) || calls.has(request) || watch.isOwn(request)) return;
    const began = callOf(request, watch);
    if (began === undefined) return;
    calls.set(request, began.call);
    watch.add(began.call);
    if (began.service !== '') observeBody(request, began);
  };
  if (hasCreatedChannel())
    subscribe('http.client.request.created', (message) => watch.guard(begin, read(message, 'request')));
  else wrapEnd((request) => watch.guard(begin, request));
  const assign = (request: unknown) => {
    const call = isRequest(request) ? calls.get(request) : undefined;
    if (call !== undefined) watch.sockets.assign(read(request, 'socket'), call);
  };
  subscribe('http.client.request.start', (message) => watch.guard(sent, read(message, 'request')));
  subscribe('http.client.response.finish', (message) => watch.guard(answered, message));
  const failed = (request: unknown) => {
    const call = isRequest(request) ? calls.get(request) : undefined;
    if (call !== undefined) call.endMs = nowMs();
  };
  subscribe('http.client.request.error', (message) => watch.guard(failed, read(message, 'request')));

  function sent(request: unknown): void {
    if (!isRequest(request)) return;
    const call = calls.get(request);
    if (watch.isOwn(request)) watch.sockets.ignore(request.socket);
    if (call === undefined) return;
    // Headers may have been set after the request was made.
    if (call.verb.startsWith('http:')) Object.assign(call, operationOf(request, watch)?.words);
    assign(request);
  }

  function answered(message: unknown): void {
    const request = read(message, 'request');
    const response = read(message, 'response');
    const call = isRequest(request) ? calls.get(request) : undefined;
    if (call === undefined || !isRequest(request)) return;
    assign(request);
    const status = read(response, 'statusCode');
    call.status = typeof status === 'number' ? status : Number.NaN;
    call.endMs = nowMs();
    const { socket } = request;
    if (!isEmitter(response)) return;
    response.once('end', () => {
      call.endMs = nowMs();
      watch.guard((of) => watch.sockets.settle(of), socket);
    });
  }
}

interface Began {
  readonly call: Call;
  /** Service whose calls name their resource in the body; '' for others. */
  readonly service: string;
}

/** The call that a request makes; undefined for the runtime's own. */
function callOf(request: ClientRequest, watch: Watch): Began | undefined {
  const host = `${request.host ?? ''}`;
  const port = portOf(request);
  if (watch.isRuntime(host, port)) return undefined;
  const operation = operationOf(request, watch);
  if (operation !== undefined) {
    const { verb, resource, destination } = operation.words;
    return { call: newCall(verb, resource, destination), service: resource === '' ? operation.service : '' };
  }
  return {
    call: newCall(`http:${methodOf(request.method)}`, routeTemplate(request.path), plainHost(host)),
    service: '',
  };
}

/** The AWS operation of a request; undefined for other requests, however they are signed. */
function operationOf(request: ClientRequest, watch: Watch) {
  const host = `${request.host ?? ''}`;
  if (!isAwsHost(host, watch.endpoints) && !isAwsHost(`${host}:${portOf(request)}`, watch.endpoints)) return undefined;
  const textOf = (name: string) => {
    const value = request.getHeader(name);
    return typeof value === 'string' ? value : '';
  };
  const operation = awsOperation({
    authorization: textOf('authorization'),
    target: textOf('x-amz-target'),
    method: request.method,
    host,
    path: request.path,
    account: watch.account(),
    isCopy: request.getHeader('x-amz-copy-source') !== undefined,
  });
  if (operation === undefined) return undefined;
  const { service, verb, resource } = operation;
  return { service, words: { verb, resource, destination: awsDestination(service, resource) } };
}

/**
 * The port of a request that does not go to the usual one; '' for others. It is kept nowhere but in the header, which the
 * client may have written: the host never is taken from there.
 */
function portOf(request: ClientRequest): string {
  const header = request.getHeader('host');
  return typeof header === 'string' ? (/:(\d{1,5})$/.exec(header)?.[1] ?? '') : '';
}

/** A method as HTTP knows them. */
export function methodOf(method: unknown): string {
  return typeof method === 'string' && METHODS.has(method) ? method : 'OTHER';
}

/** Looks at the first piece of the body, once, on this request only. */
function observeBody(request: ClientRequest, { call, service }: Began): void {
  for (const name of ['write', 'end'] as const) {
    const original = request[name];
    const observed = function (this: ClientRequest, ...words: unknown[]): unknown {
      Reflect.deleteProperty(request, 'write');
      Reflect.deleteProperty(request, 'end');
      readBody(call, service, words[0]);
      return Reflect.apply(original, this, words);
    };
    Object.defineProperty(request, name, { value: observed, configurable: true, writable: true, enumerable: false });
  }
}

/** Completes a call by what the beginning of its body names. */
export function readBody(call: Call, service: string, body: unknown): void {
  if (typeof body !== 'string' && !(body instanceof Uint8Array)) return;
  const { operation, resource } = namedInBody(service, body);
  if (operation !== '') call.verb = `${service}:${operation}`;
  if (resource === '') return;
  call.resource = resource;
  call.destination = awsDestination(service, resource);
}

/** Node 22.12 and 23.2 brought the channel. */
function hasCreatedChannel(): boolean {
  const [major, minor] = process.versions.node.split('.').map(Number);
  return major > 23 || (major === 23 && minor >= 2) || (major === 22 && minor >= 12);
}

/** Tells of every request when its end is reached, before its head is sent. */
function wrapEnd(began: (request: unknown) => void): void {
  const owner: unknown = read(process.getBuiltinModule?.('node:http'), 'ClientRequest');
  const prototype = read(owner, 'prototype');
  const original = read(prototype, 'end');
  if (typeof prototype !== 'object' || prototype === null || typeof original !== 'function') return;
  const value = function end(this: unknown, ...words: unknown[]): unknown {
    began(this);
    // The request may have got an `end` of its own meanwhile.
    const next = read(this, 'end');
    return Reflect.apply(typeof next === 'function' && next !== value ? next : original, this, words);
  };
  Object.defineProperty(prototype, 'end', { value, configurable: true, writable: true, enumerable: false });
}

function isRequest(value: unknown): value is ClientRequest {
  return typeof value === 'object' && value !== null && 'getHeader' in value && 'path' in value && 'method' in value;
}

function isEmitter(value: unknown): value is { once(event: string, listener: () => void): void } {
  return typeof read(value, 'once') === 'function';
}
