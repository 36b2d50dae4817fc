import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Draws } from '../stats/draws.ts';
import { CallModel } from './call-model.ts';

function made(slots = 512): { model: CallModel; keys: Uint32Array; counts: Uint16Array } {
  const keys = new Uint32Array(slots);
  const counts = new Uint16Array(slots);
  return { model: new CallModel().at({ keys, counts, keysAt: 0, countsAt: 0, slots }), keys, counts };
}

function surprises(model: CallModel, tokens: readonly number[]): number[] {
  const out = new Float64Array(tokens.length + 1);
  model.surprises(tokens, tokens.length, out);
  return [...out];
}

const USUAL = [11, 22, 33, 44];

describe('the model of call order', () => {
  it('finds what it always saw ordinary, and what it never saw surprising', () => {
    const { model } = made();
    for (let at = 0; at < 300; at++) model.learn(USUAL, USUAL.length);
    assert.ok(surprises(model, USUAL).every((one) => one < 0.01));
    const swapped = surprises(model, [11, 33, 22, 44]);
    assert.ok(swapped[1] > 2 && swapped[0] < 0.01, `${swapped}`);
    const ended = surprises(model, [11, 22]);
    assert.ok(ended[2] > 2, 'ending early is a step as well');
    assert.ok(surprises(model, [11, 22, 33, 33, 44])[3] > 2, 'so is a step made twice');
  });

  it('is not surprised by orders that vary', () => {
    const { model } = made();
    const draws = new Draws(3);
    const shuffled = () => (draws.uniform() < 0.5 ? [11, 22, 33] : [11, 33, 22]);
    for (let at = 0; at < 300; at++) model.learn(shuffled(), 3);
    for (let at = 0; at < 20; at++) assert.ok(Math.max(...surprises(model, shuffled())) < 0.7);
  });

  it('never gives a step no chance, and its chances add up to at most one', () => {
    const { model } = made();
    for (let at = 0; at < 50; at++) model.learn([1 + (at % 5), 2, 3], 3);
    let sum = 0;
    for (let token = 1; token <= 200; token++) sum += Math.exp(-Math.LN10 * surprises(model, [token])[0]);
    assert.ok(sum <= 1 + 1e-9, `${sum}`);
    assert.ok(Number.isFinite(surprises(model, [999])[0]));
  });

  it('knows what follows what', () => {
    const { model } = made();
    for (let at = 0; at < 10; at++) model.learn(at < 7 ? [11, 22] : [11, 33], 2);
    assert.equal(model.follows(undefined, 11), 1);
    assert.equal(model.follows(11, 22), 0.7);
    assert.equal(model.follows(33, undefined), 1);
    assert.equal(model.follows(99, 11), 0);
  });

  it('learns a sequence many times as if it came as often', () => {
    const [once, often] = [made(), made()];
    for (let at = 0; at < 16; at++) once.model.learn(USUAL, USUAL.length);
    often.model.learn(USUAL, USUAL.length, 16);
    assert.deepEqual(often.counts, once.counts);
  });

  it('keeps to its memory however many tokens are invented, and what is usual stays', () => {
    const { model, keys } = made();
    for (let at = 0; at < 300; at++) model.learn(USUAL, USUAL.length);
    for (let at = 0; at < 20_000; at++) model.learn([1000 + at, 7000 + at], 2);
    assert.equal(keys.length, 512);
    assert.ok(surprises(model, USUAL)[2] < 1.5, `${surprises(model, USUAL)}`);
    assert.ok(surprises(model, [11, 33, 22, 44])[1] > 1.5);
  });

  it('forgets halves alike', () => {
    const { model } = made();
    for (let at = 0; at < 300; at++) model.learn(USUAL, USUAL.length);
    const before = surprises(model, USUAL);
    model.halve();
    for (const [at, one] of surprises(model, USUAL).entries()) assert.ok(Math.abs(one - before[at]) < 0.02);
  });
});
