import type { Random } from './random.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** When the recording begins: a Monday morning. */
export const START_MS = Date.UTC(2025, 2, 3, 7);
/** Until here nothing bad happens: two days. */
export const BENIGN_UNTIL_MS = START_MS + 2 * DAY_MS;
/** When the recording ends: six hours later. */
export const END_MS = BENIGN_UNTIL_MS + 6 * HOUR_MS;

/** A time of the recording: days after its first midnight, hours and minutes in UTC. */
export function at(day: number, hour: number, minute = 0): number {
  return Date.UTC(2025, 2, 3 + day, hour, minute);
}

/** Share of the busiest traffic by hour of the day (UTC), for customers and for people at work. */
const CUSTOMERS = [6, 4, 3, 3, 4, 10, 28, 52, 68, 74, 78, 86, 82, 76, 72, 74, 82, 96, 100, 92, 70, 44, 24, 12];
const WORKERS = [0, 0, 0, 0, 0, 0, 8, 60, 95, 100, 96, 60, 70, 98, 90, 70, 30, 5, 0, 0, 0, 0, 0, 0];

/** A time at which more is asked for than usual, for a reason that has nothing bad in it. */
export interface Burst {
  readonly fromMs: number;
  readonly toMs: number;
  readonly factor: number;
}

/** How often something is asked for. */
export interface Demand {
  readonly of: 'customers' | 'workers';
  /** Arrivals per minute in the busiest hour. */
  readonly perMinute: number;
  readonly bursts: readonly Burst[];
}

/** Times of independent arrivals over the whole recording, in order. */
export function arrivalTimes(demand: Demand, random: Random): number[] {
  const times: number[] = [];
  for (let minuteMs = START_MS; minuteMs < END_MS; minuteMs += 60_000) {
    const count = random.poisson(demand.perMinute * shareAt(demand.of, minuteMs) * burstAt(demand.bursts, minuteMs));
    const minute = Array.from({ length: count }, () => minuteMs + random.below(60_000));
    times.push(...minute.sort((a, b) => a - b));
  }
  return times;
}

/** Between the full hours the share changes evenly. */
function shareAt(of: Demand['of'], timeMs: number): number {
  const shares = of === 'customers' ? CUSTOMERS : WORKERS;
  const hours = (timeMs % DAY_MS) / HOUR_MS;
  const hour = Math.floor(hours);
  const from = shares[hour];
  const to = shares[(hour + 1) % 24];
  return (from + (to - from) * (hours - hour)) / 100;
}

function burstAt(bursts: readonly Burst[], timeMs: number): number {
  return bursts.find(({ fromMs, toMs }) => timeMs >= fromMs && timeMs < toMs)?.factor ?? 1;
}
