import type { ResponseState } from '@gait/engine/event/record';
import { printable } from '../render/printable.ts';
import type { Content } from './content.ts';
import { ResponseError } from './errors.ts';
import { VERIFY_PAUSE_MS, VERIFY_READS_MAX } from './limits.ts';
import type { Done, Provider } from './provider.ts';
import type { Response, ResponseStep } from './responses.ts';
import type { Target, Value } from './target.ts';
import { isRecordable } from './target.ts';
import { recorded, type Transitions } from './transitions.ts';

/** What doing or undoing one step needs. */
export interface StepWork {
  readonly response: Response;
  readonly step: ResponseStep;
  readonly by: string;
}

/**
 * Does, verifies and undoes single steps. Every change is recorded before it is asked for and after it was read back;
 * whatever is asked for again after a crash is first looked at, so that nothing is done twice or undone by mistake.
 */
export class Stepper {
  readonly #transitions: Transitions;
  readonly #provider: Provider;
  readonly #wait: (ms: number) => Promise<void>;

  constructor(transitions: Transitions, provider: Provider, wait: (ms: number) => Promise<void>) {
    this.#transitions = transitions;
    this.#provider = provider;
    this.#wait = wait;
  }

  /** Does one step. Expected failures are recorded and returned. */
  async act(work: StepWork): Promise<ResponseError | undefined> {
    try {
      await this.#act(work);
      return undefined;
    } catch (error) {
      if (!(error instanceof ResponseError)) throw error;
      await this.#write(work, 'failed', recorded(error));
      return error;
    }
  }

  /** Undoes one step; `force` restores also what somebody else has changed since. Failures as in `act`. */
  async undo(work: StepWork, force: boolean): Promise<ResponseError | undefined> {
    try {
      await this.#undo(work, force);
      return undefined;
    } catch (error) {
      if (!(error instanceof ResponseError)) throw error;
      if (error.code === 'GAIT_RESPONSE_ABSENT') {
        await this.#write(work, 'undone', { requestIds: [], note: 'It is no longer there: nothing to restore.' });
        return undefined;
      }
      await this.#write(work, 'undo-failed', recorded(error));
      return error;
    }
  }

  async #act(work: StepWork): Promise<void> {
    const { target, after, touched, phase } = work.step;
    const found = await this.#provider.get(target);
    if (found === after && !touched) {
      // Somebody else has set it since the plan was made. It is not ours to undo.
      await this.#write(work, 'skipped', {});
      return;
    }
    if (found === after) {
      // Our own request of before a crash, or one whose answer did not arrive.
      if (phase !== 'acting') await this.#write(work, 'acting', { before: work.step.before });
      await this.#write(work, 'acted', { requestIds: [], note: 'Found done.' });
      return;
    }
    await this.#write(work, 'acting', { before: restorable(target, found) });
    const done = await this.#setAndVerify(target, after);
    await this.#write(work, 'acted', { requestIds: [...done.requestIds], note: done.note });
  }

  async #undo(work: StepWork, force: boolean): Promise<void> {
    const { target, before, after } = work.step;
    const found = await this.#provider.get(target);
    if (found === before) {
      await this.#write(work, 'undone', { requestIds: [], note: 'Found undone.' });
      return;
    }
    if (found !== after && !force) throw foreign(work.step, found);
    await this.#write(work, 'undoing', {
      found: isRecordable(found) ? found : (found?.slice(0, FOUND_CHARS_MAX) ?? null),
    });
    const done = await this.#setAndVerify(target, before);
    await this.#write(work, 'undone', { requestIds: [...done.requestIds], note: done.note });
  }

  async #setAndVerify(target: Target, value: Value): Promise<Done> {
    const done = await this.#provider.set(target, value);
    let pauseMs = VERIFY_PAUSE_MS;
    for (let reads = 1; ; reads++) {
      const found = await this.#provider.get(target);
      if (found === value) return done;
      if (reads === VERIFY_READS_MAX) {
        throw new ResponseError(
          'GAIT_RESPONSE_UNVERIFIED',
          `${target.kind}: ${shown(found)} instead of ${shown(value)}.`,
        );
      }
      await this.#wait(pauseMs);
      pauseMs *= 2;
    }
  }

  async #write<State extends ResponseState>(work: StepWork, state: State, content: Content<State>): Promise<void> {
    const { response, step, by } = work;
    await this.#transitions.write(response, { state, content, by, step: step.id });
  }
}

/** Whether undoing a step would restore anything. */
export function isUndoable({ touched, phase, target }: ResponseStep): boolean {
  return touched && phase !== 'undone' && target.kind !== 'version';
}

/** The failure that says who has to look at what: somebody else's value stands where ours was. */
export function foreign({ id, before, after }: ResponseStep, found: Value): ResponseError {
  const detail = `${id}: it is ${shown(found)} now, Gait had set ${shown(after)}, before that it was ${shown(before)}.`;
  return new ResponseError('GAIT_RESPONSE_FOREIGN', detail);
}

/** What was found becomes what is restored: it must fit the record of it. */
function restorable({ kind }: Target, found: Value): Value {
  if (isRecordable(found)) return found;
  const detail = `${kind}: what is there now is too long to be recorded, so it could not be restored.`;
  throw new ResponseError('GAIT_RESPONSE_REFUSED', detail);
}

/** Characters of somebody else's value that is too long to be kept whole: with six each, it fits. */
const FOUND_CHARS_MAX = 500;
/** Characters of a value in a message. */
const SHOWN_CHARS_MAX = 60;

function shown(value: Value): string {
  if (value === null) return 'absent';
  const text = printable(value);
  return `'${text.length > SHOWN_CHARS_MAX ? `${text.slice(0, SHOWN_CHARS_MAX)}…` : text}'`;
}
