import process from 'node:process';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { buckets } from '../../shared/buckets.mjs';
import { log } from '../../shared/http.mjs';
import { fromItem } from '../../shared/items.mjs';

const tables = new DynamoDBClient({});
const { ORDERS_TABLE, PICTURES_BUCKET } = process.env;

const PAGE_ITEMS = 100;
/** The newest orders are enough for a report, and memory is not endless. */
const ROWS_MAX = 5_000;

/** Writes the list of orders for the bookkeeper, by the clock. */
export async function handler(event) {
  const rows = [];
  let from;
  do {
    const page = await tables.send(
      new ScanCommand({ TableName: ORDERS_TABLE, Limit: PAGE_ITEMS, ...(from && { ExclusiveStartKey: from }) }),
    );
    rows.push(...(page.Items ?? []).map(fromItem));
    from = page.LastEvaluatedKey;
  } while (from !== undefined && rows.length < ROWS_MAX);
  const csv = ['order,customer,cents,currency,status', ...rows.map(lineOf)].join('\n');
  const day = new Date(event.time ?? Date.now()).toISOString().slice(0, 10);
  for (const name of ['orders-latest', `orders-${day}`]) {
    await buckets.send(
      new PutObjectCommand({
        Bucket: PICTURES_BUCKET,
        Key: `exports/${name}.csv`,
        Body: `${csv}\n`,
        ContentType: 'text/csv',
      }),
    );
  }
  log('debug', 'report written', { rows: rows.length });
  return { rows: rows.length };
}

function lineOf({ id, customer, cents, currency, status }) {
  return [id, customer, cents, currency, status].join(',');
}
