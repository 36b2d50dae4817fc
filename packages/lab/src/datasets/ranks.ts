const EXPONENT = 1;

/** Chance of a rank or a smaller one, where the chance of rank r falls as 1/r: calls of a fleet by its functions. */
export function cumulativeZipf(count: number): Float64Array {
  const sums = new Float64Array(count);
  let sum = 0;
  for (let rank = 0; rank < count; rank++) {
    sum += 1 / (rank + 1) ** EXPONENT;
    sums[rank] = sum;
  }
  return sums.map((value) => value / sum);
}

/** The rank that a number in 0..1 falls to, by binary search. */
export function rankOf(cumulative: Float64Array, wanted: number): number {
  let from = 0;
  let to = cumulative.length - 1;
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (cumulative[middle] <= wanted) from = middle + 1;
    else to = middle;
  }
  return from;
}
