import { assert } from '../base/assert.ts';
import { Batch, type Calls, type ExtraColumn, type IdColumn } from './batch.ts';

/** Width in bytes of extra columns with one cell a row, by type. */
const CELL_BYTES: ReadonlyMap<string, number> = new Map([
  ['f64', 8],
  ['f32', 4],
  ['u32', 4],
  ['u16', 2],
  ['u8', 1],
]);

/**
 * The rows of a batch from row `from` on, as views of the same columns (only start offsets are copied). Extra columns
 * are kept where they have one cell a row; others cannot be cut without knowing them and are left out.
 */
export function sliceBatch(batch: Batch, from: number): Batch {
  assert(Number.isInteger(from) && from >= 0 && from <= batch.rows, 'the slice begins inside the batch');
  if (from === 0) return batch;
  const { columns } = batch;
  return new Batch({
    rows: batch.rows - from,
    receivedMs: columns.receivedMs.subarray(from),
    eventMs: columns.eventMs.subarray(from),
    kind: columns.kind.subarray(from),
    trust: columns.trust.subarray(from),
    flags: columns.flags.subarray(from),
    source: columns.source.subarray(from),
    origin: columns.origin.subarray(from),
    originOffset: columns.originOffset.subarray(from),
    originLength: columns.originLength.subarray(from),
    originLine: columns.originLine.subarray(from),
    numbers: columns.numbers.map((column) => column?.subarray(from)),
    symbols: columns.symbols.map((column) => column?.subarray(from)),
    ids: columns.ids.map((column) => sliceIds(column, from)),
    calls: sliceCalls(columns.calls, from),
    strings: columns.strings,
    origins: columns.origins,
    extra: sliceExtra(batch, from),
  });
}

function sliceIds(column: IdColumn | undefined, from: number): IdColumn | undefined {
  if (column === undefined) return undefined;
  return { starts: rebased(column.starts, from), bytes: column.bytes.subarray(column.starts[from]) };
}

function sliceCalls(calls: Calls, from: number): Calls {
  const at = calls.start[from];
  return {
    start: rebased(calls.start, from),
    verb: calls.verb.subarray(at),
    resource: calls.resource.subarray(at),
    destination: calls.destination.subarray(at),
    bytesOut: calls.bytesOut.subarray(at),
    bytesIn: calls.bytesIn.subarray(at),
    status: calls.status.subarray(at),
    offsetMs: calls.offsetMs.subarray(at),
    durationMs: calls.durationMs.subarray(at),
    spanHi: calls.spanHi.subarray(at),
    spanLo: calls.spanLo.subarray(at),
  };
}

function sliceExtra(batch: Batch, from: number): Map<string, ExtraColumn> {
  const kept = new Map<string, ExtraColumn>();
  for (const [name, { type, bytes }] of batch.columns.extra) {
    const width = CELL_BYTES.get(type);
    if (width === undefined || bytes.length !== width * batch.rows) continue;
    kept.set(name, { type, bytes: bytes.subarray(width * from) });
  }
  return kept;
}

/** Start offsets from `from` on, beginning at 0 again. */
function rebased(starts: Uint32Array, from: number): Uint32Array {
  const base = starts[from];
  return starts.slice(from).map((start) => start - base);
}
