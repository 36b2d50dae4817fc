import { randomUUID } from 'node:crypto';
import process from 'node:process';
import { BatchGetItemCommand, DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { SendMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { answer, formOf, log } from '../../shared/http.mjs';
import { fromItem, toItem } from '../../shared/items.mjs';
import { get } from '../../shared/partner.mjs';
import { customerOf } from '../../shared/token.mjs';

const tables = new DynamoDBClient({});
const queues = new SQSClient({});
const functions = new LambdaClient({});
const { ORDERS_TABLE, PRINTS_TABLE, PAYMENTS_QUEUE, LABEL_FUNCTION, RATES_URL } = process.env;

const LINES_MAX = 20;
const QUANTITY_MAX = 50;

/** Rates change slowly: a sandbox asks again after this. */
const RATES_LIFE_MS = 20_000;
let rates = { asked: 0, perEuro: { EUR: 1 } };

/** Takes orders, and shows customers what became of theirs. */
export async function handler(event, context) {
  const customer = customerOf(event);
  if (customer === undefined) return answer(401, { message: 'log in first' }, context);
  if (event.routeKey === 'GET /orders/{id}') return show(event, context, customer);
  const lines = linesOf(formOf(event));
  if (lines === undefined) return answer(400, { message: 'this is not an order' }, context);
  const { currency = 'EUR' } = formOf(event);
  const rate = await rateOf(currency);
  if (rate === undefined) return answer(400, { message: 'we do not take this currency' }, context);
  const prices = await pricesOf(lines);
  if (prices === undefined) return answer(409, { message: 'one of the prints is sold out' }, context);
  const cents = Math.round(lines.reduce((sum, { print, quantity }) => sum + prices.get(print) * quantity, 0) * rate);
  const order = { id: randomUUID(), customer, lines, cents, currency, status: 'placed', placedAt: Date.now() };
  await place(order);
  return answer(201, { id: order.id, cents, currency }, context);
}

async function show(event, context, customer) {
  const { Item } = await tables.send(
    new GetItemCommand({ TableName: ORDERS_TABLE, Key: { id: { S: event.pathParameters.id } } }),
  );
  // Orders of others do not exist for a customer.
  if (Item === undefined || Item.customer.S !== customer) return answer(404, { message: 'no such order' }, context);
  return answer(200, fromItem(Item), context);
}

function linesOf(form) {
  const lines = form?.lines;
  if (!Array.isArray(lines) || lines.length === 0 || lines.length > LINES_MAX) return undefined;
  const good = ({ print, quantity } = {}) =>
    typeof print === 'string' && Number.isInteger(quantity) && quantity > 0 && quantity <= QUANTITY_MAX;
  return lines.every((line) => good(line ?? undefined))
    ? lines.map(({ print, quantity }) => ({ print, quantity }))
    : undefined;
}

async function rateOf(currency) {
  if (currency !== 'EUR' && Date.now() - rates.asked > RATES_LIFE_MS) {
    try {
      const { body } = await get(`${RATES_URL}/latest?base=EUR`);
      rates = { asked: Date.now(), perEuro: body.rates };
    } catch (error) {
      // An old rate is better than no order.
      log('warn', 'no new rates', { reason: error.message });
    }
  }
  return Object.hasOwn(rates.perEuro, currency) ? rates.perEuro[currency] : undefined;
}

/** Price of each print in cents; undefined when one is not for sale. */
async function pricesOf(lines) {
  const ids = [...new Set(lines.map(({ print }) => print))];
  const { Responses = {} } = await tables.send(
    new BatchGetItemCommand({ RequestItems: { [PRINTS_TABLE]: { Keys: ids.map((id) => ({ id: { S: id } })) } } }),
  );
  const prices = new Map((Responses[PRINTS_TABLE] ?? []).map(fromItem).map(({ id, cents }) => [id, cents]));
  return prices.size === ids.length ? prices : undefined;
}

async function place(order) {
  await tables.send(
    new PutItemCommand({
      TableName: ORDERS_TABLE,
      Item: toItem(order),
      ConditionExpression: 'attribute_not_exists(id)',
    }),
  );
  await queues.send(
    new SendMessageCommand({ QueueUrl: PAYMENTS_QUEUE, MessageBody: JSON.stringify({ orderId: order.id }) }),
  );
  await functions.send(
    new InvokeCommand({
      FunctionName: LABEL_FUNCTION,
      InvocationType: 'Event',
      Payload: JSON.stringify({ orderId: order.id, customer: order.customer, lines: order.lines }),
    }),
  );
}
