import { randomBytes } from 'node:crypto';

/**
 * The `X-Amzn-Trace-Id` of an invocation: the caller's if it has one, otherwise a new trace that is not sampled, as functions
 * without active tracing get it.
 */
export function traceHeaderFor(given: string | undefined, nowMs: number): string {
  if (given !== undefined && /^[\x20-\x7e]{1,1000}$/.test(given) && given.includes('Root=')) return given;
  const seconds = Math.floor(nowMs / 1_000)
    .toString(16)
    .padStart(8, '0');
  return `Root=1-${seconds}-${randomBytes(12).toString('hex')};Parent=${randomBytes(8).toString('hex')};Sampled=0`;
}
