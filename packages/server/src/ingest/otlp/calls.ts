import {
  calledByArn,
  destinationOfHost,
  destinationOfResource,
  plainHost,
  plainRoute,
  queueOfUrl,
  routeTemplate,
  serviceName,
} from '../destination.ts';
import { functionOfReference, type Place } from '../identity.ts';
import { SLOT, SLOT_COUNT } from './attribute-names.ts';
import type { Attributes, Snapshot } from './attributes.ts';
import { Remembered } from './remembered.ts';

/** What an outbound span did and to what, in the terms of the `calls` columns. */
export interface Call {
  /** '' when the span says nothing but that there was a call. */
  readonly verb: string;
  readonly resource: string;
  readonly destination: string;
}

const NOTHING: Call = { verb: '', resource: '', destination: '' };
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
const WORD = /^[A-Za-z_][\w.-]{0,63}$/;

/** Attributes by which a call is named. */
const NAMING = naming();
/** Names remembered: what a few hundred functions call. About 4 MB. */
const REMEMBERED_SLOTS = 4096;
/** Bytes of the attributes of a name that is remembered; longer ones hold values that do not come again. */
const REMEMBERED_BYTES_MAX = 512;

interface RememberedCall {
  readonly attributes: Snapshot;
  readonly home: Place;
  readonly call: Call;
}

/**
 * Says what a CLIENT or PRODUCER span did: an operation of a cloud service, an invocation, a query, a message, another
 * remote procedure, or plain HTTP, in that order. Texts of queries, paths and messages are looked at but never kept.
 * Costs about 1 µs, and 0.1 µs when the last call named alike was the same.
 */
export class Calls {
  readonly #known: (RememberedCall | undefined)[] = new Array<undefined>(REMEMBERED_SLOTS).fill(undefined);
  readonly #services = new Remembered<string>();
  readonly #hosts = new Remembered<string>();

  /** `home` is where the calling function lives. */
  name(attributes: Attributes, home: Place): Call {
    const slot = attributes.hash(NAMING) & (REMEMBERED_SLOTS - 1);
    const known = this.#known[slot];
    if (known !== undefined && sameHome(known.home, home) && attributes.sameAs(NAMING, known.attributes)) {
      return known.call;
    }
    const call = this.#name(attributes, home);
    const snapshot = attributes.snapshot(NAMING);
    if (snapshot.bytes.byteLength <= REMEMBERED_BYTES_MAX) this.#known[slot] = { attributes: snapshot, home, call };
    return call;
  }

  #name(attributes: Attributes, home: Place): Call {
    const service = this.#awsService(attributes);
    const invoked = attributes.text(SLOT.invokedName);
    if (invoked !== '') return invocation(attributes, invoked, home);
    if (service !== '') return aws(attributes, service, home);
    if (attributes.has(SLOT.dbSystem)) return this.#query(attributes);
    if (attributes.has(SLOT.messagingSystem)) return this.#message(attributes);
    if (attributes.has(SLOT.rpcSystem)) return this.#procedure(attributes);
    if (attributes.has(SLOT.httpMethod) || attributes.has(SLOT.urlFull)) return this.#http(attributes);
    return attributes.has(SLOT.serverAddress) ? this.#connection(attributes) : NOTHING;
  }

  /** The service of AWS an outbound span talks to, '' when it talks to something else. */
  #awsService(attributes: Attributes): string {
    const isRpc = attributes.text(SLOT.rpcSystem) === 'aws-api';
    const named = isRpc ? attributes.text(SLOT.rpcService) : attributes.text(SLOT.awsService);
    if (named !== '') return this.#services.get(named, serviceName);
    const method = attributes.text(SLOT.rpcMethod);
    if (isRpc && method.includes('/')) return this.#services.get(method.slice(0, method.indexOf('/')), serviceName);
    const system = attributes.text(SLOT.messagingSystem) || attributes.text(SLOT.dbSystem);
    return AWS_SYSTEMS.get(system) ?? '';
  }

  #query(attributes: Attributes): Call {
    const system = wordOr(attributes.text(SLOT.dbSystem), 'db');
    const collection = attributes.text(SLOT.dbCollection);
    const namespace = attributes.text(SLOT.dbNamespace);
    const operation = attributes.text(SLOT.dbOperation) || firstWord(attributes.text(SLOT.dbQuery));
    return {
      verb: verb(system, operation),
      resource: collection === '' || namespace === '' ? namespace || collection : `${namespace}/${collection}`,
      destination: this.#host(attributes, '') || system,
    };
  }

  #message(attributes: Attributes): Call {
    const system = wordOr(attributes.text(SLOT.messagingSystem), 'messaging');
    const resource = attributes.text(SLOT.messagingDestination);
    return {
      verb: verb(system, attributes.text(SLOT.messagingOperation) || 'publish'),
      resource,
      destination: this.#host(attributes, '') || `${system}/${resource}`,
    };
  }

  #procedure(attributes: Attributes): Call {
    const method = attributes.text(SLOT.rpcMethod);
    const slash = method.lastIndexOf('/');
    const resource = attributes.text(SLOT.rpcService) || method.slice(0, Math.max(0, slash));
    return {
      verb: verb(wordOr(attributes.text(SLOT.rpcSystem), 'rpc'), lastOf(method)),
      resource,
      destination: this.#host(attributes, '') || resource,
    };
  }

  #http(attributes: Attributes): Call {
    const method = attributes.text(SLOT.httpMethod).toUpperCase();
    const url = attributes.text(SLOT.urlFull);
    const path = url === '' ? attributes.text(SLOT.urlPath) : pathOf(url);
    const template = attributes.text(SLOT.urlTemplate) || attributes.text(SLOT.httpRoute);
    const destination = this.#host(attributes, path);
    const route = template === '' ? (path === '' ? '' : routeTemplate(path)) : plainRoute(template);
    return {
      verb: /^[A-Z]{3,10}$/.test(method) ? `http:${method}` : 'http',
      resource: `${plainHost(hostOf(attributes), destination)}${route}`,
      destination,
    };
  }

  #connection(attributes: Attributes): Call {
    const destination = this.#host(attributes, '');
    return { verb: 'connect', resource: plainHost(attributes.text(SLOT.serverAddress), destination), destination };
  }

  /** Destination of the host an outbound span talks to, '' when it names none. The path matters for shared services. */
  #host(attributes: Attributes, path: string): string {
    const host = hostOf(attributes);
    if (host === '') return '';
    if (path === '') return this.#hosts.get(host, destinationOfHost);
    return this.#hosts.get(`${host} ${path}`, () => destinationOfHost(host, path));
  }
}

function aws(attributes: Attributes, service: string, home: Place): Call {
  const what = verb(service, operationOf(attributes));
  const arn = firstText(attributes, ARN_SLOTS);
  const called = arn === '' ? undefined : calledByArn(arn, home.account);
  if (called !== undefined) return { verb: what, ...called };
  const url = attributes.text(SLOT.queueUrl) || (service === 'sqs' ? attributes.text(SLOT.urlFull) : '');
  const queue = queueOfUrl(url);
  const resource = queue.name || firstText(attributes, NAME_SLOTS);
  const isForeign = /^\d{12}$/.test(home.account) && queue.account !== home.account;
  return {
    verb: what,
    resource,
    destination: destinationOfResource(service, resource, isForeign ? queue.account : ''),
  };
}

function invocation(attributes: Attributes, name: string, home: Place): Call {
  const stated = attributes.text(SLOT.invokedProvider);
  const provider = /^[a-z_]{2,32}$/.test(stated) ? stated : home.provider;
  const region = attributes.text(SLOT.invokedRegion) || home.region;
  const called = functionOfReference(name, { provider, account: home.account, region });
  const service = provider === 'aws' ? 'lambda' : provider;
  return {
    verb: verb(service, operationOf(attributes) || 'Invoke'),
    resource: called?.name ?? name,
    destination: destinationOfResource(service, called?.key ?? name),
  };
}

function sameHome(one: Place, other: Place): boolean {
  return one.provider === other.provider && one.account === other.account && one.region === other.region;
}

/** Operation of a cloud service: `PutObject` also where it is written `S3/PutObject` or `PutObjectRequest`. */
function operationOf(attributes: Attributes): string {
  const method = attributes.text(SLOT.rpcMethod) || attributes.text(SLOT.awsOperation);
  if (method !== '') return lastOf(method).replace(/Request$/, '');
  return attributes.text(SLOT.dbOperation) || attributes.text(SLOT.messagingOperation);
}

/** The method of `service/method`; '' for what is more than that, whose end says nothing without its beginning. */
function lastOf(method: string): string {
  return /^\/?(?:[\w. -]*\/)?([\w.-]*)$/.exec(method)?.[1] ?? '';
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

/** 1 for each slot that has a say in what a call is named. */
function naming(): Uint8Array {
  const slots = new Uint8Array(SLOT_COUNT);
  const named = [
    ...[SLOT.rpcSystem, SLOT.rpcService, SLOT.rpcMethod, SLOT.awsService, SLOT.awsOperation, SLOT.queueUrl],
    ...[SLOT.dbSystem, SLOT.dbOperation, SLOT.dbQuery, SLOT.messagingSystem, SLOT.messagingOperation],
    ...[SLOT.invokedName, SLOT.invokedProvider, SLOT.invokedRegion, SLOT.serverAddress, SLOT.peerAddress],
    ...[SLOT.httpMethod, SLOT.httpHost, SLOT.httpRoute, SLOT.urlFull, SLOT.urlPath, SLOT.urlTemplate],
    ...ARN_SLOTS,
    ...NAME_SLOTS,
  ];
  for (const slot of named) slots[slot] = 1;
  return slots;
}
