import { assert } from '@gait/engine/base/assert';
import type { BatchBuilder } from '@gait/engine/event/batch-builder';
import { FLAG } from '@gait/engine/event/schema';
import { clientClass } from '../client.ts';
import { envelopeKey } from '../identity.ts';
import { type RecordPlace, startRow } from '../row.ts';
import { SLOT } from './attribute-names.ts';
import { Calls } from './calls.ts';
import { NESTED_ENTRIES_MAX } from './limits.ts';
import { momentMs } from './nanos.ts';
import { Remembered } from './remembered.ts';
import { LINK_WORDS, SpanDetail, type SpanReader } from './span-detail.ts';
import type { SpanTable } from './span-table.ts';
import { ROLE } from './span-tree.ts';
import { invocationStatus, plainErrorType } from './status.ts';
import type { Texts } from './texts.ts';
import { TRIGGER_SLOTS, triggerOf } from './trigger.ts';
import { allowedKey, type Named, type Sender } from './whose.ts';

/** A span that makes a row: who sent it, and the function it is about. */
export interface RowSpan {
  readonly sender: Sender;
  readonly named: Named;
}

/** A row with the spans that belong to it, in order of start, and the roles of all spans. */
export interface FoldedSpan extends RowSpan {
  readonly members: Uint32Array;
  readonly roles: Uint8Array;
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
  readonly #calls = new Calls();
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
  }

  /** An invocation with its calls, and one more row for each of its span links. */
  invocation(at: number, span: FoldedSpan): void {
    const key = this.#allowed(span);
    if (key === '' || !this.#read(at, this.#detail)) {
      this.#note('span-of-refused', span.members.length);
      return;
    }
    this.#askNested(span);
    const rows = this.#start(at, { span, key });
    rows.symbol('qualifier', span.named.qualifier);
    this.#outcome(rows);
    this.#cause(rows, span.sender);
    this.#amounts(at, rows, span.sender);
    this.#foldCalls(at, rows, span);
    rows.end();
    this.#linkRows(at, { span, key });
  }

  /** A call whose invocation is not at hand, with the calls below it. */
  call(at: number, span: FoldedSpan): void {
    if (span.named.key === '' && this.#envelope === '') {
      this.#note('call-without-function', span.members.length + 1);
      return;
    }
    const key = this.#allowed(span);
    if (key === '') {
      this.#note('span-of-refused', span.members.length);
      return;
    }
    const rows = this.#start(at, { span, key });
    rows.flag(FLAG.link);
    this.#addCall(rows, at, { of: at, sender: span.sender });
    this.#foldCalls(at, rows, span);
    rows.end();
  }

  /** A span that is only there so that parents can be followed. */
  link(at: number, span: RowSpan): void {
    if (span.named.key === '' && this.#envelope === '') {
      this.#note('link-without-function', 1);
      return;
    }
    const key = this.#allowed(span);
    if (key === '') return;
    const rows = this.#start(at, { span, key });
    rows.flag(FLAG.link);
    rows.end();
  }

  /** Key under which the row is kept; '' after rejecting it. */
  #allowed(span: RowSpan): string {
    const key = allowedKey(span.named.key, this.#envelope);
    if (key === undefined) {
      this.#sink.reject('identity-mismatch', `span of ${span.named.key} from ${this.#envelope}`, this.#line);
      return '';
    }
    if (key === '') this.#sink.reject('missing-field', 'invocation without the name of its function', this.#line);
    return key;
  }

  /** Reads a span; false after rejecting it. */
  #read(at: number, detail: SpanDetail): boolean {
    detail.clear();
    this.#reader?.read(this.#table.from[at], this.#table.to[at], detail);
    if (detail.problem !== '') {
      this.#sink.reject(detail.problem, 'attributes of a span', this.#line);
      return false;
    }
    if (detail.attributesCut) this.#sink.note('attributes-cut');
    return true;
  }

  /** Begins a row at a span, with what all rows carry. */
  #start(at: number, { span, key }: { readonly span: RowSpan; readonly key: string }): BatchBuilder {
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
    rows.symbol('function', key);
    rows.symbol('revision', span.sender.revision);
    rows.symbol('instance', span.sender.instance);
    rows.symbol('account', place.context.defaults.account);
    this.#id(rows, 'traceId', trace.subarray(4 * at, 4 * at + 4));
    this.#id(rows, 'spanId', ids.subarray(2 * at, 2 * at + 2));
    if (!this.#table.isRoot(at)) this.#id(rows, 'parentSpanId', parent.subarray(2 * at, 2 * at + 2));
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
    const errorType = plainErrorType(attributes.text(SLOT.errorType) || exceptionType);
    const status = invocationStatus(attributes, statusCode, errorType);
    rows.symbol('status', status);
    if (status !== 'ok') rows.symbol('errorType', errorType);
    if (attributes.isTrue(SLOT.coldStart)) rows.flag(FLAG.cold);
    if ((this.#detail.flags & SAMPLED) !== 0) rows.flag(FLAG.sampled);
  }

  /** What fired the invocation, and who asked for it. */
  #cause(rows: BatchBuilder, sender: Sender): void {
    const { attributes } = this.#detail;
    const { tokens } = this.#placed.context;
    const trigger = triggerOf(attributes, sender.place.account);
    rows.symbol('triggerKind', trigger.kind);
    rows.symbol('triggerSource', trigger.source);
    const user = attributes.text(SLOT.endUser);
    if (user !== '') {
      rows.symbol('principal', tokens.person(user.toLowerCase()));
      rows.symbol('principalKind', 'person');
    }
    const [address] = attributes.text(SLOT.clientAddress).split(',', 1);
    if (address !== '') rows.symbol('network', tokens.network(address.trim()));
    const agent = attributes.text(SLOT.userAgent);
    if (agent !== '') rows.symbol('client', this.#clients.get(agent, clientClass));
    const country = attributes.text(SLOT.country);
    if (/^[A-Z]{2}$/.test(country)) rows.symbol('country', country);
  }

  #amounts(at: number, rows: BatchBuilder, sender: Sender): void {
    const { attributes, linksSeen } = this.#detail;
    const batch = attributes.amount(SLOT.messagingBatch);
    rows.number('durationMs', this.#table.durationMs[at]);
    rows.number('memorySizeMb', sender.memorySizeMb);
    rows.number('requestBytes', attributes.amount(SLOT.requestSize));
    rows.number('responseBytes', attributes.amount(SLOT.responseSize));
    rows.number('batchSize', Number.isNaN(batch) && linksSeen > 0 ? linksSeen : batch);
    rows.id('requestId', attributes.text(SLOT.invocationId) || attributes.text(SLOT.awsRequestId));
  }

  #foldCalls(of: number, rows: BatchBuilder, { members, roles, sender }: FoldedSpan): void {
    for (const member of members) if (roles[member] === ROLE.call) this.#addCall(rows, member, { of, sender });
  }

  #addCall(rows: BatchBuilder, at: number, { of, sender }: { readonly of: number; readonly sender: Sender }): void {
    const detail = this.#other;
    if (!this.#read(at, detail)) return;
    const { durationMs, span } = this.#table;
    const call = this.#calls.describe(detail.attributes, detail.statusCode, sender.place);
    if (call.verb === '') this.#sink.note('call-unrecognised');
    const index = rows.callSymbols(
      rows.intern(call.verb === '' ? 'call' : call.verb),
      rows.intern(call.resource),
      rows.intern(call.destination),
    );
    if (index < 0) {
      this.#sink.note('calls-cut');
      return;
    }
    const offset = this.#table.offsetMs(of, at);
    rows.callAmounts(index, call.bytesOut, call.bytesIn);
    rows.callStatus(index, call.status);
    rows.callTimes(index, Math.abs(offset) <= OFFSET_MS_MAX ? offset : Number.NaN, durationMs[at]);
    rows.callSpan(index, span[2 * at], span[2 * at + 1]);
  }

  /** Says of each linked span that it caused this one: in queues, parents are links. */
  #linkRows(at: number, row: { readonly span: RowSpan; readonly key: string }): void {
    const { links, linkCount, linksSeen } = this.#detail;
    this.#note('links-cut', linksSeen - linkCount);
    for (let link = 0; link < linkCount; link++) {
      const words = links.subarray(LINK_WORDS * link, LINK_WORDS * (link + 1));
      const rows = this.#start(at, row);
      rows.flag(FLAG.link);
      this.#id(rows, 'traceId', words.subarray(0, 4));
      this.#id(rows, 'parentSpanId', words.subarray(4));
      rows.end();
    }
  }

  #id(rows: BatchBuilder, field: 'traceId' | 'spanId' | 'parentSpanId', words: Uint32Array): void {
    const hex = this.#hex;
    let at = 0;
    for (const word of words) {
      for (let shift = 28; shift >= 0; shift -= 4) hex[at++] = HEX_DIGITS[(word >>> shift) & 15];
    }
    rows.idBytes(field, hex, words.length === 4 ? TRACE_HEX : SPAN_HEX);
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
