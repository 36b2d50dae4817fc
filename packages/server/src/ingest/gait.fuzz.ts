import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { BatchBuilder } from '@gait/engine/event/batch-builder';
import { canonicalRow } from '@gait/engine/event/canonical';
import { encodeWireRecord, sealWireRecord, WIRE_KEYS, type WireRecord } from '@gait/sensor/wire';
import fc from 'fast-check';
import {
  assertWellFormed,
  type Decoded,
  decodeRecord,
  rowsOf,
  TEST_DEFAULTS,
  TEST_TOKENS,
} from './decoder.contract.ts';
import { Draft } from './gait/draft.ts';
import { Scanner } from './gait/scan.ts';
import { gaitDecoder } from './gait.ts';

const RUNS = Number(process.env['GAIT_SEEDS'] ?? 400);
const SEED = 20_261;

const decoder = gaitDecoder();
const scanner = new Scanner(new Draft());

/** Everything that came of a record, except where it stood. */
function outcome({ batch, rejects, notes }: Decoded): unknown {
  const rows = Array.from({ length: batch.rows }, (_, row) =>
    canonicalRow(batch, row, 0).replace(/,"origin":\{"name":"test".*$/, ''),
  );
  return { rows, rejects, notes };
}

/** Decodes a record as it stands (scanner first) and behind a space, which only the parser reads; both must agree. */
function assertAgree(record: Uint8Array): boolean {
  const direct = decodeRecord(decoder, record);
  const parsed = decodeRecord(decoder, Buffer.concat([Buffer.from(' '), record]));
  assertWellFormed(direct);
  assert.deepEqual(outcome(direct), outcome(parsed));
  return scanner.scan(record, 0, record.length);
}

const amount = fc.oneof(
  { weight: 20, arbitrary: fc.nat() },
  { weight: 20, arbitrary: fc.double({ min: 0, max: 1e7, noNaN: true }) },
  { weight: 1, arbitrary: fc.double() },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      0,
      -0,
      -1,
      999_999_999_999_999,
      1e15,
      Number.MAX_SAFE_INTEGER,
      2 ** 53 + 2,
      1e21,
      5e-324,
    ),
  },
);
const name = fc.oneof(
  { weight: 20, arbitrary: fc.stringMatching(/^[ -!#-[\]-~]{1,20}$/) },
  { weight: 1, arbitrary: fc.string({ maxLength: 20 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 8 }) },
);
const identifier = fc.oneof(
  { weight: 20, arbitrary: fc.stringMatching(/^[!#-[\]-~]{1,20}$/) },
  { weight: 1, arbitrary: name },
  { weight: 1, arbitrary: fc.stringMatching(/^[!#-[\]-~]{120,140}$/) },
);
const call = fc.record(
  {
    verb: name,
    resource: name,
    destination: name,
    bytesOut: amount,
    bytesIn: amount,
    status: fc.oneof(fc.nat(1100), amount),
    offsetMs: amount,
    durationMs: amount,
  },
  { requiredKeys: ['verb'] },
);
const functionKey = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('aws:123456789012:eu-west-1:pay', 'aws:?:?:pay') },
  { weight: 1, arbitrary: fc.oneof(name, fc.constantFrom('pay', 'aws:::pay')) },
);
const numberFields = [
  'sequence',
  'flags',
  'durationMs',
  'memoryMb',
  'cpuMs',
  'tmpBytes',
  'bytesOut',
  'batchSize',
] as const;
const textFields = ['revision', 'instance', 'errorType', 'triggerSource', 'principal', 'shape'] as const;

const record: fc.Arbitrary<WireRecord> = fc.record(
  {
    timeMs: fc.integer({ min: 9e11, max: 2e12 }),
    function: functionKey,
    ...Object.fromEntries(numberFields.map((field) => [field, amount])),
    ...Object.fromEntries(textFields.map((field) => [field, name])),
    status: fc.constantFrom('ok', 'error', 'timeout', 'throttle'),
    triggerKind: fc.constantFrom('http', 'timer'),
    principalKind: fc.constantFrom('person', 'role', 'anonymous'),
    requestId: identifier,
    traceId: identifier,
    network: fc.constantFrom('203.0.113.0', 'nowhere'),
    calls: fc.array(call, { maxLength: 4 }),
  },
  { requiredKeys: ['timeMs'] },
);

/** What a scanner may trip over: punctuation, digits, keys, words. */
const splinter = fc.constantFrom(
  ...[
    '"',
    '\\',
    '\\u0041',
    '{',
    '}',
    '[',
    ']',
    ',',
    ':',
    ' ',
    '\t',
    '\n',
    '0',
    '9',
    '.',
    '-',
    'e5',
    'null',
    'nul',
    'true',
  ],
  ...[
    '\u007f',
    '\u00e9',
    '\ud83d\udc0d',
    '\0',
    '""',
    '[]',
    '[["x"]]',
    '"c":[["x","",""]],',
    '"gait":1',
    '"t":1,',
    '00',
    '1.0',
  ],
  ...Object.values(WIRE_KEYS).map((key) => `"${key}":`),
);
const change = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  remove: fc.nat(3),
  insert: fc.oneof(splinter, fc.constant(''), fc.string({ maxLength: 2 })),
});

function changed(text: string, changes: readonly { at: number; remove: number; insert: string }[]): string {
  let result = text;
  for (const { at, remove, insert } of changes) {
    const from = Math.floor(at * result.length);
    result = result.slice(0, from) + insert + result.slice(from + remove);
  }
  return result;
}

suite('scanner and parser', () => {
  test('agree on every record that the sensor can write', () => {
    let scanned = 0;
    fc.assert(
      fc.property(record, fc.boolean(), (fields, sealed) => {
        const line = encodeWireRecord(fields);
        if (assertAgree(Buffer.from(sealed ? sealWireRecord(line, '9f86d081884c7d65') : line))) scanned++;
      }),
      { numRuns: RUNS, seed: SEED },
    );
    assert.ok(scanned > RUNS / 3, `the scanner read only ${scanned} of ${RUNS} records`);
  });

  test('agree on records that were changed in a few places', () => {
    let scanned = 0;
    fc.assert(
      fc.property(record, fc.array(change, { minLength: 1, maxLength: 3 }), (fields, changes) => {
        if (assertAgree(Buffer.from(changed(encodeWireRecord(fields), changes)))) scanned++;
      }),
      { numRuns: 5 * RUNS, seed: SEED },
    );
    assert.ok(scanned > RUNS / 20, `the scanner read only ${scanned} of ${5 * RUNS} records`);
  });

  test('agree on usual records with any byte replaced by any byte', () => {
    const usual = Buffer.from(
      '{"gait":1,"t":1767225600123,"fn":"aws:1:2:pay","seq":41,"st":"ok","dur":38.214,"c":[["a:B","r","d",1,null,200,0.5],["x"]]}',
    );
    let scanned = 0;
    for (let at = 0; at < usual.length; at++) {
      for (let byte = at % 3; byte < 256; byte += 3) {
        const bytes = Buffer.from(usual);
        bytes[at] = byte;
        if (assertAgree(bytes)) scanned++;
      }
    }
    assert.ok(scanned > 500, `the scanner read only ${scanned}`);
  });

  test('agree on usual records cut at any byte and followed by anything', () => {
    const line = `{"gait":1,"t":1767225600123,"fn":"aws:1:2:pay","seq":41,"c":[["a:B","r","d",1,null,200,0.5],["x"]]}`;
    for (let end = 0; end <= line.length; end++) {
      for (const tail of ['', '}', ']]}', '"}', ' ', ',', '0']) assertAgree(Buffer.from(line.slice(0, end) + tail));
    }
  });

  test('never read beyond the end of the record', () => {
    const line = `{"gait":1,"t":1767225600123,"fn":"aws:1:2:pay","seq":41,"c":[["a:B","r","d",1,null,200,0.5],["x"]]}`;
    const bytes = Buffer.from(line);
    for (let end = 0; end < bytes.length; end++) {
      assert.equal(scanner.scan(bytes, 0, end), false, `accepted after ${end} bytes`);
    }
    assert.equal(scanner.scan(bytes, 0, bytes.length), true);
  });
});

/** Names that are alike: equal, of equal length, with equal ends. */
const alike = fc.constantFrom(
  '',
  'a',
  'ab',
  'abcd',
  'xbcd',
  'abcde',
  'abxde',
  'abcdefgh',
  'xbcdefgh',
  'abcxefgh',
  'é',
  'ééé',
);
const alikeCall = fc.record({ verb: alike, resource: alike, destination: alike });
const alikeRecord: fc.Arbitrary<WireRecord> = fc.record(
  {
    timeMs: fc.constant(1_767_225_600_123),
    function: fc.constantFrom('aws:1:2:pay', 'aws:1:2:pax', 'aws:1:2:a'),
    revision: alike,
    triggerSource: alike,
    instance: alike,
    shape: alike,
    requestId: fc.constantFrom('a', 'abcd', 'abcdefghi'),
    calls: fc.array(alikeCall, { maxLength: 3 }),
  },
  { requiredKeys: ['timeMs', 'function'] },
);

test('a record means the same alone and behind others in a batch', () => {
  const builder = new BatchBuilder();
  fc.assert(
    fc.property(fc.array(alikeRecord, { maxLength: 12 }), fc.nat(11), (records, dropped) => {
      const lines = records.map((fields) => Buffer.from(encodeWireRecord(fields)));
      const origin = builder.addOrigin({ name: 'test', from: 0, to: 0, sha256: '' });
      const sink = { builder: () => builder, origin, reject: assert.fail, note: assert.fail };
      const context = { sink, defaults: TEST_DEFAULTS, tokens: TEST_TOKENS };
      for (const [at, line] of lines.entries()) {
        decoder.decode(line, { start: 0, end: line.length, originOffset: 0, line: 1 }, context);
        if (at !== dropped) continue;
        // A row that is taken back leaves nothing behind for the rows after it.
        builder.begin('sensor', 0, 'gait');
        builder.symbol('function', 'aws:1:2:pay');
        builder.symbol('revision', 'abcd');
        builder.call({ verb: 'abcd', resource: 'xbcd' });
        builder.drop();
      }
      const alone = lines.flatMap((line) => rowsOf(decodeRecord(decoder, line).batch));
      assert.deepEqual(rowsOf(builder.finish()), alone);
    }),
    { numRuns: RUNS, seed: SEED },
  );
});
