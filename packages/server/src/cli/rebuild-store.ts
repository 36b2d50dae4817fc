import { Command } from 'commander';
import { grouped } from '../render/words.ts';
import { existingFolder, FOLDER_OPTION, word } from './folder.ts';
import { interruptible } from './interrupt.ts';
import { print } from './output.ts';
import { withWorkspace } from './workspace.ts';

/** `gait rebuild-store`: makes the tables people see again from the log. */
export function rebuildStoreCommand(): Command {
  return new Command('rebuild-store')
    .description('Make findings, incidents and profiles again from the log.')
    .option(...FOLDER_OPTION)
    .action(async (options: { data?: string }) => {
      const folder = await existingFolder(options.data);
      await interruptible(
        (signal) => rebuild(folder, signal),
        `The log is as it was. Make the store again: gait rebuild-store --data ${word(folder)}`,
      );
    });
}

async function rebuild(folder: string, signal: AbortSignal): Promise<void> {
  await withWorkspace(folder, { rebuild: true, signal }, async ({ workspace }) => {
    const { replayed, found } = workspace;
    const counts = `${counted(found.findings, 'finding')} and ${counted(found.watch, 'weak signal')}`;
    print(`Made the store again from ${grouped(replayed)} records of the log: ${counts}.\n`);
  });
}

function counted(count: number, what: string): string {
  return `${grouped(count)} ${what}${count === 1 ? '' : 's'}`;
}
