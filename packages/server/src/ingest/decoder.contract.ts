import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Batch } from '@gait/engine/event/batch';
import { BatchBuilder } from '@gait/engine/event/batch-builder';
import { FACETS, IDS, NUMBERS, SYMBOLS } from '@gait/engine/event/schema';
import { type Decoder, type DecodeSink, REJECTS, type RejectReason, type SourceDefaults } from './decoder.ts';
import { JSON_BYTES_MAX } from './json-document.ts';
import type { Tokens } from './tokens.ts';

/** What a decoder made of one record. */
export interface Decoded {
  readonly batch: Batch;
  readonly rejects: readonly { readonly reason: RejectReason; readonly detail: string; readonly line: number }[];
  readonly notes: readonly string[];
}

/** A row as an object, absent cells left out, for comparison in tests. */
export interface DecodedRow {
  readonly [field: string]: unknown;
}

/** Account and region of the tests, and a clock that stands at the end of 2026. */
export const TEST_DEFAULTS: SourceDefaults = {
  provider: 'aws',
  account: '123456789012',
  region: 'eu-west-1',
  newestMs: Date.UTC(2027, 0, 1),
};

/** Tokens that show what was tokenised. */
export const TEST_TOKENS: Tokens = {
  epoch: 0,
  person: (value) => (value === '' ? '' : `person<${value}>`),
  network: (address) => (/^[\d.]+$/.test(address) ? `net<${address}>` : ''),
};

/** Feeds one record, given as text, bytes or as a value that is written as JSON. */
export function decodeRecord(decoder: Decoder, record: unknown, defaults: Partial<SourceDefaults> = {}): Decoded {
  const text = typeof record === 'string' ? record : JSON.stringify(record);
  return decodeBytes(decoder, record instanceof Uint8Array ? record : new TextEncoder().encode(text), defaults);
}

/** Rows of a batch as objects, in order. */
export function rowsOf(batch: Batch): readonly DecodedRow[] {
  return Array.from({ length: batch.rows }, (_, row) => rowOf(batch, row));
}

/**
 * What every decoder of JSON or text promises whatever it is fed: it never throws, rejects only for reasons of the
 * closed list, makes only well-formed rows, and gives the same answer twice. `samples` are records that decode without
 * a reject.
 */
export function decoderContract(
  decoder: Decoder,
  samples: ReadonlyMap<string, unknown>,
  defaults: Partial<SourceDefaults> = {},
): void {
  const decode = (record: unknown) => decodeRecord(decoder, record, defaults);
  suite(`decoder: ${decoder.format}`, () => {
    for (const [name, sample] of samples) {
      test(`${name} decodes without a reject, twice alike, from any place in a buffer`, () => {
        const first = decode(sample);
        assert.deepEqual(first.rejects, []);
        assert.deepEqual(rowsOf(decode(sample).batch), rowsOf(first.batch));
        const text = typeof sample === 'string' ? sample : JSON.stringify(sample);
        const bytes = new TextEncoder().encode(text);
        const shifted = new Uint8Array(bytes.length + 20).fill(0x7b);
        shifted.set(bytes, 7);
        assert.deepEqual(
          rowsOf(decodeBytes(decoder, shifted, defaults, [7, 7 + bytes.length]).batch),
          rowsOf(first.batch),
        );
      });

      test(`${name} cut at any byte neither throws nor makes a malformed row`, () => {
        const text = typeof sample === 'string' ? sample : JSON.stringify(sample);
        const bytes = new TextEncoder().encode(text);
        for (let end = 0; end < bytes.length; end++) assertWellFormed(decode(bytes.subarray(0, end)));
      });

      test(`${name} survives any of its values being of another type`, () => {
        if (typeof sample === 'string') return;
        for (const changed of withOtherTypes(sample)) assertWellFormed(decode(changed));
      });

      test(`${name} means the same with hostile extra keys`, () => {
        if (typeof sample === 'string') return;
        const plain = rowsOf(decode(sample).batch);
        const hostile = decode(withHostileKeys(sample));
        assert.deepEqual(rowsOf(hostile.batch), plain);
        assert.equal(Reflect.get({}, 'polluted'), undefined);
      });
    }

    for (const [open, close] of [
      ['[', ']'],
      ['{"a":', '}'],
    ]) {
      test(`ten thousand levels of ${open} make no row and exhaust no stack`, () => {
        const decoded = decode(`${open.repeat(10_000)}1${close.repeat(10_000)}`);
        assertWellFormed(decoded);
        assert.equal(decoded.batch.rows, 0);
      });
    }

    for (const junk of [
      '',
      ' ',
      'null',
      '0',
      '"x"',
      '[]',
      '{}',
      '[null]',
      '[[[[[[[[[[[[1]]]]]]]]]]]]',
      '\ufeff{}',
      '{',
      '\0',
    ]) {
      test(`${JSON.stringify(junk)} makes no row`, () => {
        const decoded = decode(junk);
        assertWellFormed(decoded);
        assert.equal(decoded.batch.rows, 0);
      });
    }

    test('a record over the size limit is rejected before it is read', () => {
      const { batch, rejects } = decodeBytes(decoder, new Uint8Array(10), defaults, [0, JSON_BYTES_MAX + 1]);
      assert.equal(batch.rows, 0);
      assert.deepEqual(
        rejects.map((reject) => reject.reason),
        ['too-large'],
      );
    });

    test('bytes that are not UTF-8 make no row and do not throw', () => {
      const decoded = decode(new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]));
      assertWellFormed(decoded);
      assert.equal(decoded.batch.rows, 0);
    });
  });
}

/** Asserts what holds for everything that comes out of a decoder. */
export function assertWellFormed(decoded: Decoded): void {
  for (const { reason } of decoded.rejects) assert.ok(Object.hasOwn(REJECTS, reason), reason);
  const { columns } = decoded.batch;
  for (let row = 0; row < decoded.batch.rows; row++) {
    const time = columns.eventMs[row];
    assert.ok(Number.isNaN(time) || (time > 946_684_000_000 && time <= TEST_DEFAULTS.newestMs), `time ${time}`);
    for (const field of NUMBERS) {
      const value = decoded.batch.number(row, field);
      assert.ok(Number.isNaN(value) || value >= 0, `${field} is ${value}`);
    }
    const owner = decoded.batch.symbolText(row, 'function');
    if (owner !== '') assert.match(owner, /^[a-z]+:[^:]+:[^:]+:./);
  }
}

/** Every version of a value in which one leaf or branch is replaced by a value of another type. */
export function* withOtherTypes(value: unknown): Generator<unknown> {
  for (const other of [null, true, -1, 1e308, '', 'x', [], {}, [[]]]) yield other;
  if (Array.isArray(value)) {
    for (const [at, item] of value.entries()) {
      for (const changed of withOtherTypes(item)) yield value.with(at, changed);
    }
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value)) {
      for (const changed of withOtherTypes(item)) yield { ...value, [key]: changed };
    }
  }
}

/** JSON text of a value in which every object has keys that a careless reader would take for something else. */
function withHostileKeys(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(withHostileKeys).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).map(([key, item]) => `,${JSON.stringify(key)}:${withHostileKeys(item)}`);
  return `{"__proto__":{"polluted":1},"constructor":1${entries.join('')}}`;
}

/** One for all tests: it is as large as a batch may get. `finish` empties it. */
const builder = new BatchBuilder();

function decodeBytes(
  decoder: Decoder,
  bytes: Uint8Array,
  defaults: Partial<SourceDefaults>,
  range: readonly [number, number] = [0, bytes.length],
): Decoded {
  const rejects: Decoded['rejects'][number][] = [];
  const notes: string[] = [];
  const origin = builder.addOrigin({ name: 'test', from: 0, to: bytes.length, sha256: '' });
  const sink: DecodeSink = {
    builder: () => builder,
    origin,
    reject: (reason, detail, line = 0) => void rejects.push({ reason, detail, line }),
    note: (name) => void notes.push(name),
  };
  const context = { sink, defaults: { ...TEST_DEFAULTS, ...defaults }, tokens: TEST_TOKENS };
  decoder.decode(bytes, { start: range[0], end: range[1], originOffset: 0, line: 1 }, context);
  return { batch: builder.finish(), rejects, notes };
}

function rowOf(batch: Batch, row: number): DecodedRow {
  const { columns } = batch;
  const cells: [string, unknown][] = [
    ['kind', FACETS[columns.kind[row]]],
    ['eventMs', columns.eventMs[row]],
    ['flags', columns.flags[row]],
    ['trust', columns.trust[row]],
  ];
  for (const field of NUMBERS) {
    const value = batch.number(row, field);
    if (!Number.isNaN(value)) cells.push([field, value]);
  }
  for (const field of SYMBOLS) if (batch.symbol(row, field) !== 0) cells.push([field, batch.symbolText(row, field)]);
  for (const field of IDS) if (batch.idText(row, field) !== '') cells.push([field, batch.idText(row, field)]);
  const calls = callsOf(batch, row);
  if (calls.length > 0) cells.push(['calls', calls]);
  return Object.fromEntries(cells);
}

function callsOf(batch: Batch, row: number): readonly DecodedRow[] {
  const { calls } = batch.columns;
  const found: DecodedRow[] = [];
  for (let at = calls.start[row]; at < calls.start[row + 1]; at++) {
    const span = calls.spanHi[at].toString(16).padStart(8, '0') + calls.spanLo[at].toString(16).padStart(8, '0');
    const cells: [string, unknown][] = [
      ['verb', batch.text(calls.verb[at])],
      ['resource', batch.text(calls.resource[at])],
      ['destination', batch.text(calls.destination[at])],
      ['status', calls.status[at]],
      ['bytesIn', calls.bytesIn[at]],
      ['offsetMs', calls.offsetMs[at]],
      ['durationMs', calls.durationMs[at]],
      ['spanId', /^0+$/.test(span) ? '' : span],
    ];
    found.push(Object.fromEntries(cells.filter(([, value]) => value !== '' && value !== 0 && !Number.isNaN(value))));
  }
  return found;
}
