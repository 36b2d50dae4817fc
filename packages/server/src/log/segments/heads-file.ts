import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { LogError } from '../log.ts';
import { codeOf, ioError, paths } from './folder.ts';
import { headHash, NO_HEAD, parseHead, type SignedHead } from './head.ts';
import { HEADS_BYTES_MAX } from './limits.ts';
import { syncFolder } from './system.ts';

/** What the files of heads hold. */
export interface StoredHeads {
  /** Heads of sealed and removed segments, oldest first. */
  readonly chain: readonly SignedHead[];
  /** Newest head of the segment that was open then. */
  readonly open: SignedHead | undefined;
}

/**
 * Reads the heads of a folder for writing on. A last line that a crash cut short is removed; anything else that is not a
 * head is `GAIT_LOG_DAMAGED`.
 */
export async function recoverHeads(folder: string): Promise<StoredHeads> {
  const path = paths.heads(folder);
  const text = await readHeadsText(path);
  const whole = text.lastIndexOf('\n') + 1;
  if (whole < text.length) await cut(path, Buffer.byteLength(text.slice(0, whole)));
  return { chain: linesOf(text.slice(0, whole)).map((line) => headOf(path, line)), open: await readOpenHead(folder) };
}

/** Text of a heads file, '' if it is not there. */
export async function readHeadsText(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > HEADS_BYTES_MAX) throw new LogError('GAIT_LOG_DAMAGED', `${path} is longer than any log's.`);
    return await readFile(path, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return '';
    throw error;
  }
}

/** Lines of a text that ends in a line feed. */
export function linesOf(text: string): string[] {
  return text === '' ? [] : text.slice(0, -1).split('\n');
}

/** Link for the next head after a chain. */
export function linkAfter(chain: readonly SignedHead[]): string {
  const last = chain.at(-1);
  return last === undefined ? NO_HEAD : headHash(last);
}

/** Appends a head to the chain, durably; leaves the file as it was if that fails. */
export async function appendHead(folder: string, signed: SignedHead): Promise<void> {
  const path = paths.heads(folder);
  const file = await open(path, 'a').catch((error) => Promise.reject(ioError(error, path)));
  try {
    const { size } = await file.stat();
    try {
      await file.writeFile(`${signed.line}\n`);
      await file.datasync();
    } catch (error) {
      await file.truncate(size);
      throw error;
    }
    if (size === 0) await syncFolder(folder);
  } catch (error) {
    throw ioError(error, path);
  } finally {
    await file.close();
  }
}

/** Replaces the head of the open segment, durably and at once: a reader sees the old or the new one. */
export async function replaceOpenHead(folder: string, signed: SignedHead): Promise<void> {
  const path = paths.openHead(folder);
  const fresh = `${path}.new`;
  try {
    const file = await open(fresh, 'w');
    try {
      await file.writeFile(`${signed.line}\n`);
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(fresh, path);
    await syncFolder(folder);
  } catch (error) {
    await rm(fresh, { force: true });
    throw ioError(error, path);
  }
}

async function readOpenHead(folder: string): Promise<SignedHead | undefined> {
  const path = paths.openHead(folder);
  const text = await readHeadsText(path);
  return text === '' ? undefined : headOf(path, text.endsWith('\n') ? text.slice(0, -1) : text);
}

function headOf(path: string, line: string): SignedHead {
  const head = parseHead(line);
  if (head === undefined) throw new LogError('GAIT_LOG_DAMAGED', `${path} holds a line that is not a signed head.`);
  return head;
}

async function cut(path: string, bytes: number): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.truncate(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}
