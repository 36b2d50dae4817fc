import { say } from './output.ts';

/**
 * A Ctrl-C may come twice at once: the terminal sends it to all that run in it, and `npx` passes its own on. What comes within
 * this time is the same one, ms; after it, a second one ends the process as usual.
 */
const SAME_MS = 500;

/** Signals that end work in order, with the exit status that says so: 128 and the number of the signal. */
const STATUS = { SIGINT: 130, SIGTERM: 143 } as const;

/** Work was ended by Ctrl-C or SIGTERM; everything has been let go of, and the user has been told. */
export class Interrupted extends Error {
  override readonly name = 'Interrupted';
  readonly status: number;
  constructor(status: number) {
    super('Interrupted.');
    this.status = status;
  }
}

/** Calls back at the first Ctrl-C or SIGTERM; returns what ends that. */
export function onInterrupt(callback: (name: keyof typeof STATUS) => void): () => void {
  let isTold = false;
  const interrupt = (name: NodeJS.Signals): void => {
    if (isTold) return;
    isTold = true;
    setTimeout(release, SAME_MS).unref();
    callback(name === 'SIGTERM' ? name : 'SIGINT');
  };
  const release = (): void => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, interrupt);
  };
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, interrupt);
  return release;
}

/**
 * Runs work that has to clean up when it is interrupted: the first Ctrl-C or SIGTERM aborts the signal, a second one
 * ends the process as usual. Throws `Interrupted`, after telling the user `then`, what became of the work.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>, then: string): Promise<T> {
  const controller = new AbortController();
  let status = 0;
  const release = onInterrupt((name) => {
    status = STATUS[name];
    controller.abort(new DOMException('Interrupted.', 'AbortError'));
  });
  try {
    return await work(controller.signal);
  } catch (error) {
    if (status === 0) throw error;
    say(`Interrupted. ${then}\n`);
    throw new Interrupted(status);
  } finally {
    release();
  }
}
