import { closeSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { fingerprint } from './keyed.ts';
import { CODE_BYTES_MAX } from './limits.ts';

/** Extensions a handler's file may have, in the order in which runtimes look for it. */
export const HANDLER_EXTENSIONS = ['.js', '.mjs', '.cjs', ''] as const;

/**
 * Fingerprint of code that has no version number: names beside the handler and the handler's file, up to 1 MiB of it. ''
 * where there is no handler to be found. Times do not count, so that each sandbox of one deployment says the same. About
 * 1 ms for each MiB, once in a sandbox.
 */
export function codeRevision(environment: Readonly<Record<string, string | undefined>>): string {
  const root = environment['LAMBDA_TASK_ROOT'] ?? '';
  const handler = environment['GAIT_HANDLER'] ?? environment['_HANDLER'] ?? '';
  if (root === '' || handler === '') return '';
  const slash = handler.lastIndexOf('/');
  const module = handler.slice(0, slash + 1) + handler.slice(slash + 1).split('.', 1)[0];
  for (const extension of HANDLER_EXTENSIONS) {
    const code = beginning(join(root, module + extension));
    if (code !== undefined) return fingerprint([names(root), code]);
  }
  return '';
}

function beginning(file: string): Uint8Array | undefined {
  try {
    const descriptor = openSync(file, 'r');
    try {
      const bytes = Buffer.allocUnsafe(CODE_BYTES_MAX);
      return bytes.subarray(0, readSync(descriptor, bytes, 0, CODE_BYTES_MAX, 0));
    } finally {
      closeSync(descriptor);
    }
  } catch {
    return undefined;
  }
}

function names(root: string): string {
  try {
    return readdirSync(root).sort().join('\n');
  } catch {
    return '';
  }
}
