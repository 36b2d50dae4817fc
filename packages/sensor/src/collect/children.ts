import { subscribe } from 'node:diagnostics_channel';
import { type Call, newCall, nowMs } from '../calls.ts';
import { CHILDREN_MAX } from '../limits.ts';
import { read } from '../objects.ts';
import type { Watch } from './watch.ts';

/** A child process that was started, and its call. */
interface Child {
  readonly process: object;
  readonly call: Call;
}

/**
 * Watches the start of child processes: program, exit code, how many are still running. Node tells of every `ChildProcess`
 * that is made through a diagnostics channel (all of 20, 22 and 24); it says nothing of the synchronous calls, so what
 * `spawnSync`, `execSync` and `execFileSync` have in common is wrapped: the binding below them, because loading
 * `node:child_process` to wrap it there takes 5 MB and most of the time that the sensor needs to start. Where Node keeps the
 * binding to itself, or would warn of its use, the three functions are wrapped after all. Blind to bindings of one's own:
 * they show as CPU time of children and in the process table. About 1 µs a child.
 */
export class Children {
  #running: Child[] = [];
  /** Children were started since this was last set to false. */
  started = false;
  readonly #watch: Watch;

  constructor(watch: Watch) {
    this.#watch = watch;
  }

  /** Begins to watch. Once in a process. */
  start(): void {
    subscribe('child_process', (message) => this.#watch.guard((of) => this.#started(read(of, 'process')), message));
    const binding = synchronousBinding();
    if (binding !== undefined) {
      this.#wrap(binding, 'spawn', (words) => read(words[0], 'file'));
      return;
    }
    const module: unknown = process.getBuiltinModule?.('node:child_process');
    for (const name of ['spawnSync', 'execFileSync', 'execSync']) this.#wrap(module, name, programOf(name));
    const { syncBuiltinESMExports } = process.getBuiltinModule('node:module');
    syncBuiltinESMExports();
  }

  /** Completes the calls of children that have ended; returns how many have not. Free when there are none. */
  settle(): number {
    if (this.#running.length === 0) return 0;
    this.#running = this.#running.filter((child) => isRunning(child));
    return this.#running.length;
  }

  /** How many children run that this process knows of. */
  get running(): number {
    return this.#running.length;
  }

  #started(child: unknown): void {
    if (typeof child !== 'object' || child === null) return;
    this.started = true;
    if (this.#running.length >= CHILDREN_MAX) this.settle();
    const call = newCall('exec:?', '', '');
    this.#watch.add(call);
    if (this.#running.length < CHILDREN_MAX) this.#running.push({ process: child, call });
    // The program is known only after the constructor that tells of the child.
    queueMicrotask(() => named(call, read(child, 'spawnfile')));
  }

  #wrap(owner: unknown, name: string, programIn: (words: readonly unknown[]) => unknown): void {
    const original = read(owner, name);
    if (typeof owner !== 'object' || owner === null || typeof original !== 'function') return;
    const children = this;
    const wrapped = function (this: unknown, ...words: unknown[]): unknown {
      const call = children.#begin(() => programIn(words));
      try {
        const result: unknown = Reflect.apply(original, this, words);
        // Without a process nothing was started.
        const code = read(result, 'pid') === 0 ? -1 : read(result, 'status');
        if (call !== undefined) ended(call, code);
        return result;
      } finally {
        if (call !== undefined) call.endMs = nowMs();
      }
    };
    Object.defineProperty(wrapped, 'name', { value: name });
    Object.defineProperty(wrapped, 'length', { value: original.length });
    Object.defineProperty(owner, name, { value: wrapped, configurable: true, writable: true, enumerable: true });
  }

  #begin(program: () => unknown): Call | undefined {
    let began: Call | undefined;
    this.#watch.guard(() => {
      this.started = true;
      const call = newCall('exec:?', '', '');
      named(call, program());
      this.#watch.add(call);
      began = call;
    }, undefined);
    return began;
  }
}

/** What `node:child_process` calls for its synchronous functions; undefined where it cannot be had without a warning. */
function synchronousBinding(): unknown {
  const { execArgv, env } = process;
  const options = [...execArgv, env['NODE_OPTIONS'] ?? ''].join(' ');
  if (options.includes('--pending-deprecation') || env['NODE_PENDING_DEPRECATION'] === '1') return undefined;
  try {
    const open: unknown = read(process, 'binding');
    const binding: unknown = typeof open === 'function' ? Reflect.apply(open, process, ['spawn_sync']) : undefined;
    return typeof read(binding, 'spawn') === 'function' ? binding : undefined;
  } catch {
    return undefined;
  }
}

/** Finds the program among the arguments of one of the synchronous functions. */
function programOf(name: string): (words: readonly unknown[]) => unknown {
  return (words) => {
    const options = words.find((word) => typeof word === 'object' && word !== null && !Array.isArray(word));
    const shell = read(options, 'shell');
    const usesShell = name === 'execSync' || (shell !== undefined && shell !== false);
    return usesShell ? (typeof shell === 'string' ? shell : 'sh') : words[0];
  };
}

/** The name of a program without its folder; what cannot be one becomes `?`. */
export function programName(program: unknown): string {
  if (typeof program !== 'string') return '?';
  const name = program.slice(program.lastIndexOf('/') + 1);
  return /^[\w.+-]{1,64}$/.test(name) ? name : '?';
}

function named(call: Call, program: unknown): void {
  call.verb = `exec:${programName(program)}`;
}

function ended(call: Call, code: unknown): void {
  // Negative codes are errors of the start itself: the program does not exist, or may not be run.
  if (typeof code === 'number') call.status = code < 0 ? 127 : Math.min(code, 999);
}

function isRunning({ process: child, call }: Child): boolean {
  if (call.verb === 'exec:?') named(call, read(child, 'spawnfile'));
  const code = read(child, 'exitCode');
  if (typeof code === 'number') {
    ended(call, code);
    if (Number.isNaN(call.endMs)) call.endMs = nowMs();
    return false;
  }
  if (typeof read(child, 'signalCode') === 'string') return false;
  return typeof read(child, 'pid') === 'number';
}
