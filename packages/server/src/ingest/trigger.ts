import { clientClass } from './client.ts';
import { destinationOfArn, destinationOfResource, routeTemplate } from './destination.ts';
import { type Place, principalOf } from './identity.ts';
import { isObject, type JsonObject, own, ownArray, ownPath, ownText } from './json-document.ts';
import type { Tokens } from './tokens.ts';

/** What fired an invocation and who caused it, as the columns of a row hold it: nothing raw is in here. */
export interface Trigger {
  readonly triggerKind: 'http' | 'queue' | 'timer' | 'object' | 'stream' | 'topic' | 'edge' | 'other';
  /** `POST /orders/{id}`, `sqs/jobs`, `s3/photos`, a rule; '' for an unknown shape. */
  readonly triggerSource: string;
  readonly principal?: string;
  readonly principalKind?: string;
  /** Token of the caller's network. */
  readonly network?: string;
  readonly client?: string;
  /** Records in the batch. */
  readonly batchSize?: number;
}

/** What `triggerOf` needs besides the event. */
export interface TriggerContext {
  readonly tokens: Tokens;
  /** Where the function lives. */
  readonly place: Place;
}

type Recogniser = (event: JsonObject, context: TriggerContext) => Trigger | undefined;

const RECOGNISERS: readonly Recogniser[] = [fromRequest, fromAuthorizer, fromRecords, fromBus, fromBroker, fromService];
const UNKNOWN: Trigger = { triggerKind: 'other', triggerSource: '' };

/**
 * What fired an invocation, told by the shape of its event. Only names of routes, queues, buckets and the like are
 * kept; people and addresses become tokens, bodies and keys are not looked at. An unknown shape, for example that of a
 * direct invocation, is `other` without a source. Cost: a few property reads.
 */
export function triggerOf(event: unknown, context: TriggerContext): Trigger {
  if (!isObject(event)) return UNKNOWN;
  for (const recognise of RECOGNISERS) {
    const trigger = recognise(event, context);
    if (trigger !== undefined) return trigger;
  }
  return UNKNOWN;
}

/** API Gateway (REST, HTTP, WebSocket), function URL, load balancer. */
function fromRequest(event: JsonObject, context: TriggerContext): Trigger | undefined {
  const request = own(event, 'requestContext');
  if (!isObject(request) || isAuthorizer(event)) return undefined;
  const source = routeOf(event, request);
  if (source === '') return undefined;
  const isBalancer = own(request, 'elb') !== undefined;
  const address =
    ownText(request, 'http', 'sourceIp') ||
    ownText(request, 'identity', 'sourceIp') ||
    // A balancer appends the address it saw; what stands before it is the client's to choose.
    (isBalancer ? (headerOf(event, 'x-forwarded-for').split(',').at(-1) ?? '').trim() : '');
  const agent = ownText(request, 'http', 'userAgent') || ownText(request, 'identity', 'userAgent');
  return {
    triggerKind: 'http',
    triggerSource: source,
    ...callerOf(request, context),
    network: context.tokens.network(address),
    client: clientClass(agent || headerOf(event, 'user-agent')),
  };
}

/** Method and route. A route that the gateway does not template is templated here. */
function routeOf(event: JsonObject, request: JsonObject): string {
  const key = ownText(request, 'routeKey');
  if (ownText(request, 'connectionId') !== '') return `${ownText(request, 'eventType') || 'MESSAGE'} ${key}`;
  if (own(request, 'http') !== undefined) {
    if (key !== '' && key !== '$default') return key;
    return `${ownText(request, 'http', 'method')} ${routeTemplate(ownText(request, 'http', 'path'))}`;
  }
  const method = ownText(event, 'httpMethod');
  if (method === '') return '';
  const resource = ownText(event, 'resource');
  if (own(request, 'elb') !== undefined) return `${method} ${routeTemplate(ownText(event, 'path'))}`;
  return resource === '' ? '' : `${method} ${resource}`;
}

/** The end user an authorizer vouches for, else the signer of the request. */
function callerOf(request: JsonObject, context: TriggerContext): Pick<Trigger, 'principal' | 'principalKind'> {
  const authorizer = own(request, 'authorizer');
  const subject =
    ownText(authorizer, 'jwt', 'claims', 'sub') ||
    ownText(authorizer, 'claims', 'sub') ||
    ownText(authorizer, 'principalId') ||
    ownText(request, 'identity', 'cognitoIdentityId');
  if (subject !== '') return person(subject, context);
  const signer = ownText(authorizer, 'iam', 'userArn') || ownText(request, 'identity', 'userArn');
  return signer === '' ? {} : signerOf(signer, context);
}

/** An identity known by its ARN alone. */
function signerOf(arn: string, context: TriggerContext): Pick<Trigger, 'principal' | 'principalKind'> {
  const type = arn.includes(':assumed-role/') ? 'AssumedRole' : arn.endsWith(':root') ? 'Root' : 'IAMUser';
  const { principal, kind } = principalOf({ type, arn }, context);
  return { principal, principalKind: kind };
}

function isAuthorizer(event: JsonObject): boolean {
  return ['methodArn', 'routeArn', 'authorizationToken'].some((key) => ownText(event, key) !== '');
}

/** A gateway that asks whether a request is allowed. */
function fromAuthorizer(event: JsonObject): Trigger | undefined {
  if (!isAuthorizer(event)) return undefined;
  const arn = ownText(event, 'methodArn') || ownText(event, 'routeArn');
  const api =
    /^arn:[^:]*:execute-api:[^:]*:[^:]*:([a-z0-9]+)/.exec(arn)?.[1] ?? ownText(event, 'requestContext', 'apiId');
  return { triggerKind: 'http', triggerSource: `authorizer:${api}` };
}

/** Services that deliver a list of `Records`. */
function fromRecords(event: JsonObject, context: TriggerContext): Trigger | undefined {
  const records = ownArray(event, 'Records');
  const [first] = records;
  const batchSize = records.length;
  const home = context.place.account;
  if (isObject(own(first, 'cf'))) {
    const distribution = ownText(first, 'cf', 'config', 'distributionId');
    const network = context.tokens.network(ownText(first, 'cf', 'request', 'clientIp'));
    return { triggerKind: 'edge', triggerSource: destinationOfResource('cloudfront', distribution), network };
  }
  const named = destinationOfArn(ownText(first, 'eventSourceARN'), home);
  const service = ownText(first, 'eventSource') || ownText(first, 'EventSource');
  switch (service) {
    case 'aws:sqs':
      return {
        triggerKind: 'queue',
        triggerSource: named || 'sqs',
        batchSize,
        ...sender(ownText(first, 'attributes', 'SenderId'), context),
      };
    case 'aws:sns':
      return {
        triggerKind: 'topic',
        triggerSource: destinationOfArn(ownText(first, 'Sns', 'TopicArn'), home) || 'sns',
        batchSize,
      };
    case 'aws:s3':
      return {
        triggerKind: 'object',
        triggerSource: destinationOfResource('s3', ownText(first, 's3', 'bucket', 'name')),
        batchSize,
        ...sender(ownText(first, 'userIdentity', 'principalId').replace(/^AWS:/, ''), context),
        network: context.tokens.network(ownText(first, 'requestParameters', 'sourceIPAddress')),
      };
    case 'aws:dynamodb':
    case 'aws:kinesis':
      return { triggerKind: 'stream', triggerSource: named || service.slice(4), batchSize };
    case 'aws:codecommit':
      return { triggerKind: 'other', triggerSource: named, ...signerOf(ownText(first, 'userIdentityARN'), context) };
    case 'aws:ses':
      return { triggerKind: 'other', triggerSource: 'ses', batchSize };
    default:
      return undefined;
  }
}

/** EventBridge: schedules and events of services, partners and applications. */
function fromBus(event: JsonObject, context: TriggerContext): Trigger | undefined {
  const detailType = ownText(event, 'detail-type');
  const source = ownText(event, 'source');
  if (detailType === '' || source === '') return undefined;
  if (source === 'aws.scheduler' || (source === 'aws.events' && detailType === 'Scheduled Event')) {
    const [rule] = ownArray(event, 'resources');
    const named = typeof rule === 'string' ? destinationOfArn(rule, context.place.account) : '';
    return { triggerKind: 'timer', triggerSource: named || 'events' };
  }
  return { triggerKind: 'topic', triggerSource: destinationOfResource('events', `${source}/${detailType}`) };
}

/** Kafka, ActiveMQ and RabbitMQ: messages grouped by topic or queue. */
function fromBroker(event: JsonObject, context: TriggerContext): Trigger | undefined {
  const system = ownText(event, 'eventSource');
  const named = destinationOfArn(ownText(event, 'eventSourceArn'), context.place.account);
  if (system === 'aws:kafka' || system === 'SelfManagedKafka') {
    const topics = own(event, 'records');
    const [topic] = isObject(topics) ? Object.keys(topics) : [];
    const name = `kafka/${(topic ?? '').replace(/-\d+$/, '')}`;
    return { triggerKind: 'stream', triggerSource: named || name, batchSize: grouped(topics) };
  }
  if (system === 'aws:mq' || system === 'aws:amq')
    return { triggerKind: 'queue', triggerSource: named, batchSize: ownArray(event, 'messages').length };
  if (system !== 'aws:rmq') return undefined;
  return { triggerKind: 'queue', triggerSource: named, batchSize: grouped(own(event, 'rmqMessagesByQueue')) };
}

/** Services with a shape of their own: telling property, kind, and what names the source. */
const SHAPES: readonly (readonly [string, Trigger['triggerKind'], (event: JsonObject, home: string) => string])[] = [
  ['awslogs', 'stream', () => 'logs'],
  [
    'deliveryStreamArn',
    'stream',
    (event, home) => destinationOfArn(ownText(event, 'deliveryStreamArn'), home) || 'firehose',
  ],
  ['applicationArn', 'stream', (event, home) => destinationOfArn(ownText(event, 'applicationArn'), home)],
  ['userPoolId', 'other', (event) => `cognito-idp/${ownText(event, 'userPoolId')} ${ownText(event, 'triggerSource')}`],
  ['identityPoolId', 'other', (event) => destinationOfResource('cognito-sync', ownText(event, 'identityPoolId'))],
  ['userRequest', 'object', (event, home) => destinationOfArn(ownText(event, 'configuration', 'accessPointArn'), home)],
  ['tasks', 'object', bucketOfTask],
  ['configRuleArn', 'other', (event, home) => destinationOfArn(ownText(event, 'configRuleArn'), home)],
  ['CodePipeline.job', 'other', () => 'codepipeline'],
  ['SecretId', 'other', (event, home) => destinationOfArn(ownText(event, 'SecretId'), home) || 'secretsmanager'],
  ['currentIntent', 'other', (event) => destinationOfResource('lex', ownText(event, 'bot', 'name'))],
  ['bot', 'other', (event) => destinationOfResource('lex', ownText(event, 'bot', 'name'))],
  ['Details', 'other', () => 'connect'],
  ['endpoint-id', 'other', (event) => destinationOfResource('clientvpn', ownText(event, 'endpoint-id'))],
  ['deviceEvent', 'other', () => 'iot'],
  ['clickType', 'other', () => 'iot'],
  ['protocolData', 'other', () => 'iot'],
  ['claimCertificateId', 'other', () => 'iot'],
];

function fromService(event: JsonObject, context: TriggerContext): Trigger | undefined {
  const shape = SHAPES.find(([property]) => own(event, property) !== undefined);
  if (shape === undefined) return undefined;
  const trigger = { triggerKind: shape[1], triggerSource: shape[2](event, context.place.account) };
  const user = ownText(event, 'userName');
  if (shape[0] === 'userPoolId' && user !== '') return { ...trigger, ...person(user, context) };
  if (shape[0] !== 'userRequest') return trigger;
  const { principal, kind } = principalOf(own(event, 'userIdentity'), context);
  return { ...trigger, principal, principalKind: kind };
}

function bucketOfTask(event: JsonObject, home: string): string {
  const [task] = ownArray(event, 'tasks');
  const bucket = ownText(task, 's3Bucket');
  return bucket === '' ? destinationOfArn(ownText(task, 's3BucketArn'), home) : destinationOfResource('s3', bucket);
}

/** Users and roles known by their internal id: a user is a person, the session name of a role is dropped. */
function sender(id: string, context: TriggerContext): Pick<Trigger, 'principal' | 'principalKind'> {
  if (/^AIDA[A-Z0-9]+$/.test(id)) return person(id, context);
  const role = /^(AROA[A-Z0-9]+)(:|$)/.exec(id)?.[1];
  return role === undefined ? {} : { principal: `role:${role}`, principalKind: 'role' };
}

function person(name: string, context: TriggerContext): Pick<Trigger, 'principal' | 'principalKind'> {
  return { principal: context.tokens.person(name.toLowerCase()), principalKind: 'person' };
}

/** Value of a header in any case, from single or multiple values. */
function headerOf(event: JsonObject, name: string): string {
  for (const field of ['headers', 'multiValueHeaders'] as const) {
    const headers = own(event, field);
    if (!isObject(headers)) continue;
    const key = Object.keys(headers).find((each) => each.toLowerCase() === name);
    const value = key === undefined ? undefined : ownPath(headers, key);
    const [first] = Array.isArray(value) ? value : [value];
    if (typeof first === 'string') return first;
  }
  return '';
}

/** Messages in all lists of an object. */
function grouped(lists: unknown): number {
  if (!isObject(lists)) return 0;
  return Object.values(lists).reduce<number>((sum, list) => sum + (Array.isArray(list) ? list.length : 0), 0);
}
