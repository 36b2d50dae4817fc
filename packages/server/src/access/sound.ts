import { type Access, AccessError } from './access.ts';
import { NAME_CHARS_MAX, PATTERNS_MAX, RECORDS_PER_SECOND_MAX } from './limits.ts';
import { patternProblem } from './patterns.ts';

/** Nothing invisible, nothing that steers a terminal, no spaces at the ends: the name stands beside decisions. */
const NAME = /^(?=\S)[^\p{C}\p{Zl}\p{Zp}]+(?<=\S)$/u;

/** Refuses what cannot be a token: throws `AccessError` GAIT_ACCESS_INVALID that says everything that is wrong. */
export function requireSound(asked: Parameters<Access['create']>[0], nowMs: number): void {
  const problems = [...problemsOf(asked, nowMs)];
  if (problems.length > 0) throw new AccessError('GAIT_ACCESS_INVALID', problems.join(' '));
}

function* problemsOf(asked: Parameters<Access['create']>[0], nowMs: number): Generator<string> {
  const { name, role, functions, recordsPerSecond, expiresMs } = asked;
  if (name.length > NAME_CHARS_MAX || !NAME.test(name)) {
    yield `A name has 1 to ${NAME_CHARS_MAX} characters that can be seen.`;
  }
  if (role !== 'ingest' && functions.length > 0) yield 'Only tokens of role ingest speak for functions.';
  if (functions.length > PATTERNS_MAX) yield `A token has at most ${PATTERNS_MAX} patterns.`;
  for (const pattern of functions.slice(0, PATTERNS_MAX)) {
    const problem = patternProblem(pattern);
    if (problem !== undefined) yield problem;
  }
  if (!(recordsPerSecond >= 1 && recordsPerSecond <= RECORDS_PER_SECOND_MAX)) {
    yield `A rate is 1 to ${RECORDS_PER_SECOND_MAX} records a second.`;
  }
  if (expiresMs !== undefined && !(Number.isSafeInteger(expiresMs) && expiresMs > nowMs)) {
    yield 'It would have expired already.';
  }
}
