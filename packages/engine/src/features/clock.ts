import { TRAINING_SPANS_MAX } from '../base/limits.ts';
import type { StateReader, StateWriter } from '../base/state.ts';
import type { Genesis, TrainingSpan } from '../event/record.ts';

/** The engine's time: the stamps of the log, nothing else. */
export class Clock {
  /** Newest stamp, ms. */
  nowMs = 0;
  /** Whole seconds of `nowMs`. */
  second = 0;
  /** The second whose model day was asked for last, and that day: rows of one second ask again and again. */
  #daySecond = -1;
  #day = 0;
  readonly #originMs: number;
  readonly #tempoMs: number;
  #spans: TrainingSpan[] = [];

  constructor(genesis: Genesis) {
    this.#originMs = genesis.originMs;
    this.#tempoMs = genesis.tempoMs;
  }

  /** Start of the current second, ms: the time that decisions use, equal for all rows of one tick. */
  get tickMs(): number {
    return this.second * 1000;
  }

  /** Model day of a second since the origin, at most 65,535. */
  dayOf(second: number): number {
    if (second === this.#daySecond) return this.#day;
    this.#daySecond = second;
    this.#day = Math.max(0, Math.min(65_535, Math.floor((second * 1000 - this.#originMs) / this.#tempoMs)));
    return this.#day;
  }

  /** Part of a model day of a second, of `parts` a day, counted from the origin. */
  partOf(second: number, parts: number): number {
    return Math.max(0, Math.floor(((second * 1000 - this.#originMs) * parts) / this.#tempoMs));
  }

  /** Model time now, in days since the origin. */
  get modelDays(): number {
    return (this.second * 1000 - this.#originMs) / this.#tempoMs;
  }

  /** Milliseconds of real time in a number of model days. */
  daysMs(days: number): number {
    return days * this.#tempoMs;
  }

  /** Declares a period normal. */
  addTraining(span: TrainingSpan): void {
    this.#spans.push(span);
    if (this.#spans.length > TRAINING_SPANS_MAX) this.#spans.shift();
  }

  /** True inside a training span. */
  training(ms: number): boolean {
    for (const span of this.#spans) if (ms >= span.fromMs && ms < span.toMs) return true;
    return false;
  }

  save(out: StateWriter): void {
    out.f64(this.nowMs);
    out.f64(this.second);
    out.u32(this.#spans.length);
    for (const span of this.#spans) {
      out.f64(span.fromMs);
      out.f64(span.toMs);
      out.text(span.by);
    }
  }

  /** Takes up a saved state. */
  load(from: StateReader): void {
    this.nowMs = from.f64();
    this.second = from.f64();
    this.#spans = [];
    for (let left = from.u32(); left > 0; left--) {
      this.#spans.push({ kind: 'training-span', fromMs: from.f64(), toMs: from.f64(), by: from.text() });
    }
  }
}
