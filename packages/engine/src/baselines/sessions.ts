import { SESSIONS_MAX } from '../base/limits.ts';
import type { StateReader, StateWriter } from '../base/state.ts';
import { Table } from '../base/table.ts';

/**
 * Where each session of a role was first used: its lock. Two generations, so that memory is bounded and a session that is
 * still used stays; temporary credentials live twelve hours at most.
 */
export class Sessions {
  /** Sessions locked so far, and those seen away from their lock. */
  locked = 0;
  moved = 0;
  #young = new Table(SESSIONS_MAX);
  #old = new Table(SESSIONS_MAX);

  /** Network a session was first used from, 0 when it is not known. */
  lockOf(session: number): number {
    return this.#young.get(0, session) || this.#old.get(0, session);
  }

  lock(session: number, network: number): void {
    if (!this.#young.set(0, session, network)) {
      this.#old = this.#young;
      this.#young = new Table(SESSIONS_MAX);
      this.#young.set(0, session, network);
    }
    this.locked++;
  }

  save(out: StateWriter): void {
    out.f64(this.locked);
    out.f64(this.moved);
    this.#young.save(out);
    this.#old.save(out);
  }

  load(from: StateReader): void {
    this.locked = from.f64();
    this.moved = from.f64();
    this.#young.load(from);
    this.#old.load(from);
  }
}
