import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** A request as it came in, with its body. */
export interface ReceivedRequest {
  readonly message: IncomingMessage;
  readonly body: Buffer;
  readonly receivedMs: number;
  /** The client's `X-Amzn-Trace-Id`, or a new one. */
  readonly traceHeader: string;
}

/** What of an event depends on the door a request came through. */
export interface EventPlace {
  readonly accountId: string;
  readonly apiId: string;
  readonly domainName: string;
  /** `POST /orders`, `ANY /{proxy+}`; `$default` at function URLs. */
  readonly routeKey: string;
  readonly pathParameters: Readonly<Record<string, string>> | undefined;
}

/** Bodies of these types are text in an event, all others base64. */
const TEXT_TYPE = /^(text\/|application\/(json|xml|javascript|x-www-form-urlencoded|[^;]*\+(json|xml)))/i;

/**
 * The event that a function gets for an HTTP request: payload format 2.0 of HTTP APIs and function URLs. The path is decoded, as
 * HTTP APIs do it; header values with the same name are joined with commas, cookies are apart.
 */
export function httpEvent(request: ReceivedRequest, place: EventPlace): Readonly<Record<string, unknown>> {
  const { message, body } = request;
  const [rawPath = '/', rawQueryString = ''] = splitAt(message.url ?? '/', '?');
  const path = decoded(rawPath);
  const query = joinedQuery(rawQueryString);
  const cookies = message.headers.cookie?.split(/; */);
  const isText = TEXT_TYPE.test(message.headers['content-type'] ?? '');
  return {
    version: '2.0',
    routeKey: place.routeKey,
    rawPath: path,
    rawQueryString,
    ...(cookies === undefined ? {} : { cookies }),
    headers: joinedHeaders(request, place.domainName),
    ...(query === undefined ? {} : { queryStringParameters: query }),
    requestContext: requestContext(request, place, path),
    ...(place.pathParameters === undefined ? {} : { pathParameters: place.pathParameters }),
    ...(body.length === 0 ? {} : { body: isText ? body.toString('utf8') : body.toString('base64') }),
    isBase64Encoded: body.length > 0 && !isText,
  };
}

/**
 * Address of the client. Everybody comes from the loopback; who does may say in `X-Forwarded-For` for whom, so that many users
 * can be played. The last entry counts, which is the one that the nearest proxy added.
 */
export function sourceIpOf(message: IncomingMessage): string {
  const direct = (message.socket.remoteAddress ?? '127.0.0.1').replace(/^::ffff:/, '');
  const isLoopback = direct === '::1' || direct.startsWith('127.');
  const forwarded = message.headers['x-forwarded-for'];
  const last = typeof forwarded === 'string' ? forwarded.split(',').at(-1)?.trim() : undefined;
  return isLoopback && last !== undefined && /^[0-9a-fA-F.:]{2,45}$/.test(last) ? last : direct;
}

function requestContext(request: ReceivedRequest, place: EventPlace, path: string): Readonly<Record<string, unknown>> {
  const { message, receivedMs } = request;
  return {
    accountId: place.accountId,
    apiId: place.apiId,
    domainName: place.domainName,
    domainPrefix: place.domainName.split('.')[0],
    http: {
      method: message.method ?? 'GET',
      path,
      protocol: `HTTP/${message.httpVersion}`,
      sourceIp: sourceIpOf(message),
      userAgent: message.headers['user-agent'] ?? '',
    },
    requestId: randomUUID(),
    routeKey: place.routeKey,
    stage: '$default',
    time: gatewayTime(receivedMs),
    timeEpoch: receivedMs,
  };
}

/** Lower-case names, values joined; hop-by-hop headers stay behind, and what a load balancer adds is there. */
function joinedHeaders(request: ReceivedRequest, domainName: string): Readonly<Record<string, string>> {
  const { message } = request;
  const headers: Record<string, string> = {};
  for (const [name, values] of Object.entries(message.headersDistinct)) {
    if (name === 'cookie' || name === 'connection' || name === 'keep-alive' || name === 'transfer-encoding') continue;
    if (values !== undefined) headers[name] = values.join(',');
  }
  headers['host'] = domainName;
  headers['x-amzn-trace-id'] = request.traceHeader;
  headers['x-forwarded-for'] ??= sourceIpOf(message);
  headers['x-forwarded-port'] = '443';
  headers['x-forwarded-proto'] = 'https';
  return headers;
}

function joinedQuery(raw: string): Readonly<Record<string, string>> | undefined {
  if (raw === '') return undefined;
  const joined = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(raw)) {
    const before = joined.get(name);
    joined.set(name, before === undefined ? value : `${before},${value}`);
  }
  return Object.fromEntries(joined);
}

function splitAt(text: string, separator: string): readonly string[] {
  const at = text.indexOf(separator);
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

/** A path with a broken escape stays as it is. */
function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** `25/Nov/2026:03:26:17 +0000` */
function gatewayTime(ms: number): string {
  const [date = '', time = ''] = new Date(ms).toISOString().split(/[T.]/);
  const [year, month, day] = date.split('-');
  return `${day}/${MONTHS[Number(month) - 1]}/${year}:${time} +0000`;
}
