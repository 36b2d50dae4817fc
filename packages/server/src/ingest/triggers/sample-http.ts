import { AT_MS, arn, type NamedSample, TRACE } from './sample.ts';

const REST = {
  resource: '/orders/{id}',
  path: '/orders/4711',
  httpMethod: 'PUT',
  headers: {
    'user-agent': 'curl/8',
    'X-Amzn-Trace-Id': `Root=${TRACE};Parent=0123456789abcdef`,
    'CloudFront-Viewer-Country': 'NL',
  },
  requestContext: {
    accountId: '123456789012',
    apiId: 'abc123',
    domainName: 'abc123.execute-api.eu-west-1.amazonaws.com',
    stage: 'live',
    resourcePath: '/orders/{id}',
    requestId: 'gateway-0001',
    requestTimeEpoch: AT_MS,
    identity: { sourceIp: '198.51.100.7', userAgent: 'curl/8.1' },
    authorizer: { claims: { sub: 'Person-1' } },
  },
  body: 'aGVsbG8=',
  isBase64Encoded: true,
};
const HTTP = {
  version: '2.0',
  routeKey: 'GET /orders/{id}',
  rawPath: '/orders/4711',
  headers: {},
  requestContext: {
    accountId: '123456789012',
    apiId: 'abc123',
    domainName: 'abc123.execute-api.eu-west-1.amazonaws.com',
    http: { method: 'GET', path: '/orders/4711', sourceIp: '198.51.100.7', userAgent: 'Mozilla/5.0' },
    authorizer: { jwt: { claims: { sub: 'person-1' }, scopes: [] } },
    requestId: 'gateway-0002',
    timeEpoch: AT_MS,
  },
  isBase64Encoded: false,
};
const URL_EVENT = {
  ...HTTP,
  routeKey: '$default',
  requestContext: {
    ...HTTP.requestContext,
    apiId: 'url7',
    domainName: 'url7.lambda-url.eu-west-1.on.aws',
    authorizer: { iam: { userArn: 'arn:aws:sts::123456789012:assumed-role/caller/session' } },
  },
};
const SOCKET = {
  requestContext: {
    routeKey: 'sendMessage',
    eventType: 'MESSAGE',
    messageId: 'message-1',
    requestId: 'gateway-0003',
    requestTimeEpoch: AT_MS,
    domainName: 'abc123.execute-api.eu-west-1.amazonaws.com',
    identity: { sourceIp: '198.51.100.7' },
  },
  body: 'hi',
};
const BALANCER = {
  requestContext: { elb: { targetGroupArn: arn('elasticloadbalancing', 'targetgroup/shop/0123456789abcdef') } },
  httpMethod: 'POST',
  path: '/people/alice',
  multiValueHeaders: {
    'x-amzn-trace-id': [`Root=${TRACE}`],
    'x-forwarded-for': ['203.0.113.1, 198.51.100.7'],
    'user-agent': ['Mozilla/5.0'],
  },
  body: 'four',
};
/** A request through each kind of front end. */
export const HTTP_SAMPLES: readonly NamedSample[] = [
  [
    'REST API',
    {
      event: REST,
      says: {
        eventMs: AT_MS,
        triggerKind: 'http',
        triggerSource: 'PUT /orders/{id}',
        principal: 'person<person-1>',
        principalKind: 'person',
        network: 'net<198.51.100.7>',
        country: 'NL',
        client: 'tool',
        requestBytes: 5,
        traceId: TRACE,
        eventId: 'gateway-0001',
      },
    },
  ],
  [
    'HTTP API',
    {
      event: HTTP,
      says: {
        eventMs: AT_MS,
        triggerKind: 'http',
        triggerSource: 'GET /orders/{id}',
        principal: 'person<person-1>',
        principalKind: 'person',
        network: 'net<198.51.100.7>',
        client: 'browser',
        eventId: 'gateway-0002',
      },
    },
  ],
  [
    'function URL',
    {
      event: URL_EVENT,
      says: {
        eventMs: AT_MS,
        triggerKind: 'http',
        triggerSource: 'GET lambda-url/url7',
        principal: 'arn:aws:iam::123456789012:role/caller',
        principalKind: 'role',
        network: 'net<198.51.100.7>',
        client: 'browser',
        eventId: 'gateway-0002',
      },
    },
  ],
  [
    'WebSocket API',
    {
      event: SOCKET,
      says: {
        eventMs: AT_MS,
        triggerKind: 'http',
        triggerSource: 'WEBSOCKET sendMessage',
        network: 'net<198.51.100.7>',
        requestBytes: 2,
        eventId: 'message-1',
      },
    },
  ],
  [
    'load balancer',
    {
      event: BALANCER,
      says: {
        eventMs: 0x697debc0 * 1000,
        triggerKind: 'http',
        triggerSource: 'POST elasticloadbalancing/targetgroup/shop/0123456789abcdef',
        network: 'net<198.51.100.7>',
        client: 'browser',
        requestBytes: 4,
        traceId: TRACE,
      },
    },
  ],
  [
    'service network',
    {
      event: {
        version: '2.0',
        path: '/alice',
        method: 'GET',
        headers: {},
        requestContext: {
          serviceArn: arn('vpc-lattice', 'service/svc-1'),
          region: 'eu-west-1',
          timeEpoch: String(AT_MS * 1000),
          identity: { principal: 'arn:aws:iam::123456789012:role/caller' },
        },
      },
      says: {
        eventMs: AT_MS,
        triggerKind: 'http',
        triggerSource: 'GET vpc-lattice/service/svc-1',
        principal: 'arn:aws:iam::123456789012:role/caller',
        principalKind: 'role',
      },
    },
  ],
  [
    'authorizer, by token',
    {
      event: {
        type: 'TOKEN',
        authorizationToken: 'secret',
        methodArn: arn('execute-api', 'abc123/live/GET/people/alice'),
      },
      says: { triggerKind: 'http', triggerSource: 'AUTHORIZER execute-api/abc123' },
    },
  ],
  [
    'authorizer, by request',
    {
      event: { ...HTTP, type: 'REQUEST', routeArn: arn('execute-api', 'abc123/live/GET/people/alice') },
      says: {
        eventMs: AT_MS,
        triggerKind: 'http',
        triggerSource: 'AUTHORIZER execute-api/abc123',
        principal: 'person<person-1>',
        principalKind: 'person',
        network: 'net<198.51.100.7>',
        client: 'browser',
        eventId: 'gateway-0002',
      },
    },
  ],
  [
    'AppSync authorizer',
    {
      event: {
        authorizationToken: 'secret',
        requestContext: {
          apiId: 'graph1',
          accountId: '123456789012',
          requestId: 'graph-0001',
          queryString: 'query { secret }',
        },
      },
      says: { triggerKind: 'http', triggerSource: 'AUTHORIZER appsync/graph1', eventId: 'graph-0001' },
    },
  ],
  [
    'AppSync resolver',
    {
      event: {
        arguments: { id: 'secret' },
        identity: { sub: 'person-1', username: 'alice', sourceIp: ['198.51.100.7'] },
        request: { headers: { 'user-agent': 'Mozilla/5.0' } },
        info: { fieldName: 'order', parentTypeName: 'Query', variables: {} },
      },
      says: {
        triggerKind: 'http',
        triggerSource: 'appsync/Query.order',
        principal: 'person<person-1>',
        principalKind: 'person',
        network: 'net<198.51.100.7>',
        client: 'browser',
      },
    },
  ],
];
