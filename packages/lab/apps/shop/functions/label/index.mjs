import process from 'node:process';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { buckets } from '../../shared/buckets.mjs';
import { answer, formOf, log } from '../../shared/http.mjs';
import { customerOf } from '../../shared/token.mjs';
import { compile, show, TEMPLATE_CHARS_MAX } from './template.mjs';

const { PICTURES_BUCKET } = process.env;

const PACKING = compile('ORDER {{ order.orderId }}\nfor {{ order.customer }}\n{{ order.count }} prints\n');

/** Prints labels: a packing label for each order, and gift labels that customers design and look at first. */
export async function handler(event, context) {
  if (event.routeKey === 'POST /labels') return preview(event, context);
  const count = event.lines.reduce((sum, { quantity }) => sum + quantity, 0);
  await buckets.send(
    new PutObjectCommand({
      Bucket: PICTURES_BUCKET,
      Key: `labels/${event.orderId}.txt`,
      Body: await PACKING({ ...event, count }, show),
      ContentType: 'text/plain',
    }),
  );
  return { label: `labels/${event.orderId}.txt` };
}

/** Customers may write `{{ order.name }}` and the like in the text of a gift label. */
async function preview(event, context) {
  const customer = customerOf(event);
  if (customer === undefined) return answer(401, { message: 'log in first' }, context);
  const form = formOf(event);
  if (typeof form?.text !== 'string' || form.text.length > TEMPLATE_CHARS_MAX) {
    return answer(400, { message: 'this is not a label' }, context);
  }
  try {
    const label = await compile(form.text)({ name: String(form.name ?? ''), from: customer, count: 1 }, show);
    return answer(200, { label }, context);
  } catch (error) {
    log('warn', 'label is wrong', { reason: error.name, requestId: context.awsRequestId });
    return answer(422, { message: `your label has a mistake: ${error.message}` }, context);
  }
}
