/**
 * How every service carries out a call: permissions first, then the work, then the trail. Also the names by which the
 * services and their events refer to a caller.
 */
import { createHash } from 'node:crypto';
import type { ApiCall, AwsRequest, Caller, Gate } from '../contract.ts';

/** Where a service stands, and the door it asks. */
export interface ServicePlace {
  readonly accountId: string;
  readonly region: string;
  readonly gate: Gate;
  /** Milliseconds since 1970. Default `Date.now`. */
  readonly now?: () => number;
}

/**
 * What a service answers when it cannot do what was asked: `code` is AWS's own, `status` the HTTP status, `members` what
 * the error document has besides code and message.
 */
export class ServiceError extends Error {
  readonly code: string;
  readonly status: number;
  readonly members: Readonly<Record<string, unknown>>;

  constructor(code: string, message: string, more: { status?: number; members?: Record<string, unknown> } = {}) {
    super(message);
    this.name = 'ServiceError';
    this.code = code;
    this.status = more.status ?? 400;
    this.members = more.members ?? {};
  }
}

/** Code under which every service refuses in the trail; what goes over the wire is each protocol's own. */
export const ACCESS_DENIED = 'AccessDenied';

/** What a carried out call leaves behind: `answer` for the caller, the rest for the trail. */
export interface Carried<T> {
  readonly answer: T;
  /** Set when parts of the call failed, though it has an answer: the trail shows it. */
  readonly error?: { readonly code: string; readonly message: string };
  readonly responseElements?: Readonly<Record<string, unknown>> | null;
  readonly additionalEventData?: Readonly<Record<string, unknown>>;
}

/** One call as it is to be carried out. */
export interface PlannedCall<T> {
  /** As the trail shows it. */
  readonly call: ApiCall;
  /** Every action and resource that must be allowed; `call` alone if absent. None if `run` asks for itself. */
  readonly permissions?: readonly ApiCall[];
  run(): Carried<T> | Promise<Carried<T>>;
}

/**
 * Asks the gate, works, and reports once, whatever happens. Rejects with a `ServiceError` when the gate refuses or the
 * work cannot be done; any other error is a bug, which the trail shows as `InternalFailure`.
 */
export async function carryOut<T>(gate: Gate, request: AwsRequest, planned: PlannedCall<T>): Promise<T> {
  for (const permission of planned.permissions ?? [planned.call]) {
    const admission = gate.admit(request, permission);
    if (admission.allowed) continue;
    gate.record(request, planned.call, { error: { code: ACCESS_DENIED, message: admission.message } });
    throw new ServiceError(ACCESS_DENIED, admission.message, { status: 403 });
  }
  let carried: Carried<T>;
  try {
    carried = await planned.run();
  } catch (error) {
    gate.record(request, planned.call, { error: describe(error) });
    throw error;
  }
  gate.record(request, planned.call, {
    ...(carried.error === undefined ? {} : { error: carried.error }),
    ...(carried.responseElements === undefined ? {} : { responseElements: carried.responseElements }),
    ...(carried.additionalEventData === undefined ? {} : { additionalEventData: carried.additionalEventData }),
  });
  return carried.answer;
}

function describe(error: unknown): { code: string; message: string } {
  if (error instanceof ServiceError) return { code: error.code, message: error.message };
  return { code: 'InternalFailure', message: 'The request failed because of an internal error.' };
}

/**
 * Unique id of whoever calls, as events name a sender: `AROA…:<session>` for sessions of a role, `AIDA…` for users. The
 * same caller has the same id for ever; it is made from the ARN.
 */
export function principalIdOf(caller: Caller): string {
  if (caller.roleArn === undefined) return `AIDA${idPart(caller.arn)}`;
  return `AROA${idPart(caller.roleArn)}:${caller.sessionName ?? ''}`;
}

/** Letters and digits as AWS uses them in unique ids. */
const ID_LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
/** As long as AWS's own, after the prefix. */
const ID_LETTERS_COUNT = 17;

function idPart(arn: string): string {
  const hash = createHash('sha256').update(arn).digest();
  return Array.from(hash.subarray(0, ID_LETTERS_COUNT), (byte) => ID_LETTERS[byte % ID_LETTERS.length]).join('');
}
