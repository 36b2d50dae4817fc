import process from 'node:process';
import { DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { log } from '../../shared/http.mjs';
import { fromItem } from '../../shared/items.mjs';
import { post } from '../../shared/partner.mjs';

const tables = new DynamoDBClient({});
const queues = new SQSClient({});
const { ORDERS_TABLE, MAIL_QUEUE, PAYMENT_URL, PAYMENT_SECRET } = process.env;

/** Charges for orders at the payment partner. What failed comes again; the partner charges an order only once. */
export async function handler(event) {
  const failures = [];
  for (const { messageId, body } of event.Records) {
    try {
      await charge(JSON.parse(body).orderId);
    } catch (error) {
      log('error', 'payment failed', { messageId, reason: error.message });
      failures.push({ itemIdentifier: messageId });
    }
  }
  return { batchItemFailures: failures };
}

async function charge(orderId) {
  const { Item } = await tables.send(
    new GetItemCommand({ TableName: ORDERS_TABLE, Key: { id: { S: orderId } }, ConsistentRead: true }),
  );
  if (Item === undefined) throw new Error('no such order');
  const order = fromItem(Item);
  if (order.status !== 'placed') return;
  const { status, body } = await post(
    `${PAYMENT_URL}/v1/charges`,
    { amount: order.cents, currency: order.currency, reference: order.id },
    { authorization: `Bearer ${PAYMENT_SECRET}`, 'idempotency-key': order.id },
  );
  if (status !== 201 && status !== 402) throw new Error(`the partner answered ${status}`);
  await settle(order, status === 201 ? 'paid' : 'declined', body.id ?? '-');
}

async function settle(order, status, chargeId) {
  await tables.send(
    new UpdateItemCommand({
      TableName: ORDERS_TABLE,
      Key: { id: { S: order.id } },
      UpdateExpression: 'SET #status = :status, chargeId = :charge',
      ExpressionAttributeNames: { '#status': 'status' },
      ExpressionAttributeValues: { ':status': { S: status }, ':charge': { S: chargeId } },
    }),
  );
  const message = { to: order.customer, kind: status, orderId: order.id };
  await queues.send(new SendMessageCommand({ QueueUrl: MAIL_QUEUE, MessageBody: JSON.stringify(message) }));
}
