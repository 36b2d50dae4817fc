import { destinationOfArn, resourceOfArn } from '../destination.ts';
import { type Principal, principalOf } from '../identity.ts';
import { isObject, own, ownAmount, ownText } from '../json-document.ts';
import { traceIdOf } from '../lambda-report.ts';
import { timestampMs } from '../row.ts';
import type { Tokens } from '../tokens.ts';

/** What fired an invocation, in the words of the `triggerKind` column. */
export type TriggerKind = 'http' | 'queue' | 'timer' | 'object' | 'stream' | 'topic' | 'invoke' | 'edge' | 'other';

/** What an event says about the invocation it fired. What it does not say is left out, or is '' or NaN. */
export interface Told {
  readonly kind: TriggerKind;
  /** Route, queue, bucket, rule, ...: see the table in docs/reference/trigger-events.md. */
  readonly source: string;
  readonly timeMs?: number;
  readonly batchSize?: number;
  readonly requestBytes?: number;
  readonly principal?: Principal;
  /** Address of the caller as it stands in the event: only its network's token is kept. */
  readonly address?: string;
  /** Raw user agent: only its class is kept. */
  readonly userAgent?: string;
  readonly country?: string;
  /** The function that received the event, where the event names it. */
  readonly receiver?: string;
  readonly traceId?: string;
  /** Id of the event: copies have the same. */
  readonly eventId?: string;
  /** What was left aside, as a note. */
  readonly unread?: 'log-data-unread' | 'partitions-cut';
}

/** What is needed to read an event besides the event. */
export interface TellContext {
  readonly tokens: Tokens;
  /** Account the function lives in, `?` when unknown: resources of others carry their owner. */
  readonly home: string;
}

/** One kind of event: how it is recognised, and what it says. `is` looks at the names of a few fields only. */
export interface Shape {
  readonly name: string;
  is(event: unknown): boolean;
  tell(event: unknown, context: TellContext): Told;
}

/** Characters of a name that a service allows in what it fires: longer ones are not names. */
const NAME = /^[A-Za-z0-9][\w.:$+-]{0,127}$/;
/** The same with its type in front, as ARNs have it: `rule/nightly`. */
const RESOURCE = /^[A-Za-z0-9][\w.$+ /-]{0,255}$/;
/** What events say that name no caller. */
export const NOBODY: Principal = { principal: '', kind: '' };

/** A name of a resource as services make them, without slashes; '' for anything else. */
export function nameOf(text: string): string {
  return NAME.test(text) ? text : '';
}

/** `service/name`, or the service alone when the name cannot be one. */
export function named(service: string, text: string): string {
  const name = nameOf(text);
  return name === '' ? service : `${service}/${name}`;
}

/**
 * Destination key of an ARN if it is one of this service, else the service alone: an ARN of another service in its place
 * could be that of a person.
 */
export function resourceOf(service: string, arn: string, home: string): string {
  const resource = resourceOfArn(arn);
  const isPlain = resource?.service === service && RESOURCE.test(resource.name);
  return isPlain ? destinationOfArn(arn, home) : service;
}

/** A person by whatever identifies them, as a token. */
export function personOf(name: string, { tokens }: TellContext): Principal {
  return name === '' ? NOBODY : { principal: tokens.person(name.toLowerCase()), kind: 'person' };
}

/** The caller that an ARN names: user, role, session of a role; anything else is kept as a person's token. */
export function callerOfArn(arn: string, context: TellContext, userAgent = ''): Principal {
  if (arn === '') return NOBODY;
  const place = { provider: 'aws', account: context.home, region: '' };
  const by = (identity: object) => principalOf(identity, { tokens: context.tokens, place, userAgent });
  if (/^arn:aws[a-z0-9-]*:iam::\d+:(root$|user\/)/.test(arn)) return by({ type: 'IAMUser', arn });
  if (/^arn:aws[a-z0-9-]*:sts::\d+:assumed-role\//.test(arn)) return by({ type: 'AssumedRole', arn });
  if (/^arn:aws[a-z0-9-]*:iam::\d+:role\//.test(arn))
    return by({ type: 'Role', sessionContext: { sessionIssuer: { arn } } });
  return personOf(arn, context);
}

/** The caller that a service names by its id: `AWS:AROA...:session`, `AIDA...`, an account, a service. */
export function callerOfId(id: string, context: TellContext): Principal {
  const plain = id.replace(/^(AWS|AmazonCustomer):/, '');
  const role = /^(AROA[A-Z0-9]{8,32})(?::(.*))?$/s.exec(plain);
  if (/^anonymous$/i.test(plain)) return { principal: 'anonymous', kind: 'anonymous' };
  if (role !== null && !(role[2] ?? '').includes('@')) return { principal: `role:${role[1]}`, kind: 'role' };
  if (role !== null) return personOf(role[2], context);
  if (/^\d{12}$/.test(plain)) return { principal: `account:${plain}`, kind: 'account' };
  if (/^[a-z0-9][a-z0-9-]{0,60}\.amazonaws\.com$/.test(plain))
    return { principal: `service:${plain}`, kind: 'service' };
  return personOf(plain, context);
}

/** Trace id of an `X-Amzn-Trace-Id` or `AWSTraceHeader`. */
export function traceOf(header: string): string {
  return traceIdOf(/(?:^|;\s*)Root=([^;]{1,64})/.exec(header)?.[1] ?? '');
}

/** Time of a moment written as text, as milliseconds or as seconds since 1970; NaN for anything else. */
export function momentOf(value: unknown): number {
  if (typeof value === 'string') return /^\d{13}$/.test(value) ? Number(value) : timestampMs(value);
  if (typeof value !== 'number') return Number.NaN;
  return value < 100_000_000_000 ? Math.round(value * 1000) : value;
}

/** The newest of the moments that the records of a batch have at a path: a batch is delivered after all of them. */
export function newestOf(records: readonly unknown[], ...path: readonly string[]): number {
  let newest = Number.NaN;
  for (const record of records) {
    let at = record;
    for (const key of path) at = own(at, key);
    const moment = momentOf(at);
    if (!(moment <= newest) && !Number.isNaN(moment)) newest = moment;
  }
  return newest;
}

/** Bytes of a body, which may be in base64; NaN when there is none. */
export function bodyBytes(event: unknown): number {
  const body = own(event, 'body');
  if (typeof body !== 'string') return Number.NaN;
  return Buffer.byteLength(body, own(event, 'isBase64Encoded') === true ? 'base64' : 'utf8');
}

/** Headers looked at: front ends refuse more. */
const HEADERS_MAX = 256;

/** Headers of a request with their names in lower case; of several values of one name the last. */
export function headersOf(event: unknown): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const field of ['multiValueHeaders', 'headers']) {
    const headers = own(event, field);
    if (!isObject(headers)) continue;
    for (const name of Object.keys(headers).slice(0, HEADERS_MAX)) {
      const value = own(headers, name);
      const last: unknown = Array.isArray(value) ? value.at(-1) : value;
      if (typeof last === 'string') found.set(name.toLowerCase(), last);
    }
  }
  return found;
}

/** An id that tells events apart, at a path; numbers are written out. */
export function idOf(event: unknown, ...path: readonly string[]): string {
  const text = ownText(event, ...path);
  if (text !== '') return text;
  const number = ownAmount(event, ...path);
  return Number.isNaN(number) ? '' : String(number);
}
