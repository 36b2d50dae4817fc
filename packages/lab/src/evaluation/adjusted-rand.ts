/**
 * Adjusted Rand index of two divisions of the same things (L. Hubert, P. Arabie, Comparing partitions, 1985): 1 for the same
 * division, 0 on average for unrelated ones. NaN when both put everything together or everything apart.
 */
export function adjustedRandIndex(a: readonly (string | number)[], b: readonly (string | number)[]): number {
  if (a.length !== b.length) throw new Error('Divisions of different things cannot be compared.');
  const both = pairsWithin(a.map((one, at) => JSON.stringify([one, b[at]])));
  const [inA, inB] = [pairsWithin(a), pairsWithin(b)];
  const expected = (inA * inB) / ((a.length * (a.length - 1)) / 2);
  return (both - expected) / ((inA + inB) / 2 - expected);
}

/** Pairs of things in the same part. */
function pairsWithin(parts: readonly (string | number)[]): number {
  const counts = new Map<string | number, number>();
  for (const part of parts) counts.set(part, (counts.get(part) ?? 0) + 1);
  return [...counts.values()].reduce((sum, count) => sum + (count * (count - 1)) / 2, 0);
}
