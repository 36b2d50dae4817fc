/**
 * Counts in one byte: a floating-point counter (M. Csűrös, "Approximate counting with a floating-point counter",
 * COCOON 2010) with four bits of mantissa and four of exponent. Exact up to 16, then within about 15 % (one standard
 * deviation), up to 1,015,792. Tails of distributions live in the exact part, so a byte is enough for them.
 *
 * A counter of level `e` is stepped once in `2^e` events; the caller supplies the random bits, which keeps everything
 * reproducible.
 */

const CODE_MAX = 255;
/** Largest code. */
export const COUNT_CODE_MAX = CODE_MAX;
const MANTISSA = 16;

/** The count a code stands for. About 1 ns. */
export function decodeCount(code: number): number {
  return ((MANTISSA | (code & 15)) << (code >> 4)) - MANTISSA;
}

/** The code after one more event; `draw` is a fresh random integer of which the low 15 bits are used. */
export function incrementCount(code: number, draw: number): number {
  if (code === CODE_MAX) return code;
  return (draw & ((1 << (code >> 4)) - 1)) === 0 ? code + 1 : code;
}

/** The code nearest to `count`, rounded up with the chance that keeps the mean: `share` is uniform in [0, 1). */
export function encodeCount(count: number, share: number): number {
  let level = 0;
  while (level < 15 && count + MANTISSA >= MANTISSA << (level + 1)) level++;
  const steps = (count + MANTISSA) / (1 << level) - MANTISSA;
  const whole = Math.floor(steps);
  return Math.min(CODE_MAX, level * MANTISSA + whole + (steps - whole > share ? 1 : 0));
}
