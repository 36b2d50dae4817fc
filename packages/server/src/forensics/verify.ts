import { SCHEMA } from '@gait/engine/event/record';
import { LogError } from '../log/log.ts';
import {
  codeOf,
  type Head,
  headSigned,
  keyId,
  listSegments,
  NO_HASH,
  parseHead,
  paths,
  readHeadsText,
  SEGMENT_HEADER_BYTES,
  type SegmentEntry,
  type SegmentHeader,
  type SegmentProof,
  SegmentWalk,
  tornTail,
  tryReadHeader,
} from '../log/proof.ts';
import { type CheckedHeads, checkHeads } from './heads-check.ts';
import { type BadKind, type FirstBad, statementOf, type Unfinished, type VerifyReport } from './report.ts';

/** Times a verification is begun anew because the writer signed or removed something meanwhile. */
const ATTEMPTS_MAX = 5;

/** What a log is verified against besides itself. */
export interface VerifyOptions {
  /** Lines that the log's `anchor` was called with, kept outside: any number, one a line. */
  readonly anchor?: string;
}

/**
 * Goes through a whole log - keys, heads, every frame and record - and says whether it is what was written, or the first
 * bad place. Works beside a running writer and changes nothing. Throws `LogError` `GAIT_LOG_NEWER` for a log of a newer
 * version and `GAIT_LOG_IO` where there is none. Cost: about 10 µs a record; memory of one frame.
 */
export async function verifyLog(folder: string, options: VerifyOptions = {}): Promise<VerifyReport> {
  for (let attempt = 1; ; attempt++) {
    const before = await headTexts(folder);
    const report = await verifyOnce(folder, options);
    // A writer at work may have removed a segment or signed a head between two reads: look again.
    if (report.ok || attempt === ATTEMPTS_MAX || before === (await headTexts(folder))) return report;
  }
}

async function headTexts(folder: string): Promise<string> {
  return `${await readHeadsText(paths.heads(folder))}\n${await readHeadsText(paths.openHead(folder))}`;
}

async function verifyOnce(folder: string, options: VerifyOptions): Promise<VerifyReport> {
  const heads = await checkHeads(folder);
  const entries = await listSegments(folder);
  if (entries.length === 0 && 'what' in heads) throw new LogError('GAIT_LOG_IO', `${folder} holds no log.`);
  const empty = {
    segments: 0,
    removedSegments: 0,
    records: 0,
    unfinished: undefined,
    provenThrough: 0,
    anchored: undefined,
  };
  if ('what' in heads) return finished({ ...empty, key: '', ok: false, firstBad: heads });
  const anchors = anchorHeads(options.anchor ?? '', heads);
  if ('what' in anchors) return finished({ ...empty, key: keyId(heads.publicKey), ok: false, firstBad: anchors });
  return new LogVerifier({ folder, heads, anchors }).run(entries);
}

function finished(report: Omit<VerifyReport, 'statement'>): VerifyReport {
  return { ...report, statement: statementOf(report) };
}

/** The anchored heads; each must be signed with the key of the log. */
function anchorHeads(text: string, heads: CheckedHeads): readonly Head[] | FirstBad {
  const anchors: Head[] = [];
  for (const line of text.split('\n').map((part) => part.trim())) {
    if (line === '') continue;
    const signed = parseHead(line);
    if (signed === undefined || !headSigned(signed, heads.publicKey)) {
      return {
        what: 'anchor',
        where: { file: 'anchor', offset: 0, ordinal: 0 },
        sentence: 'An anchored head was not signed with the key of this log.',
      };
    }
    anchors.push(signed.head);
  }
  return anchors;
}

/** What must hold at a byte of a segment, because a head says so. */
interface Checkpoint {
  readonly head: Head;
  readonly kind: BadKind;
}

class LogVerifier {
  readonly #folder: string;
  #heads: CheckedHeads;
  readonly #anchors: readonly Head[];
  #segments = 0;
  #removedSegments = 0;
  #records = 0;
  #provenThrough = 0;
  #anchored: number | undefined;
  #unfinished: Unfinished | undefined;
  /** What the next segment must follow. */
  #before: Pick<SegmentProof, 'next' | 'frame' | 'lastMs'> = { next: 0, frame: NO_HASH.toString('hex'), lastMs: 0 };

  constructor(parts: { folder: string; heads: CheckedHeads; anchors: readonly Head[] }) {
    this.#folder = parts.folder;
    this.#heads = parts.heads;
    this.#anchors = parts.anchors;
  }

  async run(entries: readonly SegmentEntry[]): Promise<VerifyReport> {
    const present = new Map(entries.map((entry) => [entry.number, entry]));
    const heads = this.#heads;
    const named = [...heads.sealed.keys(), heads.open?.head.segment ?? 0, ...this.#anchors.map((head) => head.segment)];
    const newest = Math.max(0, entries.at(-1)?.number ?? 0, ...named);
    for (let number = 1; number <= newest; number++) {
      const bad = await this.#segment(number, { entry: present.get(number), last: number === newest });
      if (bad !== undefined) return this.#report(bad);
    }
    return this.#report(undefined);
  }

  async #segment(
    number: number,
    at: { entry: SegmentEntry | undefined; last: boolean },
  ): Promise<FirstBad | undefined> {
    try {
      if (at.entry !== undefined) return await this.#present(at.entry, at.last);
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error;
    }
    if (!this.#heads.removed.has(number)) await this.#refresh();
    return this.#absent(number);
  }

  /** Looks for heads of segments that retention removed since the beginning: each was signed before its file went. */
  async #refresh(): Promise<void> {
    const heads = await checkHeads(this.#folder);
    if (!('what' in heads)) this.#heads = { ...heads, open: this.#heads.open };
  }

  /** A segment without a file: removed with a head that says so, or missing. */
  #absent(number: number): FirstBad | undefined {
    const head = this.#heads.sealed.get(number);
    const path = paths.segment(this.#folder, number);
    if (head === undefined || !this.#heads.removed.has(number)) {
      return this.#bad('segment', path, {
        offset: 0,
        problem: 'The segment is missing, and no head says that it was removed.',
      });
    }
    this.#removedSegments++;
    this.#before = head;
    this.#provenThrough = head.next;
    for (const anchor of this.#anchors) {
      if (anchor.segment !== number || anchor.bytes !== head.bytes) continue;
      if (!agrees(anchor, head))
        return this.#bad('anchor', path, { offset: 0, problem: 'The segment was another one when it was anchored.' });
      this.#anchor(anchor);
    }
    return undefined;
  }

  async #present(entry: SegmentEntry, last: boolean): Promise<FirstBad | undefined> {
    const header = await tryReadHeader(entry.path);
    if (typeof header === 'string') {
      const beginning = last && entry.bytes < SEGMENT_HEADER_BYTES && this.#checkpoints(entry.number).length === 0;
      if (!beginning) return this.#bad('segment', entry.path, { offset: 0, problem: `${upperFirst(header)}.` });
      this.#unfinished = { file: entry.path, offset: 0, bytes: entry.bytes };
      return undefined;
    }
    const problem = this.#headerProblem(entry, header);
    if (problem !== undefined) return this.#bad('segment', entry.path, { offset: 0, problem });
    const walk = await SegmentWalk.open(entry.path, header);
    try {
      return await this.#walk(entry, walk, last);
    } finally {
      this.#segments++;
      this.#records += walk.proof.next - header.first;
      this.#before = walk.proof;
      await walk.close();
    }
  }

  #headerProblem(entry: SegmentEntry, header: SegmentHeader): string | undefined {
    if (header.schema > SCHEMA)
      throw new LogError('GAIT_LOG_NEWER', `${entry.path} has record schema ${header.schema}.`);
    if (header.segment !== entry.number) return 'The segment carries another number.';
    const { next, frame, lastMs } = this.#before;
    const follows = header.first === next && header.lastMs === lastMs && header.previous.toString('hex') === frame;
    return follows ? undefined : 'The segment does not follow the one before.';
  }

  async #walk(entry: SegmentEntry, walk: SegmentWalk, last: boolean): Promise<FirstBad | undefined> {
    for (const { head, kind } of this.#checkpoints(entry.number)) {
      const bad = head.bytes > entry.bytes ? shorter(entry, walk) : await walk.advance(head.bytes);
      if (bad !== undefined) return this.#bad('frame', entry.path, bad, walk.proof.next);
      if (!agrees(head, walk.proof)) {
        const problem = 'Up to here the records are other ones than those that were signed for.';
        return this.#bad(kind, entry.path, { offset: head.bytes, problem }, walk.proof.next);
      }
      if (kind === 'anchor') this.#anchor(head);
      else this.#provenThrough = head.next;
    }
    return this.#rest(entry, walk, last);
  }

  /** What stands behind the last head: allowed at the end of the open segment only. */
  async #rest(entry: SegmentEntry, walk: SegmentWalk, last: boolean): Promise<FirstBad | undefined> {
    const sealed = this.#heads.sealed.get(entry.number);
    if (sealed !== undefined && entry.bytes !== sealed.bytes) {
      return this.#bad(
        'frame',
        entry.path,
        { offset: sealed.bytes, problem: 'Bytes were added to a sealed segment.' },
        walk.proof.next,
      );
    }
    const bad = await walk.advance(entry.bytes);
    if (bad === undefined) return undefined;
    if (!last || (await hadBeenSynced(entry, bad))) return this.#bad('frame', entry.path, bad, bad.ordinal);
    this.#unfinished = { file: entry.path, offset: bad.offset, bytes: entry.bytes - bad.offset };
    return undefined;
  }

  /** What heads say of a segment, by place. */
  #checkpoints(segment: number): Checkpoint[] {
    const { sealed, open } = this.#heads;
    const head = sealed.get(segment);
    const points: Checkpoint[] = head === undefined ? [] : [{ head, kind: 'proof' }];
    if (open?.head.segment === segment) points.push({ head: open.head, kind: 'proof' });
    for (const anchor of this.#anchors) if (anchor.segment === segment) points.push({ head: anchor, kind: 'anchor' });
    return points.sort((a, b) => a.head.bytes - b.head.bytes);
  }

  #anchor(head: Head): void {
    this.#anchored = Math.max(this.#anchored ?? 0, head.next);
  }

  #bad(what: BadKind, file: string, place: { offset: number; problem: string }, ordinal = this.#before.next): FirstBad {
    const sentence = /^[A-Z].*\.$/.test(place.problem) ? place.problem : `${upperFirst(place.problem)}.`;
    return { what, where: { file, offset: place.offset, ordinal }, sentence };
  }

  #report(firstBad: FirstBad | undefined): VerifyReport {
    return finished({
      ok: firstBad === undefined,
      segments: this.#segments,
      removedSegments: this.#removedSegments,
      records: this.#records,
      firstBad,
      unfinished: this.#unfinished,
      provenThrough: this.#provenThrough,
      anchored: this.#anchored,
      key: keyId(this.#heads.publicKey),
    });
  }
}

function agrees(head: Head, proof: SegmentProof): boolean {
  return (
    head.next === proof.next && head.root === proof.root && head.frame === proof.frame && head.lastMs === proof.lastMs
  );
}

function shorter(entry: SegmentEntry, walk: SegmentWalk): { offset: number; problem: string; ordinal: number } {
  return { offset: entry.bytes, problem: 'the segment is shorter than a signed head says', ordinal: walk.proof.next };
}

async function hadBeenSynced(entry: SegmentEntry, bad: { offset: number; problem: string }): Promise<boolean> {
  try {
    await tornTail(entry, bad, 0);
    return false;
  } catch (error) {
    if (error instanceof LogError && error.code === 'GAIT_LOG_DAMAGED') return true;
    throw error;
  }
}

function upperFirst(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
