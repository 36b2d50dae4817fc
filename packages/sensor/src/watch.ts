import type { Invocation, Outcome } from './invocation.ts';
import { read } from './objects.ts';

/** What a watched handler needs of the sensor; see `Sandbox`. */
export interface Recorder {
  begin(event: unknown, context: unknown): Invocation | undefined;
  run<Result>(invocation: Invocation, work: () => Result): Result;
  end(invocation: Invocation, outcome: Outcome): void;
  returned(invocation: Invocation): void;
  /** Responses may have to wait for their record. */
  readonly waits: boolean;
  flush(): Promise<void> | undefined;
}

/** Marks handlers that are watched, in whatever copy of the sensor. */
const WATCHED = Symbol.for('gait.watched');
/** Marks response-streaming handlers, as the runtime does: `(event, responseStream, context)`. */
const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming');
/** Runtimes refuse handlers with a callback in their signature. */
const PARAMETERS_MAX = 2;

type Words = readonly unknown[];
type Handler = (this: unknown, ...words: Words) => unknown;

/**
 * The handler, watched: the same results, errors, order and properties. A promise is handed on as it is; with a transport
 * that has to be waited for, one that settles the same way afterwards. What is no function is returned as it is, and so is
 * a handler that is watched already.
 */
export function watched<Value>(handler: Value, recorder: Recorder): Value;
export function watched(handler: unknown, recorder: Recorder): unknown {
  if (!isHandler(handler) || read(handler, WATCHED) === true) return handler;
  const isStreaming = read(handler, STREAMING) !== undefined;
  const wrapper = function (this: unknown, ...words: Words): unknown {
    const invocation = recorder.begin(words[0], words[isStreaming ? 2 : 1]);
    if (invocation === undefined) return Reflect.apply(handler, this, words);
    return recorder.run(invocation, () => called({ handler, self: this, words, isStreaming, recorder, invocation }));
  };
  copyProperties(handler, wrapper, isStreaming ? handler.length : Math.min(handler.length, PARAMETERS_MAX));
  return wrapper;
}

/** One call of a watched handler. */
interface HandlerCall {
  readonly handler: Handler;
  readonly self: unknown;
  readonly words: Words;
  readonly isStreaming: boolean;
  readonly recorder: Recorder;
  readonly invocation: Invocation;
}

function called(call: HandlerCall): unknown {
  const { handler, self, words, isStreaming, recorder, invocation } = call;
  const given = words[2];
  if (isStreaming) return settled(call, applied(call, words));
  if (isHandler(given)) {
    const result = applied(call, [words[0], words[1], callbackOf(call, given), ...words.slice(3)]);
    if (result !== undefined) return settled(call, result);
    // It may call back later, or never.
    recorder.returned(invocation);
    return undefined;
  }
  if (handler.length <= PARAMETERS_MAX) return settled(call, applied(call, words));
  return new Promise((resolve, reject) => {
    const callback = callbackOf(call, (error, result) =>
      error === null || error === undefined ? resolve(result) : reject(error),
    );
    const result = applied(call, [words[0], words[1], callback, ...words.slice(3)]);
    if (isThenable(result)) resolve(settled(call, result));
    else if (result !== undefined) recorder.returned(invocation);
  });

  function applied({ invocation: of }: HandlerCall, given: Words): unknown {
    try {
      return Reflect.apply(handler, self, given);
    } catch (error) {
      recorder.end(of, { status: 'error', error });
      throw error;
    }
  }
}

/** Reports the result of a handler when it is there, and hands it on. */
function settled({ recorder, invocation }: HandlerCall, result: unknown): unknown {
  if (!isThenable(result)) {
    recorder.end(invocation, { status: 'ok', result });
    return result;
  }
  const succeed = (value: unknown) => recorder.end(invocation, { status: 'ok', result: value });
  const fail = (error: unknown) => recorder.end(invocation, { status: 'error', error });
  if (isPlainPromise(result) && !recorder.waits) {
    result.then(succeed, fail);
    return result;
  }
  // Other thenables may begin their work when `then` is called: it is called when the runtime does, once.
  const settle = (given: unknown, refused: unknown) =>
    result.then(
      (value) => {
        succeed(value);
        afterFlush(recorder, () => passOn(given, value));
      },
      (error) => {
        fail(error);
        afterFlush(recorder, () => passOn(refused, error));
      },
    );
  if (isPlainPromise(result)) return new Promise(settle);
  return Object.defineProperty(Object.create(result), 'then', { value: settle });
}

function passOn(to: unknown, value: unknown): void {
  if (typeof to === 'function') to(value);
}

/** The runtime's callback, reported when it is called first. */
function callbackOf({ recorder, invocation }: HandlerCall, given: Handler) {
  let waiting: Promise<void> | undefined;
  return function (this: unknown, ...words: Words): unknown {
    const [error, result] = words;
    const isError = error !== null && error !== undefined;
    recorder.end(invocation, isError ? { status: 'error', error } : { status: 'ok', result });
    waiting ??= recorder.flush();
    if (waiting === undefined) return Reflect.apply(given, this, words);
    waiting.then(() => Reflect.apply(given, this, words));
    return undefined;
  };
}

function afterFlush(recorder: Recorder, goOn: () => void): void {
  const flushed = recorder.flush();
  if (flushed === undefined) goOn();
  else flushed.then(goOn);
}

/** Everything that was attached to the handler, the mark of streaming above all, is on the wrapper too. */
function copyProperties(handler: Handler, wrapper: Handler, length: number): void {
  for (const key of Reflect.ownKeys(handler)) {
    if (key === 'length' || key === 'prototype' || key === 'arguments' || key === 'caller') continue;
    const descriptor = Object.getOwnPropertyDescriptor(handler, key);
    if (descriptor !== undefined) Reflect.defineProperty(wrapper, key, descriptor);
  }
  Reflect.defineProperty(wrapper, 'length', { value: length, configurable: true });
  Reflect.defineProperty(wrapper, WATCHED, { value: true });
}

function isHandler(value: unknown): value is Handler {
  return typeof value === 'function';
}

interface Thenable {
  then(succeed: (value: unknown) => void, fail: (error: unknown) => void): unknown;
}

function isThenable(value: unknown): value is Thenable {
  return typeof read(value, 'then') === 'function';
}

/** A promise whose `then` is Node's own and has no effect of its own. */
function isPlainPromise(value: Thenable): boolean {
  return value instanceof Promise && value.then === Promise.prototype.then;
}
