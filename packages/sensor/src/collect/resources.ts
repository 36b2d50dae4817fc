import { COUNT_FILES_EVERY_INVOCATIONS, LOOK_EVERY_INVOCATIONS, LOOK_FROM_MS } from '../limits.ts';
import type { Draft } from '../record.ts';
import type { Children } from './children.ts';
import { openFiles, ProcessTable, SelfStat } from './process-stat.ts';
import { TemporaryFiles } from './temporary-files.ts';

/**
 * What the process used since this was last asked: never since the beginning of an invocation, because work that goes on
 * after a response is done in the time of the next. CPU and memory come with each record (1.3 µs); looks that cost more
 * are taken when something asks for them: a child was started, CPU time of children moved, the invocation was long enough
 * for them not to matter, or none was taken for 32 invocations.
 */
export class Resources {
  readonly #children: Children;
  readonly #stat = new SelfStat();
  readonly #table = new ProcessTable();
  readonly #tmp: TemporaryFiles;
  #cpuMs = 0;
  #childCpuMs = 0;
  #survivors = 0;
  #records = 0;

  /** Everything the process used before counts to the first record. */
  constructor(children: Children, tmpFolder: string) {
    this.#children = children;
    this.#tmp = new TemporaryFiles(tmpFolder);
  }

  /** Writes what was used into a record whose duration is known. */
  take(draft: Draft): void {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    const cpuMs = (userCPUTime + systemCPUTime) / 1000;
    draft.cpuMs = cpuMs - this.#cpuMs;
    draft.memoryMb = maxRSS / 1024;
    this.#cpuMs = cpuMs;
    const turn = this.#records++;
    const isAsked = this.#children.started || this.#children.running > 0 || this.#survivors > 0;
    if (isAsked || (draft.durationMs ?? 0) >= LOOK_FROM_MS || turn % LOOK_EVERY_INVOCATIONS === 0)
      this.#look(draft, turn);
  }

  #look(draft: Draft, turn: number): void {
    const stat = this.#stat.read();
    if (stat !== undefined) {
      draft.childCpuMs = stat.childCpuMs - this.#childCpuMs;
      draft.threads = stat.threads;
      this.#childCpuMs = stat.childCpuMs;
    }
    draft.processes = this.#processes((draft.childCpuMs ?? 0) > 0, turn === 0);
    draft.tmpBytes = this.#tmp.bytes();
    draft.timers = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    if (turn % COUNT_FILES_EVERY_INVOCATIONS === 0) draft.files = openFiles();
  }

  /** Reads the process table only when there may be more processes than before. */
  #processes(hasMoved: boolean, isFirst: boolean): number | undefined {
    const known = this.#children.settle();
    const isAsked = this.#children.started || hasMoved || known > 0 || this.#survivors > 0;
    this.#children.started = false;
    if (!isAsked) return isFirst ? this.#table.atStart : undefined;
    this.#survivors = this.#table.others() ?? known;
    return this.#survivors;
  }
}
