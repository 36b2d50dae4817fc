import { COUNT_FILES_EVERY_INVOCATIONS, LOOK_EVERY_INVOCATIONS, LOOK_FROM_MS } from '../limits.ts';
import type { WireRecord } from '../wire.ts';
import type { Children } from './children.ts';
import { openFiles, ProcessTable, SelfStat } from './process-stat.ts';
import { TemporaryFiles } from './temporary-files.ts';

/** The fields of a record that say what the process used. */
export type Use = Pick<
  WireRecord,
  'cpuMs' | 'memoryMb' | 'childCpuMs' | 'tmpBytes' | 'threads' | 'files' | 'processes' | 'timers'
>;

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

  /** Takes what was used; `durationMs` of the invocation. */
  take(durationMs: number): Use {
    const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
    const cpuMs = (userCPUTime + systemCPUTime) / 1000;
    const use = { cpuMs: cpuMs - this.#cpuMs, memoryMb: maxRSS / 1024 };
    this.#cpuMs = cpuMs;
    const turn = this.#records++;
    const isAsked = this.#children.started || this.#children.running > 0 || this.#survivors > 0;
    if (!isAsked && durationMs < LOOK_FROM_MS && turn % LOOK_EVERY_INVOCATIONS !== 0) return use;
    return { ...use, ...this.#look(turn) };
  }

  #look(turn: number): Use {
    const stat = this.#stat.read();
    const childCpuMs = stat === undefined ? Number.NaN : stat.childCpuMs - this.#childCpuMs;
    if (stat !== undefined) this.#childCpuMs = stat.childCpuMs;
    const processes = this.#processes(childCpuMs > 0, turn === 0);
    return {
      childCpuMs,
      threads: stat?.threads ?? Number.NaN,
      tmpBytes: this.#tmp.bytes(),
      timers: process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length,
      ...(processes === undefined ? {} : { processes }),
      ...(turn % COUNT_FILES_EVERY_INVOCATIONS === 0 ? { files: openFiles() ?? Number.NaN } : {}),
    };
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
