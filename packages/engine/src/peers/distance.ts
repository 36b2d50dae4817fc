/** Differences count no more than this many units of spread: one wild number must not decide who is alike. */
const DIFFERENCE_MAX = 3;
/** What it costs when one of two functions shows a number and the other does not. */
const ABSENT_COST = 1;
/** Least spread, so that numbers equal nearly everywhere do not become the only ones that matter. */
const SPREAD_MIN = 0.1;

/** Centre and spread of each number over many functions. */
export interface Scale {
  readonly centre: Float64Array;
  readonly spread: Float64Array;
}

/**
 * Median and interquartile range of each number; NaN means absent and is left out. Rows have equal lengths. Independent of the order
 * of rows. Cost: a sort for each number.
 */
export function scaleOf(rows: readonly Float64Array[]): Scale {
  const width = rows.length === 0 ? 0 : rows[0].length;
  const scale = { centre: new Float64Array(width), spread: new Float64Array(width).fill(1) };
  for (let at = 0; at < width; at++) {
    const values = Float64Array.from(rows, (row) => row[at]).filter((value) => !Number.isNaN(value));
    if (values.length === 0) continue;
    values.sort();
    scale.centre[at] = quantile(values, 0.5);
    scale.spread[at] = Math.max(SPREAD_MIN, quantile(values, 0.75) - quantile(values, 0.25));
  }
  return scale;
}

/** A row in units of the scale; what is absent stays NaN. */
export function scaled(row: Float64Array, scale: Scale): Float64Array {
  return row.map((value, at) => (value - scale.centre[at]) / scale.spread[at]);
}

/**
 * How different two scaled rows are: mean of the clipped differences over the numbers that at least one of them shows, 0 to
 * `DIFFERENCE_MAX`; the largest for rows that show nothing.
 */
export function distance(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  let count = 0;
  for (let at = 0; at < a.length; at++) {
    const difference = Math.abs(a[at] - b[at]);
    if (!Number.isNaN(difference)) sum += Math.min(DIFFERENCE_MAX, difference);
    else if (Number.isNaN(a[at]) && Number.isNaN(b[at])) continue;
    else sum += ABSENT_COST;
    count++;
  }
  return count === 0 ? DIFFERENCE_MAX : sum / count;
}

/** Value at a share of sorted values, the lower of two. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.floor(share * (sorted.length - 1))];
}
