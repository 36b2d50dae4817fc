import { readFile, rm } from 'node:fs/promises';
import { assert } from '@gait/engine/base/assert';
import { replaceFile } from './replace-file.ts';

/** Where a part of a replay (what it learns from, what it judges) begins in the log. */
export interface PartStart {
  /** Hash of the part's rows and of how they were asked for. */
  readonly content: string;
  /** Ordinal of its first record. */
  readonly ordinal: number;
  /** Newest stamp of the log before it. */
  readonly clockMs: number;
}

/** A part that goes on: where it began, and where the next one begins if it had been reached. */
export interface PartPlace extends PartStart {
  readonly end: number | undefined;
}

/**
 * Notes in the data folder which replay is under way, so that the same replay, started again after it was interrupted,
 * finds its place in the log instead of appending everything once more. Rows themselves need no note: how far a part came
 * is in the log. A journal that cannot be read is as good as none. Throws system errors when writing.
 */
export class ReplayJournal {
  readonly #path: string;
  #parts: PartStart[];

  private constructor(path: string, parts: PartStart[]) {
    this.#path = path;
    this.#parts = parts;
  }

  static async open(path: string): Promise<ReplayJournal> {
    return new ReplayJournal(path, parseParts(await readFile(path, 'utf8').catch(() => '')));
  }

  /** Whether part number `at` was begun before with this content. */
  goesOn(at: number, content: string): boolean {
    return this.#parts[at]?.content === content;
  }

  /** Part number `at` begins now, or goes on if the same content was begun at this number before. */
  async begin(at: number, now: PartStart): Promise<PartPlace> {
    assert(at <= this.#parts.length, 'parts begin in order');
    const known = this.#parts[at];
    if (known?.content === now.content) return { ...known, end: this.#parts[at + 1]?.ordinal };
    this.#parts = [...this.#parts.slice(0, at), now];
    await replaceFile(this.#path, [Buffer.from(`${JSON.stringify({ version: VERSION, parts: this.#parts })}\n`)]);
    return { ...now, end: undefined };
  }

  /** The replay is complete. */
  async finish(): Promise<void> {
    this.#parts = [];
    await rm(this.#path, { force: true });
  }
}

const VERSION = 1;

function parseParts(text: string): PartStart[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return [];
  }
  if (typeof value !== 'object' || value === null) return [];
  const { version, parts }: Record<string, unknown> = { ...value };
  if (version !== VERSION || !Array.isArray(parts)) return [];
  const starts = parts.map(parsePart);
  return starts.every((start) => start !== undefined) ? starts : [];
}

function parsePart(value: unknown): PartStart | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const { content, ordinal, clockMs }: Record<string, unknown> = { ...value };
  if (typeof content !== 'string' || typeof ordinal !== 'number' || typeof clockMs !== 'number') return undefined;
  return Number.isSafeInteger(ordinal) && ordinal >= 0 ? { content, ordinal, clockMs } : undefined;
}
