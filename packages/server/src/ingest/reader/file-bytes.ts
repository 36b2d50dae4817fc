import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { READ_BYTES, UNSIZED_BYTES_MAX } from './limits.ts';
import type { ReportWriter } from './report.ts';

/**
 * The bytes of a regular file as it is now: what is appended meanwhile is left for another reading, so that reading ends.
 * Files that give no size are read up to `UNSIZED_BYTES_MAX`; a longer one is named in the report, where files and progress are counted.
 */
export async function* fileBytes(
  path: string,
  report: ReportWriter,
  signal?: AbortSignal,
): AsyncGenerator<Buffer, void> {
  // Without waiting, should the path have become a pipe since it was listed.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  report.files++;
  try {
    const { size } = await file.stat();
    const bytesMax = size > 0 ? size : UNSIZED_BYTES_MAX;
    let left = bytesMax;
    while (left > 0) {
      signal?.throwIfAborted();
      const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(Math.min(left, READ_BYTES)));
      if (bytesRead === 0) return;
      left -= bytesRead;
      if (size > 0) report.diskBytesRead += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
    if (size === 0) report.problem(path, `It gives no size, and only the first ${bytesMax} bytes were read.`);
  } finally {
    await file.close();
  }
}
