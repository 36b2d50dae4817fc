import { z } from 'zod';
import { LEASE_MINUTES_MAX, LEASE_MINUTES_MIN } from './limits.ts';

/** How long a lease may be, minutes. */
export const RESPONSE_LEASE_MINUTES = { min: LEASE_MINUTES_MIN, max: LEASE_MINUTES_MAX } as const;
/** Which responses can be asked for. */
export const RESPONSE_STATES = ['active', 'all'] as const;

/** A step of a plan as it is shown. */
export interface PlannedStepView {
  readonly id: string;
  readonly title: string;
  readonly effects: readonly string[];
  readonly command: string;
  readonly inverseCommand?: string | undefined;
}

/** A plan as the API answers it and as it is shown. More may be there, and is passed on. */
export interface PlanView {
  readonly function: string;
  readonly incident: string;
  readonly steps: readonly PlannedStepView[];
  readonly leftOut: readonly { readonly what: string; readonly why: string }[];
  readonly caveats: readonly string[];
  readonly recycle: PlannedStepView;
}

/** Why something failed, as it is shown. */
export interface FailureView {
  readonly code: string;
  readonly message: string;
}

/** A response as the API answers it and as it is shown. More may be there, and is passed on. */
export interface ResponseView {
  readonly id: string;
  readonly incident: string;
  readonly function: string;
  readonly phase: string;
  readonly startedMs: number;
  readonly startedBy: string;
  readonly untilMs: number;
  readonly steps: readonly {
    readonly id: string;
    readonly phase: string;
    readonly note: string;
    readonly failure?: FailureView | undefined;
  }[];
  readonly failure?: FailureView | undefined;
}

/** Who acts on which response. */
interface Act {
  readonly response: string;
  readonly by: string;
}

/** What can be asked of whatever carries out responses. All but `list` and `get` resolve when the work is done. */
export interface ResponseDesk {
  /** Says what would be done, and does nothing. */
  plan(asked: { readonly incident?: string | undefined; readonly function?: string | undefined }): Promise<PlanView>;
  start(asked: {
    readonly incident?: string;
    readonly function?: string;
    readonly leaseMinutes?: number;
    readonly by: string;
  }): Promise<ResponseView>;
  extend(asked: Act & { readonly leaseMinutes?: number }): Promise<ResponseView>;
  release(asked: Act & { readonly force?: boolean; readonly keepSandboxes?: boolean }): Promise<ResponseView>;
  /** Newest first. */
  list(state: (typeof RESPONSE_STATES)[number]): readonly ResponseView[];
  get(id: string): ResponseView | undefined;
}

/** Bounds of what is read of an answer: they keep a foreign server from filling the terminal. */
const text = z.string().max(20_000);
const list = <T extends z.ZodType>(of: T) => z.array(of).max(1000);

const plannedStep = z.looseObject({
  id: text,
  title: text,
  effects: list(text),
  command: text,
  inverseCommand: text.optional(),
});
const failure = z.looseObject({ code: text, message: text });
const response = z
  .looseObject({
    id: text,
    incident: text,
    function: text,
    phase: text,
    startedMs: z.number(),
    startedBy: text,
    untilMs: z.number(),
    steps: list(z.looseObject({ id: text, phase: text, note: text, failure: failure.optional() })),
    failure: failure.optional(),
  })
  .meta({ id: 'Response', description: 'A quarantine, as the log tells it. Further keys may come.' });

/** Reads the answer to a request for a plan. */
export const planView: z.ZodType<PlanView> = z
  .looseObject({
    function: text,
    incident: text,
    steps: list(plannedStep),
    leftOut: list(z.looseObject({ what: text, why: text })),
    caveats: list(text),
    recycle: plannedStep,
  })
  .meta({ id: 'ResponsePlan', description: 'What a quarantine would do. Further keys may come.' });

/** Reads the answer to a request for one response, or one to act on it. */
export const responseView: z.ZodType<ResponseView> = response;

/** Reads the list of responses, newest first. */
export const responsesView: z.ZodType<{ readonly responses: readonly ResponseView[] }> = z.looseObject({
  responses: list(response),
});

/** Reads the body of an answer that is a failure. */
export const problemView: z.ZodType<{ readonly error: FailureView }> = z.looseObject({ error: failure });
