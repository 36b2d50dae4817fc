import { betaFraction, logGamma } from './negative-binomial.ts';

const TINY = 1e-300;

/**
 * -log10 P(Y >= count) of a count Y with mean `mean` and variance `mean + mean^2 / size`: how many decades rare it is to see so
 * many, by a negative binomial. A large `size` is a Poisson count. Goes on far beyond what a double could hold as a probability,
 * which `countAtLeast` cannot. 0 for a count of 0; `mean` and `size` are positive. By the incomplete beta function, P(Y >= k) =
 * I_p(k, size) with p = mean / (mean + size). 0.3 us in the tail.
 */
export function countDecades(count: number, mean: number, size: number): number {
  if (count <= 0) return 0;
  const p = mean / (mean + size);
  const q = size / (mean + size);
  const front = logGamma(count + size) - logGamma(count) - logGamma(size) + count * Math.log(p) + size * Math.log(q);
  if (p < (count + 1) / (count + size + 2)) {
    const log = front + Math.log(betaFraction(count, size, p)) - Math.log(count);
    return Math.max(0, -log / Math.LN10);
  }
  const below = Math.exp(front + Math.log(betaFraction(size, count, q)) - Math.log(size));
  return Math.max(0, -Math.log10(Math.max(TINY, 1 - below)));
}
