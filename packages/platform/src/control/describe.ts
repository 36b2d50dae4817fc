import type { Alias, Configuration, FunctionPolicy, LambdaFunction } from './functions.ts';
import type { Mapping } from './mapping-table.ts';

/** The runtime that functions of the platform have when nothing else is said. */
export const RUNTIME = 'nodejs24.x';

/** A configuration as the API shows it. `qualifier` as it was asked for, which the ARN then ends with. */
export function configurationDocument(
  configuration: Configuration,
  qualifier?: string,
): Readonly<Record<string, unknown>> {
  const { revision, runtime, description, codeBytes, modifiedMs, layers, deadLetterArn } = configuration;
  return {
    FunctionName: revision.name,
    FunctionArn: qualifier === undefined ? revision.arn : `${revision.arn}:${qualifier}`,
    Runtime: runtime,
    Role: revision.roleArn,
    Handler: revision.handler,
    CodeSize: codeBytes,
    Description: description,
    Timeout: Math.ceil(revision.timeoutMs / 1000),
    MemorySize: revision.memorySizeMb,
    LastModified: new Date(modifiedMs).toISOString().replace('Z', '+0000'),
    CodeSha256: revision.codeSha256,
    Version: revision.version,
    ...(deadLetterArn === undefined ? {} : { DeadLetterConfig: { TargetArn: deadLetterArn } }),
    ...(Object.keys(revision.environment).length === 0 ? {} : { Environment: { Variables: revision.environment } }),
    TracingConfig: { Mode: 'PassThrough' },
    RevisionId: revision.revisionId,
    ...(layers.length === 0
      ? {}
      : { Layers: layers.map(({ arn, code }) => ({ Arn: arn, CodeSize: code?.bytes ?? 0 })) }),
    State: 'Active',
    LastUpdateStatus: 'Successful',
    PackageType: 'Zip',
    Architectures: [process.arch === 'arm64' ? 'arm64' : 'x86_64'],
    EphemeralStorage: { Size: revision.tmpSizeMb },
    SnapStart: { ApplyOn: 'None', OptimizationStatus: 'Off' },
    LoggingConfig: { LogFormat: 'JSON', LogGroup: `/aws/lambda/${revision.name}` },
  };
}

/** An alias as the API shows it. */
export function aliasDocument(fn: LambdaFunction, alias: Alias): Readonly<Record<string, unknown>> {
  return {
    AliasArn: `${fn.arn}:${alias.name}`,
    Name: alias.name,
    FunctionVersion: alias.version,
    Description: alias.description,
    ...(Object.keys(alias.weights).length === 0 ? {} : { RoutingConfig: { AdditionalVersionWeights: alias.weights } }),
    RevisionId: alias.revisionId,
  };
}

/** A mapping as the API shows it. */
export function mappingDocument(mapping: Mapping, functionArn: string): Readonly<Record<string, unknown>> {
  const arn = mapping.qualifier === undefined ? functionArn : `${functionArn}:${mapping.qualifier}`;
  const isStream = mapping.startingPosition !== undefined;
  return {
    UUID: mapping.uuid,
    ...(isStream ? { StartingPosition: mapping.startingPosition, MaximumRetryAttempts: mapping.retriesMax } : {}),
    BatchSize: mapping.batchSize,
    MaximumBatchingWindowInSeconds: Math.ceil(mapping.windowMs / 1000),
    EventSourceArn: mapping.sourceArn,
    FunctionArn: arn,
    LastModified: mapping.modifiedMs / 1000,
    State: mapping.enabled ? 'Enabled' : 'Disabled',
    StateTransitionReason: 'USER_INITIATED',
    FunctionResponseTypes: mapping.reportsFailures ? ['ReportBatchItemFailures'] : [],
    EventSourceMappingArn: functionArn.replace(/:function:.*$/, `:event-source-mapping:${mapping.uuid}`),
  };
}

/** A function's policy as JSON text. */
export function policyText(policy: FunctionPolicy): string {
  return JSON.stringify({ Version: '2012-10-17', Id: 'default', Statement: [...policy.statements.values()] });
}

/** Code, and links to it. */
const OMITTED = new Set(['ZipFile', 'Code', 'Location', 'ClientContext', 'Payload', '__proto__']);
/** Objects inside objects: no call of the API has more than four. What is deeper is left out. */
const DEPTH_MAX = 16;

/**
 * A document for the trail: names begin in lower case, and what may hold secrets or is large is left out. Of the
 * environment only that it was there is kept, as AWS does.
 */
export function forTrail(
  document: Readonly<Record<string, unknown>>,
  depth = DEPTH_MAX,
): Readonly<Record<string, unknown>> {
  const shown: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(document)) {
    if (OMITTED.has(name) || value === undefined) continue;
    const key = name.replace(/^[A-Z]+(?![a-z])|^[A-Z]/, (start) => start.toLowerCase());
    shown[key] = name === 'Environment' ? {} : forTrailValue(value, depth - 1);
  }
  return shown;
}

function forTrailValue(value: unknown, depth: number): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (depth === 0) return null;
  return Array.isArray(value)
    ? value.map((entry) => forTrailValue(entry, depth - 1))
    : forTrail(Object.fromEntries(Object.entries(value)), depth);
}
