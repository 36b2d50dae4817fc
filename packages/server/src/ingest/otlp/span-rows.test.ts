import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { FLAG } from '@gait/engine/event/schema';
import type { DecodedRow } from '../decoder.contract.ts';
import {
  callsOf,
  decodeAlike,
  HANDLER,
  LAMBDA,
  ORDERS,
  rowsFor,
  type SpanSample,
  START_MS,
  traceRequest,
  type Value,
} from './otlp.contract.ts';

/** The only row of an invocation with these attributes. */
function invocationWith(attributes: { readonly [key: string]: Value }, more: Partial<SpanSample> = {}): DecodedRow {
  const rows = rowsFor({ ...HANDLER, attributes, ...more });
  assert.equal(rows.length, 1);
  return rows[0];
}

suite('what an invocation says', () => {
  for (const [name, attributes, kind, source] of [
    ['a route', { 'faas.trigger': 'http', 'http.request.method': 'get', 'http.route': '/a/{b}' }, 'http', 'GET /a/{b}'],
    ['a request without trigger', { 'http.request.method': 'GET' }, 'http', 'GET'],
    ['a schedule', { 'faas.trigger': 'timer', 'faas.cron': '0/5 * * * ? *' }, 'timer', '0/5 * * * ? *'],
    [
      'a queue',
      { 'faas.trigger': 'pubsub', 'messaging.system': 'aws_sqs', 'messaging.destination.name': 'jobs' },
      'queue',
      'sqs/jobs',
    ],
    [
      'a queue by its URL',
      { 'messaging.system': 'aws_sqs', 'aws.sqs.queue.url': 'https://sqs.eu-west-1.amazonaws.com/1/jobs' },
      'queue',
      'sqs/jobs',
    ],
    [
      'a topic',
      { 'faas.trigger': 'pubsub', 'aws.sns.topic.arn': 'arn:aws:sns:eu-west-1:123456789012:news' },
      'topic',
      'sns/news',
    ],
    [
      'a topic of somebody else',
      { 'faas.trigger': 'pubsub', 'aws.sns.topic.arn': 'arn:aws:sns:eu-west-1:210987654321:news' },
      'topic',
      'sns/news@210987654321',
    ],
    [
      'a stream',
      { 'faas.trigger': 'pubsub', 'messaging.system': 'kafka', 'messaging.destination.name': 'clicks' },
      'stream',
      'kafka/clicks',
    ],
    ['a bucket', { 'faas.trigger': 'datasource', 'aws.s3.bucket': 'photos' }, 'object', 's3/photos'],
    ['a collection', { 'faas.trigger': 'datasource', 'faas.document.collection': 'photos' }, 'object', 'photos'],
    [
      'a table',
      { 'faas.trigger': 'datasource', 'db.system.name': 'aws.dynamodb', 'faas.document.collection': 'orders' },
      'stream',
      'dynamodb/orders',
    ],
    ['anything else', { 'faas.trigger': 'other' }, 'other', undefined],
    ['a word nobody knows', { 'faas.trigger': 'moon' }, 'other', undefined],
    ['nothing', {}, undefined, undefined],
  ] as const) {
    test(`${name} as trigger`, () => {
      const row = invocationWith(attributes);
      assert.deepEqual([row.triggerKind, row.triggerSource], [kind, source]);
    });
  }

  for (const [name, attributes, more, status, errorType] of [
    ['ends well', { 'http.response.status_code': 404 }, {}, 'ok', undefined],
    [
      'fails',
      { 'error.type': 'java.lang.IllegalStateException' },
      { failed: true },
      'error',
      'java.lang.IllegalStateException',
    ],
    ['answers with a failure', { 'http.response.status_code': 500 }, {}, 'error', undefined],
    ['runs out of time', { 'error.type': 'timeout' }, { failed: true }, 'timeout', 'timeout'],
    ['notes an exception', {}, { failed: true, exception: '*url.Error' }, 'error', '*url.Error'],
    ['notes a message in place of a type', {}, { failed: true, exception: 'no such user: ann' }, 'error', undefined],
    ['notes an exception it survives', {}, { exception: 'ValueError' }, 'ok', undefined],
  ] as const) {
    test(`an invocation that ${name}`, () => {
      const row = invocationWith(attributes, more);
      assert.deepEqual([row.status, row.errorType], [status, errorType]);
    });
  }

  test('current names win over old ones, in any order', () => {
    const old = { 'http.status_code': 500, 'faas.execution': 'old' };
    const current = { 'http.response.status_code': 200, 'faas.invocation_id': 'new' };
    for (const attributes of [
      { ...old, ...current },
      { ...current, ...old },
    ]) {
      const row = invocationWith(attributes);
      assert.deepEqual([row.status, row.requestId], ['ok', 'new']);
    }
  });

  test('of one name given twice, the first counts', () => {
    const request = traceRequest([LAMBDA, [HANDLER]]);
    const twice = JSON.parse(
      JSON.stringify(request).replace(
        '{"key":"faas.invocation_id","value":{"stringValue":"request-1"}}',
        '{"key":"faas.invocation_id","value":{"stringValue":"a"}},{"key":"faas.invocation_id","value":{"stringValue":"b"}}',
      ),
    );
    assert.equal(decodeAlike(twice).rows[0].requestId, 'a');
  });

  test('numbers may be written as text', () => {
    const row = invocationWith({
      'http.request.body.size': '12',
      'messaging.batch.message_count': '3',
      'faas.coldstart': 'true',
    });
    assert.deepEqual([row.requestBytes, row.batchSize, row.flags], [12, 3, FLAG.cold]);
  });

  test('absurd numbers are left out', () => {
    const row = invocationWith({ 'http.request.body.size': -1, 'http.response.body.size': 1e300 });
    assert.deepEqual([row.requestBytes, row.responseBytes], [undefined, undefined]);
  });

  test('an address that is none gives no network', () => {
    assert.equal(invocationWith({ 'client.address': 'ann' }).network, undefined);
  });
});

suite('times', () => {
  test('are exact to the nanosecond', () => {
    const [row] = rowsFor(
      { ...HANDLER, at: 0.000_001, for: 0.1 },
      {
        id: '02',
        parent: '01',
        kind: 'client',
        at: 0.000_002,
        for: 0.25,
        attributes: { 'server.address': 'a.example' },
      },
    );
    assert.equal(row.durationMs, 0.1);
    const [first] = callsOf(row);
    assert.equal(first.offsetMs, Math.fround(0.000_001));
    assert.equal(first.durationMs, 0.25);
  });

  for (const [name, at] of [
    ['before the year 2000', -START_MS + 86_400_000],
    ['from the future', 10 * 365 * 86_400_000],
  ] as const) {
    test(`${name} are replaced, flagged and counted`, () => {
      const { rows, notes } = decodeAlike(traceRequest([LAMBDA, [{ ...HANDLER, at }]]));
      assert.ok(Number.isNaN(rows[0].eventMs));
      assert.equal(rows[0].flags, FLAG.clamped);
      assert.equal(rows[0].durationMs, 100);
      assert.deepEqual(notes, ['time-clamped']);
    });
  }

  for (const [name, duration] of [
    ['negative', -1],
    ['a month', 30 * 86_400_000],
  ] as const) {
    test(`a duration that is ${name} rejects the span`, () => {
      const { rows, rejects } = decodeAlike(traceRequest([LAMBDA, [{ ...HANDLER, for: duration }]]));
      assert.deepEqual(rows, []);
      assert.deepEqual(rejects, ['out-of-range: span ends before it starts, or days later']);
    });
  }
});

suite('identity', () => {
  test('the envelope names functions that do not say who they are', () => {
    const { rows } = decodeAlike(traceRequest([{}, [{ ...HANDLER, attributes: {} }]]), { envelopeFunction: ORDERS });
    assert.equal(rows[0].function, ORDERS);
  });

  test('the envelope completes what a record leaves open', () => {
    const { rows } = decodeAlike(traceRequest([{ 'faas.name': 'orders' }, [HANDLER]]), {
      account: '',
      envelopeFunction: ORDERS,
    });
    assert.equal(rows[0].function, ORDERS);
  });

  test('a record that claims another function than its envelope is rejected, with everything below it counted', () => {
    const spans: readonly SpanSample[] = [
      HANDLER,
      { id: '02', parent: '01', kind: 'client' },
      { id: '03', parent: 'ff', kind: 'client' },
    ];
    const { rows, rejects, notes } = decodeAlike(traceRequest([LAMBDA, spans]), {
      envelopeFunction: 'aws:123456789012:eu-west-1:billing',
    });
    assert.deepEqual(rows, []);
    assert.equal(rejects.length, 2);
    for (const reject of rejects)
      assert.match(reject, /^identity-mismatch: span of aws:\S+:orders from aws:\S+:billing$/);
    assert.deepEqual(notes, ['span-of-refused']);
  });

  test('what an outbound span says of the other side does not move the function', () => {
    const rows = rowsFor({
      id: '02',
      parent: '01',
      kind: 'client',
      attributes: { 'cloud.region': 'us-east-1', 'cloud.account.id': '999999999999', 'faas.invoked_name': 'other' },
    });
    assert.equal(rows[0].function, ORDERS);
  });
});

suite('limits', () => {
  test('attributes beyond the 256th are not read, and the cut is counted', () => {
    const padding = Object.fromEntries(Array.from({ length: 256 }, (_, at) => [`x.${at}`, 'y']));
    const { rows, notes } = decodeAlike(
      traceRequest([
        LAMBDA,
        [{ ...HANDLER, attributes: { 'faas.trigger': 'http', ...padding, 'error.type': 'Late' }, failed: true }],
      ]),
    );
    assert.equal(rows[0].triggerKind, 'http');
    assert.equal(rows[0].errorType, undefined);
    assert.deepEqual(notes, ['attributes-cut']);
  });

  test('links beyond the sixteenth are counted only', () => {
    const links = Array.from({ length: 20 }, (_, at) => ['bb', (at + 16).toString(16)] as const);
    const { rows, notes } = decodeAlike(traceRequest([LAMBDA, [{ ...HANDLER, links }]]));
    assert.equal(rows.length, 17);
    assert.equal(rows[0].batchSize, 20);
    assert.deepEqual(notes, ['links-cut', 'links-cut', 'links-cut', 'links-cut']);
  });

  test('a long text is cut at a character', () => {
    const row = invocationWith({ 'faas.trigger': 'timer', 'faas.cron': 'é'.repeat(5000) });
    assert.match(String(row.triggerSource), /^é{200}/);
    const url = `https://a.example/${'x'.repeat(10_000)}`;
    const [cut] = rowsFor(HANDLER, {
      id: '02',
      parent: '01',
      kind: 'client',
      attributes: { 'http.request.method': 'GET', 'url.full': url },
    });
    assert.equal(callsOf(cut)[0].resource, 'a.example/{}');
  });
});
