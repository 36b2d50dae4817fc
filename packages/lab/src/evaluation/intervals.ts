/** Steps of bisection: an interval of 1 halved 60 times is as fine as a double. */
const BISECTIONS = 60;

/** An exact two-sided interval. */
export interface Interval {
  readonly low: number;
  readonly high: number;
}

/**
 * Clopper-Pearson interval of a proportion: `hits` of `cases`, 95 % unless said otherwise. [0, 1] without cases. Exact, hence
 * wider than needed on average (C. Clopper, E. Pearson, 1934).
 */
export function proportionInterval(hits: number, cases: number, confidence = 0.95): Interval {
  if (cases === 0) return { low: 0, high: 1 };
  const tail = (1 - confidence) / 2;
  const low = hits === 0 ? 0 : bisect(0, 1, (p) => binomialAtLeast(hits, cases, p) < tail);
  const high = hits === cases ? 1 : bisect(0, 1, (p) => binomialAtMost(hits, cases, p) >= tail);
  return { low, high };
}

/** Exact interval of the mean of a Poisson count (F. Garwood, 1936), 95 % unless said otherwise. */
export function poissonInterval(count: number, confidence = 0.95): Interval {
  const tail = (1 - confidence) / 2;
  const wide = count + 10 * Math.sqrt(count + 1) + 20;
  const low = count === 0 ? 0 : bisect(0, wide, (mean) => 1 - poissonAtMost(count - 1, mean) < tail);
  return { low, high: bisect(0, wide, (mean) => poissonAtMost(count, mean) >= tail) };
}

/** `98.5 % (471/478, 97.0-99.4 %)`. */
export function proportionText(hits: number, cases: number): string {
  if (cases === 0) return 'no cases';
  const { low, high } = proportionInterval(hits, cases);
  const percent = (value: number) => (100 * value).toFixed(1);
  return `${percent(hits / cases)} % (${hits}/${cases}, ${percent(low)}-${percent(high)} %)`;
}

/** `0.0033 (3 in 900, 0.0007-0.0097)`: a count over an exposure. */
export function rateText(count: number, exposure: number): string {
  if (exposure === 0) return 'nothing observed';
  const { low, high } = poissonInterval(count);
  const short = (value: number) => String(Number((value / exposure).toPrecision(2)));
  return `${short(count)} (${count} in ${Number(exposure.toPrecision(4))}, ${short(low)}-${short(high)})`;
}

/** Largest x in [low, high] for which `below` holds, which holds up to some x. */
function bisect(low: number, high: number, below: (x: number) => boolean): number {
  for (let step = 0; step < BISECTIONS; step++) {
    const middle = (low + high) / 2;
    if (below(middle)) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

function binomialAtMost(hits: number, cases: number, p: number): number {
  let sum = 0;
  for (let k = 0; k <= hits; k++) sum += binomial(k, cases, p);
  return Math.min(1, sum);
}

function binomialAtLeast(hits: number, cases: number, p: number): number {
  let sum = 0;
  for (let k = hits; k <= cases; k++) sum += binomial(k, cases, p);
  return Math.min(1, sum);
}

function binomial(k: number, n: number, p: number): number {
  if (p <= 0 || p >= 1) return (p <= 0 ? k === 0 : k === n) ? 1 : 0;
  const choose = logFactorial(n) - logFactorial(k) - logFactorial(n - k);
  return Math.exp(choose + k * Math.log(p) + (n - k) * Math.log1p(-p));
}

function poissonAtMost(count: number, mean: number): number {
  let sum = 0;
  for (let k = 0; k <= count; k++)
    sum += mean === 0 ? Number(k === 0) : Math.exp(k * Math.log(mean) - mean - logFactorial(k));
  return Math.min(1, sum);
}

/** ln n!: exact by sums up to 256, Stirling's series beyond, where its error is below 1e-15. */
function logFactorial(n: number): number {
  if (n > 256) {
    const inverse = 1 / n;
    return n * Math.log(n) - n + 0.5 * Math.log(2 * Math.PI * n) + inverse / 12 - (inverse * inverse * inverse) / 360;
  }
  let sum = 0;
  for (let k = 2; k <= n; k++) sum += Math.log(k);
  return sum;
}
