import { assert } from '@gait/engine/base/assert';
import { evidenceOf } from './content.ts';
import { ResponseError } from './errors.ts';
import { type FunctionRef, functionRef } from './function-ref.ts';
import {
  LEASE_MINUTES_DEFAULT,
  LEASE_MINUTES_MAX,
  LEASE_MINUTES_MIN,
  RESPONSES_ACTIVE_MAX,
  STEPS_MAX,
} from './limits.ts';
import { assertAllowed, isContaining, type Plan, plan, type ResponsePolicy, recycleStep } from './planner.ts';
import type { FunctionState, Provider, ProviderFor } from './provider.ts';
import { isActive, type Response, type ResponseStep, type Responses } from './responses.ts';
import { foreign, isUndoable, Stepper } from './stepper.ts';
import type { Value } from './target.ts';
import { type AppendControl, recorded, Transitions } from './transitions.ts';

const MINUTE_MS = 60_000;

/** What a responder works with. */
export interface ResponderParts {
  /** As the log tells them; the responder is the only one that adds to them. */
  readonly responses: Responses;
  readonly append: AppendControl;
  readonly providerFor: ProviderFor;
  readonly policy: ResponsePolicy;
  /** What speaks against releasing now, such as denied calls that go on; undefined when nothing does. */
  readonly objection?: (response: Response) => Promise<string | undefined>;
  /** Ms since 1970. */
  readonly now: () => number;
  /** Waits so many ms. */
  readonly wait: (ms: number) => Promise<void>;
  /** A new id, `r` and 16 hexadecimal digits, never given out before. */
  readonly newId: () => string;
}

/** Which function, and why. */
export interface Occasion {
  /** Function key. */
  readonly function: string;
  /** Incident that asks for it; '' when a person named the function. */
  readonly incident: string;
}

/** How to release. */
export interface ReleaseOptions {
  /** Release although something speaks against it, and restore also what somebody else has changed since. */
  readonly force?: boolean;
  /** Leave out fresh sandboxes: for functions that must not be updated. Whatever is in their memory goes on. */
  readonly keepSandboxes?: boolean;
}

/** What became of a response whose lease ran out. */
export interface Expired {
  readonly response: Response;
  /** Why it could not be released, and was extended instead. */
  readonly error: ResponseError | undefined;
}

/** A step whose setting is no longer what Gait made it. */
export interface Deviation {
  readonly step: string;
  readonly expected: Value;
  readonly found: Value;
  readonly error: ResponseError;
}

/**
 * Carries out responses: plan, act, verify, undo. Every transition is in the log before and after what it stands for, so a
 * crash at any point loses nothing: `resume` goes on from the log, and `release` undoes exactly what was recorded, in reverse
 * order. Work on one function is done one after the other; errors are `ResponseError`, or what `append` throws, after which
 * the response goes on with `resume`.
 */
export class Responder {
  readonly responses: Responses;
  readonly #parts: ResponderParts;
  readonly #transitions: Transitions;
  /** Work on each function that is busy. */
  readonly #busy = new Map<string, Promise<unknown>>();

  constructor(parts: ResponderParts) {
    this.responses = parts.responses;
    this.#parts = parts;
    this.#transitions = new Transitions(parts.responses, parts.append, parts.now);
  }

  /** Says what would be done, and does nothing. */
  async preview(occasion: Occasion): Promise<Plan> {
    const ref = functionRef(occasion.function);
    return (await this.#plan(ref, occasion.incident)).plan;
  }

  /**
   * Puts a function into quarantine. If it is in quarantine already, what failed before is tried again and the same response
   * is returned. Steps that fail do not stop the others; when none that isolates succeeds, everything is undone and the
   * first failure is thrown.
   */
  async start(occasion: Occasion & { readonly leaseMinutes?: number; readonly by: string }): Promise<Response> {
    const ref = functionRef(occasion.function);
    const leaseMs = leaseOf(occasion.leaseMinutes);
    assertAllowed(ref, this.#parts.policy);
    return this.#alone(ref.key, async () => {
      const existing = await this.#existing(ref.key);
      if (existing !== undefined) return this.#carryOut(existing.id, occasion.by);
      if (this.responses.active().length >= RESPONSES_ACTIVE_MAX) {
        throw new ResponseError('GAIT_RESPONSE_FULL', `At most ${RESPONSES_ACTIVE_MAX}.`);
      }
      const id = await this.#write(ref, occasion, leaseMs);
      return this.#carryOut(id, occasion.by);
    });
  }

  /** Sets the end of the lease to `leaseMinutes` from now. It never becomes earlier. */
  async extend(asked: {
    readonly response: string;
    readonly leaseMinutes?: number;
    readonly by: string;
  }): Promise<Response> {
    const leaseMs = leaseOf(asked.leaseMinutes);
    return this.#alone(this.#known(asked.response).function, async () => {
      const response = this.#known(asked.response);
      if (!isActive(response) || response.phase === 'releasing') throw wrongState(response, 'extended');
      const untilMs = Math.max(response.untilMs, this.#parts.now() + leaseMs);
      await this.#transitions.write(response, { state: 'extended', content: { untilMs }, by: asked.by });
      return this.#known(asked.response);
    });
  }

  /**
   * Ends a quarantine: fresh sandboxes first, while nothing can reach them, then everything undone in reverse order, each
   * read back. Throws `GAIT_RESPONSE_OBJECTION` or `GAIT_RESPONSE_FOREIGN`, before anything is done, when something speaks
   * against it or somebody else has changed a setting. When a step fails, the response is halted, the rest stays in force,
   * and it can be released again.
   */
  async release(asked: ReleaseOptions & { readonly response: string; readonly by: string }): Promise<Response> {
    return this.#alone(this.#known(asked.response).function, async () => {
      const response = this.#known(asked.response);
      if (response.phase === 'released') return response;
      if (!isActive(response)) throw wrongState(response, 'released');
      const force = asked.force === true;
      if (!force) await this.#assertReleasable(response);
      const content = { force, keepSandboxes: asked.keepSandboxes === true };
      await this.#transitions.write(response, { state: 'releasing', content, by: asked.by });
      return this.#carryBack(response.id, asked.by);
    });
  }

  /**
   * Reads back everything in force of a response; says what somebody else has made of it, which undoing would overwrite. What
   * is already as it was before the quarantine, or gone, stands in nobody's way and is not among it.
   */
  async deviations(id: string): Promise<Deviation[]> {
    const response = this.#known(id);
    const provider = await this.#providerOf(response);
    const found: Deviation[] = [];
    for (const step of response.steps.filter(isUndoable)) {
      const value = await valueOrAbsent(provider, step);
      if (value === step.after || value === step.before || value === undefined) continue;
      found.push({ step: step.id, expected: step.after, found: value, error: foreign(step, value) });
    }
    return found;
  }

  /** Those whose lease has run out. */
  due(): Response[] {
    return this.responses.due(this.#parts.now());
  }

  /**
   * Releases those whose lease has run out. What cannot be released, because something speaks against it, somebody else
   * changed a setting, or a step failed, is extended by `LEASE_MINUTES_DEFAULT` and returned with the reason, so that
   * people are told once in that time and the log does not grow with tries.
   */
  async expire(by: string): Promise<Expired[]> {
    const expired: Expired[] = [];
    for (const { id } of this.due()) {
      try {
        expired.push({ response: await this.release({ response: id, by }), error: undefined });
      } catch (error) {
        if (!(error instanceof ResponseError)) throw error;
        expired.push({ response: await this.extend({ response: id, by }), error });
      }
    }
    return expired;
  }

  /**
   * After a start of the program: gives up what was planned and not begun, goes on with what was begun and with what was
   * being released. What fails is returned and stays as it is in the log.
   */
  async resume(by: string): Promise<{ readonly response: string; readonly error: ResponseError }[]> {
    const failures: { response: string; error: ResponseError }[] = [];
    for (const { id, function: key } of this.responses.active()) {
      try {
        await this.#alone(key, () => this.#resumeOne(id, by));
      } catch (error) {
        if (!(error instanceof ResponseError)) throw error;
        failures.push({ response: id, error });
      }
    }
    return failures;
  }

  async #resumeOne(id: string, by: string): Promise<void> {
    const response = this.#known(id);
    if (response.phase === 'planned') await this.#abandon(response, by);
    else if (response.phase === 'begun') await this.#carryOut(id, by);
    else if (response.phase === 'releasing') await this.#carryBack(id, by);
  }

  async #plan(ref: FunctionRef, incident: string): Promise<{ readonly plan: Plan; readonly state: FunctionState }> {
    const { policy, providerFor } = this.#parts;
    assertAllowed(ref, policy);
    const state = await (await providerFor(ref)).read(ref);
    return { plan: plan({ ref, incident, state, policy }), state };
  }

  /** The response that a new start goes on with. */
  async #existing(key: string): Promise<Response | undefined> {
    const response = this.responses.activeOf(key);
    if (response?.phase === 'planned') {
      await this.#abandon(response, response.startedBy);
      return undefined;
    }
    if (response?.phase === 'releasing' || response?.phase === 'halted') throw wrongState(response, 'started');
    return response;
  }

  async #abandon(response: Response, by: string): Promise<void> {
    const content = { why: 'It was interrupted before anything was done.' };
    await this.#transitions.write(response, { state: 'abandoned', content, by });
  }

  /** Writes the whole plan into the log before anything is done. */
  async #write(ref: FunctionRef, { incident, by }: Occasion & { by: string }, leaseMs: number): Promise<string> {
    const { plan: made, state } = await this.#plan(ref, incident);
    assert(made.steps.length <= STEPS_MAX, 'a plan has a bounded number of steps');
    const subject = { id: this.#parts.newId(), incident, function: ref.key };
    const untilMs = this.#parts.now() + leaseMs;
    const head = { arn: made.arn, untilMs, steps: made.steps.length, evidence: evidenceOf(state) };
    await this.#transitions.write(subject, { state: 'planned', content: head, by });
    for (const { id, kind, target, before, after } of made.steps) {
      const content = { step: kind, target, before, after };
      await this.#transitions.write(subject, { state: 'step-planned', content, by, step: id });
    }
    await this.#transitions.write(subject, { state: 'begun', content: {}, by });
    return subject.id;
  }

  /** Does all steps that are not done. */
  async #carryOut(id: string, by: string): Promise<Response> {
    const stepper = await this.#stepperOf(this.#known(id));
    let failure: ResponseError | undefined;
    for (const { id: stepId, phase } of this.#known(id).steps) {
      if (phase !== 'step-planned' && phase !== 'acting' && phase !== 'failed') continue;
      const failed = await stepper.act({ ...this.#at(id, stepId), by });
      failure ??= failed;
    }
    const response = this.#known(id);
    const isContained = response.steps.some((one) => isContaining(one.kind) && isDone(one));
    if (isContained) {
      if (response.phase === 'begun') await this.#transitions.write(response, { state: 'in-force', content: {}, by });
      return this.#known(id);
    }
    assert(failure !== undefined, 'a plan isolates, or a step of it failed');
    await this.#giveUp(response, by);
    throw failure;
  }

  /** Nothing isolates: what was done besides would only mislead. */
  async #giveUp(response: Response, by: string): Promise<void> {
    if (response.steps.some(isUndoable)) {
      const content = { force: false, keepSandboxes: true };
      await this.#transitions.write(response, { state: 'releasing', content, by });
      await this.#carryBack(response.id, by);
    } else {
      await this.#transitions.write(response, { state: 'abandoned', content: { why: 'No step could be done.' }, by });
    }
  }

  /** Fresh sandboxes, then everything undone, the last step first. */
  async #carryBack(id: string, by: string): Promise<Response> {
    const { release } = this.#known(id);
    assert(release !== undefined, 'how to release was recorded when releasing began');
    const stepper = await this.#orHalt(id, by, () => this.#stepperOf(this.#known(id)));
    if (!release.keepSandboxes) await this.#recycle(id, { by, stepper });
    for (const { id: stepId } of this.#known(id).steps.toReversed()) {
      const work = { ...this.#at(id, stepId), by };
      if (!isUndoable(work.step)) continue;
      const failed = await stepper.undo(work, release.force);
      if (failed !== undefined) await this.#halt(id, by, failed);
    }
    await this.#transitions.write(this.#known(id), { state: 'released', content: {}, by });
    return this.#known(id);
  }

  async #recycle(id: string, { by, stepper }: { by: string; stepper: Stepper }): Promise<void> {
    let step = this.#known(id).steps.find(({ kind }) => kind === 'recycle');
    if (step === undefined) {
      step = await this.#planRecycle(id, by);
      if (step === undefined) return;
    }
    if (step.phase !== 'step-planned' && step.phase !== 'acting' && step.phase !== 'failed') return;
    const failed = await stepper.act({ ...this.#at(id, step.id), by });
    // A function that was deleted meanwhile has no sandboxes either.
    if (failed !== undefined && failed.code !== 'GAIT_RESPONSE_ABSENT') await this.#halt(id, by, failed);
  }

  /** Undefined when the function is gone: then there are no sandboxes either. */
  async #planRecycle(id: string, by: string): Promise<ResponseStep | undefined> {
    const response = this.#known(id);
    const ref = functionRef(response.function);
    const provider = await this.#providerOf(response);
    let description: Value;
    try {
      description = await provider.get({ kind: 'description', functionName: ref.name });
    } catch (error) {
      if (!(error instanceof ResponseError)) throw error;
      if (error.code !== 'GAIT_RESPONSE_ABSENT') await this.#halt(id, by, error);
      return undefined;
    }
    const { id: step, target, before, after } = recycleStep(ref, description ?? '');
    const content = { step: 'recycle', target, before, after } as const;
    await this.#transitions.write(response, { state: 'step-planned', content, by, step });
    return this.#at(id, step).step;
  }

  async #orHalt<T>(id: string, by: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof ResponseError) return this.#halt(id, by, error);
      throw error;
    }
  }

  async #halt(id: string, by: string, error: ResponseError): Promise<never> {
    await this.#transitions.write(this.#known(id), { state: 'halted', content: recorded(error), by });
    throw error;
  }

  async #assertReleasable(response: Response): Promise<void> {
    const objection = await this.#parts.objection?.(response);
    if (objection !== undefined) throw new ResponseError('GAIT_RESPONSE_OBJECTION', objection);
    const deviations = await this.deviations(response.id);
    if (deviations.length === 0) return;
    const detail = deviations.map(({ error }) => error.detail).join(' ');
    throw new ResponseError('GAIT_RESPONSE_FOREIGN', detail);
  }

  async #stepperOf(response: Response): Promise<Stepper> {
    return new Stepper(this.#transitions, await this.#providerOf(response), this.#parts.wait);
  }

  #providerOf(response: Response): Promise<Provider> {
    return this.#parts.providerFor(functionRef(response.function));
  }

  #known(id: string): Response {
    const response = this.responses.get(id);
    if (response === undefined) throw new ResponseError('GAIT_RESPONSE_ABSENT', `There is no response ${id}.`);
    return response;
  }

  #at(id: string, stepId: string): { readonly response: Response; readonly step: ResponseStep } {
    const response = this.#known(id);
    const step = response.steps.find((one) => one.id === stepId);
    assert(step !== undefined, 'a step that was written is known');
    return { response, step };
  }

  /** Does work on one function after what is under way on it. */
  async #alone<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#busy.get(key) ?? Promise.resolve();
    const mine = before.then(work, work);
    this.#busy.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.#busy.get(key) === mine) this.#busy.delete(key);
    }
  }
}

function isDone({ phase }: ResponseStep): boolean {
  return phase === 'acted' || phase === 'skipped';
}

/** Undefined when what the step is about is no longer there. */
async function valueOrAbsent(provider: Provider, step: ResponseStep): Promise<Value | undefined> {
  try {
    return await provider.get(step.target);
  } catch (error) {
    if (error instanceof ResponseError && error.code === 'GAIT_RESPONSE_ABSENT') return undefined;
    throw error;
  }
}

function leaseOf(minutes = LEASE_MINUTES_DEFAULT): number {
  if (Number.isFinite(minutes) && minutes >= LEASE_MINUTES_MIN && minutes <= LEASE_MINUTES_MAX)
    return minutes * MINUTE_MS;
  const detail = `A lease is from ${LEASE_MINUTES_MIN} to ${LEASE_MINUTES_MAX} minutes.`;
  throw new ResponseError('GAIT_RESPONSE_LEASE', detail);
}

function wrongState({ id, phase }: Response, verb: string): ResponseError {
  return new ResponseError('GAIT_RESPONSE_STATE', `${id} is ${phase} and cannot be ${verb}.`);
}
