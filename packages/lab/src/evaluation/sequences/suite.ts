import { existsSync, readFileSync } from 'node:fs';
import { proportionText } from '../intervals.ts';
import { type Suite, type SuiteReport, UsageError } from '../suite.ts';
import { SequenceScorer, type Symbols } from './model.ts';

/** Percent of normal traces that may be reported. */
const FALSE_ALARMS = [1, 5, 10, 15, 20] as const;

/** A trace of a file, as its line says. */
interface Labelled {
  readonly label: string;
  readonly symbols: Symbols;
}

interface Scored {
  readonly label: string;
  readonly score: number;
}

/**
 * The engine's model of order on sequences of symbols, system calls for example: trained on normal traces, asked about others. Lines
 * of the files are `label<TAB>symbols`, symbols separated by spaces.
 */
export const sequencesSuite: Suite = {
  id: 'sequences',
  title: 'Sequences: order of symbols in traces',
  needs: '--train, --normal and --attack with files of lines `label<TAB>symbols`, symbols separated by spaces',
  options: ['train', 'normal', 'attack'],
  run({ options, progress }): Promise<SuiteReport | undefined> {
    const [train, normal, attack] = ['train', 'normal', 'attack'].map((name) => options.get(name) ?? []);
    if (train.length + normal.length + attack.length === 0) return Promise.resolve(undefined);
    if (train.length === 0 || normal.length === 0 || attack.length === 0)
      throw new UsageError('--train, --normal and --attack go together.');
    const numbers = new Map<string, number>();
    const scorer = new SequenceScorer(readAll(train, numbers).map(({ symbols }) => symbols));
    progress('trained');
    const scored = (paths: readonly string[]): Scored[] =>
      readAll(paths, numbers).map(({ label, symbols }) => ({ label, score: scorer.score(symbols) }));
    return Promise.resolve(reportOf(scored(normal), scored(attack)));
  },
};

function readAll(paths: readonly string[], numbers: Map<string, number>): Labelled[] {
  return paths.flatMap((path) => {
    if (!existsSync(path)) throw new UsageError(`There is no file '${path}'.`);
    const traces = parseTraces(readFileSync(path, 'utf8'), numbers);
    if (traces.length === 0) throw new UsageError(`There are no traces in '${path}': lines are label<TAB>symbols.`);
    return traces;
  });
}

/** Traces of a text; symbols get the next free number when they first appear. */
export function parseTraces(text: string, numbers: Map<string, number>): Labelled[] {
  return text.split(/\r?\n/).flatMap((line) => {
    const tab = line.indexOf('\t');
    const symbols = line
      .slice(tab + 1)
      .split(/\s+/)
      .filter((symbol) => symbol !== '');
    if (symbols.length === 0) return [];
    const known = symbols.map((symbol) => {
      const number = numbers.get(symbol) ?? numbers.size + 1;
      numbers.set(symbol, number);
      return number;
    });
    return [{ label: tab < 0 ? '' : line.slice(0, tab), symbols: Uint32Array.from(known) }];
  });
}

/** Figures of scored traces. */
export function reportOf(normal: readonly Scored[], attack: readonly Scored[]): SuiteReport {
  const auc = areaUnder(normal, attack);
  const thresholds = FALSE_ALARMS.map((percent) => ({ percent, least: thresholdAt(normal, percent / 100) }));
  const detected = (of: readonly Scored[], least: number) => of.filter(({ score }) => score > least).length;
  const labels = [...new Set(attack.map(({ label }) => label))].sort();
  const byLabel = labels.map((label) => {
    const of = attack.filter((one) => one.label === label);
    return { label, of, auc: areaUnder(normal, of) };
  });
  const rate = (of: readonly Scored[], least: number) => round(detected(of, least) / of.length);
  const at = (of: readonly Scored[]) =>
    Object.fromEntries(thresholds.map(({ percent, least }) => [percent, rate(of, least)]));
  return {
    json: {
      auc: round(auc),
      detectionAt: at(attack),
      byLabel: Object.fromEntries(
        byLabel.map(({ label, of, auc: own }) => [label, { traces: of.length, auc: round(own), detectionAt: at(of) }]),
      ),
      normal: normal.length,
      attack: attack.length,
    },
    sections: [
      { text: `${normal.length} normal traces and ${attack.length} attacks; area under the curve ${round(auc)}.` },
      {
        table: {
          head: ['false alarms', 'of normal traces', 'attacks found'],
          rows: thresholds.map(({ percent, least }) => [
            `at most ${percent} %`,
            proportionText(detected(normal, least), normal.length),
            proportionText(detected(attack, least), attack.length),
          ]),
        },
      },
      {
        table: {
          head: ['attack', 'traces', 'area', ...thresholds.map(({ percent }) => `found at ${percent} %`)],
          rows: byLabel.map(({ label, of, auc: own }) => [
            label,
            of.length,
            round(own),
            ...thresholds.map(({ least }) => rate(of, least)),
          ]),
        },
      },
    ],
  };
}

/** Chance that an attack scores higher than a normal trace, ties counted half (H. Mann, D. Whitney, 1947). */
export function areaUnder(normal: readonly Scored[], attack: readonly Scored[]): number {
  const sorted = Float64Array.from(normal, ({ score }) => score).sort();
  let sum = 0;
  for (const { score } of attack) sum += (countBelow(sorted, score, false) + countBelow(sorted, score, true)) / 2;
  return sum / (normal.length * attack.length);
}

/** Score that at most this share of normal traces exceeds. */
function thresholdAt(normal: readonly Scored[], share: number): number {
  const sorted = Float64Array.from(normal, ({ score }) => score).sort();
  return sorted[Math.max(0, sorted.length - 1 - Math.floor(share * sorted.length))];
}

/** Values below one, or not above it, of a sorted list. */
function countBelow(sorted: Float64Array, value: number, orEqual: boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value || (orEqual && sorted[middle] === value)) low = middle + 1;
    else high = middle;
  }
  return low;
}

function round(value: number): number {
  return Number(value.toFixed(4));
}
