import { Random } from '../../datasets/random.ts';
import type { SimulatedCall, SimulatedInvocation } from './invocation.ts';

const DAY_MS = 86_400_000;
/** Share of invocations whose document is ten to fifty times the usual one, and of those in which a call is repeated. */
const BIG_SHARE = 0.003;
const RETRY_SHARE = 0.02;
/** What is left of the load on days 5 and 6 of a week. */
const WEEKEND = 0.5;
/** Days between deployments, about, and how much one moves the sizes (spread of a logarithm). */
const DEPLOYMENT_DAYS = 9;
const DEPLOYMENT_SPREAD = 0.05;
/** Spread of a day's sizes and of a day's load: customers differ from day to day. */
const DAY_SPREAD = 0.03;
const LOAD_SPREAD = 0.15;

/** Sizes of one invocation before it becomes calls. */
interface Work {
  readonly random: Random;
  /** Size of its document in bytes, heavy-tailed. */
  readonly document: number;
  readonly name: string;
  readonly at: number;
}

/** A kind of function: what fires it, how often, how its sizes spread, and what it does with a document. */
interface Kind {
  readonly id: string;
  readonly trigger: readonly [kind: string, source: string];
  readonly perDay: number;
  readonly median: number;
  readonly spread: number;
  calls(work: Work): SimulatedCall[];
  response(work: Work): number;
  /** Size of the event that fires it. */
  request(work: Work): number;
}

const call = (verb: string, resource: string, destination: string, [bytesOut, bytesIn]: readonly [number, number]) => ({
  ...{ verb, resource, destination, bytesOut, bytesIn },
});

/** The kinds of which there are equally many. What they have in common is in `SimulatedFunction`. */
export const KINDS: readonly Kind[] = [
  {
    id: 'api',
    trigger: ['http', 'POST /orders'],
    perDay: 160,
    median: 1800,
    spread: 0.6,
    calls: ({ document, name, random }) => [
      call('dynamodb:GetItem', `${name}-orders`, `dynamodb/${name}-orders`, [240, random.logNormal(900, 0.3)]),
      call('dynamodb:PutItem', `${name}-orders`, `dynamodb/${name}-orders`, [document, 60]),
    ],
    response: ({ random }) => random.logNormal(420, 0.3),
    request: ({ document }) => document * 0.9,
  },
  {
    id: 'listing',
    trigger: ['http', 'GET /items'],
    perDay: 200,
    median: 14_000,
    spread: 0.9,
    calls: ({ document, name }) => [
      call('dynamodb:Query', `${name}-items`, `dynamodb/${name}-items`, [320, document * 1.2]),
    ],
    response: ({ document }) => document,
    request: () => 700,
  },
  {
    id: 'webhook',
    trigger: ['http', 'POST /events'],
    perDay: 110,
    median: 1200,
    spread: 0.4,
    calls: ({ document, name }) => [
      call('http:POST', 'api.partner.example/v1/charges', 'partner.example', [document, 800]),
      call('sqs:SendMessage', `${name}-jobs`, `sqs/${name}-jobs`, [document + 300, 200]),
    ],
    response: () => 40,
    request: ({ document }) => document,
  },
  {
    id: 'thumbnail',
    trigger: ['object', 's3/uploads'],
    perDay: 90,
    median: 300_000,
    spread: 1,
    calls: ({ document, name, random }) => [
      call('s3:GetObject', `${name}-uploads`, `s3/${name}-uploads`, [300, document]),
      call('s3:PutObject', `${name}-thumbs`, `s3/${name}-thumbs`, [random.logNormal(9000, 0.3), 200]),
    ],
    response: () => 30,
    request: () => 1100,
  },
  {
    id: 'export',
    trigger: ['timer', 'rate(1 hour)'],
    perDay: 24,
    median: 60_000,
    spread: 1.3,
    calls: ({ document, name }) => [
      call('dynamodb:Scan', `${name}-ledger`, `dynamodb/${name}-ledger`, [400, document * 1.4]),
      call('s3:PutObject', `${name}-reports`, `s3/${name}-reports`, [document, 200]),
    ],
    response: () => 25,
    request: () => 350,
  },
  {
    id: 'sync',
    trigger: ['timer', 'rate(10 minutes)'],
    perDay: 144,
    median: 2600,
    spread: 0.03,
    calls: ({ document, name }) => [
      call('http:GET', 'api.supplier.example/v2/stock', 'supplier.example', [420, document * 4]),
      call('dynamodb:BatchWriteItem', `${name}-stock`, `dynamodb/${name}-stock`, [document, 90]),
    ],
    response: () => 20,
    request: () => 350,
  },
  {
    id: 'checker',
    trigger: ['timer', 'rate(15 minutes)'],
    perDay: 96,
    median: 500,
    spread: 0.3,
    calls: ({ random, at, name }) => [
      ...Array.from({ length: 4 + random.below(5) }, (_, i) => {
        const host = `shop${(at * 3 + i * 7) % 40}.example`;
        return call('http:GET', `${host}/health`, host, [300, random.logNormal(2000, 0.8)]);
      }),
      call('cloudwatch:PutMetricData', '', 'cloudwatch', [random.logNormal(700, 0.2), 80]),
      call('dynamodb:PutItem', `${name}-state`, `dynamodb/${name}-state`, [500, 60]),
    ],
    response: () => 20,
    request: () => 350,
  },
];

/** A simulated function: gives its invocations day by day, the same every time. */
export class SimulatedFunction {
  readonly name: string;
  readonly key: string;
  readonly kind: Kind;
  readonly #random: Random;
  #revision = 1;
  #level = 1;
  #at = 0;

  constructor(kind: Kind, name: string, seed: number) {
    this.kind = kind;
    this.name = name;
    this.key = `aws:123456789012:eu-west-1:${name}`;
    this.#random = new Random(seed, `exfiltration ${name}`);
  }

  /** Its main destination: what it sends most to. */
  get destination(): { readonly verb: string; readonly resource: string; readonly destination: string } {
    const calls = this.kind.calls({ random: new Random(1, this.name), document: 1000, name: this.name, at: 0 });
    return calls.reduce((most, one) => (one.bytesOut > most.bytesOut ? one : most));
  }

  /** Invocations of a day; `load` multiplies how many, `size` how large they are. */
  day(
    day: number,
    startMs: number,
    change: { load?: number; size?: number; deploys?: boolean } = {},
  ): SimulatedInvocation[] {
    const random = this.#random;
    if (change.deploys === true || random.chance(1 / DEPLOYMENT_DAYS)) {
      this.#revision++;
      this.#level *= random.logNormal(1, DEPLOYMENT_SPREAD);
    }
    const timed = this.kind.trigger[0] === 'timer';
    const weekly = day % 7 >= 5 && !timed ? WEEKEND : 1;
    const load = timed ? 1 : random.logNormal(weekly, LOAD_SPREAD);
    const count = Math.max(1, Math.round(this.kind.perDay * load * (change.load ?? 1)));
    const size = this.#level * random.logNormal(1, DAY_SPREAD) * (change.size ?? 1);
    return Array.from({ length: count }, (_, i) => {
      const within = timed ? (i + 0.5) / count : dayTime(random);
      return this.#invocation(startMs + Math.floor(within * (DAY_MS - 1000)), size);
    });
  }

  #invocation(atMs: number, size: number): SimulatedInvocation {
    const random = this.#random;
    const { kind } = this;
    const big = random.chance(BIG_SHARE) ? random.between(10, 50) : 1;
    const work = {
      random,
      document: random.logNormal(kind.median, kind.spread) * size * big,
      name: this.name,
      at: this.#at++,
    };
    const calls = kind.calls(work);
    if (random.chance(RETRY_SHARE)) calls.push(calls[calls.length - 1]);
    const [triggerKind, triggerSource] = kind.trigger;
    return {
      atMs,
      function: this.key,
      numbers: {
        durationMs: random.logNormal(80, 0.4),
        responseBytes: kind.response(work),
        requestBytes: kind.request(work),
        tmpBytes: kind.id === 'thumbnail' ? work.document : 0,
      },
      symbols: { triggerKind, triggerSource, shape: `${kind.id}-event`, revision: String(this.#revision) },
      calls,
    };
  }
}

/** When in a day something happens: mostly between 7 and 19 hours. */
function dayTime(random: Random): number {
  return Math.min(0.999, Math.max(0, 13 / 24 + (random.normal() * 3.5) / 24));
}
