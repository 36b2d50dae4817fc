import { createHash } from 'node:crypto';
import type { BatchBuilder } from '@gait/engine/event/batch-builder';
import { FLAG } from '@gait/engine/event/schema';
import { clientClass } from './client.ts';
import { changeKindOf } from './cloudtrail-changes.ts';
import { touchedBy } from './cloudtrail-resource.ts';
import type { DecodeContext, Decoder, RecordRange, RejectReason } from './decoder.ts';
import { serviceName } from './destination.ts';
import { type Place, type Principal, principalOf } from './identity.ts';
import {
  isObject,
  type JsonObject,
  own,
  ownAmount,
  ownArray,
  ownText,
  parseJson,
  parseJsonText,
} from './json-document.ts';
import { errorClass } from './names.ts';
import { type RecordPlace, setAmounts, setIds, setNames, startRow, timestampMs } from './row.ts';

/** Envelopes around an event: lists, the delivery of an event bus, a delivered file, a page of a look-up and its entry. */
const ENVELOPES_MAX = 6;
/** Major version of the record format; a new one may change what fields mean. */
const MAJOR_VERSION = '1';
/** Services that log in one region whatever region the caller is in. */
const GLOBAL_SERVICES: ReadonlySet<string> = new Set([
  'cloudfront',
  'iam',
  'organizations',
  'route53',
  'signin',
  'sso',
  'sts',
]);

/**
 * AWS CloudTrail: events, lists of events, delivered files with `Records`, lines of events, each also as an event bus
 * (EventBridge) delivers it, and what `aws cloudtrail lookup-events` prints: `Events` whose `CloudTrailEvent` is an event as
 * a string, or only those strings.
 *
 * A call on the watch list (code, configuration, permission, trigger, policy, trail, identity) is a `change` row, any
 * other an `audit` row. `function` is the function whose role made the call; what was touched, also when it is a
 * function, is `resource`. `bytesOut` and `bytesIn` are the caller's: what S3 counts as transferred in, it sent out.
 * Events are unordered, best effort, minutes late, and data events are there only if bought.
 */
export const cloudtrailDecoder: Decoder = { format: 'cloudtrail', framing: 'either', sniff, decode };

function sniff(head: Uint8Array, name: string): number {
  const text = new TextDecoder().decode(head.subarray(0, 16_384));
  if (!/^\s*[[{]/.test(text)) return 0;
  const called = /"eventSource"\s*:\s*"[a-z0-9.-]+\.amazonaws\.com"/.test(text);
  if (called && /"eventName"\s*:/.test(text)) return 0.95;
  if (/"CloudTrailEvent"\s*:\s*"\s*\{/.test(text)) return 0.9;
  if (/^\s*\[\s*"\s*\{/.test(text) && /\\"eventSource\\"\s*:\s*\\"[a-z0-9.-]+\.amazonaws\.com\\"/.test(text))
    return 0.9;
  const hasIdentity = /"eventVersion"\s*:\s*"1\.\d\d"/.test(text) && /"userIdentity"\s*:/.test(text);
  if (hasIdentity) return 0.8;
  return /^\s*\{\s*"Records"/.test(text) && /CloudTrail/i.test(name) ? 0.6 : 0;
}

function decode(bytes: Uint8Array, range: RecordRange, context: DecodeContext): void {
  const document = parseJson(bytes, range.start, range.end);
  const reader = new EventReader({ context, range });
  if ('reason' in document) reader.reject(document.reason, 'CloudTrail document');
  else reader.open(document.value, ENVELOPES_MAX);
}

/** What the rest of the row follows from. */
interface Call {
  readonly service: string;
  /** `service:Name`, without the version suffix of the name. */
  readonly action: string;
  readonly place: Place;
  readonly actor: Principal;
}

/** Turns one record into rows. Lives for one record. */
class EventReader {
  readonly #place: RecordPlace;

  constructor(place: RecordPlace) {
    this.#place = place;
  }

  reject(reason: RejectReason, detail: string): void {
    this.#place.context.sink.reject(reason, detail, this.#place.range.line);
  }

  open(value: unknown, envelopes: number): void {
    if (envelopes === 0) this.reject('too-deep', 'CloudTrail events in too many lists');
    else if (Array.isArray(value)) this.#list(value, envelopes - 1);
    else if (typeof value === 'string' && /^\s*[[{]/.test(value)) this.#text(value, envelopes - 1);
    else if (!isObject(value)) this.reject('wrong-type', 'CloudTrail event is not an object');
    else if (Array.isArray(own(value, 'Records'))) this.#list(ownArray(value, 'Records'), envelopes - 1);
    else if (own(value, 'Records') !== undefined) this.reject('wrong-type', 'Records is not a list');
    else if (Array.isArray(own(value, 'Events'))) this.#list(ownArray(value, 'Events'), envelopes - 1);
    else if (isDelivery(value)) this.open(own(value, 'detail'), envelopes - 1);
    else if (own(value, 'CloudTrailEvent') !== undefined) this.#entry(own(value, 'CloudTrailEvent'), envelopes - 1);
    else this.#event(value);
  }

  /** Nothing is allowed where there may be events, and is no event where there must be one. */
  #list(events: readonly unknown[], envelopes: number): void {
    for (const event of events) this.#element(event, envelopes);
  }

  #element(value: unknown, envelopes: number): void {
    if (Array.isArray(value) && value.length === 0) this.reject('wrong-type', 'an empty list in place of an event');
    else this.open(value, envelopes);
  }

  /** An entry of a look-up, of which everything but the event itself is a shorter copy. */
  #entry(event: unknown, envelopes: number): void {
    if (typeof event === 'string') this.#text(event, envelopes);
    else this.reject('wrong-type', 'CloudTrailEvent is not text');
  }

  #text(text: string, envelopes: number): void {
    const document = parseJsonText(text);
    if ('reason' in document) this.reject(document.reason, 'CloudTrail event in a string');
    else this.#element(document.value, envelopes);
  }

  #event(event: JsonObject): void {
    const [major] = ownText(event, 'eventVersion').split('.', 1);
    if (ownText(event, 'eventType') === 'AwsCloudTrailInsight') this.#place.context.sink.note('insight-event');
    else if (major !== '' && major !== MAJOR_VERSION)
      this.reject('unknown-format', 'CloudTrail event version other than 1');
    else if (this.#hasName(event)) this.#row(event, this.#call(event));
  }

  /** An event without a service and a name says nothing; any other field may be missing. */
  #hasName(event: JsonObject): boolean {
    for (const field of ['eventSource', 'eventName']) {
      const value = own(event, field);
      if (value === undefined) this.reject('missing-field', `CloudTrail event without ${field}`);
      else if (typeof value !== 'string') this.reject('wrong-type', `${field} is not text`);
      else if (/^[A-Za-z][A-Za-z0-9._ -]{0,127}$/.test(value)) continue;
      else this.reject('unknown-format', `${field} is no name`);
      return false;
    }
    return true;
  }

  #call(event: JsonObject): Call {
    const { defaults, tokens } = this.#place.context;
    const service = serviceName(ownText(event, 'eventSource'));
    const name = ownText(event, 'eventName').replace(/\d{8}(v\d+)?$/, '');
    const identity = own(event, 'userIdentity');
    const account =
      accountOf(ownText(identity, 'accountId')) || accountOf(ownText(event, 'recipientAccountId')) || defaults.account;
    const logged = ownText(event, 'awsRegion') || defaults.region;
    const place = { provider: 'aws', account, region: logged };
    const home = GLOBAL_SERVICES.has(service) && defaults.region !== '' ? { ...place, region: defaults.region } : place;
    const actor = principalOf(identity, { tokens, place: home, userAgent: ownText(event, 'userAgent') });
    return { service, action: `${service}:${name}`, place, actor };
  }

  #row(event: JsonObject, call: Call): void {
    const { context } = this.#place;
    const changeKind = changeKindOf(call.action);
    const eventMs = timestampMs(ownText(event, 'eventTime'));
    const rows = startRow(this.#place, {
      kind: changeKind === undefined ? 'audit' : 'change',
      source: 'cloudtrail',
      eventMs,
    });
    const touched = touchedBy(event, call);
    setNames(this.#place, rows, {
      changeKind: changeKind ?? '',
      action: call.action,
      resource: touched.resource,
      qualifier: touched.qualifier,
      revision: revisionOf(event),
      function: call.actor.functionKey ?? '',
      principal: call.actor.principal,
      principalKind: call.actor.kind,
      network: this.#network(event),
      country: this.#place.context.tokens.country?.(ownText(event, 'sourceIPAddress')) ?? '',
      instance: sessionOf(event),
      client: clientClass(ownText(event, 'userAgent')),
      account: accountOf(ownText(event, 'recipientAccountId')) || context.defaults.account,
    });
    setIds(rows, { eventId: ownText(event, 'eventID'), requestId: ownText(event, 'requestID') });
    setAmounts(this.#place, rows, {
      bytesOut: ownAmount(event, 'additionalEventData', 'bytesTransferredIn'),
      bytesIn: ownAmount(event, 'additionalEventData', 'bytesTransferredOut'),
    });
    setOutcome(this.#place, rows, event);
    rows.end();
  }

  /** The caller's network: a private endpoint by its id, a service by its name, an address by its network's token. */
  #network(event: JsonObject): string {
    const endpoint = ownText(event, 'vpcEndpointId');
    if (/^vpce-[0-9a-z]{1,40}$/.test(endpoint)) return endpoint;
    const source = ownText(event, 'sourceIPAddress');
    if (source === 'AWS Internal') return 'aws-internal';
    if (/^[a-z0-9.-]{1,80}\.amazonaws\.com(\.cn)?$/.test(source)) return source;
    return this.#place.context.tokens.network(source);
  }
}

/**
 * A session by the id of its temporary key (`ASIA...`), hashed: 80 random bits, which nobody guesses back. '' for long-lived keys,
 * and for calls that a service makes with the caller's session from a place of its own.
 */
function sessionOf(event: JsonObject): string {
  const key = ownText(event, 'userIdentity', 'accessKeyId');
  if (!/^ASIA[A-Z0-9]{1,124}$/.test(key) || ownText(event, 'userIdentity', 'invokedBy') !== '') return '';
  if (/\.amazonaws\.com|^AWS Internal$/.test(ownText(event, 'sourceIPAddress'))) return '';
  return `session_${createHash('sha256').update(key).digest('hex').slice(0, 16)}`;
}

/** Whether an event bus delivers the event: `{"detail-type": "AWS API Call via CloudTrail", "detail": {...}}`. */
function isDelivery(value: JsonObject): boolean {
  return / via CloudTrail$/.test(ownText(value, 'detail-type')) && isObject(own(value, 'detail'));
}

/** An account's number, '' for anything else in its place. */
function accountOf(text: string): string {
  return /^\d{12}$/.test(text) ? text : '';
}

function setOutcome(place: RecordPlace, rows: BatchBuilder, event: JsonObject): void {
  const code = errorCodeOf(event);
  const isThrottled = /throttl|toomanyrequests|requestlimitexceeded|slowdown/i.test(code);
  const isRefused = /access.?denied|unauthori[sz]ed|forbidden|authfailure|failedsignin/i.test(code);
  setNames(place, rows, { status: isThrottled ? 'throttle' : code === '' ? 'ok' : 'error', errorType: code });
  if (isThrottled || isRefused) rows.flag(FLAG.denied);
  if (isReadOnly(event)) rows.flag(FLAG.readOnly);
}

/** Code of the error, `FailedSignIn` for a sign-in that the response calls a failure, '' when the call succeeded. */
function errorCodeOf(event: JsonObject): string {
  const code = ownText(event, 'errorCode');
  if (code !== '') return errorClass(code) || 'other';
  const response = own(event, 'responseElements');
  const isFailure = isObject(response) && Object.values(response).some((value) => value === 'Failure');
  return isFailure && /Login|SignIn|Authenticat/.test(ownText(event, 'eventName')) ? 'FailedSignIn' : '';
}

/** Old events do not say whether they only read; then the verb does. */
function isReadOnly(event: JsonObject): boolean {
  const stated = own(event, 'readOnly');
  if (typeof stated === 'boolean') return stated;
  return /^(Get|List|Describe|Head|Lookup|BatchGet|Query|Scan|Search)(?![a-z])/.test(ownText(event, 'eventName'));
}

/** Hash of the code that a change installed: the learning unit where no version was published. */
function revisionOf(event: JsonObject): string {
  const code = ownText(event, 'responseElements', 'codeSha256');
  return /^[A-Za-z0-9+/=]{20,64}$/.test(code) ? code : '';
}
