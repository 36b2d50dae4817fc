import { DEPLOYMENTS } from './benign.ts';
import { arrivalTimes, at, END_MS, START_MS } from './calendar.ts';
import { FUNCTIONS, NETWORK, STAFF } from './company.ts';
import type { Invocation } from './invocation.ts';
import { Random } from './random.ts';

/** Who made an audited call: a function under its role, the pipeline's robot, or a person through single sign-on. */
export type Actor =
  | { readonly kind: 'function'; readonly name: string }
  | { readonly kind: 'pipeline'; readonly run: string }
  | { readonly kind: 'person'; readonly email: string };

/** One call to the cloud's own interface, as its audit trail records it. */
export interface AuditEvent {
  readonly atMs: number;
  readonly actor: Actor;
  /** `lambda`, `ssm`, `signin`. */
  readonly service: string;
  /** Name as the trail writes it, with the date suffix some services add. */
  readonly name: string;
  readonly address: string;
  readonly client: keyof typeof CLIENTS;
  readonly readOnly: boolean;
  readonly request: Readonly<Record<string, unknown>> | null;
  readonly error?: string;
  /** Id of the attack it belongs to. */
  readonly attack?: string;
}

/** User agents, by class. */
export const CLIENTS = {
  sdk: 'aws-sdk-js/3.726.1 ua/2.1 os/linux#5.10.233 lang/js md/nodejs#22.11.0 exec-env/AWS_Lambda_nodejs22.x',
  pipeline: 'aws-cli/2.22.4 md/awscrt#0.23.8 ua/2.0 os/linux#6.8.0 md/arch#x86_64 lang/python#3.12.6',
  console: 'Mozilla/5.0 (X11; Linux x86_64; rv:135.0) Gecko/20100101 Firefox/135.0',
  intruder: 'Boto3/1.35.90 md/Botocore#1.35.90 ua/2.0 os/macos#23.6.0 md/arch#arm64 lang/python#3.11.4',
} as const;

/** What people look at during the day. */
const LOOKS: readonly (readonly [service: string, name: string])[] = [
  ['monitoring', 'DescribeAlarms'],
  ['monitoring', 'ListDashboards'],
  ['lambda', 'ListFunctions20150331'],
  ['logs', 'DescribeLogGroups'],
  ['logs', 'StartQuery'],
  ['dynamodb', 'DescribeTable'],
];

/** Calls of a normal day: settings read at cold starts, the pipeline at work, people looking after things. */
export function benignAudit(seed: number, invocations: readonly Invocation[]): AuditEvent[] {
  const random = new Random(seed, 'audit');
  return [...coldStarts(invocations, random), ...pipeline(random), ...people(random)];
}

function coldStarts(invocations: readonly Invocation[], random: Random): AuditEvent[] {
  return invocations.flatMap(({ spec, cold, startMs, initMs }) =>
    (cold ? spec.secrets : []).map((name): AuditEvent => {
      return {
        atMs: Math.round(startMs - initMs * random.between(0.1, 0.4)),
        actor: { kind: 'function', name: spec.name },
        service: 'ssm',
        name: 'GetParameter',
        address: `${NETWORK.platform}.${10 + random.below(40)}`,
        client: 'sdk',
        readOnly: true,
        request: { name, withDecryption: true },
      };
    }),
  );
}

/** Each hour the robot compares what runs with what should run; a deployment is four calls. */
function pipeline(random: Random): AuditEvent[] {
  const events: AuditEvent[] = [];
  for (let atMs = START_MS + 11 * 60_000; atMs < END_MS; atMs += 3_600_000) {
    const call = robot(random, atMs);
    events.push(call('ListFunctions20150331', 0, null));
    for (const [index, { name }] of FUNCTIONS.entries()) {
      events.push(call('GetFunctionConfiguration20150331v2', 2 + index, { functionName: name }));
    }
  }
  for (const { function: functionName, atMs, revision } of DEPLOYMENTS) {
    const call = robot(random, atMs - 9000);
    events.push(call('GetFunction20150331v2', 0, { functionName }));
    events.push(call('UpdateFunctionCode20150331v2', 2, { functionName, publish: false, dryRun: false }));
    events.push(call('PublishVersion20150331', 6, { functionName }));
    events.push(call('UpdateAlias20150331', 9, { functionName, name: 'live', functionVersion: revision }));
  }
  return events;
}

/** One run of the pipeline: its calls come some seconds after its start. */
function robot(random: Random, startMs: number) {
  const run = `run-${random.below(90_000) + 10_000}-${random.hex(6)}`;
  const address = `${NETWORK.pipeline}.${random.below(200) + 20}`;
  return (name: string, seconds: number, request: AuditEvent['request']): AuditEvent => ({
    atMs: startMs + seconds * 1000 + random.below(900),
    actor: { kind: 'pipeline', run },
    service: 'lambda',
    name,
    address,
    client: 'pipeline',
    readOnly: /^(Get|List)/.test(name),
    request,
  });
}

function people(random: Random): AuditEvent[] {
  const events: AuditEvent[] = [];
  const looks = arrivalTimes({ of: 'workers', perMinute: 0.32, bursts: [] }, random);
  for (const atMs of looks) {
    const [service, name] = random.pick(LOOKS);
    events.push({ ...seen(random, atMs), service, name, readOnly: true, request: {} });
  }
  for (const day of [0, 1, 2]) {
    for (const email of STAFF) {
      const atMs = at(day, 7, 5) + random.below(70 * 60_000);
      const person = { ...seen(random, atMs), actor: { kind: 'person', email } as const };
      events.push({ ...person, service: 'signin', name: 'ConsoleLogin', readOnly: false, request: null });
    }
  }
  return events;
}

function seen(random: Random, atMs: number): Pick<AuditEvent, 'atMs' | 'actor' | 'address' | 'client'> {
  const email = random.pick(STAFF);
  const address = `${NETWORK.office}.${4 + STAFF.indexOf(email)}`;
  return { atMs, actor: { kind: 'person', email }, address, client: 'console' };
}
