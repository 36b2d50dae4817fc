import { Command } from 'commander';
import { Workspace } from '../runtime/workspace.ts';
import { existingFolder, FOLDER_OPTION } from './folder.ts';
import { grouped } from './progress.ts';

/** `gait rebuild-store`: makes the tables people see again from the log. */
export function rebuildStoreCommand(): Command {
  return new Command('rebuild-store')
    .description('Make findings, incidents and profiles again from the log.')
    .option(...FOLDER_OPTION)
    .action(async (options: { data?: string }) => {
      const workspace = await Workspace.open(await existingFolder(options.data), { rebuild: true });
      try {
        const { replayed } = workspace.counts;
        process.stdout.write(`Made the store again from ${grouped(replayed)} records of the log.\n`);
      } finally {
        await workspace.close();
      }
    });
}
