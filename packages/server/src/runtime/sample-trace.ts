import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { mix32 } from '@gait/engine/base/hash';
import { encodeWireRecord, type WireRecord } from '@gait/sensor/wire';

/** When the invented harbour opens: a Monday, 2026-01-05T00:00:00Z. */
export const TRACE_START_MS = Date.UTC(2026, 0, 5);
const MINUTE_MS = 60_000;

/** What an invented recording looks like. */
export interface TraceOptions {
  readonly fromMs?: number;
  readonly count: number;
  /** Time between two invocations. Default one minute. */
  readonly everyMs?: number;
  /** Functions that take turns. Default 3. */
  readonly functions?: number;
  /** Invocations (by number) that send data to a place never seen before. */
  readonly odd?: readonly number[];
  /** Tells recordings apart: the same name gives the same request ids. Default `day`. */
  readonly name?: string;
}

/**
 * Invocations of a small invented harbour, for tests: a few functions that do the same two things all the time, with a
 * little noise. The same options give the same records.
 */
export function traceRecords(options: TraceOptions): WireRecord[] {
  const { fromMs = TRACE_START_MS, count, everyMs = MINUTE_MS, functions = 3, odd = [], name = 'day' } = options;
  const strange = new Set(odd);
  return Array.from({ length: count }, (_, at) => {
    const noise = mix32(at + 1) >>> 0;
    const berth = at % functions;
    return {
      timeMs: fromMs + at * everyMs,
      function: `aws:111122223333:eu-west-1:berth-${berth}`,
      revision: '1',
      requestId: `${name}-${at}`,
      instance: `box-${berth}`,
      sequence: Math.floor(at / functions) + 1,
      status: 'ok',
      durationMs: 40 + (noise % 20),
      memoryMb: 90 + (noise % 5),
      cpuMs: 12 + (noise % 4),
      bytesOut: strange.has(at) ? 9_000_000 : 1500 + (noise % 100),
      triggerKind: 'queue',
      triggerSource: 'arrivals',
      shape: 'a1',
      calls: [...USUAL, ...(strange.has(at) ? [oddCall(at)] : [])],
    };
  });
}

const USUAL = [
  { verb: 'dynamodb:GetItem', resource: 'moorings', destination: 'dynamodb/moorings', bytesOut: 300, bytesIn: 900 },
  { verb: 's3:PutObject', resource: 'manifests', destination: 's3/manifests', bytesOut: 1200, bytesIn: 100 },
] as const;

function oddCall(at: number) {
  const host = `drop-${at}.example`;
  return { verb: 'http:POST', resource: `${host}/in`, destination: host, bytesOut: 8_998_500, bytesIn: 40 };
}

/** Records as lines of the sensor's own format. */
export function traceText(records: readonly WireRecord[]): string {
  return records.map((record) => `${encodeWireRecord(record)}\n`).join('');
}

/** Writes a recording to a file, with the folders it needs. */
export async function writeTrace(path: string, options: TraceOptions): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, traceText(traceRecords(options)));
}
