/** Thrown when the program itself is wrong. Never caught to carry on. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/** States a claim that holds unless the program has a bug. */
export function assert(condition: unknown, claim: string): asserts condition {
  if (!condition) throw new AssertionError(claim);
}
