import { KIND, type SpanTable } from './span-table.ts';

/** What a span is taken for. */
export const ROLE = {
  /** Only structure: INTERNAL spans, and spans of programs that are no functions. */
  inner: 0,
  /** SERVER or CONSUMER span of a function: an invocation, or a part of one that looks like it. */
  entry: 1,
  /** Something the process asked of somebody else. */
  call: 2,
} as const;

const UNKNOWN = -2;
const PENDING = -3;
const NONE = -1;

/** What the tree asks about spans. */
export interface SpanFacts {
  role(at: number): number;
  /** Whether two spans come from the same process. */
  sameProcess(one: number, other: number): boolean;
  /** Request id an entry carries, '' when it has none. */
  requestId(at: number): string;
}

/**
 * Finds out which spans make a row of their own and which belong to the row of another: `owner[at]` is the span whose
 * row span `at` belongs to (itself when it makes one), -1 when there is none. An entry makes a row unless it stands
 * below another entry of the same process and names no other request; frameworks nest such spans. A call belongs to
 * the nearest row above it within its process; without one it makes a row, so that nothing is lost. Linear in the
 * number of spans; loops of parents are cut.
 */
export class SpanTree {
  owner = new Int32Array(0);
  /** 1 for spans without a row that are needed to follow the parents of a row. */
  needed = new Uint8Array(0);
  /** Loops of parents cut in the last group. */
  loops = 0;
  #parent = new Int32Array(0);
  /** The parent if it is in the same process, else -1. */
  #above = new Int32Array(0);
  #path = new Uint32Array(0);

  resolve(table: SpanTable, facts: SpanFacts): void {
    const { count } = table;
    if (this.owner.length < count) this.#grow(table.kind.length);
    this.owner.fill(UNKNOWN, 0, count);
    this.needed.fill(0, 0, count);
    this.loops = 0;
    for (let at = 0; at < count; at++) {
      if (this.owner[at] !== UNKNOWN) continue;
      for (let depth = this.#climb(at, table, facts) - 1; depth >= 0; depth--) this.#settle(depth, table, facts);
    }
    for (let at = 0; at < count; at++) if (this.owner[at] === at) this.#connect(at, table, facts);
  }

  /** Puts span `at` and the unsettled spans above it on the path; returns how many. */
  #climb(at: number, table: SpanTable, facts: SpanFacts): number {
    let depth = 0;
    for (let current = at; ; ) {
      this.owner[current] = PENDING;
      this.#path[depth++] = current;
      const parent = table.parentOf(current);
      const inside = parent >= 0 && facts.sameProcess(current, parent);
      const loop = inside && this.owner[parent] === PENDING;
      if (loop) this.loops++;
      this.#parent[current] = loop ? NONE : parent;
      this.#above[current] = inside && !loop ? parent : NONE;
      if (!inside || this.owner[parent] !== UNKNOWN) return depth;
      current = parent;
    }
  }

  /** Finds the owner of a span on the path; those above it are settled. */
  #settle(depth: number, table: SpanTable, facts: SpanFacts): void {
    const at = this.#path[depth];
    const above = this.#above[at];
    const row = above < 0 ? NONE : this.owner[above];
    const role = facts.role(at);
    const makesRow = role === ROLE.call ? row < 0 : role === ROLE.entry && this.#entersAnew(at, table, facts);
    this.owner[at] = makesRow ? at : row;
  }

  /** Whether an entry is an invocation of its own rather than a part of the one above it. */
  #entersAnew(at: number, table: SpanTable, facts: SpanFacts): boolean {
    const above = this.#above[at];
    const row = above < 0 ? NONE : this.owner[above];
    if (row < 0 || facts.role(row) !== ROLE.entry) return true;
    if (table.kind[above] === KIND.client || table.kind[above] === KIND.producer) return true;
    const own = facts.requestId(at);
    const other = facts.requestId(row);
    return own !== '' && other !== '' && own !== other;
  }

  /** Marks the spans between a row and the next row or call above it, unless the chain ends with them. */
  #connect(row: number, table: SpanTable, facts: SpanFacts): void {
    for (let at = this.#parent[row]; at >= 0; at = this.#parent[at]) {
      const carried = this.owner[at] === at || facts.role(at) === ROLE.call || this.needed[at] === 1;
      if (carried || table.isRoot(at)) return;
      this.needed[at] = 1;
    }
  }

  #grow(capacity: number): void {
    this.owner = new Int32Array(capacity);
    this.needed = new Uint8Array(capacity);
    this.#parent = new Int32Array(capacity);
    this.#above = new Int32Array(capacity);
    this.#path = new Uint32Array(capacity);
  }
}
