import { setTimeout as wait } from 'node:timers/promises';
import { Random } from '../datasets/random.ts';
import type { FrontDoor, FrontDoorAnswer, FrontDoorRequest } from './front-door.ts';
import { jsonBody, openFrontDoor, textIn } from './front-door.ts';
import { drawPicture } from './picture.ts';
import { customer } from './seed.ts';
import type { Session, Step, StepKind, TrafficPlan } from './traffic-plan.ts';
import { CAUSES } from './traffic-plan.ts';

/**
 * Requests under way at once; more wait for a connection, as they would in a browser. Each may need a sandbox of its own, and
 * starting one costs two processors as much as fifty warm invocations: with more, a sale begins with so many cold starts
 * that nothing else gets done.
 */
const CONNECTIONS_MAX = 8;
/** Visits at once. Visitors come whether or not the shop is quick; above this they give up at the door, and are counted. */
const SESSIONS_MAX = 250;
/** A visitor whose request fails tries once more, after this. */
const RETRY_AFTER_MS = 250;
/** Seed of what pictures look like; nothing depends on it. */
const PICTURE_SEED = 7;

/** What became of the requests of one kind. */
export interface StepCounts {
  /** Requests, second attempts included. */
  sent: number;
  /** Answered as hoped: 2xx, or the refusal that a wrong request deserves. */
  good: number;
  /** Other 4xx. */
  refused: number;
  /** 5xx and 429. */
  failed: number;
  /** Without an answer. */
  lost: number;
}

/** What the traffic did. */
export interface TrafficReport {
  readonly sessions: number;
  /** Visits that did not begin because too many were under way. */
  readonly turnedAway: number;
  /** Visits that ended early because a log-in failed for good, or the traffic was stopped. */
  readonly brokenOff: number;
  readonly steps: Readonly<Record<StepKind, StepCounts>>;
  /**
   * Invocations of each function that these requests caused: direct ones that were answered by the function, and those that
   * follow from a success (an order is labelled, paid and told of by mail). Redeliveries are not among them.
   */
  readonly invocations: Readonly<Record<string, number>>;
}

/** How to run a plan. */
export interface TrafficRun {
  readonly apiUrl: string;
  /** Ends the traffic: visits under way stop after their current request. */
  readonly signal?: AbortSignal;
  /** Part of the plan to run, in its own time: from inclusive, to exclusive. Default: all of it. */
  readonly fromMs?: number;
  readonly toMs?: number;
  /** Requests under way at once. Default 8; a machine with more processors can take more. */
  readonly connectionsMax?: number;
  /** Called about once a second with invocations caused so far. */
  readonly onProgress?: (invocations: number) => void;
}

/**
 * Runs a plan in real time against the front door. Visits begin when the plan says so, whatever the shop does (an open loop);
 * within a visit each request waits for the one before. Resolves when the last visit is over; does not reject for what
 * the shop answers.
 */
export async function runTraffic(plan: TrafficPlan, run: TrafficRun): Promise<TrafficReport> {
  const door = openFrontDoor(run.apiUrl, run.connectionsMax ?? CONNECTIONS_MAX);
  const traffic = new Traffic(door, run.signal);
  const progress = setInterval(() => run.onProgress?.(traffic.total()), 1_000);
  try {
    const { fromMs = 0, toMs = Number.POSITIVE_INFINITY } = run;
    const started = performance.now();
    for (const session of plan.sessions) {
      if (session.startMs < fromMs || session.startMs >= toMs) continue;
      const early = session.startMs - fromMs - (performance.now() - started);
      if (early > 0 && !(await pause(early, run.signal))) break;
      if (run.signal?.aborted) break;
      traffic.begin(session);
    }
    return await traffic.finish();
  } finally {
    clearInterval(progress);
    door.close();
  }
}

/** Waits; false when it was ended before. */
async function pause(ms: number, signal: AbortSignal | undefined): Promise<boolean> {
  try {
    await wait(ms, undefined, signal === undefined ? {} : { signal });
    return true;
  } catch {
    return false;
  }
}

/** What a visitor remembers from one request to the next. */
interface Memory {
  token?: string;
  order?: string;
}

class Traffic {
  readonly #door: FrontDoor;
  readonly #signal: AbortSignal | undefined;
  readonly #random = new Random(PICTURE_SEED, 'pictures');
  readonly #running = new Set<Promise<void>>();
  readonly #steps = noCounts();
  readonly #invocations: Record<string, number> = {};
  #sessions = 0;
  #turnedAway = 0;
  #brokenOff = 0;

  constructor(door: FrontDoor, signal: AbortSignal | undefined) {
    this.#door = door;
    this.#signal = signal;
  }

  total(): number {
    return Object.values(this.#invocations).reduce((sum, count) => sum + count, 0);
  }

  begin(session: Session): void {
    if (this.#running.size >= SESSIONS_MAX) {
      this.#turnedAway += 1;
      return;
    }
    this.#sessions += 1;
    const visit = this.#visit(session).finally(() => this.#running.delete(visit));
    this.#running.add(visit);
  }

  async finish(): Promise<TrafficReport> {
    while (this.#running.size > 0) await Promise.all(this.#running);
    return {
      sessions: this.#sessions,
      turnedAway: this.#turnedAway,
      brokenOff: this.#brokenOff,
      steps: structuredClone(this.#steps),
      invocations: { ...this.#invocations },
    };
  }

  async #visit(session: Session): Promise<void> {
    const memory: Memory = {};
    for (const [at, step] of session.steps.entries()) {
      if (at > 0) await pause(step.afterMs, this.#signal);
      const stopped = this.#signal?.aborted === true;
      if (stopped || (LOGGED_IN.has(step.kind) && memory.token === undefined)) {
        this.#brokenOff += 1;
        return;
      }
      await this.#do(session, step, memory);
    }
  }

  async #do(session: Session, step: Step, memory: Memory): Promise<void> {
    const request = { ...this.#request(session, step, memory), address: session.address, userAgent: session.userAgent };
    for (let attempt = 0; attempt < 2; attempt++) {
      if (attempt > 0 && !(await pause(RETRY_AFTER_MS, this.#signal))) return;
      const answer = await this.#door.ask(request).catch(() => undefined);
      const again = this.#count(step.kind, answer);
      if (answer !== undefined) remember(step.kind, answer, memory);
      if (!again) return;
    }
  }

  /** Counts an answer; true when it is worth another attempt. */
  #count(kind: StepKind, answer: FrontDoorAnswer | undefined): boolean {
    const counts = this.#steps[kind];
    counts.sent += 1;
    if (answer === undefined) {
      counts.lost += 1;
      return true;
    }
    const good = answer.status === (HOPED[kind] ?? 200);
    const failed = answer.status >= 500 || answer.status === 429;
    if (good) counts.good += 1;
    else if (failed) counts.failed += 1;
    else counts.refused += 1;
    // Only the shop's functions answer with an id of their invocation; an answer without was given by the API alone.
    const [direct, ...later] = CAUSES[kind];
    if (answer.headers['x-request-id'] !== undefined) this.#caused(direct);
    if (good) for (const name of later) this.#caused(name);
    return failed;
  }

  #caused(name: string): void {
    this.#invocations[name] = (this.#invocations[name] ?? 0) + 1;
  }

  #request(session: Session, step: Step, memory: Memory): Pick<FrontDoorRequest, 'method' | 'path' | 'token' | 'body'> {
    const as = memory.token === undefined ? {} : { token: memory.token };
    switch (step.kind) {
      case 'browse':
        return { method: 'GET', path: step.way < 0.7 ? '/prints' : `/prints?after=${step.print}` };
      case 'view':
        return { method: 'GET', path: `/prints/${step.print}` };
      case 'preview':
        return { method: 'GET', path: `/prints/${step.print}/preview?file=${step.way < 0.7 ? 'small' : 'large'}.png` };
      case 'search':
        return { method: 'GET', path: `/search?q=${SEARCHES[Math.floor(step.way * SEARCHES.length)]}` };
      case 'missing':
        return { method: 'GET', path: `/prints/${step.print}x` };
      case 'login':
      case 'wrong-password':
        return { method: 'POST', path: '/login', body: logIn(session, step) };
      case 'order':
      case 'wrong-order':
        return { method: 'POST', path: '/orders', ...as, body: jsonBody(orderForm(step)) };
      case 'follow':
        return { method: 'GET', path: `/orders/${memory.order ?? 'none'}`, ...as };
      case 'upload':
        return { method: 'POST', path: '/pictures', ...as, body: { type: 'image/png', bytes: this.#picture(step) } };
      case 'gift-label':
        return { method: 'POST', path: '/labels', ...as, body: jsonBody(giftLabel(step)) };
    }
  }

  #picture({ way }: Step): Buffer {
    const widthPx = 240 + Math.floor(way * 10) * 40;
    const title = way < 0.5 ? {} : { title: TITLES[Math.floor(way * 100) % TITLES.length] };
    return drawPicture({ widthPx, heightPx: Math.round(widthPx * 0.66), ...title }, this.#random);
  }
}

/** Steps of visitors who must have logged in. */
const LOGGED_IN: ReadonlySet<StepKind> = new Set(['order', 'wrong-order', 'follow', 'upload', 'gift-label']);

/** Status a step hopes for where it is not 200. */
const HOPED: Partial<Record<StepKind, number>> = {
  ...{ missing: 404, 'wrong-password': 401, order: 201, 'wrong-order': 400, upload: 202 },
};

const SEARCHES = ['harbour', 'rain', 'glacier', 'garcia', 'winter', 'at%20dawn', 'unicorn'];
const TITLES = ['Holiday 2026', 'Grandma"s garden', 'Lake (evening)', 'IMG_2041', "Tom's first day", 'Summer & sun'];
const GIFTS = [
  'For {{ order.name }}\nfrom {{ order.from }}',
  'Happy birthday, {{ order.name }}!',
  'Dear {{ order.name.toUpperCase() }},\nall the best!',
  // A mistake that people make: the shop answers 422.
  'For {{ order.nmae.trim() }}',
];

function noCounts(): Record<StepKind, StepCounts> {
  const none = (): StepCounts => ({ sent: 0, good: 0, refused: 0, failed: 0, lost: 0 });
  return {
    ...{ browse: none(), view: none(), preview: none(), search: none(), missing: none() },
    ...{ login: none(), 'wrong-password': none() },
    ...{ order: none(), 'wrong-order': none(), follow: none(), upload: none(), 'gift-label': none() },
  };
}

function logIn({ customer: number = 0 }: Session, { kind, way }: Step) {
  const { email, password } = customer(number);
  if (kind === 'login') return jsonBody({ email, password });
  return jsonBody({ email, password: `${password}${Math.floor(way * 9)}` });
}

function orderForm({ kind, print, way }: Step): unknown {
  if (kind === 'wrong-order') return { lines: [{ print, quantity: 0 }] };
  const second = way < 0.3 ? [{ print: 'p-001', quantity: 1 }] : [];
  const lines = [{ print, quantity: 1 + Math.floor(way * 4) }, ...second];
  return { lines, currency: ['EUR', 'EUR', 'EUR', 'USD', 'CHF', 'GBP'][Math.floor(way * 6)] };
}

function giftLabel({ way }: Step): unknown {
  return { name: TITLES[Math.floor(way * TITLES.length)], text: GIFTS[Math.floor(way * 3.2)] };
}

function remember(kind: StepKind, answer: FrontDoorAnswer, memory: Memory): void {
  if (kind === 'login') {
    const token = textIn(answer, 'token');
    if (token !== undefined) memory.token = token;
  }
  if (kind === 'order') {
    const order = textIn(answer, 'id');
    if (order !== undefined) memory.order = order;
  }
}
