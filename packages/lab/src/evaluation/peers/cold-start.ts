import type { Known } from './workloads.ts';

/** Own windows of a young function. */
export const OWN_WINDOWS = [0, 1, 3, 6] as const;
/** Windows at the end that are predicted; groups and priors are learned from the windows before. */
const FUTURE_WINDOWS = 24;
/** Least variance of rates in a prior, relative to the square of the mean. */
const VARIATION_MIN = 0.01;

/** A gamma prior of a rate: shape and the windows it counts for. */
interface Prior {
  readonly shape: number;
  readonly windows: number;
}

/** Gain of one function, nats a window. */
export interface Gain {
  readonly own: number;
  readonly mean: number;
  /** Standard error over functions. */
  readonly error: number;
  readonly functions: number;
}

/**
 * Predicts the last four hours of each function from its first windows and a gamma prior of its rate, once that of its group and once
 * that of all functions; neither prior knows the function itself. Positive where the group says more. The group was formed with the
 * function's whole first half, which a young function does not have: an upper bound.
 */
export function coldStartGains(functions: readonly Known[], groupOf: readonly string[]): Gain[] {
  const past = functions.map(({ windows }) => windows.slice(0, -FUTURE_WINDOWS));
  const rates = past.map((windows) => windows.reduce((sum, count) => sum + count, 0) / windows.length);
  return OWN_WINDOWS.map((own) => {
    const gains = functions.map(({ windows }, at) => {
      const others = rates.filter((_, other) => other !== at);
      const peers = rates.filter((_, other) => other !== at && groupOf[other] === groupOf[at]);
      const future = windows.slice(-FUTURE_WINDOWS);
      const seen = windows.slice(0, own);
      const say = (prior: Prior) => logChance(future, seen, prior) / FUTURE_WINDOWS;
      return peers.length < 4 ? 0 : say(priorOf(peers)) - say(priorOf(others));
    });
    const mean = gains.reduce((sum, gain) => sum + gain, 0) / gains.length;
    const variance = gains.reduce((sum, gain) => sum + (gain - mean) ** 2, 0) / (gains.length - 1);
    return { own, mean, error: Math.sqrt(variance / gains.length), functions: gains.length };
  });
}

/** Moments of the rates, as a gamma distribution. */
function priorOf(rates: readonly number[]): Prior {
  const mean = rates.reduce((sum, rate) => sum + rate, 0) / rates.length + 0.001;
  const variance = rates.reduce((sum, rate) => sum + (rate - mean) ** 2, 0) / rates.length;
  const spread = Math.max(variance, VARIATION_MIN * mean * mean);
  return { shape: (mean * mean) / spread, windows: mean / spread };
}

/** Logarithm of the chance of each of the coming counts by itself, after what was seen: negative binomial. */
function logChance(future: readonly number[], seen: readonly number[], prior: Prior): number {
  const shape = prior.shape + seen.reduce((sum, count) => sum + count, 0);
  const windows = prior.windows + seen.length;
  return future.reduce(
    (sum, count) =>
      sum +
      logGamma(shape + count) -
      logGamma(shape) -
      logGamma(count + 1) +
      shape * Math.log(windows / (windows + 1)) -
      count * Math.log(windows + 1),
    0,
  );
}

/** Stirling's series, after moving the argument above 8. */
function logGamma(value: number): number {
  let at = value;
  let shift = 0;
  for (; at < 8; at++) shift -= Math.log(at);
  const square = 1 / (at * at);
  return shift + (at - 0.5) * Math.log(at) - at + 0.918_938_533_204_672_7 + (1 - square / 30) / (12 * at);
}
