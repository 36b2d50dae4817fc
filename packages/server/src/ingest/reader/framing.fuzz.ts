import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { DocumentFraming } from './documents.ts';
import { type Framing, Records } from './framing.ts';
import { LineFraming } from './lines.ts';

const RUNS = Number(process.env['GAIT_SEEDS'] ?? 1000);
const SEED = 20_262;

/** Records and places over the limit, as the reader sees them when the input comes in blocks of some bytes. */
function cut(framing: Framing, input: Buffer, blockBytes: number): readonly string[] {
  const found: string[] = [];
  const records = new Records();
  let waiting = Buffer.alloc(0);
  for (let at = 0; ; at += blockBytes) {
    const last = at >= input.length;
    waiting = Buffer.concat([waiting, input.subarray(at, at + blockBytes)]);
    records.clear();
    const used = framing.split(waiting, last, records);
    assert.ok(used >= 0 && used <= waiting.length);
    for (let i = 0; i < records.count; i++) {
      assert.ok(records.start[i] < records.end[i] && records.end[i] <= used);
      found.push(`${records.line[i]}: ${waiting.toString('latin1', records.start[i], records.end[i])}`);
    }
    found.push(...records.tooLarge.map((line) => `${line}: too large`));
    waiting = waiting.subarray(used);
    if (last) return found;
  }
}

/** What trips over itself: brackets, quotes, escapes and line ends in any order. */
const splinters = fc
  .array(fc.constantFrom('{', '}', '[', ']', '"', '\\', '\n', '\r\n', ',', ' ', 'a', '1', '{"a":1}', '\n{"b":2}\n'), {
    maxLength: 40,
  })
  .map((parts) => Buffer.from(parts.join('')));
const blockBytes = fc.integer({ min: 1, max: 30 });
const order = (records: readonly string[]) => [...records].sort();

suite('records', () => {
  test('of documents do not depend on how the input is divided into blocks', () => {
    let several = 0;
    fc.assert(
      fc.property(splinters, blockBytes, (input, bytes) => {
        const whole = cut(new DocumentFraming(), input, input.length + 1);
        assert.deepEqual(cut(new DocumentFraming(), input, bytes), whole);
        if (whole.length > 1) several++;
      }),
      { numRuns: RUNS, seed: SEED },
    );
    assert.ok(several > RUNS / 4, `${several} inputs of several records`);
  });

  test('of lines do not depend on it either, nor do those that are skipped', () => {
    fc.assert(
      fc.property(splinters, blockBytes, (input, bytes) => {
        const whole = cut(new LineFraming(12), input, input.length + 1);
        assert.deepEqual(order(cut(new LineFraming(12), input, bytes)), order(whole));
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });

  test('of documents hold every byte that is not white space or a comma', () => {
    fc.assert(
      fc.property(splinters, blockBytes, (input, bytes) => {
        const content = (text: string) => text.replace(/[\s,]/g, '');
        const records = cut(new DocumentFraming(), input, bytes).map((record) => record.replace(/^\d+: /, ''));
        assert.equal(content(records.join('')), content(input.toString('latin1')));
      }),
      { numRuns: RUNS, seed: SEED },
    );
  });
});
