import { assert } from '@gait/engine/base/assert';
import { Engine } from '@gait/engine/engine';
import type { Finding, Incident } from '@gait/engine/event/finding';
import type { Genesis, LogRecord, SettingsChange } from '@gait/engine/event/record';
import { LogError } from '../log/log.ts';
import type { SegmentReader } from '../log/segments/segment-reader.ts';

/** What would have been told of a log under some settings. */
export interface Verdicts {
  readonly findings: ReadonlyMap<string, Finding>;
  /** Incidents that have findings of their own, as they are at the end. */
  readonly incidents: ReadonlyMap<string, Incident>;
}

/** What a change of settings would have meant. */
export interface Backtest {
  /** Records of the log that were judged twice. */
  readonly records: number;
  readonly before: Verdicts;
  readonly after: Verdicts;
  /** Findings told only after, or only before, the change; newest last. */
  readonly gained: readonly Finding[];
  readonly lost: readonly Finding[];
  /** Incidents for which people would have been paged only after, or only before. */
  readonly pagesGained: readonly Incident[];
  readonly pagesLost: readonly Incident[];
}

/** How a back-test is run. */
export interface BacktestOptions {
  /** Settings that are changed, as if they had been so from the beginning. */
  readonly set: SettingsChange['set'];
  /** Findings before this time are not compared; they are learned from all the same. */
  readonly sinceMs: number;
  readonly signal: AbortSignal;
  readonly progress: (done: number, records: number) => void;
}

/** Records between two turns of the event loop, which hears of Ctrl-C. */
const RECORDS_PER_TURN = 64;

/**
 * Judges a log twice, in one pass: as it was, and with some settings changed from its beginning. Two engines, nothing is written. Both see
 * the same records at the same ordinals, so what they tell can be compared by id. What people said of findings (feedback,
 * states) is heard by both. Needs the whole log: throws `GAIT_LOG_IO` where its beginning was removed. Costs two replays.
 */
export async function backtest(reader: SegmentReader, options: BacktestOptions): Promise<Backtest> {
  const { set, signal, progress } = options;
  let engines: { readonly before: Engine; readonly after: Engine } | undefined;
  const before = new Collected(options.sinceMs);
  const after = new Collected(options.sinceMs);
  let records = 0;
  for await (const { record, ordinal } of reader.read(reader.first)) {
    engines ??= enginesFor(record);
    before.take(engines.before, record, ordinal);
    after.take(engines.after, without(record, set), ordinal);
    if (ordinal === reader.first) engines.after.settings.apply(set);
    signal.throwIfAborted();
    if (++records % RECORDS_PER_TURN !== 0) continue;
    progress(ordinal / Math.max(1, reader.next), ordinal);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return {
    records: reader.next - reader.first,
    before,
    after,
    gained: missingFrom(after.findings, before.findings),
    lost: missingFrom(before.findings, after.findings),
    pagesGained: missingFrom(after.paged, before.paged),
    pagesLost: missingFrom(before.paged, after.paged),
  };
}

function enginesFor(record: LogRecord): { before: Engine; after: Engine } {
  if (record.type !== 'control' || record.control.kind !== 'genesis') {
    throw new LogError('GAIT_LOG_IO', 'The beginning of the log was removed, so it cannot be judged again.');
  }
  const genesis: Genesis = record.control;
  return { before: new Engine(genesis), after: new Engine(genesis) };
}

/** A record as the changed engine sees it: later changes of the same settings do not take them back. */
function without(record: LogRecord, set: SettingsChange['set']): LogRecord {
  if (record.type !== 'control' || record.control.kind !== 'settings') return record;
  const kept = Object.fromEntries(Object.entries(record.control.set).filter(([key]) => !(key in set)));
  return { ...record, control: { ...record.control, set: kept } };
}

class Collected implements Verdicts {
  readonly findings = new Map<string, Finding>();
  readonly incidents = new Map<string, Incident>();
  readonly #sinceMs: number;

  constructor(sinceMs: number) {
    this.#sinceMs = sinceMs;
  }

  take(engine: Engine, record: LogRecord, ordinal: number): void {
    assert(engine.ordinal === ordinal, 'both engines are at the same place');
    const { findings, incidents } = engine.step(record, ordinal);
    for (const one of findings) {
      if (one.level === 'finding' && one.timeMs >= this.#sinceMs) this.findings.set(one.id, one);
    }
    for (const one of incidents) {
      if (one.mergedInto !== undefined) this.incidents.delete(one.id);
      else if (one.lastMs >= this.#sinceMs) this.incidents.set(one.id, one);
    }
  }

  get paged(): ReadonlyMap<string, Incident> {
    return new Map([...this.incidents].filter(([, { page }]) => page !== undefined));
  }
}

function missingFrom<T>(these: ReadonlyMap<string, T>, those: ReadonlyMap<string, unknown>): T[] {
  return [...these].filter(([id]) => !those.has(id)).map(([, one]) => one);
}
