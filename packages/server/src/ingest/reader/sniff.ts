import type { Decoder, Format } from '../decoder.ts';
import { DocumentFraming } from './documents.ts';
import { type Framing, isSpace, NEWLINE, Records } from './framing.ts';
import { LINES_ASKED_MAX, LINES_OF_TEXT_MAX, SNIFFED_LATER_BYTES } from './limits.ts';
import { LineFraming } from './lines.ts';
import { WholeFraming } from './whole.ts';

/** Formats that are not text. */
const BINARY: ReadonlySet<Format> = new Set(['otlp-protobuf']);
const OPEN_ARRAY = 0x5b;
const OPEN_OBJECT = 0x7b;
/** What lines inside a printed JSON document begin with. */
const JSON_LINE_STARTS: ReadonlySet<number> = new Set(Buffer.from('{}[]",'));
/** How sure a decoder must be of an input whose beginning nobody knows. */
const CERTAINTY_LATER_MIN = 0.5;

/** What an input was recognised as. */
export interface Recognised {
  readonly decoder: Decoder;
  /** Where in the head the first record stands that its decoder knows. What comes before is for the decoder to refuse. */
  readonly from: number;
}

/**
 * The decoder that is surest about the first bytes of an input, undefined when none knows them. When the beginning is
 * broken (a line cut by `tail -c`, a banner, a half-written record), the lines that begin as JSON after it are asked
 * about. Costs a sniff of each decoder, and of an input that nobody knows at most `LINES_ASKED_MAX` times that.
 */
export function recognise(decoders: readonly Decoder[], head: Buffer, name: string): Recognised | undefined {
  const [first] = surest(decoders, head, name);
  if (first !== undefined) return { decoder: first, from: 0 };
  const readers = decoders.filter(({ format }) => isText(format));
  let asked = 0;
  for (const from of laterStarts(head)) {
    if (asked++ === LINES_ASKED_MAX) return undefined;
    const [decoder, certainty] = surest(readers, head.subarray(from, from + SNIFFED_LATER_BYTES), name);
    if (decoder !== undefined && certainty >= CERTAINTY_LATER_MIN) return { decoder, from };
  }
  return undefined;
}

/** How an input whose first readable record stands at the beginning of `head` is cut into records for a decoder. */
export function framingOf(decoder: Decoder, head: Buffer): Framing {
  if (BINARY.has(decoder.format)) return new WholeFraming();
  const lines = decoder.framing === 'lines' || (decoder.framing === 'either' && isLines(head));
  return lines ? new LineFraming() : new DocumentFraming();
}

/** True for formats whose records must be valid UTF-8. */
export function isText(format: Format): boolean {
  return !BINARY.has(format);
}

function surest(decoders: readonly Decoder[], head: Uint8Array, name: string): readonly [Decoder | undefined, number] {
  let best: Decoder | undefined;
  let bestCertainty = 0;
  for (const decoder of decoders) {
    const certainty = decoder.sniff(head, name);
    if (certainty <= bestCertainty) continue;
    best = decoder;
    bestCertainty = certainty;
  }
  return [best, bestCertainty];
}

/**
 * Where lines after the first begin as JSON. Beyond a few lines of text it is a text with JSON in it, and not a broken
 * file. Inside a document, a line that is not indented begins another one.
 */
function* laterStarts(head: Buffer): Generator<number, void> {
  const isIndented = !isOpening(head[firstVisible(head, 0)]);
  let from = 0;
  for (let texts = 0; texts < LINES_OF_TEXT_MAX; ) {
    if (!JSON_LINE_STARTS.has(head[from])) texts++;
    const lineEnd = head.indexOf(NEWLINE, from);
    if (lineEnd < 0) return;
    from = firstVisible(head, lineEnd + 1);
    if (from === head.length) return;
    if (isOpening(head[from]) && (isIndented || head[from - 1] === NEWLINE)) yield from;
  }
}

function firstVisible(head: Buffer, start: number): number {
  let at = start;
  while (at < head.length && isSpace(head[at])) at++;
  return at;
}

function isOpening(byte: number | undefined): boolean {
  return byte === OPEN_ARRAY || byte === OPEN_OBJECT;
}

/** Text that does not begin as JSON is lines; so is JSON whose first object ends with its line. A list is a document. */
function isLines(head: Buffer): boolean {
  const first = firstVisible(head, 0);
  if (first === head.length || head[first] === OPEN_ARRAY) return false;
  if (head[first] !== OPEN_OBJECT) return true;
  const newline = head.indexOf(NEWLINE, first);
  const line = head.subarray(first, newline < 0 ? head.length : newline);
  const documents = new Records();
  new DocumentFraming().split(line, false, documents);
  return documents.count === 1 && firstVisible(line, documents.end[0]) === line.length;
}
