import type { Hasher } from '../base/hash.ts';
import { SPANS_MAX, WAITING_SPANS_MAX } from '../base/limits.ts';
import type { StateReader, StateWriter } from '../base/state.ts';
import type { Key } from './span-key.ts';

/** Words of a span record: key, owner (stage-2 symbol hash), parent key, kind of owner. */
const WORDS = 6;
const START_SLOTS = 1024;
/** Hops from a function to its caller: service segment, attempt, queue, topic, call. */
const HOPS_MAX = 8;

/** What a span belongs to. */
export const OWNER = {
  /** Only passes the question on to its parent (service segment, attempt, queue). */
  passes: 1,
  /** A call or invocation of a function. */
  function: 2,
  /** A gateway, load balancer or schedule: the outside of the call graph. */
  source: 3,
  /** A queue or topic: passes the question on to who put something in, and is the caller where nobody is known to have. */
  channel: 4,
  /** Nobody: the trace begins with the invocation, so somebody invoked the function directly. */
  outside: 5,
} as const;

/** A resolved question: who called this invocation. */
export interface Resolved {
  readonly owner: number;
  readonly kind: number;
}

/** An invocation that waits for a span to become known. */
export interface Waiting {
  readonly callee: number;
  readonly calleeName: string;
  readonly ordinal: number;
  readonly eventMs: number;
  readonly traceId: string;
  readonly requestId: string;
}

/**
 * Who owns which span, so that "parent" in a trace can be answered with a function or a gateway, whatever order the
 * pieces arrive in. Two generations of at most 262,144 spans; questions whose parent is not known yet wait, bounded.
 */
export class Links {
  /** Questions dropped because too many were waiting. */
  dropped = 0;
  #young = new Uint32Array(START_SLOTS * WORDS);
  #old = new Uint32Array(START_SLOTS * WORDS);
  #count = 0;
  readonly #waiting = new Map<string, Waiting[]>();
  #waitingCount = 0;
  readonly #hasher: Hasher;

  constructor(hasher: Hasher) {
    this.#hasher = hasher;
  }

  /** Notes a span; returns the questions that waited for it. `parent` is undefined at the root. */
  add(span: Key, owner: { readonly kind: number; readonly hash: number }, parent: Key | undefined): Waiting[] {
    const at = this.#slot(this.#young, span);
    if (this.#young[at + 3] === 0) {
      this.#young[at] = span.hi;
      this.#young[at + 1] = span.lo;
      this.#count++;
    }
    this.#young[at + 2] = owner.hash;
    this.#young[at + 3] = owner.kind;
    this.#young[at + 4] = parent?.hi ?? 0;
    this.#young[at + 5] = parent?.lo ?? 0;
    if (this.#count >= (this.#young.length / WORDS) * 0.7) this.#makeRoom();
    return this.#takeWaiting(span);
  }

  /** Walks from a parent span to who owns it; the key it stopped at when that is not known; `outside` where a trace begins with the callee,
   * undefined where the callee calls itself.
   */
  resolve(parent: Key, callee: number): Resolved | Key | undefined {
    let key = parent;
    let itself = false;
    for (let hop = 0; hop < HOPS_MAX; hop++) {
      const [table, at] = this.#find(key);
      if (at < 0) return key;
      const kind = table[at + 3];
      if (kind === OWNER.source) return { owner: table[at + 2], kind };
      if (kind === OWNER.function && table[at + 2] !== callee) return { owner: table[at + 2], kind };
      itself ||= kind === OWNER.function;
      if (table[at + 4] === 0 && table[at + 5] === 0) {
        if (itself) return undefined;
        return kind === OWNER.channel ? { owner: table[at + 2], kind } : { owner: 0, kind: OWNER.outside };
      }
      key = { hi: table[at + 4], lo: table[at + 5] };
    }
    return undefined;
  }

  /** Keeps a question until its span is known. */
  wait(key: Key, question: Waiting): void {
    if (this.#waitingCount >= WAITING_SPANS_MAX) {
      const oldest = this.#waiting.keys().next().value;
      if (oldest !== undefined) {
        const gone = this.#waiting.get(oldest)?.length ?? 0;
        this.#waiting.delete(oldest);
        this.#waitingCount -= gone;
        this.dropped += gone;
      }
    }
    const name = nameOf(key);
    const list = this.#waiting.get(name);
    if (list === undefined) this.#waiting.set(name, [question]);
    else list.push(question);
    this.#waitingCount++;
  }

  save(out: StateWriter): void {
    out.u32Array(this.#young);
    out.u32Array(this.#old);
    out.u32(this.#count);
    out.u32(this.dropped);
    out.u32(this.#waiting.size);
    for (const [name, list] of this.#waiting) {
      out.text(name);
      out.u32(list.length);
      for (const question of list) saveQuestion(question, out);
    }
  }

  load(from: StateReader): void {
    this.#young = tableOf(from);
    this.#old = tableOf(from);
    this.#count = from.u32();
    this.dropped = from.u32();
    this.#waiting.clear();
    this.#waitingCount = 0;
    for (let left = from.u32(); left > 0; left--) {
      const name = from.text();
      const list: Waiting[] = [];
      for (let questions = from.u32(); questions > 0; questions--) list.push(loadQuestion(from));
      this.#waiting.set(name, list);
      this.#waitingCount += list.length;
    }
  }

  #takeWaiting(key: Key): Waiting[] {
    const name = nameOf(key);
    const list = this.#waiting.get(name);
    if (list === undefined) return [];
    this.#waiting.delete(name);
    this.#waitingCount -= list.length;
    return list;
  }

  #find(key: Key): readonly [Uint32Array, number] {
    for (const table of [this.#young, this.#old]) {
      const at = this.#slot(table, key);
      if (table[at + 3] !== 0) return [table, at];
    }
    return [this.#young, -1];
  }

  #slot(table: Uint32Array, key: Key): number {
    const mask = table.length / WORDS - 1;
    // Span ids come from outside: hashed with the log's seed, they cannot be chosen to meet in one place.
    this.#hasher.words(key.hi, key.lo);
    for (let slot = this.#hasher.lo & mask; ; slot = (slot + 1) & mask) {
      const at = slot * WORDS;
      if (table[at + 3] === 0 || (table[at] === key.hi && table[at + 1] === key.lo)) return at;
    }
  }

  #makeRoom(): void {
    const full = this.#young;
    if (full.length / WORDS < SPANS_MAX) {
      this.#young = new Uint32Array(full.length * 2);
      for (let at = 0; at < full.length; at += WORDS) {
        if (full[at + 3] === 0) continue;
        this.#young.set(full.subarray(at, at + WORDS), this.#slot(this.#young, { hi: full[at], lo: full[at + 1] }));
      }
      return;
    }
    this.#old = full;
    this.#young = new Uint32Array(full.length);
    this.#count = 0;
  }
}

/** The next table of spans. A look-up ends at a free slot, so there must be one. */
function tableOf(from: StateReader): Uint32Array<ArrayBuffer> {
  const table = from.u32Array();
  const slots = table.length / WORDS;
  from.expect(Number.isInteger(slots) && slots > 0 && (slots & (slots - 1)) === 0, 'span table size');
  from.expect(
    table.some((kind, at) => at % WORDS === 3 && kind === 0),
    'full span table',
  );
  return table;
}

function saveQuestion(question: Waiting, out: StateWriter): void {
  out.u32(question.callee);
  out.text(question.calleeName);
  out.f64(question.ordinal);
  out.f64(question.eventMs);
  out.text(question.traceId);
  out.text(question.requestId);
}

function loadQuestion(from: StateReader): Waiting {
  return {
    callee: from.u32(),
    calleeName: from.text(),
    ordinal: from.f64(),
    eventMs: from.f64(),
    traceId: from.text(),
    requestId: from.text(),
  };
}

function nameOf(key: Key): string {
  return `${key.hi.toString(16)}.${key.lo.toString(16)}`;
}
