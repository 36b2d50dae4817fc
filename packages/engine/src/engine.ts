import { assert } from './base/assert.ts';
import { EngineError } from './base/errors.ts';
import { Hasher, hashOf } from './base/hash.ts';
import { joined, StateReader, StateWriter } from './base/state.ts';
import { PARTS_OF_DAY } from './baselines/drifts.ts';
import { limitCopies } from './baselines/function-copies.ts';
import { HEAD } from './baselines/functions.ts';
import { driftOf } from './detectors/slow-drift.ts';
import type { Batch } from './event/batch.ts';
import { controlText, parseControl } from './event/control.ts';
import type { Finding, Incident } from './event/finding.ts';
import { type Control, type Genesis, type LogRecord, ordinalsOf, type RollBack, SCHEMA } from './event/record.ts';
import type { HourRollup, MinuteRollup, RollupRow } from './event/rollup.ts';
import { BatchView } from './features/batch-view.ts';
import { Clock } from './features/clock.ts';
import { HourSums } from './features/hour-sums.ts';
import { PeerExchange } from './peer-exchange.ts';
import { fitRates } from './rate-fit.ts';
import type { ScoredRow } from './scoring/scored-row.ts';
import { Settings } from './settings.ts';
import { SharedMoves } from './shared-moves.ts';
import { StageOne } from './stage-one.ts';
import { StageTwo } from './stage-two.ts';
import type { Remembered } from './verdicts.ts';

/** Version of the engine: snapshots of another one are refused, and byte equality is promised within one. */
export const ENGINE_VERSION = '1';
/** Version of the saved state. Older ones stay loadable. */
export const SNAPSHOT_VERSION = 1;
const MAGIC = 'gait-snapshot';

/** What one step produced, in the order it happened. */
export interface StepOutput {
  readonly findings: readonly Finding[];
  /** Latest state of each incident that changed. */
  readonly incidents: readonly Incident[];
  readonly minutes: readonly MinuteRollup[];
  readonly hours: readonly HourRollup[];
}

/** How the engine is set up. Nothing here changes what it finds. */
export interface EngineOptions {
  /** Partitions of stage 1. */
  readonly partitions?: number;
}

/**
 * The detection engine: a deterministic function of the log. `step` takes the records of one log in order; same records,
 * same output and state, byte for byte, however they are cut into batches and however many partitions there are. It has
 * no clock, no randomness and no I/O. Memory is bounded by the constants of `base/limits.ts`.
 */
export class Engine {
  readonly genesis: Genesis;
  /** Ordinal of the next record. */
  ordinal = 0;
  readonly clock: Clock;
  readonly settings = new Settings();
  readonly #moves = new SharedMoves();
  /** Functions that behave alike. */
  readonly peers: PeerExchange;
  readonly stageOne: readonly StageOne[];
  readonly stageTwo: StageTwo;
  readonly #hasher: Hasher;
  readonly #hours = new HourSums();
  #minutes: MinuteRollup[] = [];
  #hourly: HourRollup[] = [];

  constructor(genesis: Genesis, options: EngineOptions = {}) {
    this.genesis = genesis;
    this.#hasher = new Hasher(genesis.seed[0], genesis.seed[1]);
    this.clock = new Clock(genesis);
    this.peers = new PeerExchange(genesis.seed[0]);
    const count = options.partitions ?? 1;
    this.stageOne = Array.from(
      { length: count },
      (_, index) =>
        new StageOne({ hasher: this.#hasher, clock: this.clock, settings: this.settings }, { index, count }),
    );
    this.stageTwo = new StageTwo(this.#hasher, this.clock, this.settings);
  }

  /** Takes the next record of the log. `ordinal` must be the one that follows the record before. */
  step(record: LogRecord, ordinal: number): StepOutput {
    assert(ordinal === this.ordinal, 'records come in order');
    if (record.type === 'tick') this.#advance(record.throughMs, ordinal);
    else if (record.type === 'control') {
      this.#advance(record.receivedMs, ordinal);
      this.#control(record.control);
    } else this.#observe(record.batch, ordinal);
    this.ordinal += ordinalsOf(record);
    return this.#take();
  }

  /** All state as bytes: the same for the same log, and `restore` goes on from it as if nothing had happened. */
  snapshot(): Uint8Array<ArrayBuffer> {
    return joined(this.snapshotPieces());
  }

  /** The same in pieces, written into `memory` as far as it goes: see `StateWriter`. */
  snapshotPieces(memory: readonly ArrayBuffer[] = []): Uint8Array<ArrayBuffer>[] {
    const out = new StateWriter(memory);
    out.text(MAGIC);
    out.u32(SNAPSHOT_VERSION);
    out.text(ENGINE_VERSION);
    out.text(controlText(this.genesis));
    out.u32(this.stageOne.length);
    out.f64(this.ordinal);
    this.clock.save(out);
    this.settings.save(out);
    this.#moves.save(out);
    this.peers.groups.save(out);
    for (const stage of this.stageOne) stage.save(out);
    this.stageTwo.save(out);
    this.#hours.save(out);
    return out.pieces();
  }

  /** An engine that continues from a snapshot. Throws `GAIT_SNAPSHOT_VERSION` or `GAIT_SNAPSHOT_DAMAGED`. */
  static restore(bytes: Uint8Array): Engine {
    const from = new StateReader(bytes);
    from.expect(from.text() === MAGIC, 'file type');
    const version = from.u32();
    const engine = from.text();
    if (version !== SNAPSHOT_VERSION || engine !== ENGINE_VERSION) {
      throw new EngineError('GAIT_SNAPSHOT_VERSION', `It has version ${version} of engine ${engine}.`);
    }
    const genesis = parseControl(from.json());
    if (genesis.kind !== 'genesis') throw new EngineError('GAIT_SNAPSHOT_DAMAGED', 'It does not begin with a genesis.');
    const restored = new Engine(genesis, { partitions: from.u32() });
    restored.ordinal = from.f64();
    restored.clock.load(from);
    restored.settings.load(from);
    restored.#moves.load(from);
    restored.peers.groups.load(from);
    for (const stage of restored.stageOne) stage.load(from);
    restored.stageTwo.load(from);
    restored.#hours.load(from);
    from.expect(from.done, 'rest');
    return restored;
  }

  /** Bytes of per-function state in memory, for benchmarks and the health page. */
  get functionBytes(): number {
    return this.stageOne.reduce(
      (sum, stage) =>
        sum +
        stage.functions.bytes +
        stage.categories.bytes +
        stage.metrics.bytes +
        stage.stores.bytes +
        stage.copies.bytes,
      0,
    );
  }

  /** Rows are handled second by second, so that a tick falls between the same two rows whatever the batches are. */
  #observe(batch: Batch, ordinal: number): void {
    const view = new BatchView(batch, this.#hasher);
    const { receivedMs } = batch.columns;
    for (let from = 0; from < batch.rows; ) {
      this.#advance(receivedMs[from], ordinal + from);
      const second = Math.floor(receivedMs[from] / 1000);
      let to = from + 1;
      while (to < batch.rows && Math.floor(receivedMs[to] / 1000) === second) to++;
      this.#rows(view, { from, to, ordinal });
      this.clock.nowMs = Math.max(this.clock.nowMs, receivedMs[to - 1]);
      from = to;
    }
  }

  #rows(view: BatchView, range: { readonly from: number; readonly to: number; readonly ordinal: number }): void {
    for (const stage of this.stageOne) stage.rows(view, range, range.ordinal);
    const scored = this.#takeScored();
    this.stageTwo.rows(view, range, scored);
  }

  #takeScored(): ScoredRow[] {
    if (this.stageOne.length === 1) {
      const { scored } = this.stageOne[0];
      this.stageOne[0].scored = [];
      return scored;
    }
    const all: ScoredRow[] = [];
    for (const stage of this.stageOne) {
      all.push(...stage.scored);
      stage.scored = [];
    }
    return all.sort((a, b) => a.row - b.row);
  }

  #judgeMinute(second: number, of: { readonly ordinal: number; readonly rows: readonly RollupRow[] }): void {
    const [first, ...others] = this.stageOne;
    for (const stage of others) first.arrivals.absorb(stage.arrivals);
    const arrivals = { counts: first.arrivals.takeArrivals(), fired: first.arrivals.takeFired() };
    this.stageTwo.minute({ second, ordinal: of.ordinal, rows: of.rows, arrivals }, this.#takeClosed());
  }

  /** Scores of the buckets just closed: stage 2 puts them in order. */
  #takeClosed(): ScoredRow[] {
    const all = this.stageOne.flatMap((stage) => stage.closed);
    for (const stage of this.stageOne) stage.closed = [];
    return all;
  }

  /** Moves the clock; does what becomes due on the way, in order of time. `ordinal` is that of the record that moves it. */
  #advance(ms: number, ordinal: number): void {
    const target = Math.floor(ms / 1000);
    if (target > this.clock.second) {
      this.#exchange();
      for (let due = this.#nextDue(); due <= target; due = this.#nextDue()) {
        this.clock.second = due;
        this.clock.nowMs = Math.max(this.clock.nowMs, due * 1000);
        for (const stage of this.stageOne) stage.advance(due);
        if (due % 60 === 0) this.#closeMinute(due, ordinal);
      }
      this.clock.second = target;
    }
    this.clock.nowMs = Math.max(this.clock.nowMs, ms);
  }

  #nextDue(): number {
    let due = Number.POSITIVE_INFINITY;
    let active = this.#hours.active;
    for (const stage of this.stageOne) {
      due = Math.min(due, Math.max(stage.nextSecond, this.clock.second));
      active ||= stage.active;
    }
    return active ? Math.min(due, (Math.floor(this.clock.second / 60) + 1) * 60) : due;
  }

  #closeMinute(second: number, ordinal: number): void {
    const rows = this.stageOne.flatMap((stage) => stage.takeMinute(second));
    rows.sort((a, b) => (a.function < b.function ? -1 : 1));
    if (rows.length > 0) {
      this.#judgeMinute(second, { ordinal, rows });
      this.#minutes.push({ minuteMs: (second - 60) * 1000, rows });
    }
    fitRates(this.stageOne, second);
    this.#hours.add(rows);
    if (second % 3600 !== 0) return;
    this.peers.form(this.stageOne);
    const hour = this.#hours.take((second - 3600) * 1000, (name) => this.#band(name));
    if (hour.rows.length > 0) this.#hourly.push(hour);
  }

  /** Learned band of the warm duration of a function and its maturity. */
  #band(name: string) {
    const lo = hashOf(name, this.#hasher);
    for (const { functions, metrics } of this.stageOne) {
      const id = functions.find(this.#hasher.hi, lo);
      if (id === 0) continue;
      const { u32 } = functions.page(id);
      const closed = u32[functions.word(id) + HEAD.closed];
      const { low, centre, high } = metrics.describe(u32[functions.word(id) + HEAD.revisions + 2], 'durationMs');
      return { durationBandMs: [low, centre, high] as const, maturity: closed / (closed + 50) };
    }
    return { durationBandMs: [0, 0, 0] as const, maturity: 0 };
  }

  /** What the stages tell each other: once a tick, so that it cannot depend on how rows are cut into batches. */
  #exchange(): void {
    this.#moves.exchange(
      this.clock.partOf(this.clock.second, PARTS_OF_DAY),
      this.stageOne.map(({ stores }) => stores.drifts),
    );
    limitCopies(this.stageOne.map(({ copies }) => copies));
    const [first, ...others] = this.stageOne;
    for (const stage of others) first.judged.absorb(stage.judged);
    first.judged.take((...of) => this.stageTwo.verdicts.calibration.judged(...of));
    for (const stage of this.stageOne) {
      for (const key of stage.categories.created.take()) this.stageTwo.baselines.shownBy(key);
      for (const key of stage.categories.frequent.take()) stage.names.keep(key);
      for (const key of stage.stores.traits.frequent.take()) stage.names.keep(key);
    }
    for (const key of this.stageTwo.baselines.categories.frequent.take()) this.stageTwo.names.keep(key);
    for (const hold of this.stageTwo.verdicts.takeHolds()) {
      for (const stage of this.stageOne) stage.hold(hold.functionHi, hold.functionLo, hold);
    }
  }

  #control(control: Control): void {
    switch (control.kind) {
      case 'genesis':
        assert(control.schema <= SCHEMA && this.ordinal === 0, 'genesis comes first');
        return;
      case 'training-span':
        this.clock.addTraining(control);
        return;
      case 'feedback': {
        const known = this.stageTwo.verdicts.feedback(control);
        if (known !== undefined) this.#applyFeedback(known, control.verdict);
        return;
      }
      case 'incident-state':
        for (const one of this.stageTwo.verdicts.incidentState(control.incident, control.state)) {
          for (const stage of this.stageOne) stage.unhold(one.functionHi, one.functionLo, one.family);
          if (control.state === 'closed-expected') this.#applyFeedback(one, 'expected');
        }
        return;
      case 'settings':
        this.settings.apply(control.set);
        return;
      case 'erasure':
        this.stageTwo.erase(control.principal);
        for (const stage of this.stageOne) stage.names.forget(control.principal);
        return;
      case 'roll-back':
        this.#rollBack(control);
        return;
      case 'response':
        // Carried for those who act and those who read. What a response does to a function arrives as telemetry.
        return;
    }
  }

  /** Puts one function, or all, back to what was learned by a time, or takes that back. */
  #rollBack(control: RollBack): void {
    const now = { day: this.clock.dayOf(this.clock.second), second: this.clock.second };
    const lo = hashOf(control.function, this.#hasher);
    for (const { functions, copies } of this.stageOne) {
      const ids = control.function === '' ? functions.ids() : [functions.find(this.#hasher.hi, lo)];
      for (const id of ids) {
        if (id === 0) continue;
        if (control.action === 'undo') copies.undo(id);
        else copies.rollBack(id, control.toMs, now);
      }
    }
  }

  #applyFeedback(known: Remembered, verdict: 'expected' | 'malicious' | 'undo'): void {
    for (const stage of this.stageOne) {
      if (verdict === 'expected') stage.unhold(known.functionHi, known.functionLo, known.family);
      if (verdict === 'expected') this.#anchor(stage, known);
      if (known.hash === 0) continue;
      const trusted = verdict === 'expected';
      stage.setTrusted(known.functionHi, known.functionLo, { field: known.field, hash: known.hash, trusted });
    }
  }

  /** A slow change that a person expects is anchored where it is now. */
  #anchor({ functions, stores: { drifts } }: StageOne, known: Remembered): void {
    const metric = driftOf(known.identity);
    const id = functions.find(known.functionHi, known.functionLo);
    if (metric === undefined || id === 0) return;
    drifts.focus(functions.page(id).u32[functions.word(id) + HEAD.drift]);
    drifts.anchor(metric);
    drifts.focus(0);
  }

  #take(): StepOutput {
    const { findings, incidents } = this.stageTwo.verdicts.take();
    const output = { findings, incidents: [...incidents.values()], minutes: this.#minutes, hours: this.#hourly };
    this.#minutes = [];
    this.#hourly = [];
    return output;
  }
}
