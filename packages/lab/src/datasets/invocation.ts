import type { BehaviourSpec, FunctionSpec } from './company.ts';

/** Who is at the other end of a request. */
export interface Visitor {
  /** Keyed hash, as a sensor sends it. */
  readonly principal: string;
  readonly network: string;
  readonly country: string;
  readonly client: string;
}

/** One call as it was made. */
export interface MadeCall {
  readonly verb: string;
  readonly resource: string;
  readonly destination: string;
  readonly bytesOut: number;
  readonly bytesIn: number;
  readonly status: number;
  readonly offsetMs: number;
  readonly durationMs: number;
}

/** How one invocation differs from what its function usually does. Factors are 1 unless given. */
export interface Change {
  readonly revision?: string;
  readonly durationFactor?: number;
  readonly cpuFactor?: number;
  readonly memoryMoreMb?: number;
  readonly requestFactor?: number;
  readonly shape?: string;
  readonly childCpuMs?: number;
  readonly tmpBytes?: number;
  readonly triggerSource?: string;
  readonly triggerKind?: 'invoke';
  /** Calls made after the usual ones. */
  readonly moreCalls?: readonly Omit<MadeCall, 'offsetMs'>[];
}

/** Something that asks for an invocation, before it is known which sandbox serves it. */
export interface Arrival {
  readonly function: string;
  readonly behaviour: string;
  readonly atMs: number;
  readonly visitor?: Visitor;
  /** Class of the error it ends with. */
  readonly error?: string;
  readonly change?: Change;
  /** Id of the attack it belongs to. */
  readonly attack?: string;
}

/** An invocation as it happened. */
export interface Invocation {
  readonly spec: FunctionSpec;
  readonly behaviour: BehaviourSpec;
  readonly arrival: Arrival;
  readonly startMs: number;
  readonly requestId: string;
  readonly traceId: string;
  /** 32 hexadecimal digits; sensors send the first half. */
  readonly instance: string;
  readonly sequence: number;
  readonly cold: boolean;
  readonly initMs: number;
  readonly durationMs: number;
  readonly cpuMs: number;
  readonly memoryMb: number;
  readonly revision: string;
  readonly requestBytes: number;
  readonly responseBytes: number;
  readonly calls: readonly MadeCall[];
}
