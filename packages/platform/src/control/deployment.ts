import { basename } from 'node:path';
import type { Application, ApplicationFunction } from '../contract.ts';
import type { Directory } from '../identity/directory.ts';
import { document } from '../identity/directory.ts';
import type { CodeStore } from './code-store.ts';
import { RUNTIME } from './describe.ts';
import type { FunctionTable, LambdaFunction, Layer } from './functions.ts';
import { grant, type Permission } from './lambda-permissions.ts';
import type { MappingTable } from './mapping-table.ts';

/** What an application is deployed into. */
export interface DeploymentSite {
  readonly table: FunctionTable;
  readonly mappings: MappingTable;
  readonly codes: CodeStore;
  readonly directory: Directory;
  /** Gets a layer for each layer folder. */
  readonly layers: Map<string, Layer>;
  readonly now: () => number;
}

/** What a function gets that says nothing: enough to start Node and to wait for a few calls. */
const TIMEOUT_MS = 30_000;
const MEMORY_MB = 256;
const TMP_MB = 512;
/** Waits in a mapping when nothing is said. */
const WINDOW_MS = 0;

/** Makes the functions of an application with their roles and, where one is wanted, their URL. */
export async function deployFunctions(application: Application, site: DeploymentSite): Promise<void> {
  for (const given of application.functions) {
    const { name } = site.table.reference(given.name);
    const role = site.directory.role(given.roleName ?? `${given.name}-role`);
    role.inline.set(given.name, document(policyOf(given), 'identity'));
    const fn = site.table.create({
      name,
      code: await site.codes.fromFolder(given.codeFolder),
      runtime: RUNTIME,
      description: '',
      layers: (given.layerFolders ?? []).map((folder) => layerOf(folder, site)),
      settings: {
        handler: given.handler,
        roleArn: role.arn,
        timeoutMs: given.timeoutMs ?? TIMEOUT_MS,
        memorySizeMb: given.memorySizeMb ?? MEMORY_MB,
        tmpSizeMb: TMP_MB,
        environment: given.environment ?? {},
      },
      ...(given.deadLetterQueue === undefined ? {} : { deadLetterArn: queueArn(given.deadLetterQueue, site.table) }),
    });
    if (given.url === true) openUrl(fn, site.now());
  }
}

/**
 * Lets the services of an application call its functions, each for its own source: buckets, the HTTP API
 * (`apigateway.amazonaws.com` from any API of the account), schedules (`events.amazonaws.com`, `rule/<name>`).
 */
export function grantTriggers(application: Application, table: FunctionTable): void {
  const { region, accountId } = table;
  const allow = (name: string, permission: Omit<Permission, 'action'>): void => {
    const fn = table.find(name);
    if (fn.policies.get('')?.statements.has(permission.sid) === true) return;
    grant(fn, undefined, { ...permission, action: 'lambda:InvokeFunction' });
  };
  for (const bucket of application.buckets ?? []) {
    const sourceArn = `arn:aws:s3:::${bucket.name}`;
    for (const told of bucket.created ?? []) {
      const sid = sidOf('s3', bucket.name);
      allow(told.function, { sid, principal: 's3.amazonaws.com', sourceArn, sourceAccount: accountId });
    }
  }
  for (const route of application.routes ?? []) {
    const sourceArn = `arn:aws:execute-api:${region}:${accountId}:*`;
    allow(route.function, { sid: 'api', principal: 'apigateway.amazonaws.com', sourceArn });
  }
  for (const schedule of application.schedules ?? []) {
    const sourceArn = `arn:aws:events:${region}:${accountId}:rule/${schedule.name}`;
    const sid = sidOf('schedule', schedule.name);
    allow(schedule.function, { sid, principal: 'events.amazonaws.com', sourceArn });
  }
}

/** Makes the mappings of an application. `sourceArn` knows the ARN of a queue, and of the stream of a table. */
export function deployMappings(
  application: Application,
  site: DeploymentSite,
  sourceArn: (source: { readonly queue: string } | { readonly table: string }) => string,
): void {
  for (const mapping of application.mappings ?? []) {
    site.mappings.create({
      sourceArn: sourceArn(mapping.source),
      functionName: site.table.find(mapping.function).name,
      qualifier: undefined,
      enabled: true,
      batchSize: mapping.batchSize,
      windowMs: mapping.windowMs ?? WINDOW_MS,
      startingPosition: 'table' in mapping.source ? 'LATEST' : undefined,
      retriesMax: -1,
      reportsFailures: false,
    });
  }
}

/** ARN of a queue of the platform. */
export function queueArn(name: string, place: { readonly region: string; readonly accountId: string }): string {
  return `arn:aws:sqs:${place.region}:${place.accountId}:${name}`;
}

function policyOf(given: ApplicationFunction): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: given.statements });
}

function layerOf(folder: string, { table, layers }: DeploymentSite): Layer {
  const known = [...layers.values()].find((layer) => layer.folder === folder);
  if (known !== undefined) return known;
  const name = basename(folder).replace(/[^A-Za-z0-9_-]/g, '-') || 'layer';
  const prefix = `arn:aws:lambda:${table.region}:${table.accountId}:layer:${name}`;
  let version = 1;
  while (layers.has(`${prefix}:${version}`)) version++;
  const layer = { arn: `${prefix}:${version}`, folder };
  layers.set(layer.arn, layer);
  return layer;
}

/** A URL without authorisation, with the two permissions that AWS asks for. */
function openUrl(fn: LambdaFunction, nowMs: number): void {
  fn.url = { authType: 'NONE', invokeMode: 'BUFFERED', createdMs: nowMs, modifiedMs: nowMs };
  grant(fn, undefined, {
    sid: 'FunctionURLAllowPublicAccess',
    action: 'lambda:InvokeFunctionUrl',
    principal: '*',
    functionUrlAuthType: 'NONE',
  });
  grant(fn, undefined, {
    sid: 'FunctionURLInvokeAllowPublicAccess',
    action: 'lambda:InvokeFunction',
    principal: '*',
    viaFunctionUrl: true,
  });
}

function sidOf(kind: string, name: string): string {
  return `${kind}-${name}`.replace(/[^A-Za-z0-9_-]/g, '-').slice(0, 100);
}
