import { type KnownName, knownNameOfBytes } from './attribute-names.ts';
import { type Attributes, textEnd } from './attributes.ts';
import { VALUE_DEPTH_MAX, VALUE_ENTRIES_MAX } from './limits.ts';
import type { Texts } from './texts.ts';
import { WIRE, WireScanner } from './wire-scanner.ts';

/** Fields of `KeyValue`, `AnyValue`, `ArrayValue` and `KeyValueList` (opentelemetry/proto/common/v1). */
const KEY = 1;
const VALUE = 2;
const STRING = 1;
const BOOL = 2;
const INT = 3;
const DOUBLE = 4;
const ARRAY = 5;
const KVLIST = 6;
/** Tags of the fields above as the fast path meets them: field number and wire type 2 in one byte. */
const KEY_TAG = 0x0a;
const VALUE_TAG = 0x12;
const STRING_TAG = 0x0a;

/**
 * Reads `KeyValue` messages into `Attributes`. The layout every encoder writes (key, then a short text) is recognised by
 * its tag bytes; anything else goes through the scanner. An unlisted attribute costs about 10 ns, a listed one 20 ns.
 */
export class ProtobufAttributes {
  readonly #texts: Texts;
  readonly #pair = new WireScanner();
  readonly #any = new WireScanner();
  readonly #list = new WireScanner();
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));

  constructor(texts: Texts) {
    this.#texts = texts;
  }

  /** Sets the bytes that ranges refer to. */
  over(bytes: Uint8Array): void {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.#texts.over(bytes);
  }

  /** Reads the `KeyValue` in `bytes[start, end)`; false when it is damaged. */
  read(start: number, end: number, into: Attributes): boolean {
    const bytes = this.#bytes;
    const keyEnd = start + 2 + bytes[start + 1];
    const usual =
      keyEnd + 2 <= end &&
      bytes[start] === KEY_TAG &&
      bytes[start + 1] < 0x80 &&
      bytes[keyEnd] === VALUE_TAG &&
      bytes[keyEnd + 1] < 0x80 &&
      keyEnd + 2 + bytes[keyEnd + 1] === end;
    if (!usual) return this.#readPair(start, end, into);
    const known = knownNameOfBytes(this.#view, start + 2, keyEnd);
    if (known === undefined) return true;
    const valueStart = keyEnd + 2;
    if (bytes[valueStart] === STRING_TAG && valueStart + 2 + bytes[valueStart + 1] === end) {
      into.putRange(known, valueStart + 2, end);
      return true;
    }
    return this.#put(known, this.#any.open(bytes, valueStart, end), into);
  }

  /** The `AnyValue` in `bytes[start, end)` as JSON would give it: for bodies of log records. Undefined when damaged. */
  value(start: number, end: number, depth = 0): unknown {
    const scanner = new WireScanner().open(this.#bytes, start, end);
    let value: unknown;
    while (scanner.next()) {
      const { field, type } = scanner;
      if (field === STRING && type === WIRE.bytes) value = this.#texts.at(scanner.start, scanner.stop);
      else if (field === BOOL && type === WIRE.varint) value = scanner.value !== 0;
      else if (field === INT && type === WIRE.varint) value = scanner.value;
      else if (field === DOUBLE && type === WIRE.fixed64) value = scanner.double();
      else if (field === KVLIST && type === WIRE.bytes && depth < VALUE_DEPTH_MAX) {
        value = this.#object(scanner.start, scanner.stop, depth + 1);
      }
    }
    return value;
  }

  #object(start: number, end: number, depth: number): object {
    const entries: [string, unknown][] = [];
    const list = new WireScanner().open(this.#bytes, start, end);
    while (entries.length < VALUE_ENTRIES_MAX && list.next()) {
      if (list.field !== 1 || list.type !== WIRE.bytes) continue;
      const pair = new WireScanner().open(this.#bytes, list.start, list.stop);
      let key = '';
      let value: unknown;
      while (pair.next()) {
        if (pair.type !== WIRE.bytes) continue;
        if (pair.field === KEY) key = this.#texts.at(pair.start, pair.stop);
        else if (pair.field === VALUE) value = this.value(pair.start, pair.stop, depth);
      }
      entries.push([key, value]);
    }
    return Object.fromEntries(entries);
  }

  #readPair(start: number, end: number, into: Attributes): boolean {
    const pair = this.#pair.open(this.#bytes, start, end);
    let known: KnownName | undefined;
    let valueStart = -1;
    let valueEnd = -1;
    while (pair.next()) {
      if (pair.type !== WIRE.bytes) continue;
      if (pair.field === KEY) known = knownNameOfBytes(this.#view, pair.start, pair.stop);
      else if (pair.field === VALUE) {
        valueStart = pair.start;
        valueEnd = pair.stop;
      }
    }
    if (pair.failure !== '') return false;
    if (known === undefined || valueStart < 0) return true;
    return this.#put(known, this.#any.open(this.#bytes, valueStart, valueEnd), into);
  }

  /** Puts the `AnyValue` that `any` is opened at; of a list, its first element. */
  #put(known: KnownName, any: WireScanner, into: Attributes): boolean {
    while (any.next()) {
      const { field, type } = any;
      if (field === STRING && type === WIRE.bytes) {
        into.putRange(known, any.start, textEnd(this.#bytes, any.start, any.stop));
      } else if ((field === BOOL || field === INT) && type === WIRE.varint) into.putNumber(known, any.value);
      else if (field === DOUBLE && type === WIRE.fixed64) into.putNumber(known, any.double());
      else if (field === ARRAY && type === WIRE.bytes && any !== this.#list) {
        if (!this.#putFirst(known, [any.start, any.stop], into)) return false;
      }
    }
    return any.failure === '';
  }

  #putFirst(known: KnownName, range: readonly [number, number], into: Attributes): boolean {
    const list = this.#list.open(this.#bytes, range[0], range[1]);
    while (list.next()) {
      if (list.field !== 1 || list.type !== WIRE.bytes) continue;
      return this.#put(known, list.open(this.#bytes, list.start, list.stop), into);
    }
    return list.failure === '';
  }
}
