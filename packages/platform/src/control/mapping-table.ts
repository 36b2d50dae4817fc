import { randomUUID } from 'node:crypto';
import { absent, invalid, LambdaError } from './lambda-error.ts';

/** An event source mapping: what a poller has to know. Never changed: a change makes another with the same `uuid`. */
export interface Mapping {
  readonly uuid: string;
  /** ARN of the queue or stream. */
  readonly sourceArn: string;
  readonly functionName: string;
  /** Alias or version it calls; undefined for the function itself. */
  readonly qualifier: string | undefined;
  readonly enabled: boolean;
  readonly batchSize: number;
  readonly windowMs: number;
  readonly startingPosition: 'TRIM_HORIZON' | 'LATEST' | undefined;
  /** Deliveries of a batch of a stream beyond the first; -1 as often as it lives. */
  readonly retriesMax: number;
  /** The function answers with the records that failed (`ReportBatchItemFailures`). */
  readonly reportsFailures: boolean;
  readonly modifiedMs: number;
}

/** Mappings of one platform: each is polled all the time and holds a place in its source. */
const MAPPINGS_MAX = 200;

/** The event source mappings of a platform, in memory. Enabling and disabling hold at once: there are no states between. */
export class MappingTable {
  readonly #mappings = new Map<string, Mapping>();
  readonly #listeners = new Set<() => void>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** In the order they were made. */
  all(): readonly Mapping[] {
    return [...this.#mappings.values()];
  }

  get(uuid: string): Mapping {
    const mapping = this.#mappings.get(uuid);
    if (mapping === undefined) throw absent('The resource you requested does not exist.');
    return mapping;
  }

  create(given: Omit<Mapping, 'uuid' | 'modifiedMs'>): Mapping {
    const twin = this.all().find(
      ({ sourceArn, functionName, qualifier }) =>
        sourceArn === given.sourceArn && functionName === given.functionName && qualifier === given.qualifier,
    );
    if (twin !== undefined) {
      const message = `An event source mapping with this source and function already exists: UUID ${twin.uuid}`;
      throw new LambdaError('ResourceConflictException', message);
    }
    if (this.#mappings.size >= MAPPINGS_MAX) throw invalid(`There are ${MAPPINGS_MAX} mappings already.`);
    return this.#put({ ...given, uuid: randomUUID(), modifiedMs: this.#now() });
  }

  update(uuid: string, changes: Partial<Omit<Mapping, 'uuid' | 'sourceArn' | 'modifiedMs'>>): Mapping {
    return this.#put({ ...this.get(uuid), ...changes, modifiedMs: this.#now() });
  }

  delete(uuid: string): Mapping {
    const mapping = this.get(uuid);
    this.#mappings.delete(uuid);
    this.#tell();
    return mapping;
  }

  /** Whether a source is mapped to a function now, so that it may call it. */
  feeds(sourceArn: string, functionName: string): boolean {
    return this.all().some((one) => one.enabled && one.sourceArn === sourceArn && one.functionName === functionName);
  }

  /** Calls back after each change; returns what ends that. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #put(mapping: Mapping): Mapping {
    this.#mappings.set(mapping.uuid, mapping);
    this.#tell();
    return mapping;
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
