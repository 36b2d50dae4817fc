import { DELIVERIES_REMEMBERED_MAX } from './limits.ts';

/**
 * Deliveries that were acknowledged, by id, so that a retry whose answer was lost is not appended twice. The oldest is
 * forgotten beyond the bound; after a restart the engine recognises what comes again.
 */
export class RecentDeliveries {
  readonly #done = new Set<string>();
  readonly #underWay = new Map<string, Promise<void>>();

  /**
   * Does the work of a delivery unless it was done before; waits for it when it is being done. Resolves with whether it
   * was a repetition. Work that fails may be tried again.
   */
  async once(id: string, work: () => Promise<void>): Promise<boolean> {
    for (let running = this.#underWay.get(id); running !== undefined; running = this.#underWay.get(id)) {
      await running.catch(() => undefined);
    }
    if (this.#done.has(id)) return true;
    const running = work();
    this.#underWay.set(id, running);
    try {
      await running;
      this.#remember(id);
      return false;
    } finally {
      this.#underWay.delete(id);
    }
  }

  #remember(id: string): void {
    this.#done.add(id);
    if (this.#done.size <= DELIVERIES_REMEMBERED_MAX) return;
    for (const oldest of this.#done) {
      this.#done.delete(oldest);
      return;
    }
  }
}
