import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { promisify } from 'node:util';

/**
 * Removes a folder that functions wrote into. They may have taken the rights away from folders of theirs; those are given back
 * first. Never rejects: what still cannot be removed stays, and nothing is to be done about it here.
 */
export async function removeFolder(folder: string): Promise<void> {
  const remove = () => rm(folder, { recursive: true, force: true, maxRetries: 3 });
  try {
    await remove();
  } catch {
    await promisify(execFile)('/bin/chmod', ['-R', 'u+rwx', folder])
      .then(remove)
      .catch(() => {});
  }
}
