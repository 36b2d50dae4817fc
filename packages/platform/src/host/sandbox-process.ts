import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Readable } from 'node:stream';
import { setImmediate as turn } from 'node:timers/promises';
import { exportLines } from './environment.ts';
import type { Guard } from './guard.ts';
import { SETUP_ENVIRONMENT } from './isolation.ts';
import { DRAIN_TURNS_MAX, KILL_WAIT_MS_MAX } from './limits.ts';
import { LineSplitter } from './line-splitter.ts';
import { freezeTree, killTree, memoryKbOf, processTree, signal, thawTree } from './process-tree.ts';
import { removeFolder } from './remove-folder.ts';

/** What a sandbox's processes do by themselves. */
export interface ProcessListener {
  /** A line of the runtime, or of an extension; `cutBytes` were taken off it. */
  line(type: 'function' | 'extension', line: string, cutBytes: number): void;
  /** Exit status as a shell has it: 128 and the signal's number when it was killed. */
  runtimeExited(status: number): void;
  extensionExited(name: string, status: number): void;
  /** The first process is gone, and with it the sandbox. */
  gone(): void;
}

/** How to start the processes of one sandbox. */
export interface ProcessStart {
  /** Program and arguments of the first process, which runs `INIT_SCRIPT` somewhere. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Private folder, removed at the end. */
  readonly folder: string;
  /** Working folder of plain processes; those with a mount namespace go to their task root themselves. */
  readonly workingFolder: string;
  /** One word in the environment of everything that runs here; undefined where the kernel ends it all together. */
  readonly mark: string | undefined;
  readonly guard: Guard;
}

/** The processes of one sandbox: started, frozen, measured and killed together. */
export class SandboxProcess {
  readonly pid: number;
  readonly #start: ProcessStart;
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;

  #frozen: readonly number[] | undefined;
  #readBytes = 0;
  #lastComplaint = 'Sandbox ended unexpectedly';
  #killing: Promise<void> | undefined;

  constructor(start: ProcessStart, listener: ProcessListener) {
    this.#start = start;
    const [program, ...args] = start.command;
    // stderr is the set-up's own; the runtime writes both to stdout, so that lines stay in order.
    this.#child = spawn(program ?? '/bin/sh', args, {
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe', 'pipe', 'pipe'],
      env: SETUP_ENVIRONMENT,
      cwd: start.workingFolder,
    });
    this.pid = this.#child.pid ?? -1;
    if (this.pid > 0) start.guard.add(this.pid, start.mark);
    this.#child.stdin?.on('error', () => {});
    this.#child.stdin?.end(exportLines(start.environment));
    this.#read(1, (line, cut) => listener.line('function', line, cut));
    this.#read(2, (line) => {
      this.#lastComplaint = line;
    });
    this.#read(3, (line) => tellExit(line, listener));
    this.#read(4, (line, cut) => listener.line('extension', line, cut));
    this.#exited = Promise.race([once(this.#child, 'exit'), once(this.#child, 'error')]).catch(() => {});
    void this.#exited.then(async () => {
      await this.drain();
      listener.gone();
    });
  }

  /** What the set-up said last: why there is no sandbox. */
  get lastComplaint(): string {
    return this.#lastComplaint;
  }

  /** Resolves when the first process is gone. */
  get exited(): Promise<unknown> {
    return this.#exited;
  }

  /** Stops everything that runs here. */
  freeze(): void {
    if (this.pid > 0 && this.#killing === undefined) this.#frozen ??= freezeTree(this.pid);
  }

  /** Lets everything go on. */
  thaw(): void {
    if (this.#frozen === undefined) return;
    thawTree(this.pid, this.#frozen);
    this.#frozen = undefined;
  }

  /** All processes that run here now, the first one first. */
  tree(): readonly number[] {
    return this.pid > 0 ? processTree(this.pid) : [];
  }

  /** Memory in use, KiB. Frozen sandboxes are measured without looking for new processes. */
  memoryKb(): number {
    if (this.pid <= 0) return 0;
    return memoryKbOf(this.#frozen ?? processTree(this.pid));
  }

  /** Asks the runtime to end (SIGTERM), or kills it and leaves the extensions (SIGUSR1). */
  endRuntime(how: 'SIGTERM' | 'SIGUSR1'): void {
    const tree = processTree(this.pid);
    // The shell that passes it on is the entered process where there is one, else the first.
    const shell = this.#start.mark === undefined ? tree[1] : tree[0];
    if (shell !== undefined && shell > 0) signal(shell, how);
  }

  /** Resolves when everything that was written before now has been read. A writer without end is not waited for. */
  async drain(): Promise<void> {
    let quiet = 0;
    let before = this.#readBytes;
    // A turn may end without having polled; after two, everything that was there has been read.
    for (let turns = 0; turns < DRAIN_TURNS_MAX && quiet < 2; turns += 1) {
      await turn();
      quiet = this.#readBytes === before ? quiet + 1 : 0;
      before = this.#readBytes;
    }
  }

  /** Kills everything, and resolves when it is gone and the folder removed. May be called twice. */
  kill(): Promise<void> {
    this.#killing ??= this.#kill();
    return this.#killing;
  }

  async #kill(): Promise<void> {
    if (this.pid > 0) {
      if (this.#start.mark === undefined) {
        // The namespace ends with its first process, and the process that entered it waits for that.
        const inside = processTree(this.pid).slice(1);
        for (const process of inside) signal(process, 'SIGKILL');
        // Before it has entered, it is alone, and takes a child that it just makes with it.
        signal(-this.pid, inside.length === 0 ? 'SIGKILL' : 'SIGCONT');
      } else killTree(this.pid, this.#start.mark);
      await withDeadline(this.#exited, KILL_WAIT_MS_MAX);
      signal(-this.pid, 'SIGKILL');
      this.#start.guard.remove(this.pid);
    }
    await this.drain();
    // Something that got away may hold the other ends.
    for (const stream of this.#child.stdio) stream?.destroy();
    await removeFolder(this.#start.folder);
  }

  #read(descriptor: number, take: (line: string, cutBytes: number) => void): void {
    const stream = this.#child.stdio[descriptor];
    if (!isReadable(stream)) return;
    const lines = new LineSplitter(take);
    stream.on('data', (chunk: Buffer) => {
      this.#readBytes += chunk.length;
      lines.push(chunk);
    });
    stream.on('error', () => {});
    stream.on('end', () => lines.flush());
  }
}

function isReadable(stream: unknown): stream is Readable {
  return typeof stream === 'object' && stream !== null && 'read' in stream;
}

function tellExit(line: string, listener: ProcessListener): void {
  const match = /^(runtime|extension) (\d+) ?(.*)$/.exec(line);
  if (match === null) return;
  const [, who, status = '', name = ''] = match;
  if (who === 'runtime') listener.runtimeExited(Number(status));
  else listener.extensionExited(name, Number(status));
}

/** Waits for something, but not for ever. */
export async function withDeadline(promise: Promise<unknown>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([promise, late]);
  clearTimeout(timer);
}
