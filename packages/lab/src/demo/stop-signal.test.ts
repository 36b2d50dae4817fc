import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { describe, it } from 'node:test';
import { stopSignal } from './stop-signal.ts';

function stopping() {
  const source = new EventEmitter();
  const output = new EventEmitter();
  const said: string[] = [];
  let nowMs = 50;
  const signal = stopSignal((text) => said.push(text), { process: source, outputs: [output], now: () => nowMs });
  return {
    ...{ source, output, said, signal },
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

describe('being asked to end', () => {
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    it(`aborts at ${name}, and takes one that follows at once for the same`, () => {
      const { source, said, signal, pass } = stopping();
      assert.equal(signal.aborted, false);
      source.emit(name);
      assert.equal(signal.aborted, true);
      pass(1_000);
      source.emit(name);
      assert.equal(said.length, 1);
      // Nobody listening would mean that the system ends the program.
      assert.equal(source.listenerCount(name), 1);
    });
  }

  it('says at the second one that is meant what the third will do, and leaves it to the system', () => {
    const { source, said, pass } = stopping();
    source.emit('SIGINT');
    pass(1_001);
    source.emit('SIGINT');
    assert.match(said[1] ?? '', /once more ends at once/);
    assert.equal(source.listenerCount('SIGINT'), 0);
  });

  it('aborts when nobody reads what is said, and goes on quietly', () => {
    const { output, signal } = stopping();
    output.emit('error', new Error('EPIPE'));
    output.emit('error', new Error('EPIPE'));
    assert.equal(signal.aborted, true);
  });
});
