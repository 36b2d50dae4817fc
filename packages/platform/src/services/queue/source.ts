/** A queue as event source: its messages as they stand in the event of a function. */
import type { EventSource, SourceRecord } from '../../contract.ts';
import type { MessageAttribute } from './message.ts';
import type { Message, Queue } from './queue.ts';

/**
 * Takes messages for functions. They stay invisible for as long as the function runs. What failed becomes visible when
 * the visibility timeout of the queue has passed since it was received, as in AWS: that is also what keeps a broken
 * function from being called without pause.
 */
export class QueueSource implements EventSource {
  readonly arn: string;
  readonly #queue: Queue;
  readonly #region: string;
  readonly #now: () => number;
  readonly #receivedMs = new Map<string, number>();

  constructor(queue: Queue, region: string, now: () => number) {
    this.arn = queue.arn;
    this.#queue = queue;
    this.#region = region;
    this.#now = now;
  }

  async receive(max: number, waitMs: number): Promise<readonly SourceRecord[]> {
    const messages = await this.#queue.receive(max, waitMs, Number.POSITIVE_INFINITY);
    for (const { handle } of messages) this.#receivedMs.set(handle, this.#now());
    return messages.map((message) => ({ id: message.id, record: this.#record(message) }));
  }

  done(records: readonly SourceRecord[]): void {
    for (const handle of handlesOf(records)) {
      this.#receivedMs.delete(handle);
      this.#queue.remove(handle);
    }
  }

  failed(records: readonly SourceRecord[]): void {
    for (const handle of handlesOf(records)) {
      const receivedMs = this.#receivedMs.get(handle) ?? this.#now();
      this.#receivedMs.delete(handle);
      this.#queue.changeVisibility(handle, receivedMs + this.#queue.definition.visibilityMs - this.#now());
    }
  }

  release(records: readonly SourceRecord[]): void {
    // The last first, so that they stand in their old order again.
    for (const handle of handlesOf(records).reverse()) {
      this.#receivedMs.delete(handle);
      this.#queue.release(handle);
    }
  }

  #record(message: Message): Readonly<Record<string, unknown>> {
    const { content } = message;
    return {
      messageId: message.id,
      receiptHandle: message.handle,
      body: content.body,
      attributes: systemAttributes(message),
      messageAttributes: Object.fromEntries([...content.attributes].map(([name, one]) => [name, eventAttribute(one)])),
      md5OfBody: content.bodyMd5,
      ...(content.attributesMd5 === undefined ? {} : { md5OfMessageAttributes: content.attributesMd5 }),
      eventSource: 'aws:sqs',
      eventSourceARN: this.arn,
      awsRegion: this.#region,
    };
  }
}

/** What the queue itself says of a message, as texts. */
export function systemAttributes(message: Message): Record<string, string> {
  return {
    ApproximateReceiveCount: String(message.receives),
    ...(message.content.traceHeader === undefined ? {} : { AWSTraceHeader: message.content.traceHeader }),
    SentTimestamp: String(message.sentMs),
    SenderId: message.senderId,
    ApproximateFirstReceiveTimestamp: String(message.firstReceivedMs),
  };
}

function eventAttribute(attribute: MessageAttribute): Record<string, unknown> {
  return { ...attribute, stringListValues: [], binaryListValues: [] };
}

function handlesOf(records: readonly SourceRecord[]): string[] {
  return records.map(({ record }) => String(record['receiptHandle']));
}
