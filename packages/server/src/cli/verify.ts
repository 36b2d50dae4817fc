import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { verifyLog } from '../forensics/verify.ts';
import { FOLDER } from '../runtime/folder.ts';
import { AbsentError } from './failure.ts';
import { existingFolder, FOLDER_OPTION } from './folder.ts';
import { print } from './output.ts';

/** `gait verify`: proves that the log is what was written, or names the first bad place. */
export function verifyCommand(): Command {
  return new Command('verify')
    .description('Prove that the log is what was written, or name the first bad place.')
    .option(...FOLDER_OPTION)
    .option('--anchor <file>', 'signed heads kept elsewhere, one a line')
    .option('--json', 'the report as JSON')
    .action(async (options: { data?: string; anchor?: string; json?: true }) => {
      const folder = await existingFolder(options.data);
      const anchor = options.anchor === undefined ? {} : { anchor: await readAnchor(options.anchor) };
      const report = await verifyLog(join(folder, FOLDER.log), anchor);
      print(`${options.json === true ? JSON.stringify(report) : report.statement.join('\n')}\n`);
      if (!report.ok) process.exitCode = 1;
    });
}

async function readAnchor(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new AbsentError(`The anchor could not be read. ${reason}`, { cause });
  }
}
