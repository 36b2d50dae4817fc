import { Random } from '../datasets/random.ts';
import { CUSTOMERS, PRINTS, printId } from './seed.ts';

/** A sale or the like: so many times as many visitors for a while. */
export interface Burst {
  readonly startMs: number;
  readonly durationMs: number;
  readonly factor: number;
}

/** What to plan. Equal options give an equal plan. */
export interface TrafficOptions {
  readonly seed: number;
  /** Length of the day that passes, ms. */
  readonly durationMs: number;
  /** Invocations to aim at, of all functions together; the plan has at most one session more. */
  readonly invocations: number;
  readonly burst?: Burst;
}

/** A day of a minute and three quarters with a sale in its second half; fits on two processors. */
export const USUAL_DAY: TrafficOptions = {
  seed: 1,
  durationMs: 100_000,
  invocations: 1_800,
  burst: { startMs: 66_000, durationMs: 6_000, factor: 10 },
};

/** What a visitor does, by its name in reports. */
export type StepKind = keyof typeof CAUSES;

/** One thing a visitor does; what it needs to know beyond its kind was drawn when it was planned. */
export interface Step {
  readonly kind: StepKind;
  /** Wait before it, ms. */
  readonly afterMs: number;
  /** Print it is about. */
  readonly print: string;
  /** Any number in [0, 1): which of several ways it is done. */
  readonly way: number;
}

/** One visit. */
export interface Session {
  readonly startMs: number;
  readonly address: string;
  readonly userAgent: string;
  /** Number of the customer who visits; undefined for those without an account. */
  readonly customer?: number;
  readonly steps: readonly Step[];
}

/** All visits, in the order of their start. */
export interface TrafficPlan {
  readonly durationMs: number;
  readonly sessions: readonly Session[];
  /** Invocations of each function if everything goes well; retries and redeliveries come on top. */
  readonly invocations: Readonly<Record<string, number>>;
}

/** Functions that a step calls when it succeeds, directly and in the end. */
export const CAUSES = {
  browse: ['catalogue'],
  view: ['catalogue'],
  preview: ['catalogue'],
  search: ['catalogue'],
  missing: ['catalogue'],
  login: ['login'],
  'wrong-password': ['login'],
  order: ['order', 'label', 'payment', 'mailer'],
  'wrong-order': ['order'],
  follow: ['order'],
  upload: ['upload', 'thumbnail'],
  'gift-label': ['label'],
} as const satisfies Readonly<Record<string, readonly string[]>>;

/**
 * Plans the visits of a day. Visitors come at random, at a rate that follows the hours of a day (quiet at night, most in the
 * evening) and the burst; who comes during the burst mostly looks and some buy.
 */
export function planTraffic(options: TrafficOptions): TrafficPlan {
  const random = new Random(options.seed, 'traffic');
  const sessions: Session[] = [];
  const invocations: Record<string, number> = {};
  let total = 0;
  while (total < options.invocations) {
    const session = planSession(drawStart(options, random), options.burst, random);
    sessions.push(session);
    for (const { kind } of session.steps) {
      for (const name of CAUSES[kind]) invocations[name] = (invocations[name] ?? 0) + 1;
      total += CAUSES[kind].length;
    }
  }
  sessions.sort((left, right) => left.startMs - right.startMs);
  return { durationMs: options.durationMs, sessions, invocations };
}

/** How many visitors come at a time of the day, relative to its busiest hour. */
export function demandAt(atMs: number, { durationMs, burst }: Pick<TrafficOptions, 'durationMs' | 'burst'>): number {
  const hour = (24 * atMs) / durationMs;
  // Quiet at four in the morning, a shoulder at noon, most at eight in the evening.
  const shape =
    0.55 + 0.3 * Math.cos(((hour - 20) / 24) * 2 * Math.PI) + 0.15 * Math.cos(((hour - 12) / 12) * 2 * Math.PI);
  const during = burst !== undefined && atMs >= burst.startMs && atMs < burst.startMs + burst.durationMs;
  return shape * (during ? burst.factor : 1);
}

/** Start of a session, by rejection from the demand. */
function drawStart(options: TrafficOptions, random: Random): number {
  const most = Math.max(1, options.burst?.factor ?? 1);
  for (;;) {
    const at = random.next() * options.durationMs;
    if (random.next() * most < demandAt(at, options)) return Math.floor(at);
  }
}

/** Kinds of visits with their shares, usual and during a sale. */
const VISITS = [
  { weight: 38, sale: 52, plan: looking },
  { weight: 20, sale: 26, plan: buying },
  { weight: 15, sale: 5, plan: uploading },
  { weight: 9, sale: 5, plan: designing },
  { weight: 8, sale: 8, plan: forgetting },
  { weight: 10, sale: 4, plan: crawling },
] as const;

type Draw = (kind: StepKind) => Step;

function planSession(startMs: number, burst: Burst | undefined, random: Random): Session {
  const during = burst !== undefined && startMs >= burst.startMs && startMs < burst.startMs + burst.durationMs;
  const { plan } = random.weighted(VISITS.map((visit) => ({ ...visit, weight: during ? visit.sale : visit.weight })));
  const draw: Draw = (kind) => ({
    kind,
    afterMs: Math.floor(random.between(60, 500)),
    // Few prints are seen by many.
    print: printId(Math.floor(PRINTS * random.next() * random.next())),
    way: random.next(),
  });
  const kinds = plan(random);
  const steps = kinds.map(draw);
  const needsAccount = kinds.includes('login') || kinds.includes('wrong-password');
  const robot = plan === crawling;
  return {
    startMs,
    address: addressOf(random),
    userAgent: robot ? random.pick(ROBOTS) : random.weighted(BROWSERS).name,
    // The last account is not one of theirs.
    ...(needsAccount && { customer: random.below(CUSTOMERS - 1) }),
    steps,
  };
}

function looking(random: Random): StepKind[] {
  const kinds: StepKind[] = ['browse'];
  const more = 1 + random.below(4);
  for (let at = 0; at < more; at++) kinds.push(random.pick(['view', 'preview', 'preview', 'search', 'browse']));
  if (random.chance(0.06)) kinds.push('missing');
  return kinds;
}

function buying(random: Random): StepKind[] {
  const kinds: StepKind[] = ['browse', 'view', 'preview'];
  if (random.chance(0.12)) kinds.push('wrong-password');
  kinds.push('login');
  if (random.chance(0.05)) kinds.push('wrong-order');
  kinds.push('order');
  if (random.chance(0.6)) kinds.push('follow');
  return kinds;
}

function uploading(random: Random): StepKind[] {
  const kinds: StepKind[] = ['login', 'upload'];
  if (random.chance(0.4)) kinds.push('upload');
  if (random.chance(0.2)) kinds.push('order');
  return kinds;
}

function designing(random: Random): StepKind[] {
  const kinds: StepKind[] = ['login', 'gift-label'];
  if (random.chance(0.5)) kinds.push('gift-label');
  if (random.chance(0.3)) kinds.push('order');
  return kinds;
}

/** People who do not remember which password it was, and sometimes never do. */
function forgetting(random: Random): StepKind[] {
  const kinds: StepKind[] = ['browse', 'wrong-password'];
  if (random.chance(0.5)) kinds.push('wrong-password');
  if (random.chance(0.7)) kinds.push('login', 'view');
  return kinds;
}

/** Search engines and comparison sites. */
function crawling(random: Random): StepKind[] {
  const kinds: StepKind[] = ['browse'];
  const more = 2 + random.below(4);
  for (let at = 0; at < more; at++) kinds.push(random.chance(0.08) ? 'missing' : 'view');
  return kinds;
}

const BROWSERS = [
  { weight: 40, name: 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36' },
  {
    weight: 26,
    name: 'Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 Version/19.1 Mobile Safari/604.1',
  },
  {
    weight: 20,
    name: 'Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 Chrome/142.0.0.0 Mobile Safari/537.36',
  },
  { weight: 14, name: 'Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0' },
] as const;

const ROBOTS = [
  'Mozilla/5.0 (compatible; ExampleSearchBot/2.1; +http://search.example/bot)',
  'PriceCompare/1.4 (+http://prices.example)',
] as const;

/** An address kept free for documentation: two IPv4 networks, or one of some hundred IPv6 networks. */
function addressOf(random: Random): string {
  if (random.chance(0.3)) return `192.0.2.${1 + random.below(254)}`;
  if (random.chance(0.4)) return `203.0.113.${1 + random.below(254)}`;
  return `2001:db8:${(0x100 + random.below(200)).toString(16)}::${(1 + random.below(0xfffe)).toString(16)}`;
}
