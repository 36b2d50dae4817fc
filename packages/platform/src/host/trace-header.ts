import { randomBytes } from 'node:crypto';

/** Longest trace header that is passed on, characters: many times what tracing needs. */
const HEADER_CHARS_MAX = 1_000;

/**
 * The `X-Amzn-Trace-Id` of an invocation: the caller's if it has one, otherwise a new trace. As functions without active tracing
 * get it, it has a parent and is not sampled unless the caller says so.
 */
export function traceHeaderFor(given: string | undefined, nowMs: number): string {
  const isTrace =
    given !== undefined && given.length <= HEADER_CHARS_MAX && /^[\x20-\x7e]*Root=[\x20-\x7e]+$/.test(given);
  let header = isTrace ? given : newTraceId(nowMs);
  if (!header.includes('Parent=')) header += `;Parent=${randomBytes(8).toString('hex')}`;
  return header.includes('Sampled=') ? header : `${header};Sampled=0`;
}

/** `Root=1-<seconds, 8 hex>-<24 hex>`: the beginning of a trace. */
export function newTraceId(nowMs: number): string {
  const seconds = Math.floor(nowMs / 1_000)
    .toString(16)
    .padStart(8, '0');
  return `Root=1-${seconds}-${randomBytes(12).toString('hex')}`;
}
