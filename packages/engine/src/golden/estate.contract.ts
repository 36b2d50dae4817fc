import { mix32 } from '../base/hash.ts';
import { type Sample, START_MS } from '../engine-feed.ts';
import { FLAG } from '../event/schema.ts';

/**
 * The trace behind the golden runs: three days of a small estate, and six attacks at their end. Made by whole numbers
 * alone, so that it is the same on every machine. A change here makes another trace: renew the golden files then.
 */
const MINUTE_MS = 60_000;
const STEP_MS = 5 * MINUTE_MS;
const STEPS_A_DAY = 288;
const DAYS = 3;

/** When the quiet days end and the attacks begin. */
export const QUIET_UNTIL_MS = START_MS + DAYS * STEPS_A_DAY * STEP_MS;
/** When everything is over. */
export const END_MS = QUIET_UNTIL_MS + 4 * 60 * MINUTE_MS;

const key = (name: string) => `aws:111122223333:eu-west-1:${name}`;
const FRONT = key('front');
const PAY = key('pay');
const MAIL = key('mail');
const NIGHTLY = key('nightly');
const PAY_ROLE = 'arn:aws:iam::111122223333:role/pay';
const ROBOT = 'arn:aws:iam::111122223333:role/deploy';

/** A whole number below `limit` that depends on its place alone. */
function draw(step: number, salt: number, limit: number): number {
  return (mix32(Math.imul(step + 1, 0x9e37) + salt) >>> 0) % limit;
}

/** A span id for a step and a place in its trace. */
function span(step: number, place: string): string {
  return place.charCodeAt(0).toString(16).padStart(4, '0') + (step + 1).toString(16).padStart(12, '0');
}

/** Three quiet days: traffic by day and night, errors, cold starts, a burst, a deployment, and people and robots at work. */
export function quietDays(): Sample[] {
  const rows: Sample[] = [];
  for (let step = 0; step < DAYS * STEPS_A_DAY; step++) {
    const atMs = START_MS + step * STEP_MS;
    rows.push(...request(step, atMs), ...mail(step, atMs + 20_000), ...trail(step, atMs + 40_000));
    if (step % STEPS_A_DAY === 100) rows.push(...deployment(step, atMs + 60_000));
    if (step % 12 === 5) rows.push(nightly(step, atMs + 90_000));
    if (step === 500) rows.push(...burst(atMs + 120_000));
  }
  return inOrder(rows);
}

/** Six attacks within four hours, among traffic that goes on. */
export function attacks(): Sample[] {
  const first = DAYS * STEPS_A_DAY;
  const rows: Sample[] = [];
  for (let step = first; step < first + 40; step++) {
    const atMs = START_MS + step * STEP_MS;
    rows.push(...request(step, atMs), ...mail(step, atMs + 20_000), ...trail(step, atMs + 40_000));
  }
  const at = (minutes: number) => QUIET_UNTIL_MS + minutes * MINUTE_MS + 130_000;
  rows.push(
    ...paid(9001, at(10), { calls: [...PAY_CALLS, 'exec:sh', 'http:POST drop.example/collect drop.example'] }),
    ...paid(9002, at(25), { calls: [PAY_CALLS[0]] }),
    ...call(9003, at(40), key('batch')),
    audited(at(55), { action: 'iam:ListUsers', network: 'net_outside', resource: '' }),
    changed(at(70), { principal: 'person_x@arn:aws:iam::111122223333:role/developer', resource: `lambda/${MAIL}` }),
    ...forged(9004, at(85)),
  );
  return inOrder(rows);
}

const PAY_CALLS = ['dynamodb:GetItem accounts dynamodb/accounts', 'dynamodb:PutItem payments dynamodb/payments'];

/** One request of a person through the gateway function, which calls `pay`. */
function request(step: number, atMs: number): Sample[] {
  const failed = draw(step, 1, 97) === 0;
  return [
    {
      kind: 'otel',
      atMs,
      fn: FRONT,
      request: `front-${step}`,
      span: span(step, 'f'),
      flags: draw(step, 2, 40) === 0 ? FLAG.cold : 0,
      numbers: { durationMs: 20 + draw(step, 3, 30) },
      symbols: {
        status: failed ? 'error' : 'ok',
        ...(failed ? { errorType: 'TimeoutError' } : {}),
        triggerKind: 'http',
        triggerSource: 'apigateway:shop/prod',
        principal: `person_${draw(step, 4, 60)}`,
        principalKind: 'person',
      },
      calls: [`lambda:Invoke pay lambda/${PAY}#${span(step, 'c')}`],
    },
    ...paid(step, atMs + 3000, {}),
  ];
}

/** One invocation of `pay` as its sensor, its trace and the platform report it. */
function paid(step: number, atMs: number, change: Partial<Sample>): Sample[] {
  const revision = atMs < START_MS + (STEPS_A_DAY + 100) * STEP_MS ? '7' : '8';
  const sensor: Sample = {
    kind: 'sensor',
    atMs,
    fn: PAY,
    request: `pay-${step}`,
    span: span(step, 'p'),
    parent: span(step, 'c'),
    numbers: { durationMs: 40 + draw(step, 5, 25), memoryMb: 90 + draw(step, 6, 6), cpuMs: 9 + draw(step, 7, 4) },
    symbols: { status: 'ok', revision, triggerKind: 'invoke', triggerSource: FRONT },
    calls: PAY_CALLS,
    ...change,
  };
  return [
    sensor,
    {
      kind: 'xray',
      atMs: atMs + 2000,
      fn: PAY,
      request: `pay-${step}`,
      symbols: { status: 'ok' },
      calls: [PAY_CALLS[0]],
    },
    {
      kind: 'platform',
      atMs: atMs + 9000,
      fn: PAY,
      request: `pay-${step}`,
      numbers: { durationMs: 41 + draw(step, 5, 25), memoryMb: 128 },
      symbols: { status: 'ok', revision },
    },
  ];
}

/** One request of the gateway, as it logs it, sent on to one of a few hosts. */
function mail(step: number, atMs: number): Sample[] {
  const host = `smtp-${draw(step, 8, 4)}.example`;
  const sample: Sample = {
    kind: 'sensor',
    atMs,
    fn: MAIL,
    request: `mail-${step}`,
    numbers: { durationMs: 200 + draw(step, 9, 150), bytesOut: 3000 + draw(step, 10, 900) },
    symbols: { status: 'ok', triggerKind: 'http', triggerSource: 'POST /mails' },
    calls: ['s3:GetObject templates s3/templates', `smtp:SEND ${host} ${host}`],
  };
  const asked: Sample = { kind: 'edge', atMs: atMs - 50, symbols: { triggerSource: 'POST /mails' } };
  // Some deliveries come twice.
  const copies = draw(step, 11, 50) === 0 ? [{ ...sample, atMs: atMs + 700, eventMs: atMs }] : [];
  return [asked, sample, ...copies];
}

/** A timer job that always starts cold. */
function nightly(step: number, atMs: number): Sample {
  return {
    kind: 'sensor',
    atMs,
    fn: NIGHTLY,
    request: `nightly-${step}`,
    flags: FLAG.cold,
    numbers: { durationMs: 9000 + draw(step, 12, 2000), initMs: 300 + draw(step, 13, 60) },
    symbols: { status: 'ok', triggerKind: 'timer', triggerSource: 'events:nightly' },
    calls: Array.from({ length: 5 + draw(step, 14, 20) }, (_, at) => `s3:GetObject logs-${at % 3} s3/logs`),
  };
}

/** Sixty cold starts within a minute, which as many requests at the gateway explain. */
function burst(atMs: number): Sample[] {
  return Array.from({ length: 60 }, (_, at) => {
    const [asked, sample] = mail(2000 + at, atMs + at * 900);
    return [asked, { ...sample, request: `burst-${at}`, flags: FLAG.cold }];
  }).flat();
}

/** What the role of `pay` does, as the audit trail has it. */
function trail(step: number, atMs: number): Sample[] {
  if (step % 6 !== 0) return [];
  const reads = draw(step, 15, 3) > 0;
  return [audited(atMs, { action: reads ? 'dynamodb:GetItem' : 'dynamodb:PutItem', network: 'net_vpc', resource: '' })];
}

function audited(atMs: number, of: { action: string; network: string; resource: string }): Sample {
  return { kind: 'audit', atMs, symbols: { principal: PAY_ROLE, principalKind: 'role', ...of } };
}

/** The robot deploys every function. */
function deployment(step: number, atMs: number): Sample[] {
  return [FRONT, PAY, MAIL, NIGHTLY].flatMap((fn, at) => [
    changed(atMs + at * 1000, { principal: ROBOT, resource: `lambda/${fn}` }),
    { ...changed(atMs + at * 1000 + 500, { principal: ROBOT, resource: `lambda/${fn}` }), eventMs: atMs + step },
  ]);
}

function changed(atMs: number, of: { principal: string; resource: string }): Sample {
  const action = 'lambda:UpdateFunctionCode';
  return {
    kind: 'change',
    atMs,
    symbols: { ...of, principalKind: 'role', action, changeKind: 'code', network: 'net_ci' },
  };
}

/** A call of `pay` by a function that never called it. */
function call(step: number, atMs: number, caller: string): Sample[] {
  const calls = [`lambda:Invoke pay lambda/${PAY}#${span(step, 'c')}`];
  return [
    { kind: 'otel', atMs, fn: caller, request: `c-${step}`, span: span(step, 'f'), symbols: { status: 'ok' }, calls },
    ...paid(step, atMs + 500, {}),
  ];
}

/** A record of `mail` and another one that contradicts it. */
function forged(step: number, atMs: number): Sample[] {
  const [real] = mail(step, atMs);
  return [real, { ...real, atMs: atMs + 400, eventMs: atMs, numbers: { durationMs: 1 } }];
}

function inOrder(rows: Sample[]): Sample[] {
  return rows.sort((a, b) => a.atMs - b.atMs);
}
