/** What kind of thing is wrong. */
export const BAD_KINDS = ['key', 'head', 'segment', 'frame', 'proof', 'anchor', 'export'] as const;
export type BadKind = (typeof BAD_KINDS)[number];

/** Where something is wrong. */
export interface BadWhere {
  readonly file: string;
  /** Byte in the file. */
  readonly offset: number;
  /** Ordinal that was expected there; 0 where there is none. */
  readonly ordinal: number;
}

/** The first place where a log or an export is not what was written. */
export interface FirstBad {
  readonly what: BadKind;
  readonly where: BadWhere;
  readonly sentence: string;
}

/** Bytes at the end of the open segment that are not whole frames: being written, or cut off by a crash. */
export interface Unfinished {
  readonly file: string;
  readonly offset: number;
  readonly bytes: number;
}

/** Result of verifying a log. */
export interface VerifyReport {
  readonly ok: boolean;
  /** Segment files gone through, and removed ones that only their heads speak for. */
  readonly segments: number;
  readonly removedSegments: number;
  /** Records gone through: observations and controls. */
  readonly records: number;
  readonly firstBad: FirstBad | undefined;
  readonly unfinished: Unfinished | undefined;
  /** Records with a lower ordinal are covered by a signed head. */
  readonly provenThrough: number;
  /** Records with a lower ordinal are covered by a head that was anchored outside; undefined without an anchor. */
  readonly anchored: number | undefined;
  /** Name of the key: compare it with one kept elsewhere. */
  readonly key: string;
  /** What is proven, and what is not, in words. */
  readonly statement: readonly string[];
}

/** Says in words what a report proves. */
export function statementOf(report: Omit<VerifyReport, 'statement'>): string[] {
  const { firstBad, unfinished, provenThrough, anchored, records, removedSegments } = report;
  const lines: string[] = [];
  if (firstBad !== undefined) {
    const { file, offset, ordinal } = firstBad.where;
    lines.push(
      `Not intact: ${firstBad.sentence} First bad place: ${file}, byte ${offset}, expected ordinal ${ordinal}.`,
    );
  } else lines.push(intactText(records));
  if (removedSegments > 0) {
    lines.push(
      removedSegments === 1
        ? '1 segment was removed by retention; its signed head remains.'
        : `${removedSegments} segments were removed by retention; their signed heads remain.`,
    );
  }
  if (provenThrough === 0 && !anchored) lines.push('Nothing is proven.');
  if (anchored) {
    lines.push(
      `Records before ordinal ${anchored} are proven even against someone who holds the signing key: an anchored head covers them.`,
    );
  }
  if (provenThrough > (anchored ?? 0)) {
    const from = anchored === undefined ? 'Records' : `Records from ordinal ${anchored}`;
    lines.push(
      `${from} before ordinal ${provenThrough} are proven against anyone who does not hold the signing key. ` +
        'Someone who holds it, or who takes away the newest heads together with their records, would not be noticed without a later anchor.',
    );
  }
  if (unfinished !== undefined) {
    lines.push(
      `The last ${unfinished.bytes} bytes of ${unfinished.file} are not whole records: they are being written, or a crash cut them off. Nothing signed depends on them.`,
    );
  }
  return lines;
}

function intactText(records: number): string {
  if (records === 1) return 'Intact: 1 record is in the form in which it was written.';
  return `Intact: ${records} records are in the order and form in which they were written.`;
}
