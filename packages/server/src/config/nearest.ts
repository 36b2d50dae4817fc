/** How much of a word may be wrong for the intended one still to be named. */
const WRONG_SHARE_MAX = 0.4;

/** The known word nearest to one that was written, if it is near enough to have been meant. Case does not count. */
export function nearest(written: string, known: readonly string[]): string | undefined {
  let best: { readonly word: string; readonly distance: number } | undefined;
  for (const word of known) {
    const distance = editDistance(written.toLowerCase(), word.toLowerCase());
    const near = distance <= Math.max(1, Math.floor(word.length * WRONG_SHARE_MAX));
    if (near && (best === undefined || distance < best.distance)) best = { word, distance };
  }
  return best?.word;
}

/** Letters to add, remove, replace, or swap with a neighbour. Cost: product of the lengths. */
function editDistance(from: string, to: string): number {
  // What is far longer than any key is none of them, and comparing it would only cost time.
  if (Math.abs(from.length - to.length) > to.length) return Number.POSITIVE_INFINITY;
  let before: number[] = [];
  let above = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let row = 1; row <= from.length; row++) {
    const line = [row];
    for (let at = 1; at <= to.length; at++) {
      const replaced = above[at - 1] + (from[row - 1] === to[at - 1] ? 0 : 1);
      line[at] = Math.min(replaced, above[at] + 1, line[at - 1] + 1);
      const swapped = row > 1 && at > 1 && from[row - 1] === to[at - 2] && from[row - 2] === to[at - 1];
      if (swapped) line[at] = Math.min(line[at], before[at - 2] + 1);
    }
    [before, above] = [above, line];
  }
  return above[to.length];
}
