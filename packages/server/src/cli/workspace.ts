import { grouped } from '../render/words.ts';
import { Workspace, type WorkspaceOptions } from '../runtime/workspace.ts';
import { say } from './output.ts';
import { ProgressLine } from './progress.ts';

/** A data folder at work, and the line that shows how far the work is. */
export interface Work {
  readonly workspace: Workspace;
  readonly line: ProgressLine;
}

/**
 * Opens a data folder (a temporary one if none is named) for work, shows how far opening is, and closes it afterwards.
 * Of two failures the first one is thrown: what made the work fail tells more than why it could not be put away.
 */
export async function withWorkspace<T>(
  folder: string | undefined,
  options: Omit<WorkspaceOptions, 'progress'>,
  use: (work: Work) => Promise<T>,
): Promise<T> {
  const line = new ProgressLine(process.stderr);
  const progress = (done: number, all: number) =>
    line.update({ phase: options.rebuild === true ? 'rebuilding' : 'catching up', done: done / all, rows: done });
  const workspace = await Workspace.open(folder, { ...options, progress }).finally(() => line.end());
  let result: T;
  try {
    sayWhatWasCut(workspace);
    result = await use({ workspace, line });
  } catch (error) {
    line.end();
    await workspace.close().catch(() => undefined);
    throw error;
  }
  line.end();
  await workspace.close();
  return result;
}

function sayWhatWasCut({ log }: Workspace): void {
  const { cutBytes } = log.recovered;
  if (cutBytes === 0) return;
  say(
    `The last run ended abruptly: ${grouped(cutBytes)} bytes at the end of the log that were not written completely ` +
      'have been removed. Nothing that was acknowledged is lost.\n',
  );
}
