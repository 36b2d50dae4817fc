import { join } from 'node:path';
import { assert } from '@gait/engine/base/assert';
import { Engine, type StepOutput } from '@gait/engine/engine';
import type { Incident } from '@gait/engine/event/finding';
import { type Genesis, type LogRecord, ordinalsOf } from '@gait/engine/event/record';
import type { Log } from '../log/log.ts';
import type { SeriesWriter } from '../storage/series/series.ts';
import type { Store } from '../storage/store.ts';
import { loadCheckpoint } from './checkpoint.ts';
import { Checkpointer } from './checkpointer.ts';
import { FOLDER, FolderError } from './folder.ts';
import { Found } from './found.ts';
import { ProfileSweep } from './profile-sweep.ts';

/** Ordinals between two checkpoints while running: a crash goes through little more than these again, in ten seconds. */
export const CHECKPOINT_EVERY_ORDINALS = 2_000_000;
/** Functions whose profiles are all written when somebody asks for them: about 80 ms of work. More wait for their turn. */
const REFRESH_FUNCTIONS_MAX = 2_000;

/** What a host reads records from, besides being handed them one by one. */
export type RecordSource = Pick<Log, 'first' | 'next' | 'read'>;

/** What a host writes to. It closes both. */
export interface HostParts {
  readonly folder: string;
  /** The folder is thrown away: nothing is saved. */
  readonly temporary: boolean;
  readonly store: Store;
  readonly series: SeriesWriter;
}

/** How to run the engine. */
export interface HostOptions {
  /** Default `CHECKPOINT_EVERY_ORDINALS`. */
  readonly checkpointEveryOrdinals?: number;
  /** Also after this much time of the log; unlimited unless a service runs for months on few events. */
  readonly checkpointEveryMs?: number;
  /** The store was emptied to be made again: what catching up finds counts as found. */
  readonly rebuild?: boolean;
  /** Told after a commit what was committed for the first time; repeats after a crash are left out. */
  readonly committed?: (output: Pick<StepOutput, 'findings' | 'incidents'>) => void;
  /** Told while catching up goes through the log: ordinals done, and all. */
  readonly progress?: (done: number, all: number) => void;
  /** Ends catching up: it throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * The engine with what it writes: findings, incidents and profiles to the store, roll-ups to the series, its state to
 * checkpoints. Records are stepped over when they are durable; what a step produced is committed together with the ordinal
 * consumed, and a checkpoint is saved when everything before it is committed.
 */
export class EngineHost {
  readonly store: Store;
  readonly series: SeriesWriter;
  /** What was found since opening; by making the store again, all there is. */
  found = new Found();
  /** Ordinals that opening went through behind the checkpoint. */
  replayed = 0;
  /** What the last checkpoint covers, and when it was taken on the log's clock, ms. */
  checkpointed = { ordinal: 0, clockMs: 0 };
  readonly #parts: HostParts;
  readonly #options: HostOptions;
  readonly #checkpointer: Checkpointer;
  #sweep: ProfileSweep | undefined;
  #engine: Engine | undefined;
  /** What an earlier run had committed: steps up to here may have been told already. */
  #consumedBefore = 0;
  /** A step was not committed: the engine is ahead of the store and may not be saved. */
  #failed = false;
  #closed = false;

  constructor(parts: HostParts, options: HostOptions = {}) {
    this.store = parts.store;
    this.series = parts.series;
    this.#parts = parts;
    this.#options = options;
    this.#checkpointer = new Checkpointer(join(parts.folder, FOLDER.checkpoints));
  }

  /** The engine, at the end of what was stepped over. */
  get engine(): Engine {
    assert(this.#engine !== undefined, 'the engine has started');
    return this.#engine;
  }

  /** Incidents that this run opened or added to, gravest first. */
  newIncidents(): Incident[] {
    return this.found.incidents(this.store);
  }

  /**
   * Brings the engine up to the end of the log: newest checkpoint, then the records behind it; steps already committed
   * change nothing. Throws `FolderError`, and what reading the log throws.
   */
  async start(source: RecordSource): Promise<void> {
    const { folder } = this.#parts;
    if (this.store.consumed > source.next) {
      const detail = `${folder}: the store has seen ${this.store.consumed} records, the log holds ${source.next}.`;
      throw new FolderError('GAIT_FOLDER_MIXED', detail);
    }
    this.#consumedBefore = this.store.consumed;
    const seed = (await genesisIn(source))?.seed;
    this.#engine = await loadCheckpoint(join(folder, FOLDER.checkpoints), { ordinalMax: this.store.consumed, seed });
    if (this.#engine !== undefined) this.#note(this.#engine);
    if (this.checkpointed.ordinal < source.first) {
      throw new FolderError('GAIT_FOLDER_CUT', `${folder}: the log begins at ordinal ${source.first}.`);
    }
    await this.#catchUp(source);
    if (this.#options.rebuild !== true) this.found = new Found();
  }

  /** Steps over a durable record and commits what comes out. */
  step(record: LogRecord, ordinal: number): StepOutput {
    assert(!this.#failed, 'nothing is stepped over after a step that failed');
    this.#engine ??= new Engine(genesisOf(record));
    this.#failed = true;
    const output = this.#engine.step(record, ordinal);
    for (const minute of output.minutes) this.series.minute(minute);
    for (const hour of output.hours) this.series.hour(hour);
    if (output.findings.length > 0 || output.incidents.length > 0) this.#commit(output, this.#engine.ordinal);
    this.#failed = false;
    return output;
  }

  /** Saves a checkpoint when it is due, while stepping goes on; until then, what people are shown, bit by bit. */
  checkpointIfDue(): void {
    if (this.#parts.temporary) return;
    const { checkpointEveryOrdinals = CHECKPOINT_EVERY_ORDINALS, checkpointEveryMs = Number.POSITIVE_INFINITY } =
      this.#options;
    const { ordinal, clockMs } = this.checkpointed;
    const share = Math.max(
      (this.engine.ordinal - ordinal) / checkpointEveryOrdinals,
      (this.engine.clock.nowMs - clockMs) / checkpointEveryMs,
    );
    this.#profiles.advance(Math.min(1, share));
    if (share < 1 || !this.#checkpointer.ready(this.engine)) return;
    this.#profiles.coverage();
    this.#beginCheckpoint();
    this.#profiles.restart();
  }

  /** Writes what people are shown as it is now, unless there are so many functions that they wait for their turn. */
  refresh(): void {
    const functions = this.engine.stageOne.reduce((sum, { functions: { count } }) => sum + count, 0);
    if (functions <= REFRESH_FUNCTIONS_MAX) this.#profiles.all();
    else this.#profiles.coverage();
  }

  /** Saves the engine's state and what people are shown of it, as they are now. Throws `StoreError` and `FolderError`. */
  async checkpoint(): Promise<void> {
    await this.#checkpointer.settled();
    this.#profiles.all();
    this.#beginCheckpoint();
    await this.#checkpointer.settled();
  }

  /**
   * Checkpoints and lets go of store and series; with `save` false without a checkpoint. May be called twice. Everything
   * is let go of even if a part of that fails; the first failure is thrown then.
   */
  async close({ save = true } = {}): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const saved = save && !this.#parts.temporary && !this.#failed && this.#engine !== undefined;
    await inTurn([
      () => this.#checkpointer.settled(),
      () => (saved ? this.checkpoint() : undefined),
      () => this.series.close(),
      () => this.store.close(),
    ]);
  }

  get #profiles(): ProfileSweep {
    this.#sweep ??= new ProfileSweep(this.engine, this.store);
    return this.#sweep;
  }

  #commit(output: StepOutput, consumed: number): void {
    const { findings, incidents } = output;
    const repeated = consumed <= this.#consumedBefore;
    const fresh = repeated ? findings.filter(({ id }) => this.store.finding(id).kind === 'none') : findings;
    this.store.commitStep({ findings, incidents, consumed });
    this.found.add(output);
    if (!repeated || fresh.length > 0) this.#options.committed?.({ findings: fresh, incidents });
  }

  /** Steps over what is in the log behind the checkpoint. */
  async #catchUp(source: RecordSource): Promise<void> {
    const { progress, signal } = this.#options;
    const from = this.checkpointed.ordinal;
    const all = source.next - from;
    for await (const { ordinal, record } of source.read(from)) {
      signal?.throwIfAborted();
      this.step(record, ordinal);
      this.replayed += ordinalsOf(record);
      progress?.(this.replayed, all);
      this.checkpointIfDue();
    }
  }

  /** What the store has consumed must not be behind the state. */
  #beginCheckpoint(): void {
    this.series.flush();
    this.store.commitStep({ findings: [], incidents: [], consumed: this.engine.ordinal });
    this.#checkpointer.begin(this.engine);
    this.#note(this.engine);
  }

  #note(engine: Engine): void {
    this.checkpointed = { ordinal: engine.ordinal, clockMs: engine.clock.nowMs };
  }
}

/** Does all of it in order; throws the first failure afterwards. */
export async function inTurn(steps: readonly (() => unknown)[]): Promise<void> {
  const failures: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

/** The genesis of a log; undefined when retention has removed its beginning. */
async function genesisIn(source: RecordSource): Promise<Genesis | undefined> {
  if (source.first > 0) return undefined;
  for await (const { record } of source.read(0)) return genesisOf(record);
  return undefined;
}

function genesisOf(record: LogRecord): Genesis {
  assert(record.type === 'control' && record.control.kind === 'genesis', 'a log begins with its genesis');
  return record.control;
}
