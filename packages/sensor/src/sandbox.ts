import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe } from 'node:diagnostics_channel';
import { type Call, Calls, nowMs } from './calls.ts';
import { endpointsOf } from './collect/aws.ts';
import { Children } from './collect/children.ts';
import { watchHttp } from './collect/http.ts';
import { Resources } from './collect/resources.ts';
import { ShapeHasher, sizeOf } from './collect/shape.ts';
import { Sockets } from './collect/sockets.ts';
import { triggerOf } from './collect/trigger.ts';
import { watchUndici } from './collect/undici.ts';
import type { Watch } from './collect/watch.ts';
import { Deadlines } from './deadlines.ts';
import { bodyOfResponse, Identity, remainingMs } from './identity.ts';
import { callsAfter, type Invocation, newInvocation, type Outcome } from './invocation.ts';
import { type Keyed, keyedBy, randomId } from './keyed.ts';
import { CALLS_MAX, OPEN_INVOCATIONS_MAX } from './limits.ts';
import { read } from './objects.ts';
import { lineOf, wireCalls } from './record.ts';
import { errorClass } from './redact.ts';
import { codeRevision } from './revision.ts';
import type { Settings } from './settings.ts';
import { collectorTransport } from './transport/collector.ts';
import { stdoutTransport } from './transport/stdout.ts';
import type { Transport } from './transport/transport.ts';
import type { Recorder } from './watch.ts';
import { WIRE_FLAG, type WireRecord } from './wire.ts';

/**
 * The sensor of one sandbox: begins and ends invocations, takes what the collectors saw, and hands one record each to the
 * transport. Nothing here throws into the function, waits for anything, or keeps the process alive; what fails inside is
 * counted with the records that were lost.
 */
export class Sandbox implements Watch, Recorder {
  readonly waits: boolean;
  readonly sockets: Sockets;
  readonly endpoints: ReadonlySet<string>;
  readonly #settings: Settings;
  readonly #transport: Transport;
  readonly #ownRequests: (request: unknown) => boolean;
  readonly #keyed: Keyed;
  readonly #identity: Identity;
  readonly #shapes: ShapeHasher;
  readonly #children: Children;
  readonly #resources: Resources;
  readonly #instance = randomId();
  readonly #open = new Set<Invocation>();
  readonly #between = new Calls();
  readonly #deadlines = new Deadlines(this.#open, (late) => this.end(late, { status: 'timeout' }));
  #storage: AsyncLocalStorage<Invocation> | undefined;
  /** Whose work it is that carries no mark: of the only invocation, or of the one that began before marks were needed. */
  #current: Invocation | undefined;
  #revision: string;
  #loadMs = Number.NaN;
  #isLoadReported = false;
  #sequence = 0;
  #failures = 0;
  #invocations = 0;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.endpoints = endpointsOf(settings.environment);
    this.sockets = new Sockets((host, port) => this.isRuntime(host, port));
    this.#keyed = keyedBy(settings.key);
    this.#identity = new Identity(settings);
    // The seed only has to be the same in every sandbox of the key.
    this.#shapes = new ShapeHasher(Number.parseInt(this.#keyed.mac('shape').slice(0, 8) || '0', 16));
    this.#children = new Children(this);
    this.#resources = new Resources(this.#children, settings.tmpFolder);
    this.#revision = settings.revision;
    this.waits = settings.endpoint !== '' && settings.flushMs > 0;
    if (settings.isConcurrent) this.#storage = new AsyncLocalStorage();
    if (settings.endpoint === '') {
      this.#transport = stdoutTransport();
      this.#ownRequests = () => false;
    } else {
      const collector = collectorTransport(settings);
      this.#transport = collector;
      this.#ownRequests = (request) => collector.isOwn(request);
    }
  }

  /** Begins to watch the process. Once. */
  start(): void {
    subscribe('net.client.socket', (message) => this.guard((of) => this.sockets.watch(read(of, 'socket')), message));
    this.guard(() => watchHttp(this), undefined);
    this.guard(() => watchUndici(this), undefined);
    this.guard(() => this.#children.start(), undefined);
    process.on('beforeExit', () => this.#endReturned());
    process.on('exit', () => this.#endAll());
  }

  /** Says that the function's code is being loaded up to now. */
  loading(): void {
    if (!this.#isLoadReported) this.#loadMs = process.uptime() * 1000;
  }

  /** Says that the function's code is loaded: its record is made now instead of with the first invocation. */
  loaded(): void {
    this.guard(() => this.#reportLoad(), undefined);
  }

  /** Begins an invocation; undefined when it is part of another one, or cannot be watched. */
  begin(event: unknown, context: unknown): Invocation | undefined {
    try {
      return this.#begin(event, context);
    } catch {
      this.#failures++;
      return undefined;
    }
  }

  /** Calls `work` so that what it does is attributed to the invocation. Throws what `work` throws. */
  run<Result>(invocation: Invocation, work: () => Result): Result {
    return this.#storage === undefined ? work() : this.#storage.run(invocation, work);
  }

  /** Ends an invocation and makes its record. Ends after the first are ignored. */
  end(invocation: Invocation, outcome: Outcome): void {
    if (!this.#open.delete(invocation)) return;
    if (this.#current === invocation) this.#current = undefined;
    try {
      this.#send(this.#recordOf(invocation, outcome));
    } catch {
      this.#failures++;
    }
  }

  /** Says that a handler returned without a promise and may still call back. */
  returned(invocation: Invocation): void {
    invocation.returnedMs = nowMs();
  }

  /** What a response has to wait for; see `Transport.flush`. Never rejects. */
  flush(): Promise<void> | undefined {
    try {
      return this.#transport.flush();
    } catch {
      this.#failures++;
      return undefined;
    }
  }

  account(): string {
    return this.#identity.account;
  }

  add(call: Call): void {
    const owner = this.#storage?.getStore() ?? this.#current;
    const isOpen = owner !== undefined && this.#open.has(owner);
    (isOpen ? owner.calls : this.#between).add(call);
  }

  isRuntime(host: string, port: string): boolean {
    const { runtimeApi } = this.#settings;
    return runtimeApi !== '' && runtimeApi === `${host}:${port}`;
  }

  isOwn(request: unknown): boolean {
    return this.#ownRequests(request);
  }

  guard<Value>(step: (value: Value) => void, value: Value): void {
    try {
      step(value);
    } catch {
      this.#failures++;
    }
  }

  #begin(event: unknown, context: unknown): Invocation | undefined {
    if (this.#open.size > 0) {
      this.#endReturned();
      for (const open of this.#open) if (open.context === context && context !== undefined) return undefined;
    }
    const platform = this.#identity.of(context);
    if (!this.#isLoadReported) this.#reportLoad();
    const trigger = triggerOf(event, { keyed: this.#keyed, home: this.#identity.account });
    const leftover = this.#between.list.length;
    const invocation = newInvocation(
      {
        context,
        platform,
        trigger,
        shape: this.#shapes.of(event),
        requestBytes: trigger.requestBytes ?? sizeOf(event),
        calls: callsAfter(this.#between),
        leftover,
      },
      remainingMs(context),
    );
    this.#admit(invocation);
    return invocation;
  }

  #admit(invocation: Invocation): void {
    if (this.#open.size > 0) {
      // From now on work has to be told apart by its asynchronous context; what began before cannot be.
      this.#storage ??= new AsyncLocalStorage();
      for (const open of this.#open) open.shared++;
      invocation.shared = this.#open.size;
      if (this.#open.size >= OPEN_INVOCATIONS_MAX) this.#forgetOldest();
    }
    this.#open.add(invocation);
    if (this.#storage === undefined) this.#current = invocation;
    this.#deadlines.watch(invocation);
  }

  #forgetOldest(): void {
    for (const oldest of this.#open) {
      this.#open.delete(oldest);
      this.#failures++;
      return;
    }
  }

  /** Handlers that returned long ago are done when the next invocation comes, or the process has nothing more to do. */
  #endReturned(): void {
    for (const open of this.#open) if (!Number.isNaN(open.returnedMs)) this.end(open, { status: 'ok' });
  }

  #endAll(): void {
    this.#endReturned();
    for (const open of this.#open) this.end(open, { status: 'error', error: { name: 'ProcessExit' } });
  }

  #reportLoad(): void {
    if (this.#isLoadReported) return;
    this.#isLoadReported = true;
    const uptimeMs = process.uptime() * 1000;
    const durationMs = Number.isNaN(this.#loadMs) ? uptimeMs : this.#loadMs;
    this.#loadMs = durationMs;
    if (this.#revision === '') this.#revision = codeRevision(this.#settings.environment);
    const startMs = nowMs() - uptimeMs;
    const calls = callsAfter(this.#between);
    this.#send({
      timeMs: Math.round(Date.now() - uptimeMs),
      flags: WIRE_FLAG.init,
      function: this.#identity.function,
      status: 'ok',
      durationMs,
      ...this.#measured(calls, durationMs, startMs),
    });
  }

  #recordOf(invocation: Invocation, { status, error, result }: Outcome): WireRecord {
    const { calls, startMs, platform, trigger, shared, leftover, returnedMs } = invocation;
    const durationMs = (Number.isNaN(returnedMs) ? nowMs() : returnedMs) - startMs;
    const isCold = this.#invocations++ === 0;
    const measured = this.#measured(calls, durationMs, startMs);
    return {
      ...platform,
      ...trigger,
      ...measured,
      timeMs: invocation.timeMs,
      flags: platform.flags | (measured.flags ?? 0) | (isCold ? WIRE_FLAG.cold : 0),
      status,
      durationMs,
      shape: invocation.shape,
      requestBytes: invocation.requestBytes,
      ...(isCold ? { initMs: this.#loadMs } : {}),
      ...(result === undefined ? {} : { responseBytes: sizeOf(bodyOfResponse(result)) }),
      ...(status === 'error' ? { errorType: errorClass(error) } : {}),
      ...(shared > 0 ? { shared } : {}),
      ...(leftover > 0 ? { leftover } : {}),
    };
  }

  /** What was used and called since the last record. */
  #measured(calls: Calls, durationMs: number, startMs: number): Partial<WireRecord> {
    const { bytesOut, bytesIn, open } = this.sockets.take((call) => calls.add(call));
    this.#children.settle();
    const use = this.#resources.take(durationMs);
    if (calls.list.length === 0) return { ...use, bytesOut, bytesIn, ...(open > 0 ? { sockets: open } : {}) };
    calls.fold();
    const isCut = calls.cut > 0 || calls.list.length > CALLS_MAX;
    return {
      ...use,
      bytesOut,
      bytesIn,
      sockets: open,
      flags: isCut ? WIRE_FLAG.callsCut : 0,
      calls: wireCalls(calls.list, startMs),
    };
  }

  #send(record: Partial<WireRecord> & { readonly timeMs: number }): void {
    const dropped = this.#transport.dropped() + this.#failures;
    const { memorySizeMb } = this.#settings;
    const whole: WireRecord = {
      ...record,
      revision: this.#revision,
      instance: this.#instance,
      sequence: ++this.#sequence,
      memorySizeMb,
      ...(dropped > 0 ? { dropped } : {}),
    };
    this.#transport.send(lineOf(whole, this.#keyed.mac));
  }
}
