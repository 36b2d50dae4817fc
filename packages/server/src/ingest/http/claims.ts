import type { Batch, Origin } from '@gait/engine/event/batch';
import type { BatchBuilder } from '@gait/engine/event/batch-builder';
import type { Grant } from '../../access/access.ts';
import { safeName } from '../names.ts';
import type { Tokens } from '../tokens.ts';
import { CLAIM_QUIET_MS, CLAIMS_REMEMBERED_MAX } from './limits.ts';

/** What a record claimed that the token does not speak for. */
export interface Claim {
  readonly grant: Grant;
  /** Function key as claimed, '' when it is not known. */
  readonly claimed: string;
  readonly origin: Origin;
}

/**
 * Makes a `health` row of a false claim, so that the engine can find it: action `ingest:identityMismatch`, the token's
 * name as principal, and the function that was claimed in `claimed`, never in `function`, whose state it must not touch.
 * The same claim of the same token is told once in `CLAIM_QUIET_MS`.
 */
export class Claims {
  readonly #toldMs = new Map<string, number>();

  /** The row as a batch of its own; undefined when the claim was told a short while ago. `builder` is empty. */
  row(claim: Claim, builder: BatchBuilder, { tokens, nowMs }: { tokens: Tokens; nowMs: number }): Batch | undefined {
    const { grant, claimed, origin } = claim;
    const name = `${grant.token.id} ${claimed}`;
    if (nowMs - (this.#toldMs.get(name) ?? Number.NEGATIVE_INFINITY) < CLAIM_QUIET_MS) return undefined;
    if (this.#toldMs.size >= CLAIMS_REMEMBERED_MAX) this.#toldMs.clear();
    this.#toldMs.set(name, nowMs);
    const piece = builder.addOrigin(origin);
    builder.begin('health', nowMs, 'ingest');
    builder.symbol('action', 'ingest:identityMismatch');
    builder.symbol('status', 'error');
    builder.symbol('principal', grant.token.name);
    builder.symbol('principalKind', 'service');
    builder.symbol('function', grant.onlyFunction ?? '');
    builder.symbol('claimed', claimed === '' ? '?:?:?:?' : safeName(claimed, { tokens, account: '' }));
    builder.locate(piece, origin.from, origin.to - origin.from);
    builder.end();
    return builder.finish();
  }
}
