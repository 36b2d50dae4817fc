import {
  destinationOfArn,
  destinationOfHost,
  destinationOfResource,
  resourceOfArn,
  routeTemplate,
  serviceName,
} from '../destination.ts';
import { functionOfReference, type Place } from '../identity.ts';
import { SLOT } from './attribute-names.ts';
import type { Attributes } from './attributes.ts';
import { Remembered } from './remembered.ts';
import { callStatus } from './status.ts';

/** What one outbound span did, in the terms of the `calls` columns. One object is reused for all spans. */
export class Call {
  verb = '';
  resource = '';
  destination = '';
  /** NaN when unknown. */
  bytesOut = Number.NaN;
  bytesIn = Number.NaN;
  /** HTTP-like, 0 when unknown. */
  status = 0;
}

/** Messaging systems and databases that are services of AWS. */
const AWS_SYSTEMS: ReadonlyMap<string, string> = new Map([
  ['aws_sqs', 'sqs'],
  ['aws.sqs', 'sqs'],
  ['AmazonSQS', 'sqs'],
  ['aws_sns', 'sns'],
  ['aws.sns', 'sns'],
  ['aws_kinesis', 'kinesis'],
  ['aws.kinesis', 'kinesis'],
  ['aws.dynamodb', 'dynamodb'],
  ['dynamodb', 'dynamodb'],
]);
/** Where an AWS resource is named: as an ARN, as a URL, or plainly. Most telling first. */
const ARN_SLOTS = [SLOT.topicArn, SLOT.secretArn, SLOT.stateMachineArn];
const NAME_SLOTS = [
  SLOT.s3Bucket,
  SLOT.dynamoTable,
  SLOT.streamName,
  SLOT.queueName,
  SLOT.messagingDestination,
  SLOT.dbCollection,
  SLOT.dbNamespace,
];
/** Host names have labels of words; a label this long may carry stolen bytes and is not kept. */
const LABEL_CHARS_MAX = 32;
const WORD = /^[\w.-]{1,64}$/;

/**
 * Says what a CLIENT or PRODUCER span did: an operation of a cloud service, an invocation, a query, a message, another
 * remote procedure, or plain HTTP, in that order. Texts of queries, paths and messages are looked at but never kept.
 * Costs about 0.5 µs.
 */
export class Calls {
  readonly #call = new Call();
  readonly #services = new Remembered<string>();
  readonly #hosts = new Remembered<string>();
  readonly #routes = new Remembered<string>();

  /** `home` is where the calling function lives. The answer is valid until the next call. */
  describe(attributes: Attributes, statusCode: number, home: Place): Call {
    const call = this.#call;
    call.verb = '';
    call.resource = '';
    call.destination = '';
    call.bytesOut = attributes.amount(SLOT.requestSize);
    if (Number.isNaN(call.bytesOut)) call.bytesOut = attributes.amount(SLOT.messagingSize);
    call.bytesIn = attributes.amount(SLOT.responseSize);
    call.status = callStatus(attributes, statusCode);
    this.#name(attributes, home);
    return call;
  }

  /** The service of AWS an outbound span talks to, '' when it talks to something else. */
  awsService(attributes: Attributes): string {
    const rpc = attributes.text(SLOT.rpcSystem) === 'aws-api';
    const named = rpc ? attributes.text(SLOT.rpcService) : attributes.text(SLOT.awsService);
    if (named !== '') return this.#services.get(named, serviceName);
    const method = attributes.text(SLOT.rpcMethod);
    if (rpc && method.includes('/')) return this.#services.get(method.slice(0, method.indexOf('/')), serviceName);
    const system = attributes.text(SLOT.messagingSystem) || attributes.text(SLOT.dbSystem);
    return AWS_SYSTEMS.get(system) ?? '';
  }

  #name(attributes: Attributes, home: Place): void {
    const service = this.awsService(attributes);
    const invoked = attributes.text(SLOT.invokedName);
    if (invoked !== '') this.#invocation(attributes, invoked, home);
    else if (service !== '') this.#aws(attributes, service, home);
    else if (attributes.has(SLOT.dbSystem)) this.#query(attributes);
    else if (attributes.has(SLOT.messagingSystem)) this.#message(attributes);
    else if (attributes.has(SLOT.rpcSystem)) this.#procedure(attributes);
    else if (attributes.has(SLOT.httpMethod) || attributes.has(SLOT.urlFull)) this.#http(attributes);
    else if (attributes.has(SLOT.serverAddress)) this.#connection(attributes);
  }

  #aws(attributes: Attributes, service: string, home: Place): void {
    const call = this.#call;
    call.verb = verb(service, operationOf(attributes));
    const arn = firstText(attributes, ARN_SLOTS);
    const named = arn === '' ? undefined : resourceOfArn(arn);
    if (named !== undefined) {
      call.resource = named.name;
      call.destination = destinationOfArn(arn, home.account);
      return;
    }
    const url = attributes.text(SLOT.queueUrl) || (service === 'sqs' ? attributes.text(SLOT.urlFull) : '');
    const queue = /^https?:\/\/[^/]+\/([^/]+)\/([^/?#]+)$/.exec(url);
    const owner = queue?.[1] ?? home.account;
    call.resource = queue?.[2] ?? firstText(attributes, NAME_SLOTS);
    const foreign = /^\d{12}$/.test(owner) && /^\d{12}$/.test(home.account) && owner !== home.account;
    call.destination = destinationOfResource(service, call.resource, foreign ? owner : '');
  }

  #invocation(attributes: Attributes, name: string, home: Place): void {
    const call = this.#call;
    const provider = attributes.text(SLOT.invokedProvider) || home.provider;
    const region = attributes.text(SLOT.invokedRegion) || home.region;
    const called = functionOfReference(name, { provider, account: home.account, region });
    call.verb = provider === 'aws' ? verb('lambda', operationOf(attributes) || 'Invoke') : verb(provider, 'Invoke');
    call.resource = called?.name ?? name;
    call.destination = destinationOfResource(provider === 'aws' ? 'lambda' : provider, called?.key ?? name);
  }

  #query(attributes: Attributes): void {
    const call = this.#call;
    const system = attributes.text(SLOT.dbSystem);
    const collection = attributes.text(SLOT.dbCollection);
    const namespace = attributes.text(SLOT.dbNamespace);
    const operation = attributes.text(SLOT.dbOperation) || firstWord(attributes.text(SLOT.dbQuery));
    call.verb = verb(wordOr(system, 'db'), operation);
    call.resource = collection === '' || namespace === '' ? namespace || collection : `${namespace}/${collection}`;
    call.destination = this.#host(attributes, '') || wordOr(system, 'db');
  }

  #message(attributes: Attributes): void {
    const call = this.#call;
    const system = wordOr(attributes.text(SLOT.messagingSystem), 'messaging');
    call.verb = verb(system, attributes.text(SLOT.messagingOperation) || 'publish');
    call.resource = attributes.text(SLOT.messagingDestination);
    call.destination = this.#host(attributes, '') || `${system}/${call.resource}`;
  }

  #procedure(attributes: Attributes): void {
    const call = this.#call;
    const system = wordOr(attributes.text(SLOT.rpcSystem), 'rpc');
    const method = attributes.text(SLOT.rpcMethod);
    const slash = method.lastIndexOf('/');
    call.verb = verb(system, method.slice(slash + 1));
    call.resource = attributes.text(SLOT.rpcService) || method.slice(0, Math.max(0, slash));
    call.destination = this.#host(attributes, '') || call.resource;
  }

  #http(attributes: Attributes): void {
    const call = this.#call;
    const method = attributes.text(SLOT.httpMethod).toUpperCase();
    const url = attributes.text(SLOT.urlFull);
    const path = url === '' ? attributes.text(SLOT.urlPath) : pathOf(url);
    const template = attributes.text(SLOT.urlTemplate) || attributes.text(SLOT.httpRoute);
    call.verb = /^[A-Z]{3,10}$/.test(method) ? `http:${method}` : 'http';
    call.destination = this.#host(attributes, path);
    const route = template === '' ? (path === '' ? '' : this.#routes.get(path, routeTemplate)) : template;
    call.resource = `${plainHost(hostOf(attributes), call.destination)}${route}`;
  }

  #connection(attributes: Attributes): void {
    const call = this.#call;
    call.verb = 'connect';
    call.destination = this.#host(attributes, '');
    call.resource = plainHost(attributes.text(SLOT.serverAddress), call.destination);
  }

  /** Destination of the host an outbound span talks to, '' when it names none. The path matters for shared services. */
  #host(attributes: Attributes, path: string): string {
    const host = hostOf(attributes);
    if (host === '') return '';
    if (path === '') return this.#hosts.get(host, destinationOfHost);
    return this.#hosts.get(`${host} ${path}`, () => destinationOfHost(host, path));
  }
}

/** Operation of a cloud service: `PutObject` also where it is written `S3/PutObject` or `PutObjectRequest`. */
function operationOf(attributes: Attributes): string {
  const method = attributes.text(SLOT.rpcMethod) || attributes.text(SLOT.awsOperation);
  if (method !== '') return method.slice(method.lastIndexOf('/') + 1).replace(/Request$/, '');
  return attributes.text(SLOT.dbOperation) || attributes.text(SLOT.messagingOperation);
}

function verb(what: string, operation: string): string {
  return WORD.test(operation) ? `${what}:${operation}` : what;
}

function wordOr(text: string, otherwise: string): string {
  return WORD.test(text) ? text : otherwise;
}

/** Keyword a query starts with: the rest may hold values. */
function firstWord(query: string): string {
  return /^\s*([A-Za-z]{2,16})\b/.exec(query.slice(0, 64))?.[1].toUpperCase() ?? '';
}

function firstText(attributes: Attributes, slots: readonly number[]): string {
  for (const slot of slots) if (attributes.has(slot)) return attributes.text(slot);
  return '';
}

function hostOf(attributes: Attributes): string {
  const url = attributes.text(SLOT.urlFull);
  const match = url === '' ? null : /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#@]*@)?(\[[^\]]*\]|[^/?#:]*)/i.exec(url);
  return (
    match?.[1] ||
    attributes.text(SLOT.serverAddress) ||
    attributes.text(SLOT.httpHost).replace(/:\d{1,5}$/, '') ||
    attributes.text(SLOT.peerAddress)
  );
}

function pathOf(url: string): string {
  return /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*([^?#]*)/i.exec(url)?.[1] ?? '';
}

/** The host as it is, or its destination where a label is long enough to carry something out. */
function plainHost(host: string, destination: string): string {
  const labels = host.split('.');
  return labels.some((label) => label.length > LABEL_CHARS_MAX) ? `*.${destination}` : host;
}
