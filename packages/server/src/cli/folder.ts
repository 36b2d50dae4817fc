import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Incident } from '@gait/engine/event/finding';
import { LogError } from '../log/log.ts';
import { openSegmentReader } from '../log/segments/segment-reader.ts';
import { grouped } from '../render/words.ts';
import { FOLDER, holdsLog } from '../runtime/folder.ts';
import { openSqliteStore } from '../storage/sqlite/sqlite-store.ts';
import { FINDINGS_LISTED_MAX, type Lookup, type Store } from '../storage/store.ts';
import { AbsentError, UsageError } from './failure.ts';
import { say } from './output.ts';

/** Data folder of commands that read what a replay left. */
export const FOLDER_OPTION = ['--data <folder>', 'data folder of an earlier `gait replay --data`'] as const;

/** The data folder of a request, after checking that it is one. */
export async function existingFolder(folder: string | undefined): Promise<string> {
  if (folder === undefined) {
    throw new UsageError('Say which data folder: --data FOLDER, as given to `gait replay --data FOLDER`.');
  }
  if (await holdsLog(folder)) return folder;
  throw new AbsentError(
    `${folder} is not a data folder. Make one with \`gait replay PATH... --data ${word(folder)}\`.`,
  );
}

/** A data folder that is read, and its store. */
export interface OpenStore {
  readonly folder: string;
  readonly store: Store;
}

/** Opens the store of a data folder for reading, whether or not another process writes to it. */
export async function withStore<T>(asked: string | undefined, use: (open: OpenStore) => T | Promise<T>): Promise<T> {
  const folder = await existingFolder(asked);
  const path = join(folder, FOLDER.store);
  if ((await stat(path).catch(() => undefined)) === undefined) {
    throw new AbsentError(`${folder} has no store. Make it from the log: gait rebuild-store --data ${word(folder)}`);
  }
  const store = openSqliteStore(path);
  try {
    await sayIfBehind({ folder, store });
    return await use({ folder, store });
  } finally {
    store.close();
  }
}

/** The one thing an id or its beginning stands for, or a sentence saying why not. */
export function one<T>(found: Lookup<T>, what: string, id: string): T {
  if (found.kind === 'found') return found.value;
  if (found.kind === 'none') throw new AbsentError(`There is no ${what} ${id} in this data folder.`);
  throw new AbsentError(`${id} is the beginning of several: ${found.ids.join(', ')}. Give more of it.`);
}

/** The incident with an id or its beginning; if it became part of another one, that one, which lists its findings. */
export function incidentFor(store: Store, id: string): Incident {
  const incident = one(store.incident(id), 'incident', id);
  if (incident.findings.length > 0) return incident;
  // An incident is named after the finding that opened it.
  const opener = incident.id.slice(1);
  const all = store.incidents({ limit: FINDINGS_LISTED_MAX });
  return all.find(({ findings }) => findings.includes(opener)) ?? incident;
}

/** A text as one word of a command line to copy. */
export function word(text: string): string {
  return /^[\w./:@%+=,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/** What is shown is complete only up to where the store has come; after a crash, or beside a run, that is not the end. */
async function sayIfBehind({ folder, store }: OpenStore): Promise<void> {
  const next = await logEnd(folder);
  const behind = next - store.consumed;
  if (behind <= 0) return;
  say(
    `${grouped(behind)} ${behind === 1 ? 'record' : 'records'} of the log are not in here yet: ` +
      'a run is under way, or one ended abruptly. ' +
      `If none is under way: gait rebuild-store --data ${word(folder)}\n`,
  );
}

/** Ordinal behind the last record of the log; 0 if it is damaged, which does not keep anybody from reading the store. */
async function logEnd(folder: string): Promise<number> {
  try {
    return (await openSegmentReader(join(folder, FOLDER.log))).next;
  } catch (error) {
    if (!(error instanceof LogError) || error.code === 'GAIT_LOG_NEWER') throw error;
    say(`${error.message} What is shown comes from the store. [${error.code}]\n`);
    return 0;
  }
}
