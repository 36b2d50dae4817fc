import { assert } from '@gait/engine/base/assert';
import type { RecordPlace } from '../row.ts';
import { SLOT } from './attribute-names.ts';
import type { Attributes } from './attributes.ts';
import { DURATION_MAX_MS, RESOURCES_PER_GROUP_MAX } from './limits.ts';
import { SpanDetail, type SpanReader } from './span-detail.ts';
import { SpanRows } from './span-rows.ts';
import { KIND, SpanHead, SpanTable } from './span-table.ts';
import { ROLE, type SpanFacts, SpanTree } from './span-tree.ts';
import type { Texts } from './texts.ts';
import { type Sender, Whose } from './whose.ts';

/** Attributes that only functions have: a span that carries one is an invocation, whatever its resource says. */
const FUNCTION_SLOTS = [SLOT.trigger, SLOT.invocationId, SLOT.coldStart, SLOT.faasName, SLOT.invokedArn];

/**
 * Turns the spans of one record into rows, whatever encoding they came in. An invocation (SERVER or CONSUMER span of a
 * function) becomes an `otel` row with the calls below it; a call without its invocation becomes a row with
 * `FLAG.link`, as do spans that are needed to follow parents, and span links. Everything else is counted.
 *
 * Use: `begin`, then for each resource `sender` and for each of its spans `head` and `add`, then `finish`. Spans are
 * kept until `finish` or until a group is full, so memory is bounded by one group; a record that needs several is noted
 * as `document-split`, and calls that lose their invocation by it become rows of their own.
 */
export class SpanMapper implements SpanFacts {
  readonly head = new SpanHead();
  readonly #table = new SpanTable();
  readonly #tree = new SpanTree();
  readonly #whose = new Whose();
  readonly #rows: SpanRows;
  readonly #detail: SpanDetail;
  readonly #senders: Sender[] = [];
  /** Function keys that invocations told of processes whose resource has none. */
  readonly #keys = new Map<string, string>();
  /** What each span of the group is taken for. */
  #roles = new Uint8Array(0);
  #members = new Uint32Array(0);
  #place: RecordPlace | undefined;
  #reader: SpanReader | undefined;

  /** `source` is the decoder's name; `texts` must be set over the record's bytes. */
  constructor(source: string, texts: Texts) {
    this.#rows = new SpanRows(source, this.#table, texts);
    this.#detail = new SpanDetail(texts);
  }

  begin(place: RecordPlace, reader: SpanReader): void {
    this.#place = place;
    this.#reader = reader;
    this.#rows.begin(place, reader);
    this.#clear();
  }

  /** The sender that a resource's attributes describe. */
  sender(attributes: Attributes): Sender {
    return this.#whose.sender(attributes, this.#context.defaults);
  }

  /** Adds the span whose head was filled in, or rejects it. */
  add(sender: Sender): void {
    const { head } = this;
    if (!head.hasIds) head.fail('missing-field', 'span without trace or span id');
    if (head.durationMs < 0 || head.durationMs > DURATION_MAX_MS) {
      head.fail('out-of-range', 'span ends before it starts, or days later');
    }
    if (head.problem !== '') {
      this.#context.sink.reject(head.problem, head.detail, this.#line);
      return;
    }
    if (this.#table.full || this.#senders.length >= RESOURCES_PER_GROUP_MAX) {
      this.#context.sink.note('document-split');
      this.finish();
    }
    if (this.#senders.at(-1) !== sender) this.#senders.push(sender);
    this.#table.add(head, this.#senders.length - 1);
  }

  /** Writes the rows of the spans added so far. */
  finish(): void {
    const { count } = this.#table;
    this.#classify();
    this.#table.index();
    this.#tree.resolve(this.#table, this);
    for (let loop = 0; loop < this.#tree.loops; loop++) this.#context.sink.note('parent-loop');
    const members = this.#sortMembers();
    let next = 0;
    for (let at = 0; at < count; at++) {
      const first = next;
      while (next < members.length && this.#tree.owner[members[next]] === at) next++;
      this.#write(at, members.subarray(first, next));
    }
    this.#clear();
  }

  role(at: number): number {
    return this.#roles[at];
  }

  requestId(at: number): string {
    this.#read(at);
    const { attributes } = this.#detail;
    return attributes.text(SLOT.invocationId) || attributes.text(SLOT.awsRequestId);
  }

  sameProcess(one: number, other: number): boolean {
    const { sender } = this.#table;
    if (sender[one] === sender[other]) return true;
    const { process } = this.#senders[sender[one]];
    return process !== '' && process === this.#senders[sender[other]].process;
  }

  get #context() {
    assert(this.#place !== undefined, 'begin was called');
    return this.#place.context;
  }

  get #line(): number {
    return this.#place?.range.line ?? 0;
  }

  #clear(): void {
    this.#table.clear();
    this.#senders.length = 0;
    this.#keys.clear();
  }

  #classify(): void {
    const { count, kind, sender } = this.#table;
    if (this.#roles.length < count) {
      this.#roles = new Uint8Array(kind.length);
      this.#members = new Uint32Array(kind.length);
    }
    for (let at = 0; at < count; at++) {
      const isCall = kind[at] === KIND.client || kind[at] === KIND.producer;
      const isEntry = kind[at] === KIND.server || kind[at] === KIND.consumer;
      const isPlain = kind[at] === KIND.server && this.#senders[sender[at]].key !== '';
      this.#roles[at] = isCall ? ROLE.call : isPlain ? ROLE.entry : isEntry ? this.#entryRole(at) : ROLE.inner;
    }
  }

  /** A SERVER or CONSUMER span of a function is an entry; one that asks a queue for messages is a call. */
  #entryRole(at: number): number {
    this.#read(at);
    const { attributes, problem } = this.#detail;
    if (problem !== '') {
      this.#context.sink.reject(problem, 'attributes of a span', this.#line);
      return ROLE.inner;
    }
    if (attributes.text(SLOT.rpcSystem) === 'aws-api') return ROLE.call;
    const sender = this.#senders[this.#table.sender[at]];
    const { key } = this.#whose.named(attributes, sender);
    const isFunction = sender.isFunction || key !== '' || FUNCTION_SLOTS.some((slot) => attributes.has(slot));
    if (!isFunction) return ROLE.inner;
    if (sender.key === '' && key !== '' && sender.process !== '') this.#keys.set(sender.process, key);
    return ROLE.entry;
  }

  #read(at: number): void {
    this.#detail.clear();
    this.#reader?.read(this.#table.rest[at], this.#table.to[at], this.#detail);
  }

  /** Calls and nested entries, those of one row together, in order of start. */
  #sortMembers(): Uint32Array {
    const { count, startMs, startRest } = this.#table;
    const { owner } = this.#tree;
    let length = 0;
    for (let at = 0; at < count; at++) {
      if (owner[at] >= 0 && owner[at] !== at && this.#roles[at] !== ROLE.inner) this.#members[length++] = at;
    }
    return this.#members
      .subarray(0, length)
      .sort(
        (one, other) =>
          owner[one] - owner[other] ||
          startMs[one] - startMs[other] ||
          startRest[one] - startRest[other] ||
          one - other,
      );
  }

  #write(at: number, members: Uint32Array): void {
    const { sink } = this.#context;
    const sender = this.#senders[this.#table.sender[at]];
    const role = this.#roles[at];
    if (this.#tree.owner[at] === at) {
      const span = { sender, key: this.#keyOf(sender), members, roles: this.#roles };
      if (role === ROLE.entry) this.#rows.invocation(at, span);
      else this.#rows.call(at, span);
    } else if (this.#tree.needed[at] === 1) this.#rows.link(at, { sender, key: this.#keyOf(sender) });
    else if (role === ROLE.entry) sink.note('span-nested');
    else if (role === ROLE.inner) sink.note(sender.isFunction ? 'span-inner' : 'span-not-function');
  }

  /** Key of the function a sender runs, by its resource or by what an invocation of it told; '' when unknown. */
  #keyOf(sender: Sender): string {
    return sender.key === '' ? (this.#keys.get(sender.process) ?? '') : sender.key;
  }
}
