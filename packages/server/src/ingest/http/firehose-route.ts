import type { IncomingMessage } from 'node:http';
import type { Decoder } from '../decoder.ts';
import { textDecoders } from '../decoders.ts';
import { own, ownArray, ownNumber, ownText, parseJson } from '../json-document.ts';
import { HEAD_BYTES } from '../reader/limits.ts';
import { framingOf, recognise } from '../reader/sniff.ts';
import { headerOf } from './admission.ts';
import { decodeRecords } from './cut.ts';
import { originOf, type Piecework } from './intake.ts';
import { DELIVERY_ID_CHARS_MAX, DELIVERY_RECORDS_MAX } from './limits.ts';
import { RecentDeliveries } from './recent-deliveries.ts';
import { Refusal } from './refusal.ts';
import { type Answer, type IngestRoute, json } from './route.ts';

const PROTOCOL_VERSION = '1.0';
/** Base64 as Firehose writes it. */
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;

/**
 * `POST /v1/firehose`: deliveries of Amazon Data Firehose. Its access key is the token. A record is base64 of text or
 * gzip: CloudWatch Logs subscriptions, or any format that is known by its content. A delivery that was acknowledged is
 * acknowledged again without being appended twice; one of which a part cannot be used is acknowledged too, because
 * Firehose would send it again for hours.
 */
export function firehoseRoute(): IngestRoute {
  const decoders = textDecoders();
  const recent = new RecentDeliveries();
  return {
    route: 'firehose',
    path: '/v1/firehose',
    presented: (request) => headerOf(request, 'x-amz-firehose-access-key') || undefined,
    async handle(incoming, intake) {
      const { request, grant } = incoming;
      const version = headerOf(request, 'x-amz-firehose-protocol-version');
      if (version !== PROTOCOL_VERSION)
        throw new Refusal('bad-request', `protocol version must be ${PROTOCOL_VERSION}`);
      const id = headerOf(request, 'x-amz-firehose-request-id');
      if (!isId(id)) throw new Refusal('bad-request', 'X-Amz-Firehose-Request-Id is absent or no id');
      const isRepeated = await recent.once(`${grant.token.id} ${id}`, async () => {
        await intake.take(incoming, (work) => decodeDelivery(work, { id, decoders, region: regionOf(request) }));
      });
      if (isRepeated) intake.counters.repeated();
      return json(200, { requestId: id, timestamp: intake.nowMs });
    },
    refuse: refusedDelivery,
  };
}

/** Firehose wants its id back in every answer. */
function refusedDelivery(request: IncomingMessage, refusal: Refusal): Answer {
  const id = headerOf(request, 'x-amz-firehose-request-id');
  return json(refusal.status, {
    requestId: isId(id) ? id : '',
    timestamp: Date.now(),
    errorMessage: `${refusal.code}: ${refusal.message}`,
  });
}

async function decodeDelivery(
  work: Piecework,
  of: { readonly id: string; readonly decoders: readonly Decoder[]; readonly region: string },
): Promise<void> {
  const parsed = parseJson(work.body, 0, work.body.length);
  if ('reason' in parsed) throw new Refusal('bad-request', `${parsed.reason}: the delivery is not JSON`);
  const delivery = parsed.value;
  if (ownText(delivery, 'requestId') !== of.id) {
    throw new Refusal('bad-request', 'requestId is not that of X-Amz-Firehose-Request-Id');
  }
  if (Number.isNaN(ownNumber(delivery, 'timestamp'))) throw new Refusal('bad-request', 'timestamp is no number');
  if (!Array.isArray(own(delivery, 'records'))) throw new Refusal('bad-request', 'records is no list');
  const records = ownArray(delivery, 'records');
  if (records.length > DELIVERY_RECORDS_MAX) {
    throw new Refusal('too-large', `more than ${DELIVERY_RECORDS_MAX} records in one delivery`);
  }
  for (const [at, record] of records.entries()) {
    await decodeRecord(work, { ...of, at, data: own(record, 'data') });
    if (work.slice.isOver) await work.slice.pause();
  }
}

/** One record of a delivery. What is wrong with it is a reject; the others are read. */
async function decodeRecord(
  work: Piecework,
  of: {
    readonly id: string;
    readonly decoders: readonly Decoder[];
    readonly region: string;
    readonly at: number;
    readonly data: unknown;
  },
): Promise<void> {
  const { sink } = work;
  const line = of.at + 1;
  if (typeof of.data !== 'string' || !BASE64.test(of.data)) {
    sink.reject(of.data === undefined ? 'missing-field' : 'wrong-type', 'data of a record is not base64', line);
    return;
  }
  const bytes = await inflatedData(work, Buffer.from(of.data, 'base64'), line);
  if (bytes === undefined || bytes.length === 0) return;
  const head = bytes.subarray(0, HEAD_BYTES);
  const found = recognise(of.decoders, head, '');
  if (found === undefined) {
    sink.reject('unknown-format', 'a record of no known format', line);
    return;
  }
  sink.from(originOf(`firehose/${of.id}/${of.at}`, bytes));
  const region = of.region === '' ? {} : { region: of.region };
  const context = work.context({ ...region, needsMac: true });
  const framing = framingOf(found.decoder, head.subarray(found.from));
  await decodeRecords(bytes, { decoder: found.decoder, framing, context, slice: work.slice });
}

/** The text of a record, undefined when it is damaged. CloudWatch Logs compresses what it sends by itself. */
async function inflatedData(work: Piecework, data: Buffer, line: number): Promise<Buffer | undefined> {
  if (data[0] !== 0x1f || data[1] !== 0x8b) return data;
  try {
    return await work.held.expand([data], 'not compressed');
  } catch (error) {
    // Too much of it is the whole delivery's fault, damage that of one record.
    if (!(error instanceof Refusal) || error.code !== 'bad-request') throw error;
    work.sink.reject('bad-gzip', error.message, line);
    return undefined;
  }
}

/** Region of the delivery stream, '' when its ARN is absent. */
function regionOf(request: IncomingMessage): string {
  const arn = headerOf(request, 'x-amz-firehose-source-arn');
  return /^arn:aws[a-z0-9-]*:firehose:([a-z0-9-]{1,32}):\d{12}:deliverystream\//.exec(arn)?.[1] ?? '';
}

function isId(id: string): boolean {
  return id.length > 0 && id.length <= DELIVERY_ID_CHARS_MAX && /^[\w-]+$/.test(id);
}
