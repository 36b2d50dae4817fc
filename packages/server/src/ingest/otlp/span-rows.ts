import { assert } from '@gait/engine/base/assert';
import { CALLS_PER_ROW_MAX } from '@gait/engine/base/limits';
import type { BatchBuilder } from '@gait/engine/event/batch-builder';
import { FLAG } from '@gait/engine/event/schema';
import { clientClass } from '../client.ts';
import { envelopeKey, type Place } from '../identity.ts';
import { errorClass } from '../names.ts';
import { type RecordPlace, startRow } from '../row.ts';
import { AsciiWriter } from './ascii-writer.ts';
import { SLOT } from './attribute-names.ts';
import { Calls } from './calls.ts';
import { NESTED_ENTRIES_MAX } from './limits.ts';
import { momentMs } from './nanos.ts';
import { Remembered } from './remembered.ts';
import { LINK_WORDS, SpanDetail, type SpanReader } from './span-detail.ts';
import type { SpanTable } from './span-table.ts';
import { ROLE } from './span-tree.ts';
import { callStatus, invocationStatus } from './status.ts';
import type { Texts } from './texts.ts';
import { TRIGGER_SLOTS, triggerOf } from './trigger.ts';
import { allowedKey, type Sender, Whose } from './whose.ts';

/** A span that makes a row: who sent it, and the function the sender runs as far as known. */
export interface RowSpan {
  readonly sender: Sender;
  readonly key: string;
}

/** A row with the spans that belong to it, in order of start, and the roles of all spans. */
export interface FoldedSpan extends RowSpan {
  readonly members: Uint32Array;
  readonly roles: Uint8Array;
}

interface Folding extends FoldedSpan {
  /** Where the function lives. */
  readonly home: Place;
  /** Calls the row has already. */
  readonly before: number;
}

const TRACE_HEX = [0, 32] as const;
const SPAN_HEX = [0, 16] as const;
const HEX_DIGITS = new TextEncoder().encode('0123456789abcdef');
/** Longest offset of a call from its invocation, ms: a day. More is a wrong clock, and unknown is better. */
const OFFSET_MS_MAX = 86_400_000;
const SAMPLED = 1;

/** Writes the rows of spans: the mapping documented in docs/reference/otel.md. */
export class SpanRows {
  readonly #source: string;
  readonly #table: SpanTable;
  readonly #whose = new Whose();
  readonly #calls = new Calls();
  readonly #ascii = new AsciiWriter();
  readonly #clients = new Remembered<string>();
  readonly #detail: SpanDetail;
  /** Second span looked at while the first is in work. */
  readonly #other: SpanDetail;
  readonly #hex = new Uint8Array(TRACE_HEX[1]);
  #place: RecordPlace | undefined;
  #reader: SpanReader | undefined;
  #envelope = '';

  constructor(source: string, table: SpanTable, texts: Texts) {
    this.#source = source;
    this.#table = table;
    this.#detail = new SpanDetail(texts);
    this.#other = new SpanDetail(texts);
  }

  begin(place: RecordPlace, reader: SpanReader): void {
    this.#place = place;
    this.#reader = reader;
    this.#envelope = envelopeKey(place.context.defaults);
    this.#ascii.begin(place.context);
  }

  /** An invocation with its calls, and one more row for each of its span links. */
  invocation(at: number, span: FoldedSpan): void {
    const isRead = this.#read(at, this.#detail);
    const named = this.#whose.named(this.#detail.attributes, span.sender);
    const key = isRead ? this.#allowed(named.key) : '';
    if (key === '') {
      this.#note('span-of-refused', span.members.length);
      return;
    }
    this.#askNested(span);
    const rows = this.#start(at, span.sender, key);
    this.#ascii.symbol(rows, 'qualifier', named.qualifier);
    this.#outcome(rows);
    this.#cause(rows, named.place.account);
    this.#amounts(at, rows, span.sender);
    this.#foldCalls(at, rows, { ...span, home: named.place, before: 0 });
    rows.end();
    this.#linkRows(at, span.sender, key);
  }

  /** A call whose invocation is not at hand, with the calls below it. */
  call(at: number, span: FoldedSpan): void {
    if (span.key === '' && this.#envelope === '') {
      this.#note('call-without-function', span.members.length + 1);
      return;
    }
    const key = this.#allowed(span.key);
    if (key === '') {
      this.#note('span-of-refused', span.members.length);
      return;
    }
    const rows = this.#start(at, span.sender, key);
    rows.flag(FLAG.link);
    this.#addCall(rows, at, { of: at, home: span.sender.place });
    this.#foldCalls(at, rows, { ...span, home: span.sender.place, before: 1 });
    rows.end();
  }

  /** A span that is only there so that parents can be followed. */
  link(at: number, { sender, key }: RowSpan): void {
    if (key === '' && this.#envelope === '') {
      this.#note('span-not-function', 1);
      return;
    }
    const allowed = this.#allowed(key);
    if (allowed === '') return;
    const rows = this.#start(at, sender, allowed);
    rows.flag(FLAG.link);
    rows.end();
  }

  /** Key under which a row about function `key` is kept; '' after rejecting it. */
  #allowed(key: string): string {
    const allowed = allowedKey(key, this.#envelope);
    if (allowed === undefined) {
      this.#sink.claimed?.(key);
      this.#sink.reject('identity-mismatch', `span of ${key} from ${this.#envelope}`, this.#line);
      return '';
    }
    if (allowed === '') this.#sink.reject('missing-field', 'invocation without the name of its function', this.#line);
    return allowed;
  }

  /** Reads a span; false after rejecting it. */
  #read(at: number, detail: SpanDetail): boolean {
    detail.clear();
    this.#reader?.read(this.#table.rest[at], this.#table.to[at], detail);
    if (detail.problem !== '') {
      this.#sink.reject(detail.problem, 'attributes of a span', this.#line);
      return false;
    }
    if (detail.attributesCut) this.#sink.note('attributes-cut');
    return true;
  }

  /** Begins a row at a span, with what all rows carry. */
  #start(at: number, sender: Sender, key: string): BatchBuilder {
    const place = this.#placed;
    const { from, to, startMs, startRest, trace, parent, span: ids } = this.#table;
    const rows = startRow(place, {
      kind: 'otel',
      source: this.#source,
      eventMs: momentMs(startMs[at], startRest[at]),
    });
    if (this.#reader?.exact === true) {
      rows.locate(this.#sink.origin, place.range.originOffset + from[at], to[at] - from[at], this.#line);
    }
    this.#ascii.symbol(rows, 'function', key);
    this.#ascii.checked(rows, 'revision', sender.revision);
    this.#ascii.symbol(rows, 'instance', sender.instance);
    this.#ascii.symbol(rows, 'account', place.context.defaults.account);
    rows.idBytes('traceId', this.#hexOf(trace, 4 * at, 4), TRACE_HEX);
    rows.idBytes('spanId', this.#hexOf(ids, 2 * at, 2), SPAN_HEX);
    if (!this.#table.isRoot(at)) rows.idBytes('parentSpanId', this.#hexOf(parent, 2 * at, 2), SPAN_HEX);
    return rows;
  }

  /** Lets SERVER and CONSUMER spans below the invocation tell what it does not: trigger and links. */
  #askNested({ members, roles }: FoldedSpan): void {
    let asked = 0;
    for (const member of members) {
      if (roles[member] !== ROLE.entry) continue;
      if (++asked > NESTED_ENTRIES_MAX) this.#sink.note('nested-cut');
      else if (this.#read(member, this.#other)) {
        this.#detail.attributes.fillFrom(this.#other.attributes, TRIGGER_SLOTS);
        this.#detail.addLinks(this.#other);
      }
    }
  }

  #outcome(rows: BatchBuilder): void {
    const { attributes, statusCode, exceptionType } = this.#detail;
    const errorType = errorClass(attributes.text(SLOT.errorType) || exceptionType);
    const status = invocationStatus(attributes, statusCode, errorType);
    this.#ascii.symbol(rows, 'status', status);
    if (status !== 'ok') this.#ascii.symbol(rows, 'errorType', errorType);
    if (attributes.isTrue(SLOT.coldStart)) rows.flag(FLAG.cold);
    if ((this.#detail.flags & SAMPLED) !== 0) rows.flag(FLAG.sampled);
  }

  /** What fired the invocation, and who asked for it. */
  #cause(rows: BatchBuilder, homeAccount: string): void {
    const { attributes } = this.#detail;
    const { tokens } = this.#placed.context;
    const trigger = triggerOf(attributes, homeAccount);
    this.#ascii.symbol(rows, 'triggerKind', trigger.kind);
    this.#ascii.symbol(rows, 'triggerSource', trigger.source);
    const user = attributes.text(SLOT.endUser);
    if (user !== '') {
      this.#ascii.checked(rows, 'principal', tokens.person(user.toLowerCase()));
      this.#ascii.symbol(rows, 'principalKind', 'person');
    }
    const address = firstAddress(attributes.text(SLOT.clientAddress));
    if (address !== '') this.#ascii.checked(rows, 'network', tokens.network(address));
    const agent = attributes.text(SLOT.userAgent);
    if (agent !== '') this.#ascii.symbol(rows, 'client', this.#clients.get(agent, clientClass));
    const country = attributes.text(SLOT.country);
    if (/^[A-Z]{2}$/.test(country)) this.#ascii.symbol(rows, 'country', country);
  }

  #amounts(at: number, rows: BatchBuilder, sender: Sender): void {
    const { attributes, linksSeen } = this.#detail;
    const batch = attributes.amount(SLOT.messagingBatch);
    rows.number('durationMs', this.#table.durationMs[at]);
    rows.number('memorySizeMb', sender.memorySizeMb);
    rows.number('requestBytes', attributes.amount(SLOT.requestSize));
    rows.number('responseBytes', attributes.amount(SLOT.responseSize));
    rows.number('batchSize', Number.isNaN(batch) && linksSeen > 0 ? linksSeen : batch);
    this.#ascii.id(rows, 'requestId', attributes.text(SLOT.invocationId) || attributes.text(SLOT.awsRequestId));
  }

  /** Adds the calls among the members, after `before` others, up to what a row holds. */
  #foldCalls(of: number, rows: BatchBuilder, { members, roles, home, before }: Folding): void {
    let calls = before;
    for (const member of members) {
      if (roles[member] !== ROLE.call) continue;
      if (calls++ < CALLS_PER_ROW_MAX) this.#addCall(rows, member, { of, home });
      else {
        rows.flag(FLAG.callsCut);
        this.#sink.note('calls-cut');
      }
    }
  }

  #addCall(rows: BatchBuilder, at: number, { of, home }: { readonly of: number; readonly home: Place }): void {
    const detail = this.#other;
    if (!this.#read(at, detail)) return;
    const { attributes } = detail;
    const { durationMs, span } = this.#table;
    const call = this.#calls.name(attributes, home);
    if (call.verb === '') this.#sink.note('call-unrecognised');
    const index = rows.callSymbols(
      this.#ascii.intern(rows, call.verb || 'call'),
      this.#ascii.intern(rows, call.resource),
      this.#ascii.intern(rows, call.destination),
    );
    const offset = this.#table.offsetMs(of, at);
    const bytesOut = attributes.amount(attributes.has(SLOT.requestSize) ? SLOT.requestSize : SLOT.messagingSize);
    rows.callAmounts(index, bytesOut, attributes.amount(SLOT.responseSize));
    rows.callStatus(index, callStatus(attributes, detail.statusCode));
    rows.callTimes(index, Math.abs(offset) <= OFFSET_MS_MAX ? offset : Number.NaN, durationMs[at]);
    rows.callSpan(index, span[2 * at], span[2 * at + 1]);
  }

  /** Says of each linked span that it caused this one: in queues, parents are links. */
  #linkRows(at: number, sender: Sender, key: string): void {
    const { links, linkCount, linksSeen } = this.#detail;
    this.#note('links-cut', linksSeen - linkCount);
    for (let link = 0; link < linkCount; link++) {
      const rows = this.#start(at, sender, key);
      rows.flag(FLAG.link);
      rows.idBytes('traceId', this.#hexOf(links, LINK_WORDS * link, 4), TRACE_HEX);
      rows.idBytes('parentSpanId', this.#hexOf(links, LINK_WORDS * link + 4, 2), SPAN_HEX);
      rows.end();
    }
  }

  /** Digits of `count` words, valid until the next call. */
  #hexOf(words: Uint32Array, from: number, count: number): Uint8Array {
    const hex = this.#hex;
    let at = 0;
    for (let word = from; word < from + count; word++) {
      for (let shift = 28; shift >= 0; shift -= 4) hex[at++] = HEX_DIGITS[(words[word] >>> shift) & 15];
    }
    return hex;
  }

  #note(name: string, times: number): void {
    for (let time = 0; time < times; time++) this.#sink.note(name);
  }

  get #placed(): RecordPlace {
    assert(this.#place !== undefined, 'begin was called');
    return this.#place;
  }

  get #sink() {
    return this.#placed.context.sink;
  }

  get #line(): number {
    return this.#placed.range.line;
  }
}

/** Behind proxies the attribute may hold the whole chain: the first is the client. */
function firstAddress(addresses: string): string {
  const comma = addresses.indexOf(',');
  return comma < 0 ? addresses : addresses.slice(0, comma).trim();
}
