import { randomInt } from 'node:crypto';
import { existsSync, renameSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { assert } from '@gait/engine/base/assert';
import { Engine } from '@gait/engine/engine';
import type { Incident } from '@gait/engine/event/finding';
import { type Genesis, type LogRecord, ordinalsOf, SCHEMA } from '@gait/engine/event/record';
import { openSegmentLog, type SegmentLog, type SegmentLogOptions } from '../log/segments/segment-log.ts';
import { openPseudonyms, type Pseudonyms } from '../storage/pseudonyms.ts';
import { openSeries, type SeriesWriter } from '../storage/series/series.ts';
import { openSqliteStore } from '../storage/sqlite/sqlite-store.ts';
import { type Store, StoreError } from '../storage/store.ts';
import { loadCheckpoint } from './checkpoint.ts';
import { Checkpointer } from './checkpointer.ts';
import { FOLDER, FolderError, takeFolder, temporaryFolder } from './folder.ts';
import { Found } from './found.ts';
import { ProfileSweep } from './profile-sweep.ts';

/** Real milliseconds of a model day outside demonstrations. */
const DAY_MS = 86_400_000;
const SEED_WORD_MAX = 0xffff_ffff;
/** Ordinals between two checkpoints while running: a crash goes through little more than these again, in ten seconds. */
export const CHECKPOINT_EVERY_ORDINALS = 2_000_000;

/** How to open a data folder. */
export interface WorkspaceOptions {
  /** Seed of a new log; random unless a test or demonstration wants the same output again. */
  readonly seed?: readonly [number, number];
  /** Start of model time of a new log, ms. */
  readonly originMs?: number;
  /** Makes the store again from the beginning of the log. */
  readonly rebuild?: boolean;
  /** Default `CHECKPOINT_EVERY_ORDINALS`. */
  readonly checkpointEveryOrdinals?: number;
  /** Told while opening goes through the log: ordinals done, and all. */
  readonly progress?: (done: number, all: number) => void;
  /** Ends the opening: it throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/** What a data folder consists of, opened. */
interface Parts {
  readonly folder: string;
  readonly temporary: boolean;
  readonly log: SegmentLog;
  readonly store: Store;
  readonly tokens: Pseudonyms;
  readonly series: SeriesWriter;
}

/**
 * A data folder at work: log, engine, store, pseudonyms and series, wired in the one order that survives a crash. A
 * record is appended, stepped over when it is durable, and what the step produced is committed together with the ordinal
 * consumed; a checkpoint is saved when everything before it is committed. Opening brings the engine up to the end of the
 * log: checkpoint, then the records behind it; steps already committed change nothing.
 */
export class Workspace {
  readonly folder: string;
  readonly log: SegmentLog;
  readonly store: Store;
  readonly tokens: Pseudonyms;
  readonly series: SeriesWriter;
  /** What was found since opening; by making the store again, all there is. */
  found = new Found();
  /** Ordinals that opening went through behind the checkpoint. */
  replayed = 0;
  readonly #temporary: boolean;
  readonly #checkpointEvery: number;
  readonly #checkpointer: Checkpointer;
  #sweep: ProfileSweep | undefined;
  #engine: Engine | undefined;
  #checkpointed = 0;
  /** A step was not committed: the engine is ahead of the store and may not be saved. */
  #failed = false;
  #closed = false;

  private constructor(parts: Parts, options: WorkspaceOptions) {
    this.folder = parts.folder;
    this.log = parts.log;
    this.store = parts.store;
    this.tokens = parts.tokens;
    this.series = parts.series;
    this.#temporary = parts.temporary;
    this.#checkpointer = new Checkpointer(join(parts.folder, FOLDER.checkpoints));
    this.#checkpointEvery = options.checkpointEveryOrdinals ?? CHECKPOINT_EVERY_ORDINALS;
  }

  /**
   * Opens a data folder, or a temporary one that `close` removes. Throws `FolderError`, `LogError` and `StoreError`, and
   * leaves nothing open or behind then.
   */
  static async open(folder: string | undefined, options: WorkspaceOptions = {}): Promise<Workspace> {
    const path = folder ?? (await temporaryFolder());
    const temporary = folder === undefined;
    try {
      if (!temporary) await takeFolder(path);
      const workspace = new Workspace(await openParts(path, { temporary, rebuild: options.rebuild === true }), options);
      await workspace.#startOrRelease(options);
      return workspace;
    } catch (error) {
      if (temporary) await rm(path, { recursive: true, force: true });
      throw error;
    }
  }

  /** The engine, at the end of what was stepped over. */
  get engine(): Engine {
    assert(this.#engine !== undefined, 'the workspace has started');
    return this.#engine;
  }

  get #profiles(): ProfileSweep {
    this.#sweep ??= new ProfileSweep(this.engine, this.store);
    return this.#sweep;
  }

  /** Appends a record and steps over it when it is durable. One call at a time. */
  append(record: LogRecord): Promise<void> {
    return this.appendAll([record]);
  }

  /**
   * Appends records in order and steps over each when it is durable. While the engine steps over one, the next is on its
   * way to the disk; never more than that one, so that what is durable is a beginning of what was given whatever fails.
   */
  async appendAll(records: Iterable<LogRecord> | AsyncIterable<LogRecord>): Promise<void> {
    let durable: { readonly record: LogRecord; readonly ordinal: number } | undefined;
    const stepDurable = (): void => {
      const due = durable;
      durable = undefined;
      if (due !== undefined) this.#step(due.record, due.ordinal);
    };
    try {
      for await (const record of records) {
        this.tokens.flush();
        const appending = this.log.append(record);
        // Awaited below; should the step fail first, its error is the one to tell.
        appending.catch(() => undefined);
        stepDurable();
        durable = { record, ordinal: (await appending).ordinal };
        this.#checkpointIfDue();
      }
    } finally {
      stepDurable();
    }
    this.#checkpointIfDue();
  }

  /** Incidents that this run opened or added to, gravest first. */
  newIncidents(): Incident[] {
    return this.found.incidents(this.store);
  }

  /** Saves the engine's state and what people are shown of it, as they are now. Throws `StoreError` and `FolderError`. */
  async checkpoint(): Promise<void> {
    await this.#checkpointer.settled();
    this.#profiles.all();
    this.#beginCheckpoint();
    await this.#checkpointer.settled();
  }

  /**
   * Checkpoints, signs, and lets go of the folder; removes it when temporary. May be called twice. Everything is let go
   * of even if a part of that fails; the first failure is thrown then.
   */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const { log, store, tokens, series } = this;
    await inTurn([
      () => this.#checkpointer.settled(),
      () => (this.#temporary || this.#failed || this.#engine === undefined ? undefined : this.checkpoint()),
      () => series.close(),
      () => log.close(),
      () => store.close(),
      () => tokens.close(),
      () => (this.#temporary ? rm(this.folder, { recursive: true, force: true }) : undefined),
    ]);
  }

  async #startOrRelease(options: WorkspaceOptions): Promise<void> {
    try {
      await this.#start(options);
    } catch (error) {
      this.#failed = true;
      await this.close().catch(() => undefined);
      throw error;
    }
  }

  async #start(options: WorkspaceOptions): Promise<void> {
    if (this.log.next === 0) {
      const genesis = genesisWith(options);
      await this.log.append({ type: 'control', receivedMs: genesis.originMs, control: genesis });
    }
    if (this.store.consumed > this.log.next) {
      const detail = `${this.folder}: the store has seen ${this.store.consumed} records, the log holds ${this.log.next}.`;
      throw new FolderError('GAIT_FOLDER_MIXED', detail);
    }
    const seed = (await this.#genesis())?.seed;
    this.#engine = await loadCheckpoint(join(this.folder, FOLDER.checkpoints), {
      ordinalMax: this.store.consumed,
      seed,
    });
    this.#checkpointed = this.#engine?.ordinal ?? 0;
    if (this.#checkpointed < this.log.first) {
      throw new FolderError('GAIT_FOLDER_CUT', `${this.folder}: the log begins at ordinal ${this.log.first}.`);
    }
    await this.#catchUp(options);
    if (options.rebuild !== true) this.found = new Found();
  }

  /** Steps over what is in the log behind the checkpoint. */
  async #catchUp({ progress, signal }: WorkspaceOptions): Promise<void> {
    const from = this.#checkpointed;
    const all = this.log.next - from;
    for await (const { ordinal, record } of this.log.read(from)) {
      signal?.throwIfAborted();
      this.#engine ??= new Engine(genesisOf(record));
      this.#step(record, ordinal);
      this.replayed += ordinalsOf(record);
      progress?.(this.replayed, all);
      this.#checkpointIfDue();
    }
  }

  /** The genesis of the log; undefined when retention has removed its beginning. */
  async #genesis(): Promise<Genesis | undefined> {
    if (this.log.first > 0) return undefined;
    for await (const { record } of this.log.read(0)) return genesisOf(record);
    return undefined;
  }

  /** Saves a checkpoint when it is due, while stepping goes on; until then, what people are shown, bit by bit. */
  #checkpointIfDue(): void {
    if (this.#temporary) return;
    const share = (this.engine.ordinal - this.#checkpointed) / this.#checkpointEvery;
    this.#profiles.advance(Math.min(1, share));
    if (share < 1 || !this.#checkpointer.ready(this.engine)) return;
    this.#profiles.coverage();
    this.#beginCheckpoint();
    this.#profiles.restart();
  }

  /** What the store has consumed must not be behind the state. */
  #beginCheckpoint(): void {
    this.series.flush();
    this.store.commitStep({ findings: [], incidents: [], consumed: this.engine.ordinal });
    this.#checkpointer.begin(this.engine);
    this.#checkpointed = this.engine.ordinal;
  }

  #step(record: LogRecord, ordinal: number): void {
    assert(!this.#failed, 'nothing is stepped over after a step that failed');
    this.#failed = true;
    const output = this.engine.step(record, ordinal);
    for (const minute of output.minutes) this.series.minute(minute);
    for (const hour of output.hours) this.series.hour(hour);
    const { findings, incidents } = output;
    if (findings.length > 0 || incidents.length > 0) {
      this.store.commitStep({ findings, incidents, consumed: this.engine.ordinal });
      this.found.add(output);
    }
    this.#failed = false;
  }
}

/** Opens everything, the log first because it holds the lock; lets go of all of it when one part cannot be opened. */
async function openParts(folder: string, how: { temporary: boolean; rebuild: boolean }): Promise<Parts> {
  const { temporary, rebuild } = how;
  const log = await openSegmentLog(join(folder, FOLDER.log), temporary ? THROWN_AWAY : {});
  const opened: (() => unknown)[] = [() => log.close()];
  try {
    const store = openStore(join(folder, FOLDER.store), rebuild);
    opened.push(() => store.close());
    const tokens = openPseudonyms(join(folder, FOLDER.pseudonyms));
    opened.push(() => tokens.close());
    const series = openSeries(join(folder, FOLDER.series), { durable: !temporary });
    return { folder, temporary, log, store, tokens, series };
  } catch (error) {
    await inTurn(opened.toReversed()).catch(() => undefined);
    throw error;
  }
}

/** Opens the store; with `rebuild`, emptied of what the log can produce again, or a new one in place of a damaged one. */
function openStore(path: string, rebuild: boolean): Store {
  if (!rebuild) return openSqliteStore(path);
  try {
    return openEmptied(path);
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'GAIT_STORE_DAMAGED') throw error;
  }
  for (const ending of ['', '-wal', '-shm']) {
    if (existsSync(path + ending)) renameSync(path + ending, `${path}.damaged${ending}`);
  }
  return openSqliteStore(path);
}

function openEmptied(path: string): Store {
  const store = openSqliteStore(path);
  try {
    store.rebuild();
    return store;
  } catch (error) {
    store.close();
    throw error;
  }
}

/** A log that will be thrown away need neither survive loss of power nor be proven: half of the time of a replay. */
const THROWN_AWAY: SegmentLogOptions = { signed: false, synced: false };

/** Does all of it in order; throws the first failure afterwards. */
async function inTurn(steps: readonly (() => unknown)[]): Promise<void> {
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

function genesisWith({ seed, originMs }: WorkspaceOptions): Genesis {
  return {
    kind: 'genesis',
    seed: seed ?? [randomInt(SEED_WORD_MAX), randomInt(SEED_WORD_MAX)],
    originMs: originMs ?? 0,
    tempoMs: DAY_MS,
    schema: SCHEMA,
  };
}

function genesisOf(record: LogRecord): Genesis {
  assert(record.type === 'control' && record.control.kind === 'genesis', 'a log begins with its genesis');
  return record.control;
}
