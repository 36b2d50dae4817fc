import type { HourRollup, HourRow, MinuteRollup, RollupRow } from '@gait/engine/event/rollup';

/** 2026-11-24T20:00:00Z, ms: the hour in which tests take place. */
export const TEST_HOUR_MS = Date.UTC(2026, 10, 24, 20);
const MINUTE_MS = 60_000;

/** What function `name` did in minute number `minute` of a test: numbers that follow from both. */
export function sampleRow(name: string, minute: number): RollupRow {
  return {
    function: name,
    count: 10 + minute,
    errors: minute % 3,
    cold: 1,
    durationSumMs: 120.25 * (minute + 1),
    durationMaxMs: 31.5 + name.length,
    bytesOutSum: 1e12 + minute,
    memoryMaxMb: 128,
    calls: 3 * minute,
  };
}

/** Minute number `minute`, counted from the test's hour, of some functions. */
export function sampleMinute(minute: number, names: readonly string[]): MinuteRollup {
  return { minuteMs: TEST_HOUR_MS + minute * MINUTE_MS, rows: names.map((name) => sampleRow(name, minute)) };
}

/** Hour number `hour`, counted from the test's hour, of some functions. */
export function sampleHour(hour: number, names: readonly string[]): HourRollup {
  const rowOf = (name: string): HourRow => ({
    ...sampleRow(name, hour),
    durationBandMs: [10 + hour, 20, 30.5],
    maturity: 0.75,
  });
  return { hourMs: TEST_HOUR_MS + hour * 60 * MINUTE_MS, rows: names.map(rowOf) };
}
