import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { Batch } from '@gait/engine/event/batch';
import type { Control, LogRecord } from '@gait/engine/event/record';
import { LogError } from '../log/log.ts';
import { openSegmentLog, type SegmentLog, type SegmentLogOptions } from '../log/segments/segment-log.ts';
import { openPseudonyms, type Pseudonyms } from '../storage/pseudonyms.ts';
import { openSqliteStore } from '../storage/sqlite/sqlite-store.ts';
import type { Store } from '../storage/store.ts';
import { inTurn } from './engine-host.ts';
import { EngineRunner } from './engine-runner.ts';
import { FOLDER, takeFolder } from './folder.ts';
import { Lag } from './lag.ts';
import { type Committed, type NotTaken, NotTakenError, type Service, type ServiceStatus } from './service.ts';
import { beginLog, type GenesisOptions } from './workspace.ts';

/** A tick is written this often, ms, so that what is due happens without events. */
const TICK_MS = 1_000;
/** Free space is looked up this often, ms. */
const DISK_EVERY_MS = 5_000;
/** The state is saved at least this often, ms of the log's clock: after a crash a quiet service is back at once. */
const CHECKPOINT_EVERY_MS = 600_000;
/** Profiles are written on demand at most this often, ms. */
const REFRESH_EVERY_MS = 1_000;

/** How to open the service. Everything has a default. */
export interface LiveOptions extends GenesisOptions {
  /** Default `CHECKPOINT_EVERY_MS`. */
  readonly checkpointEveryMs?: number;
  readonly log?: SegmentLogOptions;
  /** Clock of ticks and controls, ms since 1970; a test may stop it. */
  readonly now?: () => number;
  /** Told each time the engine's thread has died, with why. */
  readonly onFailure?: (error: Error) => void;
}

/**
 * The running service in one data folder. The main thread appends to the log and answers readers; the engine follows the
 * log in a thread of its own. What is acknowledged is on disk, whatever becomes of the engine.
 */
export class LiveService implements Service {
  readonly folder: string;
  readonly tokens: Pseudonyms;
  /** For reading: the engine's thread is the one that writes. */
  readonly store: Store;
  readonly log: SegmentLog;
  readonly #runner: EngineRunner;
  readonly #now: () => number;
  readonly #listeners: Set<(committed: Committed) => void>;
  readonly #lag = new Lag();
  readonly #startedMs = Date.now();
  readonly #timers: NodeJS.Timeout[] = [];
  #diskFreeBytes = Number.NaN;
  #closing: Promise<void> | undefined;
  #broken: string | undefined;
  #refreshing: { readonly atMs: number; readonly done: Promise<void> } | undefined;

  private constructor(parts: {
    readonly folder: string;
    readonly log: SegmentLog;
    readonly tokens: Pseudonyms;
    readonly store: Store;
    readonly runner: EngineRunner;
    readonly now: () => number;
    readonly listeners: Set<(committed: Committed) => void>;
  }) {
    this.folder = parts.folder;
    this.log = parts.log;
    this.tokens = parts.tokens;
    this.store = parts.store;
    this.#runner = parts.runner;
    this.#now = parts.now;
    this.#listeners = parts.listeners;
    this.#every(TICK_MS, () => this.#tick());
    this.#every(DISK_EVERY_MS, () => this.#lookAtDisk());
  }

  /**
   * Opens a data folder as its only writer and starts the engine; resolves when both are open. What the log holds behind
   * the last checkpoint is gone through while new events are already taken. Throws `FolderError`, `LogError`, `StoreError`
   * and `EngineThreadError`, and leaves nothing open then.
   */
  static async open(folder: string, options: LiveOptions = {}): Promise<LiveService> {
    await takeFolder(folder);
    const now = options.now ?? Date.now;
    const opened: (() => unknown)[] = [];
    try {
      const log = await openSegmentLog(join(folder, FOLDER.log), options.log);
      opened.push(() => log.close());
      await beginLog(log, { originMs: now(), ...options });
      const tokens = openPseudonyms(join(folder, FOLDER.pseudonyms));
      opened.push(() => tokens.close());
      const listeners = new Set<(committed: Committed) => void>();
      const checkpointEveryMs = options.checkpointEveryMs ?? CHECKPOINT_EVERY_MS;
      const runner = new EngineRunner({
        ...{ folder, log, checkpointEveryMs },
        committed: (committed) => {
          for (const listener of listeners) listener(committed);
        },
        failed: (error) => options.onFailure?.(error),
      });
      opened.push(() => runner.close());
      await runner.start();
      const store = openSqliteStore(join(folder, FOLDER.store));
      opened.push(() => store.close());
      const service = new LiveService({ folder, log, tokens, store, runner, now, listeners });
      await service.#lookAtDisk();
      return service;
    } catch (error) {
      await inTurn(opened.toReversed()).catch(() => undefined);
      throw error;
    }
  }

  async append(batch: Batch): Promise<void> {
    await this.#append({ type: 'observation', batch });
  }

  control(control: Control): Promise<number> {
    return this.#append({ type: 'control', receivedMs: this.#now(), control });
  }

  onCommitted(listener: (committed: Committed) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  refresh(): Promise<void> {
    const nowMs = performance.now();
    if (this.#refreshing === undefined || nowMs - this.#refreshing.atMs >= REFRESH_EVERY_MS) {
      this.#refreshing = { atMs: nowMs, done: this.#runner.refresh() };
    }
    return this.#refreshing.done;
  }

  status(): ServiceStatus {
    const progress = this.#runner.progress;
    const failure = this.#broken ?? this.#runner.failure;
    const { headFailure, next, durable } = this.log;
    return {
      startedMs: this.#startedMs,
      state: this.#state(),
      ...(failure === undefined ? {} : { failure }),
      appended: next,
      consumed: progress?.consumed ?? 0,
      lagMs: this.#lag.ms(progress?.consumed ?? 0, performance.now()),
      steppedMs: progress?.steppedMs ?? 0,
      diskFreeBytes: this.#diskFreeBytes,
      logBytes: durable.segments.slice(0, -1).reduce((sum, { bytes }) => sum + bytes, durable.bytes),
      ...(headFailure === undefined ? {} : { headFailure: headFailure.message }),
      functions: progress?.functions ?? 0,
      findings: progress?.findings ?? 0,
      incidents: progress?.incidents ?? 0,
      engineBytes: progress?.engineBytes ?? 0,
      engineRestarts: this.#runner.restarts,
      checkpointOrdinal: progress?.checkpointOrdinal ?? 0,
      checkpointMs: progress?.checkpointMs ?? 0,
      seriesDropped: progress?.seriesDropped ?? {},
    };
  }

  /**
   * Takes nothing more, lets the engine go through what is there and save, signs the log, and lets go of the folder. May be
   * called twice. Everything is let go of even if a part of that fails; the first failure is thrown then.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    for (const timer of this.#timers) clearInterval(timer);
    await inTurn([
      () => this.#runner.close(),
      () => this.store.close(),
      () => this.log.close(),
      () => this.tokens.close(),
    ]);
  }

  #state(): ServiceStatus['state'] {
    if (this.#closing !== undefined) return 'closing';
    if (this.#broken !== undefined || this.#runner.failure !== undefined) return 'failed';
    return this.#runner.progress?.caughtUp === true ? 'running' : 'catching-up';
  }

  async #append(record: LogRecord): Promise<number> {
    if (this.#closing !== undefined) throw new NotTakenError('closing');
    try {
      this.tokens.flush();
      const { ordinal } = await this.log.append(record);
      this.#lag.appended(this.log.next, performance.now());
      this.#runner.durable();
      return ordinal;
    } catch (error) {
      throw this.#notTaken(error);
    }
  }

  /** What a failure to append means to whoever sent the events. */
  #notTaken(error: unknown): unknown {
    if (!(error instanceof LogError)) return error;
    const reason = NOT_TAKEN[error.code];
    if (reason === undefined) return error;
    if (reason === 'failed') this.#broken = error.message;
    return new NotTakenError(reason, { cause: error });
  }

  async #tick(): Promise<void> {
    const throughMs = this.#now();
    if (this.#closing !== undefined || this.log.lastMs >= throughMs - (throughMs % TICK_MS)) return;
    // Why it cannot be written is told to those who append; the next one is tried all the same.
    await this.#append({ type: 'tick', throughMs }).catch(() => undefined);
  }

  async #lookAtDisk(): Promise<void> {
    const found = await statfs(this.folder).catch(() => undefined);
    this.#diskFreeBytes = found === undefined ? Number.NaN : found.bavail * found.bsize;
  }

  #every(ms: number, work: () => Promise<void>): void {
    this.#timers.push(setInterval(() => void work(), ms).unref());
  }
}

/** Failures of the log by what they mean to senders; others are defects. */
const NOT_TAKEN: Readonly<Partial<Record<LogError['code'], NotTaken>>> = {
  GAIT_LOG_FULL: 'disk-full',
  GAIT_LOG_BUSY: 'busy',
  GAIT_LOG_CLOSED: 'closing',
  GAIT_LOG_IO: 'failed',
};
