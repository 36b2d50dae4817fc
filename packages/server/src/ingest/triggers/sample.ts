/** An event of some kind, written for the tests, and what its row says besides function, kind and trust. */
export interface SampleEvent {
  readonly event: unknown;
  readonly says: { readonly [field: string]: unknown };
}

/** A sample with its name. */
export type NamedSample = readonly [name: string, sample: SampleEvent];

/** When all samples happened. */
export const AT = '2026-01-31T12:00:00Z';
/** The same as ms since 1970. */
export const AT_MS = Date.UTC(2026, 0, 31, 12);
/** A trace that began then. */
export const TRACE = '1-697debc0-0123456789abcdef01234567';

/** ARN of a resource in the account and region of the tests. */
export function arn(service: string, rest: string): string {
  return `arn:aws:${service}:eu-west-1:123456789012:${rest}`;
}

/** A batch of records. */
export function batch(...records: readonly unknown[]): { readonly Records: readonly unknown[] } {
  return { Records: records };
}
