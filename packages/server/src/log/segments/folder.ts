import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SCHEMA } from '@gait/engine/event/record';
import { LogError } from '../log.ts';
import { decodeSegmentHeader, SEGMENT_HEADER_BYTES, type SegmentHeader } from './frame.ts';

const SEGMENT_NAME = /^(\d{8,10})\.seg$/;

/** Where things are in the folder of a log. */
export const paths = {
  lock: (folder: string): string => join(folder, 'lock.sqlite'),
  segments: (folder: string): string => join(folder, 'segments'),
  segment: (folder: string, number: number): string => join(folder, 'segments', segmentName(number)),
  /** Chain of the heads of sealed and removed segments. */
  heads: (folder: string): string => join(folder, 'heads.ndjson'),
  /** Newest head of the open segment. */
  openHead: (folder: string): string => join(folder, 'open-head.ndjson'),
  keys: (folder: string): string => join(folder, 'keys'),
  privateKey: (folder: string): string => join(folder, 'keys', 'log.key'),
  publicKey: (folder: string): string => join(folder, 'keys', 'log.pub'),
} as const;

/** File name of a segment: its number, so that names sort in order. */
export function segmentName(number: number): string {
  return `${String(number).padStart(8, '0')}.seg`;
}

/** A segment file that is there. */
export interface SegmentEntry {
  readonly number: number;
  readonly path: string;
  readonly bytes: number;
}

/** A segment file whose header is sound. */
export interface Segment extends SegmentEntry {
  readonly header: SegmentHeader;
}

/** The segment files of a log in order; none if there is no log. */
export async function listSegments(folder: string): Promise<SegmentEntry[]> {
  const entries: SegmentEntry[] = [];
  for (const name of await namesIn(paths.segments(folder))) {
    const match = SEGMENT_NAME.exec(name);
    if (match === null) continue;
    const number = Number(match[1]);
    const path = join(paths.segments(folder), name);
    const bytes = await sizeOf(path);
    // Retention may remove a file between listing and looking.
    if (bytes !== undefined) entries.push({ number, path, bytes });
  }
  return entries.sort((a, b) => a.number - b.number);
}

/** Reads and checks the header of a segment. `GAIT_LOG_NEWER` for a later schema, `GAIT_LOG_DAMAGED` otherwise. */
export async function readSegmentHeader(entry: SegmentEntry): Promise<SegmentHeader> {
  const found = await tryReadHeader(entry.path);
  if (typeof found === 'string') throw new LogError('GAIT_LOG_DAMAGED', `${entry.path}: ${found}.`);
  if (found.schema > SCHEMA) {
    throw new LogError(
      'GAIT_LOG_NEWER',
      `${entry.path} has record schema ${found.schema}; this version reads ${SCHEMA}.`,
    );
  }
  if (found.segment !== entry.number) throw new LogError('GAIT_LOG_DAMAGED', `${entry.path} carries another number.`);
  return found;
}

/** Reads the header of a segment; a text says what is wrong with it. */
export async function tryReadHeader(path: string): Promise<SegmentHeader | string> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(SEGMENT_HEADER_BYTES), 0, SEGMENT_HEADER_BYTES, 0);
    return decodeSegmentHeader(buffer.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw ioError(error, folder);
  }
}

async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined;
    throw ioError(error, path);
  }
}

/** System error code of an error, '' if it has none. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error) || !('code' in error)) return '';
  return typeof error.code === 'string' ? error.code : '';
}

/** The log's own error for a failed system call. A full disk, a quota and a file size limit are all "full". */
export function ioError(error: unknown, path: string): LogError {
  if (error instanceof LogError) return error;
  const full = ['ENOSPC', 'EDQUOT', 'EFBIG'].includes(codeOf(error));
  const detail = error instanceof Error ? error.message : String(error);
  return new LogError(full ? 'GAIT_LOG_FULL' : 'GAIT_LOG_IO', `${path}: ${detail}`, { cause: error });
}
