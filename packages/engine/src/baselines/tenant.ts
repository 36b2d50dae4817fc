import { type Hasher, hashOf } from '../base/hash.ts';
import { PRINCIPALS_MAX, TENANT_VALUES_MAX, TRACED_FUNCTIONS_MAX } from '../base/limits.ts';
import type { Names } from '../base/names.ts';
import type { StateReader, StateWriter } from '../base/state.ts';
import { Table } from '../base/table.ts';
import type { Edge } from '../features/edge.ts';
import { Categories } from './categories.ts';
import { keyOf, type Lesson } from './category.ts';
import { Directory, KEY } from './directory.ts';
import { shortNameOf } from './function.ts';
import { Principals } from './principals.ts';
import { Robots } from './robots.ts';
import { Sessions } from './sessions.ts';

/** Kinds of entity of stage 2. The numbers are part of saved state. */
export const ENTITY = {
  principal: 1,
  /** What a change touched: a function, a role, a bucket. */
  touched: 2,
  /** The account as a whole, per kind of change. */
  account: 3,
  callee: 4,
  caller: 5,
} as const;
export type EntityKind = keyof typeof ENTITY;

const WORD = { ...KEY, categories: 2, observations: 3, access: 4 } as const;
const HEAD_BYTES = 24;
/** Observations after which an entity is never pushed out. */
const ESTABLISHED_COUNT = 20;

/**
 * What stage 2 has learned: principals, what they change, and the call graph. Bounded like the functions of stage 1.
 * `focus` points the categories at an entity.
 */
export class TenantBaselines {
  readonly categories = new Categories(PRINCIPALS_MAX);
  readonly names: Names;
  /** When and how much principals act; in focus together with `categories`. */
  readonly principals = new Principals();
  readonly sessions = new Sessions();
  /** Who deploys as a robot does. */
  readonly robots = new Robots();
  /** Hashes of kinds of principals and of other words that detectors compare with. */
  readonly person: number;
  lesson: Lesson = { day: 0, training: false };
  /** The learn gate of the entity in focus, set by stage 2. */
  held = false;
  readonly entities: Directory;
  /** How many functions know a value, per (field, value). */
  readonly #values = new Table(TENANT_VALUES_MAX);
  /** Traced invocations by function. */
  readonly #traced = new Table(TRACED_FUNCTIONS_MAX);
  readonly #hasher: Hasher;

  constructor(hasher: Hasher, names: Names) {
    this.#hasher = hasher;
    this.names = names;
    this.person = hashOf('person', hasher);
    this.entities = new Directory({
      headBytes: HEAD_BYTES,
      capacityMax: PRINCIPALS_MAX,
      established: (page, word) => page.u32[word + WORD.observations] >= ESTABLISHED_COUNT,
      release: (page, word) => {
        this.categories.free(page.u32[word + WORD.categories]);
        this.principals.free(page.u32[word + WORD.access]);
      },
    });
  }

  /** Points at an entity that may be unknown: its categories are then empty. */
  focus(kind: EntityKind, hash: number): void {
    this.#hasher.words(ENTITY[kind], hash);
    const id = this.entities.find(this.#hasher.hi, this.#hasher.lo);
    this.categories.focus(id === 0 ? 0 : this.entities.page(id).u32[this.entities.word(id) + WORD.categories]);
    this.principals.focus(id === 0 ? 0 : this.entities.page(id).u32[this.entities.word(id) + WORD.access]);
  }

  /** Points at an entity and makes it if there is room; counts one observation of it. */
  ensure(kind: EntityKind, hash: number, name: () => string): void {
    this.#hasher.words(ENTITY[kind], hash);
    const id = this.entities.ensure(this.#hasher.hi, this.#hasher.lo, () => `${kind} ${name()}`);
    if (id === 0) {
      this.categories.focus(0);
      this.principals.focus(0);
      return;
    }
    const { u32 } = this.entities.page(id);
    const word = this.entities.word(id);
    if (u32[word + WORD.categories] === 0) u32[word + WORD.categories] = this.categories.alloc();
    if (kind === 'principal' && u32[word + WORD.access] === 0) u32[word + WORD.access] = this.principals.alloc();
    u32[word + WORD.observations]++;
    this.categories.focus(u32[word + WORD.categories]);
    this.principals.focus(u32[word + WORD.access]);
  }

  /** Whether an entity is known at all. */
  knows(kind: EntityKind, hash: number): boolean {
    this.#hasher.words(ENTITY[kind], hash);
    return this.entities.find(this.#hasher.hi, this.#hasher.lo) !== 0;
  }

  /** Forgets every entity whose name holds a token. */
  forget(token: string): void {
    for (const id of this.entities.ids()) {
      if (!this.entities.names[id].includes(token)) continue;
      const { u32 } = this.entities.page(id);
      const word = this.entities.word(id);
      this.entities.remove(u32[word + WORD.keyHi], u32[word + WORD.keyLo]);
    }
    this.categories.focus(0);
    this.principals.focus(0);
  }

  /** Functions that show a value, as far as known. */
  functionsWith(field: number, hash: number): number {
    return this.#values.get(0, keyOf(field, hash));
  }

  /** One more function shows a value for good; `key` is its `keyOf`. */
  shownBy(key: number): void {
    this.#values.set(0, key, this.#values.get(0, key) + 1);
  }

  /** Counts an invocation of a function whose calls are traced; not when there are too many functions. */
  countTraced(functionHash: number): void {
    this.#traced.set(0, functionHash, Math.min(this.#traced.get(0, functionHash) + 1, 0xffff_ffff));
  }

  /** Invocations in which a function could have been seen calling another. */
  traced(functionHash: number): number {
    return this.#traced.get(0, functionHash);
  }

  /** Identity of an edge by the names of its ends alone: the same in every account, region and preview. */
  lineageOf(edge: Edge): number {
    const text = `${shortNameOf(edge.caller.name)}\n${shortNameOf(edge.callee.name)}`;
    const bytes = new TextEncoder().encode(text);
    this.#hasher.bytes(bytes, 0, bytes.length);
    return this.#hasher.lo || 1;
  }

  save(out: StateWriter): void {
    this.categories.save(out);
    this.entities.save(out);
    this.#values.save(out);
    this.#traced.save(out);
    this.robots.save(out);
    this.principals.save(out);
    this.sessions.save(out);
  }

  load(from: StateReader): void {
    this.categories.load(from);
    this.entities.load(from);
    this.#values.load(from);
    this.#traced.load(from);
    this.robots.load(from);
    this.principals.load(from);
    this.sessions.load(from);
  }
}
