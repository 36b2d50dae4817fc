/**
 * The columns of an observation, by name and type. Columns are only ever added: a released name keeps its meaning,
 * and a reader keeps columns it does not know (`Batch.extra`).
 */

/** What a source delivers about a thing. One invocation may be described by several facets. */
export const FACETS = [
  'sensor',
  'platform',
  'otel',
  'xray',
  'audit',
  'edge',
  'flow',
  'metric',
  'change',
  'inventory',
  'health',
  'summary',
  /** Lambda Insights: resources measured by the provider's extension. */
  'insights',
  /** The event that fired an invocation, as somebody kept it: the function's own log, a dead-letter queue, a test suite. */
  'trigger',
] as const;
export type FacetKind = (typeof FACETS)[number];

/** Number of a facet kind as stored in the `kind` column. */
export const FACET: { readonly [K in FacetKind]: number } = Object.fromEntries(
  FACETS.map((name, index) => [name, index]),
) as { readonly [K in FacetKind]: number };

/** Trust classes, most trusted first: who could have forged this. Stored in the `trust` column. */
export const TRUST = { platform: 0, audit: 1, edge: 2, sensor: 3, xray: 4, stdout: 5 } as const;

/** Trust class of a facet when its envelope is intact. */
export const TRUST_OF_FACET: { readonly [K in FacetKind]: number } = {
  platform: TRUST.platform,
  metric: TRUST.platform,
  inventory: TRUST.platform,
  audit: TRUST.audit,
  change: TRUST.audit,
  flow: TRUST.audit,
  edge: TRUST.edge,
  sensor: TRUST.sensor,
  otel: TRUST.sensor,
  xray: TRUST.xray,
  health: TRUST.platform,
  summary: TRUST.sensor,
  insights: TRUST.platform,
  trigger: TRUST.stdout,
};

/** Numeric fields of a row, finite or NaN when absent. Unit last. */
export const NUMBERS = [
  'durationMs',
  'billedMs',
  'initMs',
  'memoryMb',
  'memorySizeMb',
  'cpuMs',
  'childCpuMs',
  'tmpBytes',
  'bytesOut',
  'bytesIn',
  'requestBytes',
  'responseBytes',
  'batchSize',
  'threads',
  'files',
  'sequence',
  /** Processes beside the function's own, connections and timers still there at the end; of processes only when looked at. */
  'processes',
  'sockets',
  'timers',
  /** Of the hosts it called: characters below their registrable domains, largest entropy of those (bits a character), how many. */
  'nameBytes',
  'nameEntropy',
  'names',
] as const;
export type NumberField = (typeof NUMBERS)[number];

/** Symbolic fields of a row: indexes into the batch's string table, 0 when absent. */
export const SYMBOLS = [
  /** Function key `provider:account:region:name`, made by `identity.ts` at ingest. */
  'function',
  /** Learning unit: version number, code hash, or fingerprint of the task root. */
  'revision',
  /** Alias or version number the caller used. */
  'qualifier',
  /** http, queue, timer, object, stream, topic, invoke, edge, other. */
  'triggerKind',
  /** What fired it: gateway route, queue, bucket, rule, calling function. */
  'triggerSource',
  /** Who caused it: token of the end user, session issuer, service, function. */
  'principal',
  /** person, role, service, function, account, anonymous. */
  'principalKind',
  /** Network owner or truncated prefix of the caller. */
  'network',
  'country',
  /** Client class (browser, sdk, cli, console, service), never the raw user agent. */
  'client',
  /** ok, error, timeout, throttle. */
  'status',
  'errorType',
  /** Sandbox, log stream or instance. */
  'instance',
  /** `service:Action` of an audited API call or change. */
  'action',
  /** What the action touched, as destination key. */
  'resource',
  /** Hash of the event's structure. */
  'shape',
  /** code, configuration, permission, trigger, policy, trail, identity: set on `change` rows. */
  'changeKind',
  /** Account the sender may speak for. */
  'account',
  /** Identity a record claimed in its body that its envelope does not allow. */
  'claimed',
] as const;
export type SymbolField = (typeof SYMBOLS)[number];

/** Identifiers that are different in nearly every row: kept as bytes, never interned. */
export const IDS = ['requestId', 'traceId', 'spanId', 'parentSpanId', 'eventId'] as const;
export type IdField = (typeof IDS)[number];

/** Bits of the `flags` column. */
export const FLAG = {
  cold: 1,
  /** Sandbox start without an invocation (module load). */
  init: 2,
  /** Event time was impossible and was replaced. */
  clamped: 4,
  /** The id of the request is known to be sampled; absence proves nothing. */
  sampled: 8,
  /** A call list was cut at its limit. */
  callsCut: 16,
  /** The service's own view of an invocation (for example an `AWS::Lambda` segment): links spans, is not an invocation. */
  link: 32,
  /** The audited call only reads. */
  readOnly: 64,
  /** Refused: access denied or throttled. */
  denied: 128,
} as const;

/** Number of a numeric field as used in batches. */
export const NUMBER: { readonly [K in NumberField]: number } = index(NUMBERS);
/** Number of a symbolic field as used in batches. */
export const SYMBOL: { readonly [K in SymbolField]: number } = index(SYMBOLS);
/** Number of an identifier as used in batches. */
export const ID: { readonly [K in IdField]: number } = index(IDS);

function index<T extends string>(names: readonly T[]): { readonly [K in T]: number } {
  return Object.fromEntries(names.map((name, at) => [name, at])) as { readonly [K in T]: number };
}
