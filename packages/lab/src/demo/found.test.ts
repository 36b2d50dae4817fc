import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import { Found } from './found.ts';

/** Longest wait for what a server that stands next door has sent, ms. */
const WAIT_MS = 20_000;

/** A server of events whose stream a test writes itself, and what listens to it. */
async function telling(test: TestContext): Promise<{ found: Found; stream: ServerResponse }> {
  const { promise, resolve } = Promise.withResolvers<ServerResponse>();
  const server = createServer((request, response) => {
    assert.equal(request.url, '/api/v1/events');
    assert.equal(request.headers.authorization, 'Bearer t0ken');
    response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    response.write('retry: 3000\nevent: hello\ndata: {"resumed":false}\n\n');
    resolve(response);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  const found = await Found.listen({ url, token: 't0ken' });
  test.after(() => found.close());
  return { found, stream: await promise };
}

function eventText(name: string, value: unknown): string {
  return `event: ${name}\nid: 1\ndata: ${JSON.stringify(value)}\n\n`;
}

/** Writes bytes so that they arrive as a piece of their own. */
async function write(stream: ServerResponse, bytes: Buffer | string): Promise<void> {
  await new Promise((resolve) => stream.write(bytes, resolve));
  await new Promise(setImmediate);
}

const sentences = (found: Found) => found.findings.map(({ finding }) => finding.sentence);

describe('listening to what is found', { timeout: 60_000 }, () => {
  it('puts events together that arrive byte by byte, also inside characters', async (test) => {
    const { found, stream } = await telling(test);
    const sentence = 'über 10 µs – 𝄞';
    for (const byte of Buffer.from(eventText('finding', { sentence }))) await write(stream, Buffer.of(byte));
    assert.equal(await found.until(() => found.findings.length === 1, WAIT_MS), true);
    assert.deepEqual(sentences(found), [sentence]);
  });

  it('takes several events in one piece, and keeps an incident as it is last', async (test) => {
    const { found, stream } = await telling(test);
    const incident = (summary: string) => eventText('incident', { id: 'i1', summary });
    await write(stream, `: still here\n\n${incident('one')}${eventText('status', {})}${incident('two')}`);
    await write(stream, eventText('finding', { sentence: 'a' }) + eventText('finding', { sentence: 'b' }));
    await found.until(() => found.findings.length === 2, WAIT_MS);
    assert.deepEqual(sentences(found), ['a', 'b']);
    assert.deepEqual([...found.incidents.values()], [{ id: 'i1', summary: 'two' }]);
  });

  it('does not take a character inside a text for the end of a line', async (test) => {
    const { found, stream } = await telling(test);
    const sentence = 'one\u2028two\u2029three\u0085four';
    await write(stream, eventText('finding', { sentence }));
    await found.until(() => found.findings.length === 1, WAIT_MS);
    assert.deepEqual(sentences(found), [sentence]);
  });

  it('says after a time that something did not come', async (test) => {
    const { found } = await telling(test);
    assert.equal(await found.until(() => found.findings.length === 1, 1), false);
  });

  it('tells those who wait, and those who ask, that the server stopped telling', async (test) => {
    const { found, stream } = await telling(test);
    const waiting = found.until(() => false, WAIT_MS);
    stream.end();
    await assert.rejects(waiting, /stopped telling/);
    assert.throws(() => found.assertWhole(), /stopped telling/);
    await assert.rejects(
      found.until(() => true, WAIT_MS),
      /stopped telling/,
    );
  });

  it('takes a connection that breaks, and an event that is no JSON, for the same', async (test) => {
    for (const end of [
      (stream: ServerResponse) => stream.destroy(),
      (stream: ServerResponse) => stream.write('event: finding\ndata: {\n\n'),
    ]) {
      const { found, stream } = await telling(test);
      const waiting = found.until(() => false, WAIT_MS);
      end(stream);
      await assert.rejects(waiting, /stopped telling/);
    }
  });

  it('is quiet about the end when it was let go', async (test) => {
    const { found, stream } = await telling(test);
    const closed = once(stream, 'close');
    found.close();
    await closed;
    found.assertWhole();
  });
});
