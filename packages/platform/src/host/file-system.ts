import { existsSync, lstatSync, readFileSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { dirname } from 'node:path';

/** What a sandbox with its own mount namespace sees. All paths are the host's and absolute. */
export interface SandboxFiles {
  readonly task: string;
  readonly layers: string;
  readonly bootstrap: string;
  /** `node_modules` that comes with the runtime, as the AWS SDK does on Lambda. */
  readonly runtimeModules?: string;
  readonly node: string;
  readonly tmpSizeMb: number;
}

/** The fstab, and the shell lines that make the mount points, relative to the new root. */
export interface FileSystemPlan {
  readonly fstab: string;
  readonly prepare: string;
}

/** Folders of the system with programs and libraries; a link is copied as a link. */
const SYSTEM_FOLDERS = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64'];
/** What programs need of `/etc`: never all of it, which has the machine's secrets. */
const SETTINGS = [
  '/etc/ssl',
  '/etc/ca-certificates',
  '/etc/pki',
  '/etc/alternatives',
  '/etc/localtime',
  '/etc/nsswitch.conf',
  '/etc/resolv.conf',
  '/etc/ld.so.cache',
  '/etc/services',
  '/etc/protocols',
];
const DEVICES = ['/dev/null', '/dev/zero', '/dev/full', '/dev/random', '/dev/urandom'];
const LINKS: readonly (readonly [string, string])[] = [
  ['/proc/self/fd', 'dev/fd'],
  ['/proc/self/fd/0', 'dev/stdin'],
  ['/proc/self/fd/1', 'dev/stdout'],
  ['/proc/self/fd/2', 'dev/stderr'],
];
/** As on Lambda: the function is nobody in particular. Telemetry goes to `sandbox.localdomain`. */
const PASSWD = 'root:x:0:0:root:/root:/sbin/nologin\nsbx_user1051:x:993:990::/tmp:/sbin/nologin\n';
const GROUPS = 'root:x:0:\nsbx_group:x:990:\n';
const HOSTS = '127.0.0.1 localhost sandbox.localdomain sandbox\n::1 localhost\n';

/** Describes the file system of a sandbox below `root`. Reads the machine's mounts: a few stat calls, no writes. */
export function planFileSystem(root: string, files: SandboxFiles): FileSystemPlan {
  const plan = new Plan(root, readMounts());
  for (const folder of SYSTEM_FOLDERS) plan.system(folder);
  for (const setting of SETTINGS) plan.system(setting);
  for (const device of DEVICES) plan.bind(device, device, 'rw');
  plan.bind(files.task, '/var/task', 'ro');
  plan.bind(files.layers, '/opt', 'ro');
  plan.bind(files.bootstrap, '/var/runtime/bootstrap', 'ro');
  plan.bind(files.node, '/var/lang/bin/node', 'ro');
  if (files.runtimeModules !== undefined) {
    plan.bind(files.runtimeModules, '/var/runtime/node_modules', 'ro');
    // Modules do not look at NODE_PATH, but in every folder up to the root.
    plan.link('/var/runtime/node_modules', '/var/node_modules');
  }
  for (const [target, at] of LINKS) plan.link(target, `/${at}`);
  plan.text('/etc/passwd', PASSWD);
  plan.text('/etc/group', GROUPS);
  plan.text('/etc/hosts', HOSTS);
  plan.mount('proc', '/proc', 'proc', 'nosuid,nodev,noexec');
  plan.mount('tmpfs', '/tmp', 'tmpfs', `size=${files.tmpSizeMb}m,mode=1777,nosuid,nodev`);
  return plan.finish();
}

class Plan {
  readonly #root: string;
  readonly #mounts: readonly Mount[];
  readonly #fstab: string[] = [];
  readonly #prepare: string[] = ['mkdir -p .host'];

  constructor(root: string, mounts: readonly Mount[]) {
    this.#root = root;
    this.#mounts = mounts;
  }

  /** Something of the system at its own place, if this machine has it. */
  system(path: string): void {
    const found = lstatSync(path, { throwIfNoEntry: false });
    if (found === undefined) return;
    if (!found.isSymbolicLink()) this.bind(path, path, 'ro');
    else if (existsSync(path)) {
      // Folders may be links into /usr; settings may be links to anywhere, and then the file itself is shown.
      if (!path.startsWith('/etc/')) this.link(readlinkSync(path), path);
      else this.bind(path, path, 'ro');
    }
  }

  bind(from: string, to: string, access: 'ro' | 'rw'): void {
    this.#place(to, statSync(from).isDirectory());
    const options = ['bind', access, ...lockedOptions(this.#mounts, realpathSync(from))].join(',');
    this.#fstab.push(`${escaped(from)} ${escaped(this.#root + to)} none ${options} 0 0`);
  }

  mount(source: string, to: string, type: string, options: string): void {
    this.#place(to, true);
    this.#fstab.push(`${source} ${escaped(this.#root + to)} ${type} ${options} 0 0`);
  }

  link(target: string, at: string): void {
    this.#prepare.push(`mkdir -p .${dirname(at)}`, `ln -s ${target} .${at}`);
  }

  text(path: string, content: string): void {
    this.#prepare.push(`mkdir -p .${dirname(path)}`, `cat >.${path} <<'END'\n${content}END`);
  }

  finish(): FileSystemPlan {
    return { fstab: `${this.#fstab.join('\n')}\n`, prepare: `${[...new Set(this.#prepare)].join('\n')}\n` };
  }

  #place(path: string, folder: boolean): void {
    if (folder) this.#prepare.push(`mkdir -p .${path}`);
    else this.#prepare.push(`mkdir -p .${dirname(path)}`, `: >.${path}`);
  }
}

interface Mount {
  readonly point: string;
  readonly options: readonly string[];
}

/** Options that a user namespace may not take away from a mount; leaving one out makes the kernel refuse. */
const LOCKED = new Set(['nosuid', 'nodev', 'noexec', 'noatime', 'nodiratime', 'relatime', 'strictatime']);

function readMounts(): readonly Mount[] {
  const text = readFileSync('/proc/self/mountinfo', 'utf8');
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const fields = line.split(' ');
      return { point: unescaped(fields[4] ?? ''), options: (fields[5] ?? '').split(',') };
    });
}

function lockedOptions(mounts: readonly Mount[], path: string): readonly string[] {
  let nearest: Mount | undefined;
  for (const mount of mounts) {
    const holds = mount.point === '/' || path === mount.point || path.startsWith(`${mount.point}/`);
    // Later mounts cover earlier ones at the same point.
    if (holds && mount.point.length >= (nearest?.point.length ?? 0)) nearest = mount;
  }
  return (nearest?.options ?? []).filter((option) => LOCKED.has(option));
}

/** Spaces and the like in an fstab are octal. */
function escaped(path: string): string {
  return path.replaceAll(/[\s\\#]/g, (char) => `\\${char.charCodeAt(0).toString(8).padStart(3, '0')}`);
}

function unescaped(path: string): string {
  return path.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}
