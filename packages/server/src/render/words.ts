import type { Evidence, Finding, Incident, PageReason } from '@gait/engine/event/finding';

/** Bars of a sparkline, lowest first. */
const BARS = '▁▂▃▄▅▆▇█';
/** Values in a sparkline: the newest; more don't fit beside a value. */
const SPARK_VALUES_MAX = 32;
/** From this share on nothing is rare. */
const COMMON = 0.5;
/** 9999-12-31, ms. */
const TIME_MS_MAX = 253_402_300_799_999;
const MILLION = 1e6;

/** A number with its thousands apart: `12,400`. */
export function grouped(value: number): string {
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');
}

/** A share of 0..1 in whole percent; never 0 or 100 unless it is. */
export function percentText(share: number): string {
  const percent = Math.round(share * 100);
  if (percent <= 0 && share > 0) return 'under 1 %';
  return percent >= 100 && share < 1 ? '99 %' : `${percent} %`;
}

/** How often normal behaviour looks at least this strange: `about once in 40,000 invocations`. */
export function rarityText(rarity: number, unit: string): string {
  if (rarity >= COMMON) return 'not rare';
  if (!(rarity > 0)) return `never in any number of ${unit} that could be counted`;
  const often = 1 / rarity;
  if (often < 10) return `about once in ${Math.round(often)} ${unit}`;
  const step = 10 ** Math.floor(Math.log10(often) - 1);
  const rounded = Math.round(often / step) * step;
  if (rounded < MILLION) return `about once in ${grouped(rounded)} ${unit}`;
  const millions = rounded / MILLION;
  return `about once in ${millions < 10 ? Number(millions.toFixed(1)) : grouped(millions)} million ${unit}`;
}

/** What one observation of a finding's kind is called, in the plural. */
export function unitOf(finding: Finding): string {
  if (finding.family === 'rate' || finding.family === 'cost') return 'intervals';
  if (finding.family === 'change') return 'changes';
  if (finding.facet === 'audit' || finding.facet === 'change') return 'recorded API calls';
  return finding.facet === 'edge' ? 'requests' : 'invocations';
}

/** The note by which the engine says that a function of the same name lent its experience. */
const BORROWED = /^Young: judged in part by /;

/** Whose experience a verdict rests on: that of a namesake only where one stood in. */
export function maturityText({ maturity, notes }: Pick<Finding, 'maturity' | 'notes'>): string {
  if (maturity >= 0.75) return 'by its own record';
  const borrowed = notes.some((note) => BORROWED.test(note));
  if (maturity >= 0.25) {
    const rest = borrowed ? ', the rest by that of its namesake' : '; it is not known well yet';
    return `${percentText(maturity)} by its own record${rest}`;
  }
  return borrowed ? 'mostly by its namesake: little is known of its own' : 'by little: it is hardly known yet';
}

/** What would have kept a finding quiet, without alternatives that no value can meet: `below Infinity`. */
export function quietIfText(quietIf: string): string {
  return quietIf
    .split(ALTERNATIVES)
    .filter((one) => !UNMEETABLE.test(one))
    .join(', or ');
}

const ALTERNATIVES = /, or /;
const UNMEETABLE = /\b(?:below|above|under|over) -?(?:Infinity|NaN)\b/;

/** A day and time in UTC: `2026-11-24 20:53:11`; `unknown time` when it is none. */
export function timeText(timeMs: number): string {
  if (!(timeMs >= 0 && timeMs <= TIME_MS_MAX)) return 'unknown time';
  return new Date(timeMs).toISOString().slice(0, 19).replace('T', ' ');
}

/** How long something took, in its largest unit. */
export function spanText(ms: number): string {
  const units: readonly (readonly [number, string])[] = [
    [86_400_000, 'd'],
    [3_600_000, 'h'],
    [60_000, 'min'],
  ];
  const fit = units.find(([length]) => ms >= length);
  return fit === undefined ? `${Math.round(ms / 1000)} s` : `${Math.round(ms / fit[0])} ${fit[1]}`;
}

/** Marks what the latest runs averaged. */
const RECENT = /_recent$/;

/** `bytes_out` as people say it; the unit goes with the value. */
export function parameterText(parameter: string): string {
  const name = parameter
    .replace(RECENT, '')
    .replace(/_(ms|mb)$/, '')
    .replaceAll('_', ' ')
    .replace(/\b(api|cpu)\b/, (word) => word.toUpperCase());
  return RECENT.test(parameter) ? `${name}, latest runs` : name;
}

/** A measured value with its unit, as its parameter's name tells it; other texts as they are. */
export function valueText(parameter: string, value: string): string {
  if (RECENT.test(parameter)) return valueText(parameter.replace(RECENT, ''), value);
  if (parameter === 'child_process') return value.replace(/^exec:/, '');
  if (!/^-?\d+(\.\d+)?(e[+-]?\d+)?$/.test(value)) return value;
  const number = Number(value);
  if (/(^|_)bytes(_|$)/.test(parameter)) return bytesText(number);
  if (parameter.endsWith('_ms')) return durationText(number);
  if (parameter.endsWith('_mb')) return `${grouped(number)} MB`;
  return Number.isInteger(number) && Math.abs(number) >= 10_000 ? grouped(number) : value;
}

function bytesText(bytes: number): string {
  for (const [size, unit] of [
    [1e12, 'TB'],
    [1e9, 'GB'],
    [1e6, 'MB'],
    [1e3, 'kB'],
  ] as const) {
    if (Math.abs(bytes) >= size) return `${(bytes / size).toFixed(1)} ${unit}`;
  }
  return `${bytes} B`;
}

function durationText(ms: number): string {
  if (Math.abs(ms) >= 60_000) return `${(ms / 60_000).toFixed(1)} min`;
  return Math.abs(ms) >= 1000 ? `${(ms / 1000).toFixed(2)} s` : `${Number(ms.toPrecision(3))} ms`;
}

/** Recent values as bars, oldest first, a gap where none was measured; '' without at least two values. */
export function sparkline(history: Evidence['history'] = []): string {
  const values = history.slice(-SPARK_VALUES_MAX);
  const known = values.filter(Number.isFinite);
  if (known.length < 2) return '';
  const low = Math.min(...known);
  const high = Math.max(...known);
  const heightOf = (value: number) => (high === low ? 0 : (value / 2 - low / 2) / (high / 2 - low / 2));
  return values
    .map((value) => (Number.isFinite(value) ? BARS[Math.round(heightOf(value) * (BARS.length - 1))] : ' '))
    .join('');
}

/** Why people are paged for an incident. */
export const PAGE_TEXT: { readonly [Reason in PageReason]: string } = {
  budget: 'paged',
  impact: 'paged: grave and certain',
  young: 'paged: judged by the experience of others',
};

/** What a state of an incident means. */
export const STATE_TEXT: { readonly [State in Incident['state']]: string } = {
  new: 'new',
  acknowledged: 'acknowledged',
  contained: 'contained',
  'closed-true': 'closed, was an attack',
  'closed-false': 'closed, was a false alarm',
  'closed-expected': 'closed, was expected',
};
