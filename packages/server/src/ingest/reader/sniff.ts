import type { Decoder, Format } from '../decoder.ts';
import { DocumentFraming } from './documents.ts';
import { type Framing, isSpace, NEWLINE, Records } from './framing.ts';
import { LineFraming } from './lines.ts';
import { WholeFraming } from './whole.ts';

/** Formats that are not text. */
const BINARY: ReadonlySet<Format> = new Set(['otlp-protobuf']);
const OPEN_ARRAY = 0x5b;
const OPEN_OBJECT = 0x7b;

/** The decoder that is surest about the first bytes of an input, undefined when none knows them. */
export function chooseDecoder(decoders: readonly Decoder[], head: Uint8Array, name: string): Decoder | undefined {
  let best: Decoder | undefined;
  let bestCertainty = 0;
  for (const decoder of decoders) {
    const certainty = decoder.sniff(head, name);
    if (certainty <= bestCertainty) continue;
    best = decoder;
    bestCertainty = certainty;
  }
  return best;
}

/** How an input that begins with `head` is cut into records for a decoder. */
export function framingOf(decoder: Decoder, head: Buffer): Framing {
  if (BINARY.has(decoder.format)) return new WholeFraming();
  const lines = decoder.framing === 'lines' || (decoder.framing === 'either' && isLines(head));
  return lines ? new LineFraming() : new DocumentFraming();
}

/** True for formats whose records must be valid UTF-8. */
export function isText(format: Format): boolean {
  return !BINARY.has(format);
}

/** Text that does not begin as JSON is lines; so is JSON whose first object ends with its line. A list is a document. */
function isLines(head: Buffer): boolean {
  const first = head.findIndex((byte) => !isSpace(byte));
  if (first < 0 || head[first] === OPEN_ARRAY) return false;
  if (head[first] !== OPEN_OBJECT) return true;
  const lineEnd = head.indexOf(NEWLINE, first);
  const documents = new Records();
  new DocumentFraming().split(head.subarray(first, lineEnd < 0 ? head.length : lineEnd), false, documents);
  return documents.count > 0;
}
