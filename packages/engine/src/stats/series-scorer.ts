import { NO_PAGE, type SlabPage } from '../base/slab.ts';

/** Why a point is strange: the channel that scored highest. */
export const CHANNELS = ['value', 'odd', 'level', 'time-of-day', 'quiet'] as const;
export type Channel = (typeof CHANNELS)[number];

/** Score from which a point is an alarm, and from which it is worth keeping. */
export const ALARM_SCORE = 3.6;
export const NOTICE_SCORE = 3.3;

/** Points after an alarm in which only a much higher score is another one. */
const REST_POINTS = 100;
/** By how much it must be higher. */
const REST_ESCALATION = 1;
/** Points that score nothing, and points that are not even counted. */
const SILENT_POINTS = 20;
const UNCOUNTED_POINTS = 4;
/** Points in which nothing is clipped, so that a first guess can be left. */
const UNCLIPPED_POINTS = 30;
/** Own weight from which a channel speaks. */
const CHANNEL_POINTS_MIN = 20;
/** What a residual may contribute to scale and centre, in scales. */
const CLIP_SCALES = 4;
/** Growth of the weight of a point: half of what is known is forgotten after 8,000 points. */
const GROWTH = Math.exp(Math.LN2 / 8000);
const WEIGHT_MAX = 1e6;
/** Rates of the running means, a point. */
const RATE = {
  value: 0.02,
  odd: 0.005,
  scale: 0.0005,
  fast: 0.15,
  slow: 0.007,
  surprise: 0.1,
  short: 0.08,
  long: 0.003,
} as const;
/** What a channel must exceed before it counts. */
const OFFSET = { value: 0, odd: 0, level: -0.2, time: -0.3, quiet: 0.5 } as const;
/**
 * A value inside the range ever seen is moved inwards by a quarter of a bin, so that equal values do not score because the scale
 * drifts.
 */
const TOLERANCE_BINS = 0.25;
/** Bins a side of the two-sided histograms, of the one-sided ones, and of that of the scores. */
const TWO_SIDED = 42;
const ONE_SIDED = 24;
const SCORES = 32;
const SCORE_BINS_PER_DECADE = 4;
/** Bins that hold, with their neighbours, more than this share are not odd. */
const ODD_SHARE_MAX = 0.02;
/** A value this much nearer to the fast mean than to the slow centre is where the series is now. */
const SETTLED_SHARE = 0.25;
const LEVELS = 6;
const HOURS = 24;
const ROWS = 2 * HOURS;
const CELL_MAX = 255;
/** Points by which what the ramping channels show is counted later, so that an episode does not teach itself away. */
const SURPRISE_DELAY = 16;
const QUIET_DELAY = 32;
/** In a ring: nothing was shown. */
const NOTHING = 255;
const DAY_SECONDS = 86_400;

/** Places of 64-bit numbers in a block. */
const F64 = {
  points: 0,
  weight: 1,
  valueMean: 2,
  valueScale: 3,
  oddMean: 4,
  oddScale: 5,
  fast: 6,
  slow: 7,
  levelSize: 8,
  surprise: 9,
  previous: 10,
  short: 11,
  long: 12,
  low: 13,
  high: 14,
  lastAlarm: 15,
  restUntil: 16,
  valueCount: 17,
  oddCount: 18,
  levelCount: 19,
  surpriseCount: 20,
  quietCount: 21,
  scoreCount: 22,
  words: 24,
} as const;
/** Places of 32-bit numbers, after them. Two-sided histograms lie on a line: the lower side ends where the upper one begins. */
const F32 = {
  value: 2 * F64.words,
  odd: 2 * F64.words + 2 * TWO_SIDED,
  level: 2 * F64.words + 4 * TWO_SIDED,
  surprise: 2 * F64.words + 6 * TWO_SIDED,
  quiet: 2 * F64.words + 6 * TWO_SIDED + ONE_SIDED,
  scores: 2 * F64.words + 6 * TWO_SIDED + 2 * ONE_SIDED,
  levels: 2 * F64.words + 6 * TWO_SIDED + 2 * ONE_SIDED + SCORES,
  end: 2 * F64.words + 6 * TWO_SIDED + 2 * ONE_SIDED + SCORES + LEVELS,
} as const;
/** Places of bytes, after them. */
const U8 = {
  table: 4 * F32.end,
  surpriseRing: 4 * F32.end + ROWS * LEVELS,
  quietRing: 4 * F32.end + ROWS * LEVELS + SURPRISE_DELAY,
  end: 4 * F32.end + ROWS * LEVELS + SURPRISE_DELAY + QUIET_DELAY,
} as const;

/** Bytes of the state of one series. */
export const SERIES_BYTES = Math.ceil(U8.end / 8) * 8;

/**
 * Streaming scorer of one number that comes in points: provider metrics, sums and means of minutes. A view of blocks of
 * `SERIES_BYTES`; a zeroed block knows nothing. `next` judges a point by those before it and then learns it.
 *
 * Five channels, each a decayed histogram of a standardised magnitude with a Pareto tail beyond what was seen: *value* (residual to a
 * running mean in units of a very slow scale), *odd* (bins hardly anything falls into), *level* (fast against slow mean), *time of day*
 * (surprise of the level given hour and kind of day), *quiet* (changes far smaller than usual). The score is the highest of them,
 * plus up to a decade for leaving the range ever seen. Measured design: docs/decisions/series-scorer.md. Decay is by points.
 *
 * Silent for twenty points; learns slow drifts, which is the anchored baseline's business. NaN and infinities must not come here.
 * 0.5 to 1 µs a point.
 */
export class SeriesScorer {
  /** What the last point was: score in decades, the channel that spoke, its rarity among all scores, and whether it is an alarm. */
  score = 0;
  channel: Channel = 'value';
  rarity = 1;
  alarm = false;
  /** False while an alarm not long ago keeps this point from being another one. */
  rested = true;
  #page = NO_PAGE;
  #f64 = 0;
  #f32 = 0;
  #u8 = 0;
  #weight = 1;
  /** How far a value is moved inwards before its tail is summed: what exceeds everything before is not. */
  #tolerance = 0;

  /** Points at the block whose first byte is at `byte` of a page. */
  at(page: SlabPage, byte: number): this {
    this.#page = page;
    this.#f64 = byte >> 3;
    this.#f32 = byte >> 2;
    this.#u8 = byte;
    return this;
  }

  /** Points learned. */
  get points(): number {
    return this.#page.f64[this.#f64 + F64.points];
  }

  /** Running mean, and the size of an ordinary residual. */
  get usual(): { readonly mean: number; readonly scale: number; readonly low: number; readonly high: number } {
    const { f64 } = this.#page;
    const at = this.#f64;
    return {
      mean: f64[at + F64.valueMean],
      scale: f64[at + F64.valueScale],
      low: f64[at + F64.low],
      high: f64[at + F64.high],
    };
  }

  /** Judges and learns a finite value at a time in seconds (UTC). */
  next(second: number, value: number): void {
    const { f64 } = this.#page;
    const at = this.#f64;
    const points = f64[at + F64.points];
    if (points === 0) this.#begin(value);
    this.#grow();
    const bonus = this.#record(value);
    this.#tolerance = bonus > 0 ? 0 : TOLERANCE_BINS;
    let best = this.#value(value, points) - OFFSET.value;
    let channel = 0;
    const odd = this.#odd(value, points);
    const level = this.#level(value, points) - OFFSET.level;
    const time = this.#timeOfDay(second, value, points) - OFFSET.time;
    const quiet = this.#quiet(value, points) - OFFSET.quiet;
    if (odd > best) [best, channel] = [odd, 1];
    if (level > best) [best, channel] = [level, 2];
    if (time > best) [best, channel] = [time, 3];
    if (quiet > best) [best, channel] = [quiet, 4];
    f64[at + F64.points] = points + 1;
    f64[at + F64.previous] = value;
    this.score = points < SILENT_POINTS ? 0 : Math.max(0, best) + bonus;
    this.channel = CHANNELS[channel];
    this.#decide(points);
  }

  /** Starts an empty block. */
  #begin(value: number): void {
    const { f64, bytes } = this.#page;
    const at = this.#f64;
    f64[at + F64.weight] = 1;
    f64[at + F64.low] = value;
    f64[at + F64.high] = value;
    f64[at + F64.previous] = value;
    bytes.fill(NOTHING, this.#u8 + U8.surpriseRing, this.#u8 + U8.end);
  }

  /** A point weighs a little more than the one before, which is the same as forgetting all of them a little. */
  #grow(): void {
    const { f64, f32 } = this.#page;
    const at = this.#f64;
    let weight = f64[at + F64.weight] * GROWTH;
    if (weight > WEIGHT_MAX) {
      for (let word = this.#f32 + F32.value; word < this.#f32 + F32.levels; word++) f32[word] /= weight;
      for (let word = at + F64.valueCount; word <= at + F64.scoreCount; word++) f64[word] /= weight;
      weight = 1;
    }
    f64[at + F64.weight] = weight;
    this.#weight = weight;
  }

  /** Bonus for leaving the range ever seen; keeps levels of the time of day what they were when it grows. */
  #record(value: number): number {
    const { f64 } = this.#page;
    const at = this.#f64;
    const low = f64[at + F64.low];
    const high = f64[at + F64.high];
    if (value >= low && value <= high) return 0;
    const range = high - low + guard(value);
    const beyond = value > high ? value - high : low - value;
    f64[at + F64.low] = Math.min(low, value);
    f64[at + F64.high] = Math.max(high, value);
    this.#remap(low, high, value);
    return Math.min(1, (5 * beyond) / range);
  }

  #value(value: number, points: number): number {
    const { f64 } = this.#page;
    const at = this.#f64;
    const residual = value - f64[at + F64.valueMean];
    const scale = f64[at + F64.valueScale];
    const score = this.#twoSided(F32.value, F64.valueCount, points < 1 ? 0 : residual / (scale + guard(value)));
    this.#centre(F64.valueMean, { residual, rate: RATE.value, points });
    return points < UNCOUNTED_POINTS ? 0 : score;
  }

  /** Share of what fell into bins as thinly filled as this value's. */
  #odd(value: number, points: number): number {
    const { f64, f32 } = this.#page;
    const at = this.#f64;
    const residual = value - f64[at + F64.oddMean];
    const z = residual / (f64[at + F64.oddScale] + guard(value));
    // A value where the series has been for some points is not odd: the slow centre has yet to come there.
    const settled = Math.abs(value - f64[at + F64.fast]) <= SETTLED_SHARE * Math.abs(residual);
    this.#centre(F64.oddMean, { residual, rate: RATE.odd, points });
    if (points < UNCOUNTED_POINTS) return 0;
    const from = this.#f32 + F32.odd;
    const to = from + 2 * TWO_SIDED;
    const bin = Math.floor(placeOf(Math.abs(z), TWO_SIDED));
    const place = from + (z < 0 ? TWO_SIDED - 1 - bin : TWO_SIDED + bin);
    const count = f64[at + F64.oddCount];
    const smooth = (word: number) =>
      (word > from ? f32[word - 1] : 0) + f32[word] + (word + 1 < to ? f32[word + 1] : 0);
    const own = smooth(place);
    let score = 0;
    if (!settled && count / this.#weight >= CHANNEL_POINTS_MIN && own <= ODD_SHARE_MAX * count) {
      let mass = 0;
      for (let word = from; word < to; word++) if (f32[word] !== 0 && smooth(word) <= own) mass += f32[word];
      score = -Math.log10((mass / this.#weight + 0.5) / (count / this.#weight + 1));
    }
    f32[place] += this.#weight;
    f64[at + F64.oddCount] = count + this.#weight;
    return score;
  }

  #level(value: number, points: number): number {
    const { f64 } = this.#page;
    const at = this.#f64;
    f64[at + F64.fast] += rateAt(RATE.fast, points) * (value - f64[at + F64.fast]);
    f64[at + F64.slow] += rateAt(RATE.slow, points) * (value - f64[at + F64.slow]);
    const gap = f64[at + F64.fast] - f64[at + F64.slow];
    const size = f64[at + F64.levelSize];
    const score = this.#twoSided(
      F32.level,
      F64.levelCount,
      points < UNCOUNTED_POINTS ? 0 : gap / (size + guard(value)),
    );
    const capped = points < UNCLIPPED_POINTS ? Math.abs(gap) : Math.min(Math.abs(gap), CLIP_SCALES * size);
    f64[at + F64.levelSize] += rateAt(RATE.scale, points) * (capped - size);
    return points < UNCOUNTED_POINTS ? 0 : score;
  }

  /** How surprising the level of the value is at this hour of this kind of day, smoothed over some points. */
  #timeOfDay(second: number, value: number, points: number): number {
    const { f64, f32, bytes } = this.#page;
    const at = this.#f64;
    const level = levelOf(value, f64[at + F64.low], f64[at + F64.high]);
    const hour = Math.floor((((second % DAY_SECONDS) + DAY_SECONDS) % DAY_SECONDS) / 3600);
    // The first of January 1970 was a Thursday.
    const weekday = (((Math.floor(second / DAY_SECONDS) + 4) % 7) + 7) % 7;
    const weekend = weekday === 0 || weekday === 6 ? 1 : 0;
    const surprise = this.#surprise(level, hour, weekend);
    f64[at + F64.surprise] += rateAt(RATE.surprise, points) * (surprise - f64[at + F64.surprise]);
    const place = placeOf(f64[at + F64.surprise], ONE_SIDED);
    const score = this.#oneSided(F32.surprise, F64.surpriseCount, place);
    this.#later(
      { hist: F32.surprise, count: F64.surpriseCount, ring: U8.surpriseRing, delay: SURPRISE_DELAY },
      points,
      place,
    );
    const cell = this.#u8 + U8.table + (weekend * HOURS + hour) * LEVELS + level;
    bytes[cell]++;
    f32[this.#f32 + F32.levels + level]++;
    if (bytes[cell] === CELL_MAX) this.#halve(weekend * HOURS + hour);
    return points < UNCOUNTED_POINTS ? 0 : score;
  }

  /** -ln of the chance of a level: hour and kind of day, backed by the hour of all days, backed by all hours. */
  #surprise(level: number, hour: number, weekend: number): number {
    const { f32, bytes } = this.#page;
    const levels = this.#f32 + F32.levels;
    let total = 0;
    for (let one = 0; one < LEVELS; one++) total += f32[levels + one];
    let chance = (f32[levels + level] + 0.3) / (total + 0.3 * LEVELS);
    const exact = this.#u8 + U8.table + (weekend * HOURS + hour) * LEVELS;
    const other = this.#u8 + U8.table + ((1 - weekend) * HOURS + hour) * LEVELS;
    let [both, kindsBoth, own, kindsOwn] = [0, 0, 0, 0];
    for (let one = 0; one < LEVELS; one++) {
      const count = bytes[exact + one];
      const all = count + bytes[other + one];
      both += all;
      own += count;
      if (all > 0) kindsBoth++;
      if (count > 0) kindsOwn++;
    }
    const count = bytes[exact + level];
    chance = (count + bytes[other + level] + (kindsBoth + 0.5) * chance) / (both + kindsBoth + 0.5);
    chance = (count + (kindsOwn + 0.5) * chance) / (own + kindsOwn + 0.5);
    return -Math.log(chance);
  }

  #quiet(value: number, points: number): number {
    const { f64 } = this.#page;
    const at = this.#f64;
    const change = Math.abs(value - f64[at + F64.previous]);
    f64[at + F64.short] += rateAt(RATE.short, points) * (change - f64[at + F64.short]);
    f64[at + F64.long] += rateAt(RATE.long, points) * (change - f64[at + F64.long]);
    const long = f64[at + F64.long] + guard(value);
    const z = -4 * Math.log((f64[at + F64.short] + 0.02 * long) / (1.02 * long));
    const place = placeOf(Math.max(0, z), ONE_SIDED);
    const score = z > 0 ? this.#oneSided(F32.quiet, F64.quietCount, place) : 0;
    const where = { hist: F32.quiet, count: F64.quietCount, ring: U8.quietRing, delay: QUIET_DELAY };
    this.#later(where, points, z > 0 ? place : -1);
    return points < UNCOUNTED_POINTS ? 0 : score;
  }

  /** Score of a standardised value by the side it is on; counts it. */
  #twoSided(hist: number, count: number, z: number): number {
    const { f64, f32 } = this.#page;
    const place = placeOf(Math.abs(z), TWO_SIDED);
    const side = z < 0 ? -1 : 1;
    const zero = this.#f32 + hist + (z < 0 ? TWO_SIDED - 1 : TWO_SIDED);
    const score = this.#tail({ zero, side, bins: TWO_SIDED, count: f64[this.#f64 + count] }, place);
    f32[zero + side * Math.floor(place)] += this.#weight;
    f64[this.#f64 + count] += this.#weight;
    return score;
  }

  #oneSided(hist: number, count: number, place: number): number {
    return this.#tail(
      { zero: this.#f32 + hist, side: 1, bins: ONE_SIDED, count: this.#page.f64[this.#f64 + count] },
      place,
    );
  }

  /** Counts what a ramping channel showed some points ago, and keeps what it shows now; -1 counts without a place. */
  #later(of: { hist: number; count: number; ring: number; delay: number }, points: number, place: number): void {
    const { f64, f32, bytes } = this.#page;
    const at = this.#u8 + of.ring + (points % of.delay);
    const before = bytes[at];
    if (points >= of.delay) {
      if (before !== NOTHING) f32[this.#f32 + of.hist + before] += this.#weight;
      f64[this.#f64 + of.count] += this.#weight;
    }
    bytes[at] = place < 0 ? NOTHING : Math.floor(place);
  }

  /** -log10 of the share of what lies beyond a place, extrapolated by a Pareto tail where nothing does (B. M. Hill, 1975). */
  #tail(of: { zero: number; side: number; bins: number; count: number }, place: number): number {
    const { f32 } = this.#page;
    const { zero, side } = of;
    const count = of.count / this.#weight;
    if (count < CHANNEL_POINTS_MIN) return 0;
    const q = Math.max(0, place - this.#tolerance);
    const own = Math.floor(q);
    let beyond = f32[zero + side * own] * (own + 1 - q);
    for (let bin = own + 1; bin < of.bins; bin++) beyond += f32[zero + side * bin];
    beyond /= this.#weight;
    const share = (beyond + 0.5) / (count + 1);
    if (beyond >= 1) return -Math.log10(share);
    return -Math.log10(Math.min(share, this.#extrapolated(of, q)));
  }

  #extrapolated(of: { zero: number; side: number; bins: number; count: number }, q: number): number {
    const { f32 } = this.#page;
    const count = of.count / this.#weight;
    const enough = Math.max(4, 0.003 * count);
    let mass = 0;
    let moment = 0;
    let bin = of.bins;
    while (bin > 0 && mass < enough) {
      bin--;
      const one = f32[of.zero + of.side * bin] / this.#weight;
      // Logarithms of what was counted before grow by one bin with each bin further in.
      moment += mass + one / 2;
      mass += one;
    }
    const third = Math.LN2 / 3;
    // Mean logarithm over the lower edge, shrunk towards an exponent of 3 that weighs three values.
    const exponent = Math.min(16, Math.max(0.5, (mass + 3) / (moment * third + 1)));
    return (Math.max(0.5, mass) / (count + 1)) * Math.exp(-exponent * third * Math.max(0, q - bin));
  }

  /** Moves a running mean and its scale towards a residual. */
  #centre(mean: number, of: { residual: number; rate: number; points: number }): void {
    const { f64 } = this.#page;
    const at = this.#f64 + mean;
    const { residual, rate, points } = of;
    // The scale follows its mean in the block.
    const scale = f64[at + 1];
    const clip = points < UNCLIPPED_POINTS ? Number.POSITIVE_INFINITY : CLIP_SCALES * scale;
    const size = Math.min(Math.abs(residual), clip);
    f64[at] += rateAt(rate, points) * (residual < 0 ? -size : size);
    f64[at + 1] += rateAt(RATE.scale, points) * (size - scale);
  }

  #halve(row: number): void {
    const { f32, bytes } = this.#page;
    for (let level = 0; level < LEVELS; level++) {
      const cell = this.#u8 + U8.table + row * LEVELS + level;
      const kept = bytes[cell] >> 1;
      f32[this.#f32 + F32.levels + level] -= bytes[cell] - kept;
      bytes[cell] = kept;
    }
  }

  /** Counts of levels move to the levels their centres have in the larger range. */
  #remap(low: number, high: number, value: number): void {
    const { f32, bytes } = this.#page;
    const levels = this.#f32 + F32.levels;
    const [newLow, newHigh] = [Math.min(low, value), Math.max(high, value)];
    const target = (level: number) => {
      if (high <= low) return value > high ? 0 : LEVELS - 1;
      return levelOf(low + ((level + 0.5) * (high - low)) / LEVELS, newLow, newHigh);
    };
    let moved = false;
    for (let level = 0; level < LEVELS; level++) moved ||= target(level) !== level && f32[levels + level] > 0;
    if (!moved) return;
    f32.fill(0, levels, levels + LEVELS);
    const sums = new Uint16Array(LEVELS);
    for (let row = 0; row < ROWS; row++) {
      const from = this.#u8 + U8.table + row * LEVELS;
      sums.fill(0);
      for (let level = 0; level < LEVELS; level++) sums[target(level)] += bytes[from + level];
      for (let level = 0; level < LEVELS; level++) {
        bytes[from + level] = Math.min(CELL_MAX - 1, sums[level]);
        f32[levels + level] += bytes[from + level];
      }
    }
  }

  /** Whether the score is an alarm, and how rare it is among all scores of this series. */
  #decide(points: number): void {
    const { f64, f32 } = this.#page;
    const at = this.#f64;
    this.rested = points >= f64[at + F64.restUntil] || this.score > f64[at + F64.lastAlarm] + REST_ESCALATION;
    this.alarm = this.score >= ALARM_SCORE && this.rested;
    if (this.alarm) {
      f64[at + F64.lastAlarm] = this.score;
      f64[at + F64.restUntil] = points + 1 + REST_POINTS;
    }
    if (points < SILENT_POINTS) {
      this.rarity = 1;
      return;
    }
    const place = Math.min(SCORES - 0.01, this.score * SCORE_BINS_PER_DECADE);
    const own = Math.floor(place);
    const from = this.#f32 + F32.scores;
    let beyond = f32[from + own] * (own + 1 - place);
    for (let bin = own + 1; bin < SCORES; bin++) beyond += f32[from + bin];
    const count = f64[at + F64.scoreCount];
    this.rarity = (beyond / this.#weight + 0.5) / (count / this.#weight + 1);
    if (beyond < 3 * this.#weight) this.rarity *= Math.exp(-Math.LN10 * Math.max(0, this.score - this.#thirdScore()));
    f32[from + own] += this.#weight;
    f64[at + F64.scoreCount] = count + this.#weight;
  }

  /** The third highest score, as far as bins tell it. */
  #thirdScore(): number {
    const { f32 } = this.#page;
    const from = this.#f32 + F32.scores;
    let mass = 0;
    for (let bin = SCORES - 1; bin >= 0; bin--) {
      mass += f32[from + bin] / this.#weight;
      if (mass >= 2.5) return (bin + 1) / SCORE_BINS_PER_DECADE;
    }
    return 0;
  }
}

/** A mean of the first points, a running mean after them. */
function rateAt(rate: number, points: number): number {
  return Math.max(rate, 1 / (points + 1));
}

/** Keeps denominators from being nothing beside the value. */
function guard(value: number): number {
  return 1e-9 * Math.abs(value) + 1e-12;
}

/** Place of a magnitude: three bins an octave from 1/8 on. */
function placeOf(magnitude: number, bins: number): number {
  if (!(magnitude > 0.125)) return 0;
  return Math.min(bins - 0.01, 3 * (Math.log2(magnitude) + 3));
}

function levelOf(value: number, low: number, high: number): number {
  if (high <= low) return 0;
  return Math.min(LEVELS - 1, Math.max(0, Math.floor(((value - low) / (high - low)) * LEVELS)));
}
