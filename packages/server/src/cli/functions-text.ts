import type { FunctionProfile, MetricProfile, ValueProfile } from '@gait/engine/profile';
import { defang } from '../render/defang.ts';
import { shortName } from '../render/function-place.ts';
import { grouped } from './progress.ts';

/** Values named in a line; more are counted. */
const VALUES_NAMED_MAX = 3;
/** Characters of the name column. */
const NAME_CHARS_MAX = 40;

/** A line for each function: how much is known, how long it takes, whom it calls. */
export function functionsTable(profiles: readonly FunctionProfile[]): string {
  if (profiles.length === 0) return 'No functions yet.\n';
  const name = Math.min(NAME_CHARS_MAX, Math.max(8, ...profiles.map((one) => shortName(one.key).length)));
  const head = `${'function'.padEnd(name)}  ${'invocations'.padStart(11)}  ${'cold'.padStart(5)}  ${'errors'.padStart(6)}  ${'known'.padStart(5)}  ${'duration, warm'.padEnd(19)}  calls\n`;
  return head + profiles.map((one) => rowText(one, name)).join('');
}

/** Everything known of one function, in words. */
export function functionText(profile: FunctionProfile): string {
  const lines = [
    `${shortName(profile.key)}   ${profile.key}`,
    `  ${grouped(profile.invocations)} invocations (${grouped(profile.cold)} cold, ${grouped(profile.errors)} failed) on ${profile.days} days, ${timeText(profile.firstMs)} to ${timeText(profile.lastMs)}`,
    `  judged ${percent(profile.maturity)} by its own record; sources: ${profile.facets.join(', ') || 'none'}`,
  ];
  for (const metric of profile.metrics) lines.push(`  ${metricText(metric)}`);
  const lists = [
    ['triggered by', profile.triggers],
    ['called by', profile.callers],
    ['calls', profile.calls],
    ['calls functions', profile.callees],
    ['destinations', profile.destinations],
  ] as const;
  for (const [title, values] of lists) if (values.length > 0) lines.push(`  ${title}: ${valuesText(values, 8)}`);
  if (profile.unseen.length > 0) lines.push(`  cannot be seen: ${profile.unseen.join('; ')}`);
  return `${lines.join('\n')}\n`;
}

function rowText(profile: FunctionProfile, name: number): string {
  const duration = profile.metrics.find((one) => one.metric === 'durationMs' && !one.cold);
  const cells = [
    shortName(profile.key).slice(0, name).padEnd(name),
    grouped(profile.invocations).padStart(11),
    grouped(profile.cold).padStart(5),
    grouped(profile.errors).padStart(6),
    percent(profile.maturity).padStart(5),
    (duration === undefined ? '' : `${msText(duration.low)} to ${msText(duration.high)}`).padEnd(19),
    valuesText(profile.calls, VALUES_NAMED_MAX),
  ];
  return `${cells.join('  ').trimEnd()}\n`;
}

function metricText(metric: MetricProfile): string {
  const unit = UNITS.find(([suffix]) => metric.metric.endsWith(suffix));
  const show = unit?.[1] ?? ((value: number) => value.toPrecision(3));
  const label = metric.metric.slice(0, metric.metric.length - (unit?.[0].length ?? 0));
  const which = metric.cold ? 'cold' : 'warm';
  return `${label} (${which}): ${show(metric.low)} to ${show(metric.high)}, mostly ${show(metric.centre)}, at most ${show(metric.max)} in ${grouped(metric.count)}`;
}

const UNITS: readonly (readonly [string, (value: number) => string])[] = [
  ['Ms', msText],
  ['Mb', (value) => `${value.toFixed(0)} MB`],
  ['Bytes', bytesText],
  ['Out', bytesText],
  ['In', bytesText],
];

function valuesText(values: readonly ValueProfile[], named: number): string {
  const shown = values.slice(0, named).map((value) => `${defang(value.text)} ${percent(value.share)}`);
  if (values.length > named) shown.push(`${values.length - named} more`);
  return shown.join(', ');
}

function percent(share: number): string {
  return share > 0 && share < 0.01 ? '<1 %' : `${Math.round(share * 100)} %`;
}

function msText(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

function bytesText(bytes: number): string {
  if (bytes < 1000) return `${Math.round(bytes)} B`;
  return bytes < 1e6 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}

function timeText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
}
