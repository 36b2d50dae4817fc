import type { BatchBuilder } from '@gait/engine/event/batch-builder';
import type { Tokens } from './tokens.ts';

/** Why a record of the input was not understood. Closed list, counted by reason, documented in docs/reference/rejects.md. */
export const REJECTS = {
  'bad-json': 'not valid JSON',
  'bad-protobuf': 'not valid protobuf',
  'bad-utf8': 'not valid UTF-8',
  'bad-gzip': 'damaged gzip data',
  'bad-zstd': 'damaged zstd data',
  truncated: 'ends in the middle',
  'too-large': 'a record over the size limit',
  'too-deep': 'nested deeper than the limit',
  'inflates-too-far': 'expands beyond the limit',
  'unknown-format': 'no known format',
  'wrong-type': 'a field has the wrong type',
  'missing-field': 'a required field is absent',
  'out-of-range': 'a number is negative, infinite or absurd',
  'not-an-event': 'an answer of a function where its event should be',
  'identity-mismatch': 'claims an identity its envelope does not allow',
  'bad-mac': 'the seal of a record of the sensor is absent or wrong',
} as const;
export type RejectReason = keyof typeof REJECTS;

/** Formats recognised by content. */
export const FORMATS = [
  'gait',
  'otlp-json',
  'otlp-protobuf',
  'xray',
  'cloudtrail',
  'lambda-logs',
  'trigger-event',
] as const;
export type Format = (typeof FORMATS)[number];

/**
 * Where decoded rows and rejects go. `builder()` returns a builder with room for the next row, handing over a full batch
 * first; call it before each `begin` and do not keep it. The sink has already declared the origin of the bytes being
 * decoded; `origin` is its number for `locate`, valid for the builder returned last.
 */
export interface DecodeSink {
  builder(): BatchBuilder;
  readonly origin: number;
  reject(reason: RejectReason, detail: string, line?: number): void;
  /** Told before a reject for `identity-mismatch`: the function key that the record claims. */
  claimed?(functionKey: string): void;
  /** Told before a reject of the whole request and not of one item in it: whoever sent it must not send it again. */
  unreadable?(): void;
  /** Counts something that was understood in part (a cut list, a clamped time), by name. */
  note(name: string): void;
}

/** Account and region for sources that do not carry their own, and what the envelope says about identity. */
export interface SourceDefaults {
  readonly provider: string;
  readonly account: string;
  readonly region: string;
  /** Function the envelope (log group, token) speaks for, if it says so: no record may claim to be of another one. */
  readonly envelopeFunction?: string;
  /**
   * Function of records that do not name theirs, as whoever gave the files says. Logs and trigger events are all taken to
   * be of it; what names its function itself is not touched by it.
   */
  readonly declaredFunction?: string;
  /** Log stream that the records come from, which is one sandbox, where they do not say so themselves. */
  readonly logStream?: string;
  /** Key of the seals (`mac`) of the sensor's records; without it seals are not looked at. */
  readonly sensorKey?: Uint8Array;
  /** A record of the sensor without a seal is refused: it stands where anybody in the function could have written it. */
  readonly needsMac?: boolean;
  /** Newest acceptable event time: wall clock plus two minutes, ms since 1970. */
  readonly newestMs: number;
}

/**
 * One telemetry format. `sniff` looks at the first bytes of a (decompressed) input and says how sure it is, 0..1.
 * `decode` takes one complete record: a line for line formats, the whole body otherwise, and appends rows to the sink.
 * It never throws on bad input: it rejects. It never keeps state between calls, so that order cannot matter.
 */
export interface Decoder {
  readonly format: Format;
  /** `lines`: each line is a record of its own. `whole`: the input is one document. `either`: by what the input is. */
  readonly framing: 'lines' | 'whole' | 'either';
  sniff(head: Uint8Array, name: string): number;
  decode(bytes: Uint8Array, range: RecordRange, context: DecodeContext): void;
}

/** Where the record stands in `bytes`, and in the original: `base` is the origin's first byte within the original. */
export interface RecordRange {
  readonly start: number;
  readonly end: number;
  /** Offset of `bytes[0]` relative to the origin's first byte. */
  readonly originOffset: number;
  /** Line number, counted from 1; 0 when not line-based. */
  readonly line: number;
}

/** What a decoder is given besides the bytes. */
export interface DecodeContext {
  readonly sink: DecodeSink;
  readonly defaults: SourceDefaults;
  readonly tokens: Tokens;
}
