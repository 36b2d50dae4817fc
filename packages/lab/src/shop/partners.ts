import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { Random } from '../datasets/random.ts';
import type { PartnerUrls } from './application.ts';
import { PARTNER_SECRETS } from './application.ts';
import { readBody, startLoopbackServer } from './loopback-server.ts';

/** Those the shop works with. */
export type PartnerName = keyof PartnerUrls;

/** What a partner was asked and did, counted since the start. */
export interface PartnerCounts {
  readonly requests: number;
  /** Answered with 5xx or 429 although nothing was wrong with the request. */
  readonly failed: number;
  /** Answered late by chance. */
  readonly slow: number;
  /** Refused: wrong secret, unknown path, broken body, declined card. */
  readonly refused: number;
}

/** Running partners. */
export interface Partners {
  readonly urls: PartnerUrls;
  counts(): Readonly<Record<PartnerName, PartnerCounts>>;
  /** Makes a partner take so many times as long from now on; 1 is normal. For a slow day that is nobody's attack. */
  slowDown(partner: PartnerName, factor: number): void;
  /** Ends all of them at once, open requests too. May be called twice. */
  close(): Promise<void>;
}

/** Addresses of their own, so that they can be told apart by what a socket is connected to. */
export const PARTNER_ADDRESSES: Readonly<Record<PartnerName, string>> = {
  payment: '127.0.1.10',
  mail: '127.0.1.20',
  rates: '127.0.1.30',
};

/** How a partner behaves. Times in ms. */
interface Manners {
  readonly medianMs: number;
  readonly failing: number;
  readonly failures: readonly number[];
  readonly slow: number;
  readonly slowMs: readonly [from: number, to: number];
}

const MANNERS: Readonly<Record<PartnerName, Manners>> = {
  payment: {
    medianMs: 24,
    failing: 0.02,
    failures: [503, 500],
    slow: 0.01,
    slowMs: [300, 1100],
  },
  mail: { medianMs: 9, failing: 0.015, failures: [503, 429], slow: 0.01, slowMs: [150, 600] },
  rates: { medianMs: 6, failing: 0.03, failures: [502], slow: 0.02, slowMs: [100, 400] },
};

/** Share of cards that are declined. */
const DECLINED = 0.04;
/** Charges remembered, so that asking twice charges once; the oldest are forgotten. */
const CHARGES_MAX = 20_000;
/** Nobody waits longer for an answer; also bounds `slowDown`. */
const LATENCY_MS_MAX = 5_000;

/** Starts the shop's partners: small HTTP services with the delays, errors and refusals of real ones, drawn from the seed. */
export async function startPartners(seed: number, addresses = PARTNER_ADDRESSES): Promise<Partners> {
  const stop = new AbortController();
  const charges = new Map<string, string>();
  const payment = new Partner('payment', seed, stop.signal);
  const mail = new Partner('mail', seed, stop.signal);
  const rates = new Partner('rates', seed, stop.signal);
  const servers = await Promise.all([
    payment.start(addresses.payment, (request, body) => charge(request, { body, charges, random: payment.random })),
    mail.start(addresses.mail, (request, body) => takeMail(request, body)),
    rates.start(addresses.rates, (request) => tellRates(request, rates.random)),
  ]);
  const all = { payment, mail, rates };
  return {
    urls: { payment: servers[0].url, mail: servers[1].url, rates: servers[2].url },
    counts: () => ({ payment: payment.counts(), mail: mail.counts(), rates: rates.counts() }),
    slowDown: (partner, factor) => {
      all[partner].factor = factor;
    },
    close: async () => {
      stop.abort();
      await Promise.all(servers.map((server) => server.close()));
    },
  };
}

interface Answer {
  readonly status: number;
  readonly document?: unknown;
}

/** One service: waits, fails now and then, and otherwise answers. */
class Partner {
  factor = 1;
  readonly random: Random;
  readonly #manners: Manners;
  readonly #stop: AbortSignal;
  #requests = 0;
  #failed = 0;
  #slow = 0;
  #refused = 0;

  constructor(name: PartnerName, seed: number, stop: AbortSignal) {
    this.#manners = MANNERS[name];
    this.random = new Random(seed, `partner ${name}`);
    this.#stop = stop;
  }

  start(address: string, answer: (request: IncomingMessage, body: string) => Answer) {
    return startLoopbackServer(address, (request, response) => {
      // A request that breaks off, or is open while everything ends, has nobody to answer.
      this.#serve(request, response, answer).catch(() => response.destroy());
    });
  }

  counts(): PartnerCounts {
    return { requests: this.#requests, failed: this.#failed, slow: this.#slow, refused: this.#refused };
  }

  async #serve(
    request: IncomingMessage,
    response: ServerResponse,
    answer: (request: IncomingMessage, body: string) => Answer,
  ): Promise<void> {
    this.#requests += 1;
    const body = (await readBody(request)).toString('utf8');
    await wait(this.#latencyMs(), undefined, { signal: this.#stop });
    const { status, document } = this.#fails() ?? answer(request, body);
    if (status >= 400 && status < 500 && status !== 429) this.#refused += 1;
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(document === undefined ? undefined : JSON.stringify(document));
  }

  #latencyMs(): number {
    const { medianMs, slow, slowMs } = this.#manners;
    const late = this.random.chance(slow);
    if (late) this.#slow += 1;
    // Most answers take about the median, few much longer: the product of two uniform factors is skewed that way.
    const usual = medianMs * this.random.between(0.6, 1.5) * this.random.between(0.7, 1.5);
    return Math.min(LATENCY_MS_MAX, this.factor * (late ? this.random.between(...slowMs) : usual));
  }

  #fails(): Answer | undefined {
    const { failing, failures } = this.#manners;
    if (!this.random.chance(failing)) return undefined;
    this.#failed += 1;
    return { status: this.random.pick(failures), document: { error: 'try again' } };
  }
}

function charge(
  request: IncomingMessage,
  { body, charges, random }: { body: string; charges: Map<string, string>; random: Random },
): Answer {
  if (request.headers.authorization !== `Bearer ${PARTNER_SECRETS.payment}`) return { status: 401 };
  const key = request.headers['idempotency-key'];
  if (typeof key !== 'string' || !isJson(body)) return { status: 400 };
  if (request.url !== '/v1/charges' && request.url !== '/v1/refunds') return { status: 404 };
  const known = charges.get(key);
  if (known !== undefined) return { status: 201, document: { id: known } };
  if (request.url === '/v1/charges' && random.chance(DECLINED)) return { status: 402, document: { error: 'declined' } };
  const id = `ch_${random.word().toString(36)}${random.word().toString(36)}`;
  const [oldest] = charges.keys();
  if (charges.size >= CHARGES_MAX && oldest !== undefined) charges.delete(oldest);
  charges.set(key, id);
  return { status: 201, document: { id } };
}

function takeMail(request: IncomingMessage, body: string): Answer {
  if (request.headers['x-api-key'] !== PARTNER_SECRETS.mail) return { status: 401 };
  if (request.url !== '/v3/messages') return { status: 404 };
  return isJson(body) ? { status: 202 } : { status: 400 };
}

function tellRates(request: IncomingMessage, random: Random): Answer {
  if (request.url !== '/latest?base=EUR') return { status: 404 };
  const near = (rate: number) => Number((rate * random.between(0.995, 1.005)).toFixed(4));
  return {
    status: 200,
    document: { base: 'EUR', rates: { EUR: 1, USD: near(1.09), GBP: near(0.85), CHF: near(0.96) } },
  };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
