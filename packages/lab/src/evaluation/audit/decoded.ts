import type { Batch } from '@gait/engine/event/batch';
import { BatchBuilder } from '@gait/engine/event/batch-builder';
import { cloudtrailDecoder } from '@gait/server/ingest/cloudtrail';
import type { RejectReason } from '@gait/server/ingest/decoder';
import { RowCollector } from '@gait/server/ingest/row-collector';
import { MemoryTokens } from '@gait/server/ingest/tokens-memory';
import { ACCOUNT, REGION, type TrailRecord } from './background.ts';

/** Later than all of it. */
const NEWEST_MS = Date.UTC(2100, 0, 1);
/** Tokens are the same in all runs. */
const KEY = new Uint8Array(32).fill(7);

/** Rows of records, in their order, by the shipped decoder. A suite that feeds it what is no record has a mistake: it throws. */
class Collected extends RowCollector {
  reject(reason: RejectReason, detail: string): void {
    throw new Error(`${reason}: ${detail}`);
  }

  note(): void {}
}

/** Records as the engine gets them: decoded in the order given, in batches as large as they get. */
export function decoded(records: readonly TrailRecord[]): readonly Batch[] {
  const sink = new Collected(new BatchBuilder());
  const defaults = { provider: 'aws', account: ACCOUNT, region: REGION, newestMs: NEWEST_MS };
  const tokens = new MemoryTokens(KEY);
  const batches: Batch[] = [];
  for (const { record } of records) {
    const bytes = new TextEncoder().encode(JSON.stringify(record));
    const range = { start: 0, end: bytes.length, originOffset: 0, line: 0 };
    cloudtrailDecoder.decode(bytes, range, { sink, defaults, tokens });
    batches.push(...sink.take());
  }
  return [...batches, ...sink.end()];
}
