/** Cuts a stream of blocks into records. Keeps its place between blocks; knows nothing of files. */
export interface Framing {
  /**
   * Finds the records that are complete in `bytes` and adds them to `records`. `last` says that nothing follows. Returns
   * how many bytes are done with; the caller shows the others again, at the beginning of the next block. Returning 0
   * asks for more bytes.
   */
  split(bytes: Buffer, last: boolean, records: Records): number;
}

/** Records of one block: ranges, first lines, and those that were skipped. Reused from block to block. */
export class Records {
  count = 0;
  readonly start: number[] = [];
  readonly end: number[] = [];
  /** Line of the first byte, counted from 1; 0 where the input has no lines. */
  readonly line: number[] = [];
  /** Lines at which records over the size limit began. */
  readonly tooLarge: number[] = [];

  add(start: number, end: number, line: number): void {
    this.start[this.count] = start;
    this.end[this.count] = end;
    this.line[this.count] = line;
    this.count++;
  }

  clear(): void {
    this.count = 0;
    this.tooLarge.length = 0;
  }
}

/** What ends a line. */
export const NEWLINE = 0x0a;
const RETURN = 0x0d;

/** True for the white space of JSON. */
export function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === NEWLINE || byte === RETURN || byte === 0x09;
}
