import { Command } from 'commander';
import { printable } from '../render/printable.ts';
import { AbsentError } from './failure.ts';
import { FOLDER_OPTION, withStore, word } from './folder.ts';
import { functionsTable, functionText } from './functions-text.ts';
import { outputStyle, print } from './output.ts';
import { parseProfile, profileObject } from './profile.ts';

/** `gait functions`: what is normal for each function. */
export function functionsCommand(): Command {
  return new Command('functions')
    .description('List the functions, or show what is normal for some.')
    .argument('[name]', 'a function key, or any part of it')
    .option(...FOLDER_OPTION)
    .option('--json', 'one function a line')
    .action(async (name: string | undefined, options: { data?: string; json?: true }) => {
      await withStore(options.data, ({ store, folder }) => {
        const profiles = store.functions().map((one) => parseProfile(one.content));
        const found = name === undefined ? profiles : profiles.filter((one) => one.key.includes(name));
        if (name !== undefined && found.length === 0) {
          const all = `gait functions --data ${word(folder)}`;
          throw new AbsentError(`No function has ${printable(name)} in its key. All of them: ${all}`);
        }
        const { width } = outputStyle(process.stdout);
        if (options.json === true) for (const one of found) print(`${JSON.stringify(profileObject(one))}\n`);
        else if (name === undefined) print(functionsTable(found, width));
        else print(found.map((one) => functionText(one, width)).join('\n'));
      });
    });
}
