import type { Call } from './calls.ts';
import { CALLS_MAX, LINE_BYTES_MAX } from './limits.ts';
import { encodeWireRecord, sealWireRecord, WIRE_FLAG, type WireCall, type WireRecord } from './wire.ts';

/** Bytes that the MAC and the line end add. */
const SEAL_BYTES = 28;

/**
 * The line of a record, sealed with its MAC where there is a key, and never longer than a pipe takes at once: calls that do
 * not fit are left out from the end, and the record says so.
 */
export function lineOf(record: WireRecord, mac: (text: string) => string): string {
  let fitting = record;
  let line = encodeWireRecord(fitting);
  while (bytesOf(line) > LINE_BYTES_MAX - SEAL_BYTES && (fitting.calls?.length ?? 0) > 0) {
    const kept = fitting.calls?.slice(0, Math.floor((fitting.calls.length * 7) / 8)) ?? [];
    fitting = { ...fitting, calls: kept, flags: (fitting.flags ?? 0) | WIRE_FLAG.callsCut };
    line = encodeWireRecord(fitting);
  }
  // The MAC stands for what is before it: the line without its closing brace.
  const seal = mac(line.slice(0, -1));
  return seal === '' ? line : sealWireRecord(line, seal);
}

/** Calls as they stand in a record that began at `startMs`; those from before it have no offset. */
export function wireCalls(calls: readonly Call[], startMs: number): WireCall[] {
  return calls.slice(0, CALLS_MAX).map((call) => {
    call.reported = true;
    const offsetMs = call.startMs - startMs;
    return {
      verb: call.verb,
      resource: call.resource,
      destination: call.destination,
      bytesOut: call.bytesOut > 0 ? call.bytesOut : Number.NaN,
      bytesIn: call.bytesIn > 0 ? call.bytesIn : Number.NaN,
      status: call.status,
      offsetMs: offsetMs >= 0 ? offsetMs : Number.NaN,
      durationMs: call.endMs - call.startMs,
    };
  });
}

/** Most lines are short enough for the longest encoding not to matter. */
function bytesOf(line: string): number {
  return line.length * 3 <= LINE_BYTES_MAX - SEAL_BYTES ? line.length : Buffer.byteLength(line);
}
