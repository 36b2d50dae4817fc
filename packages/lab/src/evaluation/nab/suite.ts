import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { ChartSection, Json, Section, Suite, SuiteReport } from '../suite.ts';
import { type Detected, detect, SHIPPED_LEVEL } from './detect.ts';
import { bestThreshold, type NabScore, PROFILES, probationRows, type ScoredSeries, scoreAt } from './scorer.ts';
import { type NabFile, nabFolder, publishedScores, readNab } from './series.ts';

const PROFILE_NAMES = ['standard', 'lowFp', 'lowFn'] as const;
/** Longest time a series may be scored again and again to measure what a point costs. */
const TIMING_ROUNDS = 5;

interface Scored {
  readonly file: NabFile;
  readonly detected: Detected;
}

/** Metrics with labelled anomalies, by the rules of the Numenta Anomaly Benchmark. */
export const nabSuite: Suite = {
  id: 'nab',
  title: 'Metrics: the Numenta Anomaly Benchmark',
  needs: 'a folder nab with data/*/*.csv and labels/combined_windows.json',
  options: [],
  run(context): Promise<SuiteReport | undefined> {
    const folder = context.data === undefined ? undefined : nabFolder(context.data);
    if (folder === undefined) return Promise.resolve(undefined);
    const scored = readNab(folder).map((file) => {
      context.progress(file.name);
      return { file, detected: detect(file.times, file.values) };
    });
    if (context.out !== undefined) writeScores(context.out, scored);
    return Promise.resolve(reportOf(folder, scored));
  },
};

function writeScores(out: string, scored: readonly Scored[]): void {
  for (const { file, detected } of scored) {
    const path = join(out, file.name);
    mkdirSync(dirname(path), { recursive: true });
    const lines = file.stamps.map((stamp, row) => `${stamp},${file.values[row]},${detected.scores[row]}`);
    writeFileSync(path, `timestamp,value,anomaly_score\n${lines.join('\n')}\n`);
  }
}

function reportOf(folder: string, scored: readonly Scored[]): SuiteReport {
  const all = scored.map(seriesOf);
  const best = PROFILE_NAMES.map((name) => bestThreshold(all, PROFILES[name]));
  const fixed = PROFILE_NAMES.map((name) => scoreAt(all, PROFILES[name], SHIPPED_LEVEL));
  const groups = [...new Set(scored.map(({ file }) => file.group))];
  const byGroup = groups.map((group) => ({ group, scores: groupScores(scored, group, best[0].threshold) }));
  const cost = costOf(scored);
  const checks = publishedChecks(folder, scored);
  const quiet = quietFiles(scored);
  return {
    json: {
      standard: round(best[0].score),
      lowFp: round(best[1].score),
      lowFn: round(best[2].score),
      groups: Object.fromEntries(byGroup.map(({ group, scores }) => [group, scores.json])),
      falsePositivesPer1000: round((1000 * fixed[0].falsePositives) / fixed[0].points),
      fixed: Object.fromEntries(PROFILE_NAMES.map((name, at) => [name, round(fixed[at].score)])),
      windows: best[0].windows,
      found: best[0].found,
      bestThreshold: best[0].threshold,
      shippedThreshold: SHIPPED_LEVEL,
      nsPerPoint: cost.ns,
      nsPerPointToSort: cost.ratio,
      scorerAgrees: checks.agrees,
    },
    sections: [
      { text: intro(scored, fixed[0]) },
      profileTable(best, fixed),
      {
        table: {
          head: ['group', 'files', 'windows', 'standard', 'found', 'false'],
          rows: byGroup.map(({ scores }) => scores.row),
        },
      },
      ...checks.sections,
      fileTable(scored),
      ...quiet,
      {
        text: `A point costs ${cost.ns} ns, ${cost.ratio} times what sorting its value into place costs (\`Float64Array.sort\` of the same values, in the same run).`,
      },
      ...pictures(scored),
    ],
  };
}

function seriesOf({ file, detected }: Scored): ScoredSeries {
  return { name: file.name, times: file.times, scores: detected.scores, windows: file.windows };
}

function intro(scored: readonly Scored[], fixed: NabScore): string {
  const points = scored.reduce((sum, { file }) => sum + file.values.length, 0);
  return `${scored.length} series, ${points} points, ${fixed.windows} labelled windows. Each value is judged by those before it; the scorer is told neither least nor greatest value of a file, nor how long it is. One configuration, the one that ships. *Best* is the single threshold over all files that is worth most, as published results are; *shipped* is the level at which the product raises an alarm.`;
}

function profileTable(best: readonly NabScore[], fixed: readonly NabScore[]): Section {
  const rows = PROFILE_NAMES.map((name, at) => [
    name,
    round(best[at].score),
    round(fixed[at].score),
    `${best[at].found} / ${fixed[at].found} of ${best[at].windows}`,
    `${best[at].falsePositives} / ${fixed[at].falsePositives}`,
  ]);
  return { table: { head: ['profile', 'best', 'shipped', 'windows found', 'false alarms'], rows } };
}

function groupScores(scored: readonly Scored[], group: string, threshold: number) {
  const own = scored.filter(({ file }) => file.group === group).map(seriesOf);
  const at = scoreAt(own, PROFILES.standard, threshold);
  const json: Json = {
    files: own.length,
    windows: at.windows,
    standard: at.windows === 0 ? null : round(at.score),
    found: at.found,
    falsePositives: at.falsePositives,
  };
  const standard = at.windows === 0 ? '-' : round(at.score);
  return { json, row: [group, own.length, at.windows, standard, at.found, at.falsePositives] };
}

/** The scorer of this suite on results that others published, beside what they should give. */
function publishedChecks(folder: string, scored: readonly Scored[]): { agrees: boolean | null; sections: Section[] } {
  const expected = readExpected(folder);
  if (expected === undefined) return { agrees: null, sections: [] };
  let agrees = true;
  const rows: (string | number)[][] = [];
  for (const [detector, figures] of Object.entries(expected)) {
    const series = scored.flatMap(({ file }) => {
      const scores = publishedScores(folder, detector, file.name);
      return scores === undefined ? [] : [{ name: file.name, times: file.times, scores, windows: file.windows }];
    });
    if (series.length !== scored.length) continue;
    const own = PROFILE_NAMES.map((name) => publishedScore(series, figures, name));
    for (const [at, name] of PROFILE_NAMES.entries())
      agrees &&= Math.abs(own[at] - (figures[name] ?? Number.NaN)) <= 0.01;
    const should = PROFILE_NAMES.map((name) => figures[name] ?? Number.NaN).join(' / ');
    rows.push([detector, own.map(round).join(' / '), should]);
  }
  if (rows.length === 0) return { agrees: null, sections: [] };
  const head = ['published detector, told the range beforehand', 'this scorer: standard / low FP / low FN', 'expected'];
  return { agrees, sections: [{ table: { head, rows } }] };
}

/** Score at the threshold that is said to be the best one; it is rounded to six digits, so that just below it counts as well. */
function publishedScore(
  series: readonly ScoredSeries[],
  figures: Record<string, number>,
  name: (typeof PROFILE_NAMES)[number],
): number {
  const threshold = figures[`${name}Threshold`] ?? Number.NaN;
  const scores = [threshold, threshold - 5e-7].map((one) => scoreAt(series, PROFILES[name], one).score);
  return scores.reduce((a, b) => (Math.abs(a - (figures[name] ?? 0)) <= Math.abs(b - (figures[name] ?? 0)) ? a : b));
}

function readExpected(folder: string): Record<string, Record<string, number>> | undefined {
  const path = join(folder, 'results');
  try {
    if (!readdirSync(path).includes('EXPECTED.json')) return undefined;
  } catch {
    return undefined;
  }
  return JSON.parse(readFileSync(join(path, 'EXPECTED.json'), 'utf8'));
}

function fileTable(scored: readonly Scored[]): Section {
  const rows = scored.map((one) => {
    const { file, detected } = one;
    const at = scoreAt([seriesOf(one)], PROFILES.standard, SHIPPED_LEVEL);
    const after = detected.alarms.filter(({ row }) => row >= probationRows(file.values.length));
    const counts = new Map<string, number>();
    for (const { channel } of after) counts.set(channel, (counts.get(channel) ?? 0) + 1);
    const by = [...counts].map(([channel, count]) => `${count} ${channel}`).join(', ');
    return [file.name, file.values.length, `${at.found} of ${at.windows}`, at.falsePositives, by];
  });
  return { table: { head: ['series', 'points', 'windows found', 'false alarms', 'alarms by channel'], rows } };
}

/** Calibration on series in which nothing happens, after the part for learning. */
function quietFiles(scored: readonly Scored[]): Section[] {
  const rows = scored
    .filter(({ file }) => file.windows.length === 0)
    .map(({ file, detected }) => {
      const judged = detected.rarities.slice(probationRows(detected.rarities.length));
      const below = (level: number) => judged.filter((rarity) => rarity <= level).length / judged.length;
      const distances = [0.5, 0.2, 0.1, 0.05, 0.02, 0.01].map((level) => below(level) - level);
      return [file.name, judged.length, Math.max(0, ...distances), below(0.01), below(0.001)];
    });
  if (rows.length === 0) return [];
  const head = ['series without anomalies', 'points', 'too often rare, at most by', 'share <= 0.01', 'share <= 0.001'];
  return [{ table: { head, rows } }];
}

function costOf(scored: readonly Scored[]): { ns: number; ratio: number } {
  const points = scored.reduce((sum, { file }) => sum + file.values.length, 0);
  let best = Number.POSITIVE_INFINITY;
  let sort = Number.POSITIVE_INFINITY;
  for (let round = 0; round < TIMING_ROUNDS; round++) {
    best = Math.min(
      best,
      timed(() => scored.map(({ file }) => detect(file.times, file.values))),
    );
    sort = Math.min(
      sort,
      timed(() => scored.map(({ file }) => Float64Array.from(file.values).sort())),
    );
  }
  return { ns: Math.round((best * 1e6) / points), ratio: round(best / sort) };
}

function timed(work: () => unknown): number {
  const startedMs = performance.now();
  work();
  return performance.now() - startedMs;
}

/** One picture a file: the values, the labelled windows, the alarms. */
function pictures(scored: readonly Scored[]): ChartSection[] {
  return scored
    .filter(({ file }) => file.windows.length > 0)
    .map(({ file, detected }) => {
      const from = file.times[0] ?? 0;
      const day = (second: number) => (second - from) / 86_400;
      return {
        name: `nab-${file.name.replaceAll(/[^A-Za-z0-9]+/g, '-').replace(/-csv$/, '')}`,
        chart: {
          title: `${file.name}: labelled windows shaded, alarms circled`,
          x: { label: 'days' },
          y: { label: 'value' },
          series: [{ name: '', style: 'line', points: file.values.map((y, row) => ({ x: day(file.times[row]), y })) }],
          spans: file.windows.map(([start, end]) => ({ from: day(start), to: day(end) })),
          marks: detected.alarms.map(({ row, channel }) => ({
            x: day(file.times[row]),
            y: file.values[row],
            text: channel,
          })),
        },
      };
    });
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
