import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get } from 'node:https';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import Fastify from 'fastify';
import { Closing } from './closing.ts';
import { SELF_SIGNED_CERTIFICATE, SELF_SIGNED_KEY } from './self-signed.contract.ts';

describe('the end of an HTTP server', () => {
  it('waits for what is being answered over TLS, and not for a connection that never spoke TLS', async (test) => {
    const app = Fastify({ https: { cert: SELF_SIGNED_CERTIFICATE, key: SELF_SIGNED_KEY } });
    const asked = Promise.withResolvers<void>();
    const answer = Promise.withResolvers<void>();
    app.get('/', async () => {
      asked.resolve();
      await answer.promise;
      return 'answered';
    });
    const door = new Closing(app);
    const url = new URL(await app.listen({ host: '127.0.0.1', port: 0 }));
    test.after(() => door.close());
    const response = once(get(url, { ca: SELF_SIGNED_CERTIFICATE }), 'response');
    await asked.promise;
    const mute = connect(Number(url.port), '127.0.0.1');
    await once(mute, 'connect');
    const closed = door.close();
    // It is younger: whoever ends it has looked at the other one as well.
    await once(mute, 'close');
    answer.resolve();
    const [message] = await response;
    assert.equal(String(Buffer.concat(await message.toArray())), 'answered');
    await closed;
  });
});
