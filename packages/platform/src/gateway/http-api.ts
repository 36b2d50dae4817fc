import type { InvokeOutcome, Invoker } from '../contract.ts';
import { type HttpAnswer, httpAnswer } from './http-answer.ts';
import { type HttpDoor, message, openDoor } from './http-door.ts';
import { httpEvent, type ReceivedRequest } from './http-event.ts';
import { EVENT_BYTES_MAX, INTEGRATION_MS_MAX } from './limits.ts';
import { type RouteMatch, Routes } from './routes.ts';

/** What an HTTP API is made from. */
export interface HttpApiOptions {
  readonly address: string;
  /** 0 (default): any free one. */
  readonly port?: number;
  readonly accountId: string;
  readonly region: string;
  /** Ten letters and digits. */
  readonly apiId: string;
  readonly routes: readonly { readonly route: string; readonly function: string }[];
}

/**
 * Opens the HTTP API of an application (payload format 2.0, stage `$default`). Answers as API Gateway does:
 * - no route: 404 `Not Found`; body over 10 MiB: 413; one that does not fit into an event: 413
 * - the function failed, or returned what is no answer: 500 `Internal Server Error`
 * - the function was throttled, or did not answer within 30 seconds: 503 `Service Unavailable`
 *
 * (REST APIs differ: 502 for failed functions, 500 for throttled ones.) Throws `RouteError` for routes that are none.
 */
export async function openHttpApi(invoker: Invoker, options: HttpApiOptions): Promise<HttpDoor> {
  const routes = new Routes(options.routes.map((route) => ({ route: route.route, target: route.function })));
  return openDoor({ address: options.address, port: options.port ?? 0 }, (request) => {
    const path = (request.message.url ?? '/').split('?', 1)[0] ?? '/';
    const match = routes.match(request.message.method ?? 'GET', path);
    if (match === undefined) return Promise.resolve(message(404, 'Not Found'));
    return throughRoute(invoker, options, { request, match });
  });
}

async function throughRoute(
  invoker: Invoker,
  options: HttpApiOptions,
  call: { readonly request: ReceivedRequest; readonly match: RouteMatch<string> },
): Promise<HttpAnswer> {
  const { request, match } = call;
  const { accountId, region, apiId } = options;
  const domainName = `${apiId}.execute-api.${region}.amazonaws.com`;
  const { routeKey, pathParameters } = match;
  const event = httpEvent(request, { accountId, apiId, domainName, routeKey, pathParameters });
  const payload = Buffer.from(JSON.stringify(event));
  if (payload.length > EVENT_BYTES_MAX) return message(413, 'Request Entity Too Large');
  const routeArn = routeKey === '$default' ? routeKey : routeKey.replace(' ', '');
  const sourceArn = `arn:aws:execute-api:${region}:${accountId}:${apiId}/$default/${routeArn}`;
  const { traceHeader } = request;
  const outcome = await within(
    invoker.invoke(match.target, { payload, traceHeader, principal: 'apigateway.amazonaws.com', sourceArn }),
  );
  if (outcome === 'late') return message(503, 'Service Unavailable');
  if (outcome === 'refused') return message(500, 'Internal Server Error');
  if (outcome.kind === 'throttled') return message(503, 'Service Unavailable');
  const answer = outcome.functionError === undefined ? httpAnswer(outcome.payload) : undefined;
  return answer ?? message(500, 'Internal Server Error');
}

/** `late` after the time an integration has; `refused` when the function may not be called or is not there. */
async function within(call: Promise<InvokeOutcome>): Promise<InvokeOutcome | 'late' | 'refused'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), INTEGRATION_MS_MAX);
  });
  try {
    return await Promise.race([call.catch(() => 'refused' as const), late]);
  } finally {
    clearTimeout(timer);
  }
}
