import { randomInt } from 'node:crypto';
import { existsSync, renameSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engine } from '@gait/engine/engine';
import type { Incident } from '@gait/engine/event/finding';
import { type Genesis, type LogRecord, SCHEMA } from '@gait/engine/event/record';
import { openSegmentLog, type SegmentLog, type SegmentLogOptions } from '../log/segments/segment-log.ts';
import { openPseudonyms, type Pseudonyms } from '../storage/pseudonyms.ts';
import { openSeries, type SeriesWriter } from '../storage/series/series.ts';
import { openSqliteStore } from '../storage/sqlite/sqlite-store.ts';
import { type Store, StoreError } from '../storage/store.ts';
import { EngineHost, type HostOptions, inTurn } from './engine-host.ts';
import { FOLDER, takeFolder, temporaryFolder } from './folder.ts';
import type { Found } from './found.ts';

/** Real milliseconds of a model day outside demonstrations. */
const DAY_MS = 86_400_000;
const SEED_WORD_MAX = 0xffff_ffff;

/** How a new log begins. */
export interface GenesisOptions {
  /** Seed of a new log; random unless a test or demonstration wants the same output again. */
  readonly seed?: readonly [number, number];
  /** Start of model time of a new log, ms. */
  readonly originMs?: number;
  /** Real milliseconds of a model day of a new log; a day unless a demonstration runs faster. */
  readonly tempoMs?: number;
}

/** How to open a data folder. */
export interface WorkspaceOptions extends GenesisOptions, Omit<HostOptions, 'checkpointEveryMs'> {
  /** Makes the store again from the beginning of the log. */
  readonly rebuild?: boolean;
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
 * A data folder at work in one thread: log, engine, store, pseudonyms and series, wired in the one order that survives a
 * crash. A record is appended, stepped over when it is durable, and what the step produced is committed together with the
 * ordinal consumed. Opening brings the engine up to the end of the log.
 */
export class Workspace {
  readonly folder: string;
  readonly log: SegmentLog;
  readonly tokens: Pseudonyms;
  readonly #host: EngineHost;
  readonly #temporary: boolean;
  #started = false;
  #closed = false;

  private constructor(parts: Parts, options: WorkspaceOptions) {
    this.folder = parts.folder;
    this.log = parts.log;
    this.tokens = parts.tokens;
    this.#temporary = parts.temporary;
    this.#host = new EngineHost(parts, options);
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
    return this.#host.engine;
  }

  get store(): Store {
    return this.#host.store;
  }

  get series(): SeriesWriter {
    return this.#host.series;
  }

  /** What was found since opening; by making the store again, all there is. */
  get found(): Found {
    return this.#host.found;
  }

  /** Ordinals that opening went through behind the checkpoint. */
  get replayed(): number {
    return this.#host.replayed;
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
      if (due !== undefined) this.#host.step(due.record, due.ordinal);
    };
    try {
      for await (const record of records) {
        this.tokens.flush();
        const appending = this.log.append(record);
        // Awaited below; should the step fail first, its error is the one to tell.
        appending.catch(() => undefined);
        stepDurable();
        durable = { record, ordinal: (await appending).ordinal };
        this.#host.checkpointIfDue();
      }
    } finally {
      stepDurable();
    }
    this.#host.checkpointIfDue();
  }

  /** Incidents that this run opened or added to, gravest first. */
  newIncidents(): Incident[] {
    return this.#host.newIncidents();
  }

  /** Saves the engine's state and what people are shown of it, as they are now. Throws `StoreError` and `FolderError`. */
  checkpoint(): Promise<void> {
    return this.#host.checkpoint();
  }

  /**
   * Checkpoints, signs, and lets go of the folder; removes it when temporary. May be called twice. Everything is let go
   * of even if a part of that fails; the first failure is thrown then.
   */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await inTurn([
      () => this.#host.close({ save: this.#started }),
      () => this.log.close(),
      () => this.tokens.close(),
      () => (this.#temporary ? rm(this.folder, { recursive: true, force: true }) : undefined),
    ]);
  }

  async #startOrRelease(options: WorkspaceOptions): Promise<void> {
    try {
      await beginLog(this.log, options);
      await this.#host.start(this.log);
      this.#started = true;
    } catch (error) {
      await this.close().catch(() => undefined);
      throw error;
    }
  }
}

/** Writes the genesis of a log that has none yet. */
export async function beginLog(log: SegmentLog, options: GenesisOptions): Promise<void> {
  if (log.next > 0) return;
  const genesis = genesisWith(options);
  await log.append({ type: 'control', receivedMs: genesis.originMs, control: genesis });
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

function genesisWith({ seed, originMs, tempoMs }: GenesisOptions): Genesis {
  return {
    kind: 'genesis',
    seed: seed ?? [randomInt(SEED_WORD_MAX), randomInt(SEED_WORD_MAX)],
    originMs: originMs ?? 0,
    tempoMs: tempoMs ?? DAY_MS,
    schema: SCHEMA,
  };
}
