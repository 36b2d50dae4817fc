import type { HourRow, RollupRow } from '@gait/engine/event/rollup';
import { z } from 'zod';
import { ApiError } from '../codes.ts';
import { CHARTS_AT_ONCE_MAX, POINTS_MAX, SPAN_MS_MAX } from '../limits.ts';
import type { SeriesReader } from '../parts.ts';
import { type Route, route } from '../route.ts';
import { BY_KEY, TIME, wholeNumber } from '../schemas.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** A metric of a chart: how it comes from a row, and how rows become one point. */
interface Metric {
  readonly of: (row: RollupRow & Partial<HourRow>) => number | undefined;
  readonly join: 'sum' | 'max' | 'mean';
}

/** What can be drawn. The last four are learned once an hour. */
const METRICS = {
  count: { of: (row) => row.count, join: 'sum' },
  errors: { of: (row) => row.errors, join: 'sum' },
  cold: { of: (row) => row.cold, join: 'sum' },
  calls: { of: (row) => row.calls, join: 'sum' },
  bytesOut: { of: (row) => row.bytesOutSum, join: 'sum' },
  durationMeanMs: { of: (row) => row.durationSumMs, join: 'mean' },
  durationMaxMs: { of: (row) => row.durationMaxMs, join: 'max' },
  memoryMaxMb: { of: (row) => row.memoryMaxMb, join: 'max' },
  durationLowMs: { of: (row) => row.durationBandMs?.[0], join: 'max' },
  durationCentreMs: { of: (row) => row.durationBandMs?.[1], join: 'max' },
  durationHighMs: { of: (row) => row.durationBandMs?.[2], join: 'max' },
  maturity: { of: (row) => row.maturity, join: 'max' },
} as const satisfies Readonly<Record<string, Metric>>;
type MetricName = keyof typeof METRICS;
const METRIC_NAMES = [
  'count',
  'errors',
  'cold',
  'calls',
  'bytesOut',
  'durationMeanMs',
  'durationMaxMs',
  'memoryMaxMb',
  'durationLowMs',
  'durationCentreMs',
  'durationHighMs',
  'maturity',
] as const satisfies readonly MetricName[];

/** Charts of a function. The limit of charts read at once is that of the routes made by one call. */
export function seriesRoutes(): readonly Route[] {
  const charts = { reading: 0 };
  return [
    route({
      id: 'getSeries',
      method: 'GET',
      path: '/functions/{id}/series',
      role: 'read',
      summary: 'A chart of one metric. Steps below an hour come from minutes, kept for two days.',
      params: BY_KEY,
      query: z.strictObject({
        metric: z.enum(METRIC_NAMES),
        from: TIME,
        to: TIME,
        step: wholeNumber(60, SPAN_MS_MAX / 1000)
          .prefault('60')
          .describe('seconds between points, a multiple of 60; of 3600 above an hour'),
      }),
      response: z.strictObject({
        metric: z.enum(METRIC_NAMES),
        fromMs: z.number(),
        toMs: z.number(),
        stepMs: z.number(),
        points: z
          .array(z.tuple([z.number(), z.number()]))
          .describe('start of the step, ms, and value; steps without an invocation are left out'),
        unreadable: z.int().describe('files that could not be read: their time is unknown, not idle'),
      }),
      codes: ['busy'],
      handle: async ({ params, query }, { parts }) => {
        const chart = { function: params.id, metric: query.metric, ...spanOf(query) };
        if (charts.reading >= CHARTS_AT_ONCE_MAX) {
          throw new ApiError('busy', 'Too many charts are being read.', { retryAfterSeconds: 1 });
        }
        charts.reading++;
        try {
          return await chartOf(parts.series, chart);
        } finally {
          charts.reading--;
        }
      },
    }),
  ];
}

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
  readonly stepMs: number;
}

/** The time of a chart, begun at a whole step. Throws `ApiError`. */
function spanOf(query: { readonly from: number; readonly to: number; readonly step: number }): Span {
  const stepMs = query.step * 1000;
  const unitMs = stepMs >= HOUR_MS ? HOUR_MS : MINUTE_MS;
  if (stepMs % unitMs !== 0) {
    throw new ApiError('invalid', `query.step: must be a multiple of ${unitMs / 1000}.`);
  }
  const fromMs = query.from - (query.from % stepMs);
  const toMs = query.to;
  if (toMs <= query.from) throw new ApiError('invalid', 'query.to: must be after from.');
  if (toMs - fromMs > SPAN_MS_MAX) throw new ApiError('invalid', 'query.from: at most 400 days before to.');
  if ((toMs - fromMs) / stepMs > POINTS_MAX) {
    throw new ApiError('invalid', `query.step: would give more than ${POINTS_MAX} points.`);
  }
  return { fromMs, toMs, stepMs };
}

async function chartOf(series: SeriesReader, chart: Span & { readonly function: string; readonly metric: MetricName }) {
  const { metric, fromMs, toMs, stepMs } = chart;
  const { rows, unreadable } = await (stepMs >= HOUR_MS ? series.hours(chart) : series.minutes(chart));
  const steps = new Map<number, (RollupRow & Partial<HourRow>)[]>();
  for (const row of rows) {
    const at = row.startMs - (row.startMs % stepMs);
    const step = steps.get(at);
    if (step === undefined) steps.set(at, [row]);
    else step.push(row);
  }
  const points: [number, number][] = [];
  for (const [at, inStep] of steps) {
    const value = joined(METRICS[metric], inStep);
    if (value !== undefined) points.push([at, value]);
  }
  return { metric, fromMs, toMs, stepMs, points, unreadable: unreadable.length };
}

/** One value for the rows of a step; undefined when none of them measured it. */
function joined({ of, join }: Metric, rows: readonly (RollupRow & Partial<HourRow>)[]): number | undefined {
  const values = rows.map(of).filter((value) => value !== undefined);
  if (values.length === 0) return undefined;
  if (join === 'max') return Math.max(...values);
  const sum = values.reduce((total, value) => total + value, 0);
  if (join === 'sum') return sum;
  const count = rows.reduce((total, row) => total + row.count, 0);
  return count === 0 ? undefined : sum / count;
}
