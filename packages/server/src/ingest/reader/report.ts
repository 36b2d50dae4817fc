import { assert } from '@gait/engine/base/assert';
import { type Format, REJECTS, type RejectReason } from '../decoder.ts';
import { DETAIL_CHARS_MAX, NOTES_MAX, PROBLEMS_MAX, SAMPLES_PER_REASON_MAX } from './limits.ts';

/** A refused record: why, and where it stands. `line` is 0 where the input has no lines. */
export interface RejectSample {
  readonly reason: RejectReason;
  readonly detail: string;
  readonly path: string;
  readonly line: number;
}

/** A file or folder that could not be read, or not in full. */
export interface ReadProblem {
  readonly path: string;
  readonly sentence: string;
}

/** What became of the input so far; final when reading has ended. Every byte is in a row, a reject, a note or a problem. */
export interface ReadReport {
  /** Files opened, and those of each format. */
  readonly files: number;
  readonly formats: Readonly<Partial<Record<Format, number>>>;
  /** Decompressed bytes. */
  readonly bytes: number;
  readonly rows: number;
  readonly rejected: Readonly<Record<RejectReason, number>>;
  /** What was understood in part or left aside on purpose, by name. */
  readonly notes: Readonly<Record<string, number>>;
  /** The first `PROBLEMS_MAX`; `problemsOmitted` counts the rest. */
  readonly problems: readonly ReadProblem[];
  readonly problemsOmitted: number;
  /** The first refused records of each reason. */
  readonly samples: readonly RejectSample[];
  /** Share of the input that has been read, 0..1, by its size on disk. */
  readonly progress: number;
}

/** The report under construction. */
export class ReportWriter implements ReadReport {
  files = 0;
  formats: Partial<Record<Format, number>> = {};
  bytes = 0;
  rows = 0;
  readonly rejected = Object.fromEntries(Object.keys(REJECTS).map((reason) => [reason, 0])) as Record<
    RejectReason,
    number
  >;
  readonly notes: Record<string, number> = {};
  readonly problems: ReadProblem[] = [];
  problemsOmitted = 0;
  readonly samples: RejectSample[] = [];
  /** Bytes on disk, read and to be read. */
  diskBytesRead = 0;
  diskBytes = 0;

  get progress(): number {
    return this.diskBytes === 0 ? 1 : Math.min(1, this.diskBytesRead / this.diskBytes);
  }

  format(format: Format): void {
    this.formats[format] = (this.formats[format] ?? 0) + 1;
  }

  reject(sample: RejectSample): void {
    const count = ++this.rejected[sample.reason];
    if (count <= SAMPLES_PER_REASON_MAX) {
      this.samples.push({ ...sample, detail: sample.detail.slice(0, DETAIL_CHARS_MAX) });
    }
  }

  note(name: string): void {
    const count = this.notes[name];
    assert(count !== undefined || Object.keys(this.notes).length < NOTES_MAX, 'names of notes are few');
    this.notes[name] = (count ?? 0) + 1;
  }

  problem(path: string, sentence: string): void {
    if (this.problems.length < PROBLEMS_MAX) this.problems.push({ path, sentence });
    else this.problemsOmitted++;
  }
}
