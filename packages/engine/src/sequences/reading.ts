import { type BackOff, END } from './back-off.ts';

/** Calls of one invocation; longer lists are cut at ingest. One more for the end. */
const STEPS_MAX = 129;
/** What it takes to begin anew in the middle: one decade, so that a second record of a batch is nothing strange. */
const ANEW = 0.1;
/** Surprise from which beginning anew is considered. */
const ANEW_FROM = 1;

/** Times a step was made before its place in the order means anything: newer ones are left to those who know what is new. */
const KNOWN_FROM = 16;

/** How strange a sequence is. */
export interface Reading {
  /** Steps read, the end included. */
  readonly steps: number;
  /** Surprise of its strangest step, -log10 of its chance, and which one it is; the end is the step after the last. */
  readonly worst: number;
  readonly at: number;
  /** Average surprise of its steps. */
  readonly mean: number;
}

/** The steps of one invocation: its calls, each run of the same call as one, because retries and pages repeat calls. */
export class Steps {
  readonly tokens = new Uint32Array(STEPS_MAX);
  /** Number of the first call of each step. */
  readonly calls = new Uint16Array(STEPS_MAX);
  /** -log10 of the chance of each step, of the end after the last; 0 where nothing can be said. */
  readonly surprise = new Float64Array(STEPS_MAX);
  count = 0;

  take(tokens: Uint32Array, count: number): void {
    this.count = 0;
    for (let at = 0; at < count; at++) {
      if (this.count > 0 && this.tokens[this.count - 1] === tokens[at]) continue;
      this.tokens[this.count] = tokens[at];
      this.calls[this.count++] = at;
    }
  }

  /** Has a model learn them, as `weight` equal sequences. */
  teach(model: BackOff, weight: number): void {
    model.teachStart(weight);
    for (let at = 0; at < this.count; at++) model.teach(this.tokens[at], weight);
    model.teach(END, weight);
  }
}

/**
 * Reads steps by a model, and notes the surprise of each. A step that is new or rare is left to those who know what is new; what
 * comes after it is read as if nothing had come before. Work done again from its beginning (records of a batch) is not strange.
 */
export function readSteps(model: BackOff, steps: Steps): Reading {
  model.begin();
  let sum = 0;
  for (let at = 0; at <= steps.count; at++) {
    const token = at === steps.count ? END : steps.tokens[at];
    const surprise = surpriseOf(model, token, at > 0);
    steps.surprise[at] = surprise;
    sum += surprise;
  }
  const { worst, at } = worstOf(steps);
  return { steps: steps.count + 1, worst, at, mean: sum / (steps.count + 1) };
}

/** The strangest of the steps, the end included. */
export function worstOf(steps: Steps): { worst: number; at: number } {
  let worst = 0;
  let at = 0;
  for (let step = 0; step <= steps.count; step++) {
    if (steps.surprise[step] <= worst) continue;
    worst = steps.surprise[step];
    at = step;
  }
  return { worst, at };
}

function surpriseOf(model: BackOff, token: number, mayBeginAnew: boolean): number {
  const chance = token !== END && model.countOf(token) < KNOWN_FROM ? -1 : model.chance(token);
  if (chance < 0) {
    model.cut();
    return 0;
  }
  const surprise = -Math.log10(chance);
  if (mayBeginAnew && token !== END && surprise > ANEW_FROM) {
    const over = model.chance(END);
    model.mark();
    model.begin();
    const anew = over * model.chance(token) * ANEW;
    if (anew > chance) {
      model.pass(token);
      return -Math.log10(anew);
    }
    model.back();
  }
  model.pass(token);
  return surprise;
}
