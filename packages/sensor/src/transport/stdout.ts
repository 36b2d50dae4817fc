import { constants, fstatSync, openSync, writeSync } from 'node:fs';
import type { Transport } from './transport.ts';

const STDOUT = 1;

/**
 * Writes records as lines of the standard output, where the platform's log pipeline picks them up: one call to the system
 * a record, 2 µs for a pipe. A pipe that is full is never waited for: the record is dropped and counted. Lines are short
 * enough for a pipe or a socket to take them as a whole, so none is torn.
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
    dropped: () => dropped,
  };
}

/**
 * A pipe, opened once more so that writing to it never waits, however the function itself writes to it. For a socket, which
 * cannot be opened again, Node's own stream is made: it does the same to the descriptor as the first `console.log` would.
 * Files take everything at once.
 */
function unblocked(descriptor: number): number {
  const kind = fstatSync(descriptor);
  if (!kind.isFIFO() && !kind.isSocket()) return descriptor;
  try {
    if (kind.isFIFO()) return openSync(`/proc/self/fd/${descriptor}`, constants.O_WRONLY | constants.O_NONBLOCK);
  } catch {
    // The pipe is somebody else's, and cannot be opened here.
  }
  void process.stdout;
  return descriptor;
}
