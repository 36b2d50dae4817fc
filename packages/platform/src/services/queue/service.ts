/** The queue service: SQS's JSON protocol over queues in memory. */
import type { AwsRequest, AwsResponse, AwsService, EventSource } from '../../contract.ts';
import type { ServicePlace } from '../call.ts';
import { ServiceError } from '../call.ts';
import type { JsonDialect, JsonObject, JsonOperation } from '../json-protocol.ts';
import { answerJson, textOr } from '../json-protocol.ts';
import type { MessageContent } from './message.ts';
import { parseMessage } from './message.ts';
import { operationsOn } from './operations.ts';
import type { QueueCounts, QueueDefinition } from './queue.ts';
import { Queue } from './queue.ts';
import { queueOfUrl } from './queues.ts';
import { QueueSource } from './source.ts';

/** Queues of an account: more than an application of this size has. */
export const QUEUES_MAX = 100;

const QUEUE_NAME = /^[A-Za-z0-9_-]{1,80}$/;
/** Longest visibility timeout and delay: the service's own limits. */
const VISIBILITY_MS_MAX = 12 * 60 * 60 * 1000;
const DELAY_MS_MAX = 15 * 60 * 1000;

/** Errors that have another name in the old protocol, which the SDK shows as `Code`. */
const OLD_CODES: ReadonlyMap<string, string> = new Map(
  [
    ['QueueDoesNotExist', 'NonExistentQueue'],
    ['EmptyBatchRequest', 'EmptyBatchRequest'],
    ['TooManyEntriesInBatchRequest', 'TooManyEntriesInBatchRequest'],
    ['BatchEntryIdsNotDistinct', 'BatchEntryIdsNotDistinct'],
    ['BatchRequestTooLong', 'BatchRequestTooLong'],
    ['InvalidBatchEntryId', 'InvalidBatchEntryId'],
    ['MessageNotInflight', 'MessageNotInflight'],
  ].map(([code, old]) => [code, `AWS.SimpleQueueService.${old}`]),
);

const DIALECT: JsonDialect = {
  targetPrefix: 'AmazonSQS',
  errorNamespace: 'com.amazonaws.sqs',
  errorHeaders: ({ code }) => ({ 'x-amzn-query-error': `${OLD_CODES.get(code) ?? code};Sender` }),
};

/**
 * Queues for applications: standard queues with delays, long polling, visibility and dead letters. There are no FIFO
 * queues, and queues are made by the application, not by calls. Everything is in memory and within the limits of
 * `queue.ts`.
 */
export class QueueService implements AwsService {
  readonly signingNames = ['sqs'];
  readonly #place: ServicePlace;
  readonly #now: () => number;
  readonly #queues = new Map<string, Queue>();
  readonly #sources = new Map<string, QueueSource>();
  readonly #arnPrefix: string;
  readonly #operations: ReadonlyMap<string, JsonOperation>;

  constructor(place: ServicePlace) {
    this.#place = place;
    this.#now = place.now ?? Date.now;
    this.#arnPrefix = `arn:aws:sqs:${place.region}:`;
    const operations = operationsOn({
      accountId: place.accountId,
      arnPrefix: this.#arnPrefix,
      names: () => [...this.#queues.keys()].sort(),
      find: (name) => this.#queues.get(name),
      of: (input) => this.#of(input),
    });
    this.#operations = new Map(operations.map((one) => [one.name, one]));
  }

  /**
   * Makes a queue; its dead-letter queue may be made later. Throws `ServiceError` for what cannot be made. Returns its
   * ARN.
   */
  addQueue(definition: QueueDefinition): string {
    const { name, deadLetter } = definition;
    if (!QUEUE_NAME.test(name)) throw refused(`'${name}' is no name for a standard queue`);
    if (!(definition.visibilityMs >= 0 && definition.visibilityMs <= VISIBILITY_MS_MAX)) {
      throw refused(`The visibility timeout of '${name}' is not between 0 and ${VISIBILITY_MS_MAX} ms`);
    }
    const delayMs = definition.delayMs ?? 0;
    if (!(delayMs >= 0 && delayMs <= DELAY_MS_MAX))
      throw refused(`The delay of '${name}' is not below ${DELAY_MS_MAX} ms`);
    if (deadLetter !== undefined && (deadLetter.queue === name || !(deadLetter.receives >= 1))) {
      throw refused(`'${name}' needs another queue for dead letters, and at least one delivery before`);
    }
    if (this.#queues.has(name)) throw new ServiceError('QueueNameExists', `There is a queue '${name}' already`);
    if (this.#queues.size >= QUEUES_MAX) throw refused(`At most ${QUEUES_MAX} queues`);
    const arn = `${this.#arnPrefix}${this.#place.accountId}:${name}`;
    const queue = new Queue(definition, {
      arn,
      now: this.#now,
      deadLetter: () => this.#queues.get(deadLetter?.queue ?? ''),
    });
    this.#queues.set(name, queue);
    return arn;
  }

  /** A queue as event source; undefined if there is none with this ARN. All mappings of a queue share it. */
  openQueue(queueArn: string): EventSource | undefined {
    const known = this.#sources.get(queueArn);
    const queue = this.#byArn(queueArn);
    if (known !== undefined || queue === undefined) return known;
    const source = new QueueSource(queue, this.#place.region, this.#now);
    this.#sources.set(queueArn, source);
    return source;
  }

  /**
   * Puts a message into a queue on behalf of the platform: the failed events of a function. False if there is no such
   * queue, it is full, or the message is too large.
   */
  deliver(
    queueArn: string,
    message: {
      readonly body: string;
      readonly attributes?: Readonly<Record<string, string>>;
      readonly senderId: string;
    },
  ): boolean {
    try {
      const content = contentOf(message.body, message.attributes ?? {});
      return this.#byArn(queueArn)?.send(content, { id: message.senderId }) !== undefined;
    } catch (error) {
      if (error instanceof ServiceError) return false;
      throw error;
    }
  }

  /** Drops of each queue. */
  counts(): Readonly<Record<string, QueueCounts>> {
    return Object.fromEntries([...this.#queues].map(([name, queue]) => [name, queue.counts]));
  }

  handle(request: AwsRequest): Promise<AwsResponse> {
    return answerJson(this.#place.gate, request, { dialect: DIALECT, operations: this.#operations });
  }

  /** Answers receivers that wait. May be called twice. */
  close(): void {
    for (const queue of this.#queues.values()) queue.close();
  }

  #byArn(arn: string): Queue | undefined {
    const queue = this.#queues.get(arn.slice(arn.lastIndexOf(':') + 1));
    return queue?.arn === arn ? queue : undefined;
  }

  #of(input: JsonObject): Queue {
    const { accountId, name } = queueOfUrl(textOr(input, 'QueueUrl'));
    const queue = accountId === this.#place.accountId ? this.#queues.get(name) : undefined;
    if (queue === undefined) throw new ServiceError('QueueDoesNotExist', 'The specified queue does not exist.');
    return queue;
  }
}

function contentOf(body: string, attributes: Readonly<Record<string, string>>): MessageContent {
  const entries = Object.entries(attributes).map(([name, text]) => [name, { DataType: 'String', StringValue: text }]);
  return parseMessage({ MessageBody: body, MessageAttributes: Object.fromEntries(entries) });
}

function refused(message: string): ServiceError {
  return new ServiceError('InvalidAttributeValue', message);
}
