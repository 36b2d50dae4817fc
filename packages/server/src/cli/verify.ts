import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { verifyLog } from '../forensics/verify.ts';
import { FOLDER } from '../runtime/workspace.ts';
import { existingFolder, FOLDER_OPTION } from './folder.ts';

/** `gait verify`: proves that the log is what was written, or names the first bad place. */
export function verifyCommand(): Command {
  return new Command('verify')
    .description('Prove that the log is what was written, or name the first bad place.')
    .option(...FOLDER_OPTION)
    .option('--anchor <file>', 'signed heads kept elsewhere, one a line')
    .option('--json', 'the report as JSON')
    .action(async (options: { data?: string; anchor?: string; json?: true }) => {
      const folder = await existingFolder(options.data);
      const anchor = options.anchor === undefined ? {} : { anchor: await readFile(options.anchor, 'utf8') };
      const report = await verifyLog(join(folder, FOLDER.log), anchor);
      process.stdout.write(`${options.json === true ? JSON.stringify(report) : report.statement.join('\n')}\n`);
      if (!report.ok) process.exitCode = 1;
    });
}
