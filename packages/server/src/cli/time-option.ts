import { InvalidArgumentError } from 'commander';

/** What times look like: a day, or a moment; UTC unless they say otherwise. */
const TIME = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})?)?$/;

/** A time of an option, UTC unless it says otherwise. Throws `InvalidArgumentError`. */
export function parseTime(text: string): Date {
  const zoned = text.includes('T') && !/(Z|[+-]\d{2}:\d{2})$/.test(text) ? `${text}Z` : text;
  const time = new Date(zoned);
  if (TIME.test(text) && !Number.isNaN(time.getTime())) return time;
  throw new InvalidArgumentError('Write a time like 2026-03-01 or 2026-03-01T12:00:00Z.');
}
