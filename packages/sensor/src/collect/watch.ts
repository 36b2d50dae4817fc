import type { Call } from '../calls.ts';
import type { Sockets } from './sockets.ts';

/** What the collectors know of the sandbox they report to. */
export interface Watch {
  readonly sockets: Sockets;
  /** Hosts with ports that the environment named as endpoints of AWS. */
  readonly endpoints: ReadonlySet<string>;
  /** Account of the function, `?` until known. */
  account(): string;
  /** Takes a call of the invocation that makes it. */
  add(call: Call): void;
  /** Whether host and port are the runtime's own. */
  isRuntime(host: string, port: string): boolean;
  /** Whether a request is the sensor's own. */
  isOwn(request: unknown): boolean;
  /** Runs a step of a collector; whatever it throws is counted and goes no further. */
  guard<Value>(step: (value: Value) => void, value: Value): void;
}
