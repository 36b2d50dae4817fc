import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';
import type { LogDelivery } from '@gait/platform/contract';
import { Delivery } from './delivery.ts';

/** A request as it came. */
interface Came {
  readonly headers: IncomingHttpHeaders;
  readonly requestId: string;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into documents whose shape they are about.
  readonly documents: readonly any[];
}

/** An HTTP server that takes deliveries, and a delivery to it. `answer` gives the status, or does without. */
async function delivering(
  test: TestContext,
  answer: (at: number, response: ServerResponse) => number | undefined,
): Promise<{ delivery: Delivery; came: Came[] }> {
  const came: Came[] = [];
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part);
    const { requestId, records } = JSON.parse(Buffer.concat(parts).toString());
    const documents = records.map(({ data }: { data: string }) =>
      JSON.parse(gunzipSync(Buffer.from(data, 'base64')).toString()),
    );
    came.push({ headers: request.headers, requestId, documents });
    const status = answer(came.length, response);
    if (status !== undefined) response.writeHead(status).end('{}');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  const options = { url, token: 't0ken', accountId: '123456789012', region: 'eu-west-1', retryMs: 1 };
  return { delivery: new Delivery(options), came };
}

const TIME = '2026-11-25T04:00:00.000Z';

function logs(sandbox: string, records: readonly (string | object)[]): LogDelivery {
  const events = records.map((record) => {
    if (typeof record === 'string') return { time: TIME, type: 'function', record };
    return { time: TIME, type: 'platform.report', record };
  });
  return { functionName: 'pay', logGroup: '/aws/lambda/pay', logStream: sandbox, events };
}

describe('delivery of logs and trail', { timeout: 60_000 }, () => {
  it('sends what subscriptions send: one document for each sandbox, lines as they are, reports as JSON', async (test) => {
    const { delivery, came } = await delivering(test, () => 200);
    delivery.logs(logs('one', ['a\n', { requestId: 'r1' }]));
    delivery.logs(logs('two', ['b']));
    delivery.logs(logs('one', ['c']));
    delivery.trail([{ eventName: 'Invoke' }]);
    await delivery.flush();
    assert.equal(came.length, 1);
    const [{ documents, headers, requestId }] = came;
    assert.equal(headers['x-amz-firehose-access-key'], 't0ken');
    assert.equal(headers['x-amz-firehose-request-id'], requestId);
    const [one, two, trail] = documents;
    assert.deepEqual([one.owner, one.logGroup, one.logStream], ['123456789012', '/aws/lambda/pay', 'one']);
    const report = { time: TIME, type: 'platform.report', record: { requestId: 'r1' } };
    const messages = one.logEvents.map(({ message }: { message: string }) => message);
    assert.deepEqual(messages, ['a', JSON.stringify(report), 'c']);
    assert.equal(one.logEvents[0].timestamp, Date.parse(TIME));
    assert.equal(two.logStream, 'two');
    assert.deepEqual(trail, { Records: [{ eventName: 'Invoke' }] });
    assert.deepEqual([delivery.reports, delivery.delivered, delivery.dropped], [1, 5, 0]);
  });

  it('tries again under the same id while it is refused for now', async (test) => {
    const { delivery, came } = await delivering(test, (at) => [503, 429, 500][at - 1] ?? 200);
    delivery.logs(logs('one', ['a']));
    await delivery.flush();
    assert.equal(came.length, 4);
    assert.equal(new Set(came.map(({ requestId }) => requestId)).size, 1);
    assert.deepEqual([delivery.delivered, delivery.dropped], [1, 0]);
  });

  it('tries again when the connection breaks, before an answer or in the middle of one', async (test) => {
    const { delivery, came } = await delivering(test, (at, response) => {
      if (at === 1) response.destroy();
      else if (at === 2) response.writeHead(200, { 'content-length': 100 }).write('{', () => response.destroy());
      else return 200;
      return undefined;
    });
    delivery.logs(logs('one', ['a', 'b']));
    await delivery.flush();
    assert.equal(came.length, 3);
    assert.equal(new Set(came.map(({ requestId }) => requestId)).size, 1);
    assert.deepEqual([delivery.delivered, delivery.dropped], [2, 0]);
  });

  it('gives up what is refused for good, counts it, and goes on with what comes then', async (test) => {
    const { delivery, came } = await delivering(test, (at) => (at === 1 ? 401 : 200));
    delivery.logs(logs('one', ['a', 'b', 'c']));
    await delivery.flush();
    delivery.trail([{}, {}]);
    await delivery.flush();
    assert.equal(came.length, 2);
    assert.deepEqual([delivery.delivered, delivery.dropped], [2, 3]);
  });

  it('gives up in the end when it is never taken', async (test) => {
    const { delivery, came } = await delivering(test, () => 503);
    delivery.logs(logs('one', ['a']));
    await delivery.flush();
    assert.equal(came.length, 8);
    assert.deepEqual([delivery.delivered, delivery.dropped], [0, 1]);
  });

  it('drops and counts what is too much to wait, all of a portion or nothing', async (test) => {
    const { delivery, came } = await delivering(test, () => 200);
    const many = Array.from({ length: 49_999 }, () => 'x');
    delivery.logs(logs('one', many));
    delivery.logs(logs('one', ['y', 'z']));
    delivery.logs(logs('one', ['w']));
    await delivery.flush();
    assert.deepEqual([delivery.delivered, delivery.dropped], [50_000, 2]);
    assert.equal(came[0].documents[0].logEvents.length, 50_000);
    delivery.logs(logs('one', ['there is room again']));
    await delivery.close();
    assert.deepEqual([delivery.delivered, delivery.dropped], [50_001, 2]);
  });

  it('delivers what waits when it is closed, and counts what comes after', async (test) => {
    const { delivery, came } = await delivering(test, () => 200);
    delivery.logs(logs('one', ['a']));
    await delivery.close();
    delivery.logs(logs('one', ['b']));
    await delivery.close();
    assert.equal(came.length, 1);
    assert.deepEqual([delivery.delivered, delivery.dropped], [1, 1]);
  });
});
