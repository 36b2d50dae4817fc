import { randomBytes, scrypt } from 'node:crypto';
import { promisify } from 'node:util';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { BatchWriteItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { Credentials, Platform, PolicyStatement } from '@gait/platform/contract';
import { Random } from '../datasets/random.ts';
import { SHOP } from './application.ts';
import type { Picture } from './picture.ts';
import { drawPicture } from './picture.ts';

/** Prints for sale and customers with an account. */
export const PRINTS = 48;
export const CUSTOMERS = 40;

/** Rows of one BatchWriteItem. */
const BATCH_ITEMS_MAX = 25;

/** Cost of a password hash, as in the shop's `login`. */
const COST = { N: 4096, r: 8, p: 1 };

const derive: (password: string, salt: Buffer, bytes: number, cost: typeof COST) => Promise<unknown> =
  promisify(scrypt);

/** A customer of the demonstration. The password is made up and opens nothing. */
export interface Customer {
  readonly email: string;
  readonly name: string;
  readonly password: string;
}

/** Id of the print with a number. */
export function printId(at: number): string {
  return `p-${String(at + 1).padStart(3, '0')}`;
}

/** Customer with a number, always the same. The last one is the attacker's own account: opening one takes a minute. */
export function customer(at: number): Customer {
  const name = `${FIRST[at % FIRST.length]} ${LAST[Math.floor(at / 3) % LAST.length]}`;
  return { email: `customer${at + 1}@shop.example`, name, password: `made-up password ${at + 1}` };
}

/** Permissions of the person who fills the shop once, before it opens. */
export const STOCK_STATEMENTS: readonly PolicyStatement[] = [
  { Effect: 'Allow', Action: 'dynamodb:BatchWriteItem', Resource: '*' },
  { Effect: 'Allow', Action: 's3:PutObject', Resource: `arn:aws:s3:::${SHOP.pictures}/*` },
];

/** Fills the shop with prints, previews and customers, as a user of its own. About 150 calls and 25 MB; the same every time but for salts. */
export async function stockShop(
  platform: Pick<Platform, 'endpointUrl' | 'region' | 'user'>,
  seed: number,
): Promise<void> {
  const options = clientOptions(platform, platform.user('shop-stock', STOCK_STATEMENTS));
  const tables = new DynamoDBClient(options);
  const buckets = new S3Client({ ...options, forcePathStyle: true });
  try {
    const random = new Random(seed, 'stock');
    const prints = Array.from({ length: PRINTS }, (_, at) => printItem(at, random));
    await write(tables, SHOP.prints, prints);
    await write(
      tables,
      SHOP.customers,
      await Promise.all(Array.from({ length: CUSTOMERS }, (_, at) => customerItem(at))),
    );
    for (let at = 0; at < PRINTS; at++) {
      for (const { key, ...picture } of picturesOf(printId(at))) {
        const Body = drawPicture(picture, random);
        await buckets.send(new PutObjectCommand({ Bucket: SHOP.pictures, Key: key, Body, ContentType: 'image/png' }));
      }
    }
  } finally {
    tables.destroy();
    buckets.destroy();
  }
}

/** Options of an SDK client that speaks to the platform as a user. */
export function clientOptions(platform: Pick<Platform, 'endpointUrl' | 'region'>, credentials: Credentials) {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  return {
    endpoint: platform.endpointUrl,
    region: platform.region,
    credentials: { accessKeyId, secretAccessKey, ...(sessionToken !== '' && { sessionToken }) },
    maxAttempts: 3,
  };
}

/** Previews that everybody sees, and the master that prints are made from and nobody should get: half a megabyte. */
function picturesOf(id: string): readonly (Picture & { readonly key: string })[] {
  return [
    { key: `previews/${id}/small.png`, widthPx: 48, heightPx: 36 },
    { key: `previews/${id}/large.png`, widthPx: 120, heightPx: 90 },
    { key: `masters/${id}.png`, widthPx: 480, heightPx: 360, grain: true },
  ];
}

const FIRST = ['Ada', 'Bruno', 'Carla', 'Dmitri', 'Elif', 'Farid', 'Greta'];
const LAST = ['Arnold', 'Berg', 'Conti', 'Duarte', 'Eriksen', 'Fischer', 'Garcia', 'Haas'];
const SUBJECTS = ['Harbour', 'Dunes', 'Old bridge', 'Night train', 'Glacier', 'Market', 'Lighthouse', 'Orchard'];
const LIGHTS = ['at dawn', 'in rain', 'in March', 'from above', 'after the storm', 'in winter'];

function printItem(at: number, random: Random): Record<string, AttributeValue> {
  return {
    id: { S: printId(at) },
    title: { S: `${SUBJECTS[at % SUBJECTS.length]} ${LIGHTS[Math.floor(at / SUBJECTS.length) % LIGHTS.length]}` },
    artist: { S: LAST[random.below(LAST.length)] },
    cents: { N: String(900 + 100 * random.below(80)) },
    stock: { N: String(20 + random.below(400)) },
  };
}

async function customerItem(at: number): Promise<Record<string, AttributeValue>> {
  const { email, name, password } = customer(at);
  const salt = randomBytes(16);
  const key = await derive(password, salt, 32, COST);
  if (!Buffer.isBuffer(key)) throw new Error('scrypt gave no bytes');
  return {
    email: { S: email },
    name: { S: name },
    passwordHash: { S: `${salt.toString('hex')}$${key.toString('hex')}` },
    failures: { N: '0' },
  };
}

async function write(tables: DynamoDBClient, table: string, items: readonly Record<string, AttributeValue>[]) {
  for (let at = 0; at < items.length; at += BATCH_ITEMS_MAX) {
    const requests = items.slice(at, at + BATCH_ITEMS_MAX).map((Item) => ({ PutRequest: { Item } }));
    const { UnprocessedItems = {} } = await tables.send(
      new BatchWriteItemCommand({ RequestItems: { [table]: requests } }),
    );
    if (Object.keys(UnprocessedItems).length > 0) throw new Error(`${table} did not take all rows`);
  }
}
