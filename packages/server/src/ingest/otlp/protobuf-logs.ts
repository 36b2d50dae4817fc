import type { Attributes } from './attributes.ts';
import { ATTRIBUTES_READ_MAX } from './limits.ts';
import { type LogRecord, mayBePlatform } from './logs.ts';
import { momentOfWords } from './nanos.ts';
import type { ProtobufAttributes } from './protobuf-attributes.ts';
import { WIRE, WireScanner } from './wire-scanner.ts';

/** Fields of `LogRecord` (opentelemetry/proto/logs/v1). */
const TIME = 1;
const BODY = 5;
const ATTRIBUTES = 6;
const TRACE_ID = 9;
const SPAN_ID = 10;
const OBSERVED_TIME = 11;
/** Field of `AnyValue` that holds a text. */
const STRING = 1;

/** Reads `LogRecord` messages. A long or plain text body is skipped unread. */
export class ProtobufLogs {
  readonly #reader: ProtobufAttributes;
  readonly #record = new WireScanner();
  readonly #body = new WireScanner();

  constructor(reader: ProtobufAttributes) {
    this.#reader = reader;
  }

  /** Fills `record` from `bytes[start, end)`; false when it is damaged. */
  read(bytes: Uint8Array, [start, end]: readonly [number, number], record: LogRecord): boolean {
    const scanner = this.#record.open(bytes, start, end);
    record.clear();
    let attributes = 0;
    while (scanner.next()) {
      const { field, type } = scanner;
      if (type === WIRE.fixed64) {
        if (field === TIME) record.timeMs = momentOfWords(scanner.high, scanner.low);
        else if (field === OBSERVED_TIME) record.observedMs = momentOfWords(scanner.high, scanner.low);
      } else if (type !== WIRE.bytes) continue;
      else if (field === BODY) record.body = this.#readBody(bytes, scanner);
      else if (field === ATTRIBUTES) {
        if (++attributes <= ATTRIBUTES_READ_MAX && !this.#readAttribute(scanner, record.attributes)) return false;
      } else if (field === TRACE_ID && scanner.stop - scanner.start === 16) record.traceId = hex(bytes, scanner);
      else if (field === SPAN_ID && scanner.stop - scanner.start === 8) record.spanId = hex(bytes, scanner);
    }
    return scanner.failure === '';
  }

  #readAttribute(scanner: WireScanner, into: Attributes): boolean {
    return this.#reader.read(scanner.start, scanner.stop, into);
  }

  #readBody(bytes: Uint8Array, scanner: WireScanner): unknown {
    const body = this.#body.open(bytes, scanner.start, scanner.stop);
    if (!body.next() || body.type !== WIRE.bytes) return undefined;
    const size = body.stop - body.start;
    if (body.field === STRING && !mayBePlatform(bytes[body.start], size)) return undefined;
    return this.#reader.value(scanner.start, scanner.stop);
  }
}

function hex(bytes: Uint8Array, scanner: WireScanner): string {
  return Buffer.from(bytes.subarray(scanner.start, scanner.stop)).toString('hex');
}
