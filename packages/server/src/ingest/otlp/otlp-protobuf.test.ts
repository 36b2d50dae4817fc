import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { assertWellFormed, decodeRecord, rowsOf } from '../decoder.contract.ts';
import type { Decoder } from '../decoder.ts';
import { encodeRequest, logsRequest, metricsRequest, START_MS, traceRequest } from './otlp.contract.ts';
import { otlpJsonDecoder } from './otlp-json.ts';
import { otlpProtobufDecoder } from './otlp-protobuf.ts';
import { RECORDED_LOGS, RECORDED_METRICS, RECORDED_SPANS } from './otlp-recorded.contract.ts';

const decoder = otlpProtobufDecoder();
const decode = (bytes: Uint8Array) => decodeRecord(decoder, bytes);
const LAMBDA = { 'faas.name': 'orders', 'cloud.platform': 'aws_lambda' };
const spans = traceRequest([LAMBDA, [{ id: '01', kind: 'server', attributes: { 'faas.trigger': 'http' } }]]);
const RECORDED = [
  ['spans', RECORDED_SPANS],
  ['metrics', RECORDED_METRICS],
  ['logs', RECORDED_LOGS],
] as const;

/** A field of a message: number and payload, length-delimited. */
function field(number: number, payload: Uint8Array | readonly number[]): Uint8Array {
  return new Uint8Array([...varint((number << 3) | 2), ...varint(payload.length), ...payload]);
}

function varint(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

/** A request with one span whose message is given. */
function requestOf(span: Uint8Array): Uint8Array {
  const resource = field(
    1,
    field(1, new Uint8Array([...field(1, text('faas.name')), ...field(2, field(1, text('f')))])),
  );
  return field(1, new Uint8Array([...resource, ...field(2, field(2, span))]));
}

const text = (value: string) => new TextEncoder().encode(value);
const HEAD = new Uint8Array([
  ...field(1, new Uint8Array(16).fill(1)),
  ...field(2, new Uint8Array(8).fill(2)),
  0x30,
  2,
  0x39,
  ...[0, 0, 0, 0, 0, 0, 0, 0x18],
]);

/** As a collector's file exporter writes: each message after its length, big end first. */
function prefixed(...messages: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(
    messages.flatMap((message) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(message.length);
      return [...length, ...message];
    }),
  );
}

suite('decoder: otlp-protobuf, as the SDK writes', () => {
  test('an invocation with its calls', () => {
    const { batch, rejects, notes } = decode(RECORDED_SPANS);
    assert.deepEqual([rejects, notes], [[], ['span-inner']]);
    assert.deepEqual(rowsOf(batch), [
      {
        kind: 'otel',
        eventMs: START_MS,
        flags: 9,
        trust: 3,
        durationMs: 100,
        memorySizeMb: 256,
        function: 'aws:123456789012:eu-west-1:orders',
        revision: '7',
        qualifier: 'live',
        triggerKind: 'http',
        triggerSource: 'POST /orders/{id}',
        network: 'net<203.0.113.9>',
        client: 'browser',
        status: 'ok',
        instance: '2026/01/15/[7]0a1b2c3d4e5f60718293a4b5c6d7e8f9',
        account: '123456789012',
        requestId: '79104ee4-3d2d-4f2f-9f5c-5f1d0a0f6a11',
        traceId: '5b8efff798038103d269b633813fc60c',
        spanId: 'eee19b7ec3c10001',
        calls: [
          {
            verb: 'dynamodb:PutItem',
            resource: 'orders',
            destination: 'dynamodb/orders',
            status: 200,
            offsetMs: 10,
            durationMs: 4.5,
            spanId: 'eee19b7ec3c10003',
          },
          {
            verb: 'http:POST',
            resource: '*.stripe.com/v1/charges/{}',
            destination: 'stripe.com',
            status: 402,
            bytesIn: 2048,
            offsetMs: 20,
            durationMs: 30,
            spanId: 'eee19b7ec3c10004',
          },
          {
            verb: 'sqs:SendMessage',
            resource: 'audit',
            destination: 'sqs/audit',
            offsetMs: 60,
            durationMs: 5.25,
            spanId: 'eee19b7ec3c10005',
          },
        ],
      },
    ]);
    assert.deepEqual(Array.from(batch.columns.calls.bytesOut), [Number.NaN, 812, Number.NaN]);
  });

  test('metrics and logs', () => {
    assert.deepEqual(
      rowsOf(decode(RECORDED_METRICS).batch).map(({ action, shape, batchSize, durationMs }) => [
        action,
        shape,
        batchSize,
        durationMs,
      ]),
      [
        ['faas.invocations', 'delta', 3, undefined],
        ['faas.invoke_duration', 'delta', 1, 250],
      ],
    );
    const logs = decode(RECORDED_LOGS);
    assert.deepEqual(
      rowsOf(logs.batch).map(({ kind, durationMs, billedMs, memoryMb }) => [kind, durationMs, billedMs, memoryMb]),
      [['platform', 98.5, 99, 91]],
    );
    assert.deepEqual(logs.notes, ['application-line']);
  });

  test('rows point at their span within the original', () => {
    const { columns } = decode(RECORDED_SPANS).batch;
    const [from, length] = [columns.originOffset[0], columns.originLength[0]];
    const span = Buffer.from(RECORDED_SPANS).subarray(from, from + length);
    assert.equal(span.subarray(2, 18).toString('hex'), '5b8efff798038103d269b633813fc60c');
    assert.ok(span.includes('79104ee4-3d2d-4f2f-9f5c-5f1d0a0f6a11'));
    assert.ok(!span.includes('DynamoDB'));
  });

  for (const [name, bytes] of RECORDED) {
    test(`${name} cut at any byte are rejected as a whole`, () => {
      for (let end = 1; end < bytes.length; end++) {
        const decoded = decode(bytes.subarray(0, end));
        assertWellFormed(decoded);
        assert.equal(decoded.batch.rows, 0);
        assert.deepEqual(
          decoded.rejects.map(({ reason }) => reason),
          ['truncated'],
        );
      }
    });

    test(`${name} with any byte changed make only well-formed rows`, () => {
      for (let at = 0; at < bytes.length; at++) {
        const changed = bytes.slice();
        changed[at] ^= 0x80 | (at & 0x7f);
        assertWellFormed(decode(changed));
      }
    });

    test(`${name} decode from any place in a buffer, twice alike`, () => {
      const shifted = new Uint8Array(bytes.length + 64).fill(0xff);
      shifted.set(bytes, 32);
      const view = new Uint8Array(shifted.buffer, 32, bytes.length);
      assert.deepEqual(rowsOf(decode(view).batch), rowsOf(decode(bytes).batch));
      assert.deepEqual(rowsOf(decode(bytes).batch), rowsOf(decode(bytes).batch));
    });
  }
});

suite('decoder: otlp-protobuf, hostile messages', () => {
  test('an empty request is none of anything, and no reject', () => {
    const decoded = decode(new Uint8Array(0));
    assert.deepEqual([decoded.batch.rows, decoded.rejects], [0, []]);
  });

  test('unknown fields of every wire type are skipped', () => {
    const unknown = [
      ...field(99, text('x')),
      0xa0,
      0x06,
      0x07,
      0xa1,
      0x06,
      ...text('12345678'),
      0xa5,
      0x06,
      ...text('1234'),
    ];
    const plain = decode(requestOf(HEAD));
    const strange = decode(
      new Uint8Array([...unknown, ...requestOf(new Uint8Array([...unknown, ...HEAD, ...unknown])), ...unknown]),
    );
    assert.equal(plain.batch.rows, 1);
    assert.deepEqual([rowsOf(strange.batch), strange.rejects], [rowsOf(plain.batch), []]);
  });

  test('a known field of another wire type counts as unknown', () => {
    const decoded = decode(requestOf(new Uint8Array([...HEAD, 0x08, 1, 0x4d, ...text('1234')])));
    assert.equal(decoded.batch.rows, 1);
  });

  for (const [name, span, reason] of [
    ['a group', new Uint8Array([...HEAD, 0x9b, 0x06, 0x9c, 0x06]), 'bad-protobuf'],
    ['a wire type that does not exist', new Uint8Array([...HEAD, 0x9f, 0x06]), 'bad-protobuf'],
    ['field number zero', new Uint8Array([...HEAD, 0x02, 0x00]), 'bad-protobuf'],
    ['a varint of eleven bytes', new Uint8Array([...HEAD, 0x50, ...new Uint8Array(11).fill(0xff)]), 'bad-protobuf'],
    ['a length beyond the span', new Uint8Array([...HEAD, 0x4a, 0x7f]), 'bad-protobuf'],
    ['a damaged attribute', new Uint8Array([...HEAD, ...field(9, [0x0a, 0x7f])]), 'bad-protobuf'],
    ['a trace id of three bytes', new Uint8Array([...HEAD.subarray(18), ...field(1, [1, 2, 3])]), 'wrong-type'],
    ['no trace id', HEAD.subarray(18), 'missing-field'],
    ['a trace id of zeros', new Uint8Array([...field(1, new Uint8Array(16)), ...HEAD.subarray(18)]), 'missing-field'],
  ] as const) {
    test(`${name} rejects the span and leaves its neighbours`, () => {
      const decoded = decode(new Uint8Array([...requestOf(span), ...requestOf(HEAD)]));
      assert.deepEqual(
        decoded.rejects.map(({ reason: given }) => given),
        [reason],
      );
      assert.equal(decoded.batch.rows, 1);
    });
  }

  test('a frame that is damaged further on rejects the request before any row', () => {
    const decoded = decode(new Uint8Array([...requestOf(HEAD), 0x0b]));
    assert.deepEqual([decoded.batch.rows, decoded.rejects.map(({ reason }) => reason)], [0, ['bad-protobuf']]);
  });

  test('items of no known shape are rejected', () => {
    const decoded = decode(requestOf(field(3, text('x'))));
    assert.deepEqual(
      decoded.rejects.map(({ reason }) => reason),
      ['unknown-format'],
    );
  });

  test('ten thousand levels of lists exhaust no stack', () => {
    let value: Uint8Array = field(1, text('x'));
    for (let level = 0; level < 10_000; level++) {
      value = Buffer.concat([Buffer.from([0x2a]), Buffer.from(varint(value.length + 0)), value]);
    }
    const attribute = field(9, new Uint8Array([...field(1, text('error.type')), ...field(2, value)]));
    assertWellFormed(decode(requestOf(new Uint8Array([...HEAD, ...attribute]))));
  });

  test('a hundred thousand attributes are walked over', () => {
    const attribute = Buffer.from(field(9, new Uint8Array([...field(1, text('k')), ...field(2, field(1, text('v')))])));
    const span = Buffer.concat([HEAD, ...new Array<Uint8Array>(100_000).fill(attribute)]);
    const decoded = decode(requestOf(span));
    assert.equal(decoded.batch.rows, 1);
    assert.deepEqual(decoded.notes, ['attributes-cut']);
  });

  test('text that is not UTF-8 becomes replacement characters', () => {
    const attribute = field(
      9,
      new Uint8Array([...field(1, text('faas.trigger')), ...field(2, field(1, [0xff, 0xfe]))]),
    );
    const [row] = rowsOf(decode(requestOf(new Uint8Array([...HEAD, ...attribute]))).batch);
    assert.equal(row.triggerKind, 'other');
  });

  for (const [name, entries, spansEach] of [
    ['spans', 1, 66_000],
    ['resources', 17_000, 1],
  ] as const) {
    test(`more ${name} than one group holds are worked off in parts, and nothing is lost`, () => {
      const span = Buffer.from(field(2, HEAD));
      const scope = Buffer.concat(new Array<Uint8Array>(spansEach).fill(span));
      const resource = field(1, field(1, [...field(1, text('faas.name')), ...field(2, field(1, text('f')))]));
      const entry = field(1, Buffer.concat([resource, field(2, scope)]));
      const { rows, notes } = countRows(Buffer.concat(new Array<Uint8Array>(entries).fill(entry)));
      assert.deepEqual([rows, notes], [entries * spansEach, ['document-split']]);
    });
  }
});

/** Decodes more rows than a batch holds. */
function countRows(bytes: Uint8Array) {
  let rows = 0;
  const counting: Decoder = {
    ...decoder,
    decode(record, range, context) {
      const builder = context.sink.builder();
      const next = () => {
        if (!builder.full) return builder;
        rows += builder.finish().rows;
        builder.addOrigin({ name: 'test', from: 0, to: 1, sha256: '' });
        return builder;
      };
      decoder.decode(record, range, { ...context, sink: { ...context.sink, builder: next } });
    },
  };
  const { batch, notes } = decodeRecord(counting, new Uint8Array(bytes));
  return { rows: rows + batch.rows, notes };
}

suite('decoder: otlp-protobuf, files of messages', () => {
  test('each message after its length is read', () => {
    const file = prefixed(RECORDED_SPANS, RECORDED_METRICS, new Uint8Array(0), RECORDED_LOGS);
    const { batch, rejects } = decode(file);
    assert.deepEqual(rejects, []);
    assert.equal(batch.rows, 4);
    const { originOffset, originLength } = batch.columns;
    const span = Buffer.from(file).subarray(originOffset[0], originOffset[0] + originLength[0]);
    assert.ok(span.includes('79104ee4-3d2d-4f2f-9f5c-5f1d0a0f6a11'));
  });

  test('a file cut at any byte keeps its whole messages', () => {
    const file = prefixed(encodeRequest(spans), encodeRequest(spans));
    for (let end = 1; end < file.length; end++) {
      const decoded = decode(file.subarray(0, end));
      assertWellFormed(decoded);
      assert.equal(decoded.batch.rows, end < file.length / 2 ? 0 : 1);
      if (end !== file.length / 2) assert.equal(decoded.rejects.length, 1);
    }
  });

  test('a length that cannot be one ends the file', () => {
    const decoded = decode(new Uint8Array([...prefixed(encodeRequest(spans)), 0xff, 0xff, 0xff, 0xff, 0x0a]));
    assert.equal(decoded.batch.rows, 1);
    assert.deepEqual(
      decoded.rejects.map(({ reason }) => reason),
      ['unknown-format'],
    );
  });
});

suite('decoder: otlp-protobuf, recognising', () => {
  const json = new TextEncoder().encode(JSON.stringify(spans));
  const certain = (bytes: Uint8Array) => decoder.sniff(bytes, '') > 0.8;

  test('requests of all three signals, whole and from their first bytes', () => {
    for (const [, bytes] of RECORDED) {
      assert.ok(certain(bytes));
      assert.ok(certain(prefixed(bytes)));
      assert.ok(certain(bytes.subarray(0, Math.ceil(bytes.length * 0.8))));
    }
    const point = { sum: { dataPoints: [{ asInt: 1 }] } };
    assert.ok(certain(encodeRequest(metricsRequest(LAMBDA, [{ name: 'faas.invocations', ...point }]))));
    assert.ok(certain(encodeRequest(logsRequest(LAMBDA, [{ severityNumber: 9, body: { stringValue: 'x' } }]))));
  });

  test('a resource that fills the first bytes is told from text', () => {
    assert.ok(decoder.sniff(RECORDED_SPANS.subarray(0, 120), '') >= 0.5);
  });

  test('text, JSON, archives and noise are something else', () => {
    const others = [
      json,
      text('\n\nREPORT RequestId: 1'),
      text('\n{"a":1}\n'),
      text('plain text\nof two lines\n'),
      new Uint8Array([0x1f, 0x8b, 8, 0]),
      new Uint8Array([0x0a]),
      new Uint8Array([0x0a, 0x0a, 0x0a, 0x0a, 0x0a, 0x0a]),
      new Uint8Array(0),
      new Uint8Array(64),
      Uint8Array.from({ length: 256 }, (_, at) => at),
    ];
    for (const other of others)
      assert.equal(decoder.sniff(other, ''), 0, Buffer.from(other).toString('latin1').slice(0, 20));
    for (const [, bytes] of RECORDED) assert.equal(otlpJsonDecoder().sniff(bytes, ''), 0);
  });
});
