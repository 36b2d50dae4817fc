import type { CheckpointResult } from './checkpoint-cell.ts';
import type { CellResult } from './pipeline-cell.ts';
import type { Spread } from './record-source.ts';

/** One measured cell and what it was. */
export interface Cell {
  readonly functions: number;
  readonly spread: Spread;
  readonly result: CellResult;
}

/** Figures as a program reads them: throughputs as ratios to `JSON.parse` of the same bytes. */
export function jsonReport(cells: readonly Cell[]): string {
  const functions: Record<string, Partial<Record<Spread, CellResult['ratios']>>> = {};
  for (const { functions: count, spread, result } of cells) {
    const { decode, decodeStep, decodeStepAppend } = result.ratios;
    functions[count] = {
      ...functions[count],
      [spread]: {
        decode: rounded(decode),
        decodeStep: rounded(decodeStep),
        decodeStepAppend: rounded(decodeStepAppend),
      },
    };
  }
  return JSON.stringify({ functions, hotBytesPerFunction: hotBytes(cells), rssMb: Math.round(peakRss(cells)) });
}

/** Figures as a person reads them. */
export function tableReport(cells: readonly Cell[]): string {
  const rows = cells.map(({ functions, spread, result }) => {
    const { ratios } = result;
    return [
      functions.toLocaleString('en'),
      spread,
      thousands(result.parse),
      withRatio(result.decode, ratios.decode),
      withRatio(result.decodeStep, ratios.decodeStep),
      withRatio(result.decodeStepAppend, ratios.decodeStepAppend),
      Math.round(result.bytesPerFunction).toLocaleString('en'),
      Math.round(result.rssMb).toLocaleString('en'),
    ];
  });
  const head = ['functions', 'spread', 'JSON.parse', 'decode', '+ step', '+ append', 'bytes/function', 'RSS MB'];
  const table = aligned([head, ...rows]);
  return `${table}\nthousand records a second (and as a multiple of JSON.parse of the same bytes); medians\n`;
}

/** One measured size of the engine. */
export interface CheckpointCell {
  readonly functions: number;
  readonly result: CheckpointResult;
}

/** Figures of checkpoints as a program reads them: pause and total as ratios to copying the same number of bytes. */
export function checkpointJson(cells: readonly CheckpointCell[]): string {
  const entries = cells.map(({ functions, result }) => {
    const { stateMb, pauseMs, ratios } = result;
    const figures = {
      pause: rounded(ratios.pause),
      total: rounded(ratios.total),
      pauseMsPer100Mb: rounded((pauseMs * 100) / stateMb),
      stateMb: Math.round(stateMb),
    };
    return [functions, figures] as const;
  });
  return JSON.stringify({ functions: Object.fromEntries(entries) });
}

/** Figures of checkpoints as a person reads them. */
export function checkpointTable(cells: readonly CheckpointCell[]): string {
  const rows = cells.map(({ functions, result: { stateMb, copyMs, pauseMs, totalMs, profilesMs, ratios } }) => [
    functions.toLocaleString('en'),
    stateMb.toFixed(0),
    copyMs.toFixed(1),
    `${pauseMs.toFixed(1)} (${ratios.pause.toFixed(2)})`,
    `${totalMs.toFixed(0)} (${ratios.total.toFixed(1)})`,
    profilesMs.toFixed(1),
  ]);
  const head = ['functions', 'state MB', 'copy', 'pause', 'total', 'profiles'];
  return `${aligned([head, ...rows])}\nmilliseconds (and as a multiple of copying as many bytes); medians\n`;
}

/** Median of a list that is not empty. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Fixed costs count least where functions are most. */
function hotBytes(cells: readonly Cell[]): number {
  const most = Math.max(...cells.map(({ functions }) => functions));
  const figures = cells.filter(({ functions }) => functions === most).map(({ result }) => result.bytesPerFunction);
  return Math.round(median(figures));
}

function peakRss(cells: readonly Cell[]): number {
  return Math.max(...cells.map(({ result }) => result.rssMb));
}

function thousands(value: number): string {
  return (value / 1000).toFixed(0);
}

function withRatio(value: number, ratio: number): string {
  return `${thousands(value)} (${ratio.toFixed(2)})`;
}

function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** Rows of cells as lines with columns; numbers stand at the right. */
export function aligned(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => row.map((cell, column) => cell.padStart(widths[column])).join('  ')).join('\n');
}
