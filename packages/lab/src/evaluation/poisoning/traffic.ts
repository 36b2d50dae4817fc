import { Random } from '../../datasets/random.ts';
import { DAY_MS, type Invocation } from '../engine-run.ts';

/** When the traffic begins: a Monday. */
export const START_MS = Date.UTC(2026, 0, 5);
/** Invocations of an ordinary day. */
export const INVOCATIONS_A_DAY = 288;
const FUNCTION = 'aws:123456789012:eu-west-1:exporter';

/** What is particular about the function of one seed: drawn from ranges, never from what another seed was tuned on. */
interface Traits {
  /** Spread of the bytes of one invocation, of its logarithm. */
  readonly noise: number;
  /** How much days differ from each other by themselves, and how much of that is left on the next day. */
  readonly dayNoise: number;
  readonly dayMemory: number;
  /** How much more is sent by day than by night, and how much less on weekends. */
  readonly daily: number;
  readonly weekend: number;
  /** Chance and exponent of a heavy tail. */
  readonly tailChance: number;
  readonly tailExponent: number;
  readonly bytes: number;
}

/** How the traffic of a run changes with time, in days from its beginning. */
export interface Change {
  /** Factor of the bytes an invocation sends. */
  readonly bytes: (day: number) => number;
  /** Factor of the number of invocations. */
  readonly rate: (day: number) => number;
}

/** As it was. */
export const UNCHANGED: Change = { bytes: () => 1, rate: () => 1 };

/** Invocations of one function, day by day. Seeded; a day's traffic depends on seed and day alone. */
export class Exporter {
  readonly #seed: number;
  readonly #traits: Traits;
  #dayLevel = 0;

  constructor(seed: number) {
    this.#seed = seed;
    const random = new Random(seed, 'traits');
    this.#traits = {
      noise: random.between(0.1, 1),
      dayNoise: random.between(0, 0.06),
      dayMemory: random.between(0, 0.7),
      daily: random.between(0, 0.4),
      weekend: random.between(0, 0.25),
      tailChance: random.between(0, 0.02),
      tailExponent: random.between(1.8, 4),
      bytes: random.logNormal(20_000, 1),
    };
  }

  /** The invocations of a day; days are asked for in order. */
  day(day: number, change: Change): Invocation[] {
    const random = new Random(this.#seed, `day ${day}`);
    const traits = this.#traits;
    this.#dayLevel = traits.dayMemory * this.#dayLevel + traits.dayNoise * normal(random);
    const count = Math.round(INVOCATIONS_A_DAY * change.rate(day));
    const times = Array.from({ length: count }, () => this.#hourOf(random)).sort((a, b) => a - b);
    return times.map((hour, at) => this.#invocation({ day, hour, at, random, change }));
  }

  /** Hour of an invocation: more by day than by night. */
  #hourOf(random: Random): number {
    for (;;) {
      const hour = random.between(0, 24);
      if (random.next() < 1 - 0.7 * (0.5 + 0.5 * Math.cos((2 * Math.PI * (hour - 2)) / 24))) return hour;
    }
  }

  #invocation(of: { day: number; hour: number; at: number; random: Random; change: Change }): Invocation {
    const { day, hour, at, random, change } = of;
    const traits = this.#traits;
    const weekend = day % 7 >= 5 ? 1 - traits.weekend : 1;
    const byHour = 1 + traits.daily * Math.sin((2 * Math.PI * (hour - 8)) / 24);
    const size = random.logNormal(1, traits.noise) * weekend * byHour * Math.exp(this.#dayLevel);
    const tail = random.next() < traits.tailChance ? random.next() ** (-1 / traits.tailExponent) : 1;
    const bytesOut = Math.round(traits.bytes * size * tail * change.bytes(day + hour / 24));
    const work = random.logNormal(1, 0.15) * Math.sqrt(size);
    return {
      atMs: START_MS + Math.floor((day + hour / 24) * DAY_MS),
      function: FUNCTION,
      request: `${this.#seed}-${day}-${at}`,
      numbers: {
        durationMs: 120 * work,
        cpuMs: 40 * work,
        memoryMb: 96 + random.below(12),
        bytesOut,
        bytesIn: Math.round(30_000 * random.logNormal(1, 0.3) * size),
        requestBytes: 700 + random.below(200),
        responseBytes: 150 + random.below(30),
      },
      symbols: { status: 'ok', revision: '7', triggerKind: 'queue', triggerSource: 'sqs/exports' },
      calls: [
        { verb: 'dynamodb:Query', resource: 'orders', destination: 'dynamodb/orders' },
        { verb: 'http:POST', resource: '/v1/import', destination: 'partner.example', bytesOut },
      ],
    };
  }
}

function normal(random: Random): number {
  return Math.log(random.logNormal(1, 1));
}
