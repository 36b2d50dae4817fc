import { CALLS_PER_ROW_MAX } from '@gait/engine/base/limits';
import { CALL_NAMES, CALL_NUMBERS, type CallBytes } from '@gait/engine/event/batch-builder';
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
/** Number of the first text of the first call; those of call `i` begin `i * CALL_NAMES` later. */
export const CALL_TEXTS = SLOTS;
const TEXTS = CALL_TEXTS + (CALLS_PER_ROW_MAX + 1) * CALL_NAMES;

/** Wire keys by slot, undefined where the wire format has no such field; the version key is not among them. */
export const KEY_OF_SLOT: readonly (string | undefined)[] = slotNames().map((name) =>
  name in WIRE_KEYS ? WIRE_KEYS[name as keyof typeof WIRE_KEYS] : undefined,
);

/**
 * One record between reading and checking: numbers by value, texts as ranges of `bytes`. Filled by the scanner or by the
 * parser, so that everything after that is the same for both. Reused from record to record without allocation.
 */
export class Draft implements CallBytes {
  /** What the text ranges point into, valid UTF-8 wherever they point. */
  bytes: Uint8Array = new Uint8Array(0);
  /** Whether identifiers were found to be identifiers while the record was read. */
  identified = false;
  readonly #seen = new Uint32Array(SLOTS);
  #record = 0;
  /** The slots that are filled, `slots[0, filled)`, in the order of the record. */
  readonly slots = new Uint8Array(SLOTS);
  filled = 0;
  readonly numbers = new Float64Array(SLOT.text);
  /** Ranges of the text slots, then of the texts of calls. */
  readonly from = new Uint32Array(TEXTS);
  readonly to = new Uint32Array(TEXTS);
  /** Form of the function key, set when it is checked. */
  keyForm: KeyForm = 'malformed';
  /** Calls listed, those beyond the limit included; only `CALLS_PER_ROW_MAX` are kept. */
  calls = 0;
  /** Numbers of call `i` begin at `i * CALL_NUMBERS`; there is one spare call at the end. */
  readonly callNumbers = new Float64Array((CALLS_PER_ROW_MAX + 1) * CALL_NUMBERS);

  /** Forgets the record before. `identified`: the reader refuses identifiers that are none. */
  begin(bytes: Uint8Array, identified: boolean): void {
    this.bytes = bytes;
    this.identified = identified;
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
    const texts = CALL_TEXTS + at * CALL_NAMES;
    for (let i = texts; i < texts + CALL_NAMES; i++) this.to[i] = this.from[i] = 0;
    for (let i = at * CALL_NUMBERS; i < (at + 1) * CALL_NUMBERS; i++) this.callNumbers[i] = Number.NaN;
    return at;
  }
}

function slotNames(): string[] {
  return [...NUMBERS, 'timeMs', 'flags', ...SYMBOLS, ...IDS, 'mac', 'calls'];
}
