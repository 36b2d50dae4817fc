import { AT, AT_MS, arn, batch, type NamedSample, TRACE } from './sample.ts';

/** A change in a bucket. */
export const S3 = {
  eventSource: 'aws:s3',
  awsRegion: 'eu-west-1',
  eventTime: AT,
  eventName: 'ObjectCreated:Put',
  userIdentity: { principalId: 'AWS:AROA0123456789ABCDEF:upload' },
  requestParameters: { sourceIPAddress: '198.51.100.7' },
  responseElements: { 'x-amz-request-id': 'S3REQUEST1' },
  s3: { bucket: { name: 'photos', arn: 'arn:aws:s3:::photos' }, object: { key: 'alice.jpg', size: 5 } },
};
/** A message of a queue. */
export const SQS = {
  messageId: 'message-2',
  body: 'secret',
  attributes: {
    SentTimestamp: String(AT_MS - 5),
    SenderId: 'AROA0123456789ABCDEF:pay',
    AWSTraceHeader: `Root=${TRACE}`,
  },
  eventSource: 'aws:sqs',
  eventSourceARN: arn('sqs', 'jobs'),
  awsRegion: 'eu-west-1',
};
/** A message of a topic. */
export const SNS = {
  EventSource: 'aws:sns',
  EventSubscriptionArn: arn('sns', 'news:11111111-2222-3333-4444-555555555555'),
  Sns: { TopicArn: arn('sns', 'news'), MessageId: 'message-3', Timestamp: AT, Message: 'secret' },
};
const TABLE = {
  eventID: 'row-1',
  eventSource: 'aws:dynamodb',
  dynamodb: { ApproximateCreationDateTime: AT_MS / 1000, Keys: {} },
  eventSourceARN: arn('dynamodb', 'table/orders/stream/2026-01-01T00:00:00.000'),
};
const KINESIS = {
  eventSource: 'aws:kinesis',
  kinesis: { sequenceNumber: '4959', approximateArrivalTimestamp: AT_MS / 1000 + 0.25, partitionKey: 'alice' },
  eventSourceARN: arn('kinesis', 'stream/clicks'),
};
const MAIL = {
  eventSource: 'aws:ses',
  ses: {
    mail: { timestamp: AT, source: 'alice@example.com', messageId: 'mail-1' },
    receipt: { action: { type: 'Lambda', functionArn: arn('lambda', 'function:pay') } },
  },
};
const EDGE = {
  cf: {
    config: { distributionId: 'E123', eventType: 'viewer-request', requestId: 'edge-1' },
    request: {
      clientIp: '198.51.100.7',
      uri: '/alice',
      headers: {
        'user-agent': [{ key: 'User-Agent', value: 'Mozilla/5.0' }],
        'cloudfront-viewer-country': [{ value: 'DE' }],
      },
    },
  },
};
/** A batch of each kind. */
export const RECORD_SAMPLES: readonly NamedSample[] = [
  [
    'S3 notification',
    {
      event: batch(S3),
      says: {
        eventMs: AT_MS,
        batchSize: 1,
        triggerKind: 'object',
        triggerSource: 's3/photos',
        principal: 'role:AROA0123456789ABCDEF',
        principalKind: 'role',
        network: 'net<198.51.100.7>',
        eventId: 'S3REQUEST1',
      },
    },
  ],
  [
    'SQS queue',
    {
      event: batch(SQS, {
        ...SQS,
        messageId: 'message-9',
        attributes: { ...SQS.attributes, SentTimestamp: String(AT_MS) },
      }),
      says: {
        eventMs: AT_MS,
        batchSize: 2,
        triggerKind: 'queue',
        triggerSource: 'sqs/jobs',
        principal: 'role:AROA0123456789ABCDEF',
        principalKind: 'role',
        eventId: 'message-2',
      },
    },
  ],
  [
    "another account's SQS queue",
    {
      event: batch({ ...SQS, eventSourceARN: 'arn:aws:sqs:eu-west-1:999999999999:jobs', attributes: {} }),
      says: { batchSize: 1, triggerKind: 'queue', triggerSource: 'sqs/jobs@999999999999', eventId: 'message-2' },
    },
  ],
  [
    'SNS topic',
    {
      event: batch(SNS),
      says: { eventMs: AT_MS, batchSize: 1, triggerKind: 'topic', triggerSource: 'sns/news', eventId: 'message-3' },
    },
  ],
  [
    'DynamoDB stream',
    {
      event: batch(TABLE, TABLE, TABLE),
      says: { eventMs: AT_MS, batchSize: 3, triggerKind: 'stream', triggerSource: 'dynamodb/orders', eventId: 'row-1' },
    },
  ],
  [
    'Kinesis stream',
    {
      event: batch(KINESIS),
      says: {
        eventMs: AT_MS + 250,
        batchSize: 1,
        triggerKind: 'stream',
        triggerSource: 'kinesis/clicks',
        eventId: '4959',
      },
    },
  ],
  [
    'SES receipt',
    {
      event: batch(MAIL),
      says: { eventMs: AT_MS, batchSize: 1, triggerKind: 'other', triggerSource: 'ses', eventId: 'mail-1' },
    },
  ],
  [
    'CodeCommit trigger',
    {
      event: batch({
        eventSource: 'aws:codecommit',
        eventSourceARN: arn('codecommit', 'shop'),
        eventId: 'commit-1',
        eventTime: AT,
        userIdentityARN: 'arn:aws:iam::123456789012:user/alice',
      }),
      says: {
        eventMs: AT_MS,
        batchSize: 1,
        triggerKind: 'other',
        triggerSource: 'codecommit/shop',
        principal: 'person<arn:aws:iam::123456789012:user/alice>',
        principalKind: 'person',
        eventId: 'commit-1',
      },
    },
  ],
  [
    'CloudFront',
    {
      event: batch(EDGE),
      says: {
        triggerKind: 'edge',
        triggerSource: 'cloudfront/E123 viewer-request',
        network: 'net<198.51.100.7>',
        country: 'DE',
        client: 'browser',
        eventId: 'edge-1',
      },
    },
  ],
  [
    'Kafka topic',
    {
      event: {
        eventSource: 'aws:kafka',
        eventSourceArn: arn('kafka', 'cluster/shop/1'),
        records: { 'clicks-0': [{ topic: 'clicks', timestamp: AT_MS }, {}], 'clicks-1': [{}] },
      },
      says: { eventMs: AT_MS, batchSize: 3, triggerKind: 'stream', triggerSource: 'kafka/clicks' },
    },
  ],
  [
    'ActiveMQ queue',
    {
      event: {
        eventSource: 'aws:mq',
        eventSourceArn: arn('mq', 'broker:shop:b-1'),
        messages: [
          { messageID: 'ID:b-1-2-3:1', timestamp: AT_MS, destination: { physicalName: 'jobs' }, data: 'secret' },
        ],
      },
      says: {
        eventMs: AT_MS,
        batchSize: 1,
        triggerKind: 'queue',
        triggerSource: 'activemq/jobs',
        eventId: 'ID-b-1-2-3-1',
      },
    },
  ],
  [
    'RabbitMQ queue',
    {
      event: {
        eventSource: 'aws:rmq',
        eventSourceArn: arn('mq', 'broker:shop:b-1'),
        rmqMessagesByQueue: { 'jobs::/': [{ data: 'secret' }, {}] },
      },
      says: { batchSize: 2, triggerKind: 'queue', triggerSource: 'rabbitmq/jobs' },
    },
  ],
  [
    'Firehose transformation',
    {
      event: {
        invocationId: 'transform-1',
        deliveryStreamArn: arn('firehose', 'deliverystream/clicks'),
        records: [{ recordId: '1', approximateArrivalTimestamp: AT_MS, data: 'secret' }],
      },
      says: {
        eventMs: AT_MS,
        batchSize: 1,
        triggerKind: 'stream',
        triggerSource: 'firehose/deliverystream/clicks',
        eventId: 'transform-1',
      },
    },
  ],
  [
    'Kinesis Analytics output',
    {
      event: { invocationId: 'out-1', applicationArn: arn('kinesisanalytics', 'application/sums'), records: [{}, {}] },
      says: {
        batchSize: 2,
        triggerKind: 'stream',
        triggerSource: 'kinesisanalytics/application/sums',
        eventId: 'out-1',
      },
    },
  ],
  [
    'S3 batch operation',
    {
      event: {
        invocationSchemaVersion: '1.0',
        invocationId: 'batch-1',
        tasks: [{ taskId: '1', s3Key: 'alice.jpg', s3BucketArn: 'arn:aws:s3:::photos' }],
      },
      says: { batchSize: 1, triggerKind: 'object', triggerSource: 's3/photos', eventId: 'batch-1' },
    },
  ],
];
