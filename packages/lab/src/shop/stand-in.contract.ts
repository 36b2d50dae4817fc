/**
 * A stand-in for the functions platform, for tests of the shop alone: real processes run the real bundles, which speak to
 * a small endpoint with the real SDK. Tables, buckets and queues do just enough; permissions of roles are enforced.
 */
import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Application, ApplicationFunction, Credentials, Platform, PolicyStatement } from '@gait/platform/contract';
import { unpackZip } from '@gait/platform/control/zip';
import { readBody, startLoopbackServer } from './loopback-server.ts';

const ACCOUNT = '123456789012';
const REGION = 'eu-west-1';

/** A call that a function or user made, and whether it was allowed. */
export interface StandInCall {
  readonly by: string;
  readonly action: string;
  readonly resource: string;
  readonly allowed: boolean;
}

/** What tests need of the platform, and what they can ask the stand-in besides. */
export interface StandIn extends Pick<Platform, 'accountId' | 'region' | 'endpointUrl' | 'apiUrl' | 'user' | 'deploy'> {
  readonly calls: readonly StandInCall[];
  readonly invocations: ReadonlyMap<string, number>;
  /** Errors of functions, and their lines. */
  readonly errors: readonly string[];
  readonly lines: readonly string[];
  object(bucket: string, key: string): Buffer | undefined;
  item(table: string, key: string): Record<string, unknown> | undefined;
  put(table: string, key: string, item: Item): void;
  fire(functionName: string, event: unknown): Promise<unknown>;
  /** Resolves when nothing is under way. */
  quiet(): Promise<void>;
  close(): Promise<void>;
}

type Item = Record<string, Record<string, unknown>>;

const BOOTSTRAP = `
const load = import(process.argv[2]);
process.on('message', async ({ id, event, context }) => {
  try {
    const result = await (await load).handler(event, context);
    process.send({ id, result: result === undefined ? null : result });
  } catch (error) {
    process.send({ id, error: String(error && error.stack) });
  }
});
`;

export async function startStandIn(): Promise<StandIn> {
  const world = new World();
  const endpoint = await startLoopbackServer('127.0.0.1', (request, response) => world.aws(request, response));
  const api = await startLoopbackServer('127.0.0.1', (request, response) => world.front(request, response));
  world.endpointUrl = endpoint.url;
  return {
    ...{ accountId: ACCOUNT, region: REGION, endpointUrl: endpoint.url, apiUrl: api.url },
    ...{ calls: world.calls, invocations: world.invocations, errors: world.errors, lines: world.lines },
    deploy: async (application) => world.deploy(application),
    user: (name, statements) => world.user(name, statements),
    object: (bucket, key) => world.objects.get(`${bucket}/${key}`),
    item: (table, key) => world.tables.get(table)?.get(key),
    put: (table, key, item) => world.tables.get(table)?.set(key, item),
    fire: (name, event) => world.invoke(name, event),
    quiet: () => world.quiet(),
    close: async () => {
      world.end();
      await Promise.all([endpoint.close(), api.close()]);
    },
  };
}

class World {
  endpointUrl = '';
  readonly calls: StandInCall[] = [];
  readonly invocations = new Map<string, number>();
  readonly errors: string[] = [];
  readonly lines: string[] = [];
  readonly objects = new Map<string, Buffer>();
  readonly tables = new Map<string, Map<string, Item>>();
  readonly #folder = mkdtempSync(join(tmpdir(), 'stand-in-'));
  readonly #grants = new Map<string, readonly PolicyStatement[]>();
  readonly #functions = new Map<string, Sandbox>();
  readonly #pending = new Set<Promise<unknown>>();
  #application: Application = { functions: [] };

  deploy(application: Application): void {
    this.#application = application;
    const bootstrap = join(this.#folder, 'bootstrap.cjs');
    writeFileSync(bootstrap, BOOTSTRAP);
    for (const table of application.tables ?? []) this.tables.set(table.name, new Map());
    for (const one of application.functions) {
      this.#grants.set(one.name, one.statements);
      const environment = {
        ...one.environment,
        AWS_ENDPOINT_URL: this.endpointUrl,
        AWS_LAMBDA_FUNCTION_NAME: one.name,
      };
      this.#functions.set(one.name, new Sandbox(one, { bootstrap, environment, folder: this.#folder, world: this }));
    }
  }

  user(name: string, statements: readonly PolicyStatement[]): Credentials {
    this.#grants.set(name, statements);
    return {
      accessKeyId: name,
      secretAccessKey: 'secret',
      sessionToken: 'session',
      expiresMs: Number.MAX_SAFE_INTEGER,
    };
  }

  async invoke(name: string, event: unknown): Promise<unknown> {
    const sandbox = this.#functions.get(name);
    if (sandbox === undefined) throw new Error(`no function ${name}`);
    this.invocations.set(name, (this.invocations.get(name) ?? 0) + 1);
    const work = sandbox.invoke(event);
    const settled = work.catch(() => undefined).finally(() => this.#pending.delete(settled));
    this.#pending.add(settled);
    return work;
  }

  async quiet(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  end(): void {
    for (const sandbox of this.#functions.values()) sandbox.end();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async front(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    const url = new URL(request.url ?? '/', 'http://front');
    const match = routeOf(this.#application, request.method ?? 'GET', url.pathname);
    if (match === undefined) return send(response, { status: 404, body: '{"message":"Not Found"}' });
    const event = {
      version: '2.0',
      ...{
        routeKey: match.route,
        rawPath: url.pathname,
        rawQueryString: url.search.slice(1),
        headers: request.headers,
      },
      ...(url.search !== '' && { queryStringParameters: Object.fromEntries(url.searchParams) }),
      pathParameters: match.parameters,
      ...(body.length > 0 && { body: body.toString('base64'), isBase64Encoded: true }),
    };
    try {
      const answer = await this.invoke(match.function, event);
      const { statusCode = 200, headers = {}, body: text = '', isBase64Encoded = false } = asAnswer(answer);
      response.writeHead(statusCode, headers).end(Buffer.from(text, isBase64Encoded ? 'base64' : 'utf8'));
    } catch {
      send(response, { status: 500, body: '{"message":"Internal Server Error"}' });
    }
  }

  async aws(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await readBody(request);
    const scope = /Credential=([^/]+)\/\d{8}\/[^/]+\/([a-z0-9]+)\//.exec(request.headers.authorization ?? '');
    if (scope === null) return send(response, { status: 403, body: '{}' });
    const by = scope[1];
    const url = new URL(request.url ?? '/', 'http://endpoint');
    const call = { by, method: request.method ?? 'GET', path: decodeURIComponent(url.pathname), body, request };
    const answers: Record<string, () => Promise<Answer> | Answer> = {
      dynamodb: () => this.#table(call),
      s3: () => this.#bucket(call),
      sqs: () => this.#queue(call),
      lambda: () => this.#lambda(call),
    };
    try {
      send(response, await answers[scope[2]]());
    } catch (error) {
      if (error instanceof Denied) return send(response, denied(scope[2]));
      this.errors.push(`endpoint: ${String(error)}`);
      send(response, { status: 400, body: '{"__type":"ValidationException"}' });
    }
  }

  #admit(by: string, action: string, resource: string): void {
    const grants = this.#grants.get(by) ?? [];
    const allowed = grants.some(
      (grant) =>
        list(grant.Action).some((one) => like(one, action)) && list(grant.Resource).some((one) => like(one, resource)),
    );
    this.calls.push({ by, action, resource, allowed });
    if (!allowed) throw new Denied(action);
  }

  #table({ by, body, request }: Call): Answer {
    const operation = String(request.headers['x-amz-target']).split('.')[1];
    const input: TableInput = JSON.parse(body.toString('utf8'));
    const names: string[] = input.TableName === undefined ? Object.keys(input.RequestItems) : [input.TableName];
    for (const name of names)
      this.#admit(by, `dynamodb:${operation}`, `arn:aws:dynamodb:${REGION}:${ACCOUNT}:table/${name}`);
    return { status: 200, body: JSON.stringify(runTable(this.tables, operation, input)) };
  }

  #bucket({ by, method, path, body }: Call): Answer {
    const name = path.slice(1);
    this.#admit(by, method === 'PUT' ? 's3:PutObject' : 's3:GetObject', `arn:aws:s3:::${name}`);
    if (method !== 'PUT') {
      const object = this.objects.get(name);
      if (object !== undefined) return { status: 200, body: object, type: 'application/octet-stream' };
      return {
        status: 404,
        body: '<Error><Code>NoSuchKey</Code><Message>none</Message></Error>',
        type: 'application/xml',
      };
    }
    this.objects.set(name, body);
    const [bucket, ...rest] = name.split('/');
    const key = rest.join('/');
    for (const created of this.#application.buckets?.find((one) => one.name === bucket)?.created ?? []) {
      if (!key.startsWith(created.prefix)) continue;
      const s3 = { bucket: { name: bucket }, object: { key: encodeURIComponent(key), size: body.length } };
      this.#start(created.function, { Records: [{ eventSource: 'aws:s3', eventName: 'ObjectCreated:Put', s3 }] });
    }
    return { status: 200, body: '' };
  }

  #queue({ by, body }: Call): Answer {
    const { QueueUrl, MessageBody } = JSON.parse(body.toString('utf8'));
    const name = String(QueueUrl).split('/').at(-1) ?? '';
    this.#admit(by, 'sqs:SendMessage', `arn:aws:sqs:${REGION}:${ACCOUNT}:${name}`);
    const messageId = randomUUID();
    for (const mapping of this.#application.mappings ?? []) {
      if (!('queue' in mapping.source) || mapping.source.queue !== name) continue;
      this.#start(mapping.function, { Records: [{ messageId, body: MessageBody, eventSource: 'aws:sqs' }] });
    }
    const md5 = createHash('md5').update(String(MessageBody)).digest('hex');
    return { status: 200, body: JSON.stringify({ MessageId: messageId, MD5OfMessageBody: md5 }) };
  }

  async #lambda({ by, method, path, body, request }: Call): Promise<Answer> {
    const [name = '', operation] = path.split('/').slice(3);
    const arn = `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${name}`;
    if (method === 'GET' && name === '') {
      this.#admit(by, 'lambda:ListFunctions', '*');
      return { status: 200, body: JSON.stringify({ Functions: [...this.#functions.keys()] }) };
    }
    if (operation === 'code') return this.#newCode(by, name, body);
    this.#admit(by, operation === 'invocations' ? 'lambda:InvokeFunction' : 'lambda:GetFunction', arn);
    const event: unknown = JSON.parse(body.toString('utf8'));
    if (request.headers['x-amz-invocation-type'] === 'Event') {
      this.#start(name, event);
      return { status: 202, body: '' };
    }
    return { status: 200, body: JSON.stringify(await this.invoke(name, event)) };
  }

  async #newCode(by: string, name: string, body: Buffer): Promise<Answer> {
    this.#admit(by, 'lambda:UpdateFunctionCode', `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${name}`);
    const zip = Buffer.from(String(JSON.parse(body.toString('utf8')).ZipFile), 'base64');
    const folder = mkdtempSync(join(this.#folder, 'code-'));
    await unpackZip(zip, folder);
    this.#functions.get(name)?.end();
    this.#functions.get(name)?.useCode(folder);
    return { status: 200, body: JSON.stringify({ CodeSha256: createHash('sha256').update(zip).digest('base64') }) };
  }

  /** Starts an invocation that nobody waits for, once more when it fails. */
  #start(name: string, event: unknown): void {
    const settled = this.invoke(name, event)
      .catch(() => this.invoke(name, event))
      .catch(() => undefined)
      .finally(() => this.#pending.delete(settled));
    this.#pending.add(settled);
  }
}

interface Call {
  readonly by: string;
  readonly method: string;
  readonly path: string;
  readonly body: Buffer;
  readonly request: IncomingMessage;
}

interface Answer {
  readonly status: number;
  readonly body: string | Buffer;
  readonly type?: string;
}

class Denied extends Error {}

/** One process that runs a function, one invocation after the other like a small application's sandboxes. */
class Sandbox {
  readonly #start: (codeFolder: string) => ChildProcess;
  readonly #world: World;
  readonly #name: string;
  #codeFolder: string;
  #child: ChildProcess | undefined;
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    one: ApplicationFunction,
    { bootstrap, environment, folder, world }: { bootstrap: string; environment: object; folder: string; world: World },
  ) {
    const credentials = { AWS_ACCESS_KEY_ID: one.name, AWS_SECRET_ACCESS_KEY: 'secret', AWS_SESSION_TOKEN: 'session' };
    const env = {
      ...environment,
      ...credentials,
      AWS_REGION: REGION,
      TMPDIR: folder,
      PATH: '/usr/bin:/bin',
      HOME: folder,
    };
    const file = one.name === 'mailer' ? 'index.cjs' : 'index.mjs';
    this.#name = one.name;
    this.#world = world;
    this.#codeFolder = one.codeFolder;
    this.#start = (folder) =>
      fork(bootstrap, [join(folder, file)], { env, stdio: ['ignore', 'pipe', 'pipe', 'ipc'], execArgv: [] });
  }

  invoke(event: unknown): Promise<unknown> {
    const work = this.#last.then(() => this.#run(event));
    this.#last = work.catch(() => undefined);
    return work;
  }

  end(): void {
    this.#child?.kill('SIGKILL');
    this.#child = undefined;
  }

  useCode(folder: string): void {
    this.#codeFolder = folder;
  }

  #run(event: unknown): Promise<unknown> {
    this.#child ??= this.#begin();
    const child = this.#child;
    const id = randomUUID();
    return new Promise((resolve, reject) => {
      child.once('message', (message: { id: string; error?: string; result?: unknown }) => {
        if (message.error === undefined) return resolve(message.result);
        this.#world.errors.push(`${this.#name}: ${message.error}`);
        reject(new Error(message.error));
      });
      child.once('exit', () => reject(new Error('the sandbox is gone')));
      child.send({ id, event, context: { awsRequestId: id, functionName: this.#name } });
    });
  }

  #begin(): ChildProcess {
    const child = this.#start(this.#codeFolder);
    child.setMaxListeners(0);
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (text) => this.#world.lines.push(String(text)));
    return child;
  }
}

/** What the operations below read of their input. */
interface TableInput {
  readonly TableName?: string;
  readonly Key: Item;
  readonly Item: Item;
  readonly Limit?: number;
  readonly ExclusiveStartKey?: Item;
  readonly UpdateExpression: string;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
  readonly ExpressionAttributeValues: Item;
  readonly RequestItems: Readonly<Record<string, { Keys: Item[] } & { PutRequest: { Item: Item } }[]>>;
}

function runTable(tables: Map<string, Map<string, Item>>, operation: string, input: TableInput): unknown {
  const rows = tables.get(input.TableName ?? '') ?? new Map<string, Item>();
  const keyOf = (key: Item) => String(Object.values(key)[0].S);
  const idOf = (item: Item) => String((item.id ?? item.email).S);
  switch (operation) {
    case 'GetItem':
      return { Item: rows.get(keyOf(input.Key)) };
    case 'PutItem':
      rows.set(idOf(input.Item), input.Item);
      return {};
    case 'Scan': {
      const after = input.ExclusiveStartKey === undefined ? '' : keyOf(input.ExclusiveStartKey);
      const all = [...rows].sort().filter(([key]) => key > after);
      const page = all.slice(0, input.Limit ?? all.length);
      const last = page.at(-1);
      const more = last !== undefined && page.length < all.length;
      return { Items: page.map(([, item]) => item), ...(more && { LastEvaluatedKey: { id: { S: last[0] } } }) };
    }
    case 'UpdateItem': {
      const item: Item = rows.get(keyOf(input.Key)) ?? { ...input.Key };
      for (const part of String(input.UpdateExpression).replace('SET ', '').split(', ')) {
        const [name, value] = part.split(' = ');
        item[input.ExpressionAttributeNames?.[name] ?? name] = input.ExpressionAttributeValues[value];
      }
      rows.set(keyOf(input.Key), item);
      return {};
    }
    case 'BatchGetItem': {
      const [[name, { Keys }]] = Object.entries(input.RequestItems);
      const found = Keys.map((key) => tables.get(name)?.get(keyOf(key))).filter((item) => item !== undefined);
      return { Responses: { [name]: found }, UnprocessedKeys: {} };
    }
    case 'BatchWriteItem':
      for (const [name, writes] of Object.entries(input.RequestItems)) {
        for (const { PutRequest } of writes) tables.get(name)?.set(idOf(PutRequest.Item), PutRequest.Item);
      }
      return { UnprocessedItems: {} };
    default:
      throw new Error(`${operation} is not there`);
  }
}

function routeOf(application: Application, method: string, path: string) {
  for (const { route, function: name } of application.routes ?? []) {
    const [verb, pattern] = route.split(' ');
    const names = [...pattern.matchAll(/\{(\w+)\}/g)].map(([, parameter]) => parameter);
    const match = new RegExp(`^${pattern.replaceAll(/\{\w+\}/g, '([^/]+)')}$`).exec(path);
    if (verb !== method || match === null) continue;
    const parameters = Object.fromEntries(names.map((parameter, at) => [parameter, decodeURIComponent(match[at + 1])]));
    return { route, function: name, parameters };
  }
  return undefined;
}

function asAnswer(value: unknown): {
  statusCode?: number;
  headers?: Record<string, string>;
  body?: string;
  isBase64Encoded?: boolean;
} {
  return typeof value === 'object' && value !== null ? value : {};
}

function send(response: ServerResponse, { status, body, type = 'application/json' }: Answer): void {
  response.writeHead(status, { 'content-type': type }).end(body);
}

function denied(service: string): Answer {
  if (service !== 's3') return { status: 400, body: '{"__type":"AccessDeniedException","message":"no"}' };
  return {
    status: 403,
    body: '<Error><Code>AccessDenied</Code><Message>no</Message></Error>',
    type: 'application/xml',
  };
}

function list(value: string | readonly string[] | undefined): readonly string[] {
  return value === undefined ? [] : typeof value === 'string' ? [value] : value;
}

function like(pattern: string, text: string): boolean {
  return new RegExp(`^${pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')}$`).test(text);
}
