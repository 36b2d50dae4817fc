import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Batch } from '@gait/engine/event/batch';
import { BatchBuilder } from '@gait/engine/event/batch-builder';
import { RowCollector } from '@gait/server/ingest/row-collector';
import { MemoryTokens } from '@gait/server/ingest/tokens-memory';
import { xrayDecoder } from '@gait/server/ingest/xray';
import { UsageError } from '../suite.ts';

/** Newest time that is believed, far beyond every recording. */
const NEWEST_MS = Date.UTC(2100, 0, 1);
const ENVELOPES_MAX = 6;

/** A segment or subsegment of an X-Ray document, as far as mutations touch it. */
export interface Segment {
  name?: string;
  origin?: string;
  id?: string;
  parent_id?: string;
  trace_id?: string;
  start_time: number;
  end_time: number;
  namespace?: string;
  subsegments?: Segment[];
  [field: string]: unknown;
}

/** One recorded trace. */
export interface Trace {
  readonly id: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly segments: readonly Segment[];
}

/** The traces of a recording, by when they ended. */
export interface Recording {
  readonly name: string;
  readonly traces: readonly Trace[];
}

/** Reads every trace of the JSON files of a folder, or of one file. Throws `UsageError` when there are none. */
export function readRecording(path: string): Recording {
  const files = statSync(path).isDirectory()
    ? readdirSync(path)
        .filter((name) => /\.(json|ndjson|jsonl)$/.test(name))
        .sort()
        .map((name) => join(path, name))
    : [path];
  const traces = files.flatMap((file) => tracesOf(readFileSync(file, 'utf8')));
  if (traces.length === 0) throw new UsageError(`There are no X-Ray traces in '${path}'.`);
  return { name: path, traces: traces.sort((a, b) => a.endMs - b.endMs || (a.id < b.id ? -1 : 1)) };
}

/** Traces a minute, over the whole recording. */
export function tracesPerMinute({ traces }: Recording): number {
  const first = Math.min(...traces.map(({ startMs }) => startMs));
  const last = Math.max(...traces.map(({ endMs }) => endMs));
  return traces.length / Math.max(1 / 60, (last - first) / 60_000);
}

/** Tokens of persons and networks: under a fixed key, so that runs are equal. */
const tokens = new MemoryTokens(new Uint8Array(32));

/** Turns a trace into rows, as the product does with what X-Ray delivers, and moves it by `shiftMs`. */
export function decoded(segments: readonly Segment[], id: string, shiftMs: number): Batch {
  const collector = new Collector();
  const text = JSON.stringify({ Id: id, Segments: segments.map((one) => ({ Document: JSON.stringify(one) })) });
  const bytes = new TextEncoder().encode(text);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  collector.from({ name: id, from: 0, to: bytes.length, sha256 });
  const range = { start: 0, end: bytes.length, originOffset: 0, line: 1 };
  const defaults = { provider: 'aws', account: '?', region: '?', newestMs: NEWEST_MS };
  xrayDecoder.decode(bytes, range, { sink: collector, defaults, tokens });
  const [batch] = collector.end();
  const { eventMs } = batch.columns;
  for (let row = 0; row < batch.rows; row++) eventMs[row] += shiftMs;
  return batch;
}

/** Rows of one trace; what the decoder does not understand of a recording is no concern of this suite. */
class Collector extends RowCollector {
  constructor() {
    super(new BatchBuilder());
  }

  reject(): void {}

  note(): void {}
}

function tracesOf(text: string): Trace[] {
  const whole = parsed(text);
  if (whole !== undefined) return found(whole, ENVELOPES_MAX);
  return text.split('\n').flatMap((line) => found(parsed(line), ENVELOPES_MAX));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Traces within whatever they are wrapped in. */
function found(value: unknown, envelopes: number): Trace[] {
  if (envelopes === 0 || typeof value !== 'object' || value === null) return [];
  if (Array.isArray(value)) return value.flatMap((one) => found(one, envelopes - 1));
  if ('Segments' in value && Array.isArray(value.Segments)) {
    const segments = value.Segments.flatMap(segmentOf);
    const [first] = segments;
    if (first === undefined) return [];
    const id = 'Id' in value && typeof value.Id === 'string' ? value.Id : (first.trace_id ?? '');
    const startMs = 1000 * Math.min(...segments.map(({ start_time }) => start_time));
    return [{ id, startMs, endMs: 1000 * Math.max(...segments.map(({ end_time }) => end_time)), segments }];
  }
  return Object.values(value).flatMap((one) => found(one, envelopes - 1));
}

function segmentOf(value: unknown): Segment[] {
  const wrapped = typeof value === 'object' && value !== null && 'Document' in value ? value.Document : value;
  const segment = typeof wrapped === 'string' ? parsed(wrapped) : wrapped;
  return isSegment(segment) ? [segment] : [];
}

function isSegment(value: unknown): value is Segment {
  return (
    typeof value === 'object' &&
    value !== null &&
    'start_time' in value &&
    typeof value.start_time === 'number' &&
    'end_time' in value &&
    typeof value.end_time === 'number'
  );
}
