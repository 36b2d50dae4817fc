import process from 'node:process';
import { DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { answer, formOf, log } from '../../shared/http.mjs';
import { fromItem } from '../../shared/items.mjs';
import { isPassword } from '../../shared/password.mjs';
import { issueToken } from '../../shared/token.mjs';

const tables = new DynamoDBClient({});
const { CUSTOMERS_TABLE } = process.env;

/** So many wrong passwords in a row lock an account, for so long. */
const FAILURES_MAX = 5;
const LOCK_MS = 60_000;

/** Compared with when there is no such customer, so that the time tells nothing. */
const NOBODY = `${'00'.repeat(16)}$${'00'.repeat(32)}`;

/** Checks a password and hands out a token. */
export async function handler(event, context) {
  const form = formOf(event);
  if (typeof form?.email !== 'string' || typeof form.password !== 'string') {
    return answer(400, { message: 'e-mail address and password, please' }, context);
  }
  const customer = await find(form.email);
  if ((customer?.lockedUntil ?? 0) > Date.now()) return answer(423, { message: 'try again later' }, context);
  const right = await isPassword(form.password.slice(0, 128), customer?.passwordHash ?? NOBODY);
  if (customer !== undefined && right) {
    if (customer.failures > 0) await note(form.email, 0);
    return answer(200, { token: issueToken(form.email), name: customer.name }, context);
  }
  if (customer !== undefined) await note(form.email, (customer.failures ?? 0) + 1);
  log('warn', 'login failed', { known: customer !== undefined, requestId: context.awsRequestId });
  return answer(401, { message: 'wrong e-mail address or password' }, context);
}

async function find(email) {
  const { Item } = await tables.send(
    new GetItemCommand({ TableName: CUSTOMERS_TABLE, Key: { email: { S: email.slice(0, 254) } } }),
  );
  return Item === undefined ? undefined : fromItem(Item);
}

async function note(email, failures) {
  await tables.send(
    new UpdateItemCommand({
      TableName: CUSTOMERS_TABLE,
      Key: { email: { S: email } },
      UpdateExpression: 'SET failures = :failures, lockedUntil = :until',
      ExpressionAttributeValues: {
        ':failures': { N: String(failures >= FAILURES_MAX ? 0 : failures) },
        ':until': { N: String(failures >= FAILURES_MAX ? Date.now() + LOCK_MS : 0) },
      },
    }),
  );
}
