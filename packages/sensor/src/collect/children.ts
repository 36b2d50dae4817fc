import { subscribe } from 'node:diagnostics_channel';
import { syncBuiltinESMExports } from 'node:module';
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
 * that is made through a diagnostics channel (all of 20, 22 and 24); it says nothing of the synchronous calls, so those
 * three functions are wrapped. Both are blind to what bypasses `node:child_process`: that shows as CPU time of children
 * and in the process table. About 1 µs a child.
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
    const module: unknown = process.getBuiltinModule?.('node:child_process');
    for (const name of ['spawnSync', 'execFileSync', 'execSync']) this.#wrap(module, name);
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

  #wrap(module: unknown, name: string): void {
    const original = read(module, name);
    if (typeof module !== 'object' || module === null || typeof original !== 'function') return;
    const children = this;
    const wrapped = function (this: unknown, ...words: unknown[]): unknown {
      const call = children.#begin(name, words);
      try {
        return Reflect.apply(original, this, words);
      } finally {
        if (call !== undefined) call.endMs = nowMs();
      }
    };
    Object.defineProperty(wrapped, 'name', { value: name });
    Object.defineProperty(wrapped, 'length', { value: original.length });
    Object.defineProperty(module, name, { value: wrapped, configurable: true, writable: true, enumerable: true });
  }

  #begin(name: string, words: readonly unknown[]): Call | undefined {
    let began: Call | undefined;
    this.#watch.guard(() => {
      this.started = true;
      const options = words.find((word) => typeof word === 'object' && word !== null && !Array.isArray(word));
      const shell = read(options, 'shell');
      const usesShell = name === 'execSync' || (shell !== undefined && shell !== false);
      const call = newCall('exec:?', '', '');
      named(call, usesShell ? (typeof shell === 'string' ? shell : 'sh') : words[0]);
      this.#watch.add(call);
      began = call;
    }, undefined);
    return began;
  }
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

function isRunning({ process: child, call }: Child): boolean {
  if (call.verb === 'exec:?') named(call, read(child, 'spawnfile'));
  const code = read(child, 'exitCode');
  if (typeof code === 'number') {
    // Negative codes are errors of the start itself: the program does not exist, or may not be run.
    call.status = code < 0 ? 127 : Math.min(code, 999);
    if (Number.isNaN(call.endMs)) call.endMs = nowMs();
    return false;
  }
  if (typeof read(child, 'signalCode') === 'string') return false;
  return typeof read(child, 'pid') === 'number';
}
