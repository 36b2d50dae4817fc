import type { Control, ResponseState } from '@gait/engine/event/record';
import { type Content, contentText } from './content.ts';
import { MESSAGE_CHARS_MAX } from './limits.ts';
import type { Response, Responses } from './responses.ts';

/** Appends a control record to the log; resolves with its ordinal when it is durable. */
export type AppendControl = (control: Control) => Promise<number>;

/** Characters of the name of who acts: longer than names of people and tokens. */
const BY_CHARS_MAX = 128;

/** What a transition is about. */
export interface Subject {
  readonly id: string;
  readonly incident: string;
  readonly function: string;
}

/**
 * Writes transitions: first into the log, then, when they are durable, into the projection. So the projection never knows
 * anything that a crash would make unknown.
 */
export class Transitions {
  readonly #responses: Responses;
  readonly #append: AppendControl;
  readonly #now: () => number;

  constructor(responses: Responses, append: AppendControl, now: () => number) {
    this.#responses = responses;
    this.#append = append;
    this.#now = now;
  }

  /** Writes a transition of a whole response, or of one of its `step`s. */
  async write<State extends ResponseState>(
    subject: Subject,
    to: { readonly state: State; readonly content: Content<State>; readonly by: string; readonly step?: string },
  ): Promise<void> {
    const control = {
      kind: 'response',
      response: subject.id,
      incident: subject.incident,
      function: subject.function,
      step: to.step ?? '',
      state: to.state,
      atMs: this.#now(),
      by: to.by.slice(0, BY_CHARS_MAX).toWellFormed(),
      content: contentText(to.state, to.content),
    } as const;
    await this.#append(control);
    this.#responses.apply(control);
  }
}

/** A failure as it is recorded: short, and whole characters only. */
export function recorded(error: { readonly code: string; readonly message: string }): Content<'failed'> {
  return { code: error.code, message: [...error.message].slice(0, MESSAGE_CHARS_MAX).join('') };
}

/** Whether a response isolates all that it was planned to. */
export function isComplete({ phase, steps }: Response): boolean {
  return phase === 'in-force' && steps.every((step) => step.phase === 'acted' || step.phase === 'skipped');
}
