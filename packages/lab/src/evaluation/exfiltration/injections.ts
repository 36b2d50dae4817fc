import type { Random } from '../../datasets/random.ts';
import type { SimulatedFunction } from './functions.ts';
import type { SimulatedCall, SimulatedInvocation } from './invocation.ts';

/** Days over which a slow one goes on. */
export const DRIP_DAYS = 10;

/** What an injection is given. */
export interface Target {
  readonly function: SimulatedFunction;
  /** The function's invocations of the day, in order of time. */
  readonly invocations: SimulatedInvocation[];
  /** Days since the injection began. */
  readonly day: number;
  readonly random: Random;
}

/** Something put into the traffic of a function: an attack, or something harmless that looks like one. */
export interface Injection {
  readonly id: string;
  readonly title: string;
  readonly attack: boolean;
  readonly days: number;
  /** Detectors of which one should speak. For harmless ones: those of this suite, of which none should. */
  readonly detectors: readonly string[];
  /** Only functions of these kinds, all when absent. */
  readonly kinds?: readonly string[];
  /** What changes for the generator on the days of the injection. */
  readonly change?: { readonly load?: number; readonly size?: number; readonly deploys?: boolean };
  apply(target: Target): void;
}

const VOLUME = ['egress.volume', 'egress.day-volume', 'egress.staging'] as const;

/** Every detector this suite is about. */
export const EXFILTRATION_DETECTORS = [
  ...VOLUME,
  ...['egress.new-destination', 'egress.bulk-response', 'egress.dns-labels', 'egress.fan-out', 'egress.drip'],
  ...['data.read-volume', 'data.day-reads', 'data.drip', 'data.new-access', 'resource.tail'],
] as const;

const drip = (share: number): Injection => ({
  id: `drip-${share * 100}`,
  title: `drip of ${share * 100} % of the daily volume to its main destination, ${DRIP_DAYS} days`,
  attack: true,
  days: DRIP_DAYS,
  detectors: ['egress.drip', 'egress.day-volume'],
  apply: ({ invocations, function: of }) => {
    const { destination } = of.destination;
    for (const [at, one] of invocations.entries()) {
      invocations[at] = {
        ...one,
        calls: one.calls.map((call) =>
          call.destination === destination ? { ...call, bytesOut: call.bytesOut * (1 + share) } : call,
        ),
      };
    }
  },
});

/** The attacks, and what is near them and harmless. */
export const INJECTIONS: readonly Injection[] = [
  {
    id: 'bulk-new',
    title: 'one bulk of 2 to 40 MB to a new destination',
    attack: true,
    days: 1,
    detectors: ['egress.new-destination', 'egress.fan-out'],
    apply: (target) => add(target, [post(`drop-${target.function.name}.example`, target.random.between(2e6, 4e7))]),
  },
  {
    id: 'small-new',
    title: 'secrets of 300 to 3,000 bytes to a new destination',
    attack: true,
    days: 1,
    detectors: ['egress.new-destination', 'egress.fan-out'],
    apply: (target) => add(target, [post(`drop-${target.function.name}.example`, target.random.between(300, 3000))]),
  },
  {
    id: 'bulk-known',
    title: 'one bulk of 2 to 40 MB to its main destination',
    attack: true,
    days: 1,
    detectors: [...VOLUME, 'resource.tail'],
    apply: (target) =>
      add(target, [{ ...target.function.destination, bytesOut: target.random.between(2e6, 4e7), bytesIn: 200 }]),
  },
  {
    id: 'many-known',
    title: 'ten times the usual bytes in all invocations of a day to its main destination',
    attack: true,
    days: 1,
    detectors: [...VOLUME, 'egress.drip', 'resource.tail'],
    apply: drip(9).apply,
  },
  drip(0.02),
  drip(0.05),
  drip(0.2),
  {
    id: 'fan-out',
    title: 'pieces to 60 places, two an invocation',
    attack: true,
    days: 1,
    detectors: ['egress.fan-out', 'egress.new-destination'],
    apply: (target) => {
      for (let at = 0; at < 30; at++) {
        add(target, [post(piece(target, 2 * at), 4000), post(piece(target, 2 * at + 1), 4000)], at);
      }
    },
  },
  {
    id: 'response-bulk',
    title: 'a response of 1 to 6 MB, read from its store',
    attack: true,
    days: 1,
    detectors: ['egress.bulk-response', 'data.read-volume'],
    kinds: ['api', 'listing', 'webhook'],
    apply: (target) => {
      const bytes = target.random.between(1e6, 6e6);
      const [first] = target.invocations[0].calls;
      add(target, [{ ...first, verb: 'dynamodb:Query', bytesOut: 300, bytesIn: bytes * 1.1 }], 0, {
        responseBytes: bytes,
      });
    },
  },
  {
    id: 'dns-tunnel',
    title: 'ten kilobytes in names of hosts, 150 characters an invocation',
    attack: true,
    days: 1,
    detectors: ['egress.dns-labels', 'egress.new-destination'],
    apply: (target) => {
      for (let at = 0; at < 70; at++) {
        const host = `t-${target.function.name}.example`;
        const calls = [post(host, 40), post(host, 40), post(host, 40)];
        add(target, calls, at, { nameBytes: 150, nameEntropy: 4, names: 3 });
      }
    },
  },
  {
    id: 'staging',
    title: 'twenty megabytes into /tmp, an hour later to its main destination',
    attack: true,
    days: 1,
    detectors: [...VOLUME, 'resource.tail'],
    apply: (target) => {
      add(target, [], 0, { tmpBytes: 2e7 });
      add(target, [{ ...target.function.destination, bytesOut: 1.4e7, bytesIn: 200 }], 60, { tmpBytes: 2e7 });
    },
  },
  {
    id: 'big-upload',
    title: 'harmless: an upload a hundred times the usual one',
    attack: false,
    days: 1,
    detectors: EXFILTRATION_DETECTORS,
    kinds: ['api', 'webhook'],
    apply: ({ invocations }) => {
      const at = Math.floor(invocations.length / 2);
      const one = invocations[at];
      const calls = one.calls.map((call) => ({ ...call, bytesOut: call.bytesOut * 100 }));
      const requestBytes = (one.numbers.requestBytes ?? 0) * 100;
      invocations[at] = { ...one, calls, numbers: { ...one.numbers, requestBytes } };
    },
  },
  {
    id: 'big-document',
    title: 'harmless: a document from a store fifteen times the usual one',
    attack: false,
    days: 1,
    detectors: EXFILTRATION_DETECTORS,
    kinds: ['thumbnail', 'listing', 'export'],
    apply: ({ invocations }) => {
      const at = Math.floor(invocations.length / 2);
      const one = invocations[at];
      const calls = one.calls.map((call) => ({ ...call, bytesOut: call.bytesOut * 15, bytesIn: call.bytesIn * 15 }));
      const numbers = { ...one.numbers, responseBytes: (one.numbers.responseBytes ?? 0) * 15 };
      invocations[at] = { ...one, calls, numbers };
    },
  },
  {
    id: 'burst',
    title: 'harmless: six times the load for a day',
    attack: false,
    days: 1,
    detectors: EXFILTRATION_DETECTORS,
    change: { load: 6 },
    apply: () => undefined,
  },
  {
    id: 'deployment',
    title: 'harmless: a deployment after which everything is a quarter larger',
    attack: false,
    days: DRIP_DAYS,
    detectors: EXFILTRATION_DETECTORS,
    change: { size: 1.25 },
    apply: ({ invocations }) => {
      for (const [at, one] of invocations.entries()) {
        invocations[at] = { ...one, symbols: { ...one.symbols, revision: `${one.symbols.revision}-next` } };
      }
    },
  },
  {
    id: 'retries',
    title: 'harmless: a store that fails, every call three times for an hour',
    attack: false,
    days: 1,
    detectors: EXFILTRATION_DETECTORS,
    apply: ({ invocations }) => {
      const from = Math.floor(invocations.length / 2);
      for (let at = from; at < Math.min(invocations.length, from + 12); at++) {
        const one = invocations[at];
        invocations[at] = { ...one, calls: one.calls.flatMap((call) => [call, call, call]) };
      }
    },
  },
];

function post(host: string, bytesOut: number): SimulatedCall {
  return { verb: 'http:POST', resource: `${host}/x`, destination: host, bytesOut, bytesIn: 300 };
}

function piece({ function: of }: Target, at: number): string {
  return `p${at}-${of.name}.example`;
}

/** Lets an invocation in the middle of the day do more; `later` counts from there. */
function add(
  { invocations }: Target,
  calls: readonly SimulatedCall[],
  later = 0,
  numbers: SimulatedInvocation['numbers'] = {},
): void {
  const at = Math.min(invocations.length - 1, Math.floor(invocations.length / 2) + later);
  const one = invocations[at];
  invocations[at] = { ...one, calls: [...one.calls, ...calls], numbers: { ...one.numbers, ...numbers } };
}
