import { mix32 } from '../base/hash.ts';
import { distance } from './distance.ts';

/** Rounds of assigning and choosing again; most samples are settled after five. */
const ROUNDS_MAX = 8;

/** Rows by group. */
export interface Clustering {
  /** Row that stands for each group. */
  readonly medoids: readonly number[];
  /** Group of each row. */
  readonly groupOf: Uint32Array;
}

/**
 * Seeded k-medoids in the alternating form (H.-S. Park, C.-H. Jun, A simple and fast algorithm for K-medoids clustering, 2009), begun
 * as k-means++ begins (D. Arthur, S. Vassilvitskii, 2007): a medoid is a row that exists, so that a group has a name. `weights` are
 * what a row counts; a row of weight 0 never stands for a group. The same rows in the same order give the same groups. Fewer groups
 * than `count` come out when fewer rows differ. Cost: about `rows² / groups` distances a round, at most eight rounds.
 */
export function clusterByMedoids(
  rows: readonly Float64Array[],
  weights: Float64Array,
  of: { readonly count: number; readonly seed: number },
): Clustering {
  let medoids = firstMedoids(rows, weights, of);
  let groupOf = assign(rows, medoids);
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const next = medoids.map((medoid, group) => bestOf(rows, weights, { groupOf, group, medoid }));
    if (next.every((medoid, group) => medoid === medoids[group])) break;
    medoids = next;
    groupOf = assign(rows, medoids);
  }
  return { medoids, groupOf };
}

/** Each next one is drawn in proportion to its weight and the square of its distance to those chosen. */
function firstMedoids(
  rows: readonly Float64Array[],
  weights: Float64Array,
  of: { readonly count: number; readonly seed: number },
): number[] {
  const medoids: number[] = [];
  const chance = Float64Array.from(weights);
  const nearest = new Float64Array(rows.length).fill(Number.POSITIVE_INFINITY);
  while (medoids.length < of.count) {
    const chosen = draw(chance, mix32(of.seed + medoids.length));
    if (chosen < 0) break;
    medoids.push(chosen);
    for (let row = 0; row < rows.length; row++) {
      nearest[row] = Math.min(nearest[row], distance(rows[row], rows[chosen]));
      chance[row] = weights[row] * nearest[row] * nearest[row];
    }
    // Rows that show nothing are far from everything, themselves included.
    chance[chosen] = 0;
  }
  return medoids;
}

/** Index drawn in proportion to `chance`, -1 when all are 0. */
function draw(chance: Float64Array, bits: number): number {
  let total = 0;
  for (const one of chance) total += one;
  if (!(total > 0)) return -1;
  let left = ((bits >>> 0) / 4_294_967_296) * total;
  let last = -1;
  for (let at = 0; at < chance.length; at++) {
    if (chance[at] === 0) continue;
    last = at;
    left -= chance[at];
    if (left < 0) return at;
  }
  return last;
}

function assign(rows: readonly Float64Array[], medoids: readonly number[]): Uint32Array {
  return Uint32Array.from(rows, (row) =>
    nearestOf(
      row,
      medoids.map((medoid) => rows[medoid]),
    ),
  );
}

/** Index of the nearest centre, the first of equals. */
export function nearestOf(row: Float64Array, centres: readonly Float64Array[]): number {
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let at = 0; at < centres.length; at++) {
    const away = distance(row, centres[at]);
    if (away >= least) continue;
    least = away;
    best = at;
  }
  return best;
}

/** Member of a group with the least weighted sum of distances to the others. */
function bestOf(
  rows: readonly Float64Array[],
  weights: Float64Array,
  of: { readonly groupOf: Uint32Array; readonly group: number; readonly medoid: number },
): number {
  const members: number[] = [];
  for (let row = 0; row < rows.length; row++) if (of.groupOf[row] === of.group) members.push(row);
  let best = of.medoid;
  let least = sumOf(of.medoid, members, { rows, weights, most: Number.POSITIVE_INFINITY });
  for (const one of members) {
    if (weights[one] === 0) continue;
    const sum = sumOf(one, members, { rows, weights, most: least });
    if (sum >= least) continue;
    least = sum;
    best = one;
  }
  return best;
}

/** Weighted sum of distances; stops early once it is more than `most`. */
function sumOf(
  from: number,
  members: readonly number[],
  of: { readonly rows: readonly Float64Array[]; readonly weights: Float64Array; readonly most: number },
): number {
  let sum = 0;
  for (const other of members) {
    sum += of.weights[other] * distance(of.rows[from], of.rows[other]);
    if (sum >= of.most) return sum;
  }
  return sum;
}
