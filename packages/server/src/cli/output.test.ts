import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { outputStyle } from './output.ts';

const terminal = (columns: number) => ({ isTTY: true, columns });

describe('the style of an output', () => {
  it('has colours on a terminal, unless the user or the terminal does not want them', () => {
    assert.equal(outputStyle(terminal(80), {}).colour, true);
    assert.equal(outputStyle(terminal(80), { NO_COLOR: '1' }).colour, false);
    assert.equal(outputStyle(terminal(80), { NO_COLOR: '' }).colour, true);
    assert.equal(outputStyle(terminal(80), { TERM: 'dumb' }).colour, false);
    assert.equal(outputStyle({ isTTY: false, columns: 80 }, {}).colour, false);
  });

  it('is as wide as the terminal, within what can be read', () => {
    assert.equal(outputStyle(terminal(60), {}).width, 60);
    assert.equal(outputStyle(terminal(400), {}).width, 120);
    assert.equal(outputStyle(terminal(0), {}).width, 100);
    assert.equal(outputStyle({}, {}).width, 100);
  });
});
