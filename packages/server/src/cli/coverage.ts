import { isPartial } from '@gait/engine/baselines/namesakes';
import type { Standing } from '@gait/engine/standing';
import { Command } from 'commander';
import type { PlaceSource } from '../ingest/places/places.ts';
import { printable } from '../render/printable.ts';
import { calibrationText } from '../render/standing-text.ts';
import { readPlaceSources } from '../runtime/place-sources.ts';
import type { Json } from '../storage/store.ts';
import { FOLDER_OPTION, withStore } from './folder.ts';
import { print } from './output.ts';

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
      const { rows, unresolved, standing } = await withStore(options.data, ({ store }) => ({
        rows: store.coverage().map((one) => parseRow(one.content)),
        standing: store.standing(),
        unresolved: store.functions().filter(({ key }) => isPartial(key)).length,
      }));
      if (options.json === true) for (const row of rows) print(`${JSON.stringify(row)}\n`);
      else {
        const places = placesText(readPlaceSources(options.data));
        print(coverageText(rows) + unresolvedText(unresolved) + places + honestyText(standing));
      }
    });
}

/** The matrix as a table. "No findings" in a dark row means "no data". */
export function coverageText(rows: readonly Row[]): string {
  const functions = rows.length === 0 ? 0 : rows[0].full + rows[0].partial + rows[0].dark;
  if (functions === 0) return 'No functions yet.\n';
  const width = Math.max(...rows.map((row) => row.capability.length));
  const head = `${''.padEnd(width)}  ${'seen'.padStart(7)}  ${'in part'.padStart(7)}  ${'not'.padStart(7)}\n`;
  const lines = rows.map(({ capability, full, partial, dark }) => {
    const cells = `${capability.padEnd(width)}  ${cell(full)}  ${cell(partial)}  ${cell(dark)}`;
    return `${cells}${full + partial === 0 ? '   no finding here means no data' : ''}\n`;
  });
  return `Of how many functions it can be seen:\n\n${head}${lines.join('')}`;
}

/** How often rarities were claimed, against how often they should have been. */
function honestyText(standing: Standing | undefined): string {
  const text = standing === undefined ? '' : calibrationText(standing.calibration);
  return text === '' ? '' : `\nHow honest rarities are, over what was judged:\n\n${text}`;
}

/** Whether countries and owners of networks are known, and how old that knowledge is. */
function placesText(sources: readonly PlaceSource[]): string {
  const of = (what: PlaceSource['what']) => sources.find((source) => source.what === what);
  const said = (what: PlaceSource['what'], name: string, key: string) => {
    const source = of(what);
    if (source !== undefined) return `${name} by ${printable(source.name)} of ${source.built || 'unknown date'}`;
    return `${name} not known: no finding about it means no data (geo.${key}, --geo-${key})`;
  };
  return `\nPlaces of callers: ${said('country', 'country', 'country')}; ${said('asn', 'owner of the network', 'asn')}.\n`;
}

/** Functions that could be several: their sources do not say where they run. */
function unresolvedText(count: number): string {
  if (count === 0) return '';
  const whose = count === 1 ? '1 function comes' : `${count} functions come`;
  return `\n${whose} from sources without account or region, and cannot be joined with what others say of them.\nReplay with --account and --region to name them.\n`;
}

function cell(count: number): string {
  return (count === 0 ? '-' : String(count)).padStart(7);
}

function parseRow(content: Json): Row {
  const fields: Readonly<Record<string, unknown>> =
    typeof content === 'object' && content !== null ? { ...content } : {};
  const number = (name: string) => (typeof fields[name] === 'number' ? fields[name] : 0);
  const capability = typeof fields['capability'] === 'string' ? fields['capability'] : '';
  return { capability, full: number('full'), partial: number('partial'), dark: number('dark') };
}
