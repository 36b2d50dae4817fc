import { mix32 } from '../base/hash.ts';

/**
 * Reproducible random numbers for tests and measurements: uniform in (0, 1), and normal. Not for the engine itself,
 * which draws from the state it holds.
 */
export class Draws {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  uniform(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    return ((mix32(this.#state) >>> 0) + 0.5) / 4_294_967_296;
  }

  normal(): number {
    return Math.sqrt(-2 * Math.log(this.uniform())) * Math.cos(2 * Math.PI * this.uniform());
  }

  /** Log-normal around a median: what durations of one code path look like with `sigma` 0.2 to 0.6. */
  lognormal(median: number, sigma: number): number {
    return median * Math.exp(sigma * this.normal());
  }

  /** Pareto from `least` on: what sizes look like with an exponent of 1 to 3. */
  pareto(least: number, exponent: number): number {
    return least * Math.exp(-Math.log(this.uniform()) / exponent);
  }

  /** A Poisson count; from a mean of 50 on by its normal approximation. */
  poisson(mean: number): number {
    if (mean >= 50) return Math.max(0, Math.round(mean + Math.sqrt(mean) * this.normal()));
    const limit = Math.exp(-mean);
    let count = 0;
    for (let product = this.uniform(); product > limit; product *= this.uniform()) count++;
    return count;
  }
}
