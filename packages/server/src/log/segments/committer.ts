import type { Room } from '@gait/engine/event/codec';
import { type Commit, type Committed, stage } from './commit.ts';
import { COMMIT_ASIDE_BYTES_MIN } from './limits.ts';
import { Rooms } from './rooms.ts';
import { type SegmentFile, writeAll } from './system.ts';
import { Thread } from './thread.ts';

/** Asks the thread to make a commit durable. */
export interface CommitRequest {
  readonly commit: Commit;
  /** Of the segment, open for writing. */
  readonly descriptor: number;
  readonly synced: boolean;
}

/** What became of it, with the memory of the records. */
export interface CommitAnswer {
  readonly outcome: Committed | SystemFailure;
  readonly memory: readonly ArrayBuffer[];
}

/** A failed system call as plain values. */
export interface SystemFailure {
  readonly code: string;
  readonly message: string;
}

/**
 * Makes commits durable: large ones in a thread that compresses, writes and syncs while this one decodes and steps, so
 * that an acknowledgement is waiting when it is asked for. Small ones, and all until the thread runs, are made here.
 */
export class Committer {
  readonly #synced: boolean;
  readonly #thread = new Thread<CommitRequest, CommitAnswer>('commit-worker');
  readonly #rooms = new Rooms();
  /** Where records are encoded that will be committed. */
  readonly room: Room = (bytes) => this.#rooms.take(bytes);

  /** `synced`: a commit must survive loss of power. */
  constructor(synced: boolean) {
    this.#synced = synced;
  }

  /** One at a time. The memory of the records is taken back. Throws system errors, after which anything may be written. */
  async commit(file: SegmentFile, commit: Commit): Promise<Committed> {
    const { descriptor } = file;
    const rawBytes = commit.records.reduce((sum, { raw }) => sum + raw.length, 0);
    if (descriptor === undefined || rawBytes < COMMIT_ASIDE_BYTES_MIN) return this.#here(file, commit);
    if (this.#thread.online) return this.#aside(descriptor, commit);
    this.#thread.start();
    return this.#here(file, commit);
  }

  close(): Promise<void> {
    return this.#thread.close();
  }

  async #aside(descriptor: number, commit: Commit): Promise<Committed> {
    const memory = commit.records.map(({ raw }) => raw.buffer);
    const answer = await this.#thread.ask({ commit, descriptor, synced: this.#synced }, memory);
    for (const one of answer.memory) this.#rooms.give(one);
    if ('places' in answer.outcome) return answer.outcome;
    const { code, message } = answer.outcome;
    throw Object.assign(new Error(message), { code });
  }

  async #here(file: SegmentFile, commit: Commit): Promise<Committed> {
    const { buffers, ...committed } = stage(commit);
    await writeAll(file, buffers, commit.bytes);
    if (this.#synced) await file.datasync();
    for (const { raw } of commit.records) this.#rooms.give(raw.buffer);
    return committed;
  }
}
