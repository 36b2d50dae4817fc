import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tellerOn } from './teller.ts';

function told(of: { isTTY: boolean; columns?: number }) {
  let text = '';
  let nowMs = 0;
  const write = (piece: string | Uint8Array) => {
    text += piece;
    return true;
  };
  const out = { ...of, columns: of.columns ?? 80, write };
  return {
    ...tellerOn(out, () => nowMs),
    text: () => text,
    pass: (ms: number) => {
      nowMs += ms;
    },
  };
}

describe('telling how far it is', () => {
  it('replaces the line on a terminal, and cuts it so that it can be replaced', () => {
    const { say, progress, text } = told({ isTTY: true, columns: 10 });
    progress('one');
    progress('a line that is too long');
    say('done');
    say('more');
    assert.equal(text(), 'one\r\u001b[Ka line th\r\u001b[Kdone\nmore\n');
  });

  it('goes on in a pipe with a line now and then, without any control characters', () => {
    const { say, progress, text, pass } = told({ isTTY: false });
    progress('too early');
    pass(10_000);
    progress('one');
    progress('the same time');
    say('more');
    pass(10_000);
    progress('two');
    assert.equal(text(), 'one\nmore\ntwo\n');
  });
});
