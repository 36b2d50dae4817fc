import type { Batch } from '@gait/engine/event/batch';
import { BatchBuilder } from '@gait/engine/event/batch-builder';
import { Random } from '../../datasets/random.ts';

export const DAY_MS = 86_400_000;
/** Model time begins here: a Monday. */
export const START_MS = Date.UTC(2026, 0, 5);
/** Invocations a day of the function in question, and of each of its neighbours. */
export const RUNS_A_DAY = 288;
const NEIGHBOUR_RUNS = 12;
const NEIGHBOURS = 9;
const DAYS_OF_WEEK = 7;
const WORKING_DAYS = 5;

/** Function that is poisoned, or grows honestly. */
export const SUBJECT = 'aws:123456789012:eu-west-1:exporter';

/**
 * `tuning` worlds are the plain ones that constants may be chosen on; `report` worlds, which alone are reported, have other seeds, more
 * noise, heavier tails, and seasons.
 */
export type Split = 'tuning' | 'report';

/** How one function behaves. */
export interface Habit {
  readonly name: string;
  readonly runsADay: number;
  /** Middle and log-spread of the bytes an invocation sends. */
  readonly bytes: number;
  readonly sigma: number;
  /** Share of invocations that send much more (Pareto, exponent 2.5); 0 for none. */
  readonly tail: number;
  /** Share by which the rate swings over the day, and the size of an answer with it. */
  readonly rateSwing: number;
  readonly sizeSwing: number;
  /** Factors of rate and size at weekends. */
  readonly weekendRate: number;
  readonly weekendSize: number;
  readonly durationMs: number;
}

/** What is different on a day: factors of one. */
export interface Change {
  readonly bytes: (day: number) => number;
  readonly rate: number;
}

/** A tenant of one function in question and nine others. */
export class World {
  readonly habits: readonly Habit[];
  readonly #seed: number;
  readonly #builder = new BatchBuilder();

  constructor(split: Split, seed: number) {
    this.#seed = split === 'tuning' ? 100_000 + seed : seed;
    const random = new Random(this.#seed, 'poisoning habits');
    this.habits = Array.from({ length: NEIGHBOURS + 1 }, (_, at) => habitOf(random, split, at));
  }

  /**
   * A day of the tenant; `change` is what the function in question does. The same day of the same world is the same whatever was asked for
   * before, so that a poisoned history and a clean one differ in the poison alone.
   */
  *day(day: number, change: Change): Generator<Batch> {
    const random = new Random(Math.imul(this.#seed, 7919) + day, 'poisoning day');
    const weekend = day % DAYS_OF_WEEK >= WORKING_DAYS;
    const runs = this.habits.flatMap((habit, at) => {
      const factor = (at === 0 ? change.rate : 1) * (weekend ? habit.weekendRate : 1);
      const count = Math.max(1, Math.round(habit.runsADay * factor));
      return Array.from({ length: count }, (_, run) => ({
        habit,
        at: when(random, habit, (run + random.next()) / count),
      }));
    });
    runs.sort((a, b) => a.at - b.at);
    for (const { habit, at } of runs) {
      const bytes = habit.name === SUBJECT ? change.bytes(day + at) : 1;
      this.#run(random, habit, { atMs: Math.floor(START_MS + (day + at) * DAY_MS), share: at, weekend, bytes });
      if (this.#builder.full) yield this.#finish();
    }
    if (this.#builder.rows > 0) yield this.#finish();
  }

  #run(
    random: Random,
    habit: Habit,
    at: { readonly atMs: number; readonly share: number; readonly weekend: boolean; readonly bytes: number },
  ): void {
    const builder = this.#builder;
    const season = 1 + habit.sizeSwing * Math.sin(2 * Math.PI * at.share);
    const size = habit.bytes * season * (at.weekend ? habit.weekendSize : 1);
    const much = random.chance(habit.tail) ? (1 - random.next()) ** (-1 / 2.5) * 2 : 1;
    const bytesOut = Math.round(random.logNormal(size, habit.sigma) * much * at.bytes);
    const durationMs = random.logNormal(habit.durationMs, 0.3);
    builder.begin('sensor', at.atMs, 'poisoning');
    builder.symbol('function', habit.name);
    builder.symbol('revision', '1');
    builder.id('requestId', random.uuid());
    builder.symbol('status', 'ok');
    builder.symbol('triggerKind', 'queue');
    builder.symbol('triggerSource', 'sqs:orders');
    builder.number('durationMs', durationMs);
    builder.number('cpuMs', durationMs * random.between(0.4, 0.6));
    builder.number('memoryMb', 90 + random.below(12));
    builder.number('bytesOut', bytesOut);
    builder.number('bytesIn', Math.round(random.logNormal(6000, 0.2)));
    builder.number('requestBytes', Math.round(random.logNormal(700, 0.1)));
    builder.call({ verb: 'dynamodb:GetItem', resource: 'orders', destination: 'dynamodb/orders', bytesOut: 300 });
    builder.call({ verb: 's3:PutObject', resource: 'invoices', destination: 's3/invoices', bytesOut });
    builder.end();
  }

  #finish(): Batch {
    const batch = this.#builder.finish();
    batch.columns.receivedMs.set(batch.columns.eventMs.subarray(0, batch.rows));
    return batch;
  }
}

/** Share of the day at which a run falls; `at` runs evenly over the day. */
function when(_: Random, habit: Habit, at: number): number {
  const warped = at - (habit.rateSwing * Math.sin(2 * Math.PI * at)) / (2 * Math.PI);
  return Math.min(0.999_999, Math.max(0, warped));
}

function habitOf(random: Random, split: Split, at: number): Habit {
  const plain = split === 'tuning';
  return {
    name: at === 0 ? SUBJECT : `aws:123456789012:eu-west-1:neighbour-${at}`,
    runsADay: at === 0 ? RUNS_A_DAY : NEIGHBOUR_RUNS,
    bytes: random.logNormal(20_000, 1),
    sigma: plain ? random.between(0.1, 0.6) : random.between(0.1, 1),
    tail: plain ? 0 : random.pick([0, 0, 0.005, 0.02]),
    rateSwing: plain ? 0.3 : random.between(0, 0.9),
    sizeSwing: plain ? 0 : random.between(0, 0.4),
    weekendRate: plain ? 1 : random.between(0.4, 1.2),
    weekendSize: plain ? 1 : random.between(0.85, 1.15),
    durationMs: random.logNormal(80, 0.5),
  };
}
