import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { assert } from '@gait/engine/base/assert';
import type { HourRollup, MinuteRollup } from '@gait/engine/event/rollup';
import { StoreError } from '../store.ts';
import type { SeriesPeriod } from './folder.ts';
import { periodAt, periodsIn } from './folder.ts';
import { Journal, readJournal } from './journal.ts';
import type { RowSet, SeriesKind } from './kind.ts';
import { HOURS, hourRows, MINUTES, minuteRows } from './kind.ts';
import { mergeRows } from './merge.ts';
import { FILE_ROWS_MAX, readSealed, syncFolder, writeSealed } from './sealed-file.ts';

/** 9999-12-31, ms: the last time whose name fits a file. */
const TIME_MS_MAX = 253_402_300_799_999;

/** Why rows are not in the files. */
export const SERIES_DROPS = {
  'file-full': 'more rows in one period than a file may hold',
  'write-failed': 'the disk refused them',
  expired: 'older than what is kept',
} as const;
export type SeriesDrop = keyof typeof SERIES_DROPS;

/**
 * Writes the roll-ups that charts are drawn from: minutes for two days, hours for 400 days, counted back from the
 * newest. Give roll-ups in the order the engine emits them; after a crash again from the checkpoint on: a row of the
 * same function and time replaces the earlier one.
 *
 * A roll-up survives the death of the process when the call returns, and loss of power after `flush`, which belongs
 * before each checkpoint. Charts never stop detection: rows that can't be written are counted in `dropped`.
 */
export interface SeriesWriter {
  /** Rows that are not in the files, by reason. */
  readonly dropped: Readonly<Record<SeriesDrop, number>>;
  /** Files that could not be read back when they were to be extended; kept with `.damaged` behind their name. */
  readonly damaged: number;
  minute(rollup: MinuteRollup): void;
  hour(rollup: HourRollup): void;
  flush(): void;
  /** May be called twice. */
  close(): void;
}

/**
 * Opens the series in a folder, making it if there is none, and finishes what a crash left. `durable` false spares all
 * syncing, for a folder that will be thrown away. Throws `StoreError`.
 */
export function openSeries(folder: string, options: { readonly durable?: boolean } = {}): SeriesWriter {
  try {
    return new FolderSeries(folder, options.durable ?? true);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new StoreError('GAIT_STORE_IO', error.message, { cause: error });
  }
}

class FolderSeries implements SeriesWriter {
  readonly dropped: Record<SeriesDrop, number> = { 'file-full': 0, 'write-failed': 0, expired: 0 };
  damaged = 0;
  readonly #minutes: KindWriter;
  readonly #hours: KindWriter;

  constructor(folder: string, durable: boolean) {
    this.#minutes = new KindWriter(folder, { kind: MINUTES, durable }, this);
    this.#hours = new KindWriter(folder, { kind: HOURS, durable }, this);
  }

  minute(rollup: MinuteRollup): void {
    this.#minutes.append(rollup.minuteMs, minuteRows(rollup));
  }

  hour(rollup: HourRollup): void {
    this.#hours.append(rollup.hourMs, hourRows(rollup));
  }

  flush(): void {
    this.#minutes.flush();
    this.#hours.flush();
  }

  close(): void {
    this.#minutes.close();
    this.#hours.close();
  }
}

/** Where a kind's writer counts what it could not keep. */
interface Tally {
  readonly dropped: Record<SeriesDrop, number>;
  damaged: number;
}

/**
 * Files of one kind. The newest period is a journal; when a row of another period comes, the journal is merged with the
 * period's sealed file, if there is one, and replaced by the result. A crash in between leaves both, which read the same.
 */
class KindWriter {
  readonly #folder: string;
  readonly #kind: SeriesKind;
  readonly #durable: boolean;
  readonly #tally: Tally;
  #newestMs: number;
  #open: { readonly period: SeriesPeriod; readonly journal: Journal } | undefined;
  /** A journal was made since the folder was last synced. */
  #folderUnsynced = false;
  #closed = false;

  constructor(folder: string, how: { readonly kind: SeriesKind; readonly durable: boolean }, tally: Tally) {
    const { kind } = how;
    this.#folder = folder;
    this.#kind = kind;
    this.#durable = how.durable;
    this.#tally = tally;
    mkdirSync(join(folder, kind.name), { recursive: true, mode: 0o700 });
    for (const name of readdirSync(join(folder, kind.name))) {
      if (name.endsWith('.tmp')) rmSync(join(folder, kind.name, name));
    }
    const periods = periodsIn(folder, kind);
    this.#newestMs = periods.at(-1)?.startMs ?? 0;
    for (const period of periods) {
      if (period.hasJournal && period.startMs < this.#newestMs) this.#seal(period);
    }
    this.#expire();
  }

  append(startMs: number, rows: RowSet): void {
    assert(!this.#closed, 'a closed series is not written to');
    assert(startMs >= 0 && startMs <= TIME_MS_MAX && startMs % this.#kind.slotMs === 0, 'a roll-up starts on its slot');
    if (rows.name.length === 0) return;
    const oldestMs = this.#newestMs - this.#kind.keepMs;
    if (startMs < oldestMs) {
      this.#tally.dropped.expired += rows.name.length;
      return;
    }
    this.#orCount('write-failed', rows.name.length, () => {
      const journal = this.#journalFor(startMs);
      if (journal.rows + rows.name.length <= FILE_ROWS_MAX) journal.append(rows);
      else this.#tally.dropped['file-full'] += rows.name.length;
    });
  }

  flush(): void {
    const open = this.#open;
    if (open === undefined || !this.#durable) return;
    this.#orCount('write-failed', 0, () => {
      open.journal.sync();
      if (this.#folderUnsynced) syncFolder(join(this.#folder, this.#kind.name));
      this.#folderUnsynced = false;
    });
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.flush();
    this.#open?.journal.close();
  }

  #journalFor(startMs: number): Journal {
    const period = periodAt(this.#folder, this.#kind, startMs);
    if (this.#open?.period.startMs === period.startMs) return this.#open.journal;
    if (this.#open !== undefined) {
      const { period: last, journal } = this.#open;
      this.#open = undefined;
      journal.close();
      this.#seal(last);
    }
    const journal = Journal.open(period.journal);
    this.#folderUnsynced = true;
    this.#open = { period, journal };
    if (period.startMs > this.#newestMs) {
      this.#newestMs = period.startMs;
      this.#expire();
    }
    return journal;
  }

  /** Turns a journal, and the sealed file beside it, into one sealed file. On failure the journal stays as it is. */
  #seal(period: SeriesPeriod): void {
    this.#orCount('write-failed', 0, () => {
      const { sets } = readJournal(readFileSync(period.journal));
      const earlier = existsSync(period.sealed) ? readSealed(period.sealed) : [];
      if (earlier === undefined) {
        renameSync(period.sealed, `${period.sealed}.damaged`);
        this.#tally.damaged += 1;
      }
      const slots = this.#kind.fileMs / this.#kind.slotMs;
      const rows = mergeRows([...(earlier ?? []), ...sets], slots);
      this.#tally.dropped['file-full'] += Math.max(0, rows.name.length - FILE_ROWS_MAX);
      writeSealed(period.sealed, rows, { kind: this.#kind, durable: this.#durable });
      rmSync(period.journal);
    });
  }

  /** Removes files all of whose rows are older than what is kept. */
  #expire(): void {
    for (const period of periodsIn(this.#folder, this.#kind)) {
      if (period.startMs + this.#kind.fileMs > this.#newestMs - this.#kind.keepMs) break;
      rmSync(period.sealed, { force: true });
      rmSync(period.journal, { force: true });
    }
  }

  #orCount(reason: SeriesDrop, rows: number, work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.#tally.dropped[reason] += rows;
    }
  }
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error;
}
