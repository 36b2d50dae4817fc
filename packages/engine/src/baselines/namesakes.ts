import { type Hasher, hashOf } from '../base/hash.ts';
import { FUNCTIONS_MAX } from '../base/limits.ts';
import type { StateReader, StateWriter } from '../base/state.ts';
import { Table } from '../base/table.ts';
import type { Directory } from './directory.ts';
import { shortNameOf } from './function.ts';

/**
 * Functions of the same name in other accounts, regions and previews: the first one that was established lends its
 * experience to those that come after it. Bounded by the functions there can be.
 */
export class Namesakes {
  readonly #byName = new Table(FUNCTIONS_MAX);
  /** By name, the one function whose key is complete, or `SEVERAL`. */
  readonly #complete = new Table(FUNCTIONS_MAX);
  readonly #hasher: Hasher;

  constructor(hasher: Hasher) {
    this.#hasher = hasher;
  }

  /** Identity of a function by its provider and name alone. */
  lineageOf(key: string): number {
    return hashOf(`${key.slice(0, key.indexOf(':'))}:${shortNameOf(key)}`, this.#hasher);
  }

  /** Notes a function that was just met. */
  met(functions: Directory, id: number): void {
    if (isPartial(functions.names[id])) return;
    const lo = this.lineageOf(functions.names[id]);
    const { hi } = this.#hasher;
    const known = this.#complete.get(hi, lo);
    const gone = known === 0 || (known !== SEVERAL && !isNamesake(functions, known, id));
    this.#complete.set(hi, lo, gone || known === id ? id : SEVERAL);
  }

  /**
   * The function that a key with unknown parts (`?`) must mean: the only one known by that name whose other parts agree.
   * 0 when there is none, or more than one.
   */
  meantBy(functions: Directory, key: string): number {
    if (!isPartial(key)) return 0;
    const lo = this.lineageOf(key);
    const known = this.#complete.get(this.#hasher.hi, lo);
    return known !== 0 && known !== SEVERAL && agrees(key, functions.names[known]) ? known : 0;
  }

  /** Notes an established function, unless another of its name is noted and still there. */
  add(functions: Directory, id: number): void {
    const lo = this.lineageOf(functions.names[id]);
    const { hi } = this.#hasher;
    const known = this.#byName.get(hi, lo);
    if (known === 0 || !isNamesake(functions, known, id)) this.#byName.set(hi, lo, id);
  }

  /** Id of an established namesake of a function, 0 when there is none. */
  of(functions: Directory, id: number): number {
    const lo = this.lineageOf(functions.names[id]);
    const known = this.#byName.get(this.#hasher.hi, lo);
    return known !== 0 && known !== id && isNamesake(functions, known, id) ? known : 0;
  }

  save(out: StateWriter): void {
    this.#byName.save(out);
    this.#complete.save(out);
  }

  load(from: StateReader): void {
    this.#byName.load(from);
    this.#complete.load(from);
  }
}

/** More than one function of a name: an incomplete key then means none of them. */
const SEVERAL = 0xffff_ffff;

/** True for a key that does not know its account or region. */
export function isPartial(key: string): boolean {
  return key.includes(':?:');
}

/** True when the parts of a partial key that are known are those of a complete one. */
function agrees(partial: string, complete: string): boolean {
  const [known, parts] = [complete.split(':'), partial.split(':')];
  return parts.length === known.length && parts.every((part, at) => part === '?' || part === known[at]);
}

/** Another function may have taken the place of one that was noted. */
function isNamesake(functions: Directory, known: number, id: number): boolean {
  const [name, other] = [functions.names[known] ?? '', functions.names[id]];
  return name !== '' && shortNameOf(name) === shortNameOf(other);
}
