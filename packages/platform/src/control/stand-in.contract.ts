import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { IAMClient } from '@aws-sdk/client-iam';
import { LambdaClient } from '@aws-sdk/client-lambda';
import type {
  Application,
  ApplicationFunction,
  Credentials,
  EventSource,
  FunctionHost,
  FunctionRevision,
  HostNeeds,
  InvokeOutcome,
  InvokeRequest,
  Invoker,
  PolicyStatement,
} from '../contract.ts';
import { assemblePlatform, type PlatformParts } from '../platform.ts';
import type { DeadLetter } from './async-queue.ts';
import type { MappingTable } from './mapping-table.ts';
import { packFolder } from './zip.ts';

/** A statement that allows everything. */
export const ALLOW_ALL: PolicyStatement = { Effect: 'Allow', Action: '*', Resource: '*' };

/** A host that runs handlers in the process of the test and answers like the real one. */
export class StandInHost implements FunctionHost {
  readonly isolation = { kind: 'processes', reason: 'a test' } as const;
  readonly limits = new Map<string, number>();
  readonly invoked: { readonly revision: FunctionRevision; readonly request: InvokeRequest }[] = [];
  readonly recycled: string[] = [];
  readonly needs: HostNeeds;

  constructor(needs: HostNeeds) {
    this.needs = needs;
  }

  async invoke(revision: FunctionRevision, request: InvokeRequest): Promise<InvokeOutcome> {
    if (this.limits.get(revision.name) === 0) {
      return { kind: 'throttled', reason: 'ReservedFunctionConcurrentInvocationLimitExceeded' };
    }
    this.invoked.push({ revision, request });
    const requestId = request.requestId ?? randomUUID();
    const [file, name = ''] = revision.handler.split('.');
    const module = await import(
      `${pathToFileURL(join(revision.codeFolder, `${file}.mjs`)).href}?${revision.revisionId}`
    );
    const ended = { kind: 'returned', requestId, executedVersion: revision.version, durationMs: 1 } as const;
    const event: unknown = JSON.parse(Buffer.from(request.payload).toString('utf8'));
    const context = { environment: revision.environment, credentials: this.needs.credentials(revision) };
    try {
      return { ...ended, payload: Buffer.from(JSON.stringify(await module[name](event, context)) ?? 'null') };
    } catch (error) {
      const document = { errorType: 'Error', errorMessage: error instanceof Error ? error.message : String(error) };
      return { ...ended, payload: Buffer.from(JSON.stringify(document)), functionError: 'Unhandled' };
    }
  }

  setConcurrency(functionName: string, limit: number | undefined): void {
    if (limit === undefined) this.limits.delete(functionName);
    else this.limits.set(functionName, limit);
  }

  async recycle(functionName: string): Promise<void> {
    this.recycled.push(functionName);
  }

  sandboxes(): readonly never[] {
    return [];
  }

  async close(): Promise<void> {}
}

/** A function whose only file has this text. */
export interface Source extends Partial<Omit<ApplicationFunction, 'codeFolder'>> {
  readonly name: string;
  readonly text: string;
}

/** A platform around a stand-in host, with what a test wants to look at. */
export async function startStandIn(sources: readonly Source[], more: Partial<Application> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'stand-in-'));
  const records: Readonly<Record<string, unknown>>[] = [];
  const letters = new Letters();
  const captured: { host?: StandInHost; invoker?: Invoker; mappings?: MappingTable } = {};
  const platform = await assemblePlatform(standInParts(captured, letters), {
    onTrail: (written) => records.push(...written),
    retryDelaysMs: [0, 0],
    folder: join(folder, 'platform'),
  });
  const functions: ApplicationFunction[] = [];
  for (const { text, ...source } of sources) {
    const codeFolder = await codeOf(folder, text);
    functions.push({ handler: 'index.handler', statements: [ALLOW_ALL], ...source, codeFolder });
  }
  await platform.deploy({ functions, ...more });
  const { host, invoker, mappings } = captured;
  assert.ok(host !== undefined && invoker !== undefined && mappings !== undefined);
  const configOf = (credentials: Credentials) => {
    const { accessKeyId, secretAccessKey, sessionToken } = credentials;
    return {
      endpoint: platform.endpointUrl,
      region: platform.region,
      maxAttempts: 1,
      credentials: { accessKeyId, secretAccessKey, ...(sessionToken === '' ? {} : { sessionToken }) },
    };
  };
  const admin = configOf(platform.user('admin', [ALLOW_ALL]));
  return {
    platform,
    host,
    invoker,
    mappings,
    records,
    letters,
    configOf,
    lambda: new LambdaClient(admin),
    iam: new IAMClient(admin),
    zip: async (text: string) => packFolder(await codeOf(folder, text)),
    async close() {
      await platform.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Dead letters as they come; a test can wait for the next one. */
export class Letters {
  readonly #letters: DeadLetter[] = [];
  readonly #waiting: ((letter: DeadLetter) => void)[] = [];

  take(letter: DeadLetter): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#letters.push(letter);
    else waiting(letter);
  }

  next(): Promise<DeadLetter> {
    const letter = this.#letters.shift();
    return letter === undefined ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve(letter);
  }
}

function standInParts(
  captured: { host?: StandInHost; invoker?: Invoker; mappings?: MappingTable },
  letters: Letters,
): PlatformParts {
  return {
    createHost(needs) {
      captured.host = new StandInHost(needs);
      return captured.host;
    },
    createServices: ({ invoker, region, accountId }) => {
      captured.invoker = invoker;
      return {
        services: [],
        deploy: async () => {},
        sourceArn: (source) =>
          'queue' in source
            ? `arn:aws:sqs:${region}:${accountId}:${source.queue}`
            : `arn:aws:dynamodb:${region}:${accountId}:table/${source.table}/stream/2026-01-01T00:00:00.000`,
        source: idleSource,
        deadLetter: async (letter) => letters.take(letter),
        close: async () => {},
      };
    },
    createTriggers: ({ mappings }) => {
      captured.mappings = mappings;
      return {
        apiUrl: 'http://127.0.0.1:1/',
        functionUrl: (name) => `http://127.0.0.1:1/urls/${name}/`,
        deploy: async () => {},
        close: async () => {},
      };
    },
  };
}

/** A source that never has anything. */
function idleSource(arn: string): EventSource {
  const nothing = (): void => undefined;
  return { arn, receive: async () => [], done: nothing, failed: nothing, release: nothing };
}

async function codeOf(folder: string, text: string): Promise<string> {
  const code = join(folder, randomUUID());
  await mkdir(code);
  await writeFile(join(code, 'index.mjs'), text);
  return code;
}
