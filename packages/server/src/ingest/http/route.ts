import type { IncomingMessage } from 'node:http';
import type { Route } from './counters.ts';
import type { Incoming, Intake } from './intake.ts';
import type { Refusal } from './refusal.ts';

/** An answer; its `body` is of the media type `type`. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: Uint8Array | string;
}

/** One way in: a path, and the protocol that is spoken there. */
export interface IngestRoute {
  readonly route: Route;
  readonly path: string;
  /** The token that a request presents. */
  presented(request: IncomingMessage): string | undefined;
  /** Takes a request of a known sender. Throws a `Refusal`. */
  handle(incoming: Incoming, intake: Intake): Promise<Answer>;
  /** Tells a refusal in the words of the protocol. */
  refuse(request: IncomingMessage, refusal: Refusal): Answer;
}

/** An answer in JSON. */
export function json(status: number, value: unknown): Answer {
  return { status, type: 'application/json', body: JSON.stringify(value) };
}

/** A refusal as the routes of our own tell it. */
export function refusedJson(refusal: Refusal): Answer {
  return json(refusal.status, { error: { code: refusal.code, message: refusal.message } });
}
