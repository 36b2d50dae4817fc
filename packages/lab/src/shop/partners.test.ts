import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PARTNER_SECRETS } from './application.ts';
import { startDropHost } from './drop-host.ts';
import { startLoopbackServer } from './loopback-server.ts';
import { startPartners } from './partners.ts';

const HERE = { payment: '127.0.0.1', mail: '127.0.0.1', rates: '127.0.0.1' };

function charge(url: string, key: string, secret: string = PARTNER_SECRETS.payment): Promise<Response> {
  const headers = { authorization: `Bearer ${secret}`, 'idempotency-key': key };
  return fetch(`${url}/v1/charges`, { method: 'POST', headers, body: '{"amount":100}' });
}

test('the payment partner wants its secret, fails now and then, declines some cards and charges the same order once', async () => {
  const partners = await startPartners(11, HERE);
  try {
    const { payment } = partners.urls;
    // Attempts that failed by chance count as failed; others are refused for the secret.
    const wrong = await Promise.all(Array.from({ length: 10 }, (_, at) => charge(payment, `w${at}`, 'guessed')));
    assert.ok(wrong.every(({ status }) => status === 401 || status >= 500));
    assert.ok(wrong.some(({ status }) => status === 401));
    const answers = await Promise.all(Array.from({ length: 400 }, (_, at) => charge(payment, `order-${at}`)));
    const count = (status: number) => answers.filter((answer) => answer.status === status).length;
    assert.ok(count(201) > 340 && count(402) > 3 && count(500) + count(503) > 0);
    const at = answers.findIndex(({ status }) => status === 201);
    const { id } = Object(await answers[at].json());
    let again = await charge(payment, `order-${at}`);
    while (again.status >= 500) again = await charge(payment, `order-${at}`);
    assert.deepEqual([again.status, Object(await again.json()).id], [201, id]);
    const counts = partners.counts().payment;
    assert.ok(counts.requests >= 411 && counts.failed > 0 && counts.slow > 0 && counts.refused > 3);
  } finally {
    await partners.close();
    await partners.close();
  }
});

test('closing ends requests that a slow partner has not answered', async () => {
  const partners = await startPartners(1, HERE);
  partners.slowDown('rates', 1_000_000);
  const asked = fetch(`${partners.urls.rates}/latest?base=EUR`);
  const refused = assert.rejects(asked);
  while (partners.counts().rates.requests === 0) await new Promise((resolve) => setImmediate(resolve));
  await partners.close();
  await refused;
});

test('the drop host tells of what arrives, and that nothing did', async () => {
  const drop = await startDropHost('127.0.0.1');
  const next = drop.next('one', 60_000);
  await fetch(`${drop.url}/two`, { method: 'POST', body: 'xy' });
  const { status } = await fetch(`${drop.url}/one`, { method: 'POST', body: 'abc' });
  assert.equal(status, 204);
  const { step, bytes } = (await next) ?? {};
  assert.deepEqual([step, bytes], ['one', 3]);
  assert.deepEqual(
    drop.deliveries.map((delivery) => delivery.step),
    ['two', 'one'],
  );
  assert.equal(await drop.next('three', 1), undefined);
  await drop.close();
});

test('no server listens outside the loopback network', async () => {
  await assert.rejects(
    startLoopbackServer('0.0.0.0', () => {}),
    /loopback/,
  );
});
