import { isUtf8 } from 'node:buffer';
import { hash, randomInt } from 'node:crypto';
import { basename } from 'node:path';
import type { Batch } from '@gait/engine/event/batch';
import type { DecodeContext, Decoder, Format, SourceDefaults } from '../decoder.ts';
import type { Tokens } from '../tokens.ts';
import { BlockBuffer } from './block-buffer.ts';
import { Feed } from './feed.ts';
import { fileBytes } from './file-bytes.ts';
import { type Framing, isSpace, Records } from './framing.ts';
import { InflateError, inflated } from './inflate.ts';
import { BLOCK_BYTES, HEAD_BYTES } from './limits.ts';
import { type ReadReport, ReportWriter } from './report.ts';
import { BatchSink } from './sink.ts';
import { framingOf, isText, recognise } from './sniff.ts';
import { type FileEntry, listFiles, whyUnreadable } from './walk.ts';

/** How to read. */
export interface ReadOptions {
  /** The formats that may be recognised. On equal certainty the earlier one is taken. */
  readonly decoders: readonly Decoder[];
  readonly defaults: SourceDefaults;
  readonly tokens: Tokens;
  /** Reads every file as this format instead of recognising it. One of the decoders must have it. */
  readonly format?: Format;
  /** Ends the reading: the generator throws the signal's reason. */
  readonly signal?: AbortSignal;
}

/** A reading under way. */
export interface Reading {
  /** Rows in reading order: files by path, records as they stand in the file. To be iterated once. */
  readonly batches: AsyncGenerator<Batch, void>;
  /** Up to date at any time, final when `batches` has ended. */
  readonly report: ReadReport;
}

/**
 * Reads files, and folders with everything below them, of any known format, compressed or not. The order of `paths` does
 * not matter. Nothing in the input makes it throw: what cannot be read or understood is counted and named in the report,
 * and the rest is read. Each row knows the block of its file it came from, with the block's hash. Memory is bounded by
 * `limits.ts`; nothing is read ahead of the consumer except the block at hand.
 */
export function readInputs(paths: readonly string[], options: ReadOptions): Reading {
  const report = new ReportWriter();
  return { batches: new Reader(report, options).read(paths), report };
}

/** One file being cut into records. */
interface Input {
  readonly name: string;
  readonly decoder: Decoder;
  readonly framing: Framing;
  readonly compressed: boolean;
  /** Offset of the buffer's first byte in the decompressed file. */
  base: number;
}

/** Seeds of the interning table only have to be unknown to who writes the input. */
const SEED_MAX = 0xffff_ffff;
/** Memory kept for the next file. */
const BUFFER_KEPT_BYTES = 4 * BLOCK_BYTES;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

class Reader {
  readonly #report: ReportWriter;
  readonly #options: ReadOptions;
  readonly #decoders: readonly Decoder[];
  readonly #sink: BatchSink;
  readonly #context: DecodeContext;
  readonly #records = new Records();
  readonly #buffer = new BlockBuffer();

  constructor(report: ReportWriter, options: ReadOptions) {
    this.#report = report;
    this.#options = options;
    this.#decoders = options.decoders.filter(({ format }) => options.format === undefined || format === options.format);
    this.#sink = new BatchSink(report, [randomInt(SEED_MAX), randomInt(SEED_MAX)]);
    this.#context = { sink: this.#sink, defaults: options.defaults, tokens: options.tokens };
  }

  async *read(paths: readonly string[]): AsyncGenerator<Batch, void> {
    const files = await listFiles(paths, this.#report);
    for (const file of files) this.#report.diskBytes += file.bytes;
    let before = 0;
    for (const file of files) {
      this.#sink.from({ name: file.path, from: 0, to: 0, sha256: '' });
      try {
        yield* this.#file(file);
      } catch (error) {
        if (error instanceof InflateError) this.#sink.reject(error.reason, error.message);
        else if (isSystemError(error)) this.#report.problem(file.path, whyUnreadable(error));
        else throw error;
      }
      before += file.bytes;
      this.#report.diskBytesRead = before;
    }
    yield* this.#sink.end();
  }

  async *#file(file: FileEntry): AsyncGenerator<Batch, void> {
    const source = new Feed(fileBytes(file.path, this.#report, this.#options.signal));
    const { compressed, feed } = await inflated(source);
    try {
      const input = await this.#recognise(file.path, feed, compressed);
      if (input !== undefined) yield* this.#rows(input, feed);
    } finally {
      this.#buffer.clear(BUFFER_KEPT_BYTES);
      await feed.close();
    }
  }

  /** Undefined for files without content and of no known format. */
  async #recognise(name: string, feed: Feed, compressed: boolean): Promise<Input | undefined> {
    let head = Buffer.from(await feed.head(HEAD_BYTES));
    let base = 0;
    if (head.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)) {
      base = BYTE_ORDER_MARK.length;
      await feed.skip(base);
      head = head.subarray(base);
    }
    if (head.every(isSpace)) return undefined;
    const forced = this.#options.format === undefined ? undefined : this.#decoders.at(0);
    const found = recognise(this.#decoders, head, basename(name)) ?? (forced && { decoder: forced, from: 0 });
    if (found === undefined) {
      this.#sink.reject('unknown-format', 'the beginning of the file is of no known format');
      return undefined;
    }
    this.#report.format(found.decoder.format);
    return {
      name,
      decoder: found.decoder,
      framing: framingOf(found.decoder, head.subarray(found.from)),
      compressed,
      base,
    };
  }

  async *#rows(input: Input, feed: Feed): AsyncGenerator<Batch, void> {
    const buffer = this.#buffer;
    let wanted = BLOCK_BYTES;
    try {
      for (let chunk = await feed.next(); chunk !== undefined; chunk = await feed.next()) {
        buffer.append(chunk);
        this.#report.bytes += chunk.length;
        if (buffer.length < wanted) continue;
        yield* this.#block(input, false);
        // A record larger than a block: looked at again when there is twice as much of it.
        wanted = Math.max(BLOCK_BYTES, 2 * buffer.length);
      }
    } catch (error) {
      // What came before the damage counts; the record it cut does not.
      if (error instanceof InflateError) yield* this.#block(input, false);
      throw error;
    }
    yield* this.#block(input, true);
  }

  /** Decodes the records that are complete in the buffer and removes them. */
  *#block(input: Input, last: boolean): Generator<Batch, void> {
    this.#options.signal?.throwIfAborted();
    const records = this.#records;
    const bytes = this.#buffer.view;
    records.clear();
    const used = input.framing.split(bytes, last, records);
    const piece = bytes.subarray(0, used);
    for (const line of records.tooLarge) {
      this.#sink.reject(input.compressed ? 'inflates-too-far' : 'too-large', 'a record is over the size limit', line);
    }
    if (records.count > 0) {
      const to = input.base + used;
      this.#sink.from({ name: input.name, from: input.base, to, sha256: hash('sha256', piece, 'hex') });
      yield* this.#decode(bytes, input, !isText(input.decoder.format) || isUtf8(piece));
    }
    this.#buffer.use(used);
    input.base += used;
  }

  /** `valid` says that no record needs to be checked for UTF-8. */
  *#decode(bytes: Buffer, { decoder }: Input, valid: boolean): Generator<Batch, void> {
    const records = this.#records;
    for (let at = 0; at < records.count; at++) {
      const start = records.start[at];
      const end = records.end[at];
      const line = records.line[at];
      if (!valid && !isUtf8(bytes.subarray(start, end))) this.#sink.reject('bad-utf8', 'the record is not text', line);
      else decoder.decode(bytes, { start, end, originOffset: 0, line }, this.#context);
      if (this.#sink.hasFull) yield* this.#sink.take();
    }
  }
}

function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error && 'code' in error;
}
