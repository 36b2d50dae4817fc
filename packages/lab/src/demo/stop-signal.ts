import type { EventEmitter } from 'node:events';

/** Said when everything is being ended. */
export const ENDING = '\nEnding everything that was started.';

/** What asks this program to end. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** npm passes Ctrl-C on to what it runs, which the terminal has told already: within this time it is the same one, ms. */
const SAME_INTERRUPT_MS = 1_000;

/** Where signals come from, and what is written to. */
export interface StopSources {
  /** Emits the names of signals, as `process` does. */
  readonly process: EventEmitter;
  /** Their errors mean that nobody reads any more. */
  readonly outputs: readonly EventEmitter[];
  /** Ms. */
  readonly now: () => number;
}

/**
 * Aborted at the first Ctrl-C or SIGTERM, when the terminal is closed, or when nobody reads any more. What comes within a
 * second after it is taken for the same; the next one is told that the one after it ends at once, as usual.
 */
export function stopSignal(
  say: (text: string) => void,
  { process: source, outputs, now }: StopSources = {
    process,
    outputs: [process.stdout, process.stderr],
    now: () => performance.now(),
  },
): AbortSignal {
  const stop = new AbortController();
  let firstMs = 0;
  const interrupt = (): void => {
    if (!stop.signal.aborted) {
      firstMs = now();
      say(ENDING);
      stop.abort();
    } else if (now() - firstMs > SAME_INTERRUPT_MS) {
      for (const name of SIGNALS) source.off(name, interrupt);
      say('Still ending. Ctrl-C once more ends at once, and may leave processes behind.');
    }
  };
  for (const name of SIGNALS) source.on(name, interrupt);
  for (const output of outputs) output.on('error', () => stop.abort());
  return stop.signal;
}
