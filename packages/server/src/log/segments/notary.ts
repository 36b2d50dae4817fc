import { rm } from 'node:fs/promises';
import { LogError } from '../log.ts';
import { paths, type Segment } from './folder.ts';
import { SEGMENT_HEADER_BYTES } from './frame.ts';
import { type Head, type HeadState, headHash, type SignedHead, signHead } from './head.ts';
import { appendHead, linkAfter, replaceOpenHead, type StoredHeads } from './heads-file.ts';
import type { SigningKey } from './keys.ts';
import { LeafThread } from './leaf-thread.ts';
import { emptyProof, type SegmentProof } from './leaves.ts';
import { HASH_AHEAD_BYTES } from './limits.ts';
import { syncFolder } from './system.ts';

/** What is durable: whole segments, and the last one up to `bytes`. */
export interface Durable {
  /** Segments present, oldest first; all but the last are complete. */
  readonly segments: readonly Segment[];
  /** Synced bytes of the last segment. */
  readonly bytes: number;
}

/** What a notary works with. */
export interface NotaryOptions {
  readonly folder: string;
  readonly key: SigningKey;
  readonly heads: StoredHeads;
  /** Clock for `atMs`, ms since 1970. */
  readonly now: () => number;
  readonly headEveryMs: number;
  /** Without: nothing is hashed, nothing signed. */
  readonly signed: boolean;
  /** Called with the line of each new head, to be kept where whoever holds the key cannot reach. */
  readonly anchor: ((line: string, head: Head) => void) | undefined;
  /** What is durable now. */
  readonly durable: () => Durable;
}

/**
 * Signs heads off the path of acknowledgement: of the open segment at most every `headEveryMs` and at closing, of each
 * segment when it is complete, and of each removal. One thing at a time, so that the chain has one order.
 */
export class Notary {
  readonly #options: NotaryOptions;
  readonly #thread = new LeafThread();
  /** Newest sealed head by segment that is still present. */
  readonly #sealed = new Map<number, Head>();
  readonly #removed = new Set<number>();
  #link: string;
  #open: SignedHead | undefined;
  #queue: Promise<unknown> = Promise.resolve();
  #timer: NodeJS.Timeout | undefined;
  /** How far the thread was sent ahead. */
  #hashed = { segment: 0, bytes: 0 };
  /** Why heads are not being signed; undefined while they are. */
  failure: LogError | undefined;

  constructor(options: NotaryOptions) {
    this.#options = options;
    this.#link = linkAfter(options.heads.chain);
    this.#open = options.heads.open;
    for (const { head } of options.heads.chain) this.#note(head);
  }

  /** Heads of complete segments that are present, by segment. */
  get sealed(): ReadonlyMap<number, Head> {
    return this.#sealed;
  }

  get removed(): ReadonlySet<number> {
    return this.#removed;
  }

  /** Says that something became durable. Cheap. `complete`: a segment is ready to be sealed. */
  notice(complete: boolean): void {
    if (!this.#options.signed) return;
    if (complete) this.#clear();
    this.#timer ??= this.#later(complete ? 0 : this.#options.headEveryMs);
    this.#hashAhead();
  }

  /** Signs what is durable now. */
  sign(): Promise<void> {
    if (!this.#options.signed) return Promise.resolve();
    return this.#inOrder(async () => {
      this.#clear();
      const { segments, bytes } = this.#options.durable();
      for (const segment of segments.slice(0, -1)) await this.#seal(segment);
      const last = segments.at(-1);
      if (last !== undefined) await this.#signOpen(last, bytes);
      this.failure = undefined;
    });
  }

  /** Deletes the files of complete segments, each after a signed head that says so. */
  remove(segments: readonly Segment[]): Promise<void> {
    return this.#inOrder(async () => {
      for (const segment of segments) {
        const sealed = this.#sealed.get(segment.number);
        if (sealed === undefined) continue;
        await this.#append({ ...sealed, state: 'removed' });
        await rm(segment.path, { force: true });
      }
      await syncFolder(paths.segments(this.#options.folder));
    });
  }

  /** Ends the thread and the timer. Sign first. */
  async close(): Promise<void> {
    this.#clear();
    await this.#queue;
    this.#clear();
    await this.#thread.close();
  }

  /** Lets the thread go through what has become durable, so that the next head does not wait for all of it. */
  #hashAhead(): void {
    const { segments, bytes } = this.#options.durable();
    const [before, last] = [segments.at(-2), segments.at(-1)];
    // The thread holds the tree of one segment: first that of the one before is completed.
    if (last === undefined || (before !== undefined && !this.#sealed.has(before.number))) return;
    const from = this.#hashed.segment === last.number ? this.#hashed.bytes : 0;
    if (bytes - from < HASH_AHEAD_BYTES) return;
    this.#hashed = { segment: last.number, bytes };
    // What fails here fails again when a head asks for it, and is told then.
    this.#prove(last, bytes).catch(() => {});
  }

  #later(delayMs: number): NodeJS.Timeout {
    const sign = (): void => {
      this.#timer = undefined;
      // Kept in `failure` and tried again with the next record: a head that comes late loses nothing acknowledged.
      this.sign().catch(() => {});
    };
    return setTimeout(sign, delayMs).unref();
  }

  #clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #inOrder(task: () => Promise<void>): Promise<void> {
    const result = this.#queue.then(task);
    this.#queue = result.catch((error: unknown) => {
      this.failure = error instanceof LogError ? error : new LogError('GAIT_LOG_IO', String(error), { cause: error });
    });
    return result;
  }

  async #seal(segment: Segment): Promise<void> {
    if (this.#sealed.has(segment.number)) return;
    await this.#append(this.#headOf('sealed', segment, await this.#prove(segment, segment.bytes)));
  }

  async #signOpen(segment: Segment, bytes: number): Promise<void> {
    const known = this.#open?.head;
    if (known?.segment === segment.number && known.bytes === bytes && known.previous === this.#link) return;
    const head = this.#headOf('open', segment, await this.#prove(segment, bytes));
    const signed = signHead({ ...head, previous: this.#link }, this.#options.key);
    await replaceOpenHead(this.#options.folder, signed);
    this.#open = signed;
    this.#options.anchor?.(signed.line, signed.head);
  }

  async #append(head: Head): Promise<void> {
    const signed = signHead({ ...head, previous: this.#link, atMs: this.#options.now() }, this.#options.key);
    await appendHead(this.#options.folder, signed);
    this.#link = headHash(signed);
    this.#note(signed.head);
    this.#options.anchor?.(signed.line, signed.head);
  }

  #headOf(state: HeadState, segment: Segment, proof: SegmentProof): Head {
    return {
      state,
      segment: segment.number,
      first: segment.header.first,
      next: proof.next,
      bytes: proof.bytes,
      root: proof.root,
      frame: proof.frame,
      lastMs: proof.lastMs,
      atMs: this.#options.now(),
      schema: segment.header.schema,
      previous: this.#link,
      key: this.#options.key.id,
    };
  }

  async #prove(segment: Segment, bytes: number): Promise<SegmentProof> {
    // Nothing to hash, as in a new log: no thread needed.
    if (bytes === SEGMENT_HEADER_BYTES) return emptyProof(segment.header);
    return this.#thread.prove({ path: segment.path, header: segment.header, bytes });
  }

  #note(head: Head): void {
    if (head.state === 'sealed') this.#sealed.set(head.segment, head);
    if (head.state === 'removed') {
      this.#sealed.delete(head.segment);
      this.#removed.add(head.segment);
    }
  }
}
