import { KEY } from './directory.ts';

/** Word offsets (32 bit) in the head of a function. 64-bit fields are at even offsets. */
export const HEAD = {
  ...KEY,
  /** Bit per family while an open incident keeps it from learning what scores high. */
  held: 2,
  /** Second at which `held` ends. */
  heldUntil: 3,
  /** Invocations closed. */
  closed: 4,
  errors: 5,
  cold: 6,
  firstSecond: 7,
  lastSecond: 8,
  /** `lastDay:16 | distinct days:16`. */
  days: 9,
  categories: 10,
  /** Observations since the revision changed. */
  sinceRevision: 11,
  /** Share of invocations each facet kind delivers: 16-bit fractions, room for fourteen kinds. */
  facetShare: 12,
  triggerKind: 19,
  /** Two revision slots of four words: hash, observations, warm block, cold block. */
  revisions: 20,
  /** Accumulators of the current minute. */
  minute: 28,
  minuteCount: 29,
  minuteErrors: 30,
  minuteCold: 31,
  minuteCalls: 32,
  minuteDurationSum: 34,
  minuteDurationMax: 36,
  minuteBytesOut: 38,
  minuteMemoryMax: 40,
  /** Facet bits seen ever. */
  facetsEver: 42,
  /** Facet bits delivered for at least half of the recent invocations. */
  usualFacets: 43,
  /** Rank of the facet that each group of `FIELDS` was last learned from, a byte each; 0 while unknown. */
  learnedFrom: 44,
  /** Group of calibration that `triggerKind` belongs to. */
  group: 45,
  /** Id of the namesake it started from. */
  namesake: 46,
  /** Amounts sent, by destination. */
  rate: 47,
  egress: 51,
  /** Values of its events and of what it leaves behind. */
  shape: 54,
  /** Amounts read, by store. */
  data: 55,
  /** Block of `Flows`. */
  flows: 49,
  /** Block of `Drifts`. */
  drift: 50,
  /** Hash of what fired it last, as told to the model of demand. */
  driver: 57,
  /** Block of `Spending`. */
  spending: 58,
} as const;

/** Bytes of a head. */
export const HEAD_BYTES = 256;
/** Invocations after which a function counts as established and is never pushed out by newcomers. */
export const ESTABLISHED_COUNT = 20;
