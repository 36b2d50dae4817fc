import { destinationOfResource } from '../destination.ts';
import type { Principal } from '../identity.ts';
import { isObject, own, ownArray, ownPath, ownText } from '../json-document.ts';
import {
  callerOfArn,
  callerOfId,
  NOBODY,
  named,
  nameOf,
  newestOf,
  resourceOf,
  type Shape,
  type TellContext,
  type Told,
  traceOf,
} from './told.ts';

/** Batches of records that a service hands over. All records of a batch come from one place. */
export const RECORD_SHAPES: readonly Shape[] = [
  { name: 'S3 notification', is: (event) => sourceOf(event) === 'aws:s3', tell: object },
  { name: 'SNS topic', is: (event) => sourceOf(event) === 'aws:sns', tell: topic },
  { name: 'SQS queue', is: (event) => sourceOf(event) === 'aws:sqs', tell: queue },
  { name: 'DynamoDB stream', is: (event) => sourceOf(event) === 'aws:dynamodb', tell: table },
  { name: 'Kinesis stream', is: (event) => sourceOf(event) === 'aws:kinesis', tell: stream },
  { name: 'SES receipt', is: (event) => sourceOf(event) === 'aws:ses', tell: mail },
  { name: 'CodeCommit trigger', is: (event) => sourceOf(event) === 'aws:codecommit', tell: repository },
  { name: 'CloudFront', is: (event) => isObject(own(firstOf(event), 'cf')), tell: edge },
  {
    name: 'Kafka topic',
    is: (event) => /^(aws:kafka|SelfManagedKafka)$/.test(sourceOf(event)) && isObject(own(event, 'records')),
    tell: kafka,
  },
  {
    name: 'ActiveMQ queue',
    is: (event) => sourceOf(event) === 'aws:mq' || sourceOf(event) === 'aws:amq',
    tell: activeMq,
  },
  {
    name: 'RabbitMQ queue',
    is: (event) => sourceOf(event) === 'aws:rmq' && isObject(own(event, 'rmqMessagesByQueue')),
    tell: rabbitMq,
  },
  {
    name: 'Firehose transformation',
    is: (event) => ownText(event, 'deliveryStreamArn') !== '' && Array.isArray(own(event, 'records')),
    tell: (event, context) => delivery(event, 'deliveryStreamArn', context),
  },
  {
    name: 'Kinesis Analytics output',
    is: (event) => ownText(event, 'applicationArn') !== '' && Array.isArray(own(event, 'records')),
    tell: (event, context) => delivery(event, 'applicationArn', context),
  },
  {
    name: 'S3 batch operation',
    is: (event) => ownText(event, 'invocationSchemaVersion') !== '' && Array.isArray(own(event, 'tasks')),
    tell: batchOperation,
  },
];

/** Partitions or queues that are looked at in one batch of Kafka or RabbitMQ. */
const PARTS_MAX = 1024;

function firstOf(event: unknown): unknown {
  return ownArray(event, 'Records').at(0);
}

function sourceOf(event: unknown): string {
  const first = firstOf(event);
  return ownText(first, 'eventSource') || ownText(first, 'EventSource') || ownText(event, 'eventSource');
}

/** What all batches say: how many. */
function batch(event: unknown) {
  const records = ownArray(event, 'Records');
  return { records, told: { batchSize: records.length } };
}

function object(event: unknown, context: TellContext): Told {
  const { records, told } = batch(event);
  const [first] = records;
  const bucket = nameOf(ownText(first, 's3', 'bucket', 'name'));
  return {
    ...told,
    kind: 'object',
    source: bucket === '' ? 's3' : destinationOfResource('s3', bucket),
    timeMs: newestOf(records, 'eventTime'),
    principal: alike(records, ['userIdentity', 'principalId'], context),
    address: ownText(first, 'requestParameters', 'sourceIPAddress'),
    eventId: ownText(first, 'responseElements', 'x-amz-request-id'),
  };
}

/** Who caused all records of a batch; nobody where they differ. */
function alike(records: readonly unknown[], path: readonly string[], context: TellContext): Principal {
  const id = ownText(records[0], ...path);
  return records.every((record) => ownText(record, ...path) === id) && id !== '' ? callerOfId(id, context) : NOBODY;
}

function topic(event: unknown, { home }: TellContext): Told {
  const arn = ownText(firstOf(event), 'Sns', 'TopicArn');
  const { records, told } = batch(event);
  return {
    ...told,
    kind: 'topic',
    source: resourceOf('sns', arn, home),
    timeMs: newestOf(records, 'Sns', 'Timestamp'),
    eventId: ownText(records[0], 'Sns', 'MessageId'),
  };
}

function queue(event: unknown, context: TellContext): Told {
  const arn = ownText(firstOf(event), 'eventSourceARN');
  const { records, told } = batch(event);
  return {
    ...told,
    kind: 'queue',
    source: resourceOf('sqs', arn, context.home),
    timeMs: newestOf(records, 'attributes', 'SentTimestamp'),
    principal: alike(records, ['attributes', 'SenderId'], context),
    traceId: records.length === 1 ? traceOf(ownText(records[0], 'attributes', 'AWSTraceHeader')) : '',
    eventId: ownText(records[0], 'messageId'),
  };
}

function table(event: unknown, { home }: TellContext): Told {
  const arn = ownText(firstOf(event), 'eventSourceARN');
  const { records, told } = batch(event);
  return {
    ...told,
    kind: 'stream',
    source: resourceOf('dynamodb', arn, home),
    timeMs: newestOf(records, 'dynamodb', 'ApproximateCreationDateTime'),
    eventId: ownText(records[0], 'eventID'),
  };
}

function stream(event: unknown, { home }: TellContext): Told {
  const arn = ownText(firstOf(event), 'eventSourceARN');
  const { records, told } = batch(event);
  return {
    ...told,
    kind: 'stream',
    source: resourceOf('kinesis', arn, home),
    timeMs: newestOf(records, 'kinesis', 'approximateArrivalTimestamp'),
    eventId: ownText(records[0], 'kinesis', 'sequenceNumber'),
  };
}

/** A received mail: its receipt names the function it was handed to. */
function mail(event: unknown): Told {
  const { records, told } = batch(event);
  const action = ownPath(records[0], 'ses', 'receipt', 'action');
  return {
    ...told,
    kind: 'other',
    source: 'ses',
    timeMs: newestOf(records, 'ses', 'mail', 'timestamp'),
    receiver: ownText(action, 'type') === 'Lambda' ? ownText(action, 'functionArn') : '',
    eventId: ownText(records[0], 'ses', 'mail', 'messageId'),
  };
}

function repository(event: unknown, context: TellContext): Told {
  const arn = ownText(firstOf(event), 'eventSourceARN');
  const { records, told } = batch(event);
  return {
    ...told,
    kind: 'other',
    source: resourceOf('codecommit', arn, context.home),
    timeMs: newestOf(records, 'eventTime'),
    principal: callerOfArn(ownText(records[0], 'userIdentityARN'), context),
    eventId: ownText(records[0], 'eventId'),
  };
}

/** A function at the edge: requests carry lists of headers, each `{key, value}`. */
function edge(event: unknown): Told {
  const { config, request } = {
    config: ownPath(firstOf(event), 'cf', 'config'),
    request: ownPath(firstOf(event), 'cf', 'request'),
  };
  const step = ownText(config, 'eventType');
  const source = named('cloudfront', ownText(config, 'distributionId'));
  const [agent] = ownArray(request, 'headers', 'user-agent');
  const [country] = ownArray(request, 'headers', 'cloudfront-viewer-country');
  const code = ownText(country, 'value');
  return {
    kind: 'edge',
    source: /^(viewer|origin)-(request|response)$/.test(step) ? `${source} ${step}` : source,
    address: ownText(request, 'clientIp'),
    userAgent: ownText(agent, 'value'),
    country: /^[A-Z]{2}$/.test(code) ? code : '',
    eventId: ownText(config, 'requestId'),
  };
}

/** Lists of records by topic and partition. */
function kafka(event: unknown): Told {
  const { parts, lists, unread } = partsOf(own(event, 'records'));
  const records = lists.flat();
  const name = ownText(records[0], 'topic') || (parts[0] ?? '').replace(/-\d+$/, '');
  return {
    kind: 'stream',
    source: named('kafka', name),
    timeMs: newestOf(records, 'timestamp'),
    batchSize: records.length,
    ...unread,
  };
}

function activeMq(event: unknown): Told {
  const messages = ownArray(event, 'messages');
  const id = ownText(messages[0], 'messageID');
  return {
    kind: 'queue',
    source: named('activemq', ownText(messages[0], 'destination', 'physicalName')),
    timeMs: newestOf(messages, 'timestamp'),
    batchSize: messages.length,
    eventId: /^ID:b-[\w.:-]{1,200}$/.test(id) ? id.replaceAll(':', '-') : '',
  };
}

/** Lists of messages by queue and virtual host: `jobs::/`. */
function rabbitMq(event: unknown): Told {
  const { parts, lists, unread } = partsOf(own(event, 'rmqMessagesByQueue'));
  return {
    kind: 'queue',
    source: named('rabbitmq', (parts[0] ?? '').split('::', 1)[0]),
    batchSize: lists.reduce((sum, list) => sum + list.length, 0),
    ...unread,
  };
}

function partsOf(value: unknown) {
  const keys = isObject(value) ? Object.keys(value) : [];
  const parts = keys.slice(0, PARTS_MAX).filter((key) => Array.isArray(own(value, key)));
  const unread = keys.length > PARTS_MAX ? ({ unread: 'partitions-cut' } as const) : {};
  return { parts, lists: parts.map((part) => ownArray(value, part)), unread };
}

function delivery(event: unknown, field: string, { home }: TellContext): Told {
  const arn = ownText(event, field);
  const records = ownArray(event, 'records');
  return {
    kind: 'stream',
    source: resourceOf(field === 'applicationArn' ? 'kinesisanalytics' : 'firehose', arn, home),
    timeMs: newestOf(records, 'approximateArrivalTimestamp'),
    batchSize: records.length,
    eventId: ownText(event, 'invocationId'),
  };
}

function batchOperation(event: unknown, { home }: TellContext): Told {
  const tasks = ownArray(event, 'tasks');
  const bucket = nameOf(ownText(tasks[0], 's3Bucket'));
  const arn = ownText(tasks[0], 's3BucketArn');
  return {
    kind: 'object',
    source: bucket === '' ? resourceOf('s3', arn, home) : destinationOfResource('s3', bucket),
    batchSize: tasks.length,
    eventId: ownText(event, 'invocationId'),
  };
}
