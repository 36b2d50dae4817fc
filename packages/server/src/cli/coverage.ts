import { Command } from 'commander';
import type { Json } from '../storage/store.ts';
import { FOLDER_OPTION, withStore } from './folder.ts';

interface Row {
  readonly capability: string;
  readonly full: number;
  readonly partial: number;
  readonly dark: number;
}

/** `gait coverage`: what can be seen, for how many functions. */
export function coverageCommand(): Command {
  return new Command('coverage')
    .description('Show what can be seen of the functions, and what cannot.')
    .option(...FOLDER_OPTION)
    .option('--json', 'one capability a line')
    .action(async (options: { data?: string; json?: true }) => {
      const rows = await withStore(options.data, (store) => store.coverage().map((one) => parseRow(one.content)));
      if (options.json === true) for (const row of rows) process.stdout.write(`${JSON.stringify(row)}\n`);
      else process.stdout.write(coverageText(rows));
    });
}

/** The matrix as a table. "No findings" in a dark row means "no data". */
export function coverageText(rows: readonly Row[]): string {
  if (rows.length === 0) return 'No functions yet.\n';
  const width = Math.max(...rows.map((row) => row.capability.length));
  const head = `${'capability'.padEnd(width)}  ${'full'.padStart(6)}  ${'in part'.padStart(7)}  ${'dark'.padStart(6)}   functions\n`;
  const lines = rows.map(
    (row) =>
      `${row.capability.padEnd(width)}  ${cell(row.full, 6)}  ${cell(row.partial, 7)}  ${cell(row.dark, 6)}${row.dark > 0 && row.full + row.partial === 0 ? '   nothing is seen here' : ''}\n`,
  );
  return head + lines.join('');
}

function cell(count: number, width: number): string {
  return (count === 0 ? '-' : String(count)).padStart(width);
}

function parseRow(content: Json): Row {
  const fields: Readonly<Record<string, unknown>> =
    typeof content === 'object' && content !== null ? { ...content } : {};
  const number = (name: string) => (typeof fields[name] === 'number' ? fields[name] : 0);
  const capability = typeof fields['capability'] === 'string' ? fields['capability'] : '';
  return { capability, full: number('full'), partial: number('partial'), dark: number('dark') };
}
