import { mix32 } from '../base/hash.ts';
import { Slab } from '../base/slab.ts';
import type { NumberField } from '../event/schema.ts';
import { TAIL_BYTES, TailHistogram } from '../stats/tail-histogram.ts';

/** The numbers of an invocation that have a baseline of their own. The order is part of saved state: only append. */
export const METRICS = [
  'durationMs',
  'initMs',
  'memoryMb',
  'cpuMs',
  'childCpuMs',
  'tmpBytes',
  'bytesOut',
  'bytesIn',
  'requestBytes',
  'responseBytes',
] as const satisfies readonly NumberField[];
export type MetricField = (typeof METRICS)[number];

/** Differences below this are measurement noise, in the unit of the metric: the least scale of each, in that order. */
const RESOLUTION: readonly number[] = [1, 5, 1, 1, 1, 4096, 64, 64, 64, 64];
/** Differences below 2 % of the centre are noise too: constant metrics (memory, fixed payloads) move that much freely. */
const RESOLUTION_SHARE = 0.02;
/** Nothing measurable is larger: 10^15 bytes or 30,000 years. Keeps 32-bit floats and their squares finite. */
export const METRIC_VALUE_MAX = 1e15;

/** Observations without which nothing is scored: below, the record itself is expected to break every few runs. */
export const METRIC_COUNT_MIN = 20;
/** The first values only place the centre; their residuals are not representative and are not counted. */
const UNCOUNTED = 4;
/** From this many values on, residuals are clipped (Huber); before, the scale itself is not known well enough. */
const CLIP_FROM = 30;
const CLIP_SIZES = 4;
/** Rates a learned value (metrics design): centre, slow centre, very slow scale (a burst may not raise its yardstick). */
const RATE_CENTRE = Number(process.env.RC ?? 0.005);
const RATE_SLOW_CENTRE = 0.005;
const RATE_SCALE = 0.0005;
const RATE_LEVEL_FAST = 0.15;
const RATE_LEVEL_SLOW = 0.007;
/** Learned values after which counts are halved and the range seen starts anew: the half-life of the metrics design. */
const EPOCH_COUNT = 8192;
/** Model days after which the same happens to rarely invoked functions, given `EPOCH_COUNT_MIN` values. */
const EPOCH_DAYS = 28;
const EPOCH_COUNT_MIN = 256;
/**
 * Values learned on a model day before only every second, fourth ... is: rates are per learned value, so a function
 * called a million times a day must not forget yesterday within the hour. Records are always learned.
 */
const LEARN_PER_DAY = 4096;
/** Weight a new revision's prior has at most, in values of its own. */
const INHERITED_MAX = 64;
const INHERITED_SHARE = 0.25;
/** Own values after which a baseline is half mature. */
const MATURITY_HALF = 50;
/** Share of own values left outside the expected band on each side. */
const BAND_SHARE = 0.005;
/** Day in real time, ms; a demo's tempo makes it shorter. */
const DAY_MS = 86_400_000;

const DELAY = 16;
const LF = 0.1;
function compress(z: number) {
  return z < 0 ? -Math.log2(1 - z) : Math.log2(1 + z);
}
const RUNS_BEFORE = 0;
const RUNS = 1;
const WEIGHT = 2;
const CENTRE = 3;
const SIZE = 4;
const FAST = 5;
const LEVEL_SIZE = 6;
const RECENT = 7;
const MIN_BEFORE = 8;
const MAX_BEFORE = 9;
const MIN = 10;
const MAX = 11;
const SEEN_TODAY = 12;
const INHERITED = 13;
const DAY_HALF = 28;
const EPOCH_DAY_HALF = 29;
const LEARNED_HALF = 30;
const SKIP_BYTE = 62;
const RUN_BYTE = 63;
const RING = 64;
const VALUE_HISTOGRAM = 80;
const LEVEL_HISTOGRAM = VALUE_HISTOGRAM + TAIL_BYTES;
/** Bytes of state of one metric. */
export const METRIC_BYTES = Math.ceil((LEVEL_HISTOGRAM + TAIL_BYTES) / 8) * 8;

export type MetricChannel = 'none' | 'value' | 'odd' | 'level';

/** Why a value was not learned. */
export type MetricRefusal = 'not-a-measure' | 'full';

/** What a baseline says of a value. One object is reused: copy what is kept. */
export interface MetricScore {
  score: number;
  channel: MetricChannel;
  direction: 1 | -1;
  /** Weight. */
  count: number;
  runs: number;
  maturity: number;
  centre: number;
  expectedLow: number;
  expectedHigh: number;
  min: number;
  max: number;
  valueBeyond: number;
  levelBeyond: number;
  level: number;
  slow: number;
  run: number;
  v: number;
  d: number;
  l: number;
}

export class MetricStore {
  nowMs = 0;
  readonly refused: Record<MetricRefusal, number> = { 'not-a-measure': 0, full: 0 };
  readonly #groups: Slab;
  readonly #metrics: Slab;
  readonly #dayMs: number;
  readonly #tail = new TailHistogram();
  readonly #result: MetricScore;
  // The block being worked on.
  #f32 = new Float32Array(0);
  #u32 = new Uint32Array(0);
  #u16 = new Uint16Array(0);
  #bytes = new Uint8Array(0);
  #at = 0;

  constructor(groupsMax: number, metricsMax: number, dayMs = DAY_MS) {
    this.#groups = new Slab(METRICS.length * 4, groupsMax);
    this.#metrics = new Slab(METRIC_BYTES, metricsMax);
    this.#dayMs = dayMs;
    this.#result = {
      score: 0,
      channel: 'none',
      direction: 1,
      count: 0,
      runs: 0,
      maturity: 0,
      centre: 0,
      expectedLow: 0,
      expectedHigh: 0,
      min: 0,
      max: 0,
      valueBeyond: 0,
      levelBeyond: 0,
      level: 0,
      slow: 0,
      run: 0,
      v: 0,
      d: 0,
      l: 0,
    };
  }

  get bytes(): number {
    return this.#groups.bytes + this.#metrics.bytes;
  }

  alloc(): number {
    return this.#groups.alloc();
  }

  score(group: number, metric: number, value: number): MetricScore {
    const out = this.#result;
    out.score = 0;
    out.channel = 'none';
    out.valueBeyond = 0;
    out.levelBeyond = 0;
    out.count = 0;
    out.v = out.d = out.l = 0;
    out.runs = 0;
    const block = this.#block(group, metric);
    if (block === 0) return out;
    this.#open(block);
    const f32 = this.#f32;
    const at = this.#at;
    const weight = f32[at + WEIGHT];
    out.count = Math.floor(weight);
    if (weight < METRIC_COUNT_MIN) return out;
    const min = this.#min();
    const max = this.#max();
    const floor = Math.max(RESOLUTION[metric], RESOLUTION_SHARE * f32[at + CENTRE]);
    const residual = value - f32[at + CENTRE];
    const z = standard(residual, Math.max(f32[at + SIZE], max / 256), floor);
    const tail = this.#tail.at(this.#bytes, at * 4 + VALUE_HISTOGRAM);
    tail.caution = 1;
    const v = tail.tail(z, weight);
    tail.caution = Number(process.env.LC ?? 0);
    const psi = compress(z);
    const fast = f32[at + FAST] + RATE_LEVEL_FAST * (psi - f32[at + FAST]);
    const recent = f32[at + RECENT] + RATE_LEVEL_FAST * (value - f32[at + RECENT]);
    let d = !process.env.NOD && value >= min && value <= max ? tail.oddity(z, weight) : 0;
    const lz = fast / Math.max(f32[at + LEVEL_SIZE], LF);
    const l = process.env.NOL ? 0 : this.#tail.at(this.#bytes, at * 4 + LEVEL_HISTOGRAM).tail(lz, weight);
    if (l > 1.3) d = 0;
    const overshoot = Math.max(value - max, min - value) - floor;
    const bonus = overshoot > 0 ? Math.min(1, (5 * overshoot) / Math.max(max - min, floor)) : 0;
    out.v = v;
    out.d = d;
    out.l = l;
    out.score = Math.max(v, d, l) + 0 * bonus;
    out.channel = v >= d && v >= l ? 'value' : l >= d ? 'level' : 'odd';
    out.direction = (out.channel === 'level' ? lz : z) < 0 ? -1 : 1;
    const unit = out.score > 1 ? Math.log(weight + 1) / Math.LN10 : 9;
    out.valueBeyond = z > 0 ? v - unit : 0;
    out.levelBeyond = lz > 0 ? l - unit : 0;
    out.runs = this.#u32[at + RUNS_BEFORE] + this.#u32[at + RUNS];
    out.min = min;
    out.max = max;
    out.centre = f32[at + CENTRE];
    out.level = recent;
    out.slow = f32[at + CENTRE];
    out.run = this.#bytes[at * 4 + RUN_BYTE] + (z > 1 ? 1 : 0);
    return out;
  }

  learn(group: number, metric: number, value: number): void {
    if (!(value >= 0 && value <= METRIC_VALUE_MAX)) {
      this.refused['not-a-measure']++;
      return;
    }
    const block = this.#block(group, metric) || this.#create(group, metric);
    if (block === 0) {
      this.refused.full++;
      return;
    }
    this.#open(block);
    const f32 = this.#f32,
      u32 = this.#u32,
      at = this.#at,
      byteAt = at * 4;
    const weight = f32[at + WEIGHT];
    if (weight === 0) {
      this.#first(value);
      return;
    }
    const runs = u32[at + RUNS]++;
    const record = this.#widen(value, runs);
    const floor = Math.max(RESOLUTION[metric], RESOLUTION_SHARE * f32[at + CENTRE]);
    const max = this.#max();
    const residual = value - f32[at + CENTRE];
    const z = standard(residual, Math.max(f32[at + SIZE], max / 256), floor);
    this.#streak(z);
    const clip = weight >= CLIP_FROM ? CLIP_SIZES : Number.POSITIVE_INFINITY;
    const limit = clip * Math.max(f32[at + SIZE], floor);
    const psi = Math.max(-limit, Math.min(limit, residual));
    const share = 1 / (weight + 1);
    const fast = f32[at + FAST] + Math.max(RATE_LEVEL_FAST, share) * (compress(z) - f32[at + FAST]);
    f32[at + FAST] = fast;
    f32[at + RECENT] += Math.max(RATE_LEVEL_FAST, share) * (value - f32[at + RECENT]);
    const draw = mix32(Math.imul(runs, 0x9e3779b1) ^ metric);
    if (!this.#sampled(draw) && !record) return;
    f32[at + WEIGHT] = weight + 1;
    const learned = this.#u16[at * 2 + LEARNED_HALF]++;
    const random = mix32(draw + 1);
    if (weight >= UNCOUNTED) {
      const tail = this.#tail.at(this.#bytes, byteAt + VALUE_HISTOGRAM);
      tail.add(tail.index(z), random, weight);
      const ring = byteAt + RING + (learned & (DELAY - 1));
      const old = this.#bytes[ring];
      this.#bytes[ring] = 1 + tail.index(fast / Math.max(f32[at + LEVEL_SIZE], LF));
      if (old > 0) tail.at(this.#bytes, byteAt + LEVEL_HISTOGRAM).add(old - 1, random >>> 10, weight);
    }
    f32[at + CENTRE] += Math.max(RATE_CENTRE, share) * psi;
    f32[at + SIZE] += Math.max(RATE_SCALE, share) * (Math.abs(psi) - f32[at + SIZE]);
    const off = Math.min(Math.abs(fast), clip * Math.max(f32[at + LEVEL_SIZE], LF));
    f32[at + LEVEL_SIZE] += Math.max(RATE_SCALE, share) * (off - f32[at + LEVEL_SIZE]);
    if (this.#u16[at * 2 + LEARNED_HALF] >= EPOCH_COUNT) this.#turn();
  }

  cloneForTest(group: number): number {
    const to = this.#groups.alloc();
    for (let m = 0; m < METRICS.length; m++) {
      const b = this.#block(group, m);
      if (b) {
        const n = this.#create(to, m);
        this.#metrics.copy(b, n);
      }
    }
    return to;
  }

  #first(value: number): void {
    const f32 = this.#f32,
      at = this.#at;
    f32[at + WEIGHT] = 1;
    this.#u32[at + RUNS] = 1;
    this.#u16[at * 2 + LEARNED_HALF] = 1;
    f32[at + CENTRE] = f32[at + RECENT] = value;
    f32[at + MIN] = f32[at + MAX] = value;
    const day = Math.floor(this.nowMs / this.#dayMs) & 0xffff;
    this.#u16[at * 2 + DAY_HALF] = day;
    this.#u16[at * 2 + EPOCH_DAY_HALF] = day;
    this.#u32[at + SEEN_TODAY] = 1;
  }

  #widen(value: number, runs: number): boolean {
    const f32 = this.#f32,
      at = this.#at;
    const min = this.#min(),
      max = this.#max();
    if (runs === 0 || value > f32[at + MAX]) f32[at + MAX] = value;
    if (runs === 0 || value < f32[at + MIN]) f32[at + MIN] = value;
    return value > max || value < min;
  }
  #min(): number {
    const f = this.#f32,
      a = this.#at;
    return this.#u32[a + RUNS_BEFORE] === 0
      ? f[a + MIN]
      : this.#u32[a + RUNS] === 0
        ? f[a + MIN_BEFORE]
        : Math.min(f[a + MIN], f[a + MIN_BEFORE]);
  }
  #max(): number {
    const f = this.#f32,
      a = this.#at;
    return this.#u32[a + RUNS_BEFORE] === 0
      ? f[a + MAX]
      : this.#u32[a + RUNS] === 0
        ? f[a + MAX_BEFORE]
        : Math.max(f[a + MAX], f[a + MAX_BEFORE]);
  }

  #streak(z: number): void {
    const at = this.#at * 4 + RUN_BYTE;
    const run = this.#bytes[at];
    if (z > CLIP_SIZES) {
      if (run < 255) this.#bytes[at] = run + 1;
    } else if (run > 0) this.#bytes[at] = run - 1;
  }

  #sampled(draw: number): boolean {
    const at = this.#at;
    const day = Math.floor(this.nowMs / this.#dayMs) & 0xffff;
    const skipAt = at * 4 + SKIP_BYTE;
    if (day !== this.#u16[at * 2 + DAY_HALF]) {
      this.#u16[at * 2 + DAY_HALF] = day;
      this.#u32[at + SEEN_TODAY] = 0;
      if (this.#bytes[skipAt] > 0) this.#bytes[skipAt]--;
      if (
        ((day - this.#u16[at * 2 + EPOCH_DAY_HALF]) & 0xffff) >= EPOCH_DAYS &&
        this.#u16[at * 2 + LEARNED_HALF] >= EPOCH_COUNT_MIN
      )
        this.#turn();
    }
    const seen = ++this.#u32[at + SEEN_TODAY];
    if (seen > LEARN_PER_DAY * (2 << this.#bytes[skipAt])) this.#bytes[skipAt]++;
    return (draw & ((1 << this.#bytes[skipAt]) - 1)) === 0;
  }

  #turn(): void {
    const f32 = this.#f32,
      u32 = this.#u32,
      at = this.#at;
    f32[at + MIN_BEFORE] = f32[at + MIN];
    f32[at + MAX_BEFORE] = f32[at + MAX];
    u32[at + RUNS_BEFORE] = u32[at + RUNS];
    u32[at + RUNS] = 0;
    this.#u16[at * 2 + EPOCH_DAY_HALF] = this.#u16[at * 2 + DAY_HALF];
    this.#u16[at * 2 + LEARNED_HALF] = 0;
    this.#shrink(0.5);
  }
  #shrink(factor: number): void {
    this.#f32[this.#at + WEIGHT] *= factor;
    for (const h of [VALUE_HISTOGRAM, LEVEL_HISTOGRAM])
      this.#tail.at(this.#bytes, this.#at * 4 + h).shrink(factor, this.#u32[this.#at + RUNS_BEFORE] + h);
  }

  #block(group: number, metric: number): number {
    const page = this.#groups.pages[group >>> this.#groups.shift];
    return page.u32[(group & this.#groups.mask) * METRICS.length + metric];
  }
  #create(group: number, metric: number): number {
    const block = this.#metrics.alloc();
    const page = this.#groups.pages[group >>> this.#groups.shift];
    page.u32[(group & this.#groups.mask) * METRICS.length + metric] = block;
    return block;
  }
  #open(block: number): void {
    const page = this.#metrics.pages[block >>> this.#metrics.shift];
    this.#f32 = page.f32;
    this.#u32 = page.u32;
    this.#u16 = page.u16;
    this.#bytes = page.bytes;
    this.#at = ((block & this.#metrics.mask) * METRIC_BYTES) / 4;
  }
}

/** Residual in sizes, with a dead zone of one floor. */
function standard(residual: number, size: number, floor: number): number {
  const beyond = Math.abs(residual) - floor;
  if (beyond <= 0) return 0;
  const z = beyond / Math.max(size, floor);
  return residual < 0 ? -z : z;
}
