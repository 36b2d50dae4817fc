import { InvokeCommand, LambdaClient } from '@aws-sdk/client-lambda';
import type { Platform } from '@gait/platform/contract';
import { jsonBody, openFrontDoor, textIn } from '../shop/front-door.ts';
import { customer } from '../shop/seed.ts';

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

/** Whether a visitor can look at prints: another function than the one in quarantine. */
export async function otherServed(platform: Platform): Promise<boolean> {
  const door = openFrontDoor(platform.apiUrl, 1);
  try {
    return (await door.ask({ ...VISITOR, method: 'GET', path: '/prints' })).status === 200;
  } finally {
    door.close();
  }
}

/** Whether a customer can look at a gift label: the function that was in quarantine works. */
export async function labelServed(platform: Platform): Promise<boolean> {
  const door = openFrontDoor(platform.apiUrl, 1);
  try {
    const { email, password } = customer(3);
    const body = jsonBody({ email, password });
    const token = textIn(await door.ask({ ...VISITOR, method: 'POST', path: '/login', body }), 'token');
    if (token === undefined) return false;
    const label = jsonBody({ name: 'Ada', text: 'For {{ order.name }}' });
    const answer = await door.ask({ ...VISITOR, method: 'POST', path: '/labels', token, body: label });
    return answer.status === 200;
  } finally {
    door.close();
  }
}

function statusOf(error: unknown): number {
  if (typeof error !== 'object' || error === null || !('$metadata' in error)) return 0;
  const { $metadata: metadata } = error;
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return 0;
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : 0;
}
