import assert from 'node:assert/strict';
import { request as httpRequest, type IncomingHttpHeaders, type RequestOptions } from 'node:http';
import { after, before, describe, it } from 'node:test';
import type { FunctionRevision, Invoker } from '../contract.ts';
import { startTestHost, type TestHost } from '../host/test-functions.ts';
import { openFunctionUrl } from './function-url.ts';
import { openHttpApi } from './http-api.ts';
import type { HttpDoor } from './http-door.ts';
import { startSchedules } from './schedules.ts';

const HANDLER = `export const handler = async (event) => {
  switch (event.rawPath) {
    case '/text': return 'plain';
    case '/object': return { made: true };
    case '/status': return { statusCode: 201, headers: { 'X-Mine': 'yes', 'Content-Length': '999', 'bad name': 'x' }, cookies: ['a=1', 'b=2'], body: 'made' };
    case '/binary': return { statusCode: 200, headers: { 'content-type': 'image/png' }, isBase64Encoded: true, body: Buffer.from([0, 1, 255]).toString('base64') };
    case '/odd': return { statusCode: 'none' };
    case '/empty': return { statusCode: 204 };
    case '/fail': throw new Error('no');
    default: return { statusCode: 200, body: JSON.stringify({ ...event, trace: process.env._X_AMZN_TRACE_ID }) };
  } }`;
const STREAM = `export const handler = awslambda.streamifyResponse(async (event, out) => {
  const s = awslambda.HttpResponseStream.from(out, { statusCode: 203, headers: { 'content-type': 'text/plain' } }); s.write('streamed'); s.end(); })`;

describe('the front door', () => {
  let test: TestHost;
  let api: HttpDoor;
  const urls: HttpDoor[] = [];
  const functions = new Map<string, FunctionRevision>();
  const called: { principal: string; sourceArn: string }[] = [];
  const queued: { name: string; event: unknown; sourceArn: string }[] = [];
  const invoker: Invoker = {
    invoke: (name, request) => {
      called.push({ principal: request.principal, sourceArn: request.sourceArn });
      const revision = functions.get(name);
      if (revision === undefined) return Promise.reject(new Error('ResourceNotFoundException'));
      return test.host.invoke(revision, request);
    },
    enqueue: (name, request) => {
      const event: unknown = JSON.parse(Buffer.from(request.payload).toString('utf8'));
      queued.push({ name, event, sourceArn: request.sourceArn });
    },
  };
  const place = { accountId: '123456789012', region: 'eu-west-1' };

  before(async () => {
    test = await startTestHost();
    for (const [name, code] of Object.entries({ web: HANDLER, stream: STREAM, off: HANDLER })) {
      functions.set(name, test.make({ 'index.mjs': code }, { name }));
    }
    test.host.setConcurrency('off', 0);
    api = await openHttpApi(invoker, {
      ...place,
      address: '127.0.0.1',
      apiId: 'a1b2c3d4e5',
      routes: [
        { route: 'GET /off', function: 'off' },
        { route: 'GET /stream', function: 'stream' },
        { route: 'GET /gone', function: 'nobody' },
        { route: 'ANY /orders/{id}', function: 'web' },
        { route: 'GET /{proxy+}', function: 'web' },
      ],
    });
    for (const functionName of ['web', 'off', 'stream']) {
      urls.push(await openFunctionUrl(invoker, { ...place, address: '127.0.0.1', functionName }));
    }
  });
  after(async () => {
    await Promise.all([api.close(), api.close(), ...urls.map((url) => url.close())]);
    await test.close();
  });

  it('gives the function an event of payload format 2.0', async () => {
    const answer = await send(`${api.url}/orders/7%2F8?a=1&a=2&b=x%20y`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Cookie: 'one=1; two=2',
        'User-Agent': 'test/1',
        'X-Many': ['p', 'q'],
        'X-Forwarded-For': '10.0.0.1, 203.0.113.7',
      },
      body: '{"x":1}',
    });
    assert.equal(answer.status, 200);
    const event = JSON.parse(answer.text);
    assert.equal(event.version, '2.0');
    assert.equal(event.routeKey, 'ANY /orders/{id}');
    assert.equal(event.rawQueryString, 'a=1&a=2&b=x%20y');
    assert.deepEqual(event.queryStringParameters, { a: '1,2', b: 'x y' });
    assert.deepEqual(event.pathParameters, { id: '7/8' });
    assert.deepEqual(event.cookies, ['one=1', 'two=2']);
    assert.match(event.headers['x-amzn-trace-id'], /^Root=1-[0-9a-f]{8}-[0-9a-f]{24}$/);
    assert.ok(
      event.trace.startsWith(`${event.headers['x-amzn-trace-id']};Parent=`),
      'event and function have one trace',
    );
    assert.equal(event.headers['x-many'], 'p,q');
    assert.equal(event.headers['cookie'], undefined);
    assert.equal(event.body, '{"x":1}');
    assert.equal(event.isBase64Encoded, false);
    const { http, time, timeEpoch, requestId, ...rest } = event.requestContext;
    assert.deepEqual(http, {
      method: 'POST',
      path: '/orders/7/8',
      protocol: 'HTTP/1.1',
      sourceIp: '203.0.113.7',
      userAgent: 'test/1',
    });
    assert.deepEqual(rest, {
      accountId: '123456789012',
      apiId: 'a1b2c3d4e5',
      domainName: 'a1b2c3d4e5.execute-api.eu-west-1.amazonaws.com',
      domainPrefix: 'a1b2c3d4e5',
      routeKey: 'ANY /orders/{id}',
      stage: '$default',
    });
    assert.match(time, /^\d\d\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d \+0000$/);
    assert.equal(new Date(timeEpoch).toISOString().slice(11, 19), time.slice(12, 20));
    assert.match(requestId, /^[0-9a-f-]{36}$/);
    assert.deepEqual(called.at(-1), {
      principal: 'apigateway.amazonaws.com',
      sourceArn: 'arn:aws:execute-api:eu-west-1:123456789012:a1b2c3d4e5/$default/ANY/orders/{id}',
    });
  });

  it('sends a body that is no text as base64', async () => {
    const bytes = Buffer.from([0, 200, 10]);
    const event = JSON.parse(
      (await send(`${api.url}/orders/1`, { method: 'PUT', headers: { 'Content-Type': 'image/png' }, body: bytes }))
        .text,
    );
    assert.equal(event.isBase64Encoded, true);
    assert.equal(event.body, bytes.toString('base64'));
  });

  it('maps what the function returned', async () => {
    assert.deepEqual(await brief('/text'), [200, 'application/json', 'plain']);
    assert.deepEqual(await brief('/object'), [200, 'application/json', '{"made":true}']);
    const status = await send(`${api.url}/status`);
    assert.equal(status.status, 201);
    assert.equal(status.text, 'made');
    assert.equal(status.headers['x-mine'], 'yes');
    assert.equal(status.headers['content-length'], '4');
    assert.deepEqual(status.headers['set-cookie'], ['a=1', 'b=2']);
    const binary = await send(`${api.url}/binary`);
    assert.deepEqual([...binary.bytes], [0, 1, 255]);
    assert.equal((await send(`${api.url}/empty`)).status, 204);
    assert.deepEqual(await brief('/stream'), [203, 'text/plain', 'streamed']);
  });

  it('answers for functions that fail, are throttled or are not there', async () => {
    const failed = [500, 'application/json', '{"message":"Internal Server Error"}'];
    assert.deepEqual(await brief('/fail'), failed);
    assert.deepEqual(await brief('/odd'), failed);
    assert.deepEqual(await brief('/gone'), failed);
    assert.deepEqual(await brief('/off'), [503, 'application/json', '{"message":"Service Unavailable"}']);
    assert.deepEqual(await brief('/'), [404, 'application/json', '{"message":"Not Found"}']);
  });

  it('refuses bodies that are too large, and goes on', async () => {
    const large = await send(`${api.url}/orders/1`, { method: 'POST', body: Buffer.alloc(10_485_761) });
    assert.equal(large.status, 413);
    const base64 = await send(`${api.url}/orders/1`, { method: 'POST', body: Buffer.alloc(5_000_000) });
    assert.equal(base64.status, 413);
    assert.equal((await send(`${api.url}/text`)).status, 200);
  });

  it('serves function URLs with Lambda’s own answers', async () => {
    const [web, off, stream] = urls;
    const event = JSON.parse((await send(`${web?.url}/any/path?q=1`)).text);
    assert.equal(event.routeKey, '$default');
    assert.match(event.requestContext.domainName, /^[0-9a-z]{32}\.lambda-url\.eu-west-1\.on\.aws$/);
    assert.equal(event.rawPath, '/any/path');
    assert.equal(event.pathParameters, undefined);
    assert.equal((await send(`${web?.url}/fail`)).status, 502);
    assert.equal((await send(`${off?.url}/`)).status, 429);
    const streamed = await send(`${stream?.url}/`);
    assert.deepEqual([streamed.status, streamed.text], [203, 'streamed']);
  });

  it('fires schedules with the event of EventBridge, or with their input', async () => {
    const schedules = startSchedules(invoker, place, [
      { name: 'often', everyMs: 100, function: 'web' },
      { name: 'with-input', everyMs: 3_600_000, function: 'web', input: { mine: true } },
    ]);
    try {
      assert.equal(schedules.fire('with-input'), true);
      assert.equal(schedules.fire('nobody'), false);
      assert.deepEqual(queued.at(-1)?.event, { mine: true });
      schedules.fire('often');
      const { id, time, ...rest } = record(queued.at(-1)?.event);
      assert.match(String(id), /^[0-9a-f-]{36}$/);
      assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      const arn = 'arn:aws:events:eu-west-1:123456789012:rule/often';
      assert.deepEqual(rest, {
        version: '0',
        'detail-type': 'Scheduled Event',
        source: 'aws.events',
        account: '123456789012',
        region: 'eu-west-1',
        resources: [arn],
        detail: {},
      });
      assert.equal(queued.at(-1)?.sourceArn, arn);
      const before = queued.length;
      const deadline = Date.now() + 10_000;
      while (queued.length < before + 2 && Date.now() < deadline)
        await new Promise((resolve) => setTimeout(resolve, 20));
      assert.ok(queued.length >= before + 2, 'it fires by itself, again and again');
    } finally {
      schedules.close();
      schedules.close();
    }
  });

  async function brief(path: string): Promise<unknown[]> {
    const { status, headers, text } = await send(api.url + path);
    return [status, headers['content-type'], text];
  }
});

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
  readonly text: string;
}

/** `fetch` cannot send cookies, or a header twice. */
function send(url: string, options: RequestOptions & { readonly body?: string | Buffer } = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, options, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('end', () => {
        const bytes = Buffer.concat(parts);
        resolve({ status: response.statusCode ?? 0, headers: response.headers, bytes, text: bytes.toString('utf8') });
      });
    });
    // A refused body may break the connection while it is still being sent; the answer is there by then.
    request.on('error', reject);
    request.end(options.body);
  });
}

function record(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}
