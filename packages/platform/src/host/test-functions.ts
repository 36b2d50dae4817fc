import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { FunctionHost, FunctionRevision, HostNeeds, LogDelivery, TelemetryEvent } from '../contract.ts';
import { createHost, type HostOptions } from './host.ts';

/** A host for tests, with what it delivered and functions made from text. */
export interface TestHost {
  readonly host: FunctionHost;
  readonly deliveries: LogDelivery[];
  /** Events of all deliveries so far. */
  events(): TelemetryEvent[];
  /** Lines of functions so far, without what the runtime puts before them. */
  lines(): string[];
  /** A function whose files are given by name; `index.mjs` or `index.cjs` has the handler. */
  make(files: Readonly<Record<string, string>>, more?: Partial<FunctionRevision>): FunctionRevision;
  /** A layer with these files; those in `extensions/` and `bin/` can be executed. */
  layer(files: Readonly<Record<string, string>>): string;
  call(revision: FunctionRevision, event?: unknown): Promise<TestAnswer>;
  close(): Promise<void>;
}

/** An outcome, with its payload parsed. */
export interface TestAnswer {
  readonly kind: 'returned' | 'throttled';
  readonly error: boolean;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of functions they wrote.
  readonly body: any;
  readonly requestId: string;
  readonly reason?: string;
}

/** Starts a host with a folder of its own. */
export async function startTestHost(options: HostOptions = {}, needs: Partial<HostNeeds> = {}): Promise<TestHost> {
  const folder = mkdtempSync(join(tmpdir(), 'gait-host-test-'));
  const deliveries: LogDelivery[] = [];
  const all: HostNeeds = {
    credentials: () => ({
      accessKeyId: 'ASIATEST',
      secretAccessKey: 'secret',
      sessionToken: 'token',
      expiresMs: Date.now() + 3_600_000,
    }),
    endpointUrl: 'http://127.0.0.1:9',
    deliver: (delivery) => deliveries.push(delivery),
    ...needs,
  };
  const host = await createHost(all, { folder: join(folder, 'host'), ...options });
  const events = () => deliveries.flatMap((delivery) => delivery.events);
  return {
    host,
    deliveries,
    events,
    lines: () =>
      events()
        .filter((event) => event.type === 'function')
        .map((event) => String(event.record).split('\t').at(-1) ?? ''),
    make: (files, more) => makeRevision(writeFiles(folder, files), files, more),
    layer: (files) => writeFiles(folder, files),
    call: (revision, event) => call(host, revision, event),
    close: async () => {
      await host.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Waits until something is so, looking again as events come in; fails after ten seconds. */
export async function until(what: string, check: () => boolean): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (!check()) {
    if (Date.now() > deadline) throw new Error(`never happened: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function makeRevision(
  codeFolder: string,
  files: Readonly<Record<string, string>>,
  more: Partial<FunctionRevision> = {},
): FunctionRevision {
  const name = more.name ?? `f-${randomUUID().slice(0, 8)}`;
  return {
    name,
    version: '$LATEST',
    arn: `arn:aws:lambda:eu-west-1:123456789012:function:${name}`,
    revisionId: randomUUID(),
    codeFolder,
    codeSha256: '',
    handler: Object.keys(files).some((file) => file.startsWith('index.')) ? 'index.handler' : 'missing.handler',
    layerFolders: [],
    roleArn: 'arn:aws:iam::123456789012:role/test',
    timeoutMs: 10_000,
    memorySizeMb: 512,
    tmpSizeMb: 16,
    environment: {},
    ...more,
  };
}

function writeFiles(folder: string, files: Readonly<Record<string, string>>): string {
  const made = mkdtempSync(join(folder, 'files-'));
  for (const [name, text] of Object.entries(files)) {
    const path = join(made, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { mode: /^(extensions|bin)\//.test(name) ? 0o755 : 0o644 });
  }
  return made;
}

async function call(host: FunctionHost, revision: FunctionRevision, event: unknown): Promise<TestAnswer> {
  const outcome = await host.invoke(revision, { payload: Buffer.from(JSON.stringify(event ?? {})) });
  if (outcome.kind === 'throttled') {
    return { kind: 'throttled', error: false, body: undefined, requestId: '', reason: outcome.reason };
  }
  const text = Buffer.from(outcome.payload).toString('utf8');
  const body: unknown = text === '' ? '' : parseOr(text);
  return { kind: 'returned', error: outcome.functionError !== undefined, body, requestId: outcome.requestId };
}

function parseOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
