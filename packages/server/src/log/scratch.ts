import { cp, mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** A folder for one test, removed after it. */
export async function scratchFolder(test: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gait-test-'));
  test.after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A copy of a folder as it is now, as a crash would leave it; removed after the test. */
export async function copyOf(test: TestContext, folder: string): Promise<string> {
  const copy = await scratchFolder(test);
  await cp(folder, copy, { recursive: true });
  return copy;
}

/** Changes one byte of a file. */
export async function flipByte(path: string, offset: number, mask = 1): Promise<void> {
  const file = await open(path, 'r+');
  try {
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, offset);
    buffer[0] ^= mask;
    await file.write(buffer, 0, 1, offset);
  } finally {
    await file.close();
  }
}

/** Rewrites a file by a function of its bytes. */
export async function rewrite(path: string, change: (bytes: Buffer) => Uint8Array): Promise<void> {
  const changed = change(await readFile(path));
  const file = await open(path, 'w');
  try {
    await file.writeFile(changed);
  } finally {
    await file.close();
  }
}
