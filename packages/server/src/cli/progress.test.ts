import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ProgressLine, progressText } from './progress.ts';

/** Carriage return, then "erase the whole line". */
const START_OF_EMPTY_LINE = '\r\u001b[2K';

/** A stream that keeps what is written, and a clock that is set by hand. */
function scene(terminal: boolean, columns = 60) {
  const written: string[] = [];
  const clock = { ms: 1000 };
  const out = { isTTY: terminal, columns, write: (text: string) => written.push(text) };
  return { written, clock, line: new ProgressLine(out, () => clock.ms) };
}

const reading = (done: number) => ({ phase: 'reading', done, rows: done * 1_000_000 });

describe('progress', () => {
  it('rewrites one line of a terminal a few times a second, and removes it at the end', () => {
    const { written, clock, line } = scene(true);
    for (let at = 0; at < 100; at++) {
      clock.ms += 10;
      line.update(reading(at / 100));
    }
    line.end();
    assert.equal(written.length, 6);
    for (const text of written) assert.ok(text.startsWith(START_OF_EMPTY_LINE) && !text.includes('\n'), text);
    assert.match(written[2], /reading \d+ %, [\d,]+ events/);
    assert.equal(written.at(-1), START_OF_EMPTY_LINE);
    line.end();
    assert.equal(written.length, 6);
  });

  it('never fills the line of a narrow terminal, which could not be rewritten', () => {
    const { written, clock, line } = scene(true, 24);
    for (const done of [0.1, 0.5, 0.9]) {
      clock.ms += 3000;
      line.update(reading(done));
    }
    for (const text of written) assert.ok(text.replace(START_OF_EMPTY_LINE, '').length < 24, text);
  });

  it('writes a plain line now and then elsewhere, and nothing for short work', () => {
    const { written, clock, line } = scene(false);
    for (let at = 0; at < 12; at++) {
      line.update(reading(at / 12));
      clock.ms += 1000;
    }
    line.update({ phase: 'judging', done: 0.5, rows: 5 });
    line.end();
    assert.deepEqual(written, [
      'reading 41 %, 416,667 events, 83,333 a second, 7 s left\n',
      'reading 83 %, 833,333 events, 83,333 a second, 2 s left\n',
    ]);
  });

  it('gives the time left in a unit that fits', () => {
    const at = (seconds: number) => progressText({ phase: 'reading', done: 0.5, rows: 10 }, seconds);
    assert.equal(at(0), 'reading 50 %, 10 events');
    assert.equal(progressText({ phase: 'catching up', done: 1, rows: 1 }, 0), 'catching up 100 %, 1 event');
    assert.match(at(30), /30 s left$/);
    assert.match(at(600), /10 min left$/);
    assert.match(at(36_000), /10\.0 h left$/);
  });
});
