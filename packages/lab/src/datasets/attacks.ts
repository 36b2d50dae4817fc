import type { AuditEvent } from './audit.ts';
import { deployed } from './benign.ts';
import { at } from './calendar.ts';
import { DROP_HOST, FUNCTION, keyOf, NETWORK, STAFF } from './company.ts';
import type { Arrival, MadeCall } from './invocation.ts';
import { Random } from './random.ts';

/** One attack of the recording and what a watcher should say about it. */
export interface Attack {
  readonly id: string;
  readonly title: string;
  /** Functions whose behaviour gives it away; any of them will do. */
  readonly functions: readonly string[];
  /** Families of behaviour in which it differs; any of them will do. */
  readonly families: readonly string[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly expected: string;
}

/** The attacks, in order of time. */
export const ATTACKS: readonly Attack[] = [
  {
    id: 'stolen-credentials',
    title: "A function's credentials are used from outside",
    functions: [FUNCTION.bookings],
    families: ['access', 'trigger'],
    fromMs: at(2, 7, 40),
    toMs: at(2, 8, 5),
    expected: 'the role of the booking interface lists and reads what it never touched, from a network it never used',
  },
  {
    id: 'injected-code',
    title: 'An uploaded picture makes a function run commands and send data away',
    functions: [FUNCTION.photos],
    families: ['process', 'egress', 'flow'],
    fromMs: at(2, 8, 30),
    toMs: at(2, 8, 55),
    expected: 'a child process, a destination never seen, and megabytes going out',
  },
  {
    id: 'changed-code',
    title: 'Somebody changes the code and the permissions of a function by hand',
    functions: [FUNCTION.mailer],
    families: ['change', 'access'],
    fromMs: at(2, 10, 5),
    toMs: at(2, 10, 10),
    expected: 'code and permission changed by a person, where only the pipeline ever changed anything',
  },
  {
    id: 'new-caller',
    title: 'A function calls another that it never called',
    functions: [FUNCTION.payments, FUNCTION.admin],
    families: ['trigger', 'flow', 'access', 'egress'],
    fromMs: at(2, 11, 10),
    toMs: at(2, 11, 30),
    expected: 'the payment webhook invokes the administration, which only people ever used',
  },
  {
    id: 'hijacked-compute',
    title: 'A function computes for somebody else',
    functions: [FUNCTION.quotes],
    families: ['resource', 'timing', 'cost'],
    fromMs: at(2, 11, 45),
    toMs: at(2, 12, 55),
    expected: 'duration and processor time of the quotes climb to several times the usual',
  },
];

const STOLEN: readonly (readonly [service: string, name: string, error?: string])[] = [
  ['sts', 'GetCallerIdentity'],
  ['iam', 'ListAttachedRolePolicies', 'AccessDenied'],
  ['iam', 'ListRoles', 'AccessDenied'],
  ['s3', 'ListBuckets'],
  ['lambda', 'ListFunctions20150331', 'AccessDenied'],
  ['dynamodb', 'ListTables'],
  ['dynamodb', 'DescribeTable'],
  ['secretsmanager', 'ListSecrets', 'AccessDenied'],
  ['ssm', 'DescribeParameters'],
  ['ssm', 'GetParametersByPath'],
  ['kms', 'ListAliases', 'AccessDenied'],
  ['ec2', 'DescribeInstances', 'Client.UnauthorizedOperation'],
  ['dynamodb', 'ExportTableToPointInTime'],
  ['dynamodb', 'DescribeExport'],
];

/** The audited part of the attacks: the stolen role at work, and the change made by hand. */
export function attackAudit(seed: number): AuditEvent[] {
  const random = new Random(seed, 'attacks in the trail');
  return [...stolenCredentials(random), ...changedCode(random)];
}

/** The benign arrivals with those of the attacks added or, where an attack changes a running function, put in place. */
export function withAttacks(benign: readonly Arrival[], seed: number): Arrival[] {
  const random = new Random(seed, 'attacks');
  const { fromMs, toMs } = attack('hijacked-compute');
  const hijacked = benign.map((arrival) => {
    const within = arrival.function === FUNCTION.quotes && arrival.atMs >= fromMs && arrival.atMs < toMs;
    return within ? hijack(arrival, (arrival.atMs - fromMs) / (toMs - fromMs)) : arrival;
  });
  return [...hijacked, ...[...injectedCode(random), ...newCaller(random)].map(deployed)];
}

function attack(id: string): Attack {
  const found = ATTACKS.find((candidate) => candidate.id === id);
  if (found === undefined) throw new Error(`there is no attack ${id}`);
  return found;
}

function stolenCredentials(random: Random): AuditEvent[] {
  const { id, fromMs, toMs } = attack('stolen-credentials');
  return STOLEN.map(([service, name, error], index): AuditEvent => {
    return {
      atMs: Math.round(fromMs + ((toMs - fromMs) * (index + random.next())) / STOLEN.length),
      actor: { kind: 'function', name: FUNCTION.bookings },
      service,
      name,
      address: `${NETWORK.intruder}.77`,
      client: 'intruder',
      readOnly: name !== 'ExportTableToPointInTime',
      request: null,
      attack: id,
      ...(error === undefined ? {} : { error }),
    };
  });
}

function changedCode(random: Random): AuditEvent[] {
  const { id, fromMs } = attack('changed-code');
  const functionName = FUNCTION.mailer;
  const grant = { functionName, statementId: 'public', action: 'lambda:InvokeFunction', principal: '*' };
  const steps: readonly (readonly [string, AuditEvent['request']])[] = [
    ['GetFunction20150331v2', { functionName }],
    ['UpdateFunctionCode20150331v2', { functionName, publish: true, dryRun: false }],
    ['UpdateFunctionConfiguration20150331v2', { functionName, timeout: 300 }],
    ['AddPermission20150331v2', grant],
  ];
  return steps.map(([name, request], index): AuditEvent => {
    return {
      atMs: fromMs + index * 55_000 + random.below(9000),
      actor: { kind: 'person', email: STAFF[2] },
      service: 'lambda',
      name,
      address: `${NETWORK.intruder}.140`,
      client: 'intruder',
      readOnly: name.startsWith('Get'),
      request,
      attack: id,
    };
  });
}

/** A picture crafted to run commands: two shells, a packed archive below /tmp, and its upload. */
function injectedCode(random: Random): Arrival[] {
  const { id, fromMs, toMs } = attack('injected-code');
  return Array.from({ length: 7 }, (_, index): Arrival => {
    const bytesOut = Math.round(random.between(2_100_000, 4_800_000));
    const upload: Omit<MadeCall, 'offsetMs'> = {
      verb: 'http:POST',
      resource: `${DROP_HOST}/collect`,
      destination: DROP_HOST.slice(DROP_HOST.indexOf('.') + 1),
      bytesOut,
      bytesIn: 310,
      status: 204,
      durationMs: random.between(260, 540),
    };
    return {
      function: FUNCTION.photos,
      behaviour: 'resize',
      atMs: Math.round(fromMs + ((toMs - fromMs) * (index + random.next() * 0.8)) / 7),
      attack: id,
      change: {
        requestFactor: 1.3,
        childCpuMs: random.between(120, 380),
        tmpBytes: bytesOut,
        moreCalls: [program('sh', random), program('tar', random), upload],
      },
    };
  });
}

function program(name: string, random: Random): Omit<MadeCall, 'offsetMs'> {
  const unknown = Number.NaN;
  const durationMs = random.between(30, 190);
  return {
    verb: `exec:${name}`,
    resource: '',
    destination: '',
    bytesOut: unknown,
    bytesIn: unknown,
    status: 0,
    durationMs,
  };
}

/** The webhook was taken over and asks the administration for its board. */
function newCaller(random: Random): Arrival[] {
  const { id, fromMs, toMs } = attack('new-caller');
  return Array.from({ length: 9 }, (_, index): Arrival[] => {
    const atMs = Math.round(fromMs + ((toMs - fromMs) * (index + random.next())) / 9);
    const callee = keyOf(FUNCTION.admin);
    const call: Omit<MadeCall, 'offsetMs'> = {
      verb: 'lambda:Invoke',
      resource: FUNCTION.admin,
      destination: `lambda/${callee}`,
      bytesOut: 900,
      bytesIn: 14_200,
      status: 200,
      durationMs: random.between(28, 60),
    };
    const visitor = { principal: '', network: `${NETWORK.intruder}.0`, country: 'PA', client: 'service' };
    const caller = { function: FUNCTION.payments, behaviour: 'paid', atMs, visitor, attack: id };
    const called = { function: FUNCTION.admin, behaviour: 'board', atMs: atMs + 95, attack: id };
    return [
      { ...caller, change: { moreCalls: [call] } },
      { ...called, change: { triggerKind: 'invoke', triggerSource: keyOf(FUNCTION.payments) } },
    ];
  }).flat();
}

/** The work of a quote grows to ten times the usual, the processor time to sixteen. */
function hijack(arrival: Arrival, progress: number): Arrival {
  const change = { ...arrival.change, durationFactor: 1.5 + 8.5 * progress, cpuFactor: 2 + 14 * progress };
  return { ...arrival, change, attack: 'hijacked-compute' };
}
