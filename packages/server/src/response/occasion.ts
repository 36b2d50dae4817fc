import { printable } from '../render/printable.ts';
import type { Store } from '../storage/store.ts';
import { listed } from './effects.ts';
import { ResponseError } from './errors.ts';
import { functionRef } from './function-ref.ts';
import type { Occasion } from './responder.ts';

/** What a person or program asks for: an incident, a function, or a function because of an incident. */
export interface Asked {
  /** Id of an incident or its beginning. */
  readonly incident?: string | undefined;
  /** Function key. */
  readonly function?: string | undefined;
}

/**
 * The function to act on. Of an incident it is the one function that it names; if there are more, one of them must be
 * given, because acting on all of them is not what anybody asked for.
 */
export function occasionOf(store: Pick<Store, 'incident'>, { incident = '', function: key = '' }: Asked): Occasion {
  if (incident === '') {
    if (key === '') throw new ResponseError('GAIT_RESPONSE_ABSENT', 'Name an incident or a function.');
    return { incident: '', function: functionRef(key).key };
  }
  const found = store.incident(incident);
  if (found.kind === 'none')
    throw new ResponseError('GAIT_RESPONSE_ABSENT', `There is no incident ${printable(incident)}.`);
  if (found.kind === 'ambiguous') {
    const detail = `${printable(incident)} is the beginning of several: ${listed(found.ids)}.`;
    throw new ResponseError('GAIT_RESPONSE_ABSENT', detail);
  }
  const { id, entities } = found.value;
  if (key !== '') return { incident: id, function: functionRef(key).key };
  const functions = entities.filter(isActable);
  if (functions.length === 1) return { incident: id, function: functions[0] };
  const detail =
    functions.length === 0
      ? `Incident ${id} names no function that can be acted on.`
      : `Incident ${id} names several functions; say which: ${listed(functions)}.`;
  throw new ResponseError('GAIT_RESPONSE_FUNCTION', detail);
}

function isActable(key: string): boolean {
  try {
    functionRef(key);
    return true;
  } catch (error) {
    if (error instanceof ResponseError) return false;
    throw error;
  }
}
