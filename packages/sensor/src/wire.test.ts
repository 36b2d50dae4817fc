import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { encodeWireRecord, sealWireRecord, WIRE_KEYS, type WireRecord } from './wire.ts';

const full: WireRecord = {
  timeMs: 1767225600123,
  function: 'aws:123456789012:eu-west-1:pay',
  revision: '7',
  qualifier: 'live',
  requestId: '8f2c0c2e-6f4e-4c6e-9b52-0f1f3f6f0a11',
  traceId: '5b8efff798038103d269b633813fc60c',
  spanId: 'eee19b7ec3c1b174',
  parentSpanId: '00f067aa0ba902b7',
  instance: 'b7ad6b7169203331',
  sequence: 41,
  flags: 1,
  status: 'error',
  errorType: 'TypeError',
  durationMs: 38.214,
  initMs: 180.5,
  memoryMb: 96.25,
  memorySizeMb: 256,
  cpuMs: 21.5,
  childCpuMs: 10,
  tmpBytes: 4096,
  bytesOut: 1180,
  bytesIn: 3912,
  requestBytes: 812,
  responseBytes: 96,
  batchSize: 1,
  threads: 11,
  files: 23,
  processes: 1,
  sockets: 2,
  timers: 3,
  dropped: 4,
  shared: 1,
  leftover: 1,
  triggerKind: 'http',
  triggerSource: 'POST /pay',
  principal: '5d41402abc4b2a76',
  principalKind: 'person',
  network: '203.0.113.0',
  country: 'DE',
  client: 'browser',
  shape: '9b74c9897bac770f',
  calls: [
    {
      verb: 'dynamodb:GetItem',
      resource: 'orders',
      destination: 'dynamodb',
      bytesOut: 180,
      bytesIn: 912,
      status: 200,
      offsetMs: 4.1,
      durationMs: 6.2,
    },
    { verb: 'http:POST', destination: 'example.com', bytesOut: 5, durationMs: 7 },
    { verb: 'exec:convert' },
  ],
};

test('every field of a full record is on the line under its documented key', () => {
  const line: Record<string, unknown> = JSON.parse(encodeWireRecord(full));
  for (const [field, key] of Object.entries(WIRE_KEYS)) {
    if (field === 'version') assert.equal(line[key], 1);
    else if (field === 'mac') assert.equal(key in line, false);
    else if (field === 'calls') assert.equal((line[key] as unknown[]).length, 3);
    else assert.equal(line[key], Object.entries(full).find(([name]) => name === field)?.[1], field);
  }
  assert.equal(Object.keys(line).length, Object.keys(WIRE_KEYS).length - 1);
});

test('calls are lists whose unknown numbers are null and whose unknown end is left out', () => {
  const line = JSON.parse(encodeWireRecord(full));
  assert.deepEqual(line.c, [
    ['dynamodb:GetItem', 'orders', 'dynamodb', 180, 912, 200, 4.1, 6.2],
    ['http:POST', '', 'example.com', 5, null, null, null, 7],
    ['exec:convert'],
  ]);
});

test('absent, empty and non-finite fields leave no trace on the line', () => {
  assert.equal(
    encodeWireRecord({ timeMs: 5, function: '', durationMs: Number.NaN, cpuMs: Number.POSITIVE_INFINITY, flags: 0 }),
    '{"gait":1,"t":5}',
  );
});

test('texts that JSON must escape come back unchanged', () => {
  for (const value of ['a"b', 'back\\slash', 'line\nend', '\u0000', 'Grüße 🐍', '\u2028', '",""', 'x,null', '\u007f']) {
    const line = JSON.parse(
      encodeWireRecord({ timeMs: 1, revision: value, calls: [{ verb: value, resource: value }] }),
    );
    assert.equal(line.rev, value);
    assert.deepEqual(line.c, [[value, value]]);
  }
  const halfPair = JSON.parse(encodeWireRecord({ timeMs: 1, revision: '\ud83d' }));
  assert.equal(halfPair.rev, '\ud83d');
});

test('a line never contains a line break, whatever the texts are', () => {
  const nasty = '\r\n{"gait":1,"t":1}\r\n';
  assert.equal(/[\r\n]/.test(encodeWireRecord({ timeMs: 1, function: nasty, calls: [{ verb: nasty }] })), false);
});

test('fractions are rounded to a thousandth and whole numbers stay exact', () => {
  const line = JSON.parse(
    encodeWireRecord({ timeMs: 1, durationMs: 0.1 + 0.2, bytesOut: 9_007_199_254_740_991, cpuMs: 12.3456789 }),
  );
  assert.deepEqual([line.dur, line.out, line.cpu], [0.3, 9_007_199_254_740_991, 12.346]);
});

test('the MAC becomes the last field and covers what stands before it', () => {
  const line = encodeWireRecord({ timeMs: 1, function: 'aws:?:?:pay' });
  const sealed = sealWireRecord(line, '9f86d081884c7d65');
  assert.equal(sealed, '{"gait":1,"t":1,"fn":"aws:?:?:pay","mac":"9f86d081884c7d65"}');
  assert.equal(`${sealed.slice(0, sealed.indexOf(',"mac"'))}}`, line);
});

test('an invocation with three calls takes about 600 bytes', () => {
  const usual: WireRecord = {
    ...full,
    flags: 0,
    initMs: Number.NaN,
    errorType: '',
    status: 'ok',
    traceId: '',
    spanId: '',
  };
  const bytes = Buffer.byteLength(encodeWireRecord(usual));
  assert.ok(bytes > 450 && bytes < 700, `${bytes} bytes`);
});

test('the wire format imports nothing', () => {
  assert.equal(
    /^\s*(import|export .* from)\b/m.test(readFileSync(new URL('./wire.ts', import.meta.url), 'utf8')),
    false,
  );
});
