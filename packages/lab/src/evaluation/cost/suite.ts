import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { Json, Suite, SuiteContext, SuiteReport } from '../suite.ts';
import type { CellResult } from './cell.ts';
import type { Spread } from './traffic.ts';

const FUNCTIONS = [1000, 10_000, 100_000] as const;
const SPREADS: readonly Spread[] = ['zipf', 'uniform'];
const ROUNDS = 7;
/** The cell whose figures stand for all where one is asked for: the bars are set at it. */
const STANDARD = { functions: 10_000, spread: 'zipf' } as const;

interface Cell {
  readonly functions: number;
  readonly spread: Spread;
  readonly result: CellResult;
}

/** What judging an event costs: time, memory touched and held, by number of functions, with all detectors. */
export const costSuite: Suite = {
  id: 'cost',
  title: 'Cost of an event',
  needs: '',
  options: [],
  run(context): Promise<SuiteReport> {
    const cells = FUNCTIONS.flatMap((functions) => SPREADS.map((spread) => measured(functions, spread, context)));
    return Promise.resolve({ json: jsonOf(cells), sections: sectionsOf(cells) });
  },
};

/** One cell in a process of its own. */
function measured(functions: number, spread: Spread, context: SuiteContext): Cell {
  context.progress(`${functions} functions, ${spread}`);
  const args = ['--expose-gc', '--max-old-space-size=8192', join(import.meta.dirname, 'cell.ts')];
  const child = spawnSync(process.execPath, [...args, String(functions), spread, String(ROUNDS)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  if (child.status !== 0) throw new Error(`measuring ${functions} functions failed`);
  const result: CellResult = JSON.parse(child.stdout);
  return { functions, spread, result };
}

function jsonOf(cells: readonly Cell[]): { readonly [key: string]: Json } {
  const { result } = standard(cells);
  const bySpread = (of: (result: CellResult) => number) =>
    Object.fromEntries(
      SPREADS.map((spread) => [
        spread,
        Object.fromEntries(cells.filter((one) => one.spread === spread).map((one) => [one.functions, of(one.result)])),
      ]),
    );
  const ns = bySpread(({ nsPerEvent }) => Math.round(nsPerEvent));
  return {
    nsPerEvent: ns[STANDARD.spread],
    bySpread: ns,
    ratioToParse: bySpread(({ ratio }) => Number(ratio.toPrecision(3))),
    byFamily: Object.fromEntries(
      Object.entries(result.byFamily).map(([family, share]) => [family, Math.round(share * result.nsPerEvent)]),
    ),
    touchedBytes: Math.round(result.touchedBytes),
    hotBytesPerFunction: Math.round(result.state.hot),
    coldBytesPerFunction: Math.round(result.state.cold),
  };
}

function standard(cells: readonly Cell[]): Cell {
  const found = cells.find(({ functions, spread }) => functions === STANDARD.functions && spread === STANDARD.spread);
  if (found === undefined) throw new Error('the standard cell was not measured');
  return found;
}

function sectionsOf(cells: readonly Cell[]): SuiteReport['sections'] {
  const rows = cells.map(({ functions, spread, result }) => [
    functions,
    spread,
    Math.round(result.nsPerEvent),
    Math.round(result.parseNs),
    `${result.ratio.toFixed(2)} x`,
    Math.round(result.touchedBytes),
    Math.round(result.state.hot),
    Math.round(result.state.cold),
  ]);
  const { result } = standard(cells);
  const shares = Object.entries(result.byFamily).sort((a, b) => b[1] - a[1]);
  const stores = Object.entries(result.state.byStore).sort((a, b) => b[1] - a[1]);
  return [
    {
      text: "One event is what a record of 600 bytes decodes to: eight numbers, four calls, one of them out of the account. Time is the engine alone, decoding apart; beside it `JSON.parse` of such a record in the same run. Touched: cache lines of functions' state that an event changes. Hot state is used with each event, cold state when a minute, hour or day is closed.",
    },
    {
      table: {
        head: [
          'functions',
          'spread',
          'ns an event',
          'ns JSON.parse',
          'ratio',
          'touched bytes',
          'hot bytes',
          'cold bytes',
        ],
        rows,
      },
    },
    {
      table: {
        head: ['family', 'share of the time', 'ns'],
        rows: shares.map(([family, share]) => [
          family,
          `${(100 * share).toFixed(1)} %`,
          Math.round(share * result.nsPerEvent),
        ]),
      },
    },
    {
      table: { head: ['state of a function', 'bytes'], rows: stores.map(([name, bytes]) => [name, Math.round(bytes)]) },
    },
  ];
}
