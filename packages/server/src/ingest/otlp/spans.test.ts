import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { FLAG } from '@gait/engine/event/schema';
import { decodeRecord } from '../decoder.contract.ts';
import {
  callsOf,
  decodeAlike,
  encodeRequest,
  HANDLER,
  LAMBDA,
  ORDERS,
  rowsFor,
  type SpanSample,
  traceRequest,
} from './otlp.contract.ts';
import { otlpProtobufDecoder } from './otlp-protobuf.ts';

suite('which spans are invocations', () => {
  test('frameworks below the handler add what the handler does not know, and no invocation', () => {
    const rows = rowsFor(
      { ...HANDLER, attributes: { 'faas.invocation_id': 'request-1' } },
      {
        id: '02',
        parent: '01',
        kind: 'server',
        attributes: { 'http.request.method': 'PUT', 'http.route': '/orders/{id}', 'http.response.status_code': 503 },
      },
    );
    assert.equal(rows.length, 1);
    assert.equal(rows[0].triggerSource, 'PUT /orders/{id}');
    assert.equal(rows[0].status, 'error');
    assert.equal(rows[0].requestId, 'request-1');
  });

  test('a span of another request below the handler is an invocation', () => {
    const rows = rowsFor(HANDLER, {
      id: '02',
      parent: '01',
      kind: 'server',
      attributes: { 'faas.invocation_id': 'request-2' },
    });
    assert.deepEqual(
      rows.map(({ requestId }) => requestId),
      ['request-1', 'request-2'],
    );
  });

  test('a function that calls itself is invoked twice', () => {
    const rows = rowsFor(
      { ...HANDLER, attributes: {} },
      { id: '02', parent: '01', kind: 'client', at: 5, attributes: { 'faas.invoked_name': 'orders' } },
      { id: '03', parent: '02', kind: 'server', at: 6 },
      {
        id: '04',
        parent: '03',
        kind: 'client',
        at: 7,
        attributes: { 'http.request.method': 'GET', 'server.address': 'a.example' },
      },
    );
    assert.deepEqual(
      rows.map((row) => callsOf(row).map(({ verb, destination }) => `${verb} ${destination}`)),
      [[`lambda:Invoke lambda/${ORDERS}`], ['http:GET a.example']],
    );
  });

  test('polling a queue is a call, not an invocation', () => {
    const rows = rowsFor(HANDLER, {
      id: '02',
      parent: '01',
      kind: 'consumer',
      attributes: {
        'rpc.system': 'aws-api',
        'rpc.service': 'SQS',
        'rpc.method': 'ReceiveMessage',
        'url.full': 'https://sqs.eu-west-1.amazonaws.com/210987654321/jobs',
      },
    });
    assert.equal(rows.length, 1);
    assert.deepEqual(
      callsOf(rows[0]).map(({ verb, destination }) => [verb, destination]),
      [['sqs:ReceiveMessage', 'sqs/jobs@210987654321']],
    );
  });

  test('a program that is no function gives no rows and is counted', () => {
    const { rows, notes, rejects } = decodeAlike(
      traceRequest([
        { 'service.name': 'shop', 'cloud.platform': 'aws_ecs' },
        [
          { id: '01', kind: 'server', attributes: { 'http.request.method': 'GET' } },
          { id: '02', parent: '01', kind: 'client', attributes: { 'db.system.name': 'redis' } },
        ],
      ]),
    );
    assert.deepEqual([rows, rejects], [[], []]);
    assert.deepEqual(notes, ['span-not-function', 'call-without-function']);
  });

  test('an attribute that only functions have makes an invocation of a span whose resource says nothing', () => {
    const spans: readonly SpanSample[] = [
      {
        id: '01',
        kind: 'server',
        attributes: { 'aws.lambda.invoked_arn': 'arn:aws:lambda:eu-west-1:123456789012:function:orders' },
      },
    ];
    const { rows } = decodeAlike(traceRequest([{}, spans]));
    assert.equal(rows[0].function, ORDERS);
  });

  test('a function that does not say its name is rejected', () => {
    const { rows, rejects } = decodeAlike(
      traceRequest([{}, [{ id: '01', kind: 'server', attributes: { 'faas.trigger': 'http' } }]]),
    );
    assert.deepEqual(rows, []);
    assert.deepEqual(rejects, ['missing-field: invocation without the name of its function']);
  });
});

suite('calls and their invocation', () => {
  const call = (id: string, parent: string, at = 5): SpanSample => ({
    id,
    parent,
    kind: 'client',
    at,
    attributes: {
      'rpc.system': 'aws-api',
      'rpc.service': 'DynamoDB',
      'rpc.method': `Op${id}`,
      'aws.dynamodb.table_names': ['t'],
    },
  });

  test('calls stand in order of start, whatever the order of the document', () => {
    const [row] = rowsFor(
      call('04', '01', 30),
      call('03', '02', 20),
      { id: '02', parent: '01', at: 1 },
      call('05', '01', 10),
      HANDLER,
    );
    assert.deepEqual(
      callsOf(row).map(({ verb, offsetMs }) => [verb, offsetMs]),
      [
        ['dynamodb:Op05', 10],
        ['dynamodb:Op03', 20],
        ['dynamodb:Op04', 30],
      ],
    );
  });

  test('the invocation may stand in another resource entry of the same process', () => {
    const { rows } = decodeAlike(traceRequest([LAMBDA, [call('02', '01')]], [LAMBDA, [HANDLER]]));
    assert.equal(rows.length, 1);
    assert.equal(callsOf(rows[0]).length, 1);
  });

  test("calls of a program that the function calls are not the function's", () => {
    const service = { 'service.name': 'ledger' };
    const { rows, notes } = decodeAlike(
      traceRequest(
        [LAMBDA, [HANDLER, call('02', '01')]],
        [service, [{ id: '03', parent: '02', kind: 'server' }, call('04', '03')]],
      ),
    );
    assert.equal(rows.length, 1);
    assert.deepEqual(
      callsOf(rows[0]).map(({ verb }) => verb),
      ['dynamodb:Op02'],
    );
    assert.deepEqual(notes.toSorted(), ['call-without-function', 'span-not-function']);
  });

  test('two functions in one request keep their calls apart', () => {
    const billing = { ...LAMBDA, 'faas.name': 'billing', 'faas.instance': 'b' };
    const { rows } = decodeAlike(
      traceRequest(
        [LAMBDA, [HANDLER, call('02', '01')]],
        [billing, [{ ...HANDLER, id: '03', parent: '02' }, call('04', '03')]],
      ),
    );
    assert.deepEqual(
      rows.map((row) => [row.function, callsOf(row).map(({ verb }) => verb)]),
      [
        [ORDERS, ['dynamodb:Op02']],
        ['aws:123456789012:eu-west-1:billing', ['dynamodb:Op04']],
      ],
    );
  });

  test('a call without its invocation is a link row that carries it', () => {
    const rows = rowsFor(call('02', '01'));
    assert.equal(rows.length, 1);
    const [row] = rows;
    assert.equal(row.flags, FLAG.link);
    assert.equal(row.function, ORDERS);
    assert.equal(row.parentSpanId, '01'.padEnd(16, '0'));
    assert.equal(row.requestId, undefined);
    assert.deepEqual(
      callsOf(row).map(({ verb, spanId, offsetMs }) => [verb, spanId, offsetMs]),
      [['dynamodb:Op02', '02'.padEnd(16, '0'), undefined]],
    );
  });

  test('an inner span becomes a link only where it connects a row to its parent', () => {
    const rows = rowsFor({ id: '02', parent: '01' }, call('03', '02'), { id: '04', parent: '01' });
    assert.deepEqual(
      rows.map((row) => [row.spanId, row.parentSpanId, row.flags, callsOf(row).length]),
      [
        ['02'.padEnd(16, '0'), '01'.padEnd(16, '0'), FLAG.link, 0],
        ['03'.padEnd(16, '0'), '02'.padEnd(16, '0'), FLAG.link, 1],
      ],
    );
    const whole = rowsFor(HANDLER, { id: '02', parent: '01' }, call('03', '02'));
    assert.equal(whole.length, 1);
  });

  test('an inner span between two functions is a link', () => {
    const billing = { ...LAMBDA, 'faas.name': 'billing', 'faas.instance': 'b' };
    const { rows } = decodeAlike(
      traceRequest(
        [LAMBDA, [HANDLER, { id: '02', parent: '01' }]],
        [billing, [{ ...HANDLER, id: '03', parent: '02' }]],
      ),
    );
    assert.deepEqual(
      rows.map((row) => [row.spanId, row.flags]),
      [
        ['01'.padEnd(16, '0'), 0],
        ['02'.padEnd(16, '0'), FLAG.link],
        ['03'.padEnd(16, '0'), 0],
      ],
    );
  });

  test('an outbound request below an operation of the SDK is a call of its own', () => {
    const http = { 'http.request.method': 'POST', 'server.address': 'dynamodb.eu-west-1.amazonaws.com' };
    const [row] = rowsFor(HANDLER, call('02', '01'), {
      id: '03',
      parent: '02',
      kind: 'client',
      at: 6,
      attributes: http,
    });
    assert.deepEqual(
      callsOf(row).map(({ verb, destination }) => `${verb} ${destination}`),
      ['dynamodb:Op02 dynamodb/t', 'http:POST dynamodb'],
    );
  });

  test('more calls than a row holds are cut, flagged and counted', () => {
    const many = Array.from({ length: 130 }, (_, at) => call((at + 16).toString(16), '01', at));
    const { rows, notes } = decodeAlike(traceRequest([LAMBDA, [HANDLER, ...many]]));
    assert.equal(callsOf(rows[0]).length, 128);
    assert.equal(rows[0].flags, FLAG.callsCut);
    assert.deepEqual(notes, ['calls-cut', 'calls-cut']);
  });

  test('calls that are cut leave no names behind', () => {
    const many = Array.from({ length: 1000 }, (_, at) => call((at + 4096).toString(16), '01', at));
    const { batch } = decodeRecord(otlpProtobufDecoder(), encodeRequest(traceRequest([LAMBDA, [HANDLER, ...many]])));
    assert.equal(batch.rows, 1);
    assert.ok(batch.symbolCount < 128 + 30, `${batch.symbolCount} symbols`);
  });

  test('spans that are their own ancestors end no program and are counted', () => {
    const { notes, rows } = decodeAlike(
      traceRequest([
        LAMBDA,
        [
          { id: '01', parent: '01', kind: 'server' },
          { id: '02', parent: '03' },
          { id: '03', parent: '02' },
          call('04', '03'),
        ],
      ]),
    );
    assert.deepEqual(
      notes.filter((name) => name === 'parent-loop'),
      ['parent-loop', 'parent-loop'],
    );
    assert.ok(rows.length >= 2);
  });

  test('a chain of ten thousand spans exhausts no stack', () => {
    const id = (at: number) => (at + 1).toString(16).padStart(4, '0');
    const chain = Array.from(
      { length: 10_000 },
      (_, at): SpanSample => ({ id: id(at), ...(at === 0 ? {} : { parent: id(at - 1) }) }),
    );
    const [row] = rowsFor({ ...HANDLER, id: id(0) }, ...chain.slice(1), call('ffff', id(9_999)));
    assert.equal(callsOf(row).length, 1);
  });
});
