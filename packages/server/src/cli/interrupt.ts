import { say } from './output.ts';

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

/**
 * Runs work that has to clean up when it is interrupted: the first Ctrl-C or SIGTERM aborts the signal, a second one
 * ends the process as usual. Throws `Interrupted`, after telling the user `then`, what became of the work.
 */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>, then: string): Promise<T> {
  const controller = new AbortController();
  let status = 0;
  const interrupt = (name: NodeJS.Signals): void => {
    release();
    status = name === 'SIGTERM' ? STATUS.SIGTERM : STATUS.SIGINT;
    controller.abort(new DOMException('Interrupted.', 'AbortError'));
  };
  const release = (): void => {
    for (const name of ['SIGINT', 'SIGTERM'] as const) process.off(name, interrupt);
  };
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, interrupt);
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
