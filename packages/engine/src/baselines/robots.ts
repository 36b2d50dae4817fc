import { mix32 } from '../base/hash.ts';
import { ROBOTS_MAX } from '../base/limits.ts';
import type { StateReader, StateWriter } from '../base/state.ts';
import type { Lesson } from './category.ts';

/** Breadth: distinct things it deploys. Regularity: changes, and distinct days on which it made them. */
const TARGETS_MIN = 5;
const CHANGES_MIN = 20;
const DAYS_MIN = 5;
/** Newcomers that are looked at for one that gives way. */
const LOOKED_AT = 64;

/** Hashes of a principal, of the network it acts from, and of the client it uses. */
export interface Hands {
  readonly principal: number;
  readonly network: number;
  readonly client: number;
}

interface Record {
  changes: number;
  days: number;
  /** Model day of the last change, -1 before. */
  lastDay: number;
  /** A bit for each thing changed, by its hash: five bits need five things or more. */
  readonly targets: [lo: number, hi: number];
}

/**
 * Recognises deploy robots: principals that deploy many different things on many days, always by the same hands. The key is principal,
 * network and client together, so that a robot's credentials used from elsewhere are those of a stranger. People are not learned.
 *
 * A robot is recognised late rather than early: things whose hashes share one of 64 bits count once. Bounded: newcomers give way, the
 * recognised do not. 100 ns a change; 0.2 KiB a robot.
 */
export class Robots {
  /** Changes that were not counted because everybody known is a robot. */
  refused = 0;
  readonly #records = new Map<number, Record>();

  get size(): number {
    return this.#records.size;
  }

  /** One more change by these hands. */
  learn(hands: Hands, target: number, lesson: Lesson): void {
    const record = this.#recordOf(keyOf(hands));
    if (record === undefined) return;
    record.changes++;
    if (record.lastDay !== lesson.day) record.days++;
    // An operator vouches for what a training span shows: its days need not pass.
    if (lesson.training) record.days = Math.max(record.days, DAYS_MIN);
    record.lastDay = lesson.day;
    const bit = mix32(target) & 63;
    record.targets[bit >> 5] |= 1 << (bit & 31);
  }

  /** True for hands that have deployed many things on many days. */
  knows(hands: Hands): boolean {
    const record = this.#records.get(keyOf(hands));
    return record !== undefined && isRobot(record);
  }

  save(out: StateWriter): void {
    out.u32(this.refused);
    out.u32(this.#records.size);
    for (const [key, { changes, days, lastDay, targets }] of this.#records) {
      for (const word of [key, changes, days, targets[0] >>> 0, targets[1] >>> 0]) out.u32(word);
      out.f64(lastDay);
    }
  }

  load(from: StateReader): void {
    this.#records.clear();
    this.refused = from.u32();
    for (let left = from.u32(); left > 0; left--) {
      const [key, changes, days, lo, hi] = [from.u32(), from.u32(), from.u32(), from.u32(), from.u32()];
      this.#records.set(key, { changes, days, lastDay: from.f64(), targets: [lo | 0, hi | 0] });
    }
  }

  #recordOf(key: number): Record | undefined {
    const known = this.#records.get(key);
    if (known !== undefined) return known;
    if (this.#records.size >= ROBOTS_MAX && !this.#evict()) {
      this.refused++;
      return undefined;
    }
    const made: Record = { changes: 0, days: 0, lastDay: -1, targets: [0, 0] };
    this.#records.set(key, made);
    return made;
  }

  /** Gives up the newcomer known longest; false when there is none among those looked at. */
  #evict(): boolean {
    let looked = 0;
    for (const [key, record] of this.#records) {
      if (!isRobot(record)) return this.#records.delete(key);
      if (++looked >= LOOKED_AT) break;
    }
    return false;
  }
}

function isRobot({ changes, days, targets }: Record): boolean {
  return changes >= CHANGES_MIN && days >= DAYS_MIN && bitsOf(targets[0]) + bitsOf(targets[1]) >= TARGETS_MIN;
}

function keyOf({ principal, network, client }: Hands): number {
  return mix32(principal ^ mix32(network ^ mix32(client))) >>> 0;
}

function bitsOf(word: number): number {
  let bits = 0;
  for (let left = word >>> 0; left !== 0; left &= left - 1) bits++;
  return bits;
}
