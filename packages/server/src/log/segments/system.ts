import { writevSync } from 'node:fs';
import { open, rm, statfs } from 'node:fs/promises';

/** The file operations that commits consist of: a seam, so that tests can make a disk fail at a chosen moment. */
export interface SegmentFile {
  /** For a thread that writes without these operations; undefined if it must not. */
  readonly descriptor: number | undefined;
  /** Writes the buffers at a position; returns the bytes written, which may be fewer. */
  writev(buffers: readonly Uint8Array[], position: number): Promise<number>;
  datasync(): Promise<void>;
  truncate(bytes: number): Promise<void>;
  close(): Promise<void>;
}

/** Opens segment files for writing. */
export interface SegmentFiles {
  /** `create`: the file must not exist yet. */
  open(path: string, create: boolean): Promise<SegmentFile>;
  remove(path: string): Promise<void>;
  /** Bytes that may still be written to the disk of a folder. */
  freeBytes(folder: string): Promise<number>;
}

/** The real file system. */
export const systemFiles: SegmentFiles = {
  async open(path, create) {
    const file = await open(path, create ? 'wx' : 'r+');
    return {
      descriptor: file.fd,
      writev: async (buffers, position) => (await file.writev(buffers, position)).bytesWritten,
      datasync: () => file.datasync(),
      truncate: (bytes) => file.truncate(bytes),
      close: () => file.close(),
    };
  },
  remove: (path) => rm(path, { force: true }),
  async freeBytes(folder) {
    const { bavail, bsize } = await statfs(folder);
    return bavail * bsize;
  },
};

/** Writes all of the buffers at a position, however many calls it takes. */
export async function writeAll(file: SegmentFile, buffers: readonly Uint8Array[], position: number): Promise<void> {
  let rest = buffers;
  let at = position;
  while (rest.length > 0) {
    const written = await file.writev(rest, at);
    at += written;
    rest = restAfter(rest, written);
  }
}

/** The same in a thread that has nothing else to do. */
export function writeAllSync(descriptor: number, buffers: readonly Uint8Array[], position: number): void {
  let rest = buffers;
  let at = position;
  while (rest.length > 0) {
    const written = writevSync(descriptor, rest, at);
    at += written;
    rest = restAfter(rest, written);
  }
}

function restAfter(buffers: readonly Uint8Array[], written: number): Uint8Array[] {
  let left = written;
  const rest: Uint8Array[] = [];
  for (const buffer of buffers) {
    if (left < buffer.length) rest.push(buffer.subarray(left));
    left = Math.max(0, left - buffer.length);
  }
  return rest;
}

/** Makes a created, renamed or removed name in a folder durable. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
