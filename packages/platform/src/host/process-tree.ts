import { readdirSync, readFileSync } from 'node:fs';
import { kill, platform } from 'node:process';
import { FREEZE_ROUNDS_MAX, TREE_PROCESSES_MAX } from './limits.ts';

/**
 * All processes below a process and itself, parents first, as the kernel knows them now. About 0.1 ms for a Node process with
 * its threads. Empty where there is no /proc.
 */
export function processTree(root: number): number[] {
  const found = [root];
  for (let at = 0; at < found.length && found.length < TREE_PROCESSES_MAX; at += 1) {
    for (const thread of numbersIn(`/proc/${found[at]}/task`)) {
      const children = readOr(`/proc/${found[at]}/task/${thread}/children`);
      for (const child of children.split(' ')) if (child !== '') found.push(Number(child));
    }
  }
  return found;
}

/**
 * Memory of some processes together, KiB; processes that are gone count as nothing. Shared pages of files (the programs
 * themselves) are counted once, for the process that has most of them.
 */
export function memoryKbOf(processes: readonly number[]): number {
  let ownKb = 0;
  let filesKb = 0;
  for (const process of processes) {
    const status = readOr(`/proc/${process}/status`);
    ownKb += fieldKb(status, 'RssAnon:') + fieldKb(status, 'RssShmem:');
    filesKb = Math.max(filesKb, fieldKb(status, 'RssFile:'));
  }
  return ownKb + filesKb;
}

/**
 * Stops everything below `root`, and the process group it leads. Processes that start others meanwhile are looked for again.
 * Returns what was stopped, to be continued later.
 */
export function freezeTree(root: number): readonly number[] {
  signalGroup(root, 'SIGSTOP');
  let before = -1;
  let tree: number[] = [];
  for (let round = 0; round < FREEZE_ROUNDS_MAX && tree.length !== before; round += 1) {
    before = tree.length;
    tree = processTree(root);
    // The first of them is the group's leader; what is only in the group is stopped by now.
    for (const process of tree.slice(1)) signal(process, 'SIGSTOP');
    if (round === 0 && tree.length <= SMALL_TREE) break;
  }
  return tree;
}

/** Continues what `freezeTree` stopped. */
export function thawTree(root: number, frozen: readonly number[]): void {
  for (const process of frozen.slice(1)) signal(process, 'SIGCONT');
  signalGroup(root, 'SIGCONT');
}

/**
 * Kills everything below `root`, its process group, and everything that carries `mark` in its environment, however far it went
 * away. Looks at all processes of the machine: a few milliseconds.
 */
export function killTree(root: number, mark: string): void {
  for (const process of processTree(root)) signal(process, 'SIGKILL');
  signalGroup(root, 'SIGKILL');
  if (platform !== 'linux') return;
  for (const process of numbersIn('/proc')) {
    if (readOr(`/proc/${process}/environ`).includes(mark)) signal(process, 'SIGKILL');
  }
}

/** Sends a signal to a process, if it still is there. */
export function signal(process: number, name: NodeJS.Signals): void {
  try {
    kill(process, name);
  } catch {
    // Gone already, or no longer ours: there is nothing to signal.
  }
}

function signalGroup(leader: number, name: NodeJS.Signals): void {
  signal(-leader, name);
}

/** Entry, shell and runtime: with no more processes than these, none was started by the function. */
const SMALL_TREE = 3;

function fieldKb(status: string, name: string): number {
  const at = status.indexOf(name);
  return at < 0 ? 0 : Number.parseInt(status.slice(at + name.length, at + name.length + 16), 10);
}

function numbersIn(folder: string): readonly number[] {
  try {
    return readdirSync(folder).map(Number).filter(Number.isInteger);
  } catch {
    return [];
  }
}

function readOr(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
