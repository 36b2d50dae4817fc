/** Exact decimal numbers as the table service stores them: up to 38 significant digits. */

/** `digits` × 10^`exponent`; no trailing zeros in `digits`, zero has exponent 0. */
export interface Decimal {
  readonly digits: bigint;
  readonly exponent: number;
}

/** Significant digits of a number: the service's own limit. */
const SIGNIFICANT_DIGITS_MAX = 38;
/** Largest and smallest power of ten of the first digit: the service's own limits. */
const POWER_MAX = 125;
const POWER_MIN = -130;
/** A number with leading and trailing zeros may be written longer than its digits; more than this is not looked at. */
const TEXT_LENGTH_MAX = 512;

/** The number a text stands for; undefined if it is none or out of range. */
export function parseDecimal(text: string): Decimal | undefined {
  if (text.length > TEXT_LENGTH_MAX) return undefined;
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,4}))?$/.exec(text.trim());
  if (match === null) return undefined;
  const [, sign, whole = '', fraction = '', power = '0'] = match;
  if (whole === '' && fraction === '') return undefined;
  const digits = BigInt(`${whole}${fraction}`);
  return bounded(sign === '-' ? -digits : digits, Number(power) - fraction.length);
}

/** Sum; undefined if it has too many digits. */
export function addDecimals(a: Decimal, b: Decimal): Decimal | undefined {
  const exponent = Math.min(a.exponent, b.exponent);
  return bounded(digitsAt(a, exponent) + digitsAt(b, exponent), exponent);
}

/** The number with the other sign. */
export function negateDecimal(number: Decimal): Decimal {
  return { digits: -number.digits, exponent: number.exponent };
}

/** Negative, zero or positive, as for sorting. */
export function compareDecimals(a: Decimal, b: Decimal): number {
  const exponent = Math.min(a.exponent, b.exponent);
  const left = digitsAt(a, exponent);
  const right = digitsAt(b, exponent);
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

/** The one way of writing a number: plain digits, no exponent, no needless zeros. */
export function formatDecimal(number: Decimal): string {
  const negative = number.digits < 0n;
  const digits = String(negative ? -number.digits : number.digits);
  const sign = negative ? '-' : '';
  if (number.exponent >= 0) return `${sign}${digits}${'0'.repeat(number.exponent)}`;
  const padded = digits.padStart(1 - number.exponent, '0');
  return `${sign}${padded.slice(0, number.exponent)}.${padded.slice(number.exponent)}`;
}

/** `digits` × 10^`exponent` with as few digits as possible, or undefined if there are still too many. */
function bounded(digits: bigint, exponent: number): Decimal | undefined {
  if (digits === 0n) return { digits: 0n, exponent: 0 };
  const text = String(digits);
  const zeros = /0*$/.exec(text)?.[0].length ?? 0;
  const short = BigInt(text.slice(0, text.length - zeros));
  const count = String(short).replace('-', '').length;
  const power = exponent + zeros + count - 1;
  if (count > SIGNIFICANT_DIGITS_MAX || power > POWER_MAX || power < POWER_MIN) return undefined;
  return { digits: short, exponent: exponent + zeros };
}

function digitsAt(number: Decimal, exponent: number): bigint {
  return number.digits * 10n ** BigInt(number.exponent - exponent);
}
