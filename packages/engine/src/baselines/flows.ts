import { FUNCTIONS_MAX } from '../base/limits.ts';
import { Slab, type SlabPage } from '../base/slab.ts';
import type { StateReader, StateWriter } from '../base/state.ts';
import { BackOff, wordsOf } from '../sequences/back-off.ts';
import { type Reading, readSteps, Steps } from '../sequences/reading.ts';
import { CallCounts, COUNTED_WORDS, REPEATS_THRESHOLD, Tally } from './call-counts.ts';
import type { Lesson } from './category.ts';
import { TRUST_DAYS } from './value-bits.ts';

/** Calls of the sequence that came last; longer ones are learned one by one. */
const HABIT_CALLS = 24;
/** Classes of how strange the strangest step of an invocation was, and of how strange its steps were on average. */
const CLASSES = 16;
const CLASSES_OF_MEAN = 8;
// Words of a block.
const WORD = {
  /** Model day of what was learned last, plus one. */
  day: 0,
  /** Invocations learned, faded. */
  sequences: 1,
  /** The sequence that came last: shape, calls, repeats not yet added, classes it was strange by, records of its event. */
  habitShape: 2,
  habitCalls: 3,
  repeats: 4,
  classes: 5,
  habitBatch: 6,
  /** The latest sequence that was found strange: shape, `day:16 | distinct days:16`. */
  strangeShape: 7,
  strangeDays: 8,
  /** Usual number of records of the event: sum of logarithms, and events that said it. */
  batchSum: 9,
  batches: 10,
  /** Invocations that were learned at the cost of others, faded. */
  crowded: 11,
  habit: 16,
  worst: 16 + HABIT_CALLS,
  mean: 16 + HABIT_CALLS + CLASSES,
  counts: 16 + HABIT_CALLS + CLASSES + 2 * CLASSES_OF_MEAN,
} as const;
const MODEL = WORD.counts + COUNTED_WORDS;
/** Sets of eight sequences of one to four calls: 192 of them, enough for functions of some fifty different steps. */
const SETS = 24;
/** 3,072 bytes. */
const BLOCK_BYTES = 4 * (MODEL + wordsOf(SETS));
/** Of what was counted, half is left after four weeks. */
const HALF_LIFE_DAYS = 28;
/** What is left of it when other code is deployed: enough to be judged by, soon outweighed. */
const LEFT_AFTER_DEPLOYMENT = 0.25;
/** Share of the largest possible surprise from which a step is strange at all: steps seen now and then are below. */
const STRANGE_SHARE = 2 / 3;
/** Surprise of an average step that is strange, and steps an average takes. */
const MEAN_CLASS = 0.25;
const MEAN_STEPS_MIN = 4;
const LONG_STEPS = 12;
/** Invocations that inherited experience counts for. */
const INHERITED_MAX = 64;
/** Share of invocations learned at the cost of others from which a function has more ways than its memory. */
const CROWDED_SHARE = 0.1;
/** Invocations before any order is strange. */
const SEQUENCES_MIN = 50;
const BASE = 2;
const THRESHOLD_PER_STRANGE = 0.5;

/** What makes up an invocation's flow. */
export interface FlowOf {
  readonly tokens: Uint32Array;
  readonly count: number;
  /** Fingerprint of the whole, see `Observation.shape`. */
  readonly shape: number;
  /** Records of the event that fired it, NaN when unknown. */
  readonly batchSize: number;
}

/** How strange the order of an invocation's calls is. */
export interface OrderVerdict {
  readonly score: number;
  readonly threshold: number;
  /** Invocations it is judged by. */
  readonly count: number;
  readonly strange: boolean;
}

/**
 * How the functions of a partition go about their work: the order of calls, how often each is made, and how strange both used to be,
 * in a block of 3 KiB each (see `BackOff`, `CallCounts`). Repeats of the sequence that came last are counted in one word and
 * learned together. One instance is a cursor: `focus` first.
 */
export class Flows {
  readonly #slab = new Slab(BLOCK_BYTES, FUNCTIONS_MAX);
  readonly model = new BackOff();
  readonly counts = new CallCounts();
  readonly steps = new Steps();
  readonly tally = new Tally();
  #page: SlabPage | undefined = undefined;
  #word = 0;

  get bytes(): number {
    return this.#slab.bytes;
  }

  alloc(): number {
    return this.#slab.alloc();
  }

  free(id: number): void {
    this.#slab.free(id);
  }

  /** A new block with what another knows, at reduced weight: for a function that has a namesake. 0 when there is no room. */
  inherit(from: number): number {
    const id = this.#slab.alloc();
    if (id === 0) return 0;
    this.#slab.copy(from, id);
    this.focus(id);
    this.settle();
    if (this.sequences > INHERITED_MAX) this.#fade(INHERITED_MAX / this.sequences);
    this.#forgetHabit();
    return id;
  }

  /** Points at a block; 0 for none: nothing is known then, and nothing learned. */
  focus(id: number): void {
    this.#page = id === 0 ? undefined : this.#slab.pages[id >>> this.#slab.shift];
    this.#word = ((id & this.#slab.mask) * BLOCK_BYTES) >>> 2;
  }

  /** True when the function in focus has a block. */
  get ready(): boolean {
    return this.#page !== undefined;
  }

  /** True for the sequence that came last: there is nothing to say of it. */
  repeats(shape: number): boolean {
    const u32 = this.#page?.u32;
    return u32 !== undefined && u32[this.#word + WORD.habitCalls] > 0 && u32[this.#word + WORD.habitShape] === shape;
  }

  /** Invocations learned, faded. */
  get sequences(): number {
    const page = this.#page;
    if (page === undefined) return 0;
    const repeats = page.u32[this.#word + WORD.repeats];
    return page.f32[this.#word + WORD.sequences] + repeats;
  }

  /** Tokens of the sequence that came last, for explanations; none when it was too long to be kept. */
  get latest(): readonly number[] {
    const u32 = this.#page?.u32;
    if (u32 === undefined) return [];
    const from = this.#word + WORD.habit;
    return Array.from(u32.subarray(from, from + Math.max(0, u32[this.#word + WORD.habitCalls] - 1)));
  }

  /** Reads the order of an invocation's calls into `steps`; undefined when too little is known. */
  read(of: FlowOf): Reading | undefined {
    if (this.#page === undefined) return undefined;
    this.settle();
    this.#point();
    this.steps.take(of.tokens, of.count);
    return readSteps(this.model, this.steps);
  }

  /** Judges a reading by how strange earlier ones were. */
  judge(reading: Reading): OrderVerdict {
    const count = this.sequences;
    const page = this.#page;
    const crowded = page !== undefined && page.f32[this.#word + WORD.crowded] > CROWDED_SHARE * count;
    if (page === undefined || count < SEQUENCES_MIN || crowded)
      return { score: 0, threshold: BASE, count, strange: false };
    const { worst, mean } = this.#classesOf(reading, count);
    const byStep = this.#verdict(
      count,
      worst >= CLASSES * STRANGE_SHARE ? this.#above(WORD.worst, worst, CLASSES) : -1,
    );
    const from = WORD.mean + (reading.steps >= LONG_STEPS ? CLASSES_OF_MEAN : 0);
    const isMean = reading.steps >= MEAN_STEPS_MIN && mean >= 2;
    const byMean = this.#verdict(count, isMean ? this.#above(from, mean, CLASSES_OF_MEAN) : -1);
    return byMean.score - byMean.threshold > byStep.score - byStep.threshold ? byMean : byStep;
  }

  /** Other code was deployed: what was learned before counts less. */
  redeployed(): void {
    if (this.#page === undefined) return;
    this.settle();
    this.#fade(LEFT_AFTER_DEPLOYMENT);
    this.#forgetHabit();
  }

  /**
   * Learns an invocation. One that is strange is learned when it came on three distinct days; while an incident is open (`held`),
   * not even those count.
   */
  learn(of: FlowOf, lesson: Lesson, held: boolean): void {
    const page = this.#page;
    if (page === undefined) return;
    const sameDay = page.u32[this.#word + WORD.day] === lesson.day + 1;
    if (sameDay && this.repeats(of.shape)) {
      page.u32[this.#word + WORD.repeats]++;
      return;
    }
    this.settle();
    this.#today(lesson.day);
    const reading = this.read(of);
    if (reading === undefined) return;
    this.tally.take(of.tokens, of.count);
    const strange = !lesson.training && (this.judge(reading).strange || this.#hasRepeats(of.batchSize));
    if (strange && this.#isDoubted(of.shape, reading, { day: lesson.day, held })) {
      this.#forgetHabit();
      return;
    }
    const { worst, mean } = this.#classesOf(reading, this.sequences);
    const classes = worst | (mean << 8) | (reading.steps >= LONG_STEPS ? 0x10000 : 0);
    this.#add({ classes, batchSize: of.batchSize }, 1);
    this.#keep(of, classes);
  }

  /** By what an event is larger than usual, 1 when nobody knows. */
  batchScale(batchSize: number): number {
    const page = this.#page;
    if (page === undefined || !(batchSize >= 1)) return 1;
    const batches = page.f32[this.#word + WORD.batches];
    return batches === 0 ? 1 : batchSize / Math.exp(page.f32[this.#word + WORD.batchSum] / batches);
  }

  keep(id: number, out: StateWriter): void {
    this.#slab.keep(id, out);
  }

  bring(id: number, from: StateReader): void {
    this.#slab.bring(id, from);
  }

  save(out: StateWriter): void {
    this.#slab.save(out);
  }

  load(from: StateReader): void {
    this.#slab.load(from);
  }

  #point(): void {
    const page = this.#page;
    if (page === undefined) return;
    this.model.focus(page, this.#word + MODEL, SETS);
    this.counts.focus(page, this.#word + WORD.counts);
  }

  /** A score from how many invocations were as strange; -1 when it is not strange. */
  #verdict(count: number, above: number): OrderVerdict {
    if (above < 0) return { score: 0, threshold: BASE, count, strange: false };
    const score = Math.log10((count + 1) / (above + 0.5));
    const threshold = BASE + THRESHOLD_PER_STRANGE * above;
    return { score, threshold, count, strange: score >= threshold };
  }

  /** Surprise as a share of the largest that so many invocations can give, and the average as it is. */
  #classesOf(reading: Reading, count: number): { worst: number; mean: number } {
    const largest = Math.log10(count + 2);
    const worst = Math.min(CLASSES - 1, Math.floor((CLASSES * reading.worst) / (1.0001 * largest)));
    return { worst, mean: Math.min(CLASSES_OF_MEAN - 1, Math.floor(reading.mean / MEAN_CLASS)) };
  }

  /**
   * Invocations in a class and the classes above it. They count by when they came: how a function began says little about whether
   * it still changes, so what is kept is the sum of the invocations known before each.
   */
  #above(from: number, at: number, classes: number): number {
    const f32 = this.#page?.f32;
    let sum = 0;
    for (let above = at; f32 !== undefined && above < classes; above++) sum += f32[this.#word + from + above];
    return sum / Math.max(1, this.sequences);
  }

  /** True when the invocation in `tally` makes a call strangely often. */
  #hasRepeats(batchSize: number): boolean {
    const batch = this.batchScale(batchSize);
    for (let kind = 0; kind < this.tally.kinds; kind++) {
      const found = this.counts.repeated(this.tally, kind, batch);
      if (found !== undefined && found.score >= REPEATS_THRESHOLD) return true;
    }
    return false;
  }

  /** Notes a strange sequence; false when it came on enough days to be learned. */
  #isDoubted(shape: number, reading: Reading, at: { readonly day: number; readonly held: boolean }): boolean {
    const page = this.#page;
    if (page === undefined || at.held) return true;
    const { u32, f32 } = page;
    const days = u32[this.#word + WORD.strangeDays];
    const today = at.day & 0xffff;
    const isLater = days !== 0 && days >>> 16 !== today;
    // A day on which strange sequences came is, from the next day on, like one of them: a handful of decoys blinds nobody.
    if (isLater) f32[this.#word + WORD.worst + this.#classesOf(reading, this.sequences).worst] += this.sequences;
    const again = days !== 0 && u32[this.#word + WORD.strangeShape] === shape;
    const seen = again ? Math.min(0xffff, (days & 0xffff) + (isLater ? 1 : 0)) : 1;
    u32[this.#word + WORD.strangeShape] = shape;
    u32[this.#word + WORD.strangeDays] = ((today << 16) | seen) >>> 0;
    return seen < TRUST_DAYS;
  }

  /** Learns what `steps` and `tally` hold, `weight` times. */
  #add(of: { readonly classes: number; readonly batchSize: number }, weight: number): void {
    const page = this.#page;
    if (page === undefined) return;
    const { f32 } = page;
    const word = this.#word;
    this.#point();
    this.model.pushedOut = 0;
    this.steps.teach(this.model, weight);
    if (this.model.pushedOut > 0) f32[word + WORD.crowded] += 1;
    this.counts.learn(this.tally, this.batchScale(of.batchSize), weight);
    f32[word + WORD.sequences] += weight;
    const known = weight * f32[word + WORD.sequences];
    f32[word + WORD.worst + (of.classes & 0xff)] += known;
    const long = (of.classes & 0x10000) === 0 ? 0 : CLASSES_OF_MEAN;
    f32[word + WORD.mean + long + ((of.classes >>> 8) & 0xff)] += known;
    if (!(of.batchSize >= 1)) return;
    f32[word + WORD.batchSum] += weight * Math.log(of.batchSize);
    f32[word + WORD.batches] += weight;
  }

  /** Remembers a sequence that was just learned as the one that came last. */
  #keep(of: FlowOf, classes: number): void {
    const page = this.#page;
    if (page === undefined) return;
    if (of.count > HABIT_CALLS) {
      this.#forgetHabit();
      return;
    }
    const { u32, f32 } = page;
    u32[this.#word + WORD.habitShape] = of.shape;
    u32[this.#word + WORD.habitCalls] = of.count + 1;
    u32[this.#word + WORD.classes] = classes;
    f32[this.#word + WORD.habitBatch] = of.batchSize >= 1 ? of.batchSize : 0;
    u32.set(of.tokens.subarray(0, of.count), this.#word + WORD.habit);
  }

  #forgetHabit(): void {
    if (this.#page !== undefined) this.#page.u32[this.#word + WORD.habitCalls] = 0;
  }

  /** Learns the repeats that were only counted. */
  settle(): void {
    const page = this.#page;
    if (page === undefined) return;
    this.#point();
    const { u32, f32 } = page;
    const repeats = u32[this.#word + WORD.repeats];
    if (repeats === 0) return;
    u32[this.#word + WORD.repeats] = 0;
    const from = this.#word + WORD.habit;
    const calls = u32[this.#word + WORD.habitCalls] - 1;
    const tokens = u32.subarray(from, from + calls);
    this.steps.take(tokens, calls);
    this.tally.take(tokens, calls);
    const batchSize = f32[this.#word + WORD.habitBatch];
    // A repeat is judged like the first, but knows it: its steps are no longer the strangest.
    this.#add({ classes: 0, batchSize }, repeats);
  }

  /** Lets what was learned on earlier days fade, once a day. */
  #today(day: number): void {
    const page = this.#page;
    if (page === undefined) return;
    const { u32 } = page;
    const before = u32[this.#word + WORD.day];
    if (before !== 0 && day + 1 > before) this.#fade(Math.exp((-Math.LN2 * (day + 1 - before)) / HALF_LIFE_DAYS));
    u32[this.#word + WORD.day] = day + 1;
  }

  #fade(share: number): void {
    const page = this.#page;
    if (page === undefined) return;
    this.#point();
    this.model.fade(share);
    this.counts.fade(share);
    const { f32 } = page;
    for (const word of [WORD.sequences, WORD.batchSum, WORD.batches, WORD.crowded]) f32[this.#word + word] *= share;
    // Sums of how much was known fade twice, so that what they are divided by leaves them fading once.
    for (let at = WORD.worst; at < WORD.counts; at++) f32[this.#word + at] *= share * share;
  }
}
