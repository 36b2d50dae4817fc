/** One queue in memory: messages that wait, messages that are held back until a time, and receivers that wait. */
import { randomBytes, randomUUID } from 'node:crypto';
import { ServiceError } from '../call.ts';
import type { MessageContent } from './message.ts';
import { Waiting } from './waiting.ts';

/** What a queue is made of. */
export interface QueueDefinition {
  readonly name: string;
  /** For how long a message that was received is invisible to others. */
  readonly visibilityMs: number;
  /** Delay of new messages. Default none. */
  readonly delayMs?: number;
  /** Where messages go after so many deliveries. */
  readonly deadLetter?: { readonly queue: string; readonly receives: number };
}

/** Messages of one queue, waiting and held: what functions can leave lying in memory. */
export const QUEUE_MESSAGES_MAX = 50_000;
/** Bytes of the messages of one queue. */
export const QUEUE_BYTES_MAX = 64 * 1024 * 1024;
/** A message nobody removed is dropped after this long: the service's own default. */
export const RETENTION_MS = 4 * 24 * 60 * 60 * 1000;
/** Receivers that wait on one queue at once; more are answered at once with nothing. */
const RECEIVERS_MAX = 1000;

/** A message in the queue. */
export interface Message {
  readonly id: string;
  readonly content: MessageContent;
  readonly senderId: string;
  readonly sentMs: number;
  receives: number;
  firstReceivedMs: number;
  /** Names the newest delivery; empty before the first. */
  handle: string;
}

/** What a queue dropped, and what removals found nothing to remove. */
export interface QueueCounts {
  readonly expired: number;
  readonly deadLettered: number;
  /** Given up because the dead-letter queue was full. */
  readonly lost: number;
  readonly refusedFull: number;
}

interface Held {
  readonly message: Message;
  readonly kind: 'delayed' | 'inFlight';
  /** Infinity while an event source holds it. */
  readonly untilMs: number;
}

/**
 * Every message is in exactly one place: `#ready`, in order, or `#held` until a time. Receiving moves it from the first to
 * the second, so that no two receivers hold one message. Sending, receiving and removing are constant in cost, apart from
 * one look through what is held when something there is due.
 */
export class Queue {
  readonly definition: QueueDefinition;
  readonly arn: string;
  readonly createdMs: number;
  readonly #now: () => number;
  readonly #deadLetter: () => Queue | undefined;
  readonly #ready = new Map<string, Message>();
  readonly #held = new Map<string, Held>();
  readonly #waiting = new Waiting(RECEIVERS_MAX);
  #bytes = 0;
  /** When the next of `#held` is due, or earlier. */
  #dueMs = Number.POSITIVE_INFINITY;
  #dueTimer: NodeJS.Timeout | undefined;
  #closed = false;
  readonly #counts = { expired: 0, deadLettered: 0, lost: 0, refusedFull: 0 };

  constructor(
    definition: QueueDefinition,
    made: { arn: string; now: () => number; deadLetter: () => Queue | undefined },
  ) {
    this.definition = definition;
    this.arn = made.arn;
    this.#now = made.now;
    this.#deadLetter = made.deadLetter;
    this.createdMs = made.now();
  }

  get counts(): QueueCounts {
    return { ...this.#counts };
  }

  /** How many messages can be received now, are held by receivers, and are delayed. */
  sizes(): { visible: number; inFlight: number; delayed: number } {
    this.#sweep();
    let delayed = 0;
    for (const { kind } of this.#held.values()) if (kind === 'delayed') delayed++;
    return { visible: this.#ready.size, inFlight: this.#held.size - delayed, delayed };
  }

  /** Adds a message. Throws `RequestThrottled` when the queue is full. */
  send(content: MessageContent, sender: { readonly id: string; readonly delayMs?: number | undefined }): Message {
    if (!this.#hasRoom(content.bytes)) {
      this.#counts.refusedFull++;
      throw new ServiceError(
        'RequestThrottled',
        `The queue has reached its limit of ${QUEUE_MESSAGES_MAX} messages or ${QUEUE_BYTES_MAX} bytes`,
      );
    }
    const message: Message = {
      id: randomUUID(),
      content,
      senderId: sender.id,
      sentMs: this.#now(),
      receives: 0,
      firstReceivedMs: 0,
      handle: '',
    };
    this.#bytes += content.bytes;
    const delayMs = sender.delayMs ?? this.definition.delayMs ?? 0;
    if (delayMs > 0) this.#hold({ message, kind: 'delayed', untilMs: this.#now() + delayMs });
    else this.#offer(message);
    return message;
  }

  /**
   * Takes up to `max` messages, waiting up to `waitMs` for the first. They are invisible for `visibilityMs` (the queue's if
   * absent, Infinity: until they are given back).
   */
  async receive(max: number, waitMs: number, visibilityMs = this.definition.visibilityMs): Promise<Message[]> {
    let taken = this.#take(max, visibilityMs);
    const deadline = this.#now() + waitMs;
    while (taken.length === 0 && !this.#closed) {
      const leftMs = deadline - this.#now();
      if (leftMs <= 0 || !(await this.#waiting.wait(leftMs))) break;
      taken = this.#take(max, visibilityMs);
    }
    return taken;
  }

  /** Removes the message of a delivery. False if there is none, or it was delivered again since. */
  remove(handle: string): boolean {
    const message = this.#byHandle(handle);
    if (message === undefined) return false;
    this.#forget(message);
    return true;
  }

  /** Makes the message of a delivery visible after so long. False if it is not held under this handle. */
  changeVisibility(handle: string, visibilityMs: number): boolean {
    const message = this.#byHandle(handle);
    const held = message === undefined ? undefined : this.#held.get(message.id);
    if (message === undefined || held?.kind !== 'inFlight') return false;
    this.#held.delete(message.id);
    if (visibilityMs <= 0) this.#giveBack(message);
    else this.#hold({ message, kind: 'inFlight', untilMs: this.#now() + visibilityMs });
    return true;
  }

  /** Gives a delivered message back as if it had never been received; it is the first to be received again. */
  release(handle: string): boolean {
    const message = this.#byHandle(handle);
    if (message === undefined || !this.#held.delete(message.id)) return false;
    message.receives--;
    if (message.receives === 0) message.firstReceivedMs = 0;
    const later = [...this.#ready];
    this.#ready.clear();
    this.#ready.set(message.id, message);
    for (const [id, one] of later) this.#ready.set(id, one);
    this.#waiting.wakeOne();
    return true;
  }

  /** True if a handle has the form of one of this queue's. */
  isHandle(handle: string): boolean {
    return partsOf(handle)?.queue === this.definition.name;
  }

  /** Removes all messages, those that receivers hold too. */
  purge(): void {
    this.#ready.clear();
    this.#held.clear();
    this.#bytes = 0;
  }

  /** Answers all receivers that wait. Messages stay. May be called twice. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#dueTimer);
    this.#waiting.wakeAll();
  }

  #hasRoom(bytes: number): boolean {
    return this.#ready.size + this.#held.size < QUEUE_MESSAGES_MAX && this.#bytes + bytes <= QUEUE_BYTES_MAX;
  }

  #offer(message: Message): void {
    this.#ready.set(message.id, message);
    this.#waiting.wakeOne();
  }

  #take(max: number, visibilityMs: number): Message[] {
    this.#sweep();
    const taken: Message[] = [];
    const nowMs = this.#now();
    for (const message of this.#ready.values()) {
      if (taken.length >= max) break;
      this.#ready.delete(message.id);
      message.receives++;
      if (message.firstReceivedMs === 0) message.firstReceivedMs = nowMs;
      message.handle = makeHandle(this.definition.name, message.id);
      this.#hold({ message, kind: 'inFlight', untilMs: nowMs + visibilityMs });
      taken.push(message);
    }
    return taken;
  }

  #hold(held: Held): void {
    this.#held.set(held.message.id, held);
    if (held.untilMs >= this.#dueMs) return;
    this.#dueMs = held.untilMs;
    this.#wakeAtDue();
  }

  /** Wakes receivers when what is held becomes visible. */
  #wakeAtDue(): void {
    clearTimeout(this.#dueTimer);
    this.#dueTimer = undefined;
    if (this.#dueMs === Number.POSITIVE_INFINITY || this.#closed) return;
    // Longer than a timer can be is looked at again on the way.
    const waitMs = Math.min(Math.max(0, this.#dueMs - this.#now()), 2 ** 31 - 1);
    this.#dueTimer = setTimeout(() => {
      this.#sweep();
      this.#wakeAtDue();
    }, waitMs);
    this.#dueTimer.unref();
  }

  /** Makes visible what is due, and drops what was kept too long. */
  #sweep(): void {
    const nowMs = this.#now();
    if (nowMs >= this.#dueMs) {
      this.#dueMs = Number.POSITIVE_INFINITY;
      for (const { message, untilMs } of this.#held.values()) {
        if (untilMs <= nowMs) {
          this.#held.delete(message.id);
          this.#giveBack(message);
        } else this.#dueMs = Math.min(this.#dueMs, untilMs);
      }
      this.#wakeAtDue();
    }
    for (const message of this.#ready.values()) {
      if (nowMs - message.sentMs < RETENTION_MS) break;
      this.#counts.expired++;
      this.#forget(message);
    }
  }

  /** Back into the queue, or to the dead-letter queue after too many deliveries. */
  #giveBack(message: Message): void {
    const receivesMax = this.definition.deadLetter?.receives;
    const target = receivesMax !== undefined && message.receives >= receivesMax ? this.#deadLetter() : undefined;
    if (target === undefined) {
      this.#offer(message);
      return;
    }
    this.#forget(message);
    if (target.#adopt(message)) this.#counts.deadLettered++;
    else this.#counts.lost++;
  }

  /** A message of another queue keeps its id and its age. */
  #adopt(message: Message): boolean {
    if (!this.#hasRoom(message.content.bytes)) return false;
    this.#bytes += message.content.bytes;
    this.#offer({ ...message, receives: 0, firstReceivedMs: 0, handle: '' });
    return true;
  }

  #forget(message: Message): void {
    const known = this.#ready.delete(message.id) || this.#held.delete(message.id);
    if (known) this.#bytes -= message.content.bytes;
  }

  /** The message of a delivery, if it was not delivered again since. */
  #byHandle(handle: string): Message | undefined {
    const id = partsOf(handle)?.id ?? '';
    const message = this.#ready.get(id) ?? this.#held.get(id)?.message;
    return message?.handle === handle ? message : undefined;
  }
}

/** Handles name queue, message and delivery; receivers must not care. */
function makeHandle(queue: string, id: string): string {
  return Buffer.from(`${queue} ${id} ${randomBytes(12).toString('hex')}`).toString('base64');
}

function partsOf(handle: string): { queue: string; id: string } | undefined {
  const match = /^([\w-]{1,80}) ([0-9a-f-]{36}) [0-9a-f]{24}$/.exec(Buffer.from(handle, 'base64').toString('latin1'));
  return match === null ? undefined : { queue: match[1], id: match[2] };
}
