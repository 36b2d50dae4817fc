import type { Platform } from './invocation.ts';
import { read, textAt } from './objects.ts';
import { identifier } from './redact.ts';
import type { Settings } from './settings.ts';
import { WIRE_FLAG } from './wire.ts';

/** What an ARN says; remembered, because almost all invocations of a sandbox name the same. */
interface Named {
  readonly arn: string;
  readonly function: string;
  readonly qualifier: string;
  readonly account: string;
}

/** Says who the function is and which request an invocation serves, from the platform's context. About 0.5 µs. */
export class Identity {
  readonly #settings: Settings;
  #named: Named;

  constructor(settings: Settings) {
    this.#settings = settings;
    const { name, region } = settings;
    const key = settings.function || (name === '' ? '' : `aws:?:${region}:${name}`);
    this.#named = { arn: '', function: key, qualifier: '', account: '?' };
  }

  /** Key of the function as far as it is known. */
  get function(): string {
    return this.#named.function;
  }

  /** Account of the function, `?` until the first invocation. */
  get account(): string {
    return this.#named.account;
  }

  /** What the context of an invocation says. */
  of(context: unknown): Platform {
    const arn = read(context, 'invokedFunctionArn');
    if (typeof arn === 'string' && arn !== this.#named.arn) this.#learn(arn);
    const trace = process.env['_X_AMZN_TRACE_ID'];
    return {
      function: this.#named.function,
      qualifier: this.#named.qualifier,
      requestId: identifier(read(context, 'awsRequestId')),
      ...(trace === undefined ? UNTRACED : traceOf(trace)),
    };
  }

  #learn(arn: string): void {
    const [, region, account, name, qualifier = ''] =
      /^arn:aws[a-z0-9-]*:lambda:([a-z0-9-]{1,32}):([0-9A-Za-z-]{1,32}):function:([\w.-]{1,140})(?::([\w$-]{1,128}))?$/.exec(
        arn,
      ) ?? [];
    if (name === undefined) return;
    const key = this.#settings.function || `aws:${account}:${region}:${name}`;
    this.#named = { arn, function: key, qualifier, account };
  }
}

const UNTRACED = { traceId: '', parentSpanId: '', flags: 0 };

function traceOf(header: string) {
  const [, root = ''] = /Root=(1-[0-9a-f]{8}-[0-9a-f]{24})(?:;|$)/.exec(header) ?? [];
  if (root === '') return UNTRACED;
  const [, parent = ''] = /Parent=([0-9a-f]{16})(?:;|$)/.exec(header) ?? [];
  return { traceId: root, parentSpanId: parent, flags: header.includes('Sampled=1') ? WIRE_FLAG.sampled : 0 };
}

/** How long an invocation may still run, ms; infinite when the platform does not say. */
export function remainingMs(context: unknown): number {
  const ask = read(context, 'getRemainingTimeInMillis');
  if (typeof ask !== 'function') return Number.POSITIVE_INFINITY;
  try {
    const left: unknown = Reflect.apply(ask, context, []);
    return typeof left === 'number' && left > 0 ? left : Number.POSITIVE_INFINITY;
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}

/** Bytes of a response: of the body where it is one of HTTP. */
export function bodyOfResponse(result: unknown): unknown {
  return textAt(result, 'body') === '' ? result : textAt(result, 'body');
}
