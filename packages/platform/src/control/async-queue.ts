import type { InvokeOutcome, InvokeRequest } from '../contract.ts';
import type { LambdaFunction, Target } from './functions.ts';
import { EVENT_AGE_MS_MAX, EVENT_RETRIES_MAX } from './lambda-settings.ts';

/** An event that waits for its function. */
export interface AsyncEvent {
  readonly functionName: string;
  readonly qualifier: string | undefined;
  readonly request: InvokeRequest & { readonly requestId: string };
  readonly queuedMs: number;
  /** Times that the function ran and failed. */
  readonly failures: number;
  /** Times that there was no room for it. */
  readonly throttles: number;
}

/** Why an event is given up, as Lambda names it. */
export type GivenUp = 'RetriesExhausted' | 'EventAgeExceeded' | 'ZeroReservedConcurrency';

/** A message for the queue that failed events go to. */
export interface DeadLetter {
  readonly queueArn: string;
  readonly body: string;
  readonly attributes: Readonly<Record<string, string>>;
}

/** What the queue needs. */
export interface AsyncQueueOptions {
  /** The revision that runs now; undefined when the function is gone. */
  readonly resolve: (event: AsyncEvent) => Target | undefined;
  readonly run: (target: Target, request: InvokeRequest) => Promise<InvokeOutcome>;
  /** Puts a message into a queue. Rejects when it cannot. */
  readonly deadLetter: (letter: DeadLetter) => Promise<void>;
  /** Waits before the retries, ms. */
  readonly retryDelaysMs: readonly number[];
  readonly now: () => number;
}

/** What became of events that no function finished. */
export interface AsyncCounts {
  /** Refused because too many waited. */
  full: number;
  /** Sent to the dead-letter queue or the destination for failures. */
  deadLettered: number;
  /** Given up with no queue to go to, or one that did not take them. */
  lost: number;
  /** Waiting when the platform closed. */
  closed: number;
}

/** Events that wait over all functions, and their bytes: a burst of minutes on one machine, in memory. */
const EVENTS_MAX = 10_000;
const EVENTS_BYTES_MAX = 128 * 1024 * 1024;
/** Events of one function at once. Further ones wait in order; the host has its own limit besides. */
const RUNNING_MAX = 10;
/** When there is no room an event waits a second, then twice as long each time, up to five minutes, as Lambda does. */
const THROTTLE_MS = 1_000;
const THROTTLE_MS_MAX = 300_000;
/** Characters of an error in the attributes of a dead letter, as Lambda cuts it. */
const ERROR_CHARS_MAX = 1_024;

/**
 * The queue of asynchronous invocations: runs events in order of arrival, tries failed ones again, and hands those given
 * up to the function's destination for failures and its dead-letter queue. In memory: what waits is gone at closing.
 */
export class AsyncQueue {
  readonly counts: AsyncCounts = { full: 0, deadLettered: 0, lost: 0, closed: 0 };
  readonly #options: AsyncQueueOptions;
  readonly #waiting = new Map<string, AsyncEvent[]>();
  readonly #running = new Map<string, number>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #size = 0;
  #bytes = 0;
  #isClosed = false;

  constructor(options: AsyncQueueOptions) {
    this.#options = options;
  }

  /** Takes an event; false when there are too many or the platform closes. */
  push(event: AsyncEvent): boolean {
    const bytes = event.request.payload.byteLength;
    if (this.#isClosed || this.#size >= EVENTS_MAX || this.#bytes + bytes > EVENTS_BYTES_MAX) {
      this.counts.full++;
      return false;
    }
    this.#size++;
    this.#bytes += bytes;
    this.#wait(event);
    return true;
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
    this.#waiting.clear();
    this.counts.closed += this.#size;
    this.#size = 0;
  }

  #wait(event: AsyncEvent): void {
    const waiting = this.#waiting.get(event.functionName);
    if (waiting === undefined) this.#waiting.set(event.functionName, [event]);
    else waiting.push(event);
    this.#start(event.functionName);
  }

  #start(name: string): void {
    const waiting = this.#waiting.get(name);
    while (waiting !== undefined && waiting.length > 0 && (this.#running.get(name) ?? 0) < RUNNING_MAX) {
      const event = waiting.shift();
      if (event === undefined) break;
      this.#running.set(name, (this.#running.get(name) ?? 0) + 1);
      void this.#deliver(event).then(() => this.#finished(name));
    }
    if (waiting?.length === 0) this.#waiting.delete(name);
  }

  #finished(name: string): void {
    const left = (this.#running.get(name) ?? 1) - 1;
    if (left === 0) this.#running.delete(name);
    else this.#running.set(name, left);
    this.#start(name);
  }

  /** Never rejects. */
  async #deliver(event: AsyncEvent): Promise<void> {
    try {
      const target = this.#options.resolve(event);
      if (target === undefined) return this.#end(event, 'lost');
      const outcome = await this.#options.run(target, event.request);
      if (this.#isClosed) return;
      if (outcome.kind === 'throttled') await this.#throttled(event, target.fn);
      else if (outcome.functionError === undefined) this.#leave(event);
      else await this.#failed(event, target.fn, outcome);
    } catch {
      this.#end(event, 'lost');
    }
  }

  async #throttled(event: AsyncEvent, fn: LambdaFunction): Promise<void> {
    if (fn.concurrency === 0) return this.#giveUp(event, fn, { why: 'ZeroReservedConcurrency' });
    if (this.#isTooOld(event, fn)) return this.#giveUp(event, fn, { why: 'EventAgeExceeded' });
    const delay = Math.min(THROTTLE_MS * 2 ** event.throttles, THROTTLE_MS_MAX);
    this.#later({ ...event, throttles: event.throttles + 1 }, delay);
  }

  async #failed(event: AsyncEvent, fn: LambdaFunction, outcome: InvokeOutcome): Promise<void> {
    const failed = { ...event, failures: event.failures + 1 };
    if (failed.failures > (fn.eventInvoke?.retriesMax ?? EVENT_RETRIES_MAX)) {
      return this.#giveUp(failed, fn, { why: 'RetriesExhausted', outcome });
    }
    if (this.#isTooOld(event, fn)) return this.#giveUp(failed, fn, { why: 'EventAgeExceeded', outcome });
    this.#later(failed, this.#options.retryDelaysMs[event.failures] ?? this.#options.retryDelaysMs.at(-1) ?? 0);
  }

  #isTooOld(event: AsyncEvent, fn: LambdaFunction): boolean {
    return this.#options.now() - event.queuedMs > (fn.eventInvoke?.ageMsMax ?? EVENT_AGE_MS_MAX);
  }

  #later(event: AsyncEvent, delayMs: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      this.#wait(event);
    }, delayMs);
    timer.unref();
    this.#timers.add(timer);
  }

  async #giveUp(event: AsyncEvent, fn: LambdaFunction, end: End): Promise<void> {
    const letters: DeadLetter[] = [];
    if (fn.latest.deadLetterArn !== undefined) letters.push(deadLetter(event, fn.latest.deadLetterArn, end));
    if (fn.eventInvoke?.onFailureArn !== undefined) {
      letters.push(failureRecord({ event, fn, end, queueArn: fn.eventInvoke.onFailureArn, now: this.#options.now() }));
    }
    const sent = await Promise.allSettled(letters.map((letter) => this.#options.deadLetter(letter)));
    this.#end(event, sent.some(({ status }) => status === 'fulfilled') ? 'deadLettered' : 'lost');
  }

  #end(event: AsyncEvent, count: 'deadLettered' | 'lost'): void {
    if (this.#isClosed) return;
    this.#leave(event);
    this.counts[count]++;
  }

  #leave(event: AsyncEvent): void {
    this.#size--;
    this.#bytes -= event.request.payload.byteLength;
  }
}

interface End {
  readonly why: GivenUp;
  readonly outcome?: InvokeOutcome;
}

/** The event itself, with what went wrong in its attributes. */
function deadLetter(event: AsyncEvent, queueArn: string, end: End): DeadLetter {
  const hasRun = end.outcome?.kind === 'returned';
  return {
    queueArn,
    body: Buffer.from(event.request.payload).toString('utf8'),
    attributes: {
      RequestID: event.request.requestId,
      ErrorCode: hasRun ? '200' : '429',
      ErrorMessage: hasRun ? errorMessage(end.outcome) : 'Rate Exceeded.',
    },
  };
}

function errorMessage(outcome: InvokeOutcome): string {
  if (outcome.kind !== 'returned') return '';
  const document = parsed(outcome.payload);
  const message =
    typeof document === 'object' && document !== null && 'errorMessage' in document ? document.errorMessage : '';
  return String(message).slice(0, ERROR_CHARS_MAX);
}

/** The record that destinations for failures get. */
function failureRecord(parts: {
  readonly event: AsyncEvent;
  readonly fn: LambdaFunction;
  readonly end: End;
  readonly queueArn: string;
  readonly now: number;
}): DeadLetter {
  const { event, fn, end } = parts;
  const returned = end.outcome?.kind === 'returned' ? end.outcome : undefined;
  const record = {
    version: '1.0',
    timestamp: new Date(parts.now).toISOString(),
    requestContext: {
      requestId: event.request.requestId,
      functionArn: `${fn.arn}:${event.qualifier ?? '$LATEST'}`,
      condition: end.why,
      approximateInvokeCount: event.failures,
    },
    requestPayload: parsed(event.request.payload),
    ...(returned === undefined
      ? {}
      : {
          responseContext: {
            statusCode: 200,
            executedVersion: returned.executedVersion,
            functionError: returned.functionError,
          },
          responsePayload: parsed(returned.payload),
        }),
  };
  return { queueArn: parts.queueArn, body: JSON.stringify(record), attributes: {} };
}

function parsed(payload: Uint8Array): unknown {
  const json = Buffer.from(payload).toString('utf8');
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}
