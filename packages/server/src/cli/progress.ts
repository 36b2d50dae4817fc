import type { ReplayProgress } from '../runtime/replay.ts';

/** Time between two updates of the line on a terminal, and between two plain lines elsewhere. */
const TERMINAL_EVERY_MS = 200;
const PLAIN_EVERY_MS = 5000;

/** Shows how far long work is: one line that is rewritten on a terminal, a plain line now and then elsewhere. */
export class ProgressLine {
  readonly #out: NodeJS.WriteStream;
  #phase = '';
  #phaseStartMs = 0;
  #shownMs = 0;
  #open = false;

  constructor(out: NodeJS.WriteStream) {
    this.#out = out;
  }

  update(progress: ReplayProgress): void {
    const nowMs = performance.now();
    if (progress.phase !== this.#phase) {
      this.#phase = progress.phase;
      this.#phaseStartMs = nowMs;
      this.#shownMs = this.#out.isTTY ? 0 : nowMs;
    }
    if (nowMs - this.#shownMs < (this.#out.isTTY ? TERMINAL_EVERY_MS : PLAIN_EVERY_MS)) return;
    this.#shownMs = nowMs;
    const seconds = (nowMs - this.#phaseStartMs) / 1000;
    const line = progressText(progress, seconds);
    this.#out.write(this.#out.isTTY ? `\r\u001b[2K${line}` : `${line}\n`);
    this.#open = this.#out.isTTY;
  }

  /** Removes the line, so that what follows stands alone. */
  end(): void {
    if (this.#open) this.#out.write('\r\u001b[2K');
    this.#open = false;
  }
}

/** `learning 42 %, 1,234,567 events, 310,000 a second, 5 s left`. */
export function progressText(progress: ReplayProgress, seconds: number): string {
  const parts = [`${progress.phase} ${Math.floor(progress.done * 100)} %`, `${grouped(progress.rows)} events`];
  if (seconds > 0.5) parts.push(`${grouped(progress.rows / seconds)} a second`);
  if (seconds > 2 && progress.done > 0.01) {
    parts.push(`${timeText((seconds / progress.done) * (1 - progress.done))} left`);
  }
  return parts.join(', ');
}

/** A whole number with commas. */
export function grouped(value: number): string {
  return Math.round(value).toLocaleString('en-US');
}

function timeText(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  return seconds < 5400 ? `${Math.ceil(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
