import { LEDGER_CONTRIBUTORS_MAX, LEDGER_SIGNALS_MAX, LEDGERS_MAX } from '../base/limits.ts';
import type { StateReader, StateWriter } from '../base/state.ts';

/** Half-lives, model days: what happens within a day, and what is done a little at a time over weeks. */
const HALF_LIVES = [1, 30] as const;
/** Decades from which a ledger is a finding. */
const LIMITS = [9, 10.5] as const;
/** What a signal's own chance is reduced by: of a thousand harmless invocations one is as strange as one in a thousand. */
const FREE_DECADES = 0.5;
/** One signal counts this much at most: strong ones are findings of their own. */
const SIGNAL_DECADES_MAX = 3;
/** Share of a signal that also counts for the functions next to it in the call graph. */
const NEIGHBOUR_SHARE = 0.5;
/** The same signal again is no new evidence: the n-th time within the memory counts 1/n^2. */
const SIGNALS_DISTINCT_MIN = 4;
/** Days of the slow mean of an entity's own level, and how many times it is expected. */
const USUAL_DAYS = 30;
const USUAL_TIMES = 1;

/** A weak signal that was kept. */
export interface Contributor {
  readonly finding: string;
  readonly detector: string;
  readonly timeMs: number;
  readonly decades: number;
}

/** What a ledger that crossed its limit says. */
export interface Accumulated {
  readonly entity: string;
  /** Decades that have come together, and over which half-life. */
  readonly decades: number;
  readonly halfLifeDays: number;
  readonly limit: number;
  readonly contributors: readonly Contributor[];
}

/** A weak signal. */
export interface Signal {
  readonly finding: string;
  readonly detector: string;
  /** Identity of what was strange: the same one again counts less. */
  readonly identity: string;
  /** Combined rarity of everything strange in the event. */
  readonly rarity: number;
  /** How much of the judgement is the entity's own experience, 0..1: what the young show is hardly evidence. */
  readonly maturity: number;
  readonly timeMs: number;
  /** Model time in days. */
  readonly day: number;
}

interface Ledger {
  readonly levels: number[];
  /** Level that the entity has by itself, for each half-life: a slow mean of its levels. */
  readonly usual: number[];
  day: number;
  /** Highest level told for each half-life, 0 when none was. */
  readonly told: number[];
  contributors: Contributor[];
  /** How often each identity counted. */
  readonly signals: Map<string, number>;
  /** Identities a person explained: they count no more. */
  explained: string[];
}

/**
 * Evidence that adds up: two sums of decades for each entity, with half-lives of a day and of thirty days. Many weak signals of one slow
 * campaign cross a limit that none of them comes near; the same signal again and again does not, since it counts 1/n^2. A signal counts half
 * for the neighbours in the call graph, so that a campaign that moves adds up as well. Bounded: the ledger that holds least
 * gives way. 1 µs a signal; signals are rare.
 */
export class Ledgers {
  /** Ledgers given up for want of room. */
  evicted = 0;
  readonly #ledgers = new Map<string, Ledger>();

  get size(): number {
    return this.#ledgers.size;
  }

  /** Adds a signal of `entity` and, in part, of its `neighbours`; returns the ledgers that crossed a limit by it. */
  add(signal: Signal, entity: string, neighbours: readonly string[]): Accumulated[] {
    const crossed = this.#count(signal, entity, 1);
    for (const one of neighbours) if (one !== entity) crossed.push(...this.#count(signal, one, NEIGHBOUR_SHARE));
    return crossed;
  }

  /** Decades of an entity on a model day, for each half-life. */
  levels(entity: string, day: number): readonly number[] {
    const ledger = this.#ledgers.get(entity);
    return HALF_LIVES.map((halfLife, at) =>
      ledger === undefined ? 0 : decayed(ledger.levels[at], day - ledger.day, halfLife),
    );
  }

  /** True while a person's explanation of what is held against an entity stands. */
  isExplained(entity: string): boolean {
    return (this.#ledgers.get(entity)?.explained.length ?? 0) > 0;
  }

  /**
   * A person explained what is held against an entity, or takes that back. The signals that came so far count no more; others count as
   * before, so that nobody hides behind the explanation.
   */
  explain(entity: string, explained: boolean): void {
    const ledger = this.#ledgers.get(entity);
    if (ledger !== undefined) ledger.explained = explained ? [...ledger.signals.keys()] : [];
  }

  save(out: StateWriter): void {
    out.u32(this.evicted);
    out.u32(this.#ledgers.size);
    for (const [entity, ledger] of this.#ledgers) {
      out.text(entity);
      out.f64(ledger.day);
      for (const list of [ledger.levels, ledger.usual, ledger.told]) out.f64Array(Float64Array.from(list));
      out.u32(ledger.contributors.length);
      for (const one of ledger.contributors) {
        out.text(one.finding);
        out.text(one.detector);
        out.f64(one.timeMs);
        out.f64(one.decades);
      }
      out.u32(ledger.signals.size);
      for (const [identity, times] of ledger.signals) {
        out.text(identity);
        out.u32(times);
      }
      out.u32(ledger.explained.length);
      for (const identity of ledger.explained) out.text(identity);
    }
  }

  load(from: StateReader): void {
    this.#ledgers.clear();
    this.evicted = from.u32();
    for (let left = from.u32(); left > 0; left--) {
      const entity = from.text();
      const day = from.f64();
      const lists = [Array.from(from.f64Array()), Array.from(from.f64Array()), Array.from(from.f64Array())];
      for (const list of lists) from.expect(list.length === HALF_LIVES.length, 'ledger levels');
      const [levels, usual, told] = lists;
      const contributors: Contributor[] = [];
      for (let more = from.u32(); more > 0; more--) {
        contributors.push({ finding: from.text(), detector: from.text(), timeMs: from.f64(), decades: from.f64() });
      }
      const signals = new Map<string, number>();
      for (let more = from.u32(); more > 0; more--) signals.set(from.text(), from.u32());
      const explained: string[] = [];
      for (let more = from.u32(); more > 0; more--) explained.push(from.text());
      this.#ledgers.set(entity, { levels, usual, day, told, contributors, signals, explained });
    }
  }

  #count(signal: Signal, entity: string, share: number): Accumulated[] {
    const ledger = this.#ledgerOf(entity, signal.day);
    if (ledger.explained.includes(signal.identity)) return [];
    const times = (ledger.signals.get(signal.identity) ?? 0) + 1;
    this.#remember(ledger, signal.identity, times);
    const own = Math.min(SIGNAL_DECADES_MAX, -Math.log10(Math.max(1e-300, signal.rarity)) - FREE_DECADES);
    const decades = (share * signal.maturity * signal.maturity * Math.max(0, own)) / (times * times);
    if (decades <= 0) return [];
    const passed = Math.max(0, signal.day - ledger.day);
    for (const [at, halfLife] of HALF_LIVES.entries()) {
      const level = decayed(ledger.levels[at], passed, halfLife);
      ledger.usual[at] += (1 - Math.exp(-passed / USUAL_DAYS)) * (level - ledger.usual[at]);
      ledger.levels[at] = level + decades;
      ledger.told[at] = decayed(ledger.told[at], passed, halfLife);
    }
    ledger.day = Math.max(ledger.day, signal.day);
    const { finding, detector, timeMs } = signal;
    ledger.contributors.push({ finding, detector, timeMs, decades });
    if (ledger.contributors.length > LEDGER_CONTRIBUTORS_MAX) dropLeast(ledger.contributors);
    return this.#crossed(ledger, entity);
  }

  #crossed(ledger: Ledger, entity: string): Accumulated[] {
    if (ledger.signals.size < SIGNALS_DISTINCT_MIN) return [];
    for (const [at, halfLifeDays] of HALF_LIVES.entries()) {
      // Told again when as much has come together once more.
      if (ledger.levels[at] < LIMITS[at] + ledger.told[at] + USUAL_TIMES * ledger.usual[at]) continue;
      // What is told is told for both half-lives.
      for (let one = 0; one < HALF_LIVES.length; one++) ledger.told[one] = ledger.levels[one];
      const decades = ledger.levels[at];
      return [{ entity, decades, halfLifeDays, limit: LIMITS[at], contributors: [...ledger.contributors] }];
    }
    return [];
  }

  #remember(ledger: Ledger, identity: string, times: number): void {
    ledger.signals.delete(identity);
    ledger.signals.set(identity, times);
    if (ledger.signals.size <= LEDGER_SIGNALS_MAX) return;
    const oldest = ledger.signals.keys().next().value;
    if (oldest !== undefined) ledger.signals.delete(oldest);
  }

  #ledgerOf(entity: string, day: number): Ledger {
    const known = this.#ledgers.get(entity);
    if (known !== undefined) return known;
    if (this.#ledgers.size >= LEDGERS_MAX) this.#evict(day);
    const made: Ledger = {
      levels: HALF_LIVES.map(() => 0),
      usual: HALF_LIVES.map(() => 0),
      day,
      told: HALF_LIVES.map(() => 0),
      contributors: [],
      signals: new Map(),
      explained: [],
    };
    this.#ledgers.set(entity, made);
    return made;
  }

  /** Gives up the ledger that holds least, of those made first: a flood of new names cannot empty one that holds much. */
  #evict(day: number): void {
    let least = '';
    let level = Number.POSITIVE_INFINITY;
    let looked = 0;
    for (const [entity, ledger] of this.#ledgers) {
      const held = decayed(ledger.levels[1], day - ledger.day, HALF_LIVES[1]);
      if (held < level) [least, level] = [entity, held];
      if (++looked >= 256) break;
    }
    this.#ledgers.delete(least);
    this.evicted++;
  }
}

function decayed(level: number, days: number, halfLife: number): number {
  return days <= 0 ? level : level * Math.exp((-Math.LN2 * days) / halfLife);
}

function dropLeast(contributors: Contributor[]): void {
  let least = 0;
  for (const [at, one] of contributors.entries()) if (one.decades < contributors[least].decades) least = at;
  contributors.splice(least, 1);
}
