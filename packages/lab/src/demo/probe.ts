import { setTimeout as delay } from 'node:timers/promises';
import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { HeadObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { Platform } from '@gait/platform/contract';
import { Random } from '../datasets/random.ts';
import { SHOP } from '../shop/application.ts';
import type { FrontDoor, FrontDoorAnswer } from '../shop/front-door.ts';
import { jsonBody, openFrontDoor, textIn } from '../shop/front-door.ts';
import { drawPicture } from '../shop/picture.ts';
import { clientOptions, customer } from '../shop/seed.ts';

/** A picture is converted in less than a second, also by a sandbox that starts cold, ms. */
const APPEARS_MS_MAX = 15_000;
const LOOK_MS = 100;

/** A customer who looks whether the shop works, from a network of those kept free for documentation. */
const VISITOR = { address: '203.0.113.20', userAgent: 'Mozilla/5.0 (X11; Linux x86_64) Firefox/145.0' } as const;

/** Calls a function as AWS does when somebody may; gives the status of the answer: 200, or 429 when it is refused. */
export async function invokeStatus(platform: Platform, functionName: string): Promise<number> {
  const client = new LambdaClient({
    endpoint: platform.endpointUrl,
    region: platform.region,
    credentials: platform.user('prober', [{ Effect: 'Allow', Action: 'lambda:InvokeFunction', Resource: '*' }]),
    maxAttempts: 1,
  });
  try {
    const answer = await client.send(new InvokeCommand({ FunctionName: functionName, Payload: '{}' }));
    return answer.StatusCode ?? 0;
  } catch (error) {
    return statusOf(error);
  } finally {
    client.destroy();
  }
}

/** Whether visitors are served by functions other than the one in quarantine. */
export async function othersServed(platform: Platform, functionName: string): Promise<boolean> {
  const others = (['catalogue', 'login'] as const).filter((name) => name !== functionName);
  const served = await Promise.all(others.map((name) => isServed(platform, name)));
  return served.every((one) => one);
}

/** Whether a function does its work for somebody who comes by the front door; throws for functions that are not probed. */
export async function isServed(platform: Platform, functionName: string): Promise<boolean> {
  const work = WORK[functionName];
  if (work === undefined) throw new Error(`nothing is known of how to probe ${functionName}`);
  const door = openFrontDoor(platform.apiUrl, 1);
  try {
    return await work(door, platform).catch(() => false);
  } finally {
    door.close();
  }
}

const WORK: Readonly<Record<string, (door: FrontDoor, platform: Platform) => Promise<boolean>>> = {
  catalogue: async (door) => (await door.ask({ ...VISITOR, method: 'GET', path: '/prints' })).status === 200,
  login: async (door) => (await logIn(door)) !== undefined,
  label: async (door) => {
    const body = jsonBody({ name: 'Ada', text: 'For {{ order.name }}' });
    return (await asCustomer(door, '/labels', body))?.status === 200;
  },
  thumbnail: async (door, platform) => {
    const bytes = drawPicture({ widthPx: 240, heightPx: 160 }, new Random(1, 'probe'));
    const answer = await asCustomer(door, '/pictures', { type: 'image/png', bytes });
    const key = answer === undefined ? undefined : textIn(answer, 'thumbnail');
    return key !== undefined && (await appears(platform, key));
  },
};

async function asCustomer(
  door: FrontDoor,
  path: string,
  body: { readonly type: string; readonly bytes: Buffer },
): Promise<FrontDoorAnswer | undefined> {
  const token = await logIn(door);
  return token === undefined ? undefined : door.ask({ ...VISITOR, method: 'POST', path, token, body });
}

async function logIn(door: FrontDoor): Promise<string | undefined> {
  const { email, password } = customer(3);
  const body = jsonBody({ email, password });
  return textIn(await door.ask({ ...VISITOR, method: 'POST', path: '/login', body }), 'token');
}

/** Whether an object comes to be, as what is made of a picture does after a while. */
async function appears(platform: Platform, Key: string): Promise<boolean> {
  const { pictures: Bucket } = SHOP;
  const user = platform.user('prober-of-pictures', [{ Effect: 'Allow', Action: 's3:*', Resource: '*' }]);
  const buckets = new S3Client({ ...clientOptions(platform, user), forcePathStyle: true });
  try {
    for (const endMs = Date.now() + APPEARS_MS_MAX; Date.now() < endMs; await delay(LOOK_MS)) {
      const found = await buckets.send(new HeadObjectCommand({ Bucket, Key })).catch(() => undefined);
      if (found !== undefined) return true;
    }
    return false;
  } finally {
    buckets.destroy();
  }
}

function statusOf(error: unknown): number {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return 0;
  const { $metadata: metadata } = error;
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return 0;
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : 0;
}
