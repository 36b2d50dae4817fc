import { SYMBOL } from '../event/schema.ts';
import { tokenOf } from './batch-view.ts';
import type { Observation } from './observation.ts';

/** Kind and source of the trigger as one value, 0 when the source says neither. */
export function triggerOf(seen: Observation): number {
  const kind = seen.symbols[SYMBOL.triggerKind];
  const source = seen.symbols[SYMBOL.triggerSource];
  return kind === 0 && source === 0 ? 0 : tokenOf(kind, source);
}

/**
 * Fingerprint of what an invocation did and what fired it: its calls with their destinations, in order, and its trigger.
 * Never 0. It is made of seeded hashes, so nobody can choose two invocations that share one. About 10 ns.
 */
export function shapeOf(seen: Observation): number {
  let hash = seen.callsKnown ? 1 : 2;
  for (let at = 0; at < seen.callCount; at++) {
    hash = turned(hash ^ seen.callToken[at]);
    hash = turned(hash ^ seen.callDestination[at]);
  }
  hash = turned(hash ^ seen.symbols[SYMBOL.triggerKind]);
  return turned(hash ^ seen.symbols[SYMBOL.triggerSource]) >>> 0 || 1;
}

/** One step of a hash over words that are hashes themselves. */
function turned(word: number): number {
  const spread = Math.imul(word, 0x9e3779b1);
  return spread ^ (spread >>> 15);
}
