import { ARRIVALS_MAX, CALL_ROLES_MAX, FIRED_PAIRS_MAX } from '../base/limits.ts';
import type { StateReader, StateWriter } from '../base/state.ts';
import { Table } from '../base/table.ts';
import { HEAD } from '../baselines/functions.ts';
import type { HeadPlace } from '../baselines/revisions.ts';
import { SYMBOL } from '../event/schema.ts';
import type { BatchView } from '../features/batch-view.ts';
import { FIELDS, type Observation } from '../features/observation.ts';

/** Operations that change nothing, so nothing is fired by them: the first word of their names. */
const READING = /^(Get|List|Describe|Query|Scan|Head|Receive|Select|Lookup|Search|Batch(Get|Detect)|TransactGet)/;

/** A number of arrivals at something that fires functions. */
export interface Arrival {
  /** Hash of what fires: a queue, bucket, table, topic, route, or `lambda/<function key>`. */
  readonly driver: number;
  readonly count: number;
}

/** "This fires that function", as an invocation said. */
export interface Fired {
  readonly functionHash: number;
  readonly driver: number;
}

/**
 * Counts in stage 1 what will fire functions: messages sent to queues and topics, objects and rows written, functions called. The
 * text that names where a call goes (`sqs/jobs`) is the text that names what fired an invocation, so one hash joins the two. Whole
 * numbers, so that the sums of partitions do not depend on their order. 15 ns a call.
 */
export class Arrivals {
  /** Arrivals and pairs that were not counted for want of room. */
  refused = 0;
  readonly #counts = new Table(ARRIVALS_MAX);
  readonly #fired = new Table(FIRED_PAIRS_MAX);
  /** Driver of each call token, 0 for calls that fire nothing: found by their texts once. Not part of the state. */
  readonly #roles = new Map<number, number>();

  /** What an invocation says of demand: what it sends on its way, and what fired it. `view` holds its batch. */
  note(view: BatchView, seen: Observation, head: HeadPlace): void {
    if (seen.callCount > 0) this.#calls(view, seen);
    const { u32 } = head.page;
    const driver = seen.isForeign(FIELDS.trigger) ? 0 : seen.symbols[SYMBOL.triggerSource];
    // Told once for as long as nothing else fires it.
    if (driver === 0 || driver === u32[head.word + HEAD.driver]) return;
    u32[head.word + HEAD.driver] = driver;
    this.#pair(u32[head.word + HEAD.keyLo], driver);
  }

  /** Requests that reached a gateway's route. */
  request(driver: number): void {
    this.#count(driver, 1);
  }

  /** Adds everything another one holds to this one, and empties it. */
  absorb(other: Arrivals): void {
    for (const { driver, count } of other.takeArrivals()) this.#count(driver, count);
    for (const { functionHash, driver } of other.takeFired()) this.#pair(functionHash, driver);
    this.refused += other.refused;
    other.refused = 0;
  }

  /** Hands over the arrivals since they were last taken, by driver. */
  takeArrivals(): Arrival[] {
    const taken: Arrival[] = [];
    if (this.#counts.size === 0) return taken;
    this.#counts.each((_, driver, count) => taken.push({ driver, count }));
    this.#counts.clear();
    return taken.sort((a, b) => a.driver - b.driver);
  }

  /** Hands over who was fired by what since it was last taken, by function. */
  takeFired(): Fired[] {
    const taken: Fired[] = [];
    if (this.#fired.size === 0) return taken;
    this.#fired.each((functionHash, driver) => taken.push({ functionHash, driver }));
    this.#fired.clear();
    return taken.sort((a, b) => a.functionHash - b.functionHash || a.driver - b.driver);
  }

  save(out: StateWriter): void {
    this.#counts.save(out);
    this.#fired.save(out);
    out.u32(this.refused);
  }

  load(from: StateReader): void {
    this.#counts.load(from);
    this.#fired.load(from);
    this.refused = from.u32();
  }

  #calls(view: BatchView, seen: Observation): void {
    if (seen.isForeign(FIELDS.calls)) return;
    for (let at = 0; at < seen.callCount; at++) {
      const driver = this.#roles.get(seen.callToken[at]) ?? this.#roleOf(view, seen, at);
      if (driver !== 0) this.#count(driver, 1);
    }
  }

  #pair(functionHash: number, driver: number): void {
    if (!this.#fired.set(functionHash, driver, 1)) this.refused++;
  }

  #count(driver: number, count: number): void {
    if (!this.#counts.set(0, driver, Math.min(0xffff_ffff, this.#counts.get(0, driver) + count))) this.refused++;
  }

  #roleOf(view: BatchView, seen: Observation, at: number): number {
    const { calls } = view.batch.columns;
    const verb = view.batch.text(calls.verb[calls.start[seen.row] + at]);
    const destination = seen.callDestination[at];
    const operation = verb.slice(verb.indexOf(':') + 1);
    const fires = destination !== 0 && /^[a-z][a-z0-9-]*:[A-Z]/.test(verb) && !verb.startsWith('http:');
    const driver = fires && !READING.test(operation) ? destination : 0;
    if (this.#roles.size < CALL_ROLES_MAX) this.#roles.set(seen.callToken[at], driver);
    return driver;
  }
}
