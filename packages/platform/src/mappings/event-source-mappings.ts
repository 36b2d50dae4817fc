/** Keeps a poller for each event source mapping. */
import type { EventSource, Invoker } from '../contract.ts';
import type { Mapping, MappingTable } from '../control/mapping-table.ts';
import type { MappingCounts } from './mapping.ts';
import type { Backoff } from './poller.ts';
import { Poller } from './poller.ts';

/** Calls that run get this long to end at closing; then they are left to the host, which ends them. */
const CLOSE_WAIT_MS_MAX = 5000;
/** Doubling from half a second, a function that is let run again is called after ten seconds at the latest. */
const BACKOFF: Backoff = { firstMs: 500, maxMs: 10_000 };

/** What the mappings need. */
export interface MappingParts {
  readonly table: Pick<MappingTable, 'all' | 'onChange'>;
  readonly invoker: Invoker;
  /** A reader of a source for one mapping; undefined if there is no such source. */
  open(mapping: Mapping): EventSource | undefined;
  readonly backoff?: Backoff;
}

/**
 * Follows the table of mappings: starts, switches and ends pollers as it changes. A mapping that is switched off keeps its
 * place in its source; one that is removed loses it.
 */
export class EventSourceMappings {
  readonly #parts: MappingParts;
  readonly #pollers = new Map<string, Poller>();
  readonly #ending = new Set<Promise<void>>();
  #unopened = 0;
  #closed = false;

  constructor(parts: MappingParts) {
    this.#parts = parts;
    parts.table.onChange(() => this.#follow());
    this.#follow();
  }

  /** By mapping. */
  counts(): Readonly<Record<string, MappingCounts>> {
    return Object.fromEntries([...this.#pollers].map(([uuid, poller]) => [uuid, poller.counts]));
  }

  /** Mappings of the table that have no poller now, because their source does not exist. */
  get unopened(): number {
    return this.#unopened;
  }

  /** Calls nothing any more; resolves when the calls that run have ended, or after five seconds. May be called twice. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const uuid of [...this.#pollers.keys()]) this.#end(uuid);
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, CLOSE_WAIT_MS_MAX);
    await Promise.race([Promise.all(this.#ending), promise]);
    clearTimeout(timer);
  }

  #follow(): void {
    if (this.#closed) return;
    const mappings = this.#parts.table.all();
    const wanted = new Set(mappings.map(({ uuid }) => uuid));
    for (const uuid of [...this.#pollers.keys()]) if (!wanted.has(uuid)) this.#end(uuid);
    this.#unopened = 0;
    for (const mapping of mappings) {
      const poller = this.#pollers.get(mapping.uuid);
      if (poller !== undefined) {
        poller.update(mapping);
        continue;
      }
      const source = this.#parts.open(mapping);
      if (source === undefined) {
        this.#unopened++;
        continue;
      }
      const { invoker, backoff = BACKOFF } = this.#parts;
      this.#pollers.set(mapping.uuid, new Poller(mapping, { source, invoker, backoff }));
    }
  }

  #end(uuid: string): void {
    const ending: Promise<void> | undefined = this.#pollers
      .get(uuid)
      ?.stop()
      .finally(() => this.#ending.delete(ending ?? Promise.resolve()));
    this.#pollers.delete(uuid);
    if (ending !== undefined) this.#ending.add(ending);
  }
}
