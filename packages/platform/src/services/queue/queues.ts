/** How the inputs of operations name queues, and what the operations know of them. */
import type { AwsRequest } from '../../contract.ts';
import type { Carried } from '../call.ts';
import { principalIdOf } from '../call.ts';
import type { JsonObject } from '../json-protocol.ts';
import type { Queue } from './queue.ts';

/** The queues of an account, as the operations see them. */
export interface Queues {
  readonly accountId: string;
  readonly arnPrefix: string;
  /** Names in order. */
  names(): string[];
  find(name: string): Queue | undefined;
  /** The queue an input names by URL. Throws `QueueDoesNotExist`. */
  of(input: JsonObject): Queue;
}

/** What an operation on a queue answers. */
export type QueueAnswer = Carried<JsonObject> | Promise<Carried<JsonObject>>;

/** Account and name in a queue's URL; empty if it is none. */
export function queueOfUrl(url: string): { accountId: string; name: string } {
  const match = /\/(\d{12})\/([\w-]{1,80})\/?$/.exec(url);
  return { accountId: match?.[1] ?? '', name: match?.[2] ?? '' };
}

/** Who sent a message, as its `SenderId`. */
export function senderIdOf(request: AwsRequest): string {
  return principalIdOf(request.caller);
}
