import { CALLS_PER_ROW_MAX } from '@gait/engine/base/limits';
import { IDS, NUMBERS, SYMBOLS } from '@gait/engine/event/schema';
import { WIRE_KEYS } from '@gait/sensor/wire';
import type { KeyForm } from './function.ts';

/** Places of a draft: number fields, then text fields (symbols, identifiers), then the call list. */
export const SLOT = {
  timeMs: NUMBERS.length,
  flags: NUMBERS.length + 1,
  /** First text slot. Symbols come first, in the order of `SYMBOLS`. */
  text: NUMBERS.length + 2,
  id: NUMBERS.length + 2 + SYMBOLS.length,
  mac: NUMBERS.length + 2 + SYMBOLS.length + IDS.length,
  calls: NUMBERS.length + 3 + SYMBOLS.length + IDS.length,
} as const;
const SLOTS = SLOT.calls + 1;

/** Text values and number values of one call, in wire order. */
export const CALL_TEXTS = 3;
export const CALL_NUMBERS = 5;

/** Wire keys by slot, undefined where the wire format has no such field; the version key is not among them. */
export const KEY_OF_SLOT: readonly (string | undefined)[] = slotNames().map((name) =>
  name in WIRE_KEYS ? WIRE_KEYS[name as keyof typeof WIRE_KEYS] : undefined,
);

/**
 * One record between reading and checking: numbers by value, texts as ranges of `bytes`. Filled by the scanner or by the
 * parser, so that everything after that is the same for both. Reused from record to record without allocation.
 */
export class Draft {
  /** What the text ranges point into, valid UTF-8 wherever they point. */
  bytes: Uint8Array = new Uint8Array(0);
  readonly #seen = new Uint32Array(SLOTS);
  #record = 0;
  /** The slots that are filled, `slots[0, filled)`, in the order of the record. */
  readonly slots = new Uint8Array(SLOTS);
  filled = 0;
  readonly numbers = new Float64Array(SLOT.text);
  /** Range of a text slot, indexed by slot. */
  readonly from = new Uint32Array(SLOTS);
  readonly to = new Uint32Array(SLOTS);
  /** Form of the function key, set when it is checked. */
  keyForm: KeyForm = 'malformed';
  /** Calls listed, those beyond the limit included; only `CALLS_PER_ROW_MAX` are kept. */
  calls = 0;
  /** Ranges and numbers of call `i` start at `i * CALL_TEXTS` and `i * CALL_NUMBERS`; one spare call at the end. */
  readonly callFrom = new Uint32Array((CALLS_PER_ROW_MAX + 1) * CALL_TEXTS);
  readonly callTo = new Uint32Array((CALLS_PER_ROW_MAX + 1) * CALL_TEXTS);
  readonly callNumbers = new Float64Array((CALLS_PER_ROW_MAX + 1) * CALL_NUMBERS);

  /** Forgets the record before. */
  begin(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.calls = 0;
    this.filled = 0;
    this.#record++;
    if (this.#record > 0xffff_ffff) {
      this.#record = 1;
      this.#seen.fill(0);
    }
  }

  has(slot: number): boolean {
    return this.#seen[slot] === this.#record;
  }

  /** Marks a slot as filled; false when it was already. */
  claim(slot: number): boolean {
    if (this.#seen[slot] === this.#record) return false;
    this.#seen[slot] = this.#record;
    this.slots[this.filled++] = slot;
    return true;
  }

  /** Starts a call without any values and returns its index; calls beyond the limit share the spare index. */
  addCall(): number {
    const at = Math.min(this.calls++, CALLS_PER_ROW_MAX);
    for (let i = at * CALL_TEXTS; i < (at + 1) * CALL_TEXTS; i++) this.callTo[i] = this.callFrom[i] = 0;
    for (let i = at * CALL_NUMBERS; i < (at + 1) * CALL_NUMBERS; i++) this.callNumbers[i] = Number.NaN;
    return at;
  }
}

function slotNames(): string[] {
  return [...NUMBERS, 'timeMs', 'flags', ...SYMBOLS, ...IDS, 'mac', 'calls'];
}
