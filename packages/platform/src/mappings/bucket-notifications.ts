/** Tells functions of objects that were made in buckets. */
import type { Invoker } from '../contract.ts';
import type { ObjectCreated } from '../services/bucket/notification.ts';
import { createdEvent } from '../services/bucket/notification.ts';

/** Which function is told of which objects. */
export interface NotificationRule {
  /** Shown in the event as `configurationId`. */
  readonly id: string;
  readonly bucket: string;
  /** Of the key; '' for all. */
  readonly prefix: string;
  readonly functionName: string;
}

/** Rules of one bucket: the service's own limit. */
export const RULES_MAX = 100;

/** Principal under which buckets call functions. */
const BUCKET_PRINCIPAL = 's3.amazonaws.com';

/** Rules by bucket. Telling is constant in the objects and linear in the rules of the bucket. */
export class BucketNotifications {
  readonly #invoker: Invoker;
  readonly #rules = new Map<string, NotificationRule[]>();
  #told = 0;
  #refused = 0;

  constructor(invoker: Invoker) {
    this.#invoker = invoker;
  }

  /** Events handed over, and events that could not be. */
  get counts(): { readonly told: number; readonly refused: number } {
    return { told: this.#told, refused: this.#refused };
  }

  /** Adds a rule. False if the bucket has too many. */
  add(rule: NotificationRule): boolean {
    const rules = this.#rules.get(rule.bucket) ?? [];
    if (rules.length >= RULES_MAX) return false;
    this.#rules.set(rule.bucket, [...rules, rule]);
    return true;
  }

  /** Tells the functions of an object. Never throws: what becomes of an upload does not depend on who is told. */
  created(created: ObjectCreated): void {
    for (const rule of this.#rules.get(created.bucket) ?? []) {
      if (!created.object.key.startsWith(rule.prefix)) continue;
      try {
        this.#invoker.enqueue(rule.functionName, {
          payload: Buffer.from(JSON.stringify(createdEvent(created, rule.id))),
          principal: BUCKET_PRINCIPAL,
          sourceArn: created.bucketArn,
        });
        this.#told++;
      } catch {
        this.#refused++;
      }
    }
  }
}
