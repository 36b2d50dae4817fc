import type { Call } from '../calls.ts';

/** Makes the next class put its private field on an object that exists already. */
class Existing {
  constructor(owner: object) {
    // biome-ignore lint/correctness/noConstructorReturn: this is what puts the field of the class below on the object
    return owner;
  }
}

/**
 * Remembers the call of a request on the request itself, as a private field: nobody else can see it, it goes when the
 * request goes, and it costs nothing beside a WeakMap, which was the most expensive part of watching a call.
 */
export class Attached extends Existing {
  readonly #call: Call;

  /** Once for each request. */
  constructor(request: object, call: Call) {
    super(request);
    this.#call = call;
  }

  /** The call of a request, undefined for what was not seen beginning. */
  static callOf(request: object): Call | undefined {
    return #call in request ? request.#call : undefined;
  }
}
