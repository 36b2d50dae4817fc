import type { Keyed } from '../keyed.ts';
import { own, textAt } from '../objects.ts';
import { METHODS, networkOf } from '../redact.ts';
import type { WireRecord } from '../wire.ts';
import { clientClass } from './client.ts';

/** The fields of a record that say what fired an invocation. */
export type Trigger = Pick<
  WireRecord,
  'triggerKind' | 'triggerSource' | 'principal' | 'principalKind' | 'network' | 'country' | 'client' | 'batchSize'
> & { readonly requestBytes?: number };

/** What is needed to read an event besides the event. */
export interface TriggerContext {
  readonly keyed: Keyed;
  /** Account of the function, `?` when unknown: resources of others carry their owner. */
  readonly home: string;
}

/**
 * What fired an invocation, by the shape of its event: kind, source, who caused it, from which network, with what kind of
 * client. In the same words as the server reads kept events. Of people only a keyed hash is taken, of addresses the
 * network, of bodies the size. An event of no known shape is `other`: a direct invocation, or a service not known here.
 * Costs about 2 µs for a request of an HTTP API, 0.1 µs for an event without the usual fields.
 */
export function triggerOf(event: unknown, context: TriggerContext): Trigger {
  if (typeof event !== 'object' || event === null) return OTHER;
  const from = own(event, 'requestContext');
  if (typeof from === 'object' && from !== null) return requestOf(event, from, context);
  const records = own(event, 'Records');
  if (Array.isArray(records) && records.length > 0) return recordsOf(records, context);
  const source = own(event, 'eventSource');
  if (typeof source === 'string') return brokerOf(source, event, context);
  return eventOf(event, context);
}

const OTHER: Trigger = { triggerKind: 'other' };
const NAME = /^[A-Za-z0-9][\w.:$+-]{0,127}$/;
const RESOURCE = /^[A-Za-z0-9][\w.$+ /-]{0,255}$/;
const DETAIL_TYPE = /^[A-Za-z0-9][\w .():-]{0,127}$/;
const URL_HOST = /\.lambda-url\.[a-z0-9-]{1,32}\.on\.aws$/;
/** Segments of a route that its owner wrote: words and placeholders. */
const ROUTE_WORD = /^(v\d{1,2}|\$?[A-Za-z][A-Za-z_.-]{0,31}|\*{1,2}|[{:][\w.]{1,32}[+*]?\}?)$/;

function requestOf(event: object, from: object, context: TriggerContext): Trigger {
  const header = headersOf(event);
  const http = own(from, 'http');
  const identity = own(from, 'identity');
  const agent = textAt(http, 'userAgent') || textAt(identity, 'userAgent') || header('user-agent');
  const country = header('cloudfront-viewer-country');
  const address = textAt(http, 'sourceIp') || textAt(identity, 'sourceIp') || lastOf(header('x-forwarded-for'));
  return {
    triggerKind: 'http',
    triggerSource: sourceOfRequest(event, from, context.home),
    ...callerOf(from, context),
    network: networkOf(address),
    client: clientClass(agent),
    ...(/^[A-Z]{2}$/.test(country) ? { country } : {}),
    ...bodyOf(event),
  };
}

function sourceOfRequest(event: object, from: object, home: string): string {
  const elb = textAt(from, 'elb', 'targetGroupArn');
  if (elb !== '') return routed(textAt(event, 'httpMethod'), resourceOf('elasticloadbalancing', elb, home));
  const lattice = textAt(from, 'serviceArn');
  if (lattice !== '') return routed(textAt(event, 'method'), resourceOf('vpc-lattice', lattice, home));
  const method = textAt(from, 'http', 'method');
  const key = textAt(event, 'routeKey') || textAt(from, 'routeKey');
  if (method !== '' && URL_HOST.test(textAt(from, 'domainName'))) {
    return routed(method, named('lambda-url', textAt(from, 'apiId')));
  }
  if (method !== '') return routed(method, routeOf(key));
  if (/^(CONNECT|MESSAGE|DISCONNECT)$/.test(textAt(from, 'eventType'))) return `WEBSOCKET ${routeOf(key)}`.trim();
  return routed(textAt(event, 'httpMethod'), routeOf(textAt(event, 'resource') || textAt(from, 'resourcePath')));
}

function routed(method: string, route: string): string {
  const verb = method.toUpperCase();
  const known = METHODS.has(verb) ? verb : '';
  return known === '' || route === '' ? known || route : `${known} ${route}`;
}

/** The owner's template, never the path of the request. */
function routeOf(key: string): string {
  const route = key.slice(key.indexOf(' ') + 1);
  if (/^\$(default|connect|disconnect)$/.test(route)) return route;
  if (!route.startsWith('/')) return nameOf(route);
  const words = route.split('/', 12).filter((word) => word !== '');
  return `/${words
    .slice(0, 6)
    .map((word) => (ROUTE_WORD.test(word) ? word : '{}'))
    .join('/')}`;
}

/** Who called: by signature, by token, or by what the gateway's own authorizer said. */
function callerOf(from: object, context: TriggerContext): Trigger {
  const authorizer = own(from, 'authorizer');
  const person =
    textAt(authorizer, 'iam', 'cognitoIdentity', 'identityId') ||
    textAt(from, 'identity', 'cognitoIdentityId') ||
    textAt(authorizer, 'jwt', 'claims', 'sub') ||
    textAt(authorizer, 'claims', 'sub') ||
    textAt(authorizer, 'principalId') ||
    textAt(authorizer, 'lambda', 'principalId');
  if (person !== '') return personOf(person, context);
  return callerOfArn(textAt(authorizer, 'iam', 'userArn') || textAt(from, 'identity', 'userArn'), context);
}

function personOf(name: string, { keyed }: TriggerContext): Trigger {
  return name === '' ? {} : { principal: keyed.person(name), principalKind: 'person' };
}

/** A role is named by its ARN in clear, without the session; anybody else is a person. */
function callerOfArn(arn: string, context: TriggerContext): Trigger {
  const role = /^arn:(aws[a-z0-9-]*):(?:sts|iam)::(\d+):(?:assumed-role|role)\/([\w+=,.@-]{1,64})(?:\/|$)/.exec(arn);
  if (role === null || role[3].includes('@')) return personOf(arn, context);
  return { principal: `arn:${role[1]}:iam::${role[2]}:role/${role[3]}`, principalKind: 'role' };
}

/** The caller that a service names by its id: `AWS:AROA…:session`, `AIDA…`, an account, a service. */
function callerOfId(id: string, context: TriggerContext): Trigger {
  const plain = id.replace(/^(AWS|AmazonCustomer):/, '');
  if (/^anonymous$/i.test(plain)) return { principal: 'anonymous', principalKind: 'anonymous' };
  const role = /^(AROA[A-Z0-9]{8,32})(?::(.*))?$/s.exec(plain);
  if (role !== null && !(role[2] ?? '').includes('@')) return { principal: `role:${role[1]}`, principalKind: 'role' };
  if (role !== null) return personOf(role[2], context);
  if (/^\d{12}$/.test(plain)) return { principal: `account:${plain}`, principalKind: 'account' };
  if (/^[a-z0-9][a-z0-9-]{0,60}\.amazonaws\.com$/.test(plain)) {
    return { principal: `service:${plain}`, principalKind: 'service' };
  }
  return personOf(plain, context);
}

function recordsOf(records: readonly unknown[], context: TriggerContext): Trigger {
  const [first] = records;
  const batchSize = records.length;
  const arn = textAt(first, 'eventSourceARN');
  const { home } = context;
  switch (textAt(first, 'eventSource') || textAt(first, 'EventSource')) {
    case 'aws:sqs': {
      const sender = alike(records, ['attributes', 'SenderId']);
      const caller = sender === '' ? {} : callerOfId(sender, context);
      return { triggerKind: 'queue', triggerSource: resourceOf('sqs', arn, home), batchSize, ...caller };
    }
    case 'aws:sns':
      return {
        triggerKind: 'topic',
        triggerSource: resourceOf('sns', textAt(first, 'Sns', 'TopicArn'), home),
        batchSize,
      };
    case 'aws:s3': {
      const causer = alike(records, ['userIdentity', 'principalId']);
      return {
        triggerKind: 'object',
        triggerSource: named('s3', textAt(first, 's3', 'bucket', 'name')),
        batchSize,
        ...(causer === '' ? {} : callerOfId(causer, context)),
        network: networkOf(textAt(first, 'requestParameters', 'sourceIPAddress')),
      };
    }
    case 'aws:dynamodb':
      return { triggerKind: 'stream', triggerSource: resourceOf('dynamodb', arn, home), batchSize };
    case 'aws:kinesis':
      return { triggerKind: 'stream', triggerSource: resourceOf('kinesis', arn, home), batchSize };
    case 'aws:ses':
      return { triggerKind: 'other', triggerSource: 'ses', batchSize };
    default:
      return own(first, 'cf') === undefined ? { ...OTHER, batchSize } : edgeOf(first);
  }
}

function edgeOf(record: unknown): Trigger {
  const request = own(own(record, 'cf'), 'request');
  const distribution = nameOf(textAt(record, 'cf', 'config', 'distributionId'));
  return {
    triggerKind: 'edge',
    triggerSource: named('cloudfront', distribution),
    network: networkOf(textAt(request, 'clientIp')),
  };
}

function brokerOf(source: string, event: object, { home }: TriggerContext): Trigger {
  if (source === 'aws:kafka' || source === 'SelfManagedKafka') {
    const partitions = own(event, 'records');
    const names = typeof partitions === 'object' && partitions !== null ? Object.keys(partitions) : [];
    const topic = names[0]?.replace(/-\d+$/, '') ?? '';
    let batchSize = 0;
    for (const name of names) {
      const records = own(partitions, name);
      batchSize += Array.isArray(records) ? records.length : 0;
    }
    return { triggerKind: 'stream', triggerSource: named('kafka', topic), batchSize };
  }
  if (source === 'aws:mq' || source === 'aws:rmq') {
    return { triggerKind: 'queue', triggerSource: resourceOf('mq', textAt(event, 'eventSourceArn'), home) };
  }
  return OTHER;
}

/** Events of EventBridge and of services that hand over one thing each. */
function eventOf(event: object, context: TriggerContext): Trigger {
  const { home } = context;
  const type = textAt(event, 'detail-type');
  if (type !== '') {
    const from = textAt(event, 'source');
    const resources = own(event, 'resources');
    const arn: unknown = Array.isArray(resources) ? resources[0] : '';
    if (type === 'Scheduled Event' && /^aws\.(events|scheduler)$/.test(from)) {
      const service = from === 'aws.events' ? 'events' : 'scheduler';
      return { triggerKind: 'timer', triggerSource: resourceOf(service, typeof arn === 'string' ? arn : '', home) };
    }
    return {
      triggerKind: 'topic',
      triggerSource: `${named('events', from)} ${DETAIL_TYPE.test(type) ? type : ''}`.trim(),
    };
  }
  const delivery = textAt(event, 'deliveryStreamArn');
  if (delivery !== '') {
    const records = own(event, 'records');
    const batchSize = Array.isArray(records) ? records.length : 0;
    return { triggerKind: 'stream', triggerSource: resourceOf('firehose', delivery, home), batchSize };
  }
  if (own(event, 'awslogs') !== undefined) return { triggerKind: 'other', triggerSource: 'logs' };
  const pool = textAt(event, 'userPoolId');
  if (pool === '') return OTHER;
  const person = textAt(event, 'request', 'userAttributes', 'sub') || textAt(event, 'userName');
  const source = `${named('cognito-idp', pool)} ${nameOf(textAt(event, 'triggerSource'))}`.trim();
  return { triggerKind: 'other', triggerSource: source, ...personOf(person, context) };
}

/** The text that all records of a batch have at a path; '' where they differ. */
function alike(records: readonly unknown[], path: readonly string[]): string {
  const text = textAt(records[0], ...path);
  return records.every((record) => textAt(record, ...path) === text) ? text : '';
}

function nameOf(text: string): string {
  return NAME.test(text) ? text : '';
}

function named(service: string, text: string): string {
  const name = nameOf(text);
  return name === '' ? service : `${service}/${name}`;
}

/** Services whose ARNs carry a type that the name does not need. */
const ONE_TYPE: ReadonlySet<string> = new Set(['dynamodb', 'events', 'kinesis']);

/** `service/name`, with the owner when that is another account; the service alone when the ARN is another service's. */
function resourceOf(service: string, arn: string, home: string): string {
  const match = /^arn:aws[a-z0-9-]*:([a-z0-9-]{1,40}):[a-z0-9-]*:([0-9A-Za-z-]*):(.{1,256})$/.exec(arn);
  if (match === null || match[1] !== service) return service;
  const name = shortName(service, match[3]);
  if (!RESOURCE.test(name)) return service;
  const owner = match[2];
  return owner === '' || owner === home || home === '?' ? `${service}/${name}` : `${service}/${name}@${owner}`;
}

function shortName(service: string, rest: string): string {
  if (service === 'sqs' || service === 'sns') return rest.split(/[/:]/, 1)[0];
  if (!ONE_TYPE.has(service)) return rest.replace(':', '/');
  const parts = rest.split(/[/:]/, 2);
  return parts[1] ?? parts[0];
}

/** Reads headers by their name in lower case; of several values of one name the last. */
function headersOf(event: object): (name: string) => string {
  const headers = own(event, 'headers') ?? own(event, 'multiValueHeaders');
  if (typeof headers !== 'object' || headers === null) return () => '';
  return (name) => {
    const value = own(headers, name) ?? own(headers, spelt(headers, name));
    const last: unknown = Array.isArray(value) ? value.at(-1) : value;
    return typeof last === 'string' ? last : '';
  };
}

/** Front ends pass on names as the client spelt them; HTTP/2 has them in lower case. */
function spelt(headers: object, name: string): string {
  for (const key in headers) if (key.length === name.length && key.toLowerCase() === name) return key;
  return name;
}

/** The front end adds the address it saw at the end; what stands before is the caller's word. */
function lastOf(addresses: string): string {
  return addresses.slice(addresses.lastIndexOf(',') + 1).trim();
}

function bodyOf(event: object): { readonly requestBytes?: number } {
  const body = own(event, 'body');
  if (typeof body !== 'string') return { requestBytes: 0 };
  return { requestBytes: own(event, 'isBase64Encoded') === true ? Math.floor(body.length * 0.75) : body.length };
}
