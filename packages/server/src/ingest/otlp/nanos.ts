/**
 * Times of OpenTelemetry are nanoseconds since 1970 in 64 bits, more than a double holds. Here they are taken apart into
 * whole milliseconds and the nanoseconds beyond them, so that differences stay exact.
 */
export const NANOS_PER_MS = 1_000_000;
const TWO_32 = 4_294_967_296;
const TWO_32_REST = TWO_32 % NANOS_PER_MS;

/** Nanoseconds beyond the last whole millisecond, of a time given as two 32-bit words. */
export function restOfWords(high: number, low: number): number {
  return ((high % NANOS_PER_MS) * TWO_32_REST + low) % NANOS_PER_MS;
}

/** Whole milliseconds of a time given as two 32-bit words. */
export function msOfWords(high: number, low: number): number {
  return Math.round((high * TWO_32 + low - restOfWords(high, low)) / NANOS_PER_MS);
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
  return momentMs(msOfWords(high, low), restOfWords(high, low));
}

/** A moment in protobuf's JSON form, as `momentMs`; NaN also when it is none. */
export function momentOf(value: unknown): number {
  const parts = splitNanos(value);
  return parts === undefined ? Number.NaN : momentMs(parts[0], parts[1]);
}
