import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { EngineError } from '../base/errors.ts';
import { Batch, type BatchColumns } from './batch.ts';
import { BatchBuilder } from './batch-builder.ts';
import { CONTROL_BYTES_MAX, decodeBatch, decodeRecord, encodeBatch, encodeRecord } from './codec.ts';
import { CONTROL_TEXT_CHARS_MAX, controlText, parseControl, RESPONSE_CONTENT_CHARS_MAX } from './control.ts';
import type { Control } from './record.ts';
import { IDS, NUMBERS, SYMBOLS } from './schema.ts';
import { seededBatch } from './seeded-batch.ts';
import { sliceBatch } from './slice.ts';

const sample = () => seededBatch({ seed: 7, rows: 50, startMs: 1_700_000_000_000 });

const CONTROLS: readonly Control[] = [
  { kind: 'genesis', seed: [1, 0xffff_ffff], originMs: 1_700_000_000_000, tempoMs: 86_400_000, schema: 1 },
  { kind: 'training-span', fromMs: 1, toMs: 2, by: 'ann' },
  { kind: 'feedback', finding: '00ff00ff00ff00ff', verdict: 'undo', by: 'büro “ann” 😀' },
  { kind: 'incident-state', incident: 'i-1', state: 'closed-expected', by: '' },
  { kind: 'erasure', principal: 'person_0011223344556677', by: 'ann' },
  {
    kind: 'response',
    response: 'r00ff00ff00ff00ff',
    incident: 'i00ff00ff00ff00ff',
    function: 'aws:123456789012:eu-west-1:pay',
    step: 'throttle',
    state: 'acting',
    atMs: 1_700_000_000_000,
    by: 'ann',
    content: '{"before":null,"after":"0"}',
  },
];

function damaged(action: () => unknown): void {
  assert.throws(action, (error) => error instanceof EngineError && error.code === 'GAIT_BATCH_DAMAGED');
}

/** The sample with some columns replaced, as somebody might write it by hand. */
function withColumns(change: (columns: BatchColumns) => Partial<BatchColumns>): Batch {
  const { columns } = sample();
  return new Batch({ ...columns, ...change(columns) });
}

/** Rewrites the column directory of encoded bytes, keeping its length by padding with spaces. */
function withDirectory(bytes: Uint8Array, rewrite: (text: string) => string): Uint8Array {
  const out = bytes.slice();
  const length = new DataView(out.buffer).getUint32(12, true);
  const text = rewrite(Buffer.from(out.subarray(16, 16 + length)).toString());
  assert.ok(text.length <= length, 'the rewritten directory fits');
  out.set(Buffer.from(text.padEnd(length)), 16);
  return out;
}

describe('batch codec', () => {
  it('gives back every column as it was', () => {
    const batch = sample();
    assert.deepEqual(decodeBatch(encodeBatch(batch)).columns, batch.columns);
  });

  it('gives back an empty batch, and a batch without calls', () => {
    const builder = new BatchBuilder();
    assert.deepEqual(decodeBatch(encodeBatch(builder.finish())).rows, 0);
    builder.begin('audit', 5, 'test');
    builder.end();
    const batch = builder.finish();
    assert.deepEqual(decodeBatch(encodeBatch(batch)).columns, batch.columns);
  });

  it('reads bytes that are not aligned in memory', () => {
    const batch = sample();
    const encoded = encodeBatch(batch);
    const shifted = new Uint8Array(encoded.length + 3);
    shifted.set(encoded, 3);
    assert.deepEqual(decodeBatch(shifted.subarray(3)).columns, batch.columns);
    assert.deepEqual(decodeBatch(Buffer.from(shifted.buffer, 3)).columns, batch.columns);
    assert.deepEqual(decodeBatch(Buffer.from(encoded.buffer)).columns, batch.columns);
  });

  it('makes views, not copies', () => {
    const encoded = encodeBatch(sample());
    assert.equal(decodeBatch(encoded).columns.eventMs.buffer, encoded.buffer);
  });

  it('keeps columns it does not know and writes them back', () => {
    const extra = new Map([['futureMs', { type: 'f16', bytes: new Uint8Array([1, 2, 3]) }]]);
    const batch = withColumns(() => ({ extra }));
    const again = decodeBatch(encodeBatch(decodeBatch(encodeBatch(batch))));
    assert.deepEqual([...again.columns.extra], [...extra]);
  });

  it('has a different name for each column', () => {
    const names = [
      'receivedMs',
      'eventMs',
      'kind',
      'trust',
      'flags',
      'source',
      'origin',
      ...NUMBERS,
      ...SYMBOLS,
      ...IDS,
    ];
    assert.equal(new Set(names).size, names.length);
  });

  it('does not write what it could not read', () => {
    damaged(() => encodeBatch(withColumns(({ eventMs }) => ({ eventMs: eventMs.with(3, Number.POSITIVE_INFINITY) }))));
    damaged(() => encodeBatch(withColumns(({ eventMs }) => ({ eventMs: eventMs.with(3, Number.NaN) }))));
    damaged(() => encodeBatch(withColumns(({ kind }) => ({ kind: kind.with(0, 200) }))));
    damaged(() => encodeBatch(withColumns(({ trust }) => ({ trust: trust.with(0, 6) }))));
    damaged(() => encodeBatch(withColumns(({ source }) => ({ source: source.with(0, 1e6) }))));
    damaged(() => encodeBatch(withColumns(({ origin }) => ({ origin: origin.with(0, 1) }))));
    damaged(() => encodeBatch(withColumns(({ flags }) => ({ flags: flags.subarray(1) }))));
    damaged(() => encodeBatch(withColumns(({ calls }) => ({ calls: { ...calls, start: calls.start.with(4, 0) } }))));
    damaged(() => encodeBatch(withColumns(({ calls }) => ({ calls: { ...calls, verb: calls.verb.with(0, 1e6) } }))));
    damaged(() =>
      encodeBatch(withColumns(({ strings }) => ({ strings: { ...strings, starts: strings.starts.with(1, 9) } }))),
    );
  });

  it('refuses a batch of a newer schema with a code of its own', () => {
    const encoded = encodeBatch(sample());
    new DataView(encoded.buffer).setUint32(4, 2, true);
    assert.throws(
      () => decodeBatch(encoded),
      (error) => error instanceof EngineError && error.code === 'GAIT_SCHEMA_NEWER',
    );
  });

  it('refuses too many rows, a wrong magic word and schema 0', () => {
    for (const [at, value] of [
      [0, 1],
      [4, 0],
      [8, 4097],
      [12, 0xffff_ffff],
    ]) {
      const encoded = encodeBatch(sample());
      new DataView(encoded.buffer).setUint32(at, value, true);
      damaged(() => decodeBatch(encoded));
    }
  });

  it('refuses a column directory that lies', () => {
    const encoded = encodeBatch(sample());
    for (const rewrite of [
      (text: string) => text.replace('"receivedMs","f64",0', '"receivedMs","f64",8'),
      (text: string) => text.replace('"receivedMs"', '"eventMs"'),
      (text: string) => text.replace('"receivedMs"', '"other"'),
      (text: string) => text.replace('"f64"', '"u32"'),
      (text: string) => text.replace(',400]', ',-8]'),
      (text: string) => text.replace(',400]', ']'),
      () => '{}',
      () => '[[]]',
      () => '[',
    ]) {
      damaged(() => decodeBatch(withDirectory(encoded, rewrite)));
    }
  });

  it('carries a column named __proto__ like any other', () => {
    const batch = withColumns(() => ({ extra: new Map([['__proto__', { type: 'u8', bytes: new Uint8Array(50) }]]) }));
    assert.deepEqual([...decodeBatch(encodeBatch(batch)).columns.extra.keys()], ['__proto__']);
  });
});

describe('record codec', () => {
  it('gives back controls and ticks', () => {
    for (const control of CONTROLS) {
      const record = { type: 'control', receivedMs: 1.5, control } as const;
      assert.deepEqual(decodeRecord(encodeRecord(record)), record);
    }
    const tick = { type: 'tick', throughMs: 1_700_000_000_999 } as const;
    assert.deepEqual(decodeRecord(encodeRecord(tick)), tick);
    const read = decodeRecord(encodeRecord({ type: 'observation', batch: sample() }));
    assert.ok(read.type === 'observation' && read.batch.rows === 50);
  });

  it('refuses controls with missing, unknown, wrong or hostile fields', () => {
    for (const text of [
      'null',
      '[]',
      '{"kind":"other"}',
      '{"kind":"__proto__"}',
      '{"kind":"erasure","principal":"p"}',
      '{"kind":"erasure","principal":"p","by":7}',
      '{"kind":"erasure","principal":"p","by":"b","__proto__":{"x":1}}',
      '{"__proto__":{"kind":"erasure","principal":"p","by":"b"}}',
      '{"kind":"feedback","finding":"f","verdict":"maybe","by":"b"}',
      '{"kind":"genesis","seed":[1],"originMs":1,"tempoMs":1,"schema":1}',
      '{"kind":"genesis","seed":[1,-1],"originMs":1,"tempoMs":1,"schema":1}',
      '{"kind":"genesis","seed":[1,1],"originMs":1,"tempoMs":0,"schema":1}',
      `{"kind":"erasure","principal":"${'p'.repeat(1025)}","by":"b"}`,
      '{"kind":"erasure","principal":"\\ud800","by":"b"}',
      controlText(CONTROLS[5]).replace('acting', 'thinking'),
      controlText(CONTROLS[5]).replace('"throttle"', 'null'),
      controlText(CONTROLS[5]).replace('"by"', '"of"'),
      JSON.stringify({ ...CONTROLS[5], content: 'x'.repeat(RESPONSE_CONTENT_CHARS_MAX + 1) }),
    ]) {
      damaged(() => parseControl(JSON.parse(text)));
    }
  });

  it('gives back the transition of a response with every text at its limit, of characters that take six bytes', () => {
    const text = '\u0001'.repeat(CONTROL_TEXT_CHARS_MAX);
    const control: Control = {
      kind: 'response',
      response: text,
      incident: text,
      function: text,
      step: text,
      state: 'step-planned',
      atMs: 1,
      by: text,
      content: '\u0001'.repeat(RESPONSE_CONTENT_CHARS_MAX),
    };
    const record = { type: 'control', receivedMs: 1, control } as const;
    assert.deepEqual(decodeRecord(encodeRecord(record)), record);
  });

  it('refuses control bytes that are not canonical or not text', () => {
    const control = CONTROLS[4];
    const encoded = encodeRecord({ type: 'control', receivedMs: 1, control });
    const loose = Buffer.concat([encoded.subarray(0, 16), Buffer.from(` ${controlText(control)}`)]);
    damaged(() => decodeRecord(loose));
    damaged(() => decodeRecord(Buffer.concat([encoded, Buffer.from([0xff])])));
    damaged(() => decodeRecord(Buffer.concat([encoded, Buffer.alloc(CONTROL_BYTES_MAX, 0x20)])));
  });

  it('refuses stamps that are not numbers and ticks with a tail', () => {
    const encoded = encodeRecord({ type: 'tick', throughMs: 1 });
    damaged(() => decodeRecord(Buffer.concat([encoded, Buffer.from([0])])));
    new DataView(encoded.buffer).setFloat64(8, Number.NaN, true);
    damaged(() => decodeRecord(encoded));
  });
});

describe('slice of a batch', () => {
  it('has the cells of the remaining rows, at every place', () => {
    const batch = sample();
    for (let from = 0; from <= batch.rows; from++) {
      const slice = decodeBatch(encodeBatch(sliceBatch(batch, from)));
      assert.equal(slice.rows, batch.rows - from);
      for (let row = 0; row < slice.rows; row++) {
        assert.equal(slice.idText(row, 'requestId'), `7-${from + row}`);
        assert.equal(slice.symbolText(row, 'function'), batch.symbolText(from + row, 'function'));
        assert.equal(slice.number(row, 'durationMs'), batch.number(from + row, 'durationMs'));
        const { calls } = slice.columns;
        const whole = batch.columns.calls;
        assert.deepEqual(
          calls.spanLo.subarray(calls.start[row], calls.start[row + 1]),
          whole.spanLo.subarray(whole.start[from + row], whole.start[from + row + 1]),
        );
      }
    }
  });

  it('keeps extra columns with one cell a row and leaves out others', () => {
    const extra = new Map([
      ['a', { type: 'u16', bytes: new Uint8Array(100).fill(3, 98) }],
      ['b', { type: 'odd', bytes: new Uint8Array(100) }],
    ]);
    const slice = sliceBatch(
      withColumns(() => ({ extra })),
      49,
    );
    assert.deepEqual([...slice.columns.extra], [['a', { type: 'u16', bytes: new Uint8Array([3, 3]) }]]);
  });
});
