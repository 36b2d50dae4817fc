import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath, getuid, platform } from 'node:process';
import { promisify } from 'node:util';
import { planFileSystem, type SandboxFiles } from './file-system.ts';
import { OPEN_FILES_MAX, PROBE_MS_MAX, PROCESSES_MAX } from './limits.ts';
import { ENTER_SCRIPT } from './sandbox-script.ts';

/** How sandboxes are kept apart on this machine. */
export type Isolation =
  /** Own user, mount, process, IPC and host name namespaces. `drop` says how the rights of the set-up are given up. */
  | { readonly kind: 'namespaces'; readonly reason: string; readonly drop: 'user' | 'none' }
  /** Processes of the same user as the host, in a process group of their own. */
  | { readonly kind: 'processes'; readonly reason: string };

const PLAIN_LIMITS =
  'sandboxes are plain processes: they see the files and processes of this user, /tmp is a folder named by TMPDIR, and work ' +
  'that leaves its process group is not frozen';

/**
 * Tries out on this machine what sandboxes need, once, by entering one: about 150 ms. Never rejects; what does not work is said
 * in `reason`.
 */
export async function probeIsolation(wanted: 'auto' | 'processes'): Promise<Isolation> {
  if (wanted === 'processes') return { kind: 'processes', reason: `as asked for, ${PLAIN_LIMITS}` };
  if (platform !== 'linux') return { kind: 'processes', reason: `${platform} has no namespaces: ${PLAIN_LIMITS}` };
  const failures: string[] = [];
  // Only root can do without a user namespace.
  for (const drop of getuid?.() === 0 ? (['user', 'none'] as const) : (['user'] as const)) {
    const failure = await tryOut(drop);
    if (failure === undefined) return { kind: 'namespaces', reason: REASONS[drop], drop };
    failures.push(failure);
  }
  return { kind: 'processes', reason: `namespaces do not work here (${failures.join('; ')}): ${PLAIN_LIMITS}` };
}

const REASONS = {
  user: 'own user, mount, process, IPC and host name namespaces; the network is shared',
  none: 'own mount, process, IPC and host name namespaces without capabilities, but the user is root; the network is shared',
};

/** The command that enters a sandbox prepared in `folder` and starts `command` as its first process there. */
export function enterCommand(drop: 'user' | 'none', folder: string, command: readonly string[]): readonly string[] {
  const namespaces = ['--mount', '--pid', '--ipc', '--uts', '--fork', '--kill-child'];
  const limits = [String(OPEN_FILES_MAX), String(PROCESSES_MAX)];
  const places = [join(folder, 'root'), join(folder, 'fstab'), join(folder, 'prepare')];
  const user = drop === 'user' ? ['--user', '--map-root-user'] : [];
  return [
    'unshare',
    ...user,
    ...namespaces,
    '/bin/sh',
    '-c',
    ENTER_SCRIPT,
    'enter',
    ...places,
    ...limits,
    drop,
    ...command,
  ];
}

/** Writes what `enterCommand` reads. */
export function prepareEntering(folder: string, files: SandboxFiles): void {
  mkdirSync(join(folder, 'root'), { recursive: true });
  const plan = planFileSystem(join(folder, 'root'), files);
  writeFileSync(join(folder, 'fstab'), plan.fstab);
  writeFileSync(join(folder, 'prepare'), plan.prepare);
}

async function tryOut(drop: 'user' | 'none'): Promise<string | undefined> {
  const folder = mkdtempSync(join(tmpdir(), 'gait-probe-'));
  try {
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    prepareEntering(folder, { task: empty, layers: empty, bootstrap: empty, node: execPath, tmpSizeMb: 1 });
    // Writes to its own /tmp, fails to write to the code, sees itself as one of the first processes, and runs this Node.
    const check =
      'echo x >/tmp/x && ! ( echo x >/var/task/x ) 2>/dev/null && [ -d /proc/1 ] && /var/lang/bin/node -p 40+2';
    const [program, ...args] = enterCommand(drop, folder, ['/bin/sh', '-c', check]);
    const { stdout } = await promisify(execFile)(program, args, { env: SETUP_ENVIRONMENT, timeout: PROBE_MS_MAX });
    return stdout.trim() === '42' ? undefined : 'the probe answered wrongly';
  } catch (error) {
    return lastLine(error);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Environment of the set-up of a sandbox: nothing of a function can change which programs it finds. */
export const SETUP_ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };

function lastLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.trim().split('\n').at(-1) ?? 'unknown';
}
