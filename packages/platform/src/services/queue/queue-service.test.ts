import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import {
  ChangeMessageVisibilityCommand,
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  GetQueueAttributesCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  PurgeQueueCommand,
  ReceiveMessageCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import { ACCOUNT, REGION, TestFront, TestGate } from '../test-front.ts';
import { attributesMd5 } from './message.ts';
import { QueueService } from './service.ts';

const ARN = `arn:aws:sqs:${REGION}:${ACCOUNT}:jobs`;
const DEAD_ARN = `arn:aws:sqs:${REGION}:${ACCOUNT}:dead`;

describe('the queue service, spoken to by the AWS SDK', () => {
  let gate: TestGate;
  let service: QueueService;
  let front: TestFront;
  let client: SQSClient;
  let nowMs: number;
  let url: string;

  before(async () => {
    front = await TestFront.open({ signingNames: ['sqs'], handle: (request) => service.handle(request) });
    client = new SQSClient(front.client());
  });
  beforeEach(() => {
    gate = new TestGate();
    nowMs = Date.UTC(2026, 10, 25);
    service = new QueueService({ accountId: ACCOUNT, region: REGION, gate, now: () => nowMs });
    service.addQueue({ name: 'jobs', visibilityMs: 30_000, deadLetter: { queue: 'dead', receives: 2 } });
    service.addQueue({ name: 'dead', visibilityMs: 30_000 });
    url = `http://127.0.0.1:${front.port}/${ACCOUNT}/jobs`;
  });
  after(async () => {
    client.destroy();
    service.close();
    await front.close();
  });

  const send = (MessageBody: string, more = {}) =>
    client.send(new SendMessageCommand({ QueueUrl: url, MessageBody, ...more }));
  const receive = async (more = {}) =>
    (await client.send(new ReceiveMessageCommand({ QueueUrl: url, MaxNumberOfMessages: 10, ...more }))).Messages ?? [];
  const bodies = async (more = {}) => (await receive(more)).map(({ Body }) => Body);

  test('delivers what was sent, with checksums the SDK accepts, and the attributes that were asked for', async () => {
    const MessageAttributes = {
      kind: { DataType: 'String', StringValue: 'order' },
      weight: { DataType: 'Number.float', StringValue: '1.5' },
      raw: { DataType: 'Binary', BinaryValue: new Uint8Array([1, 2, 255]) },
    };
    const sent = await send('grün 🌱', { MessageAttributes });
    const [message] = await receive({ MessageSystemAttributeNames: ['All'], MessageAttributeNames: ['All'] });
    assert.equal(message?.MessageId, sent.MessageId);
    assert.equal(message?.Body, 'grün 🌱');
    assert.deepEqual(message?.MessageAttributes, MessageAttributes);
    assert.equal(message?.MD5OfMessageAttributes, sent.MD5OfMessageAttributes);
    assert.equal(message?.Attributes?.['ApproximateReceiveCount'], '1');
    assert.equal(message?.Attributes?.['SentTimestamp'], String(nowMs));
    assert.match(message?.Attributes?.['SenderId'] ?? '', /^AROA[A-Z2-7]{17}:orders$/);
    await send('second', { MessageAttributes });
    const [some] = await receive({ MessageAttributeNames: ['kin.*', 'weight'] });
    assert.deepEqual(Object.keys(some?.MessageAttributes ?? {}), ['weight']);
    assert.equal(some?.Attributes, undefined);
  });

  test('computes the checksum of attributes over lengths, names, types and values in the order of the names', () => {
    const attributes = new Map([
      ['b', { dataType: 'Binary', binaryValue: '/w==' }],
      ['a', { dataType: 'String', stringValue: 'x' }],
    ]);
    const bytes = Buffer.concat([
      Buffer.from('\0\0\0\x01a\0\0\0\x06String\x01\0\0\0\x01x', 'latin1'),
      Buffer.from('\0\0\0\x01b\0\0\0\x06Binary\x02\0\0\0\x01\xff', 'latin1'),
    ]);
    assert.equal(attributesMd5(attributes), createHash('md5').update(bytes).digest('hex'));
  });

  test('hides a message from other receivers until its visibility has passed', async () => {
    await send('one');
    assert.deepEqual(await bodies({ VisibilityTimeout: 5 }), ['one']);
    assert.deepEqual(await bodies(), []);
    nowMs += 4_999;
    assert.deepEqual(await bodies(), []);
    nowMs += 1;
    assert.deepEqual(await bodies(), ['one']);
  });

  test('removes a message for good, and not by the handle of an earlier delivery', async () => {
    await send('one');
    const [first] = await receive({ VisibilityTimeout: 1 });
    nowMs += 1000;
    const [second] = await receive();
    await client.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: first?.ReceiptHandle }));
    assert.equal(await inFlight(), '1');
    await client.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: second?.ReceiptHandle }));
    assert.equal(await inFlight(), '0');
    await client.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: second?.ReceiptHandle }));
    await assert.rejects(client.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: 'bm9uc2Vuc2U=' })), {
      name: 'ReceiptHandleIsInvalid',
    });
  });

  const inFlight = async () =>
    (await client.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }))).Attributes?.[
      'ApproximateNumberOfMessagesNotVisible'
    ];

  test('lets a receiver give a message back at once or keep it longer', async () => {
    await send('one');
    const [message] = await receive({ VisibilityTimeout: 10 });
    const change = (VisibilityTimeout: number) =>
      client.send(
        new ChangeMessageVisibilityCommand({ QueueUrl: url, ReceiptHandle: message?.ReceiptHandle, VisibilityTimeout }),
      );
    await change(100);
    nowMs += 99_999;
    assert.deepEqual(await bodies(), []);
    await change(0);
    await assert.rejects(change(5), { name: 'MessageNotInflight' });
    assert.deepEqual(await bodies(), ['one']);
  });

  test('delays messages', async () => {
    await send('later', { DelaySeconds: 3 });
    await send('now');
    assert.deepEqual(await bodies(), ['now']);
    nowMs += 3000;
    assert.deepEqual(await bodies(), ['later']);
  });

  test('waits for a message and answers as soon as there is one', async () => {
    const waiting = bodies({ WaitTimeSeconds: 20 });
    while (gate.asked.length === 0) await new Promise((resolve) => setImmediate(resolve));
    await send('one');
    assert.deepEqual(await waiting, ['one']);
  });

  test('moves a message to the dead-letter queue after too many deliveries, with its id', async () => {
    const sent = await send('poison');
    for (let at = 0; at < 2; at++) {
      assert.deepEqual(await bodies({ VisibilityTimeout: 1 }), ['poison']);
      nowMs += 1000;
    }
    assert.deepEqual(await bodies(), []);
    const dead = await client.send(new ReceiveMessageCommand({ QueueUrl: url.replace('jobs', 'dead') }));
    assert.deepEqual([dead.Messages?.[0]?.MessageId, dead.Messages?.[0]?.Body], [sent.MessageId, 'poison']);
    assert.equal(service.counts()['jobs'].deadLettered, 1);
  });

  test('drops what nobody removed in four days, and counts it', async () => {
    await send('old');
    nowMs += 4 * 24 * 3600 * 1000;
    assert.deepEqual(await bodies(), []);
    assert.equal(service.counts()['jobs'].expired, 1);
  });

  test('sends and removes batches, entry by entry', async () => {
    const sent = await client.send(
      new SendMessageBatchCommand({
        QueueUrl: url,
        Entries: [
          { Id: 'a', MessageBody: 'one' },
          { Id: 'b', MessageBody: 'not \u0000 xml' },
          { Id: 'c', MessageBody: 'two' },
        ],
      }),
    );
    assert.deepEqual(
      sent.Successful?.map(({ Id }) => Id),
      ['a', 'c'],
    );
    assert.deepEqual(
      sent.Failed?.map(({ Id, Code }) => [Id, Code]),
      [['b', 'InvalidMessageContents']],
    );
    const messages = await receive();
    const removed = await client.send(
      new DeleteMessageBatchCommand({
        QueueUrl: url,
        Entries: [
          { Id: 'x', ReceiptHandle: messages[0]?.ReceiptHandle },
          { Id: 'y', ReceiptHandle: 'wrong' },
        ],
      }),
    );
    assert.deepEqual([removed.Successful?.length, removed.Failed?.[0]?.Code], [1, 'ReceiptHandleIsInvalid']);
    assert.equal(await inFlight(), '1');
    const same = [
      { Id: 'a', MessageBody: '1' },
      { Id: 'a', MessageBody: '2' },
    ];
    await assert.rejects(client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries: same })), {
      name: 'BatchEntryIdsNotDistinct',
    });
    const large = ['a', 'b'].map((Id) => ({ Id, MessageBody: 'x'.repeat(600_000) }));
    await assert.rejects(client.send(new SendMessageBatchCommand({ QueueUrl: url, Entries: large })), {
      name: 'BatchRequestTooLong',
    });
  });

  test('finds, lists, describes and purges queues', async () => {
    assert.equal((await client.send(new GetQueueUrlCommand({ QueueName: 'jobs' }))).QueueUrl, url);
    await assert.rejects(client.send(new GetQueueUrlCommand({ QueueName: 'absent' })), { name: 'QueueDoesNotExist' });
    const first = await client.send(new ListQueuesCommand({ MaxResults: 1 }));
    const second = await client.send(new ListQueuesCommand({ MaxResults: 1, NextToken: first.NextToken }));
    assert.deepEqual([...(first.QueueUrls ?? []), ...(second.QueueUrls ?? [])], [url.replace('jobs', 'dead'), url]);
    await send('one');
    const { Attributes } = await client.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }));
    assert.equal(Attributes?.['QueueArn'], ARN);
    assert.equal(Attributes?.['ApproximateNumberOfMessages'], '1');
    assert.deepEqual(JSON.parse(Attributes?.['RedrivePolicy'] ?? ''), {
      deadLetterTargetArn: DEAD_ARN,
      maxReceiveCount: 2,
    });
    await client.send(new PurgeQueueCommand({ QueueUrl: url }));
    assert.deepEqual(await bodies(), []);
  });

  test('refuses what is too large, empty or out of range', async () => {
    await assert.rejects(send('x'.repeat(1024 * 1024 + 1)), { name: 'InvalidParameterValue' });
    await assert.rejects(send('bad \u0001'), { name: 'InvalidMessageContents' });
    await assert.rejects(send('x', { DelaySeconds: 901 }), { name: 'InvalidParameterValue' });
    await assert.rejects(receive({ MaxNumberOfMessages: 11 }), { name: 'InvalidParameterValue' });
    assert.deepEqual(await bodies(), []);
  });

  test('refuses messages beyond its limit and counts them', async () => {
    const body = 'x'.repeat(1024 * 1024);
    for (let at = 0; at < 64; at++) assert.ok(service.deliver(ARN, { body, senderId: 'test' }));
    await assert.rejects(send('one more'), { name: 'RequestThrottled' });
    assert.equal(service.deliver(ARN, { body: 'x', senderId: 'test' }), false);
    assert.equal(service.counts()['jobs'].refusedFull, 2);
    assert.equal(service.deliver(`${ARN}-absent`, { body: 'x', senderId: 'test' }), false);
  });

  test('asks with action and ARN first, and does nothing when refused', async () => {
    gate.deny = ({ action }) => action === 'sqs:SendMessage';
    await assert.rejects(send('secret body'), { name: 'AccessDenied' });
    const batch = new SendMessageBatchCommand({ QueueUrl: url, Entries: [{ Id: 'a', MessageBody: 'secret body' }] });
    await assert.rejects(client.send(batch), { name: 'AccessDenied' });
    gate.deny = () => false;
    assert.deepEqual(await bodies(), []);
    assert.deepEqual(
      gate.recorded.map(({ eventName, action, resourceArn, errorCode }) => [eventName, action, resourceArn, errorCode]),
      [
        ['SendMessage', 'sqs:SendMessage', ARN, 'AccessDenied'],
        ['SendMessageBatch', 'sqs:SendMessage', ARN, 'AccessDenied'],
        ['ReceiveMessage', 'sqs:ReceiveMessage', ARN, undefined],
      ],
    );
    assert.doesNotMatch(JSON.stringify(gate.recorded), /secret/);
  });

  test('offers messages as records of an event; what failed comes again after the visibility, what was released at once', async () => {
    const source = service.openQueue(ARN);
    assert.ok(source !== undefined);
    await send('one', { MessageAttributes: { kind: { DataType: 'String', StringValue: 'order' } } });
    await send('two');
    const records = await source.receive(10, 0);
    const { receiptHandle, attributes, md5OfMessageAttributes, ...first } = JSON.parse(
      JSON.stringify(records[0]?.record),
    );
    assert.deepEqual(first, {
      messageId: records[0]?.id,
      body: 'one',
      messageAttributes: {
        kind: { dataType: 'String', stringValue: 'order', stringListValues: [], binaryListValues: [] },
      },
      md5OfBody: 'f97c5d29941bfb1b2fdab0874906ab82',
      eventSource: 'aws:sqs',
      eventSourceARN: ARN,
      awsRegion: REGION,
    });
    assert.equal(attributes.ApproximateReceiveCount, '1');
    assert.match(md5OfMessageAttributes, /^[0-9a-f]{32}$/);
    assert.ok(receiptHandle.length > 0);
    nowMs += 3_600_000;
    assert.deepEqual(await bodies(), []);
    source.release(records);
    const again = await source.receive(10, 0);
    assert.deepEqual(
      again.map(({ record }) => record['body']),
      ['one', 'two'],
    );
    assert.deepEqual(
      again.map(({ record }) => JSON.parse(JSON.stringify(record['attributes'])).ApproximateReceiveCount),
      ['1', '1'],
    );
    source.done(again.slice(0, 1));
    source.failed(again.slice(1));
    assert.deepEqual(await source.receive(10, 0), []);
    nowMs += 30_000;
    assert.deepEqual(
      (await source.receive(10, 0)).map(({ record }) => record['body']),
      ['two'],
    );
  });
});
