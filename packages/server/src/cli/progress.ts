import { fitted } from '../render/printable.ts';
import { grouped } from '../render/words.ts';

/** Time between two updates of the line on a terminal, and between two plain lines elsewhere. */
const TERMINAL_EVERY_MS = 200;
const PLAIN_EVERY_MS = 5000;
/** Columns of a terminal that does not say. */
const COLUMNS_DEFAULT = 80;
/** A line that wraps could not be rewritten: one column for the cursor, two for the `^C` that a terminal echoes. */
const COLUMNS_SPARE = 3;
const START_OF_EMPTY_LINE = '\r\u001b[2K';

/** How far some work is. */
export interface Progress {
  /** What is being done: `reading`. */
  readonly phase: string;
  /** Share of the phase that is done, 0..1. */
  readonly done: number;
  readonly rows: number;
}

/** Where progress is shown: the parts of a terminal's stream that are used. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Shows how far long work is: one line that is rewritten on a terminal, a plain line now and then elsewhere. */
export class ProgressLine {
  readonly #out: ProgressStream;
  readonly #now: () => number;
  #phase = '';
  #phaseStartMs = 0;
  #shownMs = 0;
  #open = false;

  /** `now` is a clock in ms. */
  constructor(out: ProgressStream, now: () => number = () => performance.now()) {
    this.#out = out;
    this.#now = now;
  }

  update(progress: Progress): void {
    const terminal = this.#out.isTTY === true;
    const nowMs = this.#now();
    if (progress.phase !== this.#phase) {
      this.#phase = progress.phase;
      this.#phaseStartMs = nowMs;
      // A terminal shows a new phase at once; elsewhere short work leaves no trace.
      this.#shownMs = terminal ? Number.NEGATIVE_INFINITY : nowMs;
    }
    if (nowMs - this.#shownMs < (terminal ? TERMINAL_EVERY_MS : PLAIN_EVERY_MS)) return;
    this.#shownMs = nowMs;
    const text = progressText(progress, (nowMs - this.#phaseStartMs) / 1000);
    const columns = (this.#out.columns || COLUMNS_DEFAULT) - COLUMNS_SPARE;
    this.#out.write(terminal ? START_OF_EMPTY_LINE + fitted(text, columns) : `${text}\n`);
    this.#open = terminal;
  }

  /** Removes the line, so that what follows stands alone. */
  end(): void {
    if (this.#open) this.#out.write(START_OF_EMPTY_LINE);
    this.#open = false;
  }
}

/** `learning 42 %, 1,234,567 events, 310,000 a second, 5 s left`. */
export function progressText(progress: Progress, seconds: number): string {
  const parts = [
    `${progress.phase} ${Math.floor(progress.done * 100)} %`,
    progress.rows === 1 ? '1 event' : `${grouped(progress.rows)} events`,
  ];
  if (seconds > 0.5) parts.push(`${grouped(progress.rows / seconds)} a second`);
  if (seconds > 2 && progress.done > 0.01) {
    parts.push(`${timeText((seconds / progress.done) * (1 - progress.done))} left`);
  }
  return parts.join(', ');
}

function timeText(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5400 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
