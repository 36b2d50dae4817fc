import { callFor } from '../api-call.ts';
import { ResponseError } from '../errors.ts';
import type { FunctionRef } from '../function-ref.ts';
import { REQUEST_IDS_MAX } from '../limits.ts';
import type { Done, FunctionState, Provider, ProviderFor } from '../provider.ts';
import type { Target, Value } from '../target.ts';
import { type AwsOptions, type Connection, connect } from './connection.ts';
import { readState } from './read-state.ts';
import { sendCall } from './send.ts';
import { getSetting, isAbsent, settled } from './settings.ts';

/**
 * AWS as a provider, through the SDK. What a plan shows as a call is what is sent. Acts only in the account its credentials
 * lead to; the planner refuses when that is not the function's.
 */
export class AwsProvider implements Provider {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  read(ref: FunctionRef): Promise<FunctionState> {
    return readState(this.#connection, ref);
  }

  get(target: Target): Promise<Value> {
    return getSetting(this.#connection, target);
  }

  async set(target: Target, value: Value): Promise<Done> {
    let answer: Awaited<ReturnType<typeof sendCall>>;
    try {
      answer = await sendCall(this.#connection, callFor(target, value));
    } catch (error) {
      // Taking away what is not there is done.
      if (value === null && isAbsent(error)) return { requestIds: [], note: '' };
      throw error;
    }
    if (target.kind === 'description') await assertUpdated(this.#connection, target.functionName);
    const { requestId } = answer.$metadata;
    const requestIds = requestId === undefined ? [] : [requestId].slice(0, REQUEST_IDS_MAX);
    return { requestIds, note: target.kind === 'version' ? `version ${answer.Version ?? '?'}` : '' };
  }
}

/** An update is accepted first and made afterwards; only then are there fresh sandboxes. */
async function assertUpdated(connection: Connection, functionName: string): Promise<void> {
  const { LastUpdateStatus, LastUpdateStatusReason = 'no reason given' } = await settled(connection, functionName);
  if (LastUpdateStatus !== 'Failed') return;
  throw new ResponseError('GAIT_RESPONSE_REFUSED', `The update of ${functionName} failed: ${LastUpdateStatusReason}`);
}

/** Regions that clients are kept for: those of AWS, and room. Beyond it the oldest is made again when needed. */
const REGIONS_MAX = 64;

/** Providers for functions of any region, made when one is first needed and then kept. */
export function awsProviders(options: Omit<AwsOptions, 'region'>): ProviderFor {
  const byRegion = new Map<string, Promise<Provider>>();
  return ({ region }) => {
    const known = byRegion.get(region);
    if (known !== undefined) return known;
    for (const oldest of byRegion.size < REGIONS_MAX ? [] : [...byRegion.keys()].slice(0, 1)) byRegion.delete(oldest);
    const opened = connect({ ...options, region }).then((connection) => new AwsProvider(connection));
    byRegion.set(region, opened);
    opened.catch(() => byRegion.delete(region));
    return opened;
  };
}
