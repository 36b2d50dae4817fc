import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { DocumentFraming } from './documents.ts';
import { type Framing, Records } from './framing.ts';
import { LineFraming } from './lines.ts';
import { WholeFraming } from './whole.ts';

/** What a framing made of an input: records with their first lines, and lines of records over the limit. */
interface Cut {
  readonly records: readonly string[];
  readonly lines: readonly number[];
  readonly tooLarge: readonly number[];
}

/** Shows an input to a framing in blocks of some bytes, as the reader does. */
function cut(framing: Framing, text: string, blockBytes = text.length): Cut {
  const input = Buffer.from(text);
  const found = { records: [] as string[], lines: [] as number[], tooLarge: [] as number[] };
  const records = new Records();
  let waiting = Buffer.alloc(0);
  for (let at = 0; ; at += blockBytes) {
    const last = at >= input.length;
    waiting = Buffer.concat([waiting, input.subarray(at, at + blockBytes)]);
    records.clear();
    const used = framing.split(waiting, last, records);
    for (let i = 0; i < records.count; i++) {
      found.records.push(waiting.toString('utf8', records.start[i], records.end[i]));
      found.lines.push(records.line[i]);
    }
    found.tooLarge.push(...records.tooLarge);
    waiting = waiting.subarray(used);
    if (last) break;
  }
  assert.equal(waiting.length, 0, 'everything is used up at the end');
  return found;
}

/** Cuts an input whole and in blocks of every size; all must agree. */
function cutAnyhow(make: () => Framing, text: string): Cut {
  const whole = cut(make(), text);
  for (let bytes = 1; bytes < Buffer.byteLength(text); bytes++) {
    assert.deepEqual(cut(make(), text, bytes), whole, `in blocks of ${bytes}`);
  }
  return whole;
}

suite('lines', () => {
  const lines = (text: string, bytesMax?: number) => cutAnyhow(() => new LineFraming(bytesMax), text);

  test('are records, numbered from 1, with LF and CR LF, with and without a last line end', () => {
    const expected = { records: ['a', 'b', 'c'], lines: [1, 2, 4], tooLarge: [] };
    assert.deepEqual(lines('a\nb\n\nc\n'), expected);
    assert.deepEqual(lines('a\r\nb\r\n \t\r\nc'), expected);
  });

  test('lose white space around them', () => {
    assert.deepEqual(lines('  a b \t\n').records, ['a b']);
  });

  test('an empty or blank input has none', () => {
    assert.deepEqual(lines('').records, []);
    assert.deepEqual(lines('\n \r\n\n').records, []);
  });

  test('over the limit are counted once and skipped, at the beginning, in the middle and at the end', () => {
    const long = 'x'.repeat(20);
    assert.deepEqual(lines(`${long}\na\n${long}\nb\n${long}`, 10), {
      records: ['a', 'b'],
      lines: [2, 4],
      tooLarge: [1, 3, 5],
    });
    assert.deepEqual(lines(`${'y'.repeat(10)}\n`, 10).records, ['y'.repeat(10)]);
  });

  test('a line without end is not kept in memory', () => {
    const framing = new LineFraming(1000);
    const records = new Records();
    const block = Buffer.alloc(600, 'x');
    assert.equal(framing.split(block, false, records), 0);
    assert.equal(framing.split(Buffer.concat([block, block]), false, records), 1200);
    for (let at = 0; at < 100; at++) assert.equal(framing.split(block, false, records), 600);
    assert.deepEqual(records.tooLarge, [1]);
  });
});

suite('documents', () => {
  const documents = (text: string, bytesMax?: number) => cutAnyhow(() => new DocumentFraming(bytesMax), text);

  test('one document is one record, however it is printed', () => {
    assert.deepEqual(documents('{"a":[1,{"b":2}]}').records, ['{"a":[1,{"b":2}]}']);
    const pretty = '{\n  "a": [\n    1,\n    {"b": 2}\n  ]\n}';
    assert.deepEqual(documents(`\n${pretty}\n`), { records: [pretty], lines: [2], tooLarge: [] });
    const list = '[\n{"a":1},\n{"b":2}\n]';
    assert.deepEqual(documents(list).records, [list]);
  });

  test('documents may stand on lines, next to each other, or below each other', () => {
    assert.deepEqual(documents('{"a":1}\n{"b":2}\r\n[3]\n'), {
      records: ['{"a":1}', '{"b":2}', '[3]'],
      lines: [1, 2, 3],
      tooLarge: [],
    });
    assert.deepEqual(documents('{"a":1}{"b":2}[3]').records, ['{"a":1}', '{"b":2}', '[3]']);
    assert.deepEqual(documents('{\n "a": 1\n}\n{\n "b": 2\n}\n').lines, [1, 4]);
  });

  test('a pretty-printed document may follow one on a single line', () => {
    assert.deepEqual(documents('{"a":1}\n{\n "b": 2\n}\n{"c":3}\n').records, ['{"a":1}', '{\n "b": 2\n}', '{"c":3}']);
  });

  test('brackets, quotes and escapes within texts do not count', () => {
    const tricky = '{"a":"}]\\"{[\\\\","b":"\\\\\\""}';
    assert.deepEqual(documents(`${tricky}\n${tricky}`).records, [tricky, tricky]);
  });

  test('what is no document is a record up to the end of its line', () => {
    assert.deepEqual(documents('hello {"a":1}\n{"b":2}\n]\n7').records, ['hello {"a":1}', '{"b":2}', ']', '7']);
    assert.deepEqual(documents('').records, []);
    assert.deepEqual(documents(' \n\t, \n').records, []);
  });

  test('a document cut within a text costs its own line only', () => {
    assert.deepEqual(documents('{"a":"x\n{"b":2}\n{"c":3}').records, ['{"a":"x', '{"b":2}', '{"c":3}']);
  });

  test('a document cut between texts costs its own line only, after others and as the first', () => {
    assert.deepEqual(documents('{"a":1}\n{"b":2,\n{"c":3}\n').records, ['{"a":1}', '{"b":2,', '{"c":3}']);
    assert.deepEqual(documents('{"a":1,\n{"b":2}\n{"c":3}\n').records, ['{"a":1,', '{"b":2}', '{"c":3}']);
  });

  test('a document that does not end is one record', () => {
    assert.deepEqual(documents('{"a":1}\n{\n "b": [1,\n  2').records, ['{"a":1}', '{\n "b": [1,\n  2']);
    assert.deepEqual(documents('{\n "a": 1,\n').records, ['{\n "a": 1,\n']);
  });

  test('over the limit are counted once and skipped to their end', () => {
    const large = `{"a":"${'}'.repeat(30)}"}`;
    assert.deepEqual(documents(`${large}\n{"b":2}\n${large}${large}{"c":3}`, 20), {
      records: ['{"b":2}', '{"c":3}'],
      lines: [2, 3],
      tooLarge: [1, 3, 3],
    });
    assert.deepEqual(documents('x'.repeat(50), 20).tooLarge, [1]);
  });

  test('a first line that opens more than it closes does not swallow a long input', () => {
    const text = `{"a":1,\n${'{"b":2}\n'.repeat(20)}`;
    const { records, tooLarge } = documents(text, 40);
    assert.deepEqual(tooLarge, []);
    assert.equal(records.length, 21);
  });
});

suite('a whole input', () => {
  const whole = (text: string, bytesMax?: number) => cutAnyhow(() => new WholeFraming(bytesMax), text);
  test('is one record', () => {
    assert.deepEqual(whole('a\nb'), { records: ['a\nb'], lines: [0], tooLarge: [] });
    assert.deepEqual(whole('').records, []);
  });
  test('over the limit is counted and skipped', () => {
    assert.deepEqual(whole('x'.repeat(30), 10), { records: [], lines: [], tooLarge: [0] });
  });
});
