import { join } from 'node:path';
import type { Finding } from '@gait/engine/event/finding';
import type { LogRecord } from '@gait/engine/event/record';
import { LogError, type StoredRecord } from '../log/log.ts';
import { openSegmentReader } from '../log/segments/segment-reader.ts';
import { placeOfFunction } from '../render/function-place.ts';
import { type OcsfContext, toOcsf } from '../render/ocsf.ts';
import { FOLDER } from '../runtime/folder.ts';
import { VERSION } from './version.ts';

/** Where records are read from: a log that is written, or the reader of one. */
export interface RecordSource {
  readonly first: number;
  read(fromOrdinal: number): AsyncIterable<StoredRecord>;
}

/** The account in the ARN of a principal, perhaps behind the token of the person who acts through it. */
const ACCOUNT = /(?:^|@)arn:[^:\s]*:[^:\s]*:[^:\s]*:(\d{12}):/;
const LAMBDA = 'lambda/';

type Row = Extract<LogRecord, { readonly type: 'observation' }> & { readonly at: number };

/**
 * Writes findings as OCSF lines. Where a finding belongs to no function, its account and what was acted on come from the
 * record it rests on; a record that retention removed or that cannot be read leaves them out. Holds one record: findings
 * in the order of time mostly share it.
 */
export class OcsfLines {
  readonly #open: () => Promise<RecordSource>;
  #source: RecordSource | undefined;
  #held: StoredRecord | undefined;

  /** `open` is called once, when the first record is needed. */
  constructor(open: () => Promise<RecordSource>) {
    this.#open = open;
  }

  /** Of a data folder, whether or not another process writes to its log. */
  static of(folder: string): OcsfLines {
    return new OcsfLines(() => openSegmentReader(join(folder, FOLDER.log)));
  }

  /** A finding as an object of the schema. */
  async object(finding: Finding) {
    return toOcsf(finding, await this.#context(finding));
  }

  /** A finding as one line of JSON, with its line break. */
  async line(finding: Finding): Promise<string> {
    return `${JSON.stringify(await this.object(finding))}\n`;
  }

  async #context(finding: Finding): Promise<OcsfContext> {
    const audited = finding.facet === 'audit' || finding.facet === 'change';
    const home = { provider: audited ? 'aws' : '', account: '', region: '' };
    if (!audited || placeOfFunction(finding.function) !== undefined) return { version: VERSION, home };
    const row = await this.#row(finding.ordinal);
    const touched = row?.batch.symbolText(row.at, 'resource') ?? '';
    const changed = touched.startsWith(LAMBDA) ? placeOfFunction(touched.slice(LAMBDA.length)) : undefined;
    const account = row?.batch.symbolText(row.at, 'account') || accountOf(finding);
    return { version: VERSION, home: { ...home, account, region: changed?.region ?? '' }, touched };
  }

  async #row(ordinal: number): Promise<Row | undefined> {
    try {
      const held = rowIn(this.#held, ordinal);
      if (held !== undefined) return held;
      this.#source ??= await this.#open();
      if (ordinal < this.#source.first) return undefined;
      for await (const stored of this.#source.read(ordinal)) {
        // Ticks stand at the ordinal of the record behind them.
        if (stored.record.type === 'tick') continue;
        this.#held = stored;
        return rowIn(stored, ordinal);
      }
    } catch (error) {
      // A damaged log does not keep anybody from reading the store; `gait verify` tells more.
      if (!(error instanceof LogError)) throw error;
    }
    return undefined;
  }
}

function rowIn(stored: StoredRecord | undefined, ordinal: number): Row | undefined {
  if (stored?.record.type !== 'observation') return undefined;
  const at = ordinal - stored.ordinal;
  return at >= 0 && at < stored.record.batch.rows ? { ...stored.record, at } : undefined;
}

function accountOf({ principal, entity }: Finding): string {
  return ACCOUNT.exec(principal)?.[1] ?? ACCOUNT.exec(entity.key)?.[1] ?? '';
}
