import { version } from 'node:process';
import type { FunctionRevision } from '../contract.ts';
import { regionOf } from './environment.ts';
import type { ExtensionStatus } from './extensions-api.ts';
import type { Failure } from './failure.ts';
import type { RuntimeAnswer } from './runtime-api.ts';
import type { SandboxLog } from './sandbox-log.ts';

/** What is known of an invocation when the runtime is done with it. */
export interface DoneInvocation {
  readonly requestId: string;
  /** `performance.now()`. */
  readonly startedMs: number;
  readonly answer: RuntimeAnswer | undefined;
}

/** What is known of an invocation when everything is done with it. */
export interface ReportedInvocation {
  readonly requestId: string;
  readonly durationMs: number;
  /** Only for the first one of a sandbox. */
  readonly initMs: number | undefined;
  readonly peakKb: number;
  readonly failure: Failure | undefined;
}

const INIT = { initializationType: 'on-demand', phase: 'init' } as const;

/** Writes the platform's records about one sandbox into its log, in the shapes of the Telemetry API (schema 2025-01-29). */
export class SandboxReports {
  readonly #log: SandboxLog;
  readonly #revision: FunctionRevision;
  #trace: string | undefined;

  constructor(log: SandboxLog, revision: FunctionRevision) {
    this.#log = log;
    this.#revision = revision;
  }

  initStart(): void {
    const { name, version: functionVersion, arn, memorySizeMb } = this.#revision;
    this.#log.platform('initStart', {
      ...INIT,
      runtimeVersion: `nodejs:24.${version}`,
      runtimeVersionArn: `arn:aws:lambda:${regionOf(arn)}::runtime:nodejs-${version}`,
      functionName: name,
      functionVersion,
      instanceMaxMemory: memorySizeMb * 1_048_576,
    });
  }

  initRuntimeDone(failure: Failure | undefined): void {
    this.#log.platform('initRuntimeDone', { ...INIT, ...statusOf(failure) });
  }

  initReport(durationMs: number, failure: Failure | undefined): void {
    this.#log.platform('initReport', { ...INIT, ...statusOf(failure), metrics: { durationMs: rounded(durationMs) } });
  }

  extension(extension: ExtensionStatus): void {
    this.#log.platform('extension', { name: extension.name, state: 'Ready', events: extension.events });
  }

  subscription(name: string, types: readonly string[]): void {
    this.#log.platform('telemetrySubscription', { name, state: 'Subscribed', types });
  }

  start(requestId: string, traceHeader: string): void {
    this.#trace = traceHeader;
    this.#log.platform('start', { requestId, version: this.#revision.version, tracing: this.#tracing() });
  }

  runtimeDone(done: DoneInvocation, durationMs: number, failure: Failure | undefined): void {
    const { requestId, answer } = done;
    this.#log.tellDropped();
    const produced = answer === undefined ? {} : { producedBytes: answer.payload.length };
    this.#log.platform('runtimeDone', {
      requestId,
      ...statusOf(failure),
      tracing: this.#tracing(),
      metrics: { durationMs: rounded(durationMs), ...produced },
      spans: answer === undefined ? [] : spansOf(done, answer, durationMs),
    });
  }

  report(reported: ReportedInvocation): void {
    const { requestId, durationMs, initMs, peakKb, failure } = reported;
    const memorySizeMB = this.#revision.memorySizeMb;
    this.#log.platform('report', {
      requestId,
      ...statusOf(failure),
      tracing: this.#tracing(),
      metrics: {
        durationMs: rounded(durationMs),
        // Since August 2025 the start is billed too.
        billedDurationMs: Math.ceil(durationMs + (initMs ?? 0)),
        memorySizeMB,
        maxMemoryUsedMB: Math.min(memorySizeMB, Math.ceil(peakKb / 1_024)),
        ...(initMs === undefined ? {} : { initDurationMs: rounded(initMs) }),
      },
    });
  }

  #tracing(): object {
    return { type: 'X-Amzn-Trace-Id', value: this.#trace ?? '' };
  }
}

function statusOf(failure: Failure | undefined): { status: string; errorType?: string } {
  return failure === undefined ? { status: 'success' } : { status: failure.status, errorType: failure.errorType };
}

function spansOf(done: DoneInvocation, answer: RuntimeAnswer, durationMs: number): readonly object[] {
  const { startedMs } = done;
  const span = (name: string, fromMs: number, toMs: number) => ({
    name,
    start: new Date(performance.timeOrigin + fromMs).toISOString(),
    durationMs: rounded(Math.max(0, toMs - fromMs)),
  });
  return [
    span('responseLatency', startedMs, answer.firstByteMs),
    span('responseDuration', answer.firstByteMs, answer.lastByteMs),
    span('runtimeOverhead', answer.lastByteMs, startedMs + durationMs),
  ];
}

function rounded(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
