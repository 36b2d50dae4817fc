import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Draws } from '../stats/draws.ts';
import { BackOff, END, wordsOf } from './back-off.ts';
import { readSteps, Steps } from './reading.ts';

const SETS = 24;
const USUAL = [11, 22, 33, 44];

function made(sets = SETS): { model: BackOff; bytes: Uint8Array } {
  const buffer = new ArrayBuffer(4 * wordsOf(sets));
  const model = new BackOff();
  model.focus({ u32: new Uint32Array(buffer), f32: new Float32Array(buffer) }, 0, sets);
  return { model, bytes: new Uint8Array(buffer) };
}

function learn(model: BackOff, tokens: readonly number[], times = 1): void {
  model.teachStart(times);
  for (const token of tokens) model.teach(token, times);
  model.teach(END, times);
}

/** Chance of each step, the end included. */
function chances(model: BackOff, tokens: readonly number[]): number[] {
  model.begin();
  return [...tokens, END].map((token) => {
    const chance = model.chance(token);
    model.pass(token);
    return chance;
  });
}

describe('the model of order', () => {
  it('finds likely what it always saw, and unlikely what it never saw', () => {
    const { model } = made();
    for (let at = 0; at < 300; at++) learn(model, USUAL);
    assert.ok(chances(model, USUAL).every((one) => one > 0.99));
    const swapped = chances(model, [11, 33, 22, 44]);
    assert.ok(swapped[0] > 0.99 && swapped[1] < 0.002, `${swapped}`);
    assert.ok(chances(model, [11, 22])[2] < 0.002, 'ending early is a step as well');
  });

  it('follows the estimate of Witten and Bell', () => {
    const { model } = made();
    for (let at = 0; at < 7; at++) learn(model, [11, 22]);
    for (let at = 0; at < 3; at++) learn(model, [11, 33]);
    // All steps: 11 ten times, 22 seven, 33 three, the end ten: four kinds in thirty.
    const [none, first] = [(3 + 4 * (1 / 5)) / 34, (3 + 2 * ((3 + 4 * (1 / 5)) / 34)) / 12];
    model.begin();
    model.cut();
    assert.ok(Math.abs(model.chance(33) - none) < 1e-6, `${model.chance(33)} ${none}`);
    const second = (3 + 2 * first) / 12;
    assert.ok(Math.abs(chances(model, [11, 33])[1] - second) < 1e-6, `${chances(model, [11, 33])[1]} ${second}`);
  });

  it('gives no chance only to what it never saw, and its chances add up to at most one', () => {
    const { model } = made(64);
    for (let at = 0; at < 50; at++) learn(model, [1 + (at % 5), 2, 3]);
    model.begin();
    let sum = model.chance(END);
    for (let token = 1; token <= 200; token++) sum += Math.max(0, model.chance(token));
    assert.ok(sum <= 1 + 1e-9 && sum > 0.8, `${sum}`);
    assert.equal(model.chance(999), -1);
  });

  it('learns a sequence many times at once as if it came as often', () => {
    const [once, often] = [made(), made()];
    for (let at = 0; at < 16; at++) learn(once.model, USUAL);
    learn(often.model, USUAL, 16);
    assert.deepEqual(often.bytes, once.bytes);
  });

  it('is not changed by reading', () => {
    const { model, bytes } = made();
    for (let at = 0; at < 30; at++) learn(model, USUAL);
    const before = Uint8Array.from(bytes);
    const steps = new Steps();
    steps.take(Uint32Array.of(44, 11, 11, 77, 22), 5);
    readSteps(model, steps);
    chances(model, [44, 33, 5]);
    assert.deepEqual(bytes, before);
  });

  it('keeps to its memory however many steps are invented, and what is usual stays usual', () => {
    const { model } = made();
    for (let at = 0; at < 300; at++) learn(model, USUAL);
    for (let at = 0; at < 20_000; at++) learn(model, [1000 + 2 * at, 1001 + 2 * at]);
    const usual = chances(model, USUAL);
    assert.ok(usual[1] > 0.9 && usual[2] > 0.9, `${usual}`);
    assert.ok(chances(model, [11, 33])[1] < 0.01);
  });

  it('says the same after all its counts have faded alike, but for what is new', () => {
    const { model } = made();
    for (let at = 0; at < 300; at++) learn(model, at % 3 === 0 ? [11, 33] : [11, 22]);
    const before = chances(model, [11, 33]);
    model.fade(0.5);
    for (const [at, one] of chances(model, [11, 33]).entries()) assert.ok(Math.abs(one - before[at]) < 0.02);
    assert.ok(model.steps > 440 && model.steps < 460, `${model.steps}`);
  });

  it('goes back to a marked place', () => {
    const { model } = made();
    for (let at = 0; at < 30; at++) learn(model, USUAL);
    model.begin();
    model.pass(11);
    const chance = model.chance(22);
    model.mark();
    model.begin();
    model.pass(33);
    model.back();
    assert.equal(model.chance(22), chance);
  });
});

describe('reading steps', () => {
  const read = (model: BackOff, tokens: readonly number[]) => {
    const steps = new Steps();
    steps.take(Uint32Array.from(tokens), tokens.length);
    return { ...readSteps(model, steps), calls: Array.from(steps.calls.subarray(0, steps.count)) };
  };
  const taught = () => {
    const { model } = made();
    const steps = new Steps();
    steps.take(Uint32Array.from(USUAL), 4);
    for (let at = 0; at < 300; at++) steps.teach(model, 1);
    return model;
  };

  it('takes a run of one call as one step', () => {
    const one = read(taught(), [11, 22, 22, 22, 33, 44]);
    assert.ok(one.worst < 0.01 && one.steps === 5);
    assert.deepEqual(one.calls, [0, 1, 4, 5]);
  });

  it('finds nothing strange in work that begins anew, but in work that begins in the middle', () => {
    assert.ok(read(taught(), [...USUAL, ...USUAL, ...USUAL]).worst <= 1.1);
    const odd = read(taught(), [33, 44, 11, 22]);
    assert.ok(odd.worst > 2.5, JSON.stringify(odd));
  });

  it('leaves steps that were never made to others, and what comes after them', () => {
    assert.ok(read(taught(), [11, 77, 33, 44]).worst < 1);
  });

  it('is quick to find strange what it reads at random', () => {
    const model = taught();
    const draws = new Draws(5);
    const shuffled = () => [...USUAL].sort(() => draws.uniform() - 0.5);
    let strange = 0;
    for (let at = 0; at < 100; at++) {
      const tokens = shuffled();
      const usual = tokens.every((one, place) => one === USUAL[place]);
      if (!usual && read(model, tokens).worst > 2) strange++;
      else assert.ok(usual, `${tokens}`);
    }
    assert.ok(strange > 50);
  });
});
