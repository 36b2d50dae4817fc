import { Command } from 'commander';
import { UsageError } from './failure.ts';
import { FOLDER_OPTION, withStore } from './folder.ts';
import { functionsTable, functionText } from './functions-text.ts';
import { parseProfile } from './profile.ts';

/** `gait functions`: what is normal for each function. */
export function functionsCommand(): Command {
  return new Command('functions')
    .description('List the functions, or show what is normal for one.')
    .argument('[name]', 'a function key, or any part of it')
    .option(...FOLDER_OPTION)
    .option('--json', 'one function a line')
    .action(async (name: string | undefined, options: { data?: string; json?: true }) => {
      const profiles = await withStore(options.data, (store) =>
        store.functions().map((one) => parseProfile(one.content)),
      );
      const found = name === undefined ? profiles : profiles.filter((one) => one.key.includes(name));
      if (name !== undefined && found.length === 0) {
        throw new UsageError(`No function has ${name} in its key. \`gait functions\` lists them all.`);
      }
      if (options.json === true) for (const one of found) process.stdout.write(`${JSON.stringify(one)}\n`);
      else process.stdout.write(name === undefined ? functionsTable(found) : found.map(functionText).join('\n'));
    });
}
