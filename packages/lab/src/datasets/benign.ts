import { arrivalTimes, at, type Burst, END_MS, START_MS } from './calendar.ts';
import { FUNCTION, NETWORK, STAFF, specOf } from './company.ts';
import type { Arrival, Change, Visitor } from './invocation.ts';
import { Random } from './random.ts';

/** A new version of a function, deployed by the pipeline. */
export interface Deployment {
  readonly function: string;
  readonly atMs: number;
  readonly revision: string;
  readonly change: Change;
}

/** What the pipeline deploys, in order. The last one falls among the attacks and is as harmless as the others. */
export const DEPLOYMENTS: readonly Deployment[] = [
  deployment(FUNCTION.payments, at(0, 9, 10), { revision: '28', durationFactor: 0.96 }),
  deployment(FUNCTION.mailer, at(0, 14, 30), { revision: '13' }),
  deployment(FUNCTION.bookings, at(1, 10, 5), { revision: '42', durationFactor: 0.92, memoryMoreMb: 6 }),
  deployment(FUNCTION.quotes, at(1, 15, 20), { revision: '20', memoryMoreMb: 4 }),
  deployment(FUNCTION.search, at(2, 9, 20), { revision: '18', durationFactor: 1.05 }),
];

/** A newsletter goes out on Tuesday evening, and a smaller one among the attacks. */
export const BURSTS: readonly Burst[] = [
  { fromMs: at(1, 18, 0), toMs: at(1, 18, 20), factor: 5 },
  { fromMs: at(2, 10, 30), toMs: at(2, 10, 45), factor: 3 },
];

const BOOKINGS_PER_MINUTE = 3.4;
const SEARCHES_PER_MINUTE = 1.5;
const ADMIN_PER_MINUTE = 0.35;
const CUSTOMERS = 380;
const RETRY_MS = 30_000;

/** Everything that is asked of the company's functions when all is well, in no particular order. */
export function benignArrivals(seed: number): Arrival[] {
  const arrivals: Arrival[] = [];
  bookings(arrivals, seed);
  searches(arrivals, seed);
  administration(arrivals, seed);
  timers(arrivals, seed);
  return arrivals.filter(({ atMs }) => atMs >= START_MS && atMs < END_MS).map(deployed);
}

/** The deployment in force for a function at a time, undefined before the first. */
export function deploymentAt(name: string, timeMs: number): Deployment | undefined {
  return DEPLOYMENTS.findLast((one) => one.function === name && timeMs >= one.atMs);
}

/** An arrival as the version in force serves it. */
export function deployed(arrival: Arrival): Arrival {
  const deployment = deploymentAt(arrival.function, arrival.atMs);
  return deployment === undefined ? arrival : { ...arrival, change: { ...deployment.change, ...arrival.change } };
}

/** Customers book; a booking leads to a quote and a letter, often to a photograph and a payment. */
function bookings(arrivals: Arrival[], seed: number): void {
  const random = new Random(seed, 'bookings');
  const visitors = customers(seed);
  const routes = specOf(FUNCTION.bookings).behaviours.filter(({ weight }) => weight > 0);
  for (const atMs of arrivalTimes({ of: 'customers', perMinute: BOOKINGS_PER_MINUTE, bursts: BURSTS }, random)) {
    const { name: behaviour } = random.weighted(routes);
    const visitor = visitors[Math.floor(visitors.length * random.next() * random.next())];
    const failed = random.chance(0.004) ? { error: 'ConditionalCheckFailedException' } : {};
    arrivals.push({ function: FUNCTION.bookings, behaviour, atMs, visitor, ...failed });
    if (behaviour === 'book') consequences(arrivals, random, atMs);
  }
}

function consequences(arrivals: Arrival[], random: Random, atMs: number): void {
  let quotedMs = atMs + random.between(400, 2500);
  if (random.chance(0.02)) {
    arrivals.push({ function: FUNCTION.quotes, behaviour: 'quote', atMs: quotedMs, error: 'TimeoutError' });
    quotedMs += RETRY_MS;
  }
  arrivals.push({ function: FUNCTION.quotes, behaviour: 'quote', atMs: quotedMs });
  arrivals.push({ function: FUNCTION.mailer, behaviour: 'mail', atMs: quotedMs + random.between(500, 3000) });
  if (random.chance(0.45)) {
    arrivals.push({ function: FUNCTION.photos, behaviour: 'resize', atMs: atMs + random.between(4000, 90_000) });
  }
  if (random.chance(0.7)) {
    const paidMs = atMs + random.between(60_000, 1_200_000);
    arrivals.push({ function: FUNCTION.payments, behaviour: 'paid', atMs: paidMs, visitor: PAYMENT_SERVICE });
    arrivals.push({ function: FUNCTION.bookings, behaviour: 'confirm', atMs: paidMs + random.between(80, 140) });
  }
}

const PAYMENT_SERVICE: Visitor = { principal: '', network: '198.19.16.0', country: 'IE', client: 'service' };

function searches(arrivals: Arrival[], seed: number): void {
  const random = new Random(seed, 'searches');
  const visitors = customers(seed);
  for (const atMs of arrivalTimes({ of: 'customers', perMinute: SEARCHES_PER_MINUTE, bursts: BURSTS }, random)) {
    const visitor = visitors[Math.floor(visitors.length * random.next() * random.next())];
    arrivals.push({ function: FUNCTION.search, behaviour: 'search', atMs, visitor });
  }
}

function administration(arrivals: Arrival[], seed: number): void {
  const random = new Random(seed, 'administration');
  const staff = STAFF.map((): Visitor => {
    return { principal: random.hex(16), network: `${NETWORK.office}.0`, country: 'DE', client: 'browser' };
  });
  const routes = specOf(FUNCTION.admin).behaviours.filter(({ weight }) => weight > 0);
  for (const atMs of arrivalTimes({ of: 'workers', perMinute: ADMIN_PER_MINUTE, bursts: [] }, random)) {
    const { name: behaviour } = random.weighted(routes);
    arrivals.push({ function: FUNCTION.admin, behaviour, atMs, visitor: random.pick(staff) });
    if (behaviour === 'close') {
      arrivals.push({ function: FUNCTION.mailer, behaviour: 'mail', atMs: atMs + random.between(500, 3000) });
    }
  }
}

function timers(arrivals: Arrival[], seed: number): void {
  const random = new Random(seed, 'timers');
  for (let atMs = START_MS; atMs < END_MS; atMs += 15 * 60_000) {
    arrivals.push({ function: FUNCTION.stock, behaviour: 'sync', atMs: atMs + random.between(200, 1400) });
  }
  for (const day of [1, 2]) {
    const atMs = at(day, 1, 15) + random.between(200, 1400);
    arrivals.push({ function: FUNCTION.ledger, behaviour: 'close-day', atMs });
  }
}

/** People who book, the frequent ones first. */
function customers(seed: number): Visitor[] {
  const random = new Random(seed, 'customers');
  return Array.from({ length: CUSTOMERS }, () => ({
    principal: random.hex(16),
    network: `198.18.${random.below(160)}.0`,
    country: random.weighted([
      { weight: 14, country: 'DE' },
      { weight: 4, country: 'AT' },
      { weight: 2, country: 'CH' },
    ]).country,
    client: 'browser',
  }));
}

function deployment(name: string, atMs: number, change: Change & { readonly revision: string }): Deployment {
  return { function: name, atMs, revision: change.revision, change };
}
