import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  ConditionalCheckFailedException,
  DeleteItemCommand,
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  ListTablesCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  TransactGetItemsCommand,
  TransactionCanceledException,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { ACCOUNT, REGION, TestFront, TestGate } from '../test-front.ts';
import { parseItem } from './attribute-value.ts';
import { TableService } from './service.ts';
import { ChangeStream, STREAM_BYTES_MAX, STREAM_RECORDS_MAX } from './stream.ts';

const ORDERS = `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/orders`;

describe('the table service, spoken to by the AWS SDK', () => {
  let gate: TestGate;
  let service: TableService;
  let front: TestFront;
  let client: DynamoDBClient;

  before(async () => {
    // One front for all tests, in front of the service of the test.
    front = await TestFront.open({ signingNames: ['dynamodb'], handle: (request) => service.handle(request) });
    client = new DynamoDBClient(front.client());
  });
  beforeEach(() => {
    gate = new TestGate();
    service = new TableService({ accountId: ACCOUNT, region: REGION, gate });
    service.addTable({ name: 'orders', key: 'id', stream: true });
    service.addTable({ name: 'events', key: 'device', sort: { name: 'at', type: 'N' } });
  });
  after(async () => {
    client.destroy();
    await front.close();
  });

  const put = (id: string, more = {}) =>
    client.send(new PutItemCommand({ TableName: 'orders', Item: { id: { S: id }, ...more } }));
  const get = async (id: string) =>
    (await client.send(new GetItemCommand({ TableName: 'orders', Key: { id: { S: id } } }))).Item;

  test('gives back every type of value as it was put', async () => {
    const item = {
      text: { S: 'grün 🌱' },
      number: { N: '-12.5' },
      bytes: { B: new Uint8Array([0, 255, 7]) },
      yes: { BOOL: true },
      nothing: { NULL: true },
      texts: { SS: ['a', 'b'] },
      numbers: { NS: ['1', '2.5'] },
      list: { L: [{ S: 'x' }, { M: { deep: { N: '1' } } }] },
    };
    await put('1', item);
    assert.deepEqual(await get('1'), { id: { S: '1' }, ...item });
    assert.equal(await get('2'), undefined);
  });

  test('writes numbers in one way, exactly, and refuses those with too many digits', async () => {
    await put('1', { a: { N: '1.50' }, b: { N: '1e3' }, c: { N: '0.1' } });
    await client.send(
      new UpdateItemCommand({
        TableName: 'orders',
        Key: { id: { S: '1' } },
        UpdateExpression: 'SET c = c + :more',
        ExpressionAttributeValues: { ':more': { N: '0.2' } },
      }),
    );
    assert.deepEqual(await get('1'), { id: { S: '1' }, a: { N: '1.5' }, b: { N: '1000' }, c: { N: '0.3' } });
    await assert.rejects(put('2', { a: { N: '1'.repeat(39) } }), { name: 'ValidationException' });
  });

  test('updates with SET, REMOVE, ADD and DELETE at once, each from the item as it was', async () => {
    await put('1', {
      n: { N: '1' },
      gone: { S: 'x' },
      tags: { SS: ['a', 'b'] },
      list: { L: [{ N: '0' }, { N: '1' }, { N: '2' }] },
    });
    const { Attributes } = await client.send(
      new UpdateItemCommand({
        TableName: 'orders',
        Key: { id: { S: '1' } },
        UpdateExpression:
          'SET m = n, n = if_not_exists(missing, n) + :five, #t = list_append(list, :tail) REMOVE gone, list[0], list[2] ADD hits :five DELETE tags :a',
        ExpressionAttributeNames: { '#t': 'longer' },
        ExpressionAttributeValues: {
          ':five': { N: '5' },
          ':a': { SS: ['a'] },
          ':tail': { L: [{ N: '3' }] },
        },
        ReturnValues: 'ALL_NEW',
      }),
    );
    assert.deepEqual(Attributes, {
      id: { S: '1' },
      n: { N: '6' },
      m: { N: '1' },
      tags: { SS: ['b'] },
      hits: { N: '5' },
      list: { L: [{ N: '1' }] },
      longer: { L: [{ N: '0' }, { N: '1' }, { N: '2' }, { N: '3' }] },
    });
  });

  test('returns of an update what was asked for', async () => {
    await put('1', { n: { N: '1' }, other: { S: 'x' } });
    const update = async (ReturnValues: 'UPDATED_OLD' | 'UPDATED_NEW' | 'ALL_OLD' | 'NONE') =>
      (
        await client.send(
          new UpdateItemCommand({
            TableName: 'orders',
            Key: { id: { S: '1' } },
            UpdateExpression: 'ADD n :one',
            ExpressionAttributeValues: { ':one': { N: '1' } },
            ReturnValues,
          }),
        )
      ).Attributes;
    assert.deepEqual(await update('UPDATED_OLD'), { n: { N: '1' } });
    assert.deepEqual(await update('UPDATED_NEW'), { n: { N: '3' } });
    assert.deepEqual(await update('ALL_OLD'), { id: { S: '1' }, n: { N: '3' }, other: { S: 'x' } });
    assert.equal(await update('NONE'), undefined);
  });

  test('refuses to update the key, overlapping paths, unused and undefined values', async () => {
    const update = (UpdateExpression: string) =>
      client.send(
        new UpdateItemCommand({
          TableName: 'orders',
          Key: { id: { S: '1' } },
          UpdateExpression,
          ExpressionAttributeValues: { ':v': { N: '1' } },
        }),
      );
    for (const expression of [
      'SET id = :v',
      'SET a = :v, a.b = :v',
      'REMOVE a',
      'SET a = :w',
      'SET a = :v SET b = :v',
      'SET a :v',
      'SET a.b = :v',
    ]) {
      await assert.rejects(update(expression), { name: 'ValidationException' }, expression);
    }
    assert.equal(await get('1'), undefined);
  });

  test('writes only if the condition holds, and shows the item that was in the way', async () => {
    const create = () =>
      client.send(
        new PutItemCommand({
          TableName: 'orders',
          Item: { id: { S: '1' }, state: { S: 'new' } },
          ConditionExpression: 'attribute_not_exists(id)',
          ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
        }),
      );
    await create();
    await assert.rejects(create(), (error: unknown) => {
      assert.ok(error instanceof ConditionalCheckFailedException);
      assert.deepEqual(error.Item, { id: { S: '1' }, state: { S: 'new' } });
      return true;
    });
    const remove = (state: string) =>
      client.send(
        new DeleteItemCommand({
          TableName: 'orders',
          Key: { id: { S: '1' } },
          ConditionExpression: '#s = :s AND (begins_with(id, :one) OR NOT attribute_exists(#s))',
          ExpressionAttributeNames: { '#s': 'state' },
          ExpressionAttributeValues: { ':s': { S: state }, ':one': { S: '1' } },
          ReturnValues: 'ALL_OLD',
        }),
      );
    await assert.rejects(remove('old'), { name: 'ConditionalCheckFailedException' });
    assert.deepEqual((await remove('new')).Attributes, { id: { S: '1' }, state: { S: 'new' } });
    assert.equal(await get('1'), undefined);
    assert.equal(gate.recorded.filter(({ errorCode }) => errorCode === 'ConditionalCheckFailedException').length, 2);
  });

  test('queries one partition in the order of its numbers, by page, in both directions', async () => {
    for (const at of [10, 9, -1, 100, 2]) {
      await client.send(
        new PutItemCommand({ TableName: 'events', Item: { device: { S: 'a' }, at: { N: String(at) } } }),
      );
    }
    await client.send(new PutItemCommand({ TableName: 'events', Item: { device: { S: 'b' }, at: { N: '3' } } }));
    const all = async (ScanIndexForward: boolean) => {
      const found: string[] = [];
      let start: Record<string, { S: string } | { N: string }> | undefined;
      do {
        const page: { Items?: unknown[] | undefined; LastEvaluatedKey?: unknown } = await client.send(
          new QueryCommand({
            TableName: 'events',
            KeyConditionExpression: 'device = :d AND #at >= :low',
            ExpressionAttributeNames: { '#at': 'at' },
            ExpressionAttributeValues: { ':d': { S: 'a' }, ':low': { N: '0' } },
            Limit: 2,
            ScanIndexForward,
            ...(start === undefined ? {} : { ExclusiveStartKey: start }),
          }),
        );
        assert.ok((page.Items?.length ?? 0) <= 2);
        found.push(...(page.Items ?? []).map((item) => JSON.parse(JSON.stringify(item)).at.N));
        start = page.LastEvaluatedKey as typeof start;
      } while (start !== undefined);
      return found;
    };
    assert.deepEqual(await all(true), ['2', '9', '10', '100']);
    assert.deepEqual(await all(false), ['100', '10', '9', '2']);
  });

  test('filters after the limit, counts, and shows only what was asked for', async () => {
    for (let at = 0; at < 6; at++)
      await put(`k${at}`, { n: { N: String(at) }, m: { M: { x: { N: '1' }, y: { N: '2' } } } });
    const page = await client.send(
      new ScanCommand({
        TableName: 'orders',
        FilterExpression: 'n BETWEEN :low AND :high',
        ProjectionExpression: 'n, m.y',
        ExpressionAttributeValues: { ':low': { N: '3' }, ':high': { N: '4' } },
        Limit: 4,
      }),
    );
    assert.deepEqual(page.Items, [{ n: { N: '3' }, m: { M: { y: { N: '2' } } } }]);
    assert.equal(page.ScannedCount, 4);
    assert.deepEqual(page.LastEvaluatedKey, { id: { S: 'k3' } });
    const count = await client.send(new ScanCommand({ TableName: 'orders', Select: 'COUNT' }));
    assert.deepEqual([count.Count, count.Items], [6, undefined]);
  });

  test('scans every item once when pages are deleted behind the reader, and in parallel parts', async () => {
    for (let at = 0; at < 9; at++) await put(`k${at}`);
    const seen: string[] = [];
    let start: Record<string, { S: string }> | undefined;
    do {
      const page: { Items?: { id: { S: string } }[]; LastEvaluatedKey?: unknown } = JSON.parse(
        JSON.stringify(
          await client.send(
            new ScanCommand({
              TableName: 'orders',
              Limit: 2,
              ...(start === undefined ? {} : { ExclusiveStartKey: start }),
            }),
          ),
        ),
      );
      for (const { id } of page.Items ?? []) {
        seen.push(id.S);
        await client.send(new DeleteItemCommand({ TableName: 'orders', Key: { id } }));
      }
      start = page.LastEvaluatedKey as typeof start;
    } while (start !== undefined);
    assert.deepEqual(seen, ['k0', 'k1', 'k2', 'k3', 'k4', 'k5', 'k6', 'k7', 'k8']);
    for (const id of seen) await put(id);
    const parts = await Promise.all(
      [0, 1, 2].map((Segment) => client.send(new ScanCommand({ TableName: 'orders', Segment, TotalSegments: 3 }))),
    );
    assert.equal(
      parts.reduce((sum, { Count }) => sum + (Count ?? 0), 0),
      9,
    );
  });

  test('ends a page at one MiB', async () => {
    for (let at = 0; at < 4; at++) await put(`k${at}`, { big: { S: 'x'.repeat(380_000) } });
    const page = await client.send(new ScanCommand({ TableName: 'orders' }));
    assert.deepEqual([page.Count, page.LastEvaluatedKey], [3, { id: { S: 'k2' } }]);
  });

  test('reads and writes batches over several tables', async () => {
    await client.send(
      new BatchWriteItemCommand({
        RequestItems: {
          orders: [{ PutRequest: { Item: { id: { S: '1' } } } }, { PutRequest: { Item: { id: { S: '2' } } } }],
          events: [{ PutRequest: { Item: { device: { S: 'a' }, at: { N: '1' } } } }],
        },
      }),
    );
    await client.send(
      new BatchWriteItemCommand({ RequestItems: { orders: [{ DeleteRequest: { Key: { id: { S: '2' } } } }] } }),
    );
    const { Responses } = await client.send(
      new BatchGetItemCommand({
        RequestItems: {
          orders: { Keys: [{ id: { S: '1' } }, { id: { S: '2' } }] },
          events: { Keys: [{ device: { S: 'a' }, at: { N: '1' } }] },
        },
      }),
    );
    assert.deepEqual(Responses, { orders: [{ id: { S: '1' } }], events: [{ device: { S: 'a' }, at: { N: '1' } }] });
    const many = Array.from({ length: 26 }, (_, at) => ({ PutRequest: { Item: { id: { S: `m${at}` } } } }));
    await assert.rejects(client.send(new BatchWriteItemCommand({ RequestItems: { orders: many } })), {
      name: 'ValidationException',
    });
    assert.equal(await get('m0'), undefined);
  });

  test('makes a transaction whole or not at all, and says which condition failed', async () => {
    await put('stock', { left: { N: '1' } });
    const buy = (id: string) =>
      client.send(
        new TransactWriteItemsCommand({
          TransactItems: [
            { Put: { TableName: 'orders', Item: { id: { S: id } } } },
            {
              Update: {
                TableName: 'orders',
                Key: { id: { S: 'stock' } },
                UpdateExpression: 'SET #l = #l - :one',
                ConditionExpression: '#l >= :one',
                ExpressionAttributeNames: { '#l': 'left' },
                ExpressionAttributeValues: { ':one': { N: '1' } },
              },
            },
          ],
        }),
      );
    await buy('first');
    await assert.rejects(buy('second'), (error: unknown) => {
      assert.ok(error instanceof TransactionCanceledException);
      assert.deepEqual(
        error.CancellationReasons?.map(({ Code }) => Code),
        ['None', 'ConditionalCheckFailed'],
      );
      return true;
    });
    const { Responses } = await client.send(
      new TransactGetItemsCommand({
        TransactItems: ['first', 'second', 'stock'].map((id) => ({
          Get: { TableName: 'orders', Key: { id: { S: id } } },
        })),
      }),
    );
    assert.deepEqual(
      Responses?.map(({ Item }) => Item),
      [{ id: { S: 'first' } }, undefined, { id: { S: 'stock' }, left: { N: '0' } }],
    );
  });

  test('makes a transaction that is sent again once, and no other under its token', async () => {
    const add = (amount: string) =>
      client.send(
        new TransactWriteItemsCommand({
          ClientRequestToken: 'token',
          TransactItems: [
            {
              Update: {
                TableName: 'orders',
                Key: { id: { S: 'sum' } },
                UpdateExpression: 'ADD n :n',
                ExpressionAttributeValues: { ':n': { N: amount } },
              },
            },
          ],
        }),
      );
    await add('1');
    await add('1');
    assert.deepEqual(await get('sum'), { id: { S: 'sum' }, n: { N: '1' } });
    await assert.rejects(add('2'), { name: 'IdempotentParameterMismatchException' });
  });

  test('describes and lists tables', async () => {
    await put('1');
    const { Table } = await client.send(new DescribeTableCommand({ TableName: 'orders' }));
    assert.deepEqual(
      [Table?.TableArn, Table?.ItemCount, Table?.KeySchema],
      [ORDERS, 1, [{ AttributeName: 'id', KeyType: 'HASH' }]],
    );
    assert.equal(Table?.LatestStreamArn, service.streamArn('orders'));
    const first = await client.send(new ListTablesCommand({ Limit: 1 }));
    assert.deepEqual([first.TableNames, first.LastEvaluatedTableName], [['events'], 'events']);
    const second = await client.send(new ListTablesCommand({ ExclusiveStartTableName: 'events' }));
    assert.deepEqual([second.TableNames, second.LastEvaluatedTableName], [['orders'], undefined]);
    await assert.rejects(get.call(null, ''), { name: 'ValidationException' });
    await assert.rejects(client.send(new DescribeTableCommand({ TableName: 'absent' })), {
      name: 'ResourceNotFoundException',
    });
  });

  test('asks with action and ARN before it does anything, and does nothing when refused', async () => {
    await put('1');
    gate.deny = (call) => call.action === 'dynamodb:DeleteItem';
    await assert.rejects(client.send(new DeleteItemCommand({ TableName: 'orders', Key: { id: { S: '1' } } })), {
      name: 'AccessDeniedException',
      message: 'not allowed: dynamodb:DeleteItem',
    });
    assert.deepEqual(await get('1'), { id: { S: '1' } });
    assert.deepEqual(
      gate.recorded.map(({ eventName, resourceArn, readOnly, isData, errorCode }) => [
        eventName,
        resourceArn,
        readOnly,
        isData,
        errorCode,
      ]),
      [
        ['PutItem', ORDERS, false, true, undefined],
        ['DeleteItem', ORDERS, false, true, 'AccessDenied'],
        ['GetItem', ORDERS, true, true, undefined],
      ],
    );
    assert.equal(gate.asked.length, 3);
  });

  test('refuses a batch or transaction as a whole when one of its parts is not allowed', async () => {
    gate.deny = (call) => call.action === 'dynamodb:ConditionCheckItem' || call.resourceArn.endsWith('table/events');
    await assert.rejects(
      client.send(
        new BatchWriteItemCommand({
          RequestItems: {
            orders: [{ PutRequest: { Item: { id: { S: '1' } } } }],
            events: [{ PutRequest: { Item: { device: { S: 'a' }, at: { N: '1' } } } }],
          },
        }),
      ),
      { name: 'AccessDeniedException' },
    );
    await assert.rejects(
      client.send(
        new TransactWriteItemsCommand({
          TransactItems: [
            { Put: { TableName: 'orders', Item: { id: { S: '1' } } } },
            {
              ConditionCheck: {
                TableName: 'orders',
                Key: { id: { S: '2' } },
                ConditionExpression: 'attribute_exists(id)',
              },
            },
          ],
        }),
      ),
      { name: 'AccessDeniedException' },
    );
    assert.deepEqual(
      gate.recorded.map(({ eventName, errorCode }) => [eventName, errorCode]),
      [
        ['BatchWriteItem', 'AccessDenied'],
        ['TransactWriteItems', 'AccessDenied'],
      ],
    );
    gate.deny = () => false;
    assert.equal(await get('1'), undefined);
  });

  test('shows no values of items in the trail', async () => {
    await put('secret-id', { card: { S: 'secret-card' } });
    await get('secret-id');
    await client.send(
      new ScanCommand({
        TableName: 'orders',
        FilterExpression: 'card = :c',
        ExpressionAttributeValues: { ':c': { S: 'secret-card' } },
      }),
    );
    assert.doesNotMatch(JSON.stringify(gate.recorded), /secret/);
    assert.match(JSON.stringify(gate.recorded), /card = :c/);
  });

  test('refuses items beyond 400 KB, bad keys and what it does not offer', async () => {
    await assert.rejects(put('1', { big: { S: 'x'.repeat(410_000) } }), { name: 'ValidationException' });
    await assert.rejects(put(''), { name: 'ValidationException' });
    await assert.rejects(put('x'.repeat(2049)), { name: 'ValidationException' });
    await assert.rejects(client.send(new PutItemCommand({ TableName: 'orders', Item: { id: { N: '1' } } })), {
      name: 'ValidationException',
    });
    await assert.rejects(
      client.send(
        new QueryCommand({
          TableName: 'orders',
          IndexName: 'by-state',
          KeyConditionExpression: 'a = :a',
          ExpressionAttributeValues: { ':a': { S: '1' } },
        }),
      ),
      { name: 'ValidationException', message: /IndexName/ },
    );
  });

  test('offers changes in order as records of a stream, each reader from its own place', async () => {
    const arn = service.streamArn('orders') ?? '';
    const reader = service.openStream(arn);
    assert.ok(reader !== undefined);
    await put('1', { n: { N: '1' } });
    await put('1', { n: { N: '2' } });
    await put('1', { n: { N: '2' } });
    await client.send(new DeleteItemCommand({ TableName: 'orders', Key: { id: { S: '1' } } }));
    const records = await reader.receive(10, 0);
    assert.deepEqual(
      records.map(({ record }) => record['eventName']),
      ['INSERT', 'MODIFY', 'REMOVE'],
    );
    const { dynamodb, eventSource, eventSourceARN, awsRegion } = JSON.parse(JSON.stringify(records[1].record));
    assert.deepEqual([eventSource, eventSourceARN, awsRegion], ['aws:dynamodb', arn, REGION]);
    assert.deepEqual(dynamodb.Keys, { id: { S: '1' } });
    assert.deepEqual([dynamodb.OldImage.n, dynamodb.NewImage.n], [{ N: '1' }, { N: '2' }]);
    assert.equal(dynamodb.StreamViewType, 'NEW_AND_OLD_IMAGES');
    assert.equal(dynamodb.SequenceNumber, records[1].id);
    assert.deepEqual(await reader.receive(10, 0), []);
    reader.failed(records.slice(1));
    assert.deepEqual(
      (await reader.receive(10, 0)).map(({ id }) => id),
      records.slice(1).map(({ id }) => id),
    );
    assert.equal((await service.openStream(arn)?.receive(10, 0))?.length, 3);
  });

  test('drops the oldest changes when too many wait, and counts them for the reader that lost them', async () => {
    const stream = new ChangeStream(ORDERS, REGION, Date.now);
    const reader = stream.reader();
    for (let at = 0; at < STREAM_RECORDS_MAX + 10; at++) {
      const keys = parseItem({ id: { S: String(at) } }, 'Item');
      stream.append({ keys, next: keys });
    }
    const records = await reader.receive(STREAM_RECORDS_MAX * 2, 0);
    assert.equal(records.length, STREAM_RECORDS_MAX);
    assert.match(JSON.stringify(records[0]?.record), /"Keys":\{"id":\{"S":"10"\}\}/);
    assert.equal(stream.lost, 10);
    const big = parseItem({ id: { S: 'x'.repeat(300_000) } }, 'Item');
    for (let at = 0; at < 200; at++) stream.append({ keys: big, next: big });
    const kept = (await reader.receive(1000, 0)).length;
    assert.equal(kept, Math.floor(STREAM_BYTES_MAX / 600_004));
    assert.equal(stream.lost, 10 + 200 - kept);
  });

  test('wakes a reader that waits when something changes', async () => {
    const waiting = service.openStream(service.streamArn('orders') ?? '')?.receive(10, 60_000);
    await put('1');
    assert.equal((await waiting)?.length, 1);
  });
});
