import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { EngineError } from '../base/errors.ts';
import { BatchBuilder } from './batch-builder.ts';
import { decodeRecord, encodeRecord } from './codec.ts';
import type { LogRecord } from './record.ts';
import { FACETS, IDS, NUMBERS, SYMBOLS } from './schema.ts';
import { seededBatch } from './seeded-batch.ts';

const SEED = 20_240;
const RUNS = Number(process.env['GAIT_SEEDS'] ?? 60);

/** Decodes, and lets only expected failures pass. */
function decodes(bytes: Uint8Array): LogRecord | undefined {
  try {
    return decodeRecord(bytes);
  } catch (error) {
    assert.ok(error instanceof EngineError, `an unexpected ${String(error)}`);
    return undefined;
  }
}

const RECORDS: readonly LogRecord[] = [
  { type: 'observation', batch: seededBatch({ seed: 3, rows: 6, startMs: 1e12 }) },
  { type: 'control', receivedMs: 5, control: { kind: 'feedback', finding: 'f', verdict: 'expected', by: 'ann' } },
  { type: 'tick', throughMs: 77 },
];

describe('damaged records', () => {
  it('are refused when cut at any byte', () => {
    for (const record of RECORDS) {
      const encoded = encodeRecord(record);
      for (let length = 0; length < encoded.length; length++) {
        assert.equal(decodes(encoded.slice(0, length)), undefined, `${record.type} cut at ${length}`);
      }
    }
  });

  it('fail only in the expected way, whichever bit is flipped', () => {
    for (const record of RECORDS) {
      const encoded = encodeRecord(record);
      for (let bit = 0; bit < encoded.length * 8; bit++) {
        encoded[bit >> 3] ^= 1 << (bit & 7);
        const read = decodes(encoded);
        if (read?.type === 'observation') readAll(read);
        encoded[bit >> 3] ^= 1 << (bit & 7);
      }
    }
  });

  it('fail only in the expected way when random bytes are put anywhere', () => {
    const encoded = encodeRecord(RECORDS[0]);
    const place = fc.tuple(fc.nat(encoded.length - 1), fc.uint8Array({ maxLength: 16 }));
    fc.assert(
      fc.property(fc.array(place, { maxLength: 6 }), (places) => {
        const bytes = encoded.slice();
        for (const [at, patch] of places) bytes.set(patch.subarray(0, bytes.length - at), at);
        decodes(bytes);
      }),
      { seed: SEED, numRuns: RUNS * 10 },
    );
  });
});

describe('any record', () => {
  const text = fc.string({ maxLength: 700, unit: 'binary' });
  const row = fc.record({
    kind: fc.constantFrom(...FACETS),
    eventMs: fc.integer({ min: 0, max: 4e12 }),
    numbers: fc.array(fc.tuple(fc.constantFrom(...NUMBERS), fc.double()), { maxLength: 6 }),
    symbols: fc.array(fc.tuple(fc.constantFrom(...SYMBOLS), text), { maxLength: 6 }),
    ids: fc.array(fc.tuple(fc.constantFrom(...IDS), text), { maxLength: 3 }),
    calls: fc.array(
      fc.record({ verb: text, resource: text, destination: text, bytesOut: fc.double(), durationMs: fc.double() }),
      { maxLength: 5 },
    ),
  });

  it('comes back as it was written, bytes and all', () => {
    fc.assert(
      fc.property(fc.array(row, { maxLength: 20 }), (rows) => {
        const builder = new BatchBuilder();
        builder.addOrigin({ name: 'file', from: 0, to: 10, sha256: 'ab' });
        for (const fields of rows) {
          builder.begin(fields.kind, fields.eventMs, 'fuzz');
          for (const [name, value] of fields.numbers) builder.number(name, value);
          for (const [name, value] of fields.symbols) builder.symbol(name, value);
          for (const [name, value] of fields.ids) builder.id(name, value);
          for (const call of fields.calls) builder.call(call);
          builder.end();
        }
        const record = { type: 'observation', batch: builder.finish() } as const;
        const encoded = encodeRecord(record);
        const read = decodeRecord(encoded);
        assert.ok(read.type === 'observation');
        assert.deepEqual(read.batch.columns, record.batch.columns);
        assert.deepEqual(encodeRecord(read), encoded);
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });
});

/** Touches every cell that a reader may touch. */
function readAll(record: Extract<LogRecord, { type: 'observation' }>): void {
  const { batch } = record;
  for (let symbol = 0; symbol < batch.symbolCount; symbol++) batch.text(symbol);
  for (let row = 0; row < batch.rows; row++) for (const name of IDS) batch.idText(row, name);
}
