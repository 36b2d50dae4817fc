import { NO_PAGE, Slab, type SlabPage } from '../base/slab.ts';
import type { StateReader, StateWriter } from '../base/state.ts';
import { ANCHOR_FINDING, anchorErrors, moveAnchor, releaseAnchor } from './rate-anchor.ts';
import { RATE, RATE_BYTES, SCALE, SCALE_MINUTES, scaleWord } from './rate-block.ts';
import { CLASS, classOf, isStrict, minuteRecord } from './rate-class.ts';
import { explainedOf, isSeasonal, judgeWindows, type RateContext, RateWindow, recordRarity } from './rate-judge.ts';
import { EPISODE_MINUTES, learnIdle, learnMinute, moveWindows } from './rate-learn.ts';
import { forgetShare, type RateFleet, RatePriors } from './rate-priors.ts';
import { type DayShape, FLAT_DAY, meanPerMinute } from './rate-season.ts';
import { cellOf, RATE_FINDING, RATE_WATCH, RateRuns, RateThresholds, RUN_FROM } from './rate-thresholds.ts';
import type { FunctionStore } from './stores.ts';

const RATE_WORDS = RATE_BYTES / 4;
/** Minutes and periods of silence from which clockwork has stopped. */
const SILENT_MINUTES_MIN = 30;
const SILENT_PERIODS = 5;
/** Shortest period of which an extra beat, or silence, can be told. */
const PERIOD_MIN = 2;
/** Gaps, minutes without an extra beat, and share of strict gaps of clockwork that never had one. */
const STRICT_GAPS_MIN = 500;
const NO_EXTRA_MINUTES = 14 * 1440;
const STRICT_SHARE = 0.99;

/** A minute of a function that is over. */
export interface RateMinute {
  /** Minutes since the epoch. */
  readonly minute: number;
  readonly count: number;
  /** The learn gate: an incident about the rate is open. */
  readonly held: boolean;
  /** Hash of the revision, 0 where it has none. */
  readonly revision: number;
  /** A timer triggers the function. */
  readonly timer: boolean;
}

/** Calls that what happened upstream explains beyond a function's usual, in the windows that end with one minute. */
export interface ExplainedCalls {
  readonly minute: number;
  /** Extra calls expected in the 10 and the 60 minutes, and the standard errors of that. */
  readonly calls: readonly [number, number];
  readonly errors: readonly [number, number];
}

/** What a minute is found to be. Reused. */
export class RateVerdict extends RateWindow {
  minute = 0;
  cls: number = CLASS.new;
  cell = 0;
  /** Score on the scale of all classes: `RATE_FINDING` is a finding, `RATE_WATCH` is watched. */
  decades = 0;
  /** False while a run goes on in which nothing stranger came. */
  told = false;
  /** Standard errors beyond the anchored hour, and the score of that. */
  errors = 0;
  drift = 0;
  anchor = 0;
  hourCalls = 0;
  /** Gaps of clockwork that had no beat too many for two weeks, when this minute has one; 0 otherwise. */
  extraAfter = 0;
  period = 0;
  minuteRecord = 0;
  minuteCalls = 0;
  /** Minutes the function is known for. */
  age = 0;
}

/** Clockwork that went silent. */
export interface Silence {
  readonly minutes: number;
  readonly period: number;
  readonly beats: number;
}

/**
 * How many calls each function gets: windows of 10 and 60 minutes, judged by what the function itself did before, by the pooled
 * size of broken records of its class, and by an hour frozen early for clockwork. Learned one window late. See
 * docs/decisions/rate-findings.md for what can be promised of which function and why.
 *
 * Silent on what follows the function's own rhythm or stays under its record, and nearly so on bursty, rare and new functions.
 * 2,088 bytes a function. A minute costs 0.3 us with a call; any number of idle minutes in a row 10 us at most.
 */
export class RateStore implements FunctionStore {
  readonly priors = new RatePriors();
  readonly thresholds = new RateThresholds();
  /** What was seen since the thresholds were set. */
  readonly runs = new RateRuns();
  readonly verdict = new RateVerdict();
  /** Day since the epoch for which priors and thresholds were fitted. */
  fittedDay = 0;
  /** Peers' opinion of the hours of a day: a door for who knows peers. */
  shape: DayShape = FLAT_DAY;
  /** Block that `verdict` is about. */
  judged = 0;
  readonly #slab: Slab;
  #page: SlabPage = NO_PAGE;
  #word = 0;

  constructor(functionsMax: number) {
    this.#slab = new Slab(RATE_BYTES, functionsMax);
  }

  get bytes(): number {
    return this.#slab.bytes;
  }

  /** Takes a block for a function first seen in `minute`; 0 when there is no room. */
  alloc(minute: number): number {
    const id = this.#slab.alloc();
    if (id === 0) return 0;
    this.#open(id);
    const { u32 } = this.#page;
    u32[this.#word + RATE.first] = minute;
    u32[this.#word + RATE.last] = minute - 1;
    u32[this.#word + RATE.generation] = minute;
    return id;
  }

  free(id: number): void {
    this.#slab.free(id);
  }

  /** Judges a minute with calls by the state before it, then learns it and the idle minutes before it. The result is `verdict`. */
  close(id: number, of: RateMinute): void {
    this.#open(id);
    const page = this.#page;
    const word = this.#word;
    const { u32 } = page;
    const lesson = { held: of.held, shape: this.shape };
    this.#revise(of);
    const before = u32[word + RATE.last];
    this.verdict.told = false;
    if (of.minute <= before) return;
    this.judged = id;
    if (of.minute - 1 > before) learnIdle(page, word, { minute: of.minute - 1, lesson });
    if (!of.held) this.#classify(of.minute);
    const cls = u32[word + RATE.class];
    const cell = cellOf(cls, isSeasonal(page, word, cls), of.timer);
    this.runs.judged(cell, of.minute - before);
    this.#judgeBeat(of);
    moveWindows(page, word, { ...of, lesson });
    this.#judge({ page, word, cls, priors: this.priors, minute: of.minute }, cell);
    learnMinute(page, word, { ...of, lesson });
    moveAnchor(page, word, { minute: of.minute, cls, held: of.held });
  }

  /**
   * A door for those who know what happens upstream (callers, gateways, queues): extra calls it explains in the windows that end
   * with a minute, to be said before that minute is closed. Two standard errors of it are not believed, and the function's
   * usual is never explained away; so it can only lower scores, and only of that minute.
   */
  explain(id: number, of: ExplainedCalls): void {
    this.#open(id);
    const { u32, f32 } = this.#page;
    u32[this.#word + RATE.explainedAt] = of.minute;
    for (let scale = 0; scale < SCALE_MINUTES.length; scale++) {
      f32[this.#word + RATE.explained + scale] = Math.max(0, of.calls[scale]);
      f32[this.#word + RATE.explainedError + scale] = Math.max(0, of.errors[scale]);
    }
  }

  /** Calls the function is expected to have in a window, by its own mean: what a model of demand needs as a baseline. */
  usual(id: number, minutes: number): number {
    this.#open(id);
    return meanPerMinute(this.#page, this.#word) * minutes;
  }

  /** The class of a function as it is now. */
  classOf(id: number): number {
    this.#open(id);
    return this.#page.u32[this.#word + RATE.class];
  }

  /** How often the function's last window of a scale would look like that, exactly as many counting half: for evaluations. */
  rarityOf(id: number, scale: number, calls: number): number {
    this.#open(id);
    const cls = this.#page.u32[this.#word + RATE.class];
    const of = { page: this.#page, word: this.#word, cls, priors: this.priors, minute: 0 };
    return recordRarity(of, scale, calls, true);
  }

  /** Adds what a function shows to the fleet, and ends its run if that is over. */
  contribute(id: number, minute: number, fleet: RateFleet): void {
    this.#open(id);
    if (minute > this.#page.u32[this.#word + RATE.runUntil]) this.#endRun();
    fleet.add(this.#page, this.#word);
  }

  /** Silence of clockwork that lasts beyond doubt at the end of `minute`, told once; undefined otherwise. */
  silence(id: number, minute: number): Silence | undefined {
    this.#open(id);
    const { u32 } = this.#page;
    const word = this.#word;
    const active = u32[word + RATE.active];
    const period = u32[word + RATE.period];
    const minutes = minute - active;
    if (u32[word + RATE.class] !== CLASS.clock || period < PERIOD_MIN || u32[word + RATE.toldSilent] === active) return;
    if (minutes < SILENT_MINUTES_MIN || minutes <= SILENT_PERIODS * period) return;
    return { minutes, period, beats: u32[word + RATE.gaps] };
  }

  /** True for clockwork that beats. */
  beats(id: number, minute: number): boolean {
    this.#open(id);
    const { u32 } = this.#page;
    const late = minute - u32[this.#word + RATE.active];
    return u32[this.#word + RATE.class] === CLASS.clock && late <= SILENT_PERIODS * u32[this.#word + RATE.period];
  }

  /** Notes that the present silence was told. */
  tellSilence(id: number): void {
    this.#open(id);
    this.#page.u32[this.#word + RATE.toldSilent] = this.#page.u32[this.#word + RATE.active];
  }

  save(out: StateWriter): void {
    this.#slab.save(out);
    this.priors.save(out);
    this.thresholds.save(out);
    this.runs.save(out);
    out.u32(this.fittedDay);
  }

  load(from: StateReader): void {
    this.#slab.load(from);
    this.priors.load(from);
    this.thresholds.load(from);
    this.runs.load(from);
    this.fittedDay = from.u32();
  }

  #open(id: number): void {
    this.#page = this.#slab.pages[id >>> this.#slab.shift];
    this.#word = (id & this.#slab.mask) * RATE_WORDS;
  }

  /** A new revision releases the anchor: a deployment is a known change. */
  #revise(of: RateMinute): void {
    const { u32 } = this.#page;
    const at = this.#word + RATE.revision;
    if (of.revision === 0 || u32[at] === of.revision) return;
    if (u32[at] !== 0) releaseAnchor(u32, this.#word, of.minute);
    u32[at] = of.revision;
  }

  #classify(minute: number): void {
    const { u32 } = this.#page;
    const at = this.#word + RATE.class;
    // A run is judged by the class it began in: what it does to the windows must not change that.
    if (minute <= u32[this.#word + RATE.runUntil] && this.#page.f32[this.#word + RATE.runBest] >= RATE_FINDING) return;
    const cls = classOf(this.#page, this.#word);
    if (cls === u32[at]) return;
    u32[at] = cls;
    forgetShare(this.#page, this.#word);
  }

  #judge(of: RateContext, cell: number): void {
    const { verdict, thresholds } = this;
    const { u32, f32 } = of.page;
    judgeWindows(of, verdict);
    verdict.minute = of.minute;
    verdict.cls = of.cls;
    verdict.cell = cell;
    verdict.age = of.minute - u32[of.word + RATE.first];
    verdict.decades = thresholds.decades(cell, verdict.raw);
    verdict.hourCalls = u32[scaleWord(of.word, 1) + SCALE.window];
    verdict.errors = anchorErrors(of.page, of.word, explainedOf(of, 1, verdict.hourCalls));
    verdict.anchor = f32[of.word + RATE.anchorMean];
    verdict.drift = (verdict.errors * RATE_FINDING) / ANCHOR_FINDING;
    this.#followRun(of.minute, cell);
  }

  /** Exceedances less than an hour apart are one run: it is told when it begins, rises to a level, or grows by a decade. */
  #followRun(minute: number, cell: number): void {
    const { verdict } = this;
    const { u32, f32 } = this.#page;
    const word = this.#word;
    verdict.told = false;
    if (verdict.raw < RUN_FROM && verdict.decades < RATE_WATCH) return;
    if (minute > u32[word + RATE.runUntil]) {
      this.#endRun();
      u32[word + RATE.runCell] = cell;
      f32[word + RATE.runBest] = 0;
      f32[word + RATE.runRaw] = 0;
    }
    const best = f32[word + RATE.runBest];
    const rises = (level: number) => best < level && verdict.decades >= level;
    verdict.told = rises(RATE_WATCH) || rises(RATE_FINDING) || verdict.decades >= Math.max(RATE_WATCH, best + 1);
    if (verdict.told) f32[word + RATE.runBest] = verdict.decades;
    f32[word + RATE.runRaw] = Math.max(f32[word + RATE.runRaw], verdict.raw);
    u32[word + RATE.runUntil] = minute + EPISODE_MINUTES - 1;
  }

  /** Counts the last run among those that set thresholds. */
  #endRun(): void {
    const { u32, f32 } = this.#page;
    if (f32[this.#word + RATE.runRaw] > 0) this.runs.run(u32[this.#word + RATE.runCell], f32[this.#word + RATE.runRaw]);
    f32[this.#word + RATE.runRaw] = 0;
  }

  /** A beat too many, or half a period too early, of clockwork that for two weeks never had one. */
  #judgeBeat(of: RateMinute): void {
    const { verdict } = this;
    const { u32 } = this.#page;
    const word = this.#word;
    const period = u32[word + RATE.period];
    const gap = of.minute - u32[word + RATE.active];
    verdict.extraAfter = 0;
    verdict.period = period;
    verdict.minuteCalls = of.count;
    verdict.minuteRecord = minuteRecord(u32, word);
    if (u32[word + RATE.class] !== CLASS.clock || period < PERIOD_MIN) return;
    const early = gap < period / 2 && !isStrict(gap, period);
    if (!early && of.count <= verdict.minuteRecord) return;
    const gaps = u32[word + RATE.gaps];
    const since = of.minute - Math.max(u32[word + RATE.first], u32[word + RATE.lastExtra]);
    const isClean = gaps >= STRICT_GAPS_MIN && u32[word + RATE.strictGaps] >= STRICT_SHARE * gaps;
    if (isClean && since >= NO_EXTRA_MINUTES) verdict.extraAfter = gaps;
    u32[word + RATE.lastExtra] = of.minute;
  }
}
