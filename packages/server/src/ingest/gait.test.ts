import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { FLAG, TRUST } from '@gait/engine/event/schema';
import { encodeWireRecord, sealWireRecord, WIRE_FLAG, WIRE_KEYS, type WireRecord } from '@gait/sensor/wire';
import { type Decoded, decodeRecord, decoderContract, rowsOf, TEST_DEFAULTS } from './decoder.contract.ts';
import type { RejectReason, SourceDefaults } from './decoder.ts';
import { gaitDecoder } from './gait.ts';

const FUNCTION = 'aws:123456789012:eu-west-1:pay';
const FULL: WireRecord = {
  timeMs: 1_767_225_600_123,
  function: FUNCTION,
  revision: '7',
  qualifier: 'live',
  requestId: '8f2c0c2e-6f4e-4c6e-9b52-0f1f3f6f0a11',
  traceId: '5b8efff798038103d269b633813fc60c',
  spanId: 'eee19b7ec3c1b174',
  parentSpanId: '00f067aa0ba902b7',
  instance: 'b7ad6b7169203331',
  sequence: 41,
  flags: WIRE_FLAG.cold,
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
      destination: 'dynamodb:orders',
      bytesOut: 180,
      bytesIn: 912,
      status: 200,
      offsetMs: 4.5,
      durationMs: 6.25,
    },
    { verb: 'http:POST', destination: 'example.com', bytesIn: 5 },
    { verb: 'exec:convert' },
  ],
};
const MINIMAL = `{"gait":1,"t":1767225600123,"fn":"${FUNCTION}"}`;

const decoder = gaitDecoder();
const decode = (record: unknown, defaults: Partial<SourceDefaults> = {}) => decodeRecord(decoder, record, defaults);

/** The only row of a record that must be accepted. */
function row(record: unknown, defaults: Partial<SourceDefaults> = {}) {
  const decoded = decode(record, defaults);
  assert.deepEqual(decoded.rejects, []);
  const rows = rowsOf(decoded.batch);
  assert.equal(rows.length, 1);
  return rows[0];
}

function assertRejected(decoded: Decoded, reason: RejectReason, detail: RegExp): void {
  assert.equal(decoded.batch.rows, 0);
  assert.equal(decoded.rejects.length, 1);
  assert.equal(decoded.rejects[0].reason, reason);
  assert.match(decoded.rejects[0].detail, detail);
}

decoderContract(
  decoder,
  new Map<string, unknown>([
    ['a full record', encodeWireRecord(FULL)],
    ['a sealed record', sealWireRecord(encodeWireRecord(FULL), '9f86d081884c7d65')],
    ['a minimal record', MINIMAL],
    ['a full record as an object', JSON.parse(encodeWireRecord(FULL))],
  ]),
);

suite('what a record becomes', () => {
  test('every field of the wire format lands in its column', () => {
    const { timeMs, flags, calls, principal, network, ...same } = FULL;
    assert.equal(flags, WIRE_FLAG.cold);
    assert.equal(calls?.length, 3);
    assert.deepEqual(row(encodeWireRecord(FULL)), {
      kind: 'sensor',
      eventMs: timeMs,
      flags: FLAG.cold,
      trust: TRUST.sensor,
      ...same,
      principal: `person<${principal}>`,
      network: `net<${network}>`,
      calls: [
        {
          verb: 'dynamodb:GetItem',
          resource: 'orders',
          destination: 'dynamodb:orders',
          status: 200,
          bytesIn: 912,
          offsetMs: 4.5,
          durationMs: 6.25,
        },
        { verb: 'http:POST', destination: 'example.com', bytesIn: 5 },
        { verb: 'exec:convert' },
      ],
    });
    const { batch } = decode(encodeWireRecord(FULL));
    assert.deepEqual([...batch.columns.calls.bytesOut], [180, Number.NaN, Number.NaN]);
  });

  test('a row says which bytes of the original it was made from', () => {
    const { columns } = decode(MINIMAL).batch;
    assert.deepEqual([columns.originOffset[0], columns.originLength[0], columns.originLine[0]], [0, MINIMAL.length, 1]);
  });

  test('the flags of the wire are those of the schema, and unknown ones are dropped', () => {
    for (const [name, bit] of Object.entries(WIRE_FLAG)) {
      assert.equal(FLAG[name as keyof typeof FLAG], bit, name);
      assert.equal(row(encodeWireRecord({ ...FULL, flags: bit | 0x4004 })).flags, bit);
    }
  });

  test('unusual spellings of the same record make the same row', () => {
    const usual = row(encodeWireRecord(FULL));
    const value = JSON.parse(encodeWireRecord(FULL));
    const reversed = Object.fromEntries(Object.entries(value).reverse());
    const escaped = encodeWireRecord(FULL).replace('"pay"', '"p\\u0061y"').replace('POST /pay', 'POST \\/pay');
    const spellings = [
      JSON.stringify(value, null, 1).replaceAll('\n', ' '),
      JSON.stringify(reversed),
      ` \t${encodeWireRecord(FULL)} \r`,
      escaped,
      encodeWireRecord(FULL).replace('"seq":41', '"seq":4.1e1'),
      encodeWireRecord(FULL).replace('"seq":41', '"seq":41.000'),
      encodeWireRecord(FULL).replace('"seq":41', '"seq":1,"seq":"x","seq":41'),
      encodeWireRecord(FULL).replace('"seq":41', '"c":[["other"]],"seq":41'),
      encodeWireRecord(FULL).replace('"seq":41', '"seq":41,"zz":{"deep":[1,2]},"verylongkey":null'),
    ];
    for (const spelling of spellings) assert.deepEqual(row(spelling), usual, spelling);
  });

  test('text beyond ASCII is kept as it is', () => {
    const record = encodeWireRecord({ ...FULL, triggerSource: 'Straße 🐍', calls: [{ verb: 'x', resource: '日本' }] });
    assert.equal(row(record).triggerSource, 'Straße 🐍');
    assert.deepEqual(row(record).calls, [{ verb: 'x', resource: '日本' }]);
  });

  test('calls beyond the limit are left out, flagged and noted', () => {
    const calls = Array.from({ length: 130 }, (_, at) => ({ verb: `v${at}`, bytesIn: at }));
    for (const record of [encodeWireRecord({ ...FULL, calls }), ` ${encodeWireRecord({ ...FULL, calls })}`]) {
      const decoded = decode(record);
      const made = rowsOf(decoded.batch)[0];
      assert.equal((made.calls as unknown[]).length, 128);
      assert.equal(made.flags, FLAG.cold | FLAG.callsCut);
      assert.deepEqual(decoded.notes, ['calls-cut']);
    }
  });
});

suite('time', () => {
  const at = (timeMs: number) => decode(MINIMAL.replace('1767225600123', String(timeMs)));
  for (const [name, timeMs] of [
    ['1970', 0],
    ['before 1970', -5],
    ['the second before 2000', Date.UTC(1999, 11, 31, 23, 59, 59)],
    ['9999', Date.UTC(9999, 0, 1)],
    ['more than the newest acceptable time', TEST_DEFAULTS.newestMs + 1],
    ['1e300', 1e300],
  ] as const) {
    test(`a record from ${name} is kept, flagged and without a time`, () => {
      const { batch, notes, rejects } = at(timeMs);
      assert.deepEqual(rejects, []);
      assert.deepEqual(notes, ['time-clamped']);
      assert.equal(batch.columns.flags[0], FLAG.clamped);
      assert.ok(Number.isNaN(batch.columns.eventMs[0]));
    });
  }

  test('the first and the newest possible time are taken', () => {
    for (const timeMs of [Date.UTC(2000, 0, 1), TEST_DEFAULTS.newestMs]) {
      const { batch, notes } = at(timeMs);
      assert.equal(batch.columns.eventMs[0], timeMs);
      assert.deepEqual(notes, []);
    }
  });
});

suite('who and where from', () => {
  test('a person becomes a token, and so does a principal of no or an unknown kind', () => {
    const record = (kind: string) => `{"gait":1,"t":1767225600123,"fn":"${FUNCTION}","p":"anna"${kind}}`;
    assert.equal(row(record(',"pk":"person"')).principal, 'person<anna>');
    assert.equal(row(record('')).principal, 'person<anna>');
    const unknown = decode(record(',"pk":"robot"'));
    assert.deepEqual(unknown.notes, ['unknown-word']);
    assert.equal(rowsOf(unknown.batch)[0].principal, 'person<anna>');
    assert.equal(rowsOf(unknown.batch)[0].principalKind, undefined);
  });

  test('a role keeps its name', () => {
    const made = row(`{"gait":1,"t":1767225600123,"fn":"${FUNCTION}","p":"deploy-role","pk":"role"}`);
    assert.deepEqual([made.principal, made.principalKind], ['deploy-role', 'role']);
  });

  test('a network that is no address is left out and noted', () => {
    const decoded = decode(`{"gait":1,"t":1767225600123,"fn":"${FUNCTION}","net":"anna@example.com"}`);
    assert.deepEqual(decoded.notes, ['not-a-network']);
    assert.equal(rowsOf(decoded.batch)[0].network, undefined);
  });

  test('words outside the closed lists are left out and noted', () => {
    const decoded = decode(`{"gait":1,"t":1767225600123,"fn":"${FUNCTION}","st":"fine","tk":"pigeon"}`);
    assert.deepEqual(decoded.notes, ['unknown-word', 'unknown-word']);
    assert.deepEqual(Object.keys(rowsOf(decoded.batch)[0]), ['kind', 'eventMs', 'flags', 'trust', 'function']);
  });
});

suite('identity', () => {
  const claim = (key: string, envelopeFunction?: string) =>
    decode(`{"gait":1,"t":1767225600123,"fn":"${key}"}`, envelopeFunction === undefined ? {} : { envelopeFunction });
  const functionOf = (decoded: Decoded) => rowsOf(decoded.batch)[0]?.function;

  test('a record that names the function its envelope speaks for is taken', () => {
    assert.equal(functionOf(claim(FUNCTION, FUNCTION)), FUNCTION);
  });

  test('a record of another function, account, region or provider than its envelope is refused', () => {
    for (const key of [
      'aws:123456789012:eu-west-1:refund',
      'aws:999999999999:eu-west-1:pay',
      'aws:123456789012:us-east-1:pay',
      'gcp:123456789012:eu-west-1:pay',
    ]) {
      assertRejected(claim(key, FUNCTION), 'identity-mismatch', /^fn /);
    }
  });

  test('what the record leaves open comes from the envelope', () => {
    assert.equal(functionOf(claim('aws:?:?:pay', FUNCTION)), FUNCTION);
    assert.equal(functionOf(decode('{"gait":1,"t":1767225600123}', { envelopeFunction: FUNCTION })), FUNCTION);
  });

  test('without an envelope, unknown parts come from the configured source', () => {
    assert.equal(functionOf(claim('aws:?:?:pay')), FUNCTION);
    assert.equal(functionOf(claim('aws:?:us-east-1:pay')), 'aws:123456789012:us-east-1:pay');
    assert.equal(
      functionOf(decode('{"gait":1,"t":1767225600123,"fn":"aws:?:?:pay"}', { account: '' })),
      'aws:?:eu-west-1:pay',
    );
  });

  test('texts that are no function key are refused', () => {
    const long = 'n'.repeat(400);
    for (const key of ['', 'pay', 'aws:1:2', 'aws:1:2:', ':1:2:pay', 'a b:1:2:pay', '??:1:2:pay', `aws:1:2:${long}`]) {
      assertRejected(claim(key), 'wrong-type', /^fn /);
    }
  });
});

suite('refused records', () => {
  const refused: readonly (readonly [string, unknown, RejectReason, RegExp])[] = [
    ['no JSON', '{"gait":1,"t":x}', 'bad-json', /./],
    ['a leading zero', MINIMAL.replace('"t":', '"t":0'), 'bad-json', /./],
    ['two records without a line break', MINIMAL + MINIMAL, 'bad-json', /./],
    ['a record cut in the middle', MINIMAL.slice(0, -9), 'truncated', /./],
    ['null', 'null', 'wrong-type', /not an object/],
    ['a text', ' "abc" ', 'wrong-type', /not an object/],
    ['a number', '-1.5e3', 'wrong-type', /not an object/],
    ['a word', 'true', 'wrong-type', /not an object/],
    ['half a text', '"abc', 'bad-json', /./],
    ['a time in front of something', '2026-01-31T12:00:00Z {}', 'bad-json', /./],
    ['a list', `[${MINIMAL}]`, 'wrong-type', /not an object/],
    ['no version', MINIMAL.replace('"gait":1,', ''), 'missing-field', /^gait/],
    ['a newer version', MINIMAL.replace('"gait":1', '"gait":2'), 'unknown-format', /version/],
    ['no time', `{"gait":1,"fn":"${FUNCTION}"}`, 'missing-field', /^t$/],
    ['no function', '{"gait":1,"t":1767225600123}', 'missing-field', /^fn$/],
    ['a time that is a text', MINIMAL.replace('1767225600123', '"1767225600123"'), 'wrong-type', /^t /],
    ['a function that is a number', MINIMAL.replace(`"${FUNCTION}"`, '7'), 'wrong-type', /^fn /],
    ['a negative duration', MINIMAL.replace('}', ',"dur":-1}'), 'out-of-range', /^dur/],
    ['a duration without bounds', MINIMAL.replace('}', ',"dur":1e999}'), 'out-of-range', /^dur/],
    ['an absurd amount', MINIMAL.replace('}', ',"out":1e17}'), 'out-of-range', /^out/],
    ['a duration that is null', MINIMAL.replace('}', ',"dur":null}'), 'wrong-type', /^dur /],
    ['flags that are no integer', MINIMAL.replace('}', ',"fl":1.5}'), 'out-of-range', /^fl/],
    ['flags beyond 16 bits', MINIMAL.replace('}', ',"fl":65536}'), 'out-of-range', /^fl/],
    ['a request id with a space', MINIMAL.replace('}', ',"rid":"a b"}'), 'wrong-type', /^rid /],
    ['a request id of 129 bytes', MINIMAL.replace('}', `,"rid":"${'a'.repeat(129)}"}`), 'wrong-type', /^rid /],
    ['calls that are no list', MINIMAL.replace('}', ',"c":{}}'), 'wrong-type', /^c /],
    ['a call that is no list', MINIMAL.replace('}', ',"c":["x"]}'), 'wrong-type', /call/],
    ['an empty call', MINIMAL.replace('}', ',"c":[[]]}'), 'wrong-type', /call/],
    ['a call without a verb', MINIMAL.replace('}', ',"c":[[1]]}'), 'wrong-type', /call/],
    ['a negative amount of a call', MINIMAL.replace('}', ',"c":[["x","","",-1]]}'), 'out-of-range', /call/],
    ['a call with a text for an amount', MINIMAL.replace('}', ',"c":[["x","","","1"]]}'), 'wrong-type', /call/],
    ['a status beyond 999', MINIMAL.replace('}', ',"c":[["x","","",1,1,1000]]}'), 'out-of-range', /status/],
  ];
  for (const [name, record, reason, detail] of refused) {
    test(`${name} is refused as ${reason}`, () => assertRejected(decode(record), reason, detail));
  }

  test('a refused record leaves nothing in the row after it', () => {
    const plain = row(MINIMAL);
    assert.equal(decode(encodeWireRecord(FULL).replace('"dur":38.214', '"dur":-38')).batch.rows, 0);
    assert.deepEqual(row(MINIMAL), plain);
  });

  test('every number of the wire format is refused when it is negative or a text', () => {
    const numbers = Object.entries(FULL).filter(([name, value]) => typeof value === 'number' && name !== 'timeMs');
    assert.ok(numbers.length >= 15);
    for (const [name] of numbers) {
      const key = WIRE_KEYS[name as keyof typeof WIRE_KEYS];
      assertRejected(decode(MINIMAL.replace('}', `,"${key}":-1}`)), 'out-of-range', new RegExp(`^${key}`));
      assertRejected(decode(MINIMAL.replace('}', `,"${key}":"1"}`)), 'wrong-type', new RegExp(`^${key} `));
    }
  });
});

suite('hostile records', () => {
  test('a text of 10 MB is cut to a name that stays distinct', () => {
    const one = row(MINIMAL.replace('}', `,"ts":"${'a'.repeat(10_000_000)}"}`)).triggerSource as string;
    const other = row(MINIMAL.replace('}', `,"ts":"${'a'.repeat(9_999_999)}b"}`)).triggerSource as string;
    assert.ok(one.length <= 512 && other.length <= 512);
    assert.notEqual(one, other);
  });

  test('100,000 unknown attributes are ignored', () => {
    const attributes = Array.from({ length: 100_000 }, (_, at) => `"a${at}":${at}`).join(',');
    assert.deepEqual(row(MINIMAL.replace('}', `,${attributes}}`)), row(MINIMAL));
  });

  test('100,000 calls cost the limit', () => {
    const calls = Array.from({ length: 100_000 }, (_, at) => `["v${at}","r${at}"]`).join(',');
    const decoded = decode(MINIMAL.replace('}', `,"c":[${calls}]}`));
    assert.equal(decoded.batch.columns.calls.verb.length, 128);
    assert.ok(decoded.batch.symbolCount < 300);
  });

  test('10,000 levels inside an unknown key are refused as too deep', () => {
    const deep = '['.repeat(10_000) + ']'.repeat(10_000);
    assertRejected(decode(MINIMAL.replace('}', `,"zz":${deep}}`)), 'too-deep', /./);
  });

  test('keys of the prototype chain are no fields', () => {
    const record = MINIMAL.replace('}', ',"__proto__":{"dur":5,"c":[["x"]]},"constructor":{"seq":1}}');
    assert.deepEqual(row(record), row(MINIMAL));
    assert.equal(Reflect.get({}, 'dur'), undefined);
  });

  test('text that is not UTF-8 is refused', () => {
    const bytes = Buffer.from(MINIMAL.replace('}', ',"ts":"x"}'));
    bytes[bytes.lastIndexOf('x')] = 0xff;
    assertRejected(decode(bytes), 'bad-utf8', /./);
  });
});

suite('recognition', () => {
  const sniff = (text: string) => decoder.sniff(Buffer.from(text), 'file');
  test('a line that begins with the version key is surely of the sensor', () => {
    assert.equal(sniff(MINIMAL), 1);
    assert.equal(sniff(`\n { "gait" : 1 }`), 1);
  });
  test('the key elsewhere in the first line is a weak sign, and anything else none', () => {
    const weak = sniff(`{"t":1,"gait":1}\n`);
    assert.ok(weak > 0 && weak < 0.5);
    assert.equal(sniff('{"a":1}\n{"gait":1}'), 0);
    assert.equal(sniff('gait'), 0);
    assert.equal(sniff(''), 0);
  });
});
