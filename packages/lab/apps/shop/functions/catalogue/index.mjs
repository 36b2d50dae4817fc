import { posix } from 'node:path';
import process from 'node:process';
import { DynamoDBClient, GetItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { buckets } from '../../shared/buckets.mjs';
import { answer, log } from '../../shared/http.mjs';
import { fromItem } from '../../shared/items.mjs';

const tables = new DynamoDBClient({});
const { PRINTS_TABLE, PICTURES_BUCKET } = process.env;

const PAGE_ITEMS = 24;

/** What is for sale: lists, single prints, search, and pictures of them. */
export async function handler(event, context) {
  switch (event.routeKey) {
    case 'GET /prints':
      return list(event, context);
    case 'GET /prints/{id}':
      return show(event, context);
    case 'GET /prints/{id}/preview':
      return preview(event, context);
    case 'GET /search':
      return search(event, context);
    default:
      return answer(404, { message: 'not found' }, context);
  }
}

async function list(event, context) {
  const after = event.queryStringParameters?.after;
  const { Items = [], LastEvaluatedKey } = await tables.send(
    new ScanCommand({
      TableName: PRINTS_TABLE,
      Limit: PAGE_ITEMS,
      ...(after === undefined ? {} : { ExclusiveStartKey: { id: { S: after } } }),
    }),
  );
  return answer(200, { prints: Items.map(fromItem), next: LastEvaluatedKey?.id.S }, context);
}

async function show(event, context) {
  const { Item } = await tables.send(
    new GetItemCommand({ TableName: PRINTS_TABLE, Key: { id: { S: event.pathParameters.id } } }),
  );
  if (Item === undefined) return answer(404, { message: 'no such print' }, context);
  return answer(200, fromItem(Item), context);
}

/** `file` is `small.png` or `large.png`. */
async function preview(event, context) {
  const file = event.queryStringParameters?.file ?? 'small.png';
  const key = posix.join('previews', event.pathParameters.id, file);
  try {
    const object = await buckets.send(new GetObjectCommand({ Bucket: PICTURES_BUCKET, Key: key }));
    return {
      statusCode: 200,
      headers: { 'content-type': object.ContentType ?? 'image/png', 'x-request-id': context.awsRequestId },
      body: await object.Body.transformToString('base64'),
      isBase64Encoded: true,
    };
  } catch (error) {
    if (error.name !== 'NoSuchKey' && error.name !== 'AccessDenied') throw error;
    log('warn', 'no preview', { key });
    return answer(404, { message: 'no such picture' }, context);
  }
}

async function search(event, context) {
  const words = (event.queryStringParameters?.q ?? '').toLowerCase().slice(0, 80);
  if (words === '') return answer(400, { message: 'say what to look for' }, context);
  const { Items = [] } = await tables.send(new ScanCommand({ TableName: PRINTS_TABLE }));
  const found = Items.map(fromItem).filter(({ title, artist }) => `${title} ${artist}`.toLowerCase().includes(words));
  return answer(200, { prints: found.slice(0, PAGE_ITEMS), found: found.length }, context);
}
