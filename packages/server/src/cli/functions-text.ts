import type { FunctionProfile, MetricProfile, PeersProfile, ValueProfile } from '@gait/engine/profile';
import { defang } from '../render/defang.ts';
import { placeOfFunction, shortName } from '../render/function-place.ts';
import { columnsOf, fitted, padded, printable, wrapped } from '../render/printable.ts';
import { grouped, percentText, timeText } from '../render/words.ts';
import { isNamed } from './profile.ts';

/** Values named in a line of the table; more are counted. */
const TABLE_VALUES_MAX = 3;
/** Values named in the description of one function. */
const TEXT_VALUES_MAX = 8;
/** Terminal columns of a name, so that the numbers stay in sight. */
const NAME_COLUMNS_MAX = 48;
/** Columns that are too few to tell calls apart. */
const CALLS_COLUMNS_MIN = 30;
const GAP = '  ';
const INDENT = '  ';

/** A column of the table of functions. */
interface Column {
  readonly title: string;
  /** Terminal columns it takes. */
  readonly columns: number;
  readonly align: 'left' | 'right';
  /** The least important column is the first to go when the table is wider than the terminal. */
  readonly importance: number;
  readonly text: (profile: FunctionProfile) => string;
}

/** A line for each function: how much is known, how long it takes, whom it calls. At most `width` columns wide. */
export function functionsTable(profiles: readonly FunctionProfile[], width: number): string {
  if (profiles.length === 0) return 'No functions yet.\n';
  const columns = columnsWithin(width, profiles, namesOf(profiles));
  const lines = [columns.map((column) => cell(column.title, column))];
  for (const profile of profiles) lines.push(columns.map((column) => cell(column.text(profile), column)));
  return lines.map((cells) => `${cells.join(GAP).trimEnd()}\n`).join('');
}

/** Everything known of one function, in words. */
export function functionText(profile: FunctionProfile, width: number): string {
  const { invocations, cold, errors, days, firstMs, lastMs } = profile;
  const lines = [
    `${grouped(invocations)} invocations (${grouped(cold)} cold, ${grouped(errors)} failed) on ${days} ${days === 1 ? 'day' : 'days'}, ${timeText(firstMs)} to ${timeText(lastMs)} UTC`,
    `judged ${percentText(profile.maturity)} by its own record; sources: ${profile.facets.join(', ') || 'none'}`,
  ];
  if (profile.peers !== null) lines.push(peersText(profile.peers));
  for (const metric of profile.metrics) lines.push(metricText(metric));
  const lists = [
    ['triggered by', profile.triggers],
    ['called by', profile.callers],
    ['calls', profile.calls],
    ['calls functions', profile.callees],
    ['destinations', profile.destinations],
  ] as const;
  for (const [title, values] of lists) {
    const normal = values.filter(isNormal);
    if (normal.length > 0) lines.push(`${title}: ${valuesText(normal, TEXT_VALUES_MAX)}`);
  }
  const doubted = lists.flatMap(([, values]) => values.filter((value) => value.doubted));
  if (doubted.length > 0) lines.push(`seen, but not taken as normal: ${namesText(doubted, TEXT_VALUES_MAX)}`);
  if (profile.unseen.length > 0) lines.push(`cannot be seen: ${profile.unseen.join('; ')}`);
  const text = lines.flatMap((line) => hanging(line, width));
  return `${nameOf(profile)}${GAP}${printable(profile.key)}\n${text.join('')}`;
}

/** A group has no name but that of the function that stands for it. */
function peersText({ medoid, members }: PeersProfile): string {
  return `behaves like the peers of ${printable(shortName(medoid))} (${grouped(members)} functions)`;
}

/** The columns that fit, in the order in which they are shown. */
function columnsWithin(
  width: number,
  profiles: readonly FunctionProfile[],
  names: ReadonlyMap<string, string>,
): readonly Column[] {
  const name = {
    title: 'function',
    align: 'left',
    importance: 9,
    text: (one: FunctionProfile) => names.get(one.key) ?? '',
  } as const;
  const sized = [name, ...COLUMNS].map((column): Column => {
    const widths = profiles.map((one) => columnsOf(column.text(one)));
    const needed = widths.reduce((a, b) => Math.max(a, b), column.title.length);
    return { ...column, columns: Math.min(needed, NAME_COLUMNS_MAX) };
  });
  const taken = () => sized.reduce((sum, column) => sum + column.columns + GAP.length, -GAP.length);
  while (sized.length > 1 && taken() > width) {
    const least = sized.reduce((a, b) => (b.importance < a.importance ? b : a));
    sized.splice(sized.indexOf(least), 1);
  }
  const room = width - taken() - GAP.length;
  if (room < CALLS_COLUMNS_MIN) return sized;
  const text = ({ calls }: FunctionProfile) => valuesText(calls.filter(isNormal), TABLE_VALUES_MAX);
  return [...sized, { title: 'calls', columns: room, align: 'left', importance: 0, text }];
}

/** What to call each function, by key: those of one name also by what tells them apart, account or region or both. */
function namesOf(profiles: readonly FunctionProfile[]): Map<string, string> {
  const names = new Map<string, string>();
  for (const [name, group] of Map.groupBy(profiles, nameOf)) {
    const places = group.map(({ key }) => placeOfFunction(key));
    const differs = (part: 'account' | 'region') => new Set(places.map((place) => place?.[part])).size > 1;
    const parts = (['account', 'region'] as const).filter(differs);
    for (const [at, { key }] of group.entries()) {
      const where = parts.map((part) => places[at]?.[part] ?? '').filter((text) => text !== '');
      names.set(key, where.length === 0 ? name : safe(`${name} (${where.join(' ')})`));
    }
  }
  return names;
}

const COLUMNS: readonly Omit<Column, 'columns'>[] = [
  { title: 'invocations', align: 'right', importance: 8, text: (one) => grouped(one.invocations) },
  { title: 'cold', align: 'right', importance: 4, text: (one) => grouped(one.cold) },
  { title: 'errors', align: 'right', importance: 5, text: (one) => grouped(one.errors) },
  { title: 'known', align: 'right', importance: 6, text: (one) => percentText(one.maturity) },
  { title: 'duration, warm', align: 'left', importance: 7, text: durationOf },
];

function cell(text: string, { columns, align }: Column): string {
  const shown = fitted(text, columns);
  return align === 'left' ? padded(shown, columns) : shown.padStart(columns);
}

function durationOf({ metrics }: FunctionProfile): string {
  const duration = metrics.find((one) => one.metric === 'durationMs' && !one.cold);
  return duration === undefined ? '' : `${msText(duration.low)} to ${msText(duration.high)}`;
}

function metricText(metric: MetricProfile): string {
  const unit = UNITS.find(([suffix]) => metric.metric.endsWith(suffix));
  const show = unit?.[1] ?? ((value: number) => String(Number(value.toPrecision(3))));
  const label = LABELS[metric.metric] ?? metric.metric;
  const { low, centre, high, max, count, cold } = metric;
  const name = `${label}, ${cold ? 'cold' : 'warm'}`;
  if (low === high && show(centre) === show(max)) return `${name}: always ${show(max)} in ${grouped(count)}`;
  const usual = `mostly ${show(centre)}`;
  const range = low === high ? usual : `${show(low)} to ${show(high)}, ${usual}`;
  return `${name}: ${range}; at most ${show(max)} in ${grouped(count)}`;
}

/** What the metrics are called; one that is not in the list goes by its own name. */
const LABELS: Readonly<Record<string, string>> = {
  durationMs: 'duration',
  initMs: 'initialisation',
  memoryMb: 'memory',
  cpuMs: 'CPU time',
  childCpuMs: 'CPU time of child processes',
  tmpBytes: '/tmp',
  bytesOut: 'sent',
  bytesIn: 'received',
  requestBytes: 'request',
  responseBytes: 'response',
};

const UNITS: readonly (readonly [string, (value: number) => string])[] = [
  ['Ms', msText],
  ['Mb', (value) => `${value.toFixed(0)} MB`],
  ['Bytes', bytesText],
  ['Out', bytesText],
  ['In', bytesText],
];

function isNormal({ doubted }: ValueProfile): boolean {
  return !doubted;
}

/** The most frequent values by name; how many more there are, and how many whose name was not worth keeping. */
function valuesText(values: readonly ValueProfile[], namedMax: number): string {
  const named = values.filter(isNamed);
  const nameless = values.filter((value) => !isNamed(value));
  const shown = named.slice(0, namedMax).map(({ text, share }) => `${safe(text)} ${percentText(share)}`);
  if (named.length > namedMax) shown.push(`${named.length - namedMax} more`);
  const once = nameless.filter(({ count }) => Math.round(count) <= 1).length;
  const more = shown.length > 0 ? ' more' : '';
  if (once > 0) shown.push(`${once}${more} seen once`);
  if (nameless.length > once) shown.push(`${nameless.length - once}${more} without a kept name`);
  return shown.join(', ');
}

/** Values by name alone: how often something was seen that is not normal says little. */
function namesText(values: readonly ValueProfile[], namedMax: number): string {
  const named = values.filter(isNamed);
  const shown = named.slice(0, namedMax).map(({ text }) => safe(text));
  if (named.length > shown.length) shown.push(`${grouped(named.length - shown.length)} more`);
  if (values.length > named.length) shown.push(`${grouped(values.length - named.length)} without a kept name`);
  return shown.join(', ');
}

/** A line that goes on with a deeper indent. */
function hanging(line: string, width: number): string[] {
  const columns = width - 2 * INDENT.length;
  return wrapped(line, columns).map((part, at) => `${at === 0 ? INDENT : INDENT + INDENT}${part}\n`);
}

function nameOf({ key }: FunctionProfile): string {
  return safe(shortName(key));
}

function safe(text: string): string {
  return printable(defang(text));
}

function msText(ms: number): string {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

function bytesText(bytes: number): string {
  if (bytes < 1000) return `${Math.round(bytes)} B`;
  return bytes < 1e6 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
