import { randomUUID } from 'node:crypto';
import type { Invoker } from '../contract.ts';
import { PERIOD_MS_MIN } from './limits.ts';

/** One rule of EventBridge that fires at a rate. */
export interface Schedule {
  readonly name: string;
  readonly everyMs: number;
  readonly function: string;
  /** What the function gets instead of the event. */
  readonly input?: unknown;
}

/** Running schedules. */
export interface Schedules {
  /** Fires a rule now, besides its rate. False when there is none of that name. */
  fire(name: string): boolean;
  /** Stops all. What was fired goes on. May be called twice. */
  close(): void;
}

/**
 * Starts schedules; each fires for the first time after its period, and calls are queued like other asynchronous events. A period
 * below `PERIOD_MS_MIN` is that. Periods do not drift: a late one is made up for by the next.
 */
export function startSchedules(
  invoker: Invoker,
  place: { readonly accountId: string; readonly region: string },
  schedules: readonly Schedule[],
): Schedules {
  const timers = new Map<string, NodeJS.Timeout>();
  const byName = new Map(schedules.map((schedule) => [schedule.name, schedule]));
  const fire = (schedule: Schedule, nowMs: number) => {
    const ruleArn = `arn:aws:events:${place.region}:${place.accountId}:rule/${schedule.name}`;
    const event = schedule.input ?? scheduledEvent(ruleArn, place, nowMs);
    const payload = Buffer.from(JSON.stringify(event));
    invoker.enqueue(schedule.function, { payload, principal: 'events.amazonaws.com', sourceArn: ruleArn });
  };
  for (const schedule of schedules) {
    const periodMs = Math.max(PERIOD_MS_MIN, schedule.everyMs);
    let dueMs = Date.now() + periodMs;
    const wait = () => {
      timers.set(schedule.name, setTimeout(tick, Math.max(0, dueMs - Date.now())).unref());
    };
    const tick = () => {
      fire(schedule, Date.now());
      // After a pause of the machine, what was missed is not fired in a burst.
      dueMs = Math.max(dueMs + periodMs, Date.now());
      wait();
    };
    wait();
  }
  return {
    fire: (name) => {
      const schedule = byName.get(name);
      if (schedule !== undefined) fire(schedule, Date.now());
      return schedule !== undefined;
    },
    close: () => {
      for (const timer of timers.values()) clearTimeout(timer);
      timers.clear();
    },
  };
}

function scheduledEvent(
  ruleArn: string,
  place: { readonly accountId: string; readonly region: string },
  nowMs: number,
): Readonly<Record<string, unknown>> {
  return {
    version: '0',
    id: randomUUID(),
    'detail-type': 'Scheduled Event',
    source: 'aws.events',
    account: place.accountId,
    time: `${new Date(nowMs).toISOString().slice(0, 19)}Z`,
    region: place.region,
    resources: [ruleArn],
    detail: {},
  };
}
