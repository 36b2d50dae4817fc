import { LINE_BYTES_MAX } from './limits.ts';

/** Cuts a stream of bytes into lines of at most `LINE_BYTES_MAX`; what is longer is cut off and counted. */
export class LineSplitter {
  readonly #take: (line: string, cutBytes: number) => void;
  #parts: Buffer[] = [];
  #bytes = 0;
  #cutBytes = 0;

  constructor(take: (line: string, cutBytes: number) => void) {
    this.#take = take;
  }

  push(chunk: Buffer): void {
    let from = 0;
    for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, from)) {
      this.#keep(chunk.subarray(from, at));
      this.#end();
      from = at + 1;
    }
    if (from < chunk.length) this.#keep(chunk.subarray(from));
  }

  /** Gives out a last line that has no end. */
  flush(): void {
    if (this.#bytes > 0 || this.#cutBytes > 0) this.#end();
  }

  #keep(part: Buffer): void {
    const room = Math.max(0, LINE_BYTES_MAX - this.#bytes);
    const kept = part.length <= room ? part : part.subarray(0, room);
    if (kept.length > 0) this.#parts.push(kept);
    this.#bytes += kept.length;
    this.#cutBytes += part.length - kept.length;
  }

  #end(): void {
    const whole = this.#parts.length === 1 ? this.#parts[0] : Buffer.concat(this.#parts);
    const line = (whole ?? Buffer.alloc(0)).toString('utf8');
    const cut = this.#cutBytes;
    this.#parts = [];
    this.#bytes = 0;
    this.#cutBytes = 0;
    this.#take(line.endsWith('\r') ? line.slice(0, -1) : line, cut);
  }
}
