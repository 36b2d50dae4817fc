import type { BehaviourSpec, CallSpec, FunctionSpec } from './company.ts';
import type { Arrival, Change, Invocation, MadeCall } from './invocation.ts';
import { Random } from './random.ts';

/** The platform keeps an idle sandbox this long. */
const IDLE_MS_MAX = 9 * 60_000;
/** A sandbox is replaced at the latest after this time. */
const AGE_MS_MAX = 2 * 3_600_000;

interface Sandbox {
  readonly instance: string;
  readonly revision: string;
  readonly bornMs: number;
  busyUntilMs: number;
  sequence: number;
  memoryMb: number;
}

/**
 * The sandboxes of one function: serves arrivals in order of time, reusing idle sandboxes as the platform does (most
 * recently used first) and starting cold when there is none.
 */
export class Sandboxes {
  readonly #spec: FunctionSpec;
  readonly #random: Random;
  #open: Sandbox[] = [];

  constructor(spec: FunctionSpec, seed: number) {
    this.#spec = spec;
    this.#random = new Random(seed, `sandboxes ${spec.name}`);
  }

  /** Runs one arrival; arrivals come in order of time. */
  run(arrival: Arrival): Invocation {
    const behaviour = behaviourOf(this.#spec, arrival);
    const change = arrival.change ?? {};
    const revision = change.revision ?? this.#spec.revision;
    const warm = this.#idle(arrival.atMs, revision);
    const sandbox = warm ?? this.#start(arrival.atMs, revision);
    const initMs = warm === undefined ? this.#random.logNormal(this.#spec.initMs, 0.09) : 0;
    const work = this.#work(behaviour, { change, cold: warm === undefined, failed: arrival.error !== undefined });
    sandbox.busyUntilMs = arrival.atMs + initMs + work.durationMs;
    sandbox.sequence++;
    sandbox.memoryMb = this.#memoryAfter(sandbox.memoryMb, change);
    return {
      spec: this.#spec,
      behaviour,
      arrival,
      startMs: arrival.atMs + initMs,
      requestId: this.#random.uuid(),
      traceId: this.#random.hex(32),
      instance: sandbox.instance,
      sequence: sandbox.sequence,
      cold: warm === undefined,
      initMs,
      memoryMb: sandbox.memoryMb,
      revision,
      requestBytes: this.#size(behaviour.requestBytes * (change.requestFactor ?? 1)),
      responseBytes: this.#size(behaviour.responseBytes),
      ...work,
    };
  }

  #idle(atMs: number, revision: string): Sandbox | undefined {
    this.#open = this.#open.filter(
      ({ busyUntilMs, bornMs }) => atMs - busyUntilMs < IDLE_MS_MAX && atMs - bornMs < AGE_MS_MAX,
    );
    const idle = this.#open.filter((sandbox) => sandbox.busyUntilMs <= atMs && sandbox.revision === revision);
    return idle.sort((a, b) => b.busyUntilMs - a.busyUntilMs)[0];
  }

  #start(atMs: number, revision: string): Sandbox {
    const memoryMb = this.#random.logNormal(this.#spec.memoryMb, 0.02);
    const sandbox = {
      instance: this.#random.hex(32),
      revision,
      bornMs: atMs,
      busyUntilMs: atMs,
      sequence: 0,
      memoryMb,
    };
    this.#open.push(sandbox);
    return sandbox;
  }

  /** Memory only rises within a sandbox, ever more slowly. */
  #memoryAfter(memoryMb: number, change: Change): number {
    const ceiling = this.#spec.memoryMb * 1.16 + (change.memoryMoreMb ?? 0);
    return memoryMb + Math.max(0, ceiling - memoryMb) * this.#random.between(0, 0.08);
  }

  #work(
    behaviour: BehaviourSpec,
    how: { readonly change: Change; readonly cold: boolean; readonly failed: boolean },
  ): Pick<Invocation, 'durationMs' | 'cpuMs' | 'calls'> {
    const { change } = how;
    const slow = how.cold ? this.#random.between(2.2, 3.4) : 1;
    const workMs = this.#random.logNormal(behaviour.workMs, 0.22) * slow * (change.durationFactor ?? 1);
    const calls: MadeCall[] = [];
    const listed = behaviour.calls.filter(({ chance }) => this.#random.chance(chance ?? 1));
    let atMs = workMs * (listed.length === 0 ? 0.8 : 0.3);
    // A failing invocation breaks off at its last call.
    for (const [index, spec] of listed.entries()) {
      const broken = how.failed && index === listed.length - 1;
      const call = this.#call(spec, { atMs, slow, status: broken ? 500 : 200 });
      calls.push(call);
      atMs += call.durationMs + (workMs * 0.5) / listed.length;
    }
    for (const more of change.moreCalls ?? []) {
      calls.push({ ...more, offsetMs: atMs });
      atMs += more.durationMs;
    }
    return {
      durationMs: atMs + workMs * 0.2,
      cpuMs: this.#random.logNormal(behaviour.cpuMs, 0.14) * (how.cold ? 3.1 : 1) * (change.cpuFactor ?? 1),
      calls,
    };
  }

  #call(spec: CallSpec, how: { readonly atMs: number; readonly slow: number; readonly status: number }): MadeCall {
    return {
      verb: spec.verb,
      resource: spec.resource,
      destination: spec.destination,
      bytesOut: this.#size(spec.bytesOut),
      bytesIn: this.#size(spec.bytesIn),
      status: how.status,
      offsetMs: how.atMs,
      durationMs: this.#random.logNormal(spec.ms, 0.25) * Math.sqrt(how.slow),
    };
  }

  #size(median: number): number {
    return Math.round(this.#random.logNormal(median, 0.16));
  }
}

function behaviourOf(spec: FunctionSpec, arrival: Arrival): BehaviourSpec {
  const behaviour = spec.behaviours.find(({ name }) => name === arrival.behaviour);
  if (behaviour === undefined) throw new Error(`${spec.name} has no behaviour ${arrival.behaviour}`);
  return behaviour;
}
