import { setTimeout as wait } from 'node:timers/promises';
import { labelText, pictureWith } from './attack-payload.ts';
import { bulkRead } from './attack-read.ts';
import type { DropHost } from './drop-host.ts';
import type { FrontDoor } from './front-door.ts';
import { jsonBody, openFrontDoor, textIn } from './front-door.ts';
import { CUSTOMERS, customer } from './seed.ts';

/** Which weakness is used: see `apps/shop/README.md`. */
export const ATTACKS = ['label', 'picture', 'preview'] as const;
export type Attack = (typeof ATTACKS)[number];

/** Steps of attacks that run code inside a function, in their order. */
export const CODE_STEPS = ['env-exfiltration', 'role-recon', 'lateral-invoke'] as const;

/** Something an attack does. */
export type AttackStep = (typeof CODE_STEPS)[number] | 'bulk-read';

/** What a detection should say about a step. */
export interface Expectation {
  /** Function that should be named. */
  readonly function: string;
  /** At least one of these families should speak. */
  readonly families: readonly string[];
  /** What a person would want to read. */
  readonly says: string;
}

/** What became of a step. All times in ms since 1970. */
export interface StepOutcome {
  readonly step: AttackStep;
  /** `blocked`: nothing was gained. */
  readonly outcome: 'done' | 'blocked';
  readonly startMs: number;
  /** When its first request was answered, or what that request set off had happened: from here on it can be found. */
  readonly firstEndMs: number;
  readonly endMs: number;
  /** Requests at the front door. */
  readonly requests: number;
  /** Ids of the invocations, where the function tells them: not for pictures, which are converted later. */
  readonly requestIds: readonly string[];
  /** What arrived at the drop host, or was read through the front door. */
  readonly bytes: number;
  readonly expect: Expectation;
}

/** How to attack. */
export interface AttackRun {
  readonly apiUrl: string;
  readonly drop: DropHost;
  readonly attack: Attack;
  /** Between steps; default 1,500. */
  readonly pauseMs?: number;
  /** How long a step may take until it counts as blocked; default 8,000. */
  readonly waitMs?: number;
  readonly signal?: AbortSignal;
  readonly onStep?: (outcome: StepOutcome) => void;
}

const PAUSE_MS = 1_500;
const WAIT_MS = 8_000;

/**
 * Attacks the shop through its front door, as a customer whose account is one minute old. The requests are few and their
 * number is fixed; nothing goes further than the loopback network and nothing is left running. Resolves with all steps, blocked
 * ones too; a stop signal leaves out those that have not begun. Rejects only when the account cannot log in.
 */
export async function runAttack(run: AttackRun): Promise<readonly StepOutcome[]> {
  const door = openFrontDoor(run.apiUrl, 2);
  const outcomes: StepOutcome[] = [];
  try {
    const token = await logIn(door);
    const steps: readonly AttackStep[] = run.attack === 'preview' ? ['bulk-read'] : CODE_STEPS;
    for (const [at, step] of steps.entries()) {
      if (at > 0) await wait(run.pauseMs ?? PAUSE_MS, undefined, signalOf(run)).catch(() => undefined);
      if (run.signal?.aborted) break;
      const outcome = step === 'bulk-read' ? await read(door) : await runCode(door, { run, step, token });
      outcomes.push(outcome);
      run.onStep?.(outcome);
    }
    return outcomes;
  } finally {
    door.close();
  }
}

/** What should be said about a step of an attack. */
export function expectationOf(attack: Attack, step: AttackStep): Expectation {
  const name = { label: 'label', picture: 'thumbnail', preview: 'catalogue' }[attack];
  switch (step) {
    case 'env-exfiltration':
      return {
        function: name,
        families: ['egress', 'process'],
        says: `${name} sent its environment to 127.0.6.6, where it never sent anything, from a program it never ran`,
      };
    case 'role-recon':
      return {
        function: name,
        families: ['access', 'flow', 'egress'],
        says: `${name} listed functions with its role and was refused the code of admin, neither of which it ever asked for`,
      };
    case 'lateral-invoke':
      return {
        function: name,
        families: ['access', 'flow', 'trigger', 'egress'],
        says: `${name} invoked admin, which only an operator ever did, and sent away what it was given`,
      };
    case 'bulk-read':
      return {
        function: name,
        // Sizes of answers are of the family resource: they show that much went out, not what was read.
        families: ['data', 'access', 'flow', 'rate', 'resource'],
        says: `${name} read exports, labels and masters from the bucket and answered with them, where it only ever read small previews`,
      };
  }
}

/** Where the attacker is, and with what: a network of its own among those kept free for documentation. */
const ATTACKER = { address: '198.51.100.66', userAgent: 'python-requests/2.32.5' } as const;

function signalOf(run: AttackRun): { signal?: AbortSignal } {
  return run.signal === undefined ? {} : { signal: run.signal };
}

async function logIn(door: FrontDoor): Promise<string> {
  const { email, password } = customer(CUSTOMERS - 1);
  const body = jsonBody({ email, password });
  const answer = await door.ask({ ...ATTACKER, method: 'POST', path: '/login', body });
  const token = textIn(answer, 'token');
  if (token === undefined) throw new Error(`the attacker could not log in: ${answer.status}`);
  return token;
}

interface CodeStep {
  readonly run: AttackRun;
  readonly step: (typeof CODE_STEPS)[number];
  readonly token: string;
}

/** Has a function run code that sends what it finds to the drop host. */
async function runCode(door: FrontDoor, { run, step, token }: CodeStep): Promise<StepOutcome> {
  const { attack, drop } = run;
  const startMs = Date.now();
  const arrival = drop.next(step, run.waitMs ?? WAIT_MS);
  const request =
    attack === 'picture'
      ? { path: '/pictures', body: { type: 'image/png', bytes: pictureWith(step, drop.url) } }
      : { path: '/labels', body: jsonBody({ name: 'Grandma', text: labelText(step, drop.url) }) };
  const answer = await door.ask({ ...ATTACKER, method: 'POST', token, ...request }).catch(() => undefined);
  const requestId = answer?.headers['x-request-id'];
  const delivery = await arrival;
  const endMs = delivery?.atMs ?? Date.now();
  return {
    step,
    outcome: delivery === undefined ? 'blocked' : 'done',
    ...{ startMs, firstEndMs: endMs, endMs },
    requests: 1,
    requestIds: attack === 'label' && typeof requestId === 'string' ? [requestId] : [],
    bytes: delivery?.bytes ?? 0,
    expect: expectationOf(attack, step),
  };
}

async function read(door: FrontDoor): Promise<StepOutcome> {
  const startMs = Date.now();
  const result = await bulkRead((path) => door.ask({ ...ATTACKER, method: 'GET', path }), new Date(startMs));
  return {
    step: 'bulk-read',
    outcome: result.objects > 0 ? 'done' : 'blocked',
    ...{ startMs, firstEndMs: result.firstEndMs, endMs: Date.now() },
    requests: result.requests,
    requestIds: result.requestIds,
    bytes: result.bytes,
    expect: expectationOf('preview', 'bulk-read'),
  };
}
