import { subscribe } from 'node:diagnostics_channel';
import { type Call, newCall, nowMs } from '../calls.ts';
import { own, read } from '../objects.ts';
import { plainHost, routeTemplate } from '../redact.ts';
import { awsDestination, awsOperation, isAwsHost } from './aws.ts';
import { methodOf, readBody } from './http.ts';
import type { Watch } from './watch.ts';

/**
 * Watches the calls of `fetch` and of undici itself, through undici's diagnostics channels. Bodies of `fetch` are streams
 * and are not looked at, so that resources of AWS calls made with it are known only where the path names them. About 2 µs
 * a call.
 */
export function watchUndici(watch: Watch): void {
  const calls = new WeakMap<object, Call>();
  const sockets = new WeakMap<object, unknown>();
  const on = (name: string, step: (call: Call, request: object, message: unknown) => void) =>
    subscribe(`undici:${name}`, (message) =>
      watch.guard((of) => {
        const request = read(of, 'request');
        if (typeof request !== 'object' || request === null) return;
        const call = calls.get(request);
        if (call !== undefined) step(call, request, of);
      }, message),
    );

  const begin = (message: unknown) => {
    const request = read(message, 'request');
    if (typeof request !== 'object' || request === null) return;
    const call = callOf(request, watch);
    if (call === undefined) return;
    calls.set(request, call);
    watch.add(call);
  };
  subscribe('undici:request:create', (message) => watch.guard(begin, message));
  subscribe('undici:client:connected', (message) =>
    watch.guard((of) => watch.sockets.watch(read(of, 'socket')), message),
  );
  on('client:sendHeaders', (call, request, message) => {
    const socket = read(message, 'socket');
    sockets.set(request, socket);
    watch.sockets.assign(socket, call);
  });
  on('request:headers', (call, _, message) => {
    const status = read(read(message, 'response'), 'statusCode');
    call.status = typeof status === 'number' ? status : Number.NaN;
    call.endMs = nowMs();
  });
  on('request:trailers', (call, request) => {
    call.endMs = nowMs();
    watch.sockets.settle(sockets.get(request));
  });
  on('request:error', (call) => {
    call.endMs = nowMs();
  });
}

function callOf(request: object, watch: Watch): Call | undefined {
  const origin = `${read(request, 'origin')}`;
  const [, host = '', port = ''] = /^https?:\/\/(\[[^\]]+\]|[^:/]+)(?::(\d+))?/.exec(origin) ?? [];
  if (watch.isRuntime(host, port)) return undefined;
  const path = read(request, 'path');
  const target = typeof path === 'string' ? path : '';
  const method = methodOf(read(request, 'method'));
  const authority = port === '' ? host : `${host}:${port}`;
  if (isAwsHost(host, watch.endpoints) || isAwsHost(authority, watch.endpoints)) {
    const header = headersOf(own(request, 'headers'));
    const operation = awsOperation({
      authorization: header('authorization'),
      target: header('x-amz-target'),
      method,
      host,
      path: target,
      account: watch.account(),
      isCopy: header('x-amz-copy-source') !== '',
    });
    if (operation !== undefined) {
      const { service, verb, resource } = operation;
      const call = newCall(verb, resource, awsDestination(service, resource));
      if (resource === '') readBody(call, service, own(request, 'body'));
      return call;
    }
  }
  return newCall(`http:${method}`, routeTemplate(target), plainHost(host));
}

/** Headers as undici keeps them: a list of names and values in turn, or lines as they are sent. */
function headersOf(headers: unknown): (name: string) => string {
  if (typeof headers === 'string') {
    return (name) => new RegExp(`(?:^|\\r\\n)${name}: ([^\\r]*)`, 'i').exec(headers)?.[1] ?? '';
  }
  if (!Array.isArray(headers)) return () => '';
  return (name) => {
    const at = headers.findIndex((word, place) => place % 2 === 0 && `${word}`.toLowerCase() === name);
    return at < 0 ? '' : `${headers[at + 1]}`;
  };
}
