import { type ChildProcess, spawn } from 'node:child_process';
import { SETUP_ENVIRONMENT } from './isolation.ts';
import { GUARD_SCRIPT } from './sandbox-script.ts';

/**
 * One small process beside the host that ends the sandboxes when the host cannot: after `kill -9`, frozen sandboxes would stay
 * for ever, as they do not notice, and its temporary folder would stay. It waits for its standard input to close, which the
 * kernel does for a dead host.
 */
export class Guard {
  readonly #process: ChildProcess;

  /** `folder` is removed if the host dies; undefined to keep it. */
  constructor(folder: string | undefined) {
    this.#process = spawn('/bin/sh', ['-c', GUARD_SCRIPT, 'guard', folder ?? ''], {
      // In a session of its own, so that what ends the host's group does not end it too.
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
      env: SETUP_ENVIRONMENT,
      cwd: '/',
    });
    // Without a guard sandboxes still end with the host in all ways but being killed; the host goes on.
    this.#process.on('error', () => {});
    this.#process.stdin?.on('error', () => {});
    this.#process.unref();
  }

  /** From now on this process group ends with the host, and so does everything with `mark` in its environment. */
  add(group: number, mark: string | undefined): void {
    this.#process.stdin?.write(`+ ${group} ${mark ?? '-'}\n`);
  }

  /** The group is gone; its number may soon be another's. */
  remove(group: number): void {
    this.#process.stdin?.write(`- ${group}\n`);
  }

  /** Ends the guard, which kills the groups it still knows and leaves the folder to the host. */
  close(): void {
    this.#process.stdin?.end('= 0\n');
  }
}
