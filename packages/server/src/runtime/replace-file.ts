import { open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from '../log/segments/system.ts';

/** Ending of a file that was not written to its end. */
export const BEGUN = '.part';

/**
 * Writes a file, replacing an earlier one: beside it, synced, then renamed, so that a crash or loss of power leaves the
 * earlier file or this one. Throws system errors.
 */
export async function replaceFile(path: string, parts: readonly Uint8Array[]): Promise<void> {
  const beside = path + BEGUN;
  const file = await open(beside, 'w', 0o600);
  try {
    for (const part of parts) await file.writeFile(part);
    await file.sync();
  } catch (error) {
    // On a full disk the beginning of a file would only take the space that is missing.
    await rm(beside, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  await rename(beside, path);
  await syncFolder(dirname(path));
}
