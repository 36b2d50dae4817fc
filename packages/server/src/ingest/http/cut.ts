import { isUtf8 } from 'node:buffer';
import type { DecodeContext, Decoder } from '../decoder.ts';
import { type Framing, Records } from '../reader/framing.ts';
import { CUT_BYTES, RECORDS_PER_REQUEST_MAX } from './limits.ts';
import { Refusal } from './refusal.ts';
import type { Slice } from './turns.ts';

/** How to decode the records of some bytes. */
export interface CutWork {
  readonly decoder: Decoder;
  readonly framing: Framing;
  readonly context: DecodeContext;
  readonly slice: Slice;
}

/**
 * Cuts bytes into records and decodes each, with pauses in which other requests go on. Throws a `Refusal` when there are
 * absurdly many records; what is wrong with one record is a reject of that record.
 */
export async function decodeRecords(bytes: Buffer, work: CutWork): Promise<void> {
  const { framing, slice } = work;
  const records = new Records();
  let from = 0;
  let wanted = CUT_BYTES;
  let count = 0;
  while (from < bytes.length) {
    const to = Math.min(bytes.length, from + wanted);
    const piece = bytes.subarray(from, to);
    records.clear();
    const used = framing.split(piece, to === bytes.length, records);
    count += records.count;
    if (count > RECORDS_PER_REQUEST_MAX) {
      throw new Refusal('too-large', `more than ${RECORDS_PER_REQUEST_MAX} records in one request`);
    }
    for (const line of records.tooLarge) work.context.sink.reject('too-large', 'a record is over the size limit', line);
    await decodePiece(piece, { ...work, records, offset: from });
    from += used;
    // A record larger than a piece: looked at again when there is twice as much of it.
    wanted = used === 0 ? 2 * wanted : CUT_BYTES;
    if (slice.isOver) await slice.pause();
  }
}

async function decodePiece(
  piece: Buffer,
  { decoder, context, slice, records, offset }: CutWork & { readonly records: Records; readonly offset: number },
): Promise<void> {
  const isValid = isUtf8(piece);
  for (let at = 0; at < records.count; at++) {
    const range = { start: records.start[at], end: records.end[at], originOffset: offset, line: records.line[at] };
    if (!isValid && !isUtf8(piece.subarray(range.start, range.end))) {
      context.sink.reject('bad-utf8', 'the record is not text', range.line);
    } else decoder.decode(piece, range, context);
    if (slice.isOver) await slice.pause();
  }
}
