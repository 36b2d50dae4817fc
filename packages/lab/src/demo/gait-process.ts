import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';

const GAIT = resolve(import.meta.dirname, '../../../server/bin/gait.js');
/** Ticks of the kernel's clock a second, in which it counts CPU time; the same on every Linux we run on. */
const TICKS_PER_SECOND = 100;
/** How long an answer may take, ms: a quarantine with all its reading back takes a few seconds. */
const ANSWER_MS_MAX = 60_000;
/** How long the server may take to end, ms; then it is killed. */
const END_MS_MAX = 20_000;

/** What the server says of itself, one JSON object a line. */
interface Said {
  readonly event: string;
  readonly url?: string;
  readonly token?: string;
}

/** The server ended before it listened. */
export class GaitNotStarted extends Error {
  override readonly name = 'GaitNotStarted';
  /** Address and port at which something else listens; undefined when it was something else. */
  readonly taken: string | undefined;

  /** `trouble` is what the server wrote about it. */
  constructor(trouble: string) {
    super(`gait serve did not start:\n${trouble}`);
    this.taken = /EADDRINUSE\D*([\d.]+:\d+)/.exec(trouble)?.[1];
  }
}

/** `gait serve` as a process of its own, as a user starts it. */
export class GaitProcess {
  readonly url: string;
  /** The administrator's token. */
  readonly token: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, of: { readonly url: string; readonly token: string }) {
    this.#child = child;
    this.url = of.url;
    this.token = of.token;
  }

  /** Starts the server; it must be its first start with the data folder. Resolves when it listens. Rejects with what it wrote if it does not. */
  static async start(words: readonly string[], env: NodeJS.ProcessEnv): Promise<GaitProcess> {
    const child = spawn(process.execPath, [GAIT, 'serve', '--json', ...words], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
      // Ctrl-C goes to the demonstration alone, which ends everything in its order.
      detached: true,
    });
    let trouble = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      trouble = (trouble + text).slice(-10_000);
    });
    let token = '';
    try {
      for await (const line of createInterface({ input: child.stdout })) {
        const said: Said = JSON.parse(line);
        if (said.event === 'administrator') token = said.token ?? '';
        if (said.event !== 'listening') continue;
        child.stdout.resume();
        return new GaitProcess(child, { url: said.url ?? '', token });
      }
    } catch (error) {
      child.kill('SIGKILL');
      throw error;
    }
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    throw new GaitNotStarted(trouble.trim());
  }

  /** Asks the API; throws what it answers if that is no success. */
  async ask<T>(path: string, options: { readonly method?: string; readonly body?: unknown } = {}): Promise<T> {
    const response = await fetch(`${this.url}${path}`, {
      method: options.method ?? 'GET',
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(options.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(options.body === undefined ? {} : { body: JSON.stringify(options.body) }),
      signal: AbortSignal.timeout(ANSWER_MS_MAX),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${options.method ?? 'GET'} ${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  }

  /** CPU time used so far, seconds, and memory in use, MiB: as the kernel counts them. */
  async used(): Promise<{ readonly cpuSeconds: number; readonly rssMb: number }> {
    const folder = `/proc/${this.#child.pid}`;
    const stat = await readFile(join(folder, 'stat'), 'utf8');
    // The name in parentheses may hold anything; the numbers come after it. utime and stime are fields 14 and 15.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const cpuSeconds = (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
    const status = await readFile(join(folder, 'status'), 'utf8');
    const rssMb = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN) / 1024;
    return { cpuSeconds, rssMb };
  }

  /** Ends the server in order. May be called twice. */
  async close(): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const kill = setTimeout(() => child.kill('SIGKILL'), END_MS_MAX);
    await ended;
    clearTimeout(kill);
  }
}
