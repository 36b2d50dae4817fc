import { createHash } from 'node:crypto';
import type { Invoker } from '../contract.ts';
import { type HttpAnswer, httpAnswer } from './http-answer.ts';
import { type HttpDoor, message, openDoor } from './http-door.ts';
import { httpEvent, type ReceivedRequest } from './http-event.ts';
import { EVENT_BYTES_MAX } from './limits.ts';

/** What a function URL is made from. */
export interface FunctionUrlOptions {
  readonly address: string;
  /** 0 (default): any free one. */
  readonly port?: number;
  readonly accountId: string;
  readonly region: string;
  readonly functionName: string;
}

/**
 * Opens the URL of a function, without authorisation, on a port of its own. Answers as Lambda does: 502 `Internal Server Error`
 * when the function failed or returned what is no answer, 429 when it was throttled, 403 when it may not be called or is not
 * there, 413 when the request does not fit into an event.
 */
export async function openFunctionUrl(invoker: Invoker, options: FunctionUrlOptions): Promise<HttpDoor> {
  const { address, port = 0 } = options;
  return openDoor({ address, port }, (request) => answer(invoker, options, request));
}

async function answer(invoker: Invoker, options: FunctionUrlOptions, request: ReceivedRequest): Promise<HttpAnswer> {
  const { accountId, region, functionName } = options;
  const functionArn = `arn:aws:lambda:${region}:${accountId}:function:${functionName}`;
  const apiId = urlIdOf(functionArn);
  const domainName = `${apiId}.lambda-url.${region}.on.aws`;
  const place = { accountId: 'anonymous', apiId, domainName, routeKey: '$default', pathParameters: undefined };
  const payload = Buffer.from(JSON.stringify(httpEvent(request, place)));
  if (payload.length > EVENT_BYTES_MAX) return message(413, 'Request Entity Too Large');
  const { traceHeader } = request;
  // Whoever calls a URL without authorisation is anybody: the policy of the function must let anybody in.
  const call = { payload, traceHeader, principal: '*', sourceArn: functionArn };
  const outcome = await invoker.invoke(functionName, call).catch(() => undefined);
  if (outcome === undefined) return message(403, 'Forbidden');
  if (outcome.kind === 'throttled') return message(429, 'Too Many Requests');
  const mapped = outcome.functionError === undefined ? httpAnswer(outcome.payload) : undefined;
  return mapped ?? { status: 502, headers: { 'content-type': 'application/json' }, body: FAILED };
}

const FAILED = Buffer.from('Internal Server Error');

/** First label of a URL's host name: 32 letters and digits that belong to the function. */
function urlIdOf(functionArn: string): string {
  const digest = createHash('sha256').update(functionArn).digest();
  return BigInt(`0x${digest.toString('hex')}`)
    .toString(36)
    .padStart(32, '0')
    .slice(0, 32);
}
