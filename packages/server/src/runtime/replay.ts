import { join } from 'node:path';
import type { Engine } from '@gait/engine/engine';
import type { LogRecord } from '@gait/engine/event/record';
import { sliceBatch } from '@gait/engine/event/slice';
import { withPlaces } from '../ingest/places/placed-tokens.ts';
import type { Places } from '../ingest/places/places.ts';
import type { ReadReport } from '../ingest/reader/report.ts';
import { FOLDER } from './folder.ts';
import { type InputOptions, type ReplayInput, readReplayInput } from './replay-input.ts';
import { type PartPlace, ReplayJournal } from './replay-journal.ts';
import type { Workspace } from './workspace.ts';

/** What to replay. */
export interface ReplayRequest extends InputOptions {
  readonly paths: readonly string[];
  /**
   * Paths of a period that is declared normal, all of it whatever `sinceMs` and `untilMs` are; empty: the first half of
   * `paths`, if the log has learned nothing yet.
   */
  readonly learn: readonly string[];
  /** Where addresses are, where that is known. */
  readonly places?: Places;
  /** Told often while there is something to tell. */
  readonly progress?: (progress: ReplayProgress) => void;
}

/** How far a replay is. */
export interface ReplayProgress {
  readonly phase: 'reading' | 'learning' | 'judging';
  /** Share of the phase that is done, 0..1. */
  readonly done: number;
  readonly rows: number;
}

/** A period of event time, `toMs` outside. */
export interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** What a replay did, besides findings, which are in the store. */
export interface ReplayResult {
  readonly events: number;
  readonly facets: Readonly<Record<string, number>>;
  /** Distinct principals of the events, up to a million for each part. */
  readonly principals: number;
  readonly reports: readonly ReadReport[];
  /** Period that was learned as normal; undefined when nothing was declared normal. */
  readonly learned: Span | undefined;
  /** Why the learned period ends where it does: it was given, or is a half by time or, lacking that, by events. */
  readonly learnedBy: 'given' | 'time' | 'events' | undefined;
  /**
   * What became of a period to learn from that was given and held no events: the replay went on with what the log had
   * learned before, or, as that was nothing, stopped before it judged anything. Undefined otherwise.
   */
  readonly nothingToLearn: 'went-on' | 'stopped' | undefined;
  /** Period that was judged; undefined when there was nothing to judge. */
  readonly judged: Span | undefined;
  /** Days by which the judged events were moved on the clock of the log. */
  readonly movedDays: number;
  /** Rows outside `sinceMs` and `untilMs`. */
  readonly outside: number;
  /** Rows that an interrupted run of the same replay had appended. */
  readonly resumed: number;
  /** Records that were read twice and counted once, and those that contradict another record of the same request. */
  readonly copies: number;
  readonly contradicting: number;
  /** Ordinal at which the replay began, perhaps in an interrupted run. */
  readonly startOrdinal: number;
  /** Seconds spent, reading included. */
  readonly seconds: number;
}

/** Silence at the end after which every invocation is closed and every minute told. */
const SETTLE_MS = 120_000;
/**
 * Overlap with what the log holds that counts as late arrival: rows are stamped with the log's newest time. Exports of
 * neighbouring periods overlap because clouds deliver late.
 */
const OVERLAP_MS_MAX = 3_600_000;
const DAY_MS = 86_400_000;
/** Who declared the training span. */
const BY = 'replay';

/**
 * Reads telemetry that already exists, appends it to the log in the order of its own time, and lets the engine judge it.
 * The clock of the log is the time of the events; when it would have to go back (a learning period later than what is
 * judged, the same files again) the rows are moved by whole days, so that hours of the day stay true. A replay that was
 * interrupted at any moment goes on where it was when it is started again, and ends as if nothing had happened.
 */
export async function replay(workspace: Workspace, request: ReplayRequest): Promise<ReplayResult> {
  const journal = await ReplayJournal.open(join(workspace.folder, FOLDER.replay));
  return new Replay(workspace, request, journal).run();
}

/** One part of a replay, ready to be appended. */
interface Part {
  readonly phase: 'learning' | 'judging';
  readonly input: ReplayInput;
  readonly place: PartPlace;
  /** What the rows' times are moved by. */
  readonly shiftMs: number;
  /** What an interrupted run had appended of it. */
  readonly present: { readonly rows: number; readonly trained: boolean };
}

const NOTHING_JUDGED = { learned: undefined, learnedBy: undefined, judged: undefined, movedDays: 0 } as const;

class Replay {
  readonly #workspace: Workspace;
  readonly #request: ReplayRequest;
  readonly #journal: ReplayJournal;
  readonly #parts: Part[] = [];

  constructor(workspace: Workspace, request: ReplayRequest, journal: ReplayJournal) {
    this.#workspace = workspace;
    this.#request = request;
    this.#journal = journal;
  }

  async run(): Promise<ReplayResult> {
    try {
      return await this.#run();
    } finally {
      for (const { input } of this.#parts) await input.sorted.close();
    }
  }

  async #run(): Promise<ReplayResult> {
    const started = performance.now();
    const before = copiesOf(this.#workspace.engine);
    const { learn, paths } = this.#request;
    const given = learn.length > 0;
    const learned = given ? await this.#learn(learn) : undefined;
    const nothingToLearn = given && learned === undefined ? await this.#withoutLearning() : undefined;
    const judged = nothingToLearn === 'stopped' ? NOTHING_JUDGED : await this.#judge(paths, !given);
    const inputs = this.#parts.map(({ input }) => input);
    const events = sum(inputs.map(({ sorted }) => sorted.rows));
    if (events > 0) await this.#journal.finish();
    const resumed = sum(this.#parts.map(({ present }) => present.rows));
    const after = copiesOf(this.#workspace.engine);
    return {
      events,
      facets: summed(inputs.map(({ facets }) => facets)),
      principals: new Set(inputs.flatMap(({ principals }) => [...principals])).size,
      reports: inputs.map(({ report }) => report),
      ...judged,
      ...(learned === undefined ? {} : { learned, learnedBy: 'given' }),
      nothingToLearn,
      outside: sum(inputs.map(({ outside }) => outside)),
      resumed,
      copies: after.copies - before.copies,
      contradicting: after.contradicting - before.contradicting,
      startOrdinal: Math.min(...this.#parts.map(({ place }) => place.ordinal)),
      seconds: (performance.now() - started) / 1000,
    };
  }

  /** Appends a period that is declared normal. */
  async #learn(paths: readonly string[]): Promise<Span | undefined> {
    const part = await this.#begin('learning', paths);
    const span = spanOf(part);
    if (span === undefined) return undefined;
    await this.#train(part, span);
    await this.#feed(part);
    // Out of the training span, so that what comes next is judged, however close it follows.
    await this.#tick(endOf(part, span));
    return span;
  }

  /** Without anything known, everything looks new or nothing does: only a log that has learned before can judge. */
  async #withoutLearning(): Promise<'went-on' | 'stopped'> {
    return (await this.#hasLearned(this.#workspace.log.next)) ? 'went-on' : 'stopped';
  }

  /** Whether events stand in the log before an ordinal; retention only removes what was learned. */
  async #hasLearned(before: number): Promise<boolean> {
    const { log } = this.#workspace;
    if (log.first > 0) return true;
    for await (const { ordinal, record } of log.read(0)) {
      if (ordinal >= before) return false;
      if (record.type === 'observation') return true;
    }
    return false;
  }

  /** Appends what is to be judged. With `halve`, a log that has learned nothing yet learns from its first half. */
  async #judge(paths: readonly string[], halve: boolean) {
    const part = await this.#begin('judging', paths);
    const span = spanOf(part);
    const nothing = { learned: undefined, learnedBy: undefined, movedDays: part.shiftMs / DAY_MS };
    if (span === undefined) return { ...nothing, judged: undefined };
    const { middle } = part.input;
    const halved = halve && !(await this.#hasLearned(part.place.ordinal));
    // Events none of which has a possible time all stand at the same moment: nothing can be learned from before it.
    const middleMs = Number.isNaN(middle.atMs) ? span.fromMs : middle.atMs;
    const learned = halved ? { fromMs: span.fromMs, toMs: middleMs } : undefined;
    if (learned !== undefined) await this.#train(part, learned);
    await this.#feed(part);
    await this.#tick(Math.max(part.place.clockMs, span.toMs + part.shiftMs) + SETTLE_MS);
    if (learned === undefined) return { ...nothing, judged: span };
    return { ...nothing, learned, learnedBy: middle.by, judged: { fromMs: learned.toMs, toMs: span.toMs } };
  }

  /** Reads a part and finds its place in the log. */
  async #begin(phase: Part['phase'], paths: readonly string[]): Promise<Part> {
    const { tokens, log } = this.#workspace;
    const { sinceMs: _, untilMs: __, ...whole } = this.#request;
    const options = phase === 'learning' ? whole : this.#request;
    const input = await readReplayInput(
      paths,
      { ...options, tokens: withPlaces(tokens, this.#request.places) },
      (done, rows) => this.#request.progress?.({ phase: 'reading', done, rows }),
    );
    try {
      const place = await this.#place(`${phase} ${input.content}`, input.sorted.rows);
      const goesOn = this.#parts.every(({ input }) => input.sorted.rows === 0) && place.ordinal < log.next;
      if (goesOn) this.#workspace.found.addStored(this.#workspace.store, place.ordinal);
      const shiftMs = shiftFor(place.clockMs - input.sorted.fromMs);
      const part = { phase, input, place, shiftMs, present: await this.#present(place) };
      this.#parts.push(part);
      return part;
    } catch (error) {
      await input.sorted.close();
      throw error;
    }
  }

  /**
   * Where the next part begins, or goes on if it was begun before. What begins anew ends a training span that a replay
   * which is not gone on with left open: nothing would be judged within it. The journal is written first and the clock
   * moved then, and again by whoever goes on, so that an interruption between the two changes nothing. A part without
   * rows takes no place: a path mistyped after an interruption does not keep the right one from going on.
   */
  async #place(content: string, rows: number): Promise<PartPlace> {
    const { log } = this.#workspace;
    if (rows === 0) return { content, ordinal: log.next, clockMs: log.lastMs, end: undefined };
    const at = this.#parts.filter(({ input }) => input.sorted.rows > 0).length;
    const clockMs = this.#journal.goesOn(at, content) ? log.lastMs : await this.#trainedUntil();
    const place = await this.#journal.begin(at, { content, ordinal: log.next, clockMs });
    await this.#tick(place.clockMs);
    return place;
  }

  /** End of the training span that the log's clock stands in, else the clock. Reads the log only if there is one. */
  async #trainedUntil(): Promise<number> {
    const { log, engine } = this.#workspace;
    let untilMs = log.lastMs;
    if (!engine.clock.training(untilMs)) return untilMs;
    for await (const { record } of log.read(log.first)) {
      if (record.type !== 'control' || record.control.kind !== 'training-span') continue;
      const { fromMs, toMs, by } = record.control;
      if (by === BY && fromMs <= log.lastMs) untilMs = Math.max(untilMs, toMs);
    }
    return untilMs;
  }

  /** What the log holds of a part. */
  async #present(place: PartPlace): Promise<Part['present']> {
    const { log } = this.#workspace;
    const end = place.end ?? log.next;
    let rows = 0;
    let trained = false;
    if (end === place.ordinal) return { rows, trained };
    for await (const { ordinal, record } of log.read(place.ordinal)) {
      if (ordinal >= end) break;
      if (record.type === 'observation') rows += record.batch.rows;
      else if (record.type === 'control' && record.control.kind === 'training-span') {
        trained ||= record.control.by === BY;
      }
    }
    return { rows, trained };
  }

  async #train(part: Part, span: Span): Promise<void> {
    if (part.present.trained) return;
    const fromMs = span.fromMs + part.shiftMs;
    const toMs = endOf(part, span);
    const control = { kind: 'training-span', fromMs, toMs, by: BY } as const;
    await this.#workspace.append({ type: 'control', receivedMs: fromMs, control });
  }

  async #feed(part: Part): Promise<void> {
    await this.#workspace.appendAll(this.#records(part));
  }

  /** The rows of a part that the log does not hold yet, on the clock of the log. */
  async *#records({ phase, input, shiftMs, present }: Part): AsyncGenerator<LogRecord, void> {
    let skip = present.rows;
    let rows = 0;
    for await (const batch of input.sorted.batches()) {
      this.#request.signal?.throwIfAborted();
      rows += batch.rows;
      this.#request.progress?.({ phase, done: rows / input.sorted.rows, rows });
      const known = Math.min(skip, batch.rows);
      skip -= known;
      if (known === batch.rows) continue;
      const fresh = sliceBatch(batch, known);
      const { receivedMs } = fresh.columns;
      if (shiftMs !== 0) for (let row = 0; row < fresh.rows; row++) receivedMs[row] += shiftMs;
      yield { type: 'observation', batch: fresh };
    }
  }

  async #tick(throughMs: number): Promise<void> {
    if (this.#workspace.log.lastMs < throughMs) await this.#workspace.append({ type: 'tick', throughMs });
  }
}

/** Copies the engine has seen so far. */
function copiesOf(engine: Engine): { readonly copies: number; readonly contradicting: number } {
  const counts = engine.stageOne.map((stage) => stage.counts);
  return {
    copies: engine.stageTwo.copies + sum(counts.map(({ duplicates }) => duplicates)),
    contradicting: sum(counts.map(({ conflicts }) => conflicts)),
  };
}

/** End of a declared period on the log's clock. Rows that overlap what the log holds are stamped at its present time. */
function endOf(part: Part, span: Span): number {
  return Math.max(span.toMs + part.shiftMs, part.place.clockMs + 1);
}

/** Whole days by which rows are moved whose first one is `behindMs` behind the clock of the log. */
function shiftFor(behindMs: number): number {
  return behindMs > OVERLAP_MS_MAX ? Math.ceil(behindMs / DAY_MS) * DAY_MS : 0;
}

/** The period of a part; undefined when it has no rows. */
function spanOf({ input }: Part): Span | undefined {
  const { rows, fromMs, toMs } = input.sorted;
  return rows === 0 ? undefined : { fromMs, toMs: toMs + 1 };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((all, one) => all + one, 0);
}

/** Counts of several inputs together, by name; names that did not occur are left out. */
export function summed(counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const all: Record<string, number> = {};
  for (const [name, count] of counts.flatMap((one) => Object.entries(one))) {
    if (count > 0) all[name] = (all[name] ?? 0) + count;
  }
  return all;
}
