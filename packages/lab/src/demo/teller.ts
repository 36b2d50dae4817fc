/** Where a story is told: a terminal, a file or a pipe. */
export interface Teller {
  /** Writes a line. */
  readonly say: (text: string) => void;
  /**
   * Tells how far it is. On a terminal the line is replaced by what follows; elsewhere one is written in
   * `PROGRESS_EVERY_MS`, so that a log shows that it goes on and is not filled with it.
   */
  readonly progress: (text: string) => void;
}

/** Between two lines of progress where they stay, ms. */
const PROGRESS_EVERY_MS = 10_000;
/** Columns of a terminal that does not say. */
const COLUMNS = 80;

/** Tells on a stream. `now` in ms. */
export function tellerOn(
  out: Pick<NodeJS.WriteStream, 'write' | 'isTTY' | 'columns'>,
  now: () => number = Date.now,
): Teller {
  let isShown = false;
  let lastMs = now();
  const clear = (): string => {
    const text = isShown ? '\r\u001b[K' : '';
    isShown = false;
    return text;
  };
  return {
    say: (text) => out.write(`${clear()}${text}\n`),
    progress: (text) => {
      if (out.isTTY) {
        // A line that wraps could not be replaced.
        out.write(`${clear()}${text.slice(0, (out.columns || COLUMNS) - 1)}`);
        isShown = true;
      } else if (now() - lastMs >= PROGRESS_EVERY_MS) {
        lastMs = now();
        out.write(`${text}\n`);
      }
    },
  };
}
