import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import type { Transport } from './transport.ts';

const STDOUT = 1;

/**
 * Writes records as lines of the standard output, where the platform's log pipeline picks them up: one call to the system
 * a record, 2 µs for a pipe. A pipe that is full is never waited for: the record is dropped and counted. Lines are short
 * enough for a pipe to take them as a whole, so none is torn.
 */
export function stdoutTransport(): Transport {
  let descriptor = -1;
  let dropped = 0;
  return {
    send(line) {
      try {
        if (descriptor < 0) descriptor = unblocked(STDOUT);
        writeSync(descriptor, `${line}\n`);
      } catch {
        // Full (EAGAIN), or gone (EPIPE, EBADF).
        dropped++;
      }
    },
    flush: () => undefined,
    takeDropped() {
      const lost = dropped;
      dropped = 0;
      return lost;
    },
  };
}

/**
 * The same pipe, opened once more so that writing to it never waits, however the function itself writes to it; the
 * descriptor itself where that cannot be done, and for files, which take everything at once.
 */
function unblocked(descriptor: number): number {
  try {
    if (!fstatSync(descriptor).isFIFO()) return descriptor;
    return openSync(`/proc/self/fd/${descriptor}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    return descriptor;
  }
}
