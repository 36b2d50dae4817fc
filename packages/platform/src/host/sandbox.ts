import { randomBytes, randomUUID } from 'node:crypto';
import type { FunctionRevision, HostNeeds, InvokeOutcome, InvokeRequest, SandboxStatus } from '../contract.ts';
import { isOwnedBy } from './connection-owner.ts';
import { sandboxEnvironment } from './environment.ts';
import { ExtensionsApi } from './extensions-api.ts';
import {
  exited,
  extensionFailed,
  type Failure,
  handlerFailed,
  initFailed,
  outOfMemory,
  sandboxFailed,
  timedOut,
} from './failure.ts';
import type { Guard } from './guard.ts';
import type { Launcher } from './launch.ts';
import {
  CREDENTIALS_MARGIN_MS,
  INIT_MS_MAX,
  INTERNAL_SHUTDOWN_MS_MAX,
  MEMORY_WATCH_MS,
  SHUTDOWN_MS_MAX,
} from './limits.ts';
import { removeFolder } from './remove-folder.ts';
import { type RuntimeAnswer, RuntimeApi } from './runtime-api.ts';
import { SandboxLog } from './sandbox-log.ts';
import { SandboxProcess, withDeadline } from './sandbox-process.ts';
import { SandboxReports } from './sandbox-reports.ts';
import { traceHeaderFor } from './trace-header.ts';

/** What a sandbox is made from. */
export interface SandboxParts {
  readonly revision: FunctionRevision;
  readonly needs: HostNeeds;
  readonly launcher: Launcher;
  readonly guard: Guard;
  /** Address its Runtime API listens on. */
  readonly address: string;
  /** Whether the kernel ends all processes of a sandbox together. */
  readonly hasNamespaces: boolean;
  /** Called once, when it cannot take another invocation. */
  readonly onEnding: (sandbox: Sandbox) => void;
}

/** Why a sandbox ends, as extensions are told. */
export type EndReason = 'spindown' | 'timeout' | 'failure';

/** What goes on at the moment: the start, or one invocation. */
interface Phase {
  readonly requestId: string;
  readonly finished: PromiseWithResolvers<Failure | undefined>;
  readonly startedMs: number;
  answer: RuntimeAnswer | undefined;
  /** The runtime asked for the next invocation, and what it wrote before has been read. */
  runtimeDone: boolean;
}

/**
 * One sandbox of one revision: its processes, its Runtime API, its log. Takes one invocation at a time; the first one starts it.
 * Between invocations everything in it is stopped. A failure of anything but the handler ends it.
 */
export class Sandbox {
  readonly revision: FunctionRevision;
  readonly logStream: string;
  readonly #parts: SandboxParts;
  readonly #log: SandboxLog;
  readonly #reports: SandboxReports;
  readonly #api: RuntimeApi;
  #extensions: ExtensionsApi;
  #process: SandboxProcess | undefined;
  #state: SandboxStatus['state'] = 'starting';
  #phase: Phase | undefined;
  #invocations = 0;
  #peakKb = 0;
  #initMs: number | undefined;
  #credentialsEndMs = Number.POSITIVE_INFINITY;
  #ending: Promise<void> | undefined;

  constructor(parts: SandboxParts) {
    this.#parts = parts;
    this.revision = parts.revision;
    this.logStream = logStreamName(parts.revision.version, new Date());
    const { deliver } = parts.needs;
    const functionName = parts.revision.name;
    this.#log = new SandboxLog({ functionName, logStream: this.logStream, deliver: (delivery) => deliver(delivery) });
    this.#reports = new SandboxReports(this.#log, parts.revision);
    this.#extensions = this.#makeExtensions([]);
    this.#api = new RuntimeApi(
      {
        runtimeReady: () => void this.#runtimeReady(),
        answered: (answer) => this.#answered(answer),
        initFailed: (errorType, document) => this.#fail(() => initFailed(errorType, document)),
      },
      (request, response) => this.#extensions.route(request, response),
      (socket) => this.#process !== undefined && isOwnedBy(socket, this.#process.tree()),
    );
    this.#log.listen((event) => this.#extensions.telemetry(event));
  }

  /** Whether it can take an invocation now. */
  get isIdle(): boolean {
    return this.#state === 'idle';
  }

  /** Whether its credentials outlive an invocation that starts now. */
  get isFresh(): boolean {
    return Date.now() + this.revision.timeoutMs + CREDENTIALS_MARGIN_MS < this.#credentialsEndMs;
  }

  status(): SandboxStatus {
    const { name, version, revisionId } = this.revision;
    const pid = this.#process?.pid ?? 0;
    const invocations = this.#invocations;
    return { functionName: name, version, revisionId, logStream: this.logStream, pid, state: this.#state, invocations };
  }

  /** Runs one invocation; the first starts the sandbox. Never rejects. */
  async run(request: InvokeRequest): Promise<InvokeOutcome> {
    const requestId = request.requestId ?? randomUUID();
    this.#invocations += 1;
    this.#state = this.#process === undefined ? 'starting' : 'busy';
    const initFailure = this.#process === undefined ? await this.#init(requestId) : undefined;
    if (initFailure !== undefined) return this.#endedEarly(requestId, initFailure);
    this.#state = 'busy';
    return this.#invoke(requestId, request);
  }

  /** Ends it: at once, or after the time its extensions have. Running invocations fail. May be called twice. */
  end(reason: EndReason): Promise<void> {
    this.#ending ??= this.#end(reason);
    return this.#ending;
  }

  async #init(requestId: string): Promise<Failure | undefined> {
    const phase = this.#begin(requestId);
    const timer = setTimeout(() => this.#fail((id) => timedOut(id, INIT_MS_MAX)), INIT_MS_MAX);
    this.#reports.initStart();
    this.#launch().catch((error: unknown) => {
      const why = error instanceof Error ? error.message : String(error);
      this.#fail((id) => sandboxFailed(id, `Sandbox could not be made: ${why}`));
    });
    const stopWatching = this.#watchMemory();
    const failure = await phase.finished.promise;
    clearTimeout(timer);
    stopWatching();
    this.#phase = undefined;
    this.#initMs = performance.now() - phase.startedMs;
    if (failure !== undefined) this.#reports.initRuntimeDone(failure);
    this.#reports.initReport(this.#initMs, failure);
    return failure;
  }

  async #launch(): Promise<void> {
    const { revision, launcher, needs, guard, hasNamespaces, address } = this.#parts;
    const credentials = needs.credentials(revision);
    this.#credentialsEndMs = credentials.expiresMs;
    const [launch, runtimeApi] = await Promise.all([launcher.prepare(revision), this.#api.listen(address)]);
    // It was ended while it was prepared.
    if (this.#ending !== undefined) {
      this.#api.close();
      await removeFolder(launch.folder);
      return;
    }
    this.#extensions = this.#makeExtensions(launch.extensions);
    const { paths, command, folder, workingFolder } = launch;
    const { endpointUrl } = needs;
    const { logStream } = this;
    const environment = sandboxEnvironment({ revision, paths, credentials, endpointUrl, runtimeApi, logStream });
    const mark = hasNamespaces ? undefined : logStream.slice(-MARK_CHARS);
    this.#process = new SandboxProcess(
      { command, environment, folder, workingFolder, mark, guard },
      {
        line: (type, line, cutBytes) => this.#log.line(type, line, cutBytes),
        runtimeExited: (status) => this.#fail((id) => exited(id, status)),
        extensionExited: (name, status) =>
          this.#fail((id) => extensionFailed(id, 'Extension.Crash', `${name} exited with status ${status}`)),
        gone: () => this.#fail((id) => sandboxFailed(id, this.#process?.lastComplaint ?? 'Sandbox was not made')),
      },
    );
  }

  async #invoke(requestId: string, request: InvokeRequest): Promise<InvokeOutcome> {
    const { revision } = this;
    const nowMs = Date.now();
    const traceHeader = traceHeaderFor(request.traceHeader, nowMs);
    const deadlineMs = nowMs + revision.timeoutMs;
    const functionArn = request.qualifier === undefined ? revision.arn : `${revision.arn}:${request.qualifier}`;
    this.#process?.thaw();
    this.#extensions.setFrozen(false);
    const phase = this.#begin(requestId);
    this.#reports.start(requestId, traceHeader);
    const timer = setTimeout(() => this.#fail((id) => timedOut(id, revision.timeoutMs)), revision.timeoutMs);
    const stopWatching = this.#watchMemory();
    const tracing = { type: 'X-Amzn-Trace-Id', value: traceHeader };
    this.#extensions.tell({ eventType: 'INVOKE', deadlineMs, requestId, invokedFunctionArn: functionArn, tracing });
    // An invocation without a payload has an empty event.
    const payload = request.payload.length === 0 ? EMPTY_EVENT : request.payload;
    const clientContext = decodeContext(request.clientContext);
    this.#api.invoke({ requestId, deadlineMs, functionArn, traceHeader, clientContext, payload });
    const fatal = await phase.finished.promise;
    clearTimeout(timer);
    stopWatching();
    this.#phase = undefined;
    return this.#finish(phase, fatal);
  }

  async #finish(phase: Phase, fatal: Failure | undefined): Promise<InvokeOutcome> {
    const durationMs = performance.now() - phase.startedMs;
    const { answer, requestId } = phase;
    const answerFailure = answer === undefined ? undefined : failureOf(answer);
    const failure = fatal ?? answerFailure;
    if (fatal !== undefined) {
      this.#peakKb = Math.max(this.#peakKb, this.#process?.memoryKb() ?? 0);
      await this.#process?.drain();
      if (!phase.runtimeDone) this.#reports.runtimeDone(phase, durationMs, fatal);
      await this.end(fatal.status === 'timeout' ? 'timeout' : 'failure');
    } else {
      this.#process?.freeze();
      this.#extensions.setFrozen(true);
      this.#peakKb = Math.max(this.#peakKb, this.#process?.memoryKb() ?? 0);
    }
    this.#reports.report({ requestId, durationMs, initMs: this.#initMs, peakKb: this.#peakKb, failure });
    this.#initMs = undefined;
    this.#log.endInvocation();
    if (this.#ending === undefined) this.#state = 'idle';
    // What was answered before the process ended counts for the caller, as on Lambda; what took too long does not.
    const isAnswered = answer !== undefined && fatal?.status !== 'timeout';
    return this.#outcome(requestId, durationMs, isAnswered ? (answerFailure ?? answer) : failure);
  }

  /** The start failed: the invocation is reported with the same error, though it never reached the function. */
  async #endedEarly(requestId: string, failure: Failure): Promise<InvokeOutcome> {
    const durationMs = this.#initMs ?? 0;
    const early = { requestId, answer: undefined, startedMs: performance.now() };
    await this.end(failure.status === 'timeout' ? 'timeout' : 'failure');
    this.#reports.start(requestId, traceHeaderFor(undefined, Date.now()));
    this.#reports.runtimeDone(early, 0, failure);
    this.#reports.report({ requestId, durationMs, initMs: undefined, peakKb: this.#peakKb, failure });
    this.#log.endInvocation();
    return this.#outcome(requestId, durationMs, failure);
  }

  #outcome(requestId: string, durationMs: number, result: Failure | RuntimeAnswer | undefined): InvokeOutcome {
    const executedVersion = this.revision.version;
    const base = { kind: 'returned', requestId, executedVersion, durationMs } as const;
    if (result === undefined) return { ...base, payload: Buffer.from('null') };
    if ('document' in result) return { ...base, payload: result.document, functionError: 'Unhandled' };
    return { ...base, payload: result.payload };
  }

  #begin(requestId: string): Phase {
    const finished = Promise.withResolvers<Failure | undefined>();
    const phase = { requestId, finished, startedMs: performance.now(), answer: undefined, runtimeDone: false };
    this.#phase = phase;
    return phase;
  }

  /** Something ended what goes on; without anything going on, it ends the sandbox. */
  #fail(why: (requestId: string) => Failure): void {
    if (this.#phase !== undefined) this.#phase.finished.resolve(why(this.#phase.requestId));
    else if (this.#ending === undefined) void this.end('failure');
  }

  #answered(answer: RuntimeAnswer): void {
    if (this.#phase !== undefined) this.#phase.answer = answer;
  }

  async #runtimeReady(): Promise<void> {
    const phase = this.#phase;
    if (phase === undefined) return;
    const readyMs = performance.now();
    await this.#process?.drain();
    if (phase !== this.#phase) return;
    const failure = phase.answer === undefined ? undefined : failureOf(phase.answer);
    if (this.#state === 'starting') this.#reports.initRuntimeDone(undefined);
    else this.#reports.runtimeDone(phase, readyMs - phase.startedMs, failure);
    phase.runtimeDone = true;
    this.#checkDone();
  }

  #checkDone(): void {
    const phase = this.#phase;
    if (phase?.runtimeDone === true && this.#extensions.allReady) phase.finished.resolve(undefined);
  }

  #watchMemory(): () => void {
    const maxKb = this.revision.memorySizeMb * 1_024;
    const timer = setInterval(() => {
      const usedKb = this.#process?.memoryKb() ?? 0;
      this.#peakKb = Math.max(this.#peakKb, usedKb);
      if (usedKb > maxKb) this.#fail(outOfMemory);
    }, MEMORY_WATCH_MS);
    return () => clearInterval(timer);
  }

  #makeExtensions(external: readonly string[]): ExtensionsApi {
    const { name: functionName, version: functionVersion, handler, arn } = this.#parts.revision;
    return new ExtensionsApi(
      {
        registered: (extension) => this.#reports.extension(extension),
        extensionReady: () => this.#checkDone(),
        extensionFailed: (type, name) => this.#fail((id) => extensionFailed(id, type, `${name} gave up`)),
        subscribed: (name, types) => this.#reports.subscription(name, types),
      },
      { functionName, functionVersion, handler, accountId: arn.split(':')[4] ?? '' },
      external,
    );
  }

  async #end(reason: EndReason): Promise<void> {
    this.#state = 'ending';
    this.#parts.onEnding(this);
    const phase = this.#phase;
    phase?.finished.resolve(sandboxFailed(phase.requestId, 'Sandbox was ended'));
    if (this.#process !== undefined && this.#extensions.size > 0) await this.#sayGoodbye(this.#process, reason);
    await this.#process?.kill();
    this.#extensions.close();
    this.#api.close();
    this.#log.flush();
  }

  async #sayGoodbye(process: SandboxProcess, reason: EndReason): Promise<void> {
    const limitMs = this.#extensions.externals > 0 ? SHUTDOWN_MS_MAX : INTERNAL_SHUTDOWN_MS_MAX;
    process.thaw();
    this.#extensions.setFrozen(false);
    process.endRuntime(reason === 'spindown' ? 'SIGTERM' : 'SIGUSR1');
    void this.#extensions.flush();
    this.#extensions.tell({ eventType: 'SHUTDOWN', shutdownReason: reason, deadlineMs: Date.now() + limitMs });
    await withDeadline(process.exited, limitMs);
  }
}

/** The end of a log stream's name is its own: 128 random bits. */
const MARK_CHARS = 32;
const EMPTY_EVENT = Buffer.from('{}');

/** `2026/11/25/[$LATEST]<32 hex>`. */
function logStreamName(version: string, now: Date): string {
  const day = now.toISOString().slice(0, 10).replaceAll('-', '/');
  return `${day}/[${version}]${randomBytes(16).toString('hex')}`;
}

function failureOf(answer: RuntimeAnswer): Failure | undefined {
  return answer.errorType === undefined ? undefined : handlerFailed(answer.errorType, answer.payload);
}

/** The runtime gets the context as JSON; callers send it as base64. What is not one line of text is left out. */
function decodeContext(base64: string | undefined): string | undefined {
  if (base64 === undefined) return undefined;
  const text = Buffer.from(base64, 'base64').toString('utf8');
  return /^[\x20-\x7e]*$/.test(text) ? text : undefined;
}
