/** The two encodings of OTLP/HTTP. An answer has that of its request. */
export type OtlpType = 'application/x-protobuf' | 'application/json';

/** What of a request was not taken; the sender must not send it again. */
export interface Partial {
  readonly rejected: number;
  readonly message: string;
}

/** Names under which the three signals count what they reject. */
const REJECTED = {
  traces: 'rejectedSpans',
  metrics: 'rejectedDataPoints',
  logs: 'rejectedLogRecords',
} as const;
export type Signal = keyof typeof REJECTED;

/** `Export{Trace,Metrics,Logs}ServiceResponse`: empty when all was taken. */
export function exportResponse(type: OtlpType, signal: Signal, partial: Partial | undefined): Uint8Array {
  if (type === 'application/json') {
    if (partial === undefined) return Buffer.from('{}');
    const { rejected, message } = partial;
    // 64-bit numbers are texts in the JSON of protobuf.
    return Buffer.from(
      JSON.stringify({ partialSuccess: { [REJECTED[signal]]: String(rejected), errorMessage: message } }),
    );
  }
  if (partial === undefined) return new Uint8Array(0);
  const inner = [...(partial.rejected > 0 ? [0x08, ...varint(partial.rejected)] : []), ...text(2, partial.message)];
  return Uint8Array.from([0x0a, ...varint(inner.length), ...inner]);
}

/** `google.rpc.Status` of a refused request. */
export function statusResponse(type: OtlpType, code: number, message: string): Uint8Array {
  if (type === 'application/json') return Buffer.from(JSON.stringify({ code, message }));
  return Uint8Array.from([0x08, ...varint(code), ...text(2, message)]);
}

/** A text field of a message; nothing for ''. */
function text(field: number, value: string): readonly number[] {
  const bytes = new TextEncoder().encode(value);
  return bytes.length === 0 ? [] : [(field << 3) | 2, ...varint(bytes.length), ...bytes];
}

function varint(value: number): readonly number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80);
  bytes.push(rest);
  return bytes;
}
