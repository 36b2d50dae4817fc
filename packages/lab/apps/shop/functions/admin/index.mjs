import process from 'node:process';
import { DynamoDBClient, GetItemCommand, ScanCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { log } from '../../shared/http.mjs';
import { fromItem } from '../../shared/items.mjs';
import { post } from '../../shared/partner.mjs';

const tables = new DynamoDBClient({});
const { ORDERS_TABLE, CUSTOMERS_TABLE, PAYMENT_URL, PAYMENT_SECRET } = process.env;

const EXPORT_ROWS_MAX = 500;

/** What operators do: refunds, and lists. Not reachable from outside; who may invoke it is up to the roles. */
export async function handler(event) {
  log('info', 'operator action', { action: event.action });
  switch (event.action) {
    case 'refund':
      return refund(event.orderId);
    case 'export':
      return list(event.table === 'customers' ? CUSTOMERS_TABLE : ORDERS_TABLE, event.rows);
    default:
      throw new Error(`no such action: ${event.action}`);
  }
}

async function refund(orderId) {
  const { Item } = await tables.send(new GetItemCommand({ TableName: ORDERS_TABLE, Key: { id: { S: orderId } } }));
  if (Item?.status?.S !== 'paid') return { refunded: false };
  const { status } = await post(
    `${PAYMENT_URL}/v1/refunds`,
    { charge: Item.chargeId.S, reference: orderId },
    { authorization: `Bearer ${PAYMENT_SECRET}`, 'idempotency-key': `refund-${orderId}` },
  );
  if (status !== 201) throw new Error(`the partner answered ${status}`);
  await tables.send(
    new UpdateItemCommand({
      TableName: ORDERS_TABLE,
      Key: { id: { S: orderId } },
      UpdateExpression: 'SET #status = :status',
      ExpressionAttributeNames: { '#status': 'status' },
      ExpressionAttributeValues: { ':status': { S: 'refunded' } },
    }),
  );
  return { refunded: true };
}

async function list(table, rows = EXPORT_ROWS_MAX) {
  const { Items = [] } = await tables.send(
    new ScanCommand({ TableName: table, Limit: Math.min(Math.max(1, Number(rows)), EXPORT_ROWS_MAX) }),
  );
  // Nobody needs the hashes.
  const found = Items.map(fromItem).map(({ passwordHash, ...rest }) => rest);
  return { rows: found.length, items: found };
}
