import type { BatchBuilder } from '@gait/engine/event/batch-builder';
import type { Tokens } from '../tokens.ts';
import { BatchNumber, NAMES_CACHED, NameCache, type Range, TOO_LONG } from './name-cache.ts';

/** Bytes of a name that is cached; longer ones are rare and take the long way. */
const NAME_BYTES_MAX = 48;

/** Tokens of people by the bytes of their names, forgotten whenever the table of tokens forgets somebody. */
export class PersonTokens {
  readonly #cache = new NameCache(NAME_BYTES_MAX);
  readonly #tokens: string[] = new Array(NAMES_CACHED).fill('');
  readonly #symbols = new Uint32Array(NAMES_CACHED);
  readonly #batches = new Float64Array(NAMES_CACHED).fill(-1);
  readonly #batch = new BatchNumber();
  #tokensOf: Tokens | undefined = undefined;
  #epoch = 0;

  /** Symbol of the token of a person, in the batch under construction. */
  symbol(builder: BatchBuilder, tokens: Tokens, name: Range): number {
    if (tokens !== this.#tokensOf || tokens.epoch !== this.#epoch) this.#forget(tokens);
    const slot = this.#cache.find(name.bytes, name.from, name.to);
    if (slot >= 0 && this.#tokens[slot] !== '') {
      const batch = this.#batch.of(builder);
      if (this.#batches[slot] !== batch) {
        this.#batches[slot] = batch;
        this.#symbols[slot] = builder.intern(this.#tokens[slot]);
      }
      return this.#symbols[slot];
    }
    const token = tokens.person(utf8.decode(name.bytes.subarray(name.from, name.to)));
    const symbol = builder.intern(token);
    if (slot === TOO_LONG) return symbol;
    const free = slot < 0 ? ~slot : slot;
    this.#cache.put(free, name);
    this.#tokens[free] = token;
    this.#symbols[free] = symbol;
    this.#batches[free] = this.#batch.of(builder);
    return symbol;
  }

  #forget(tokens: Tokens): void {
    this.#tokens.fill('');
    this.#tokensOf = tokens;
    this.#epoch = tokens.epoch;
  }
}

const utf8 = new TextDecoder();
