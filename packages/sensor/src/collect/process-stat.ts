import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { PROCESSES_MAX } from '../limits.ts';

/** CPU time in /proc is counted in steps of 10 ms on every system that Node runs on. */
const STEP_MS = 10;
/** Bytes of /proc/self/stat; it has about 350. */
const STAT_BYTES = 1024;

/** What /proc/self/stat says. */
export interface ProcessStat {
  /** CPU time of children that have ended, since the process began. */
  readonly childCpuMs: number;
  readonly threads: number;
}

/** Reads /proc/self/stat through one descriptor that stays open: 4 µs a time. */
export class SelfStat {
  readonly #bytes = Buffer.alloc(STAT_BYTES);
  #descriptor = -1;
  #isMissing = false;

  /** Undefined where there is no /proc. */
  read(): ProcessStat | undefined {
    if (this.#isMissing) return undefined;
    try {
      if (this.#descriptor < 0) this.#descriptor = openSync('/proc/self/stat', 'r');
      const length = readSync(this.#descriptor, this.#bytes, 0, STAT_BYTES, 0);
      const words = statWords(this.#bytes.toString('latin1', 0, length));
      const childCpuMs = (Number(words[13]) + Number(words[14])) * STEP_MS;
      return { childCpuMs, threads: Number(words[17]) };
    } catch {
      this.#isMissing = true;
      return undefined;
    }
  }

  /** Closes the descriptor. */
  close(): void {
    if (this.#descriptor >= 0) closeSync(this.#descriptor);
    this.#descriptor = -1;
  }
}

/** The fields after the name of the program, which may itself hold spaces and brackets: `words[0]` is the state. */
function statWords(stat: string): readonly string[] {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** One process of the table. */
interface Entry {
  readonly parent: number;
  readonly session: number;
  readonly state: string;
}

/**
 * How many processes this sandbox has besides its own: those that descend from it, those of its session, and, where the
 * sandbox has a process table to itself, everything that came after it began, so that a daemon which left its parent and
 * its session is counted too. Some 10 µs for each process of the table, so only after a fork was seen or CPU time of
 * children moved.
 */
export class ProcessTable {
  /** Processes that were there at the beginning; undefined when the table is also that of others. */
  readonly #before: ReadonlySet<number> | undefined;

  constructor() {
    const pids = listed();
    // In a namespace of its own the runtime is among the first processes.
    const isOwn = pids.length > 0 && pids.length <= PROCESSES_MAX && process.pid < PROCESSES_MAX;
    this.#before = isOwn ? new Set(pids) : undefined;
  }

  /** Processes that were there before the sandbox began, its own left out; undefined when that says nothing of it. */
  get atStart(): number | undefined {
    return this.#before === undefined ? undefined : this.#before.size - 1;
  }

  /** Undefined where there is no /proc, or too much of it. */
  others(): number | undefined {
    const pids = listed();
    if (pids.length === 0 || pids.length > PROCESSES_MAX) return undefined;
    const entries = new Map<number, Entry>();
    for (const pid of pids) {
      const entry = entryOf(pid);
      if (entry !== undefined && entry.state !== 'Z') entries.set(pid, entry);
    }
    let count = 0;
    for (const pid of entries.keys()) if (pid !== process.pid && this.#isOurs(pid, entries)) count++;
    return count;
  }

  #isOurs(pid: number, entries: ReadonlyMap<number, Entry>): boolean {
    if (this.#before !== undefined) return !this.#before.has(pid);
    let at = pid;
    for (let step = 0; step < PROCESSES_MAX; step++) {
      if (at === process.pid) return true;
      const parent = entries.get(at)?.parent;
      if (parent === undefined || parent <= 1) return false;
      at = parent;
    }
    return false;
  }
}

function listed(): number[] {
  try {
    return readdirSync('/proc')
      .map(Number)
      .filter((pid) => Number.isInteger(pid) && pid > 0);
  } catch {
    return [];
  }
}

function entryOf(pid: number): Entry | undefined {
  try {
    const words = statWords(readFileSync(`/proc/${pid}/stat`, 'latin1'));
    return { state: words[0], parent: Number(words[1]), session: Number(words[3]) };
  } catch {
    // It ended meanwhile.
    return undefined;
  }
}

/** How many files this process has open; undefined where there is no /proc. About 10 µs. */
export function openFiles(): number | undefined {
  try {
    // Reading the folder opens one more.
    return readdirSync('/proc/self/fd').length - 1;
  } catch {
    return undefined;
  }
}
