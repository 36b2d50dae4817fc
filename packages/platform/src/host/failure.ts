/** Why a sandbox could not do what it was asked for. */
export interface Failure {
  /** As in `platform.runtimeDone`: the handler failed, the process failed, or it took too long. */
  readonly status: 'error' | 'failure' | 'timeout';
  /** As in the telemetry: `Runtime.ExitError`, `Sandbox.Timedout`, … */
  readonly errorType: string;
  /** Error document for the caller, JSON. */
  readonly document: Buffer;
  /** The handler answered properly with an error: the sandbox goes on. */
  readonly survives: boolean;
}

/** The function took longer than it may. */
export function timedOut(requestId: string, limitMs: number): Failure {
  const message = `Task timed out after ${(limitMs / 1_000).toFixed(2)} seconds`;
  return fatal('timeout', 'Sandbox.Timedout', `RequestId: ${requestId} Error: ${message}`);
}

/** The runtime ended by itself, with the status as a shell has it. */
export function exited(requestId: string, status: number): Failure {
  const text = `RequestId: ${requestId} Error: ${exitText(status)}`;
  return fatal('failure', 'Runtime.ExitError', text);
}

/** The sandbox used more memory than it has. */
export function outOfMemory(requestId: string): Failure {
  const text = `RequestId: ${requestId} Error: Runtime exited with error: signal: killed`;
  return fatal('failure', 'Runtime.OutOfMemory', text);
}

/** An extension ended or gave up. */
export function extensionFailed(requestId: string, errorType: string, what: string): Failure {
  return fatal('failure', errorType, `RequestId: ${requestId} Error: ${what}`);
}

/** The sandbox itself could not be made, or was ended from outside. */
export function sandboxFailed(requestId: string, why: string): Failure {
  return fatal('failure', 'Sandbox.Failure', `RequestId: ${requestId} Error: ${why}`);
}

/** The function could not be loaded; the runtime said why. */
export function initFailed(errorType: string, document: Buffer): Failure {
  return { status: 'error', errorType: telemetryType(errorType), document, survives: false };
}

/** The handler answered with an error document. */
export function handlerFailed(errorType: string, document: Buffer): Failure {
  return { status: 'error', errorType: telemetryType(errorType), document, survives: true };
}

/**
 * Error types of functions go into telemetry only in the form that Lambda lets through; others could be anything, and are
 * `Runtime.Unknown`.
 */
function telemetryType(errorType: string): string {
  if (/^(Runtime|Function|Extension)\.[A-Z][A-Za-z]{0,99}$/.test(errorType)) return errorType;
  return errorType.startsWith('Function.') ? 'Function.Unknown' : 'Runtime.Unknown';
}

function fatal(status: 'failure' | 'timeout', errorType: string, errorMessage: string): Failure {
  return { status, errorType, document: Buffer.from(JSON.stringify({ errorType, errorMessage })), survives: false };
}

const SIGNALS: ReadonlyMap<number, string> = new Map([
  [1, 'hangup'],
  [2, 'interrupt'],
  [4, 'illegal instruction'],
  [5, 'trace/breakpoint trap'],
  [6, 'aborted'],
  [7, 'bus error'],
  [9, 'killed'],
  [11, 'segmentation fault'],
  [15, 'terminated'],
]);

function exitText(status: number): string {
  if (status === 0) return 'Runtime exited without providing a reason';
  const signal = SIGNALS.get(status - 128);
  return `Runtime exited with error: ${signal === undefined ? `exit status ${status}` : `signal: ${signal}`}`;
}
