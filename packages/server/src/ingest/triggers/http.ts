import { plainRoute } from '../destination.ts';
import type { Principal } from '../identity.ts';
import { isObject, own, ownAmount, ownArray, ownPath, ownText } from '../json-document.ts';
import {
  bodyBytes,
  callerOfArn,
  headersOf,
  named,
  nameOf,
  personOf,
  resourceOf,
  type Shape,
  type TellContext,
  type Told,
  traceOf,
} from './told.ts';

/** Requests that a front end hands to a function, and the questions of front ends to their authorizers. */
export const HTTP_SHAPES: readonly Shape[] = [
  { name: 'load balancer', is: (event) => isObject(ownPath(event, 'requestContext', 'elb')), tell: balancer },
  {
    name: 'service network',
    is: (event) => ownText(event, 'requestContext', 'serviceArn').includes(':vpc-lattice:'),
    tell: lattice,
  },
  {
    name: 'authorizer',
    is: (event) => /^(TOKEN|REQUEST)$/.test(ownText(event, 'type')) && authorizedArn(event) !== '',
    tell: authorizer,
  },
  {
    name: 'function URL',
    is: (event) => isVersion2(event) && URL_HOST.test(ownText(event, 'requestContext', 'domainName')),
    tell: functionUrl,
  },
  { name: 'HTTP API', is: isVersion2, tell: httpApi },
  {
    name: 'WebSocket API',
    is: (event) => /^(CONNECT|MESSAGE|DISCONNECT)$/.test(ownText(event, 'requestContext', 'eventType')),
    tell: webSocket,
  },
  {
    name: 'REST API',
    is: (event) => ownText(event, 'httpMethod') !== '' && isObject(ownPath(event, 'requestContext')),
    tell: restApi,
  },
  {
    name: 'AppSync authorizer',
    is: (event) =>
      typeof own(event, 'authorizationToken') === 'string' &&
      typeof ownPath(event, 'requestContext', 'queryString') === 'string',
    tell: appSyncAuthorizer,
  },
  {
    name: 'AppSync resolver',
    is: (event) => ownText(event, 'info', 'fieldName') !== '' && ownText(event, 'info', 'parentTypeName') !== '',
    tell: appSyncResolver,
  },
];

const URL_HOST = /\.lambda-url\.[a-z0-9-]{1,32}\.on\.aws$/;

function isVersion2(event: unknown): boolean {
  return (
    isObject(ownPath(event, 'requestContext', 'http')) && ownText(event, 'requestContext', 'http', 'method') !== ''
  );
}

/** Method and route as one source. A route is the owner's template, never the path of the request. */
function routed(method: string, route: string): string {
  const verb = method.toUpperCase();
  const known = /^[A-Z]{3,10}$/.test(verb) ? verb : '';
  return [known, route].filter((part) => part !== '').join(' ');
}

/** The route of `GET /orders/{id}` or `/orders/{id}`; words such as `$default` stay. */
function routeOf(key: string): string {
  const route = key.slice(key.indexOf(' ') + 1);
  if (/^\$(default|connect|disconnect)$/.test(route)) return route;
  return route.startsWith('/') ? plainRoute(route) : nameOf(route);
}

/** What the headers of any request say. The trace id of a request begins with its time. */
function request(event: unknown) {
  const headers = headersOf(event);
  const traceId = traceOf(headers.get('x-amzn-trace-id') ?? '');
  const country = headers.get('cloudfront-viewer-country') ?? '';
  return {
    headers,
    told: {
      kind: 'http' as const,
      traceId,
      country: /^[A-Z]{2}$/.test(country) ? country : '',
      userAgent: headers.get('user-agent') ?? '',
      requestBytes: bodyBytes(event),
      timeMs: traceId === '' ? Number.NaN : Number.parseInt(traceId.slice(2, 10), 16) * 1000,
    },
  };
}

/** What gateways add to that. */
function gateway(event: unknown, context: TellContext) {
  const { told } = request(event);
  const from = own(event, 'requestContext');
  const epoch = ownAmount(from, 'timeEpoch') || ownAmount(from, 'requestTimeEpoch');
  const userAgent = ownText(from, 'http', 'userAgent') || ownText(from, 'identity', 'userAgent') || told.userAgent;
  return {
    ...told,
    userAgent,
    timeMs: Number.isNaN(epoch) ? told.timeMs : epoch,
    address: ownText(from, 'http', 'sourceIp') || ownText(from, 'identity', 'sourceIp'),
    principal: callerOf(from, context, userAgent),
    eventId: ownText(from, 'requestId'),
  };
}

/** Who called: by signature, by token, or by what the gateway's own authorizer said. */
function callerOf(from: unknown, context: TellContext, userAgent: string): Principal {
  const authorizer = own(from, 'authorizer');
  const arn = ownText(authorizer, 'iam', 'userArn') || ownText(from, 'identity', 'userArn');
  const person =
    ownText(authorizer, 'iam', 'cognitoIdentity', 'identityId') ||
    ownText(from, 'identity', 'cognitoIdentityId') ||
    ownText(authorizer, 'jwt', 'claims', 'sub') ||
    ownText(authorizer, 'claims', 'sub') ||
    ownText(authorizer, 'principalId') ||
    ownText(authorizer, 'lambda', 'principalId');
  return person === '' ? callerOfArn(arn, context, userAgent) : personOf(person, context);
}

function restApi(event: unknown, context: TellContext): Told {
  const route = ownText(event, 'resource') || ownText(event, 'requestContext', 'resourcePath');
  return { ...gateway(event, context), source: routed(ownText(event, 'httpMethod'), routeOf(route)) };
}

function httpApi(event: unknown, context: TellContext): Told {
  const key = ownText(event, 'routeKey') || ownText(event, 'requestContext', 'routeKey');
  const method = ownText(event, 'requestContext', 'http', 'method');
  return { ...gateway(event, context), source: routed(method, routeOf(key)) };
}

function functionUrl(event: unknown, context: TellContext): Told {
  const id = ownText(event, 'requestContext', 'apiId');
  const method = ownText(event, 'requestContext', 'http', 'method');
  return { ...gateway(event, context), source: routed(method, named('lambda-url', id)) };
}

function webSocket(event: unknown, context: TellContext): Told {
  const route = routeOf(ownText(event, 'requestContext', 'routeKey'));
  return {
    ...gateway(event, context),
    source: `WEBSOCKET ${route}`.trim(),
    eventId: ownText(event, 'requestContext', 'messageId') || ownText(event, 'requestContext', 'requestId'),
  };
}

/** A balancer has no routes, and what stands in the path is the caller's: the target group is the source. */
function balancer(event: unknown, { home }: TellContext): Told {
  const arn = ownText(event, 'requestContext', 'elb', 'targetGroupArn');
  const { told, headers } = request(event);
  return {
    ...told,
    source: routed(ownText(event, 'httpMethod'), resourceOf('elasticloadbalancing', arn, home)),
    address: lastOf(headers.get('x-forwarded-for') ?? ''),
  };
}

/** The front end adds the address it saw at the end; what stands before is the caller's word. */
function lastOf(addresses: string): string {
  return addresses.slice(addresses.lastIndexOf(',') + 1).trim();
}

function lattice(event: unknown, context: TellContext): Told {
  const from = own(event, 'requestContext');
  const arn = ownText(from, 'serviceArn');
  const { told } = request(event);
  const micros = Number(ownText(from, 'timeEpoch') || ownAmount(from, 'timeEpoch'));
  return {
    ...told,
    source: routed(ownText(event, 'method'), resourceOf('vpc-lattice', arn, context.home)),
    timeMs: micros > 0 ? Math.floor(micros / 1000) : told.timeMs,
    principal: callerOfArn(ownText(from, 'identity', 'principal'), context),
  };
}

function authorizedArn(event: unknown): string {
  const arn = ownText(event, 'methodArn') || ownText(event, 'routeArn');
  return /^arn:aws[a-z0-9-]*:execute-api:/.test(arn) ? arn : '';
}

/** The ARN goes on with the path of the request, so that only the API is taken from it. */
function authorizer(event: unknown, context: TellContext): Told {
  const arn = authorizedArn(event);
  const api = /^arn:[^:]*:execute-api:[^:]*:[^:]*:([a-z0-9]{1,64})(?:\/|$)/.exec(arn)?.[1] ?? '';
  return { ...gateway(event, context), source: `AUTHORIZER ${named('execute-api', api)}` };
}

function appSyncAuthorizer(event: unknown): Told {
  const from = own(event, 'requestContext');
  return {
    kind: 'http',
    source: `AUTHORIZER ${named('appsync', ownText(from, 'apiId'))}`,
    eventId: ownText(from, 'requestId'),
  };
}

function appSyncResolver(event: unknown, context: TellContext): Told {
  const { told } = request(own(event, 'request'));
  const identity = own(event, 'identity');
  const person = ownText(identity, 'cognitoIdentityId') || ownText(identity, 'sub') || ownText(identity, 'username');
  const field = `${nameOf(ownText(event, 'info', 'parentTypeName'))}.${nameOf(ownText(event, 'info', 'fieldName'))}`;
  const [address] = ownArray(identity, 'sourceIp');
  const arn = ownText(identity, 'userArn');
  return {
    ...told,
    source: `appsync/${field}`,
    address: typeof address === 'string' ? address : '',
    principal: arn === '' ? personOf(person, context) : callerOfArn(arn, context),
  };
}
