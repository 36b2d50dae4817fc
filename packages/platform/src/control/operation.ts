import type { AwsRequest, FunctionHost } from '../contract.ts';
import type { Directory } from '../identity/directory.ts';
import type { PlatformGate } from '../identity/gate.ts';
import type { CodeStore } from './code-store.ts';
import type { FunctionTable, Layer } from './functions.ts';
import type { Input } from './input.ts';
import type { Invocations } from './invocations.ts';
import type { MappingTable } from './mapping-table.ts';

/** What the operations of the Lambda API work on. */
export interface LambdaSite {
  readonly table: FunctionTable;
  readonly mappings: MappingTable;
  readonly codes: CodeStore;
  readonly invocations: Invocations;
  readonly directory: Directory;
  readonly gate: PlatformGate;
  readonly host: FunctionHost;
  /** Layers that functions may use, by ARN with version, oldest first. */
  readonly layers: Map<string, Layer>;
  /** URL of the endpoint, for download links. */
  readonly endpointUrl: () => string;
  /** Where the front door answers for a function's own URL. */
  readonly functionUrl: (functionName: string) => string;
  /** Whether there is a queue or stream with this ARN. */
  readonly hasSource: (arn: string) => boolean;
  readonly now: () => number;
}

/** One call of an operation. */
export interface Call {
  readonly request: AwsRequest;
  readonly input: Input;
  readonly site: LambdaSite;
}

/** What an operation answers. */
export interface Result {
  /** Written as JSON; absent for an empty body. */
  readonly body?: Readonly<Record<string, unknown>>;
  /** A body that is sent as it is. */
  readonly raw?: Uint8Array;
  /** Instead of the operation's own. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Id of the invocation, which is that of the call then. */
  readonly requestId?: string;
  /** What the trail shows besides. */
  readonly additionalEventData?: Readonly<Record<string, unknown>>;
}

/** One operation of the Lambda API. */
export interface Operation {
  /** `GetFunction`; permissions ask for `lambda:GetFunction` unless `action` says otherwise. */
  readonly name: string;
  /** Method and path, `{X}` for parts that vary. */
  readonly route: string;
  readonly status: number;
  /** What the trail adds to the name: `20150331v2`. */
  readonly suffix?: string;
  readonly action?: string;
  readonly readOnly: boolean;
  readonly isData?: boolean;
  /** ARN that permissions are asked for; the function of the path if this is absent. */
  resource?(call: Call): string;
  run(call: Call): Result | Promise<Result>;
}

/** Function that the path names, as it was written. */
export function named(call: Call): string {
  return call.input.path['FunctionName'] ?? '';
}

/** Qualifier of the query. */
export function qualifierOf(call: Call): string | undefined {
  return call.input.query.get('Qualifier') ?? undefined;
}

/** ARN of everything, for operations that are about nothing in particular. */
export const anything = (): string => '*';
