import { destinationOfArn, destinationOfResource, plainRoute, queueOfUrl } from '../destination.ts';
import { SLOT } from './attribute-names.ts';
import type { Attributes } from './attributes.ts';

/** What fired an invocation, in the words of the `triggerKind` and `triggerSource` columns. */
export interface Trigger {
  readonly kind: '' | 'http' | 'queue' | 'timer' | 'object' | 'stream' | 'topic' | 'invoke' | 'edge' | 'other';
  /** Route with method, queue, topic, bucket, table or schedule; '' when unknown. */
  readonly source: string;
}

/** Attributes a trigger may be told by: where an invocation lacks one, a SERVER or CONSUMER span below it may have it. */
export const TRIGGER_SLOTS: readonly number[] = [
  SLOT.trigger,
  SLOT.cron,
  SLOT.documentCollection,
  SLOT.httpMethod,
  SLOT.httpRoute,
  SLOT.urlTemplate,
  SLOT.httpStatus,
  SLOT.clientAddress,
  SLOT.userAgent,
  SLOT.messagingSystem,
  SLOT.messagingDestination,
  SLOT.messagingBatch,
  SLOT.queueUrl,
  SLOT.queueName,
  SLOT.topicArn,
  SLOT.streamName,
  SLOT.s3Bucket,
  SLOT.dynamoTable,
];

/** Messaging systems by what they are, and by the service they belong to where it is one of AWS. */
const SYSTEMS: ReadonlyMap<string, readonly ['queue' | 'stream' | 'topic', string]> = new Map([
  ['aws_sqs', ['queue', 'sqs']],
  ['aws.sqs', ['queue', 'sqs']],
  ['AmazonSQS', ['queue', 'sqs']],
  ['aws_sns', ['topic', 'sns']],
  ['aws.sns', ['topic', 'sns']],
  ['aws_kinesis', ['stream', 'kinesis']],
  ['aws.kinesis', ['stream', 'kinesis']],
  ['kafka', ['stream', '']],
  ['eventhubs', ['stream', '']],
  ['pulsar', ['stream', '']],
  ['eventgrid', ['topic', '']],
  ['gcp_pubsub', ['topic', '']],
  ['servicebus', ['queue', '']],
  ['activemq', ['queue', '']],
  ['rabbitmq', ['queue', '']],
  ['jms', ['queue', '']],
]);
const NONE: Trigger = { kind: '', source: '' };

/** What fired the invocation. `home` is the account the function lives in. */
export function triggerOf(attributes: Attributes, home: string): Trigger {
  switch (attributes.text(SLOT.trigger)) {
    case 'http':
      return http(attributes);
    case 'pubsub':
      return message(attributes, home);
    case 'timer':
      return { kind: 'timer', source: attributes.text(SLOT.cron) };
    case 'datasource':
      return datasource(attributes);
    case '':
      return told(attributes, home);
    default: {
      const trigger = told(attributes, home);
      return trigger.kind === '' ? { kind: 'other', source: '' } : trigger;
    }
  }
}

/** Without a trigger, what the other attributes show. */
function told(attributes: Attributes, home: string): Trigger {
  if (attributes.has(SLOT.messagingSystem)) return message(attributes, home);
  if (attributes.has(SLOT.httpMethod)) return http(attributes);
  if (attributes.has(SLOT.cron)) return { kind: 'timer', source: attributes.text(SLOT.cron) };
  return attributes.has(SLOT.documentCollection) ? datasource(attributes) : NONE;
}

/** Method and route; never the path, which names people and things. */
function http(attributes: Attributes): Trigger {
  const route = plainRoute(attributes.text(SLOT.httpRoute) || attributes.text(SLOT.urlTemplate));
  const method = attributes.text(SLOT.httpMethod).toUpperCase();
  if (!/^[A-Z]{3,10}$/.test(method)) return { kind: 'http', source: route };
  return { kind: 'http', source: route === '' ? method : `${method} ${route}` };
}

function message(attributes: Attributes, home: string): Trigger {
  const system = attributes.text(SLOT.messagingSystem);
  const [kind, service] = SYSTEMS.get(system) ?? ['topic', ''];
  const topic = destinationOfArn(attributes.text(SLOT.topicArn), home);
  if (topic !== '') return { kind: 'topic', source: topic };
  const name =
    attributes.text(SLOT.messagingDestination) ||
    attributes.text(SLOT.queueName) ||
    attributes.text(SLOT.streamName) ||
    queueOfUrl(attributes.text(SLOT.queueUrl)).name;
  const named = destinationOfArn(name, home);
  if (named !== '') return { kind, source: named };
  if (name === '') return { kind, source: service || system };
  return { kind, source: service === '' ? `${system || 'topic'}/${name}` : destinationOfResource(service, name) };
}

/** A change in a bucket or a table. */
function datasource(attributes: Attributes): Trigger {
  const bucket = attributes.text(SLOT.s3Bucket);
  if (bucket !== '') return { kind: 'object', source: destinationOfResource('s3', bucket) };
  const table = attributes.text(SLOT.dynamoTable);
  if (table !== '') return { kind: 'stream', source: destinationOfResource('dynamodb', table) };
  const collection = attributes.text(SLOT.documentCollection);
  const system = attributes.text(SLOT.dbSystem);
  if (/dynamodb/.test(system)) return { kind: 'stream', source: destinationOfResource('dynamodb', collection) };
  if (system !== '') return { kind: 'stream', source: collection === '' ? system : `${system}/${collection}` };
  return { kind: 'object', source: collection };
}
