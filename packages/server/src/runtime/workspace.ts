import { randomInt } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert } from '@gait/engine/base/assert';
import { Engine } from '@gait/engine/engine';
import type { Incident } from '@gait/engine/event/finding';
import { type Genesis, type LogRecord, ordinalsOf, SCHEMA } from '@gait/engine/event/record';
import { coverageOf, profilesOf } from '@gait/engine/profile';
import { openSegmentLog, type SegmentLog } from '../log/segments/segment-log.ts';
import { openPseudonyms, type Pseudonyms } from '../storage/pseudonyms.ts';
import { openSeries, type SeriesWriter } from '../storage/series/series.ts';
import { openSqliteStore } from '../storage/sqlite/sqlite-store.ts';
import type { Json, Store } from '../storage/store.ts';
import { loadCheckpoint, saveCheckpoint } from './checkpoint.ts';

/** Real milliseconds of a model day outside demonstrations. */
const DAY_MS = 86_400_000;
const SEED_WORD_MAX = 0xffff_ffff;
/** Records between two checkpoints while running: a crash replays at most these. */
export const CHECKPOINT_EVERY_ORDINALS = 2_000_000;

/** Paths inside a data folder. */
export const FOLDER = {
  log: 'log',
  store: 'store.sqlite',
  pseudonyms: 'pseudonyms.sqlite',
  checkpoints: 'checkpoints',
  series: 'series',
} as const;

/** How to open a data folder. */
export interface WorkspaceOptions {
  /** Seed of a new log; random unless a test or demonstration wants the same output again. */
  readonly seed?: readonly [number, number];
  /** Start of model time of a new log, ms. */
  readonly originMs?: number;
  /** Makes the store again from the beginning of the log. */
  readonly rebuild?: boolean;
}

/**
 * A data folder at work: log, engine, store, pseudonyms and series, wired in the one order that survives a crash. A
 * record is appended, stepped when it is durable, and what the step produced is committed together with the ordinal
 * consumed. Opening brings the engine up to the end of the log: checkpoint, then replay; steps already committed change
 * nothing.
 */
export class Workspace {
  readonly folder: string;
  readonly log: SegmentLog;
  readonly store: Store;
  readonly tokens: Pseudonyms;
  readonly series: SeriesWriter;
  /** Findings of this run, all levels. */
  readonly counts = { findings: 0, watch: 0, replayed: 0 };
  readonly #temporary: boolean;
  /** Ordinal at which this run began. */
  startOrdinal = 0;
  /** Incidents this run opened or added to, and that were not merged into another. */
  readonly #incidents = new Set<string>();
  #engine: Engine | undefined;
  #checkpointed = 0;
  #closed = false;

  private constructor(parts: {
    folder: string;
    temporary: boolean;
    log: SegmentLog;
    store: Store;
    tokens: Pseudonyms;
    series: SeriesWriter;
  }) {
    this.folder = parts.folder;
    this.log = parts.log;
    this.store = parts.store;
    this.tokens = parts.tokens;
    this.series = parts.series;
    this.#temporary = parts.temporary;
  }

  /** Opens a data folder, or a temporary one that `close` removes. Throws `LogError` and `StoreError`. */
  static async open(folder: string | undefined, options: WorkspaceOptions = {}): Promise<Workspace> {
    const path = folder ?? (await mkdtemp(join(tmpdir(), 'gait-')));
    await mkdir(path, { recursive: true });
    const log = await openSegmentLog(join(path, FOLDER.log));
    try {
      const workspace = new Workspace({
        folder: path,
        temporary: folder === undefined,
        log,
        store: openSqliteStore(join(path, FOLDER.store)),
        tokens: openPseudonyms(join(path, FOLDER.pseudonyms)),
        series: await openSeries(join(path, FOLDER.series)),
      });
      await workspace.#start(options);
      return workspace;
    } catch (error) {
      await log.close();
      throw error;
    }
  }

  /** The engine, at the end of the log. */
  get engine(): Engine {
    assert(this.#engine !== undefined, 'the workspace has started');
    return this.#engine;
  }

  /** Appends a record and steps over it when it is durable. */
  async append(record: LogRecord): Promise<void> {
    this.tokens.flush();
    const { ordinal } = await this.log.append(record);
    this.#step(record, ordinal);
    if (this.engine.ordinal - this.#checkpointed >= CHECKPOINT_EVERY_ORDINALS) await this.checkpoint();
  }

  /** Incidents that this run opened or added to, gravest first. */
  newIncidents(): Incident[] {
    const found = [...this.#incidents].map((id) => this.store.incident(id));
    const incidents = found.flatMap((one) => (one.kind === 'found' ? [one.value] : []));
    return incidents.sort((a, b) => b.risk - a.risk || a.openedMs - b.openedMs);
  }

  /** Saves the engine's state and what people are shown of it. */
  async checkpoint(): Promise<void> {
    const profiles = profilesOf(this.engine);
    const updatedMs = this.engine.clock.nowMs;
    this.store.commitStep({
      findings: [],
      incidents: [],
      consumed: this.engine.ordinal,
      profiles: profiles.map((profile) => ({ key: profile.key, updatedMs, content: toJson(profile) })),
      coverage: coverageOf(profiles, this.engine.stageTwo.accountFacets).map((row) => ({
        key: row.capability,
        updatedMs,
        content: toJson(row),
      })),
    });
    await saveCheckpoint(join(this.folder, FOLDER.checkpoints), this.engine);
    this.#checkpointed = this.engine.ordinal;
  }

  /** Checkpoints, signs, and lets go of the folder; removes it when temporary. May be called twice. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.#temporary && this.#engine !== undefined) await this.checkpoint();
    await this.series.close();
    await this.log.close();
    this.store.close();
    this.tokens.close();
    if (this.#temporary) await rm(this.folder, { recursive: true, force: true });
  }

  async #start(options: WorkspaceOptions): Promise<void> {
    if (this.log.next === 0) {
      const genesis: Genesis = {
        kind: 'genesis',
        seed: options.seed ?? [randomInt(SEED_WORD_MAX), randomInt(SEED_WORD_MAX)],
        originMs: options.originMs ?? 0,
        tempoMs: DAY_MS,
        schema: SCHEMA,
      };
      await this.log.append({ type: 'control', receivedMs: genesis.originMs, control: genesis });
    }
    if (options.rebuild === true) this.store.rebuild();
    const ordinalMax = Math.min(this.log.next, this.store.consumed);
    this.#engine = await loadCheckpoint(join(this.folder, FOLDER.checkpoints), ordinalMax);
    this.#checkpointed = this.#engine?.ordinal ?? 0;
    for await (const { ordinal, record } of this.log.read(this.#checkpointed)) {
      this.#engine ??= new Engine(genesisOf(record));
      this.#step(record, ordinal);
      this.counts.replayed += ordinalsOf(record);
    }
    this.startOrdinal = this.engine.ordinal;
    this.counts.findings = 0;
    this.counts.watch = 0;
    this.#incidents.clear();
  }

  #step(record: LogRecord, ordinal: number): void {
    const output = this.engine.step(record, ordinal);
    for (const minute of output.minutes) this.series.minute(minute);
    for (const hour of output.hours) this.series.hour(hour);
    for (const finding of output.findings) this.counts[finding.level === 'watch' ? 'watch' : 'findings']++;
    for (const incident of output.incidents) {
      if (incident.mergedInto === undefined) this.#incidents.add(incident.id);
      else this.#incidents.delete(incident.id);
    }
    if (output.findings.length === 0 && output.incidents.length === 0) return;
    const { findings, incidents } = output;
    this.store.commitStep({ findings, incidents, consumed: this.engine.ordinal });
  }
}

function genesisOf(record: LogRecord): Genesis {
  assert(record.type === 'control' && record.control.kind === 'genesis', 'a log begins with its genesis');
  return record.control;
}

/** A plain structure as the store keeps it. */
function toJson(value: object): Json {
  return JSON.parse(JSON.stringify(value));
}
