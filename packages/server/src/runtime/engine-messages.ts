import type { Finding, Incident } from '@gait/engine/event/finding';
import type { Segment } from '../log/segments/folder.ts';
import type { DurableMark } from '../log/segments/follower.ts';

/** What the engine thread begins with. */
export interface EngineThreadStart {
  readonly folder: string;
  readonly mark: DurableMark & { readonly segments: readonly Segment[] };
  readonly checkpointEveryMs: number;
}

/** Messages to the engine thread. */
export type ToEngine =
  | { readonly type: 'durable'; readonly mark: DurableMark }
  /** Profiles and coverage are wanted as they are now; answered by `refreshed`. */
  | { readonly type: 'refresh' }
  /** No later mark will come: go through to the end, save, and end. */
  | { readonly type: 'end' }
  /** Save where you are, and end. */
  | { readonly type: 'stop' };

/** How far the engine is, told when it changed, at most every `PROGRESS_EVERY_MS`. */
export interface EngineProgress {
  /** The end of the log was reached once. */
  readonly caughtUp: boolean;
  readonly consumed: number;
  readonly steppedMs: number;
  readonly functions: number;
  readonly engineBytes: number;
  readonly findings: number;
  readonly incidents: number;
  readonly checkpointOrdinal: number;
  /** On the log's clock. */
  readonly checkpointMs: number;
  readonly seriesDropped: Readonly<Record<string, number>>;
}

/** Messages of the engine thread. An error that ends it is the thread's `error` event. */
export type FromEngine =
  /** Store and state are open; catching up begins. */
  | { readonly type: 'opened' }
  | { readonly type: 'progress'; readonly progress: EngineProgress }
  | {
      readonly type: 'committed';
      readonly committedMs: number;
      readonly findings: readonly Finding[];
      readonly incidents: readonly Incident[];
    }
  | { readonly type: 'refreshed' }
  /** An expected failure: its code and words. The thread ends. */
  | { readonly type: 'failed'; readonly code: string; readonly message: string };
