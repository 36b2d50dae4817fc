import { isDeepStrictEqual } from 'node:util';
import { assert } from '@gait/engine/base/assert';
import { printable } from '../render/printable.ts';
import { type ApiCall, callFor, commandFor } from './api-call.ts';
import { caveats, identityEffects, inlinePolicyEffects, mappingEffects, throttleEffects } from './effects.ts';
import { ResponseError } from './errors.ts';
import type { FunctionRef } from './function-ref.ts';
import { MAPPINGS_MAX } from './limits.ts';
import type { FunctionState } from './provider.ts';
import { quarantinePolicyArn, quarantinePolicyDocument, quarantinePolicyName } from './quarantine-policy.ts';
import type { Target, Value } from './target.ts';
import { isRecordable } from './target.ts';

/** What a person allows Gait to do. */
export interface ResponsePolicy {
  /**
   * Functions that nothing is ever done to: keys, where a part may be `*` or end in `*`, or only names of functions. With one
   * that cannot be understood nothing is done to any function, rather than to one that somebody meant to protect.
   */
  readonly protectedFunctions: readonly string[];
  /** Accounts and regions that may be acted in; undefined: wherever the credentials reach. */
  readonly accounts?: readonly string[];
  readonly regions?: readonly string[];
  /**
   * Whether Gait may write a policy into a role where nobody has made `gait-quarantine-<function>` beforehand. Off unless a
   * person says so: who can write policies can give rights, too.
   */
  readonly inlinePolicies: boolean;
}

/** What a step is for. `preserve` and `tag` record; the others isolate. */
export type StepKind = 'preserve' | 'tag' | 'throttle' | 'pause' | 'isolate' | 'recycle';

/** One change of a plan, with everything a person has to know before agreeing to it. */
export interface PlannedStep {
  /** Unique in the plan: its kind, and for event sources the id of the mapping. */
  readonly id: string;
  readonly kind: StepKind;
  readonly title: string;
  readonly target: Target;
  readonly before: Value;
  readonly after: Value;
  readonly call: ApiCall;
  /** Undefined when what is done is kept. */
  readonly inverse: ApiCall | undefined;
  /** The same for people, for a shell with the AWS CLI. */
  readonly command: string;
  readonly inverseCommand: string | undefined;
  readonly effects: readonly string[];
}

/** What would be done to a function, in order. Undoing goes the other way round. */
export interface Plan {
  readonly function: string;
  readonly arn: string;
  /** Incident that asks for it; '' when a person named the function. */
  readonly incident: string;
  readonly steps: readonly PlannedStep[];
  /** What is already so, or cannot be done, and why. */
  readonly leftOut: readonly { readonly what: string; readonly why: string }[];
  readonly caveats: readonly string[];
  /** Done first at release, before anything is undone; it is itself undone with the rest. */
  readonly recycle: PlannedStep;
}

/** What a plan is made from. */
export interface PlanInput {
  readonly ref: FunctionRef;
  readonly incident: string;
  readonly state: FunctionState;
  readonly policy: ResponsePolicy;
}

/** Tag by which people and programs see that a function is in quarantine. */
export const QUARANTINE_TAG = 'gait:quarantine';
/** Value of the tag when a person named the function. */
const BY_HAND = 'by-hand';

/**
 * Plans the quarantine of a function. Pure and deterministic: the same state gives the same plan, word for word. Throws
 * `ResponseError` for protected functions, places that are out of bounds, and when nothing would isolate the function.
 */
export function plan(input: PlanInput): Plan {
  const { ref, incident, state } = input;
  assertAllowed(ref, input.policy);
  assertSame(ref, state);
  const draft = new Draft(ref.region);
  preserve(draft, input);
  addTag(draft, input);
  throttle(draft, state);
  pauseSources(draft, state);
  isolate(draft, input);
  if (!draft.steps.some(({ kind }) => isContaining(kind))) {
    const why = draft.leftOut.map(({ what, why }) => `${what}: ${why}`).join(' ');
    throw new ResponseError('GAIT_RESPONSE_NOTHING', why);
  }
  const { steps, leftOut } = draft;
  const { arn } = state;
  return {
    function: ref.key,
    arn,
    incident,
    steps,
    leftOut,
    caveats: caveats(state),
    recycle: recycleStep(ref, state.description),
  };
}

/** Whether a step isolates the function, rather than only recording something. */
export function isContaining(kind: StepKind): boolean {
  return kind === 'throttle' || kind === 'pause' || kind === 'isolate';
}

/**
 * The step that gives a function fresh sandboxes: its description is changed and, by undoing, changed back. Lambda runs
 * `$LATEST` in new sandboxes after every update of its configuration and sends the old ones nothing more. The description
 * is the one field that can be written without reading or touching anything the function depends on: the environment
 * would have to be sent whole, secrets included.
 */
export function recycleStep(ref: FunctionRef, description: string): PlannedStep {
  const marker = 'Fresh sandboxes are being made by Gait';
  const draft = new Draft(ref.region);
  draft.add({
    id: 'recycle',
    kind: 'recycle',
    title: 'Replace the sandboxes by fresh ones',
    target: { kind: 'description', functionName: ref.name },
    before: description,
    after: description === marker ? `${marker} again` : marker,
    effects: [
      'Sandboxes of $LATEST that exist now get no further invocation: what was left in their memory or /tmp is gone.',
      'First invocations after release are cold starts.',
    ],
  });
  assert(draft.steps.length === 1, 'a description differs from its marker and fits a record');
  return draft.steps[0];
}

/** Refuses what a person put out of bounds. Needs no reading, so that nothing protected is even asked about. */
export function assertAllowed(ref: FunctionRef, policy: ResponsePolicy): void {
  const pattern = policy.protectedFunctions.find((one) => matches(one, ref.key));
  if (pattern !== undefined)
    throw new ResponseError('GAIT_RESPONSE_PROTECTED', `${ref.key} is protected by '${pattern}'.`);
  if (policy.accounts?.includes(ref.accountId) === false) {
    throw new ResponseError(
      'GAIT_RESPONSE_SCOPE',
      `Account ${ref.accountId} is not one of ${policy.accounts.join(', ')}.`,
    );
  }
  if (policy.regions?.includes(ref.region) === false) {
    throw new ResponseError('GAIT_RESPONSE_SCOPE', `Region ${ref.region} is not one of ${policy.regions.join(', ')}.`);
  }
}

/** The credentials may lead to a function of the same name elsewhere: that one must not be hit. */
function assertSame(ref: FunctionRef, state: FunctionState): void {
  if (state.arn === ref.arn) return;
  const detail = `The responder's credentials lead to ${state.arn}, the function is ${ref.arn}.`;
  throw new ResponseError('GAIT_RESPONSE_SCOPE', detail);
}

function preserve(draft: Draft, { ref, state }: PlanInput): void {
  if (state.keptVersion !== undefined && state.keptVersion !== null) {
    draft.leave('preserve the code', `Version ${state.keptVersion} already holds it.`);
    return;
  }
  draft.add({
    id: 'preserve',
    kind: 'preserve',
    title: 'Keep the code as it is now as an immutable version',
    target: { kind: 'version', functionName: ref.name, codeSha256: state.codeSha256 },
    before: null,
    after: 'published',
    effects: ['The version stays after release: it is evidence. Whatever secrets the package holds stay in it.'],
  });
}

function addTag(draft: Draft, { ref, incident, state }: PlanInput): void {
  if (state.tags === undefined) {
    draft.leave('tag', 'The tags of the function could not be read, so they could not be restored.');
    return;
  }
  draft.add({
    id: 'tag',
    kind: 'tag',
    title: 'Tag the function as quarantined',
    target: { kind: 'tag', functionArn: ref.arn, key: QUARANTINE_TAG },
    before: Object.hasOwn(state.tags, QUARANTINE_TAG) ? state.tags[QUARANTINE_TAG] : null,
    after: incident === '' ? BY_HAND : incident,
    effects: ['Access rules and deployment tools that go by tags see it.'],
  });
}

function throttle(draft: Draft, state: FunctionState): void {
  const before = state.concurrency;
  if (before === undefined) {
    draft.leave('stop invocations', 'The reserved concurrency could not be read, so it could not be restored.');
    return;
  }
  const had = before === null ? [] : [`${before} are reserved now; release reserves them again.`];
  draft.add({
    id: 'throttle',
    kind: 'throttle',
    title: 'Stop all invocations: reserve a concurrency of 0',
    target: { kind: 'concurrency', functionName: state.name },
    before,
    after: '0',
    effects: [...throttleEffects(state), ...had],
  });
}

function pauseSources(draft: Draft, { mappings }: FunctionState): void {
  if (mappings === undefined) {
    draft.leave('pause event sources', 'The event source mappings could not be read.');
    return;
  }
  // Sorted, because the provider lists them in an order of its own.
  const sorted = mappings.toSorted((a, b) => (a.uuid < b.uuid ? -1 : 1));
  for (const mapping of sorted.slice(0, MAPPINGS_MAX)) {
    draft.add({
      id: `pause:${mapping.uuid}`,
      kind: 'pause',
      title: `Pause the event source ${printable(mapping.sourceArn === '' ? mapping.uuid : mapping.sourceArn)}`,
      target: { kind: 'mapping', uuid: mapping.uuid },
      before: mapping.enabled ? 'enabled' : 'disabled',
      after: 'disabled',
      effects: mappingEffects(mapping),
    });
  }
  const more = sorted.length - MAPPINGS_MAX;
  if (more > 0) draft.leave(`pause ${more} more event sources`, `At most ${MAPPINGS_MAX} are switched at once.`);
}

function isolate(draft: Draft, { ref, state, policy }: PlanInput): void {
  const { roleName, managedQuarantine } = state;
  if (roleName === '') {
    draft.leave('isolate the identity', 'The name of the role could not be read.');
    return;
  }
  const title = `Deny the function's own calls: role ${printable(roleName)}`;
  const document = quarantinePolicyDocument(ref);
  if (managedQuarantine != null && isSameDocument(managedQuarantine.document, document)) {
    if (state.attachedPolicyArns === undefined) {
      draft.leave('isolate the identity', "The role's policies could not be read, so they could not be restored.");
      return;
    }
    const policyArn = quarantinePolicyArn(ref);
    const before = state.attachedPolicyArns.includes(policyArn) ? 'attached' : null;
    const target = { kind: 'attached-policy', roleName, policyArn } as const;
    draft.add({
      id: 'isolate',
      kind: 'isolate',
      title,
      target,
      before,
      after: 'attached',
      effects: identityEffects(state),
    });
    return;
  }
  const name = quarantinePolicyName(ref);
  const why =
    managedQuarantine == null
      ? `no policy ${name} was made beforehand`
      : `the policy ${name} says something else than it must`;
  if (!policy.inlinePolicies) {
    draft.leave('isolate the identity', `Writing policies into roles is switched off, and ${why}.`);
  } else if (state.inlineQuarantine === undefined) {
    draft.leave('isolate the identity', `Whether the role has an inline policy ${name} could not be read.`);
  } else {
    const effects = [...identityEffects(state), ...inlinePolicyEffects()];
    const target = { kind: 'role-policy', roleName, policyName: name } as const;
    draft.add({
      id: 'isolate',
      kind: 'isolate',
      title,
      target,
      before: state.inlineQuarantine,
      after: document,
      effects,
    });
  }
}

/** Whether two policies say the same, in whatever order their keys stand. */
function isSameDocument(one: string, two: string): boolean {
  try {
    return isDeepStrictEqual(JSON.parse(one), JSON.parse(two));
  } catch {
    return false;
  }
}

/** A plan that is being written. */
class Draft {
  readonly steps: PlannedStep[] = [];
  readonly leftOut: { what: string; why: string }[] = [];
  readonly #region: string;

  constructor(region: string) {
    this.#region = region;
  }

  /** Adds a step; what is already so is left out, so that undoing never takes away what others set. */
  add(step: Omit<PlannedStep, 'call' | 'inverse' | 'command' | 'inverseCommand'>): void {
    const { target, before, after } = step;
    if (before === after) {
      this.leave(step.title, 'It is already so.');
      return;
    }
    if (!isRecordable(before)) {
      this.leave(step.title, 'What is there now is too long to be recorded, so it could not be restored.');
      return;
    }
    const call = callFor(target, after);
    const inverse = target.kind === 'version' ? undefined : callFor(target, before);
    const command = commandFor(call, this.#region);
    const inverseCommand = inverse === undefined ? undefined : commandFor(inverse, this.#region);
    this.steps.push({ ...step, call, inverse, command, inverseCommand });
  }

  leave(what: string, why: string): void {
    this.leftOut.push({ what, why });
  }
}

/** Whether a pattern stands for a key, part by part. Throws when it is no pattern. */
function matches(pattern: string, key: string): boolean {
  const given = pattern.split(':');
  const parts = given.length === 1 ? ['*', '*', '*', ...given] : given;
  const values = key.split(':');
  if (parts.length !== values.length || !parts.every((part) => /^([^*]+\*?|\*)$/.test(part))) {
    const detail = `'${printable(pattern)}' is neither a function key nor a name, so nothing is done at all.`;
    throw new ResponseError('GAIT_RESPONSE_PROTECTED', detail);
  }
  return parts.every((part, at) =>
    part.endsWith('*') ? values[at].startsWith(part.slice(0, -1)) : part === values[at],
  );
}
