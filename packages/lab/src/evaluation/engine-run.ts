import { Engine } from '@gait/engine/engine';
import type { Batch } from '@gait/engine/event/batch';
import { BatchBuilder } from '@gait/engine/event/batch-builder';
import type { Finding } from '@gait/engine/event/finding';
import { type Control, type Genesis, SCHEMA, type SettingsChange } from '@gait/engine/event/record';
import type { FacetKind, NumberField, SymbolField } from '@gait/engine/event/schema';

/** Rows of one batch. */
const BATCH_ROWS = 2048;
/** Milliseconds of a day, which is a model day in all suites. */
export const DAY_MS = 86_400_000;

/** An invocation as suites write it down. */
export interface Invocation {
  readonly atMs: number;
  readonly function: string;
  readonly kind?: FacetKind;
  readonly request: string;
  readonly flags?: number;
  readonly numbers?: Partial<Record<NumberField, number>>;
  readonly symbols?: Partial<Record<SymbolField, string>>;
  readonly calls?: readonly {
    readonly verb: string;
    readonly resource: string;
    readonly destination: string;
    readonly bytesOut?: number;
  }[];
}

/** The shipped engine with its default settings, fed by a suite: no log, no store, the same step. */
export class EngineRun {
  readonly engine: Engine;
  /** What was told since the last `take`, as findings and at the watch level. */
  #findings: Finding[] = [];
  #watched: Finding[] = [];
  readonly #builder = new BatchBuilder();

  private constructor(engine: Engine) {
    this.engine = engine;
  }

  /** A run with a state that knows nothing. */
  static start(startMs: number, settings: SettingsChange['set'] = {}, seed = 1): EngineRun {
    const genesis: Genesis = {
      kind: 'genesis',
      seed: [seed, 0x5eed],
      originMs: startMs,
      tempoMs: DAY_MS,
      schema: SCHEMA,
    };
    const run = new EngineRun(new Engine(genesis));
    run.control(genesis, startMs);
    if (Object.keys(settings).length > 0) run.control({ kind: 'settings', set: settings, by: 'evaluation' }, startMs);
    return run;
  }

  /** A run that goes on from a saved state. */
  static from(snapshot: Uint8Array): EngineRun {
    return new EngineRun(Engine.restore(snapshot));
  }

  control(control: Control, receivedMs: number): void {
    this.#step({ type: 'control', receivedMs, control });
  }

  /** Adds an invocation; they come in order of time. */
  add(row: Invocation): void {
    const builder = this.#builder;
    builder.begin(row.kind ?? 'sensor', row.atMs, 'evaluation');
    builder.symbol('function', row.function);
    builder.id('requestId', row.request);
    builder.flag(row.flags ?? 0);
    for (const [field, value] of Object.entries(row.numbers ?? {})) builder.number(field as NumberField, value);
    for (const [field, value] of Object.entries(row.symbols ?? {})) builder.symbol(field as SymbolField, value);
    for (const call of row.calls ?? []) builder.call(call);
    builder.end();
    if (builder.rows >= BATCH_ROWS) this.flush();
  }

  /** A batch that was decoded elsewhere, received when its events happened, or at once. */
  batch(batch: Batch, receivedMs?: number): void {
    this.flush();
    if (receivedMs === undefined) this.#observe(batch);
    else {
      batch.columns.receivedMs.fill(receivedMs, 0, batch.rows);
      this.#step({ type: 'observation', batch });
    }
  }

  /** Steps over what was added. */
  flush(): void {
    if (this.#builder.rows > 0) this.#observe(this.#builder.finish());
  }

  tick(throughMs: number): void {
    this.flush();
    this.#step({ type: 'tick', throughMs });
  }

  snapshot(): Uint8Array {
    this.flush();
    return this.engine.snapshot();
  }

  /** Findings since the last call; not those of the watch level. */
  take(): Finding[] {
    this.flush();
    const taken = this.#findings;
    this.#findings = [];
    this.#watched = [];
    return taken;
  }

  /** Findings since the last call, and after them what is only watched. */
  takeAll(): Finding[] {
    this.flush();
    const taken = [...this.#findings, ...this.#watched];
    this.take();
    return taken;
  }

  #observe(batch: Batch): void {
    const { receivedMs, eventMs } = batch.columns;
    let newest = 0;
    for (let row = 0; row < batch.rows; row++) {
      newest = Math.max(newest, eventMs[row]);
      receivedMs[row] = newest;
    }
    this.#step({ type: 'observation', batch });
  }

  #step(record: Parameters<Engine['step']>[0]): void {
    const { findings } = this.engine.step(record, this.engine.ordinal);
    for (const one of findings) (one.level === 'finding' ? this.#findings : this.#watched).push(one);
  }
}
