import { shortNameOf } from '../baselines/function.ts';
import type { MetricScore } from '../baselines/metric-block.ts';
import type { Evidence } from '../event/finding.ts';
import type { Score } from './detector.ts';
import { quantity } from './quantity.ts';
import type { WatchedMetric } from './watched-metrics.ts';

/** Impact of less than usual: something did not happen. */
const LESS_IMPACT = 0.2;

const NOTHING: readonly never[] = [];

/** What is claimed of one value of a metric. */
export interface TailClaim {
  /** A copy: the store reuses its own. */
  readonly found: MetricScore;
  readonly value: number;
  /** True when the claim is about the latest runs together, not about this one. */
  readonly shift: boolean;
  readonly threshold: number;
  /** What would have kept a shift, or one run, quiet: the value below which it is. */
  readonly quietBelow: number;
  /** Key of the function. */
  readonly name: string;
  readonly cold: boolean;
}

/**
 * A score too low for the watch level, which nobody will be told: it is there for the calibration only and has no texts. Nearly
 * all scores of numbers are.
 */
export class FaintScore implements Score {
  readonly detector: string;
  readonly score: number;
  readonly threshold: number;
  readonly count: number;
  readonly value: string;
  readonly maturity = 0;
  readonly impact = 0;
  readonly novelty = undefined;
  readonly evidence: readonly Evidence[] = NOTHING;
  readonly techniques: readonly string[] = NOTHING;
  readonly sentence = '';
  readonly quietIf = '';

  constructor(detector: string, value: string, of: { readonly found: MetricScore; readonly threshold: number }) {
    const { found } = of;
    this.detector = detector;
    this.score = found.score;
    this.threshold = of.threshold;
    this.count = found.count;
    this.value = value;
  }
}

/** A score whose texts are made when they are read: one value in twenty scores, few of them are told. */
export class TailScore implements Score {
  readonly detector: string;
  readonly score: number;
  readonly threshold: number;
  readonly count: number;
  readonly maturity: number;
  readonly value: string;
  readonly novelty = undefined;
  readonly impact: number;
  readonly techniques: readonly string[];
  readonly #metric: WatchedMetric;
  readonly #claim: TailClaim;

  constructor(detector: string, metric: WatchedMetric, claim: TailClaim) {
    const { found } = claim;
    this.detector = detector;
    this.score = found.score;
    this.threshold = claim.threshold;
    this.count = found.count;
    this.maturity = found.maturity;
    this.value = metric.field;
    this.impact = found.up ? metric.impact : LESS_IMPACT;
    this.techniques = found.up && found.score >= claim.threshold ? metric.techniques : [];
    this.#metric = metric;
    this.#claim = claim;
  }

  get evidence(): readonly Evidence[] {
    const { found, value, shift } = this.#claim;
    const { parameter } = this.#metric;
    const expected = this.#range(found.expectedLow, found.expectedHigh);
    const one = { parameter, observed: this.#quantity(value), expected, count: found.runs };
    if (!shift) return [one];
    const [observed, usual] = [this.#quantity(found.recent), `mostly ${this.#quantity(found.centre)}`];
    const recent = { ...one, parameter: `${parameter}_recent`, observed, expected: usual };
    return [one, recent];
  }

  get sentence(): string {
    const { found, value, shift, name, cold } = this.#claim;
    const { did, does, of } = this.#metric;
    const runs = `${found.runs} ${cold ? 'cold' : 'warm'} runs`;
    const who = `\`${shortNameOf(name)}\` ${did}`;
    if (!shift) return `${who} ${this.#quantity(value)}${of}; in ${runs} ${does} ${this.#range(found.min, found.max)}.`;
    const [recent, usual] = [this.#quantity(found.recent), this.#quantity(found.centre)];
    return `${who} ${recent}${of} on average in its latest runs, ${this.#quantity(value)} in this one; in ${runs} ${does} ${usual} mostly.`;
  }

  get quietIf(): string {
    const { found, value, shift, quietBelow } = this.#claim;
    if (!found.up) return `earlier runs had been as low as ${this.#quantity(value)}`;
    if (shift) return `the latest runs had averaged below ${this.#quantity(quietBelow)}`;
    const near = 'an earlier run had come near it';
    // A weak signal may lie below the limit of findings, and some metrics have none for a single run.
    return value < quietBelow ? near : `it had stayed below ${this.#quantity(quietBelow)}, or ${near}`;
  }

  #quantity(value: number): string {
    return quantity(this.#metric.field, value);
  }

  #range(low: number, high: number): string {
    const from = this.#quantity(low);
    const to = this.#quantity(high);
    return from === to ? `always ${from}` : `${from} to ${to}`;
  }
}
