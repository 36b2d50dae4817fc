import { encodeWireRecord, WIRE_FLAG, type WireRecord } from '@gait/sensor/wire';
import { keyOf } from '../company.ts';
import type { Invocation } from '../invocation.ts';

/** Bytes that a connection costs besides what is sent through it. */
const CONNECTION_BYTES = 310;

/** Invocations as the sensor inside the function reports them: one line each, in order of time. */
export function sensorLines(invocations: readonly Invocation[]): string {
  return invocations.map((invocation) => `${encodeWireRecord(wireRecord(invocation))}\n`).join('');
}

function wireRecord(invocation: Invocation): WireRecord {
  const { spec, behaviour, arrival, calls } = invocation;
  const { change, visitor } = arrival;
  return {
    timeMs: Math.round(invocation.startMs),
    function: keyOf(spec.name),
    revision: invocation.revision,
    requestId: invocation.requestId,
    instance: invocation.instance.slice(0, 16),
    sequence: invocation.sequence,
    status: arrival.error === undefined ? 'ok' : 'error',
    durationMs: hundredths(invocation.durationMs),
    memoryMb: Math.round(invocation.memoryMb * 4) / 4,
    memorySizeMb: spec.memorySizeMb,
    cpuMs: hundredths(invocation.cpuMs),
    tmpBytes: change?.tmpBytes ?? 0,
    bytesOut: sum(calls.map(({ bytesOut }) => bytesOut)),
    bytesIn: sum(calls.map(({ bytesIn }) => bytesIn)),
    requestBytes: invocation.requestBytes,
    responseBytes: invocation.responseBytes,
    triggerKind: change?.triggerKind ?? behaviour.triggerKind,
    triggerSource: change?.triggerSource ?? behaviour.triggerSource,
    shape: change?.shape ?? behaviour.shape,
    calls: calls.map((call) => ({
      ...call,
      offsetMs: tenths(call.offsetMs),
      durationMs: tenths(call.durationMs),
    })),
    ...(invocation.cold ? { flags: WIRE_FLAG.cold, initMs: hundredths(invocation.initMs) } : {}),
    ...(arrival.error === undefined ? {} : { errorType: arrival.error }),
    ...(change?.childCpuMs === undefined ? {} : { childCpuMs: Math.round(change.childCpuMs / 10) * 10 }),
    ...(behaviour.triggerKind === 'queue' ? { batchSize: 1 } : {}),
    ...(visitor === undefined ? {} : { network: visitor.network, country: visitor.country, client: visitor.client }),
    ...(visitor === undefined || visitor.principal === ''
      ? {}
      : { principal: visitor.principal, principalKind: 'person' as const }),
  };
}

function sum(amounts: readonly number[]): number {
  const known = amounts.filter((amount) => !Number.isNaN(amount));
  return known.reduce((total, amount) => total + amount, known.length * CONNECTION_BYTES);
}

function hundredths(value: number): number {
  return Math.round(value * 100) / 100;
}

function tenths(value: number): number {
  return Math.round(value * 10) / 10;
}
