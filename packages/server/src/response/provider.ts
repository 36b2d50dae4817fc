import type { FunctionRef } from './function-ref.ts';
import type { Target, Value } from './target.ts';

/**
 * What is known of a function before anything is done. Parts that could not be read are undefined and named in `unread`;
 * values of environment variables are never part of it, because they hold secrets.
 */
export interface FunctionState {
  readonly arn: string;
  readonly accountId: string;
  readonly region: string;
  readonly name: string;
  readonly revisionId: string;
  /** SHA-256 of the package, base64. */
  readonly codeSha256: string;
  readonly runtime: string;
  readonly handler: string;
  readonly description: string;
  readonly timeoutS: number;
  readonly lastModified: string;
  readonly roleArn: string;
  readonly roleName: string;
  readonly environmentNames: readonly string[];
  readonly layerArns: readonly string[];
  /** Where failed asynchronous events go; '' when nowhere. */
  readonly deadLetterArn: string;
  readonly onFailureArn?: string;
  readonly concurrency?: Value;
  readonly mappings?: readonly MappingState[];
  /** Statement ids and who they let in; empty without a policy. */
  readonly callers?: readonly { readonly sid: string; readonly principal: string }[];
  /** SHA-256 of the function's policy, hexadecimal; '' without one. */
  readonly policySha256?: string;
  /** `NONE` lets everybody in; '' when the function has no URL. */
  readonly urlAuthType?: string;
  readonly aliases?: readonly { readonly name: string; readonly version: string }[];
  /** Published version that holds the code as it is now; null when none does. */
  readonly keptVersion?: string | null;
  readonly attachedPolicyArns?: readonly string[];
  readonly inlinePolicyNames?: readonly string[];
  /** The quarantine policy that somebody made beforehand; null when nobody did. */
  readonly managedQuarantine?: { readonly arn: string; readonly document: string } | null;
  /** Inline policy of the name that Gait uses; null when there is none. */
  readonly inlineQuarantine?: Value;
  /** Names of other functions that run with the same role. */
  readonly roleSharers?: readonly string[];
  readonly tags?: Readonly<Record<string, string>>;
  readonly unread: readonly { readonly what: string; readonly why: string }[];
}

/** One event source mapping of a function. */
export interface MappingState {
  readonly uuid: string;
  readonly sourceArn: string;
  readonly enabled: boolean;
  /** Records that are older are dropped, seconds; 0 when only the source's own retention counts. */
  readonly recordAgeMaxS: number;
}

/** What a change came back with. */
export interface Done {
  /** Ids of our own requests, to tell them from other people's in the audit trail. At most `REQUEST_IDS_MAX`. */
  readonly requestIds: readonly string[];
  /** What came out of it, for people: `version 7`; '' when there is nothing to add. */
  readonly note: string;
}

/**
 * A cloud in which responses act. Every call has a time limit and a bounded number of tries; every expected failure is a
 * `ResponseError`. `get` says what `set` has set, `set` of what already is does no harm, and neither touches anything else.
 */
export interface Provider {
  /** Reads everything a plan needs. Throws only when the function itself cannot be read. */
  read(ref: FunctionRef): Promise<FunctionState>;
  get(target: Target): Promise<Value>;
  /** Resolves when the provider has taken the change in; `get` may take a moment longer to show it. */
  set(target: Target, value: Value): Promise<Done>;
}

/** The provider for a function; throws `GAIT_RESPONSE_SCOPE` where there is none. */
export type ProviderFor = (ref: FunctionRef) => Promise<Provider>;
