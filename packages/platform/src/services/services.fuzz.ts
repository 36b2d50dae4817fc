import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { AwsRequest, AwsService } from '../contract.ts';
import { uploadOf } from './bucket/body.ts';
import { listObjects } from './bucket/listing.ts';
import { BucketService } from './bucket/service.ts';
import { BucketStore } from './bucket/store.ts';
import { textsIn } from './bucket/xml.ts';
import { ServiceError } from './call.ts';
import { QueueService } from './queue/service.ts';
import { TableService } from './table/service.ts';
import { ACCOUNT, REGION, TestGate } from './test-front.ts';
import { compareTexts } from './text-order.ts';

const RUNS = 1500;

const words = (text: string): fc.Arbitrary<string> => fc.constantFrom(...text.split(' '));

/** A request as the router would hand it over. */
function requestTo(service: string, more: Partial<AwsRequest>): AwsRequest {
  return {
    caller: { accountId: ACCOUNT, arn: `arn:aws:iam::${ACCOUNT}:user/me`, accessKeyId: 'AKIATEST' },
    service,
    region: REGION,
    method: 'POST',
    path: '/',
    query: new URLSearchParams(),
    headers: {},
    body: Buffer.alloc(0),
    sourceIp: '127.0.0.1',
    requestId: '1',
    ...more,
  };
}

/** Whatever comes, there is an answer, and nothing was done that the gate was not asked for. */
async function expectAnswer(service: AwsService, gate: TestGate, request: AwsRequest): Promise<void> {
  const before = { asked: gate.asked.length, recorded: gate.recorded.length };
  const { status } = await service.handle(request);
  assert.ok(status >= 200 && status < 500, String(status));
  const recorded = gate.recorded.length - before.recorded;
  assert.ok(recorded <= 1);
  if (status < 300) assert.ok(recorded === 1 && gate.asked.length > before.asked);
}

const name = fc.constantFrom('orders', 'jobs', 'a', '', '__proto__', 'x'.repeat(300));
const value = fc.oneof(
  fc.record({ S: fc.string() }),
  fc.record({ N: fc.constantFrom('1', '-2.5', 'x', '1e200') }),
  fc.record({ SS: fc.array(fc.string(), { maxLength: 2 }) }),
  fc.jsonValue({ maxDepth: 3 }),
);
const expression = fc.oneof(
  fc.constantFrom('id = :v', 'attribute_exists(a)', 'SET a = :v', 'ADD a :v', 'a, b[0].c', 'NOT a < :v', 'REMOVE id'),
  fc.string(),
);
const good = fc.record({ id: fc.record({ S: fc.constantFrom('1', '2') }) });
const item = fc.oneof(
  { weight: 4, arbitrary: good },
  fc.record({ id: value }),
  fc.record({ id: fc.record({ S: fc.constantFrom('1', '2') }), a: value }),
  value,
);
const write = fc.record(
  {
    TableName: fc.oneof(fc.constant('orders'), name),
    Key: item,
    Item: item,
    UpdateExpression: expression,
    ConditionExpression: expression,
    ExpressionAttributeValues: fc.record({ ':v': value }),
  },
  { requiredKeys: ['TableName', 'Key', 'Item'] },
);
const tableInput = fc.oneof(
  write,
  fc.record(
    {
      TableName: fc.constant('orders'),
      Key: item,
      KeyConditionExpression: expression,
      FilterExpression: expression,
      ProjectionExpression: expression,
      ExpressionAttributeValues: fc.record({ ':v': value }),
      ExclusiveStartKey: item,
      Limit: fc.oneof(fc.integer({ min: -1, max: 3 }), value),
      ReturnValues: fc.constantFrom('ALL_NEW', 'UPDATED_OLD', 'NONE', 1),
    },
    { requiredKeys: ['TableName'] },
  ),
  fc.record({
    RequestItems: fc.oneof(
      value,
      fc.dictionary(
        name,
        fc.oneof(
          value,
          fc.array(fc.record({ PutRequest: fc.record({ Item: item }) })),
          fc.record({ Keys: fc.array(item) }),
        ),
      ),
    ),
  }),
  fc.record({
    TransactItems: fc.oneof(
      value,
      fc.array(fc.oneof(value, fc.record({ Put: write }), fc.record({ Update: write }), fc.record({ Get: write }))),
    ),
  }),
  fc.jsonValue(),
);
/** Calls that succeed whatever came before them, so that the others meet something. */
const TABLE_CALLS: readonly (readonly [string, object])[] = [
  ['PutItem', { TableName: 'orders', Item: { id: { S: '1' }, a: { N: '1' } } }],
  ['GetItem', { TableName: 'orders', Key: { id: { S: '1' } } }],
  ['DeleteItem', { TableName: 'orders', Key: { id: { S: '2' } }, ReturnValues: 'ALL_OLD' }],
  ['UpdateItem', { TableName: 'orders', Key: { id: { S: '2' } }, UpdateExpression: 'REMOVE a' }],
  ['Scan', { TableName: 'orders', Limit: 1 }],
  ['BatchGetItem', { RequestItems: { orders: { Keys: [{ id: { S: '1' } }] } } }],
  ['TransactWriteItems', { TransactItems: [{ Put: { TableName: 'orders', Item: { id: { S: '2' } } } }] }],
];
const QUEUE_CALLS: readonly (readonly [string, object])[] = [
  ['SendMessage', { QueueUrl: `http://127.0.0.1/${ACCOUNT}/jobs`, MessageBody: 'x' }],
  ['ReceiveMessage', { QueueUrl: `http://127.0.0.1/${ACCOUNT}/jobs`, MaxNumberOfMessages: 2 }],
  ['PurgeQueue', { QueueUrl: `http://127.0.0.1/${ACCOUNT}/jobs` }],
];

/** Names of the operations that succeeded. */
function succeeded(gate: TestGate): Set<string> {
  return new Set(gate.recorded.filter(({ errorCode }) => errorCode === undefined).map(({ eventName }) => eventName));
}

const queueUrl = fc.oneof(fc.constant(`http://127.0.0.1/${ACCOUNT}/jobs`), fc.string());
const entry = fc.record(
  {
    Id: fc.constantFrom('a', 'b', '', 'c d'),
    MessageBody: fc.string(),
    ReceiptHandle: fc.string(),
    MessageAttributes: fc.dictionary(name, value),
    DelaySeconds: value,
    VisibilityTimeout: value,
  },
  { requiredKeys: [] },
);
const queueInput = fc.oneof(
  fc.record({ QueueUrl: queueUrl, Entries: fc.oneof(fc.array(entry, { maxLength: 12 }), value) }),
  fc.tuple(queueUrl, entry).map(([QueueUrl, one]) => ({ QueueUrl, ...one })),
  fc.record({ QueueUrl: queueUrl, MaxNumberOfMessages: value, AttributeNames: value, MessageAttributeNames: value }),
  fc.record({ QueueName: name, NextToken: fc.string(), QueueNamePrefix: name, MaxResults: fc.nat(3) }),
  fc.jsonValue(),
);

const bucketPath = fc.oneof(
  fc.constantFrom('/', '/prints', '/prints/', '/prints/a', '/prints/%zz', '/prints/a%2Fb%00', '/absent/a'),
  fc.string().map((text) => `/${text}`),
);
const bucketQuery = fc.oneof(
  { weight: 6, arbitrary: fc.constant('') },
  fc.constantFrom(
    '',
    'list-type=2',
    'list-type=2&max-keys=x',
    'delete',
    'location',
    'acl',
    'list-type=2&continuation-token=!',
    'response-content-type=a%0d%0ab',
  ),
  fc.string(),
);
const bucketHeaders = fc.record(
  {
    host: fc.constantFrom('127.0.0.1:1', 'prints.localhost:1', 's3.localhost', 'localhost', ''),
    range: fc.constantFrom('bytes=0-', 'bytes=-0', 'bytes=9-1', 'bytes=a', 'bytes=99-'),
    'x-amz-copy-source': fc.constantFrom('prints/a', '/prints/%zz', 'x', '/', 'prints/a?versionId=1'),
    'content-encoding': fc.constantFrom('aws-chunked', 'gzip'),
    'x-amz-checksum-crc32': fc.constantFrom('AAAAAA==', 'x'),
    'if-none-match': fc.constantFrom('*', '"x"'),
  },
  { requiredKeys: [] },
);
const bucketBody = fc.oneof(
  fc.string(),
  fc.constantFrom(
    '0\r\n\r\n',
    '1\r\nx\r\n0\r\n\r\n',
    '<Delete><Object><Key>a</Key></Object></Delete>',
    '<Key>&#x110000;&amp;',
  ),
);
const bucketRequest = fc.oneof(
  fc.record({
    method: words('GET PUT HEAD POST DELETE PATCH'),
    path: bucketPath,
    query: bucketQuery,
    headers: bucketHeaders,
    body: bucketBody,
  }),
  fc.record({
    method: words('GET PUT'),
    path: fc.constant('/prints/a'),
    query: fc.constant(''),
    headers: fc.constant({}),
    body: fc.string(),
  }),
);

describe('whatever a function sends', () => {
  test('the table service answers it', async () => {
    const gate = new TestGate();
    const service = new TableService({ accountId: ACCOUNT, region: REGION, gate });
    service.addTable({ name: 'orders', key: 'id', stream: true });
    const names = words(
      'GetItem PutItem UpdateItem DeleteItem Query Scan BatchGetItem BatchWriteItem TransactGetItems TransactWriteItems DescribeTable ListTables Absent',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.tuple(names, tableInput), fc.constantFrom(...TABLE_CALLS)),
        async ([name, input]) => {
          const headers = { 'x-amz-target': `DynamoDB_20120810.${name}` };
          await expectAnswer(
            service,
            gate,
            requestTo('dynamodb', { headers, body: Buffer.from(JSON.stringify(input)) }),
          );
        },
      ),
      { numRuns: RUNS },
    );
    for (const [name] of TABLE_CALLS) assert.ok(succeeded(gate).has(name), name);
  });

  test('the queue service answers it', async () => {
    const gate = new TestGate();
    const service = new QueueService({ accountId: ACCOUNT, region: REGION, gate });
    service.addQueue({ name: 'jobs', visibilityMs: 0 });
    const names = words(
      'SendMessage SendMessageBatch ReceiveMessage DeleteMessage DeleteMessageBatch ChangeMessageVisibility ChangeMessageVisibilityBatch GetQueueAttributes PurgeQueue GetQueueUrl ListQueues Absent',
    );
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(fc.tuple(names, queueInput), fc.constantFrom(...QUEUE_CALLS)),
        async ([name, input]) => {
          const headers = { 'x-amz-target': `AmazonSQS.${name}` };
          await expectAnswer(service, gate, requestTo('sqs', { headers, body: Buffer.from(JSON.stringify(input)) }));
        },
      ),
      { numRuns: RUNS },
    );
    service.close();
    for (const [name] of QUEUE_CALLS) assert.ok(succeeded(gate).has(name), name);
  });

  test('the bucket service answers it', async () => {
    const gate = new TestGate();
    const service = new BucketService({ accountId: ACCOUNT, region: REGION, gate });
    service.addBucket('prints');
    await fc.assert(
      fc.asyncProperty(bucketRequest, async (one) => {
        const given = Object.fromEntries(Object.entries(one.headers).filter(([, value]) => value !== undefined));
        const request = requestTo('s3', {
          ...one,
          query: new URLSearchParams(one.query),
          headers: given,
          body: Buffer.from(one.body),
        });
        const answer = await service.handle(request);
        assert.ok(answer.status < 500 || answer.status === 501);
        for (const text of Object.values(answer.headers)) assert.doesNotMatch(text, /[\r\n]/);
      }),
      { numRuns: RUNS },
    );
    assert.ok(succeeded(gate).has('PutObject') && succeeded(gate).has('GetObject'));
  });
});

describe('buckets', () => {
  test('read chunks as they were cut, however that was', () => {
    const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 6 });
    const headers = { 'content-encoding': 'aws-chunked' };
    fc.assert(
      fc.property(chunks, fc.nat(400), (chunks, end) => {
        const parts = chunks.map((chunk) => [
          Buffer.from(`${chunk.length.toString(16)}\r\n`),
          chunk,
          Buffer.from('\r\n'),
        ]);
        const body = Buffer.concat([...parts.flat(), Buffer.from('0\r\n\r\n')]);
        assert.deepEqual(uploadOf({ headers, body }).bytes, Buffer.concat(chunks));
        const cut = body.subarray(0, Math.min(end, body.length - 5));
        assert.throws(
          () => uploadOf({ headers, body: cut }),
          (error: unknown) => error instanceof ServiceError,
        );
      }),
      { numRuns: RUNS / 3 },
    );
  });

  test('list in pages what they would list at once', () => {
    const key = fc
      .array(fc.constantFrom('a', 'b', '/', '\u{ffff}', '\u{1f331}'), { minLength: 1, maxLength: 5 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(
        fc.uniqueArray(key, { maxLength: 25 }),
        fc.constantFrom('', 'a', 'b/', 'a/a'),
        fc.constantFrom('', '/'),
        (keys, prefix, delimiter) => {
          const store = new BucketStore(Date.now);
          const bucket = store.create('prints');
          for (const one of keys)
            store.put(bucket, { key: one, bytes: Buffer.alloc(0), checksum: undefined, headers: {} });
          const expected = new Set<string>();
          for (const one of keys.filter((one) => one.startsWith(prefix))) {
            const at = delimiter === '' ? -1 : one.indexOf(delimiter, prefix.length);
            expected.add(at < 0 ? one : one.slice(0, at + 1));
          }
          for (const size of ['1', '2', '1000']) {
            const found: string[] = [];
            const query = new URLSearchParams({ prefix, delimiter, 'max-keys': size });
            for (let token: string | undefined = ''; token !== undefined; ) {
              const xml = listObjects(bucket, query);
              const prefixes = textsIn(xml, 'CommonPrefixes').map((inside) => textsIn(inside, 'Prefix')[0] ?? '');
              found.push(...[...textsIn(xml, 'Key'), ...prefixes].sort(compareTexts));
              token = textsIn(xml, 'NextContinuationToken')[0];
              if (token !== undefined) query.set('continuation-token', token);
            }
            assert.deepEqual(found, [...expected].sort(compareTexts));
          }
        },
      ),
      { numRuns: RUNS / 3 },
    );
  });
});
