import { ROLL_BACK_BYTES_MAX } from '../base/limits.ts';
import { STATE_PIECE_BYTES, StateReader, StateWriter } from '../base/state.ts';
import type { Categories } from './categories.ts';
import type { Directory } from './directory.ts';
import { HEAD, HEAD_BYTES } from './functions.ts';
import type { MetricStore } from './metrics.ts';
import type { FunctionStores } from './stores.ts';

/** Model days of which every copy is kept, and those of which one a week is. */
const DAILY_DAYS = 3;
const WEEKLY_DAYS = 28;
const WEEK = 7;
/** Model days for which a roll-back can be undone. */
const UNDO_DAYS = 7;
const HEAD_WORDS = HEAD_BYTES / 4;
/** Words that stay as they are: name, learn gate, the minute that runs, where the namesake is, the block of the rate. */
const KEPT_WORDS: readonly number[] = [
  HEAD.keyHi,
  HEAD.keyLo,
  HEAD.held,
  HEAD.heldUntil,
  HEAD.namesake,
  HEAD.rate,
  ...Array.from({ length: HEAD.minuteMemoryMax + 2 - HEAD.minute }, (_, at) => HEAD.minute + at),
];
/** Words with the groups of metrics: two revisions, warm and cold. */
const GROUP_WORDS = [HEAD.revisions + 2, HEAD.revisions + 3, HEAD.revisions + 6, HEAD.revisions + 7] as const;

/** What one function had learned when the first invocation of a model day came. */
interface Copy {
  readonly day: number;
  /** When it was taken, seconds. */
  readonly second: number;
  readonly bytes: Uint8Array;
}

/** What became of a roll-back of one function. */
export type RollBackResult = 'rolled-back' | 'forgotten' | 'unchanged' | 'too-old' | 'undone' | 'nothing-to-undo';

/** A store of blocks, and the word of the head with the id of a function's block. */
interface Held {
  readonly word: number;
  readonly store: {
    alloc(): number;
    free(id: number): void;
    keep(id: number, out: StateWriter): void;
    bring(id: number, from: StateReader): void;
  };
}

/**
 * Copies of what functions had learned, so that a person can go back behind an attack: taken when a function's first invocation of a
 * model day comes, before anything is learned from it. Kept are those of the last three days, and one a week for four weeks; a
 * function that rests needs none. About 8 KB a copy. The newest state before a roll-back is kept for a week, to undo it.
 */
export class FunctionCopies {
  /** Copies by function id, oldest first. */
  readonly #copies = new Map<number, Copy[]>();
  /** State before a roll-back, by function id. */
  readonly #undo = new Map<number, Copy>();
  #bytes = 0;
  readonly #functions: Directory;
  readonly #stores: readonly Held[];
  /** Memory that copies are written into first. */
  #scratch = new ArrayBuffer(STATE_PIECE_BYTES);

  constructor(parts: {
    readonly functions: Directory;
    readonly categories: Categories;
    readonly metrics: MetricStore;
    readonly stores: FunctionStores;
  }) {
    this.#functions = parts.functions;
    this.#stores = [
      { word: HEAD.categories, store: parts.categories },
      ...GROUP_WORDS.map((word) => ({ word, store: parts.metrics })),
      ...parts.stores.copied,
    ];
  }

  /** Bytes of all copies. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Model day of the oldest copy, Infinity without any. */
  get oldestDay(): number {
    let oldest = Number.POSITIVE_INFINITY;
    for (const [first] of this.#copies.values()) oldest = Math.min(oldest, first.day);
    return oldest;
  }

  /** Takes a copy when a function is active for the first time on a model day. */
  note(id: number, day: number, second: number): void {
    const copies = this.#copies.get(id) ?? [];
    if (copies.at(-1)?.day === day) return;
    const kept = copies.filter((_, at) => isKept(copies, at, day));
    kept.push(this.#copyOf(id, day, second));
    this.#set(id, kept);
    const undo = this.#undo.get(id);
    if (undo !== undefined && day - undo.day > UNDO_DAYS) this.#setUndo(id, undefined);
  }

  /** Forgets the copies of a function that is no longer known. */
  forget(id: number): void {
    this.#set(id, []);
    this.#setUndo(id, undefined);
  }

  /** Drops the copies of one model day and all older ones. */
  dropThrough(day: number): void {
    for (const [id, copies] of this.#copies) {
      const left = copies.filter((one) => one.day > day);
      if (left.length < copies.length) this.#set(id, left);
    }
  }

  /**
   * Puts a function back to what it had learned by `toMs`: to the newest copy taken by then. A function first seen later is forgotten;
   * one that was not active since stays as it is; so does one whose copies are all younger.
   */
  rollBack(id: number, toMs: number, now: { readonly day: number; readonly second: number }): RollBackResult {
    const { u32 } = this.#functions.page(id);
    const word = this.#functions.word(id);
    if (u32[word + HEAD.lastSecond] * 1000 < toMs) return 'unchanged';
    const copies = this.#copies.get(id) ?? [];
    const copy = copies.findLast((one) => one.second * 1000 <= toMs);
    const isNew = u32[word + HEAD.firstSecond] * 1000 >= toMs;
    if (copy === undefined && !isNew) return 'too-old';
    this.#setUndo(id, this.#copyOf(id, now.day, now.second));
    this.#set(id, copy === undefined ? [] : copies.filter((one) => one.second <= copy.second));
    this.#bring(id, copy?.bytes);
    return copy === undefined ? 'forgotten' : 'rolled-back';
  }

  /** Takes a roll-back back: what was learned since is lost. */
  undo(id: number): RollBackResult {
    const undo = this.#undo.get(id);
    if (undo === undefined) return 'nothing-to-undo';
    this.#bring(id, undo.bytes);
    this.#setUndo(id, undefined);
    return 'undone';
  }

  save(out: StateWriter): void {
    out.u32(this.#copies.size);
    for (const [id, copies] of this.#copies) {
      out.u32(id);
      out.u32(copies.length);
      for (const copy of copies) saveCopy(copy, out);
    }
    out.u32(this.#undo.size);
    for (const [id, copy] of this.#undo) {
      out.u32(id);
      saveCopy(copy, out);
    }
  }

  load(from: StateReader): void {
    this.#copies.clear();
    this.#undo.clear();
    this.#bytes = 0;
    for (let left = from.u32(); left > 0; left--) {
      const id = from.u32();
      this.#set(
        id,
        Array.from({ length: from.u32() }, () => loadCopy(from)),
      );
    }
    for (let left = from.u32(); left > 0; left--) this.#setUndo(from.u32(), loadCopy(from));
  }

  #set(id: number, copies: Copy[]): void {
    for (const { bytes } of this.#copies.get(id) ?? []) this.#bytes -= bytes.length;
    for (const { bytes } of copies) this.#bytes += bytes.length;
    if (copies.length === 0) this.#copies.delete(id);
    else this.#copies.set(id, copies);
  }

  #setUndo(id: number, copy: Copy | undefined): void {
    this.#bytes += (copy?.bytes.length ?? 0) - (this.#undo.get(id)?.bytes.length ?? 0);
    if (copy === undefined) this.#undo.delete(id);
    else this.#undo.set(id, copy);
  }

  #copyOf(id: number, day: number, second: number): Copy {
    const out = new StateWriter([this.#scratch]);
    const { u32 } = this.#functions.page(id);
    const word = this.#functions.word(id);
    out.u32Array(u32.subarray(word, word + HEAD_WORDS));
    for (const one of this.#stores) {
      const block = u32[word + one.word];
      const piece = new StateWriter([this.#pieceMemory]);
      if (block !== 0) one.store.keep(block, piece);
      out.bytes(piece.finish());
    }
    return { day, second, bytes: out.finish() };
  }

  readonly #pieceMemory = new ArrayBuffer(STATE_PIECE_BYTES);

  /** Puts a copy in the place of what a function knows; without one it knows nothing. */
  #bring(id: number, bytes: Uint8Array | undefined): void {
    const { u32 } = this.#functions.page(id);
    const word = this.#functions.word(id);
    const from = bytes === undefined ? undefined : new StateReader(bytes);
    const head = from?.u32Array() ?? new Uint32Array(HEAD_WORDS);
    for (const at of KEPT_WORDS) head[at] = u32[word + at];
    for (const one of this.#stores) {
      const piece = from?.bytes() ?? new Uint8Array(0);
      head[one.word] = this.#bringBlock(one, u32[word + one.word], piece);
    }
    u32.set(head, word);
  }

  /** Id of the block that now holds what was kept; 0 when nothing was, or there is no room. */
  #bringBlock({ store }: Held, block: number, piece: Uint8Array): number {
    if (piece.length === 0) {
      if (block !== 0) store.free(block);
      return 0;
    }
    const target = block === 0 ? store.alloc() : block;
    if (target !== 0) store.bring(target, new StateReader(piece));
    return target;
  }
}

/** Drops copies, oldest days first, until those of all partitions fit: the same whatever the partitions are. */
export function limitCopies(all: readonly FunctionCopies[]): void {
  const bytes = () => all.reduce((sum, one) => sum + one.bytes, 0);
  while (bytes() > ROLL_BACK_BYTES_MAX) {
    const oldest = Math.min(...all.map((one) => one.oldestDay));
    if (oldest === Number.POSITIVE_INFINITY) return;
    for (const one of all) one.dropThrough(oldest);
  }
}

/** The last days are kept, and the first copy of each week. */
function isKept(copies: readonly Copy[], at: number, today: number): boolean {
  const { day } = copies[at];
  const isFirst = at === 0 || Math.floor(copies[at - 1].day / WEEK) < Math.floor(day / WEEK);
  return today - day <= DAILY_DAYS || (isFirst && today - day <= WEEKLY_DAYS);
}

function saveCopy({ day, second, bytes }: Copy, out: StateWriter): void {
  out.u32(day);
  out.f64(second);
  out.bytes(bytes);
}

function loadCopy(from: StateReader): Copy {
  return { day: from.u32(), second: from.f64(), bytes: from.bytes() };
}
