import type { NumberField } from '../event/schema.ts';

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** A number of a field as people write it: `61 ms`, `41.2 s`, `512 B`, `3.4 MB`. Three significant digits at most. */
export function quantity(field: NumberField, value: number): string {
  if (field.endsWith('Ms')) return duration(value);
  if (field.endsWith('Bytes') || field.startsWith('bytes')) return bytes(value, 0);
  if (field.endsWith('Mb')) return bytes(value, 2);
  return short(value);
}

function duration(ms: number): string {
  if (ms < 999.5) return `${short(ms)} ms`;
  if (ms < 120_000) return `${short(ms / 1000)} s`;
  return `${short(ms / 60_000)} min`;
}

function bytes(value: number, unit: number): string {
  let rest = value;
  let at = unit;
  while (rest >= 999.5 && at < BYTE_UNITS.length - 1) {
    rest /= 1000;
    at++;
  }
  return `${short(rest)} ${BYTE_UNITS[at]}`;
}

/** At most three significant digits, without a trailing zero. */
function short(value: number): string {
  if (value >= 99.95) return String(Math.round(value));
  if (value >= 9.995) return String(Math.round(value * 10) / 10);
  return String(Math.round(value * 100) / 100);
}
