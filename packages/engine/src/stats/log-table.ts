const STEPS = 256;
/** One octave in the unit of `log2Steps`. */
export const OCTAVE_STEPS = STEPS;
/** Where `log2Steps` stops: 2^-8 and everything below is as good as zero. */
const LOWEST = -8;
const SHIFT = 16;
/** Smallest magnitude whose fixed-point form does not fit 31 bits. */
const TABLE_MAX = 32_768;

const FRACTIONS = fractions();

/**
 * Base-2 logarithm of a magnitude in whole 256ths of an octave, rounded down: monotone, the same on every machine, and a
 * small integer, so that handing it on costs no allocation. Magnitudes up to 2^-8 (and NaN) give -2048.
 */
export function log2Steps(magnitude: number): number {
  if (magnitude >= TABLE_MAX) return Math.floor((Math.log(magnitude) * STEPS) / Math.LN2);
  const fixed = (magnitude * (1 << SHIFT)) | 0;
  if (fixed < 1 << (SHIFT + LOWEST)) return LOWEST * STEPS;
  const zeros = Math.clz32(fixed);
  return (31 - SHIFT - zeros) * STEPS + FRACTIONS[(fixed << (zeros + 1)) >>> 24];
}

/** Logarithms of 1 + step/256, for the eight bits after the leading one. */
function fractions(): Uint8Array {
  const table = new Uint8Array(STEPS);
  for (let step = 0; step < STEPS; step++) {
    table[step] = Math.floor((Math.log(1 + step / STEPS) * STEPS) / Math.LN2);
  }
  return table;
}
