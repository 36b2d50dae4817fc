import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import { httpAnswer } from './http-answer.ts';
import { openDoor } from './http-door.ts';

/** What functions might put into an answer, with the words that mean something there. */
const headerName = fc.oneof(
  fc.constantFrom(
    'Trailer',
    'Connection',
    'Content-Length',
    'Transfer-Encoding',
    'Upgrade',
    'Set-Cookie',
    'Content-Type',
    '__proto__',
    '',
  ),
  fc.string({ maxLength: 10, unit: 'binary' }),
);
const answer = fc.record(
  {
    statusCode: fc.oneof(fc.integer({ min: 90, max: 700 }), fc.constantFrom('200', 'x', null, 200.5, 204, 304)),
    headers: fc.oneof(
      fc.dictionary(headerName, fc.oneof(fc.string({ unit: 'binary' }), fc.integer(), fc.constant(null))),
      fc.constant([]),
    ),
    cookies: fc.oneof(fc.array(fc.string({ unit: 'binary' })), fc.constant('x')),
    body: fc.oneof(fc.string(), fc.integer(), fc.constant(null), fc.constant({ a: 1 })),
    isBase64Encoded: fc.boolean(),
  },
  { requiredKeys: [] },
);

describe('answers of functions', () => {
  let current = Buffer.from('null');
  let door: Awaited<ReturnType<typeof openDoor>>;
  before(async () => {
    door = await openDoor({ address: '127.0.0.1', port: 0 }, async () => {
      return httpAnswer(current) ?? { status: 500, headers: {}, body: Buffer.from('no answer') };
    });
  });
  after(() => door.close());

  it('may be any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        httpAnswer(bytes);
      }),
      { numRuns: 2_000 },
    );
  });

  it('reach the client whatever they are made of, and the door stays open', async () => {
    await fc.assert(
      fc.asyncProperty(answer, async (value) => {
        current = Buffer.from(JSON.stringify(value));
        const sent = request(door.url).end();
        const [response] = await once(sent, 'response');
        response.resume();
        await once(response, 'end');
        assert.ok(response.statusCode >= 200 && response.statusCode < 600);
      }),
      { numRuns: 500 },
    );
  });

  it('do not close the door when they cannot be sent at all', async (t) => {
    const broken = await openDoor({ address: '127.0.0.1', port: 0 }, (received) =>
      received.message.url === '/ok'
        ? Promise.resolve({ status: 200, headers: {}, body: Buffer.alloc(0) })
        : Promise.resolve({ status: 99_999, headers: {}, body: Buffer.alloc(0) }),
    );
    t.after(() => broken.close());
    const failed = request(broken.url).end();
    const [error] = await once(failed, 'error');
    assert.equal(error.code, 'ECONNRESET');
    const good = request(`${broken.url}/ok`).end();
    const [response] = await once(good, 'response');
    response.resume();
    assert.equal(response.statusCode, 200);
  });
});
