import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

/** The program as it is installed. */
export const GAIT = join(import.meta.dirname, '../../bin/gait.js');

/** How a run ended and what it wrote. */
export interface Run {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Starts `gait` as a process of its own, without a terminal. */
export function start(words: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  return spawn(process.execPath, [GAIT, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
}

/** Runs `gait` to its end. */
export function gait(...words: readonly string[]): Promise<Run> {
  return ended(start(words));
}

/** Waits for a process to end. */
export async function ended(child: ChildProcess): Promise<Run> {
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text;
    });
  }
  const [code, signal] = await once(child, 'close');
  return { code, signal, ...texts };
}

/** The lines of an output. */
export function linesOf(text: string): string[] {
  return text.split('\n').slice(0, -1);
}
