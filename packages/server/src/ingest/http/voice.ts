import { assert } from '@gait/engine/base/assert';
import type { Batch } from '@gait/engine/event/batch';
import type { BatchBuilder } from '@gait/engine/event/batch-builder';
import { CopyCache, copyRow } from '@gait/engine/event/copy';
import { FACET, SYMBOL, TRUST } from '@gait/engine/event/schema';
import type { Grant } from '../../access/access.ts';
import type { Place } from '../identity.ts';
import type { Outcome } from './counters.ts';

/** What a row is, as far as it matters who may send it. */
const UNKNOWN = 0;
const FOREIGN = 1;
/** Spoken for by a token that could be one function's. */
const OWN = 2;
/** Spoken for by a token of a whole account or region, which no function holds. */
const WIDE = 3;

/** What is left of a batch, and what became of the rows. */
export interface Heard {
  /** Undefined when no row is left. */
  readonly batch: Batch | undefined;
  /** Rows by decoder and outcome. */
  readonly counts: ReadonlyMap<string, Readonly<Record<Outcome, number>>>;
  /** The first function that the token may not speak for, '' when there is none. */
  readonly claimed: string;
}

/**
 * What a token may say. A row about a function that it does not speak for is dropped, and so is a row about no function
 * (API calls of people, other services) unless it speaks for the whole account. A token that could be held by a function
 * gives its rows the trust of a sensor at most: whoever runs inside the function can send what it likes.
 *
 * Costs a look at the patterns for each function of a batch, and a copy of the rows that stay when one is dropped.
 */
export class Voice {
  /** True for tokens that speak for everything. */
  readonly isEverything: boolean;
  readonly #grant: Grant;
  readonly #patterns: readonly (readonly string[])[];

  constructor(grant: Grant) {
    const { role, functions } = grant.token;
    this.#grant = grant;
    this.#patterns = functions.map((pattern) => (pattern === '*' ? ['*', '*', '*', '*'] : partsOf(pattern)));
    this.isEverything = role === 'admin' || this.#patterns.some((parts) => parts.every((part) => part === '*'));
  }

  /** Account and region of records that do not carry their own: what all of the token's functions have in common. */
  place(defaults: Place): Place {
    const [first, ...others] = this.#patterns;
    const fixed = (at: number, otherwise: string) => {
      const part = first?.[at] ?? '*';
      return part.includes('*') || others.some((other) => other[at] !== part) ? otherwise : part;
    };
    return {
      provider: fixed(0, defaults.provider),
      account: fixed(1, defaults.account),
      region: fixed(2, defaults.region),
    };
  }

  /** True when the token speaks for all of an account. */
  isOfAccount(provider: string, account: string): boolean {
    if (this.isEverything) return true;
    return this.#patterns.some(
      (parts) => matches(parts[0], provider) && matches(parts[1], account) && parts[2] === '*' && parts[3] === '*',
    );
  }

  /** Takes out of a batch what the token may not say. `spare` is an empty builder for what stays. */
  hear(batch: Batch, spare: BatchBuilder): Heard {
    const { source } = batch.columns;
    const counts = new Map<string, Record<Outcome, number>>();
    const outcomes: Outcome[] = new Array(batch.rows);
    const verdicts = new Uint8Array(batch.symbolCount);
    let claimed = '';
    let kept = 0;
    for (let row = 0; row < batch.rows; row++) {
      const outcome = this.isEverything ? 'accepted' : this.#row(batch, row, verdicts);
      outcomes[row] = outcome;
      const name = batch.text(source[row]);
      const of = counts.get(name) ?? { accepted: 0, foreign: 0, nobody: 0 };
      counts.set(name, of);
      of[outcome]++;
      if (outcome === 'accepted') kept++;
      else if (outcome === 'foreign' && claimed === '') claimed = batch.symbolText(row, 'function');
    }
    if (kept === batch.rows) return { batch, counts, claimed };
    return { batch: kept === 0 ? undefined : copied(batch, spare, outcomes), counts, claimed };
  }

  /** Judges a row, and lowers its trust or takes its function away where the token does not carry them. */
  #row(batch: Batch, row: number, verdicts: Uint8Array): Outcome {
    const { kind, trust, symbols } = batch.columns;
    const owner = batch.symbol(row, 'function');
    const verdict = owner === 0 ? UNKNOWN : this.#verdict(batch, owner, verdicts);
    const isAudit = kind[row] === FACET.audit || kind[row] === FACET.change;
    if (isAudit || owner === 0) {
      if (!this.isOfAccount('aws', batch.symbolText(row, 'account')))
        return isAudit && owner !== 0 ? 'foreign' : 'nobody';
      // A function of another account acted in this one: true, but not for this token to say.
      const column = symbols[SYMBOL.function];
      if (verdict === FOREIGN && column !== undefined) column[row] = 0;
      return 'accepted';
    }
    if (verdict === FOREIGN) return 'foreign';
    if (verdict === OWN && trust[row] < TRUST.sensor) trust[row] = TRUST.sensor;
    return 'accepted';
  }

  #verdict(batch: Batch, symbol: number, verdicts: Uint8Array): number {
    if (verdicts[symbol] === UNKNOWN) {
      const key = batch.text(symbol);
      verdicts[symbol] = !this.#grant.speaksFor(key) ? FOREIGN : this.#isWide(key) ? WIDE : OWN;
    }
    return verdicts[symbol];
  }

  #isWide(key: string): boolean {
    const parts = partsOf(key);
    return this.#patterns.some(
      (pattern) => pattern[3] === '*' && [0, 1, 2].every((at) => matches(pattern[at], parts[at])),
    );
  }
}

function copied(batch: Batch, spare: BatchBuilder, outcomes: readonly Outcome[]): Batch {
  assert(spare.rows === 0, 'the builder for what stays is empty');
  const cache = new CopyCache(batch);
  for (let row = 0; row < batch.rows; row++) if (outcomes[row] === 'accepted') copyRow(spare, row, cache);
  return spare.finish();
}

/** The four parts of a key or pattern; only the name may hold colons. */
function partsOf(key: string): readonly string[] {
  const [provider = '', account = '', region = '', ...name] = key.split(':');
  return [provider, account, region, name.join(':')];
}

function matches(pattern: string | undefined, part: string | undefined): boolean {
  if (pattern === undefined || part === undefined) return false;
  return pattern.endsWith('*') ? part.startsWith(pattern.slice(0, -1)) : pattern === part;
}
