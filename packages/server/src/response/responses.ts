import type { ResponseState, ResponseTransition } from '@gait/engine/event/record';
import type { Content } from './content.ts';
import { parseContent } from './content.ts';
import { RESPONSES_MAX } from './limits.ts';
import type { StepKind } from './planner.ts';
import type { Target, Value } from './target.ts';

/** States a whole response can be in. `extended` is an event, not a state. */
export type Phase = 'planned' | 'begun' | 'in-force' | 'releasing' | 'halted' | 'released' | 'abandoned';

/** States one step of a response can be in. */
export type StepPhase =
  | 'step-planned'
  | 'acting'
  | 'acted'
  | 'skipped'
  | 'failed'
  | 'undoing'
  | 'undone'
  | 'undo-failed';

/** A failure as it is recorded. */
export interface Failure {
  readonly code: string;
  readonly message: string;
}

/** A step as the log tells it. */
export interface ResponseStep {
  readonly id: string;
  readonly kind: StepKind;
  readonly target: Target;
  /** How it was just before acting, once it was acted on: what undoing goes back to. */
  readonly before: Value;
  readonly after: Value;
  readonly phase: StepPhase;
  /** Something may have been changed: the request was about to be sent. Only such steps are undone. */
  readonly touched: boolean;
  readonly note: string;
  readonly requestIds: readonly string[];
  /** Why it failed, if it did. */
  readonly failure: Failure | undefined;
}

/** A response as the log tells it. */
export interface Response {
  readonly id: string;
  readonly incident: string;
  /** Function key. */
  readonly function: string;
  readonly arn: string;
  readonly phase: Phase;
  readonly startedMs: number;
  readonly startedBy: string;
  /** End of the lease, ms since 1970. */
  readonly untilMs: number;
  /** When the last transition was written. */
  readonly changedMs: number;
  readonly steps: readonly ResponseStep[];
  /** How many steps were announced; fewer are there while they are being written. */
  readonly stepsPlanned: number;
  readonly evidence: Content<'planned'>['evidence'];
  /** How it is being released, once it is. */
  readonly release: Content<'releasing'> | undefined;
  /** Why releasing stopped, if it did. */
  readonly failure: Failure | undefined;
}

/** Whether something of a response is, or may be, in force. */
export function isActive({ phase }: Response): boolean {
  return phase === 'begun' || phase === 'in-force' || phase === 'releasing' || phase === 'halted';
}

function hasNotEnded(response: Response): boolean {
  return isActive(response) || response.phase === 'planned';
}

/** From which states a state may come. Anything else in the log is a copy or damaged, and changes nothing. */
const FROM: { readonly [State in ResponseState]?: readonly (Phase | StepPhase)[] } = {
  begun: ['planned'],
  'in-force': ['begun', 'in-force'],
  extended: ['begun', 'in-force', 'halted'],
  releasing: ['begun', 'in-force', 'halted', 'releasing'],
  halted: ['releasing'],
  released: ['releasing'],
  abandoned: ['planned', 'begun'],
  acting: ['step-planned', 'acting', 'failed'],
  acted: ['acting'],
  skipped: ['step-planned', 'failed'],
  failed: ['step-planned', 'acting', 'failed'],
  undoing: ['acting', 'acted', 'failed', 'undoing', 'undo-failed'],
  undone: ['acting', 'acted', 'failed', 'undoing', 'undo-failed'],
  'undo-failed': ['acting', 'acted', 'failed', 'undoing', 'undo-failed'],
};

/**
 * All responses, made from the transitions in the log and from nothing else: a pure fold, the same after any prefix however
 * it is reached. Copies and what does not follow from the state before change nothing and are counted. Memory: a few KiB for
 * each of the last `RESPONSES_MAX`; those in force are never dropped.
 */
export class Responses {
  /** Transitions that made no sense where they stood. */
  ignored = 0;
  readonly #byId = new Map<string, Response>();
  readonly #activeByFunction = new Map<string, string>();

  /** Takes in the next transition of the log. Never throws. */
  apply(transition: ResponseTransition): void {
    const known = this.#byId.get(transition.response);
    const next = transition.state === 'planned' ? planned(transition, known) : following(transition, known);
    if (next === undefined) {
      this.ignored += 1;
      return;
    }
    this.#byId.set(next.id, next);
    this.#remember(next);
  }

  get(id: string): Response | undefined {
    return this.#byId.get(id);
  }

  /** Newest first. */
  list(): Response[] {
    return [...this.#byId.values()].reverse();
  }

  /** Those that have not ended, oldest first. */
  active(): Response[] {
    return [...this.#byId.values()].filter(hasNotEnded);
  }

  /** The one that is in force for a function, or planned and not given up. */
  activeOf(functionKey: string): Response | undefined {
    const id = this.#activeByFunction.get(functionKey);
    return id === undefined ? undefined : this.#byId.get(id);
  }

  /** Those whose lease has run out, the longest overdue first. */
  due(nowMs: number): Response[] {
    return this.active()
      .filter((one) => isActive(one) && one.untilMs <= nowMs)
      .sort((a, b) => a.untilMs - b.untilMs);
  }

  #remember(response: Response): void {
    if (hasNotEnded(response)) {
      this.#activeByFunction.set(response.function, response.id);
      return;
    }
    if (this.#activeByFunction.get(response.function) === response.id) this.#activeByFunction.delete(response.function);
    if (this.#byId.size <= RESPONSES_MAX) return;
    for (const one of this.#byId.values()) {
      if (hasNotEnded(one)) continue;
      this.#byId.delete(one.id);
      return;
    }
  }
}

function planned(transition: ResponseTransition, known: Response | undefined): Response | undefined {
  const content = parseContent('planned', transition.content);
  if (known !== undefined || content === undefined || transition.step !== '') return undefined;
  return {
    id: transition.response,
    incident: transition.incident,
    function: transition.function,
    arn: content.arn,
    phase: 'planned',
    startedMs: transition.atMs,
    startedBy: transition.by,
    untilMs: content.untilMs,
    changedMs: transition.atMs,
    steps: [],
    stepsPlanned: content.steps,
    evidence: content.evidence,
    release: undefined,
    failure: undefined,
  };
}

function following(transition: ResponseTransition, known: Response | undefined): Response | undefined {
  if (known === undefined || known.function !== transition.function) return undefined;
  const changed = transition.step === '' ? wholeAfter(transition, known) : stepAfter(transition, known);
  return changed === undefined ? undefined : { ...known, ...changed, changedMs: transition.atMs };
}

function wholeAfter(transition: ResponseTransition, known: Response): Partial<Response> | undefined {
  const { state, content } = transition;
  if (FROM[state]?.includes(known.phase) !== true) return undefined;
  switch (state) {
    case 'begun':
      return known.steps.length === known.stepsPlanned ? { phase: state } : undefined;
    case 'in-force':
    case 'released':
    case 'abandoned':
      return parseContent(state, content) === undefined ? undefined : { phase: state, failure: undefined };
    case 'releasing': {
      const release = parseContent(state, content);
      return release === undefined ? undefined : { phase: state, release, failure: undefined };
    }
    case 'halted': {
      const failure = parseContent(state, content);
      return failure === undefined ? undefined : { phase: state, failure };
    }
    case 'extended':
      return parseContent(state, content);
    default:
      return undefined;
  }
}

function stepAfter(transition: ResponseTransition, known: Response): Partial<Response> | undefined {
  const { state } = transition;
  if (state === 'step-planned') return withNewStep(transition, known);
  const at = known.steps.findIndex(({ id }) => id === transition.step);
  if (at < 0 || FROM[state]?.includes(known.steps[at].phase) !== true) return undefined;
  const changed = changeOf(transition);
  return changed === undefined ? undefined : { steps: known.steps.with(at, { ...known.steps[at], ...changed }) };
}

/** Steps are announced before anything is done; the one that gives fresh sandboxes, while releasing. */
function withNewStep(transition: ResponseTransition, known: Response): Partial<Response> | undefined {
  const content = parseContent('step-planned', transition.content);
  if (content === undefined || known.steps.some(({ id }) => id === transition.step)) return undefined;
  const isExpected =
    known.phase === 'planned'
      ? known.steps.length < known.stepsPlanned && content.step !== 'recycle'
      : known.phase === 'releasing' && content.step === 'recycle';
  if (!isExpected) return undefined;
  const { step: kind, target, before, after } = content;
  const added: ResponseStep = {
    id: transition.step,
    kind,
    target,
    before,
    after,
    phase: 'step-planned',
    touched: false,
    note: '',
    requestIds: [],
    failure: undefined,
  };
  return { steps: [...known.steps, added] };
}

function changeOf({ state, content }: ResponseTransition): Partial<ResponseStep> | undefined {
  switch (state) {
    case 'acting': {
      const acting = parseContent(state, content);
      return acting === undefined ? undefined : { ...acting, phase: state, touched: true, failure: undefined };
    }
    case 'acted':
    case 'skipped':
    case 'undone': {
      const ended = parseContent(state, content);
      return ended === undefined ? undefined : { ...ended, phase: state, failure: undefined };
    }
    case 'failed':
    case 'undo-failed': {
      const failure = parseContent(state, content);
      return failure === undefined ? undefined : { phase: state, failure };
    }
    case 'undoing':
      return parseContent(state, content) === undefined ? undefined : { phase: state };
    default:
      return undefined;
  }
}
