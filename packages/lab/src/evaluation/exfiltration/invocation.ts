import type { BatchBuilder } from '@gait/engine/event/batch-builder';
import type { NumberField, SymbolField } from '@gait/engine/event/schema';

/** A call of a simulated invocation. */
export interface SimulatedCall {
  readonly verb: string;
  readonly resource: string;
  readonly destination: string;
  readonly bytesOut: number;
  readonly bytesIn: number;
}

/** One invocation of a simulated function, as its sensor would report it. */
export interface SimulatedInvocation {
  readonly atMs: number;
  readonly function: string;
  readonly numbers: Partial<Record<NumberField, number>>;
  readonly symbols: Partial<Record<SymbolField, string>>;
  readonly calls: readonly SimulatedCall[];
}

/** Adds an invocation as a row of the sensor. */
export function addRow(builder: BatchBuilder, one: SimulatedInvocation, request: string): void {
  builder.begin('sensor', one.atMs, 'exfiltration');
  builder.symbol('function', one.function);
  builder.id('requestId', request);
  builder.symbol('status', 'ok');
  for (const [field, value] of entries(one.symbols)) builder.symbol(field, value);
  for (const [field, value] of entries(one.numbers)) builder.number(field, Math.round(value));
  const sent = one.calls.reduce((sum, { bytesOut }) => sum + bytesOut, 0);
  const read = one.calls.reduce((sum, { bytesIn }) => sum + bytesIn, 0);
  builder.number('bytesOut', Math.round(sent));
  builder.number('bytesIn', Math.round(read));
  for (const call of one.calls) {
    builder.call({ ...call, bytesOut: Math.round(call.bytesOut), bytesIn: Math.round(call.bytesIn) });
  }
  builder.end();
}

function entries<K extends string, V>(of: Partial<Record<K, V>>): [K, V][] {
  return Object.entries(of) as [K, V][];
}
