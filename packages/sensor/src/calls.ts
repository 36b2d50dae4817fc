import { CALLS_BEFORE_FOLDING, CALLS_KEPT_MAX } from './limits.ts';

/** An outbound call while it is watched. Times are those of `nowMs`. */
export interface Call {
  verb: string;
  resource: string;
  destination: string;
  bytesOut: number;
  bytesIn: number;
  /** HTTP status or exit code; NaN until known. */
  status: number;
  readonly startMs: number;
  /** NaN while it lasts. */
  endMs: number;
  /** Stands in a record already: what comes later belongs to the sandbox. */
  reported: boolean;
}

/** A call that begins now. */
export function newCall(verb: string, resource: string, destination: string): Call {
  return {
    verb,
    resource,
    destination,
    bytesOut: 0,
    bytesIn: 0,
    status: Number.NaN,
    startMs: nowMs(),
    endMs: Number.NaN,
    reported: false,
  };
}

/** The calls of one invocation, or of the time between two. */
export class Calls {
  readonly list: Call[] = [];
  /** Calls left out: there were too many different ones. */
  cut = 0;

  /** Adds a call; there is always room for those that are unlike the others, up to the limit. */
  add(call: Call): void {
    if (this.list.length < CALLS_KEPT_MAX) this.list.push(call);
    else this.cut++;
  }

  /**
   * Adds calls that are like an earlier one to that one, once there are many: bytes and durations are summed, the first
   * status other than success stays. Called when the record is made.
   */
  fold(): void {
    if (this.list.length <= CALLS_BEFORE_FOLDING) return;
    const first = new Map<string, Call>();
    let kept = 0;
    for (const call of this.list) {
      const key = `${call.verb}\n${call.resource}\n${call.destination}`;
      const earlier = first.get(key);
      if (earlier === undefined) first.set(key, call);
      if (earlier === undefined || kept < CALLS_BEFORE_FOLDING) this.list[kept++] = call;
      else this.#foldInto(earlier, call);
    }
    this.list.length = kept;
  }

  #foldInto(earlier: Call, call: Call): void {
    earlier.bytesOut += call.bytesOut;
    earlier.bytesIn += call.bytesIn;
    if (!(earlier.status >= 400) && call.status >= 400) earlier.status = call.status;
    call.reported = true;
    this.cut++;
  }
}

/** A monotonic clock, ms with a fraction. About 0.1 µs. */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
