import type { RejectReason } from '../decoder.ts';
import { Attributes } from './attributes.ts';
import { ATTRIBUTES_READ_MAX } from './limits.ts';
import type { ProtobufAttributes } from './protobuf-attributes.ts';
import type { Texts } from './texts.ts';
import type { Sender } from './whose.ts';
import { WIRE, WireScanner } from './wire-scanner.ts';

/** What a request carries; `empty` when it has no items, `unknown` when they are of none of these shapes. */
export type Signal = 'spans' | 'metrics' | 'logs' | 'empty' | 'unknown';

/** Fields that the three signals have in common: request > resource entry > scope entry > item. */
const ENTRY = 1;
const RESOURCE = 1;
const SCOPE = 2;
const ITEM = 2;
const RESOURCE_ATTRIBUTES = 1;
const KEY = 1;

/** What is done with the items of a request. */
export interface ItemVisitor {
  sender(attributes: Attributes): Sender;
  item(start: number, end: number, sender: Sender): void;
  note(name: string): void;
}

/**
 * Walks `Export{Trace,Metrics,Logs}ServiceRequest` messages down to their items (spans, metrics, log records). The three
 * only differ in what the items look like.
 */
export class ProtobufRequest {
  readonly #request = new WireScanner();
  readonly #entry = new WireScanner();
  readonly #scope = new WireScanner();
  readonly #item = new WireScanner();
  readonly #reader: ProtobufAttributes;
  readonly #attributes: Attributes;

  constructor(reader: ProtobufAttributes, texts: Texts) {
    this.#reader = reader;
    this.#attributes = new Attributes(texts);
  }

  /** Checks the frame of a whole request, down to where its items begin and end, and tells what they are. */
  check(bytes: Uint8Array, start: number, end: number): Signal | RejectReason {
    let signal: Signal = 'empty';
    const request = this.#request.open(bytes, start, end);
    while (request.next()) {
      if (request.field !== ENTRY || request.type !== WIRE.bytes) continue;
      const entry = this.#entry.open(bytes, request.start, request.stop);
      while (entry.next()) {
        if (entry.field !== SCOPE || entry.type !== WIRE.bytes) continue;
        const scope = this.#scope.open(bytes, entry.start, entry.stop);
        while (scope.next()) {
          if (scope.field !== ITEM || scope.type !== WIRE.bytes) continue;
          if (signal !== 'empty' && signal !== 'unknown') continue;
          signal = signalOf(this.#item.open(bytes, scope.start, scope.stop));
        }
        if (scope.failure !== '') return 'bad-protobuf';
      }
      if (entry.failure !== '') return 'bad-protobuf';
    }
    return request.failure === '' ? signal : request.failure;
  }

  /** Visits the items of a request that was checked. */
  visit(bytes: Uint8Array, [start, end]: readonly [number, number], visitor: ItemVisitor): void {
    const request = this.#request.open(bytes, start, end);
    while (request.next()) {
      if (request.field !== ENTRY || request.type !== WIRE.bytes) continue;
      const { start: from, stop: to } = request;
      this.#readResource(bytes, [from, to], visitor);
      const sender = visitor.sender(this.#attributes);
      const entry = this.#entry.open(bytes, from, to);
      while (entry.next()) {
        if (entry.field !== SCOPE || entry.type !== WIRE.bytes) continue;
        const scope = this.#scope.open(bytes, entry.start, entry.stop);
        while (scope.next()) {
          if (scope.field === ITEM && scope.type === WIRE.bytes) visitor.item(scope.start, scope.stop, sender);
        }
      }
    }
  }

  /** Reads the resource of an entry, which may stand anywhere in it. A damaged resource counts as far as it goes. */
  #readResource(bytes: Uint8Array, [start, end]: readonly [number, number], visitor: ItemVisitor): void {
    this.#attributes.clear();
    const entry = this.#entry.open(bytes, start, end);
    while (entry.next()) {
      if (entry.field !== RESOURCE || entry.type !== WIRE.bytes) continue;
      const resource = this.#scope.open(bytes, entry.start, entry.stop);
      for (let read = 0; resource.next(); ) {
        if (resource.field !== RESOURCE_ATTRIBUTES || resource.type !== WIRE.bytes) continue;
        if (read++ === ATTRIBUTES_READ_MAX) visitor.note('attributes-cut');
        if (read <= ATTRIBUTES_READ_MAX) this.#reader.read(resource.start, resource.stop, this.#attributes);
      }
      return;
    }
  }
}

/**
 * What the first bytes of a request show. Nothing is believed that is not also well-formed: the tags of entry, resource
 * or scope, and the types of at least one item's fields.
 */
export function signalOfHead(head: Uint8Array, start: number): Signal {
  const request = new WireScanner().openPartial(head, start, head.length);
  while (request.next() && request.field === ENTRY && request.type === WIRE.bytes) {
    const entry = new WireScanner().openPartial(head, request.start, request.stop);
    while (entry.next() && entry.field <= 3 && entry.type === WIRE.bytes) {
      if (entry.field !== SCOPE) continue;
      const scope = new WireScanner().openPartial(head, entry.start, entry.stop);
      while (scope.next() && scope.field <= 3 && scope.type === WIRE.bytes) {
        if (scope.field !== ITEM) continue;
        const signal = signalOf(new WireScanner().openPartial(head, scope.start, scope.stop));
        if (signal !== 'unknown') return signal;
      }
    }
  }
  return 'unknown';
}

/** Whether the first entry begins with a resource whose first attribute has a name with a dot, as telemetry's have. */
export function hasNamedResource(head: Uint8Array, start: number): boolean {
  let from = start;
  let to = head.length;
  for (const field of [ENTRY, RESOURCE, RESOURCE_ATTRIBUTES, KEY]) {
    const scanner = new WireScanner().openPartial(head, from, to);
    if (!scanner.next() || scanner.field !== field || scanner.type !== WIRE.bytes) return false;
    from = scanner.start;
    to = scanner.stop;
  }
  return /^[a-z][a-z0-9_]*\.[a-z0-9_.]+$/.test(Buffer.from(head.subarray(from, to)).toString('latin1'));
}

/**
 * Tells spans, metrics and log records apart by the types of their fields: spans have two fixed64 times as fields 7 and
 * 8 and a kind, log records a fixed64 time as field 1 or 11 or a severity, metrics a name and one of five messages of
 * data points. An item without any of these has nothing that could be used.
 */
function signalOf(item: WireScanner): Signal {
  let isNamed = false;
  let hasPoints = false;
  while (item.next()) {
    const { field, type } = item;
    if (type === WIRE.fixed64) {
      if (field === 7 || field === 8) return 'spans';
      if (field === 1 || field === 11) return 'logs';
    } else if (type === WIRE.varint) {
      if (field === 6) return 'spans';
      if (field === 2) return 'logs';
    } else if (type === WIRE.bytes) {
      if (field === 1) isNamed = true;
      else if (field === 5 || field === 7 || (field >= 9 && field <= 11)) hasPoints = true;
    }
  }
  return isNamed && hasPoints && item.failure === '' ? 'metrics' : 'unknown';
}
