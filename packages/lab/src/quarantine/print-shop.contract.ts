import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { LambdaClient, TagResourceCommand, UpdateFunctionConfigurationCommand } from '@aws-sdk/client-lambda';
import type { Platform, PolicyStatement } from '@gait/platform/contract';
import { startPlatform } from '@gait/platform/start';
import { awsProviders } from '@gait/server/response/aws/provider';
import { type FunctionRef, functionRef } from '@gait/server/response/function-ref';
import type { Provider } from '@gait/server/response/provider';
import { RESPONDER_STATEMENTS } from './responder-statements.ts';

/** Where functions find the SDK, as they do in Lambda's own runtime. */
const MODULES = resolve(import.meta.dirname, '../../../../node_modules');
/** Value of an environment variable that must not leave the function. */
export const SECRET = 'made-up-secret-9f2c';
/** Longest wait for something that happens at once, ms. */
const HAPPENS_MS_MAX = 20_000;
/** Between two looks, ms. */
const LOOK_MS = 20;

/** What tools with all rights may do. */
const EVERYTHING: readonly PolicyStatement[] = [{ Effect: 'Allow', Action: '*', Resource: '*' }];

/** A platform with the functions `pay` and `mail` on one role, and a queue that `pay` works off. */
export interface PrintShop {
  readonly platform: Platform;
  readonly pay: FunctionRef;
  readonly lambda: LambdaClient;
  /** Lines that functions wrote so far. */
  readonly lines: readonly string[];
  /** For SDK clients of whoever may do everything. */
  readonly clientOptions: { readonly endpoint: string; readonly region: string; readonly credentials: Keys };
  /** The real provider, with a responder's credentials or with other ones. */
  provider(statements?: readonly PolicyStatement[]): Promise<Provider>;
}

type Keys = ReturnType<Platform['user']>;

/** Starts the platform with both functions; ends with the test. `code` is what `pay` and `mail` run, as CommonJS. */
export async function openPrintShop(test: TestContext, code: { pay: string; mail: string }): Promise<PrintShop> {
  const folder = mkdtempSync(join(tmpdir(), 'gait-quarantine-test-'));
  test.after(() => rmSync(folder, { recursive: true, force: true }));
  const codeFolder = (name: string, text: string): string => {
    mkdirSync(join(folder, name));
    writeFileSync(join(folder, name, 'index.cjs'), text);
    return join(folder, name);
  };
  const lines: string[] = [];
  const platform = await startPlatform({
    runtimeModulesFolder: MODULES,
    onLogs: ({ events }) => {
      for (const { type, record } of events) if (type === 'function') lines.push(String(record).trim());
    },
  });
  test.after(() => platform.close());
  const shared = { handler: 'index.handler', roleName: 'shop-role', environment: { API_KEY: SECRET } };
  const statements: PolicyStatement[] = [{ Effect: 'Allow', Action: ['sqs:*', 'lambda:ListFunctions'], Resource: '*' }];
  await platform.deploy({
    functions: [
      { ...shared, statements, name: 'pay', codeFolder: codeFolder('pay', code.pay) },
      { ...shared, statements, name: 'mail', codeFolder: codeFolder('mail', code.mail) },
    ],
    queues: [{ name: 'orders', visibilityMs: 30_000 }],
    mappings: [{ source: { queue: 'orders' }, function: 'pay', batchSize: 1 }],
  });
  const { endpointUrl: endpoint, region, accountId } = platform;
  const clientOptions = { endpoint, region, credentials: platform.user('root', EVERYTHING) };
  const lambda = new LambdaClient(clientOptions);
  test.after(() => lambda.destroy());
  const pay = functionRef(`aws:${accountId}:${region}:pay`);
  await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName: 'pay', Description: 'Charges orders' }));
  await lambda.send(new TagResourceCommand({ Resource: pay.arn, Tags: { team: 'shop' } }));
  let users = 0;
  return {
    ...{ platform, pay, lambda, lines, clientOptions },
    provider: (allowed = RESPONDER_STATEMENTS) => {
      const credentials = platform.user(`responder-${users++}`, allowed);
      return awsProviders({ endpoint, credentials, version: '0.0.0', wait: (ms) => pause(ms) })(pay);
    },
  };
}

/** A responder's credentials that lack a permission. */
export function withoutPermission(permission: string): readonly PolicyStatement[] {
  return [...RESPONDER_STATEMENTS, { Effect: 'Deny', Action: permission, Resource: '*' }];
}

/** Looks until it holds; rejects when it does not come to hold. */
export async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = Date.now() + HAPPENS_MS_MAX;
  while (!(await holds())) {
    if (Date.now() > endMs) throw new Error(`${what}: did not happen within ${HAPPENS_MS_MAX} ms`);
    await pause(LOOK_MS);
  }
}
