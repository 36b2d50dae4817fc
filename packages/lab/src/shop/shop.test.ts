import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { inflateSync } from 'node:zlib';
import { Random } from '../datasets/random.ts';
import { shopApplication } from './application.ts';
import { deployRelease } from './deployment.ts';
import type { FrontDoor, FrontDoorAnswer } from './front-door.ts';
import { jsonBody, openFrontDoor, textIn } from './front-door.ts';
import { startLoopbackServer } from './loopback-server.ts';
import { createOperator } from './operator.ts';
import type { Partners } from './partners.ts';
import { startPartners } from './partners.ts';
import { drawPicture } from './picture.ts';
import { customer, stockShop } from './seed.ts';
import type { StandIn } from './stand-in.contract.ts';
import { startStandIn } from './stand-in.contract.ts';
import { runTraffic } from './traffic.ts';
import { planTraffic } from './traffic-plan.ts';

const HERE = { payment: '127.0.0.1', mail: '127.0.0.1', rates: '127.0.0.1' };
const VISITOR = { address: '192.0.2.1', userAgent: 'Test/1' };

let platform: StandIn;
let partners: Partners;
let door: FrontDoor;

before(async () => {
  platform = await startStandIn();
  partners = await startPartners(1, HERE);
  await platform.deploy(await shopApplication(platform, partners.urls));
  await stockShop(platform, 1);
  door = openFrontDoor(platform.apiUrl, 4);
});
after(async () => {
  door.close();
  await platform.close();
  await partners.close();
});

function post(path: string, form: unknown, token?: string): Promise<FrontDoorAnswer> {
  return door.ask({ ...VISITOR, method: 'POST', path, ...(token !== undefined && { token }), body: jsonBody(form) });
}

function get(path: string, token?: string): Promise<FrontDoorAnswer> {
  return door.ask({ ...VISITOR, method: 'GET', path, ...(token !== undefined && { token }) });
}

async function tokenOf(number: number): Promise<string> {
  const { email, password } = customer(number);
  return textIn(await post('/login', { email, password }), 'token') ?? assert.fail('no token');
}

test('every invocation that the traffic counts has happened, and no function needs what its role does not give', async () => {
  const plan = planTraffic({ seed: 3, durationMs: 1_000, invocations: 200 });
  const report = await runTraffic(plan, { apiUrl: platform.apiUrl });
  await platform.quiet();
  assert.deepEqual(Object.fromEntries(platform.invocations), report.invocations);
  assert.deepEqual(report.invocations, plan.invocations);
  assert.deepEqual(platform.errors, []);
  assert.deepEqual(
    platform.calls.filter(({ allowed }) => !allowed),
    [],
  );
});

test('an order is labelled, charged, told of by mail, and shown to nobody else', async () => {
  const token = await tokenOf(0);
  const mails = partners.counts().mail.requests;
  const placed = await post('/orders', { lines: [{ print: 'p-001', quantity: 2 }], currency: 'USD' }, token);
  assert.equal(placed.status, 201);
  const id = textIn(placed, 'id') ?? '';
  await platform.quiet();
  const shown = await get(`/orders/${id}`, token);
  assert.ok(['paid', 'declined'].includes(textIn(shown, 'status') ?? ''));
  assert.match(
    platform.object('shop-pictures', `labels/${id}.txt`)?.toString() ?? '',
    /^ORDER .*\nfor customer1@.*\n2 prints/,
  );
  assert.ok(partners.counts().mail.requests > mails);
  assert.equal((await get(`/orders/${id}`, await tokenOf(1))).status, 404);
  assert.equal((await get(`/orders/${id}`)).status, 401);
});

test('orders that make no sense, unknown prints and unknown money are refused', async () => {
  const token = await tokenOf(0);
  const status = async (form: unknown) => (await post('/orders', form, token)).status;
  for (const form of [null, [], {}, { lines: [] }, { lines: [null] }, { lines: [{ print: 'p-001', quantity: 0.5 }] }]) {
    assert.equal(await status(form), 400);
  }
  assert.equal(await status({ lines: [{ print: 'p-999', quantity: 1 }] }), 409);
  assert.equal(await status({ lines: [{ print: 'p-001', quantity: 1 }], currency: 'constructor' }), 400);
});

test('a token that was changed or made up opens nothing', async () => {
  const [claims, signature] = (await tokenOf(0)).split('.');
  const others = Buffer.from(JSON.stringify({ email: 'customer2@shop.example', expires: 9e15 })).toString('base64url');
  for (const token of [`${others}.${signature}`, `${claims}.`, claims, '.', '']) {
    assert.equal((await post('/orders', { lines: [{ print: 'p-001', quantity: 1 }] }, token)).status, 401);
  }
});

test('five wrong passwords in a row lock an account, four do not', async () => {
  const { email, password } = customer(5);
  const fail = async (times: number) => {
    for (let at = 0; at < times; at++) assert.equal((await post('/login', { email, password: 'wrong' })).status, 401);
  };
  await fail(4);
  assert.equal((await post('/login', { email, password })).status, 200);
  await fail(5);
  assert.equal((await post('/login', { email, password })).status, 423);
  assert.equal((await post('/login', { email: 'nobody@shop.example', password })).status, 401);
});

test('an uploaded picture gets a thumbnail of 96 pixels that keeps its caption, quotes and all', async () => {
  const title = `Tom's "first" day & more (2026)`;
  const bytes = drawPicture({ widthPx: 320, heightPx: 200, title }, new Random(1, 'test'));
  const token = await tokenOf(2);
  const body = { type: 'image/png', bytes };
  const answer = await door.ask({ ...VISITOR, method: 'POST', path: '/pictures', token, body });
  assert.equal(answer.status, 202);
  await platform.quiet();
  const small = platform.object('shop-pictures', textIn(answer, 'thumbnail') ?? '') ?? assert.fail('no thumbnail');
  assert.deepEqual([small.readUInt32BE(16), small.readUInt32BE(20)], [96, 60]);
  assert.ok(small.includes(Buffer.from(`Title\0${title}`, 'latin1')));
  const at = small.indexOf('IDAT');
  const pixels = inflateSync(small.subarray(at + 4, at + 4 + small.readUInt32BE(at - 4)));
  assert.equal(pixels.length, (96 * 3 + 1) * 60);
});

test('what is not a PNG picture is refused, and a broken one makes no thumbnail', async () => {
  const token = await tokenOf(2);
  const upload = (bytes: Buffer) =>
    door.ask({ ...VISITOR, method: 'POST', path: '/pictures', token, body: { type: 'image/png', bytes } });
  assert.equal((await upload(Buffer.from('GIF89a'))).status, 415);
  assert.equal((await upload(Buffer.alloc(2 * 1024 * 1024 + 1))).status, 413);
  const errors = platform.errors.length;
  const picture = drawPicture({ widthPx: 320, heightPx: 200 }, new Random(1, 'test'));
  const broken = await upload(picture.subarray(0, 60));
  assert.equal(broken.status, 202);
  await platform.quiet();
  assert.equal(platform.object('shop-pictures', textIn(broken, 'thumbnail') ?? ''), undefined);
  assert.ok(platform.errors.slice(errors).every((line) => line.startsWith('thumbnail:')));
  assert.ok(platform.errors.length > errors);
});

test('a gift label shows its values, and says when it has a mistake', async () => {
  const token = await tokenOf(3);
  const good = await post(
    '/labels',
    { name: 'Ada', text: 'For {{ order.name }}\nfrom {{ order.from }}{{ order.x }}' },
    token,
  );
  assert.equal(textIn(good, 'label'), 'For Ada\nfrom customer4@shop.example');
  assert.equal((await post('/labels', { name: 'Ada', text: '{{ order.nmae.trim() }}' }, token)).status, 422);
  assert.equal((await post('/labels', { name: 'Ada', text: '{{ ( }}' }, token)).status, 422);
  assert.equal((await post('/labels', { text: 'x'.repeat(9_000) }, token)).status, 400);
});

test('prints are listed page by page, found by words, and shown with previews', async () => {
  const ids: string[] = [];
  let next: string | undefined;
  do {
    const page = JSON.parse((await get(`/prints${next === undefined ? '' : `?after=${next}`}`)).body.toString());
    ids.push(...page.prints.map((print: { id: string }) => print.id));
    next = page.next;
  } while (next !== undefined);
  assert.equal(new Set(ids).size, 48);
  assert.ok(JSON.parse((await get('/search?q=GLACIER')).body.toString()).found > 0);
  const preview = await get('/prints/p-001/preview?file=large.png');
  assert.equal(preview.body.toString('latin1', 1, 4), 'PNG');
  assert.equal((await get('/prints/p-001/preview?file=huge.png')).status, 404);
});

test('the report lists every order for the bookkeeper, and the operator refunds what was paid', async () => {
  assert.ok(Number(Object(await platform.fire('report', { time: '2026-11-25T08:00:00Z' })).rows) > 0);
  const csv = platform.object('shop-pictures', 'exports/orders-2026-11-25.csv')?.toString() ?? '';
  assert.match(csv, /^order,customer,cents,currency,status\n/);
  assert.ok(csv.includes(',paid\n'));
  const operator = createOperator(platform, 4);
  for (let at = 0; at < 8; at++) await operator.act();
  operator.close();
  const { refunds, invocations, failed } = operator.counts();
  assert.ok(refunds > 0 && invocations === 8 + refunds && failed === 0);
  await platform.fire('report', { time: '2026-11-25T09:00:00Z' });
  assert.ok(platform.object('shop-pictures', 'exports/orders-latest.csv')?.toString().includes(',refunded\n'));
});

test('a payment partner that fails twice is asked again, and a message for which it stays down is kept', async () => {
  const asked: (string | undefined)[] = [];
  let failures = 2;
  const partner = await startLoopbackServer('127.0.0.1', (request, response) => {
    asked.push(String(request.headers['idempotency-key']));
    failures -= 1;
    response.writeHead(failures >= 0 ? 503 : 201).end('{"id":"ch_1"}');
  });
  const other = await startStandIn();
  try {
    await other.deploy(await shopApplication(other, { ...partners.urls, payment: partner.url }));
    await stockShop(other, 1);
    const order = {
      id: { S: 'o-1' },
      customer: { S: 'customer1@shop.example' },
      cents: { N: '900' },
      currency: { S: 'EUR' },
    };
    other.put('shop-orders', 'o-1', { ...order, status: { S: 'placed' } });
    const event = { Records: [{ messageId: 'm-1', body: '{"orderId":"o-1"}' }] };
    assert.deepEqual(await other.fire('payment', event), { batchItemFailures: [] });
    assert.deepEqual(asked, ['o-1', 'o-1', 'o-1']);
    assert.deepEqual(other.item('shop-orders', 'o-1')?.['status'], { S: 'paid' });
    other.put('shop-orders', 'o-1', { ...order, status: { S: 'placed' } });
    failures = 3;
    assert.deepEqual(await other.fire('payment', event), { batchItemFailures: [{ itemIdentifier: 'm-1' }] });
    assert.deepEqual(other.item('shop-orders', 'o-1')?.['status'], { S: 'placed' });
  } finally {
    await other.close();
    await partner.close();
  }
});

test('a release changes the hash of a function and nothing that customers see', async () => {
  const before = await get('/prints/p-001');
  const first = await deployRelease(platform, 'catalogue', 2);
  const second = await deployRelease(platform, 'catalogue', 3);
  assert.notEqual(first, second);
  assert.equal(await deployRelease(platform, 'catalogue', 2), first);
  assert.deepEqual((await get('/prints/p-001')).body, before.body);
  await assert.rejects(deployRelease(platform, 'nothing', 1));
});
