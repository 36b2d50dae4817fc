/**
 * Times of OpenTelemetry are nanoseconds since 1970 in 64 bits, more than a double holds. Here they are taken apart into
 * whole milliseconds and the nanoseconds beyond them, so that differences stay exact.
 */
export const NANOS_PER_MS = 1_000_000;
const TWO_32 = 4_294_967_296;
const TWO_32_REST = TWO_32 % NANOS_PER_MS;

/** Nanoseconds beyond the last whole millisecond, of a time given as two 32-bit words. Exact. */
export function restOfWords(high: number, low: number): number {
  // Below 2^40, where the quotient of integers rounds down exactly; the remainder operator takes ten times as long.
  const folded = ((high >>> 0) % NANOS_PER_MS) * TWO_32_REST + low;
  return folded - Math.floor(folded / NANOS_PER_MS) * NANOS_PER_MS;
}

/** Whole milliseconds of a time given as two 32-bit words, of which `rest` are beyond them. Exact. */
export function msOfWords(high: number, low: number, rest: number): number {
  return Math.round((high * TWO_32 + low - rest) / NANOS_PER_MS);
}

/**
 * Whole milliseconds and rest of a time in protobuf's JSON form: a decimal string, or a number that has lost its last
 * digits already. Undefined when it is neither.
 */
export function splitNanos(value: unknown): readonly [number, number] | undefined {
  if (typeof value === 'number' && value >= 0 && Number.isFinite(value)) {
    return [Math.floor(value / NANOS_PER_MS), Math.floor(value % NANOS_PER_MS)];
  }
  if (typeof value !== 'string' || !/^\d{1,20}$/.test(value)) return undefined;
  return [Number(value.slice(0, -6)), Number(value.slice(-6))];
}

/** A moment as ms since 1970 with a fraction; NaN for 0, which stands for absent. */
export function momentMs(ms: number, rest: number): number {
  return ms === 0 && rest === 0 ? Number.NaN : ms + rest / NANOS_PER_MS;
}

/** A moment given as two 32-bit words, as `momentMs`. */
export function momentOfWords(high: number, low: number): number {
  const rest = restOfWords(high, low);
  return momentMs(msOfWords(high, low, rest), rest);
}

/** A moment in protobuf's JSON form, as `momentMs`; NaN also when it is none. */
export function momentOf(value: unknown): number {
  const parts = splitNanos(value);
  return parts === undefined ? Number.NaN : momentMs(parts[0], parts[1]);
}
