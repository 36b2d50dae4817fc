import type { RejectReason } from '../decoder.ts';
import { Attributes } from './attributes.ts';
import { LINKS_PER_SPAN_MAX } from './limits.ts';
import type { Texts } from './texts.ts';

/** Words of one link: four of the trace id, two of the span id. */
export const LINK_WORDS = 6;

/** What a span says beyond its head. One object is reused for many spans. */
export class SpanDetail {
  readonly attributes: Attributes;
  statusCode = 0;
  /** W3C trace flags. */
  flags = 0;
  /** Class of the exception recorded last, looked for in failed spans only. */
  exceptionType = '';
  /** Spans this one was caused by, `LINK_WORDS` words each. */
  readonly links = new Uint32Array(LINK_WORDS * LINKS_PER_SPAN_MAX);
  /** Links kept, and links met. */
  linkCount = 0;
  linksSeen = 0;
  /** More attributes than are read. */
  attributesCut = false;
  /** Why the rest of the span could not be read. */
  problem: RejectReason | '' = '';

  constructor(texts: Texts) {
    this.attributes = new Attributes(texts);
  }

  clear(): void {
    this.attributes.clear();
    this.statusCode = 0;
    this.flags = 0;
    this.exceptionType = '';
    this.linkCount = 0;
    this.linksSeen = 0;
    this.attributesCut = false;
    this.problem = '';
  }

  /** Room for the next link, undefined when no more are kept; the words then count as a link. */
  nextLink(): Uint32Array | undefined {
    this.linksSeen++;
    if (this.linkCount >= LINKS_PER_SPAN_MAX) return undefined;
    const from = LINK_WORDS * this.linkCount++;
    return this.links.subarray(from, from + LINK_WORDS);
  }

  /** Takes over the links of a span that stands for the same work. */
  addLinks(other: SpanDetail): void {
    for (let at = 0; at < other.linkCount; at++) {
      this.nextLink()?.set(other.links.subarray(LINK_WORDS * at, LINK_WORDS * (at + 1)));
    }
    this.linksSeen += other.linksSeen - other.linkCount;
  }
}

/** Reads what a span says, in one of the encodings. */
export interface SpanReader {
  /** True when `from` and `to` of a head are the span's place; false when it has none of its own within the record. */
  readonly exact: boolean;
  /** Fills `detail` (cleared) from the span whose head had these `rest` and `to`. */
  read(rest: number, to: number, detail: SpanDetail): void;
}
