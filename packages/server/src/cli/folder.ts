import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FOLDER, Workspace } from '../runtime/workspace.ts';
import { openSqliteStore } from '../storage/sqlite/sqlite-store.ts';
import type { Lookup, Store } from '../storage/store.ts';
import { UsageError } from './failure.ts';

/** Data folder of commands that read what a replay left. */
export const FOLDER_OPTION = ['--data <folder>', 'data folder of an earlier `gait replay --data`'] as const;

/** The data folder of a request, after checking that it is one. */
export async function existingFolder(folder: string | undefined): Promise<string> {
  if (folder === undefined) {
    throw new UsageError('Say which data folder: --data FOLDER, as given to `gait replay --data FOLDER`.');
  }
  const found = await stat(join(folder, FOLDER.log)).catch(() => undefined);
  if (found?.isDirectory() !== true) {
    throw new UsageError(`${folder} is not a data folder. Make one with \`gait replay PATH... --data ${folder}\`.`);
  }
  return folder;
}

/** Opens the store of a data folder for reading, whether or not another process writes to it. */
export async function withStore<T>(folder: string | undefined, use: (store: Store) => T | Promise<T>): Promise<T> {
  const store = openSqliteStore(join(await existingFolder(folder), FOLDER.store));
  try {
    return await use(store);
  } finally {
    store.close();
  }
}

/** Opens a data folder for work. */
export async function withWorkspace<T>(
  folder: string | undefined,
  use: (workspace: Workspace) => Promise<T>,
): Promise<T> {
  const workspace = await Workspace.open(folder);
  try {
    return await use(workspace);
  } finally {
    await workspace.close();
  }
}

/** The one thing an id or its beginning stands for, or a sentence saying why not. */
export function one<T>(found: Lookup<T>, what: string, id: string): T {
  if (found.kind === 'found') return found.value;
  if (found.kind === 'none') throw new UsageError(`There is no ${what} ${id} in this data folder.`);
  throw new UsageError(`${id} is the beginning of several: ${found.ids.join(', ')}. Give more of it.`);
}
