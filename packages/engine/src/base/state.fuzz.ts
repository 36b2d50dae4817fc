import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { EngineError } from './errors.ts';
import { StateReader, StateWriter } from './state.ts';

const SEED = 5_511;
const RUNS = Number(process.env['GAIT_SEEDS'] ?? 150);

/** Any text without a lone surrogate, which UTF-8 cannot hold. */
const text = fc.string({ unit: 'binary', maxLength: 40 });
const part = fc.oneof(
  fc.record({ type: fc.constant('u32' as const), value: fc.nat(0xffff_ffff) }),
  fc.record({ type: fc.constant('f64' as const), value: fc.double() }),
  fc.record({ type: fc.constant('text' as const), value: text }),
  fc.record({ type: fc.constant('bytes' as const), value: fc.uint8Array({ maxLength: 50 }) }),
  fc.record({ type: fc.constant('u32Array' as const), value: fc.uint32Array({ maxLength: 20 }) }),
  fc.record({ type: fc.constant('f64Array' as const), value: fc.float64Array({ maxLength: 20 }) }),
  fc.record({ type: fc.constant('json' as const), value: fc.jsonValue() }),
);
type Part = typeof part extends fc.Arbitrary<infer P> ? P : never;

function write(parts: readonly Part[]): Uint8Array<ArrayBuffer> {
  const out = new StateWriter();
  for (const one of parts) {
    if (one.type === 'u32' || one.type === 'f64') out[one.type](one.value);
    else if (one.type === 'text') out.text(one.value);
    else if (one.type === 'json') out.json(one.value);
    else if (one.type === 'u32Array') out.u32Array(one.value);
    else if (one.type === 'f64Array') out.f64Array(one.value);
    else out.bytes(one.value);
  }
  return out.finish();
}

function read(bytes: Uint8Array, parts: readonly Part[]): unknown[] {
  const from = new StateReader(bytes);
  const values = parts.map((one) => from[one.type]());
  from.expect(from.done, 'rest');
  return values;
}

describe('saved state', () => {
  it('reads back as it was written, in the same order', () => {
    const property = fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
      const values = read(write(parts), parts);
      for (const [at, one] of parts.entries()) {
        // JSON knows no minus zero.
        if (one.type === 'json') assert.deepEqual(values[at], JSON.parse(JSON.stringify(one.value)));
        else assert.deepEqual(values[at], one.value);
      }
    });
    fc.assert(property, { seed: SEED, numRuns: RUNS });
  });

  it('is refused when cut at any byte', () => {
    const property = fc.property(fc.array(part, { minLength: 1, maxLength: 6 }), (parts) => {
      const bytes = write(parts);
      for (let length = 0; length < bytes.length; length++) {
        assert.throws(() => read(bytes.subarray(0, length), parts), EngineError, `cut at ${length}`);
      }
    });
    fc.assert(property, { seed: SEED, numRuns: 40 });
  });

  it('fails only in the expected way on any bytes', () => {
    const property = fc.property(fc.uint8Array({ maxLength: 80 }), fc.array(part, { maxLength: 6 }), (bytes, parts) => {
      try {
        read(bytes, parts);
      } catch (error) {
        assert.ok(error instanceof EngineError, String(error));
      }
    });
    fc.assert(property, { seed: SEED, numRuns: RUNS * 4 });
  });

  it('reads from any view of memory, such as the buffers of files and inflaters', () => {
    const property = fc.property(fc.array(part, { maxLength: 8 }), fc.nat(20), (parts, offset) => {
      const bytes = write(parts);
      const expected = read(bytes, parts);
      const around = Buffer.alloc(offset + bytes.length + 5, 0xee);
      around.set(bytes, offset);
      assert.deepEqual(read(around.subarray(offset, offset + bytes.length), parts), expected);
      assert.deepEqual(read(new Uint8Array(around.buffer, around.byteOffset + offset, bytes.length), parts), expected);
    });
    fc.assert(property, { seed: SEED, numRuns: RUNS });
  });

  it('gives copies that stay as they are', () => {
    const bytes = write([{ type: 'bytes', value: Uint8Array.from([1, 2, 3]) }]);
    const value = new StateReader(bytes).bytes();
    bytes.fill(0);
    assert.deepEqual([...value], [1, 2, 3]);
  });

  it('grows with what is written', () => {
    const out = new StateWriter();
    const large = new Uint8Array(3_000_000).fill(7);
    out.text('before');
    out.bytes(large);
    out.u32(9);
    const from = new StateReader(out.finish());
    assert.equal(from.text(), 'before');
    assert.deepEqual(from.bytes(), large);
    assert.equal(from.u32(), 9);
    assert.ok(from.done);
  });
});
