import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  FunctionHost,
  FunctionRevision,
  HostNeeds,
  InvokeOutcome,
  InvokeRequest,
  SandboxStatus,
} from '../contract.ts';
import { Guard } from './guard.ts';
import { type Isolation, probeIsolation } from './isolation.ts';
import { Launcher } from './launch.ts';
import { IDLE_MS_DEFAULT, PAYLOAD_BYTES_MAX, SANDBOXES_MAX_DEFAULT } from './limits.ts';
import { removeFolder } from './remove-folder.ts';
import { Sandbox } from './sandbox.ts';

/** How to run functions. Everything has a default. */
export interface HostOptions {
  /** Folder for sandboxes, the host's own; a temporary one, removed at closing, if none is named. */
  readonly folder?: string;
  /** Removed if this process dies without closing. Default: the host's folder if that is a temporary one. */
  readonly temporaryFolder?: string | undefined;
  /** Loopback address that Runtime APIs listen on. Default `127.0.0.1`. */
  readonly address?: string;
  /** `auto` (default): own namespaces where the machine allows. */
  readonly isolation?: 'auto' | 'processes';
  /** Sandboxes at once over all functions. Default 20. */
  readonly sandboxesMax?: number;
  /** An idle sandbox is ended after this long. Default 10 minutes. */
  readonly idleMs?: number;
  /** A `node_modules` folder that functions can import from, as the AWS SDK comes with Lambda's runtime. */
  readonly runtimeModulesFolder?: string;
}

/** Expected failure of the host itself. */
export class HostError extends Error {
  override readonly name = 'HostError';
  readonly code: 'closed' | 'payload-too-large';
  constructor(code: 'closed' | 'payload-too-large', message: string) {
    super(message);
    this.code = code;
  }
}

/**
 * Starts a host: finds out how this machine can isolate sandboxes (150 ms) and prepares its folder. Rejects if the folder cannot
 * be made.
 */
export async function createHost(needs: HostNeeds, options: HostOptions = {}): Promise<FunctionHost> {
  const isolation = await probeIsolation(options.isolation ?? 'auto');
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'gait-host-')));
  const launcher = await Launcher.create(folder, isolation, options.runtimeModulesFolder);
  return new Host({ needs, options, isolation, launcher, folder });
}

interface HostParts {
  readonly needs: HostNeeds;
  readonly options: HostOptions;
  readonly isolation: Isolation;
  readonly launcher: Launcher;
  readonly folder: string;
}

/** What is kept of each sandbox besides itself. */
interface Place {
  readonly sandbox: Sandbox;
  /** Counts up; the idle one used last is used again, the one used longest ago is ended for want of room. */
  usedAt: number;
  idleTimer: NodeJS.Timeout | undefined;
  /** Is to end after its invocation. */
  retired: boolean;
}

class Host implements FunctionHost {
  readonly isolation: FunctionHost['isolation'];
  readonly #parts: HostParts;
  readonly #guard: Guard;
  readonly #places = new Map<Sandbox, Place>();
  /** Sandboxes whose end goes on, so that closing can wait for it. */
  readonly #endings = new Set<Promise<void>>();
  /** Invocations on their way, so that closing can wait for their records. */
  readonly #runs = new Set<Promise<InvokeOutcome>>();
  readonly #limits = new Map<string, number>();
  readonly #running = new Map<string, number>();
  /** Newest revision by `<name>:<version>`; one entry per version that was ever called. */
  readonly #revisions = new Map<string, string>();
  #uses = 0;
  #closing: Promise<void> | undefined;

  constructor(parts: HostParts) {
    this.#parts = parts;
    const { folder, temporaryFolder } = parts.options;
    this.#guard = new Guard(temporaryFolder ?? (folder === undefined ? parts.folder : undefined));
    this.isolation = { kind: parts.isolation.kind, reason: parts.isolation.reason };
  }

  async invoke(revision: FunctionRevision, request: InvokeRequest): Promise<InvokeOutcome> {
    if (this.#closing !== undefined) throw new HostError('closed', 'The host is closing');
    if (request.payload.length > PAYLOAD_BYTES_MAX) {
      throw new HostError('payload-too-large', `A payload has at most ${PAYLOAD_BYTES_MAX} bytes`);
    }
    const running = this.#running.get(revision.name) ?? 0;
    const limit = this.#limits.get(revision.name);
    if (limit !== undefined && running >= limit) {
      return { kind: 'throttled', reason: 'ReservedFunctionConcurrentInvocationLimitExceeded' };
    }
    const place = this.#take(revision);
    if (place === undefined) return { kind: 'throttled', reason: 'ConcurrentInvocationLimitExceeded' };
    this.#running.set(revision.name, running + 1);
    const run = place.sandbox.run(request);
    this.#runs.add(run);
    try {
      return await run;
    } finally {
      this.#runs.delete(run);
      const left = (this.#running.get(revision.name) ?? 1) - 1;
      if (left === 0) this.#running.delete(revision.name);
      else this.#running.set(revision.name, left);
      this.#giveBack(place);
    }
  }

  setConcurrency(functionName: string, limit: number | undefined): void {
    if (limit === undefined) this.#limits.delete(functionName);
    else this.#limits.set(functionName, limit);
  }

  async recycle(functionName: string): Promise<void> {
    const ending: Promise<void>[] = [];
    for (const place of [...this.#places.values()]) {
      if (place.sandbox.revision.name !== functionName) continue;
      place.retired = true;
      if (place.sandbox.isIdle) ending.push(place.sandbox.end('spindown'));
    }
    await Promise.all(ending);
  }

  sandboxes(): readonly SandboxStatus[] {
    return [...this.#places.keys()].map((sandbox) => sandbox.status());
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#places.keys()].map((sandbox) => sandbox.end('spindown')));
    await Promise.all(this.#endings);
    this.#guard.close();
    await Promise.all(this.#runs);
    const isOwn = this.#parts.options.folder === undefined;
    await removeFolder(isOwn ? this.#parts.folder : join(this.#parts.folder, 'sandboxes'));
  }

  /** An idle sandbox of the revision, else a new one; undefined when there is no room. */
  #take(revision: FunctionRevision): Place | undefined {
    this.#endOlder(revision);
    const place = this.#idlePlace(revision) ?? this.#newPlace(revision);
    if (place === undefined) return undefined;
    clearTimeout(place.idleTimer);
    this.#uses += 1;
    place.usedAt = this.#uses;
    return place;
  }

  #idlePlace(revision: FunctionRevision): Place | undefined {
    let newest: Place | undefined;
    for (const place of this.#places.values()) {
      const { sandbox } = place;
      if (place.retired || !sandbox.isIdle || !isOf(sandbox, revision)) continue;
      if (!sandbox.isFresh) void sandbox.end('spindown');
      else if (place.usedAt > (newest?.usedAt ?? -1)) newest = place;
    }
    return newest;
  }

  #newPlace(revision: FunctionRevision): Place | undefined {
    const max = this.#parts.options.sandboxesMax ?? SANDBOXES_MAX_DEFAULT;
    if (this.#places.size >= max && !this.#makeRoom()) return undefined;
    const { needs, launcher, isolation, options } = this.#parts;
    const sandbox = new Sandbox({
      revision,
      needs,
      launcher,
      guard: this.#guard,
      address: options.address ?? '127.0.0.1',
      hasNamespaces: isolation.kind === 'namespaces',
      onEnding: (ending) => this.#ending(ending),
    });
    const place = { sandbox, usedAt: 0, idleTimer: undefined, retired: false };
    this.#places.set(sandbox, place);
    return place;
  }

  /** Ends the idle sandbox used longest ago. */
  #makeRoom(): boolean {
    let oldest: Place | undefined;
    for (const place of this.#places.values()) {
      if (place.sandbox.isIdle && place.usedAt < (oldest?.usedAt ?? Number.POSITIVE_INFINITY)) oldest = place;
    }
    if (oldest !== undefined) void oldest.sandbox.end('spindown');
    return oldest !== undefined;
  }

  /** A call of another revision of the same version means that the function was changed. */
  #endOlder(revision: FunctionRevision): void {
    const key = versionKey(revision);
    if (this.#revisions.get(key) === revision.revisionId) return;
    this.#revisions.set(key, revision.revisionId);
    for (const place of [...this.#places.values()]) {
      const other = place.sandbox.revision;
      if (versionKey(other) !== key || other.revisionId === revision.revisionId) continue;
      place.retired = true;
      if (place.sandbox.isIdle) void place.sandbox.end('spindown');
    }
  }

  #giveBack(place: Place): void {
    const { sandbox } = place;
    if (!sandbox.isIdle) return;
    if (place.retired || this.#closing !== undefined) {
      void sandbox.end('spindown');
      return;
    }
    const idleMs = this.#parts.options.idleMs ?? IDLE_MS_DEFAULT;
    place.idleTimer = setTimeout(() => void sandbox.end('spindown'), idleMs).unref();
  }

  #ending(sandbox: Sandbox): void {
    clearTimeout(this.#places.get(sandbox)?.idleTimer);
    this.#places.delete(sandbox);
    // By the next turn the sandbox knows the promise of its own end.
    const ended = Promise.resolve().then(() => sandbox.end('spindown'));
    this.#endings.add(ended);
    void ended.finally(() => this.#endings.delete(ended));
  }
}

function isOf(sandbox: Sandbox, revision: FunctionRevision): boolean {
  return sandbox.revision.revisionId === revision.revisionId && versionKey(sandbox.revision) === versionKey(revision);
}

function versionKey(revision: FunctionRevision): string {
  return `${revision.name}:${revision.version}`;
}
