import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  Application,
  AwsService,
  EventSource,
  FunctionHost,
  Gate,
  HostNeeds,
  Invoker,
  LogDelivery,
  Platform,
  PlatformOptions,
} from './contract.ts';
import type { DeadLetter } from './control/async-queue.ts';
import { CodeStore } from './control/code-store.ts';
import { type DeploymentSite, deployFunctions, deployMappings, grantTriggers } from './control/deployment.ts';
import { FunctionTable, type Layer } from './control/functions.ts';
import { createIamService } from './control/iam-service.ts';
import { Invocations } from './control/invocations.ts';
import { createLambdaService } from './control/lambda-service.ts';
import { MappingTable } from './control/mapping-table.ts';
import { createStsService } from './control/sts-service.ts';
import { type Endpoint, startEndpoint } from './endpoint.ts';
import { Directory } from './identity/directory.ts';
import { createGate, type PlatformGate } from './identity/gate.ts';
import { createTrail, type Trail } from './trail/trail.ts';

/** What the host is told besides `HostNeeds`. */
export interface HostSettings {
  /** Folder for sandboxes, of the host alone. */
  readonly folder: string;
  /** To be removed by whatever outlives this process, should it die; undefined when a person named the folder. */
  readonly temporaryFolder: string | undefined;
  readonly isolation: 'auto' | 'processes';
  readonly sandboxesMax: number;
  readonly idleMs: number;
}

/** What services are made with. */
export interface ServiceSite {
  readonly accountId: string;
  readonly region: string;
  readonly gate: Gate;
  readonly invoker: Invoker;
  readonly endpointUrl: string;
}

/** The services of an application: tables, buckets, queues. */
export interface Services {
  readonly services: readonly AwsService[];
  /** Makes the tables, buckets and queues of an application; its functions are there already. */
  deploy(application: Application): Promise<void>;
  /** ARN of a queue, or of the stream of a table. */
  sourceArn(source: { readonly queue: string } | { readonly table: string }): string;
  /** The source behind such an ARN; of a stream a reader with a place of its own. */
  source(arn: string, from: 'oldest' | 'latest'): EventSource | undefined;
  /** Puts a failed event into a queue. Rejects when there is no such queue. */
  deadLetter(letter: DeadLetter): Promise<void>;
  close(): Promise<void>;
}

/** What triggers are made with. */
export interface TriggerSite {
  readonly accountId: string;
  readonly region: string;
  readonly address: string;
  readonly invoker: Invoker;
  readonly mappings: MappingTable;
  readonly source: Services['source'];
}

/** What stands around the functions: the front door, schedules, pollers. */
export interface Triggers {
  /** '' before an application is deployed. */
  readonly apiUrl: string;
  /** Where the front door answers for a function, whether it has a URL or not; '' for one that was not deployed. */
  functionUrl(functionName: string): string;
  /** Routes and schedules of an application. Mappings come by the table. */
  deploy(application: Application): Promise<void>;
  close(): Promise<void>;
}

/** The parts that others make. */
export interface PlatformParts {
  createHost(needs: HostNeeds, settings: HostSettings): FunctionHost | Promise<FunctionHost>;
  createServices(site: ServiceSite): Services | Promise<Services>;
  createTriggers(site: TriggerSite): Triggers | Promise<Triggers>;
}

/** What the tests and the person who runs a platform may also want to know: what was dropped or refused. */
export interface PlatformCounts {
  readonly refusedRequests: Readonly<Record<string, number>>;
  readonly asyncEvents: Invocations['asyncCounts'];
  readonly refusedTriggers: number;
  readonly trailUndelivered: number;
  readonly logsUndelivered: number;
  readonly sessionsEvicted: number;
}

const ADDRESS = '127.0.0.1';
const ACCOUNT_ID = '123456789012';
const REGION = 'eu-west-1';
/** Sandboxes at once over all functions: what an ordinary machine carries beside what it is used for. */
const SANDBOXES_MAX = 20;
const IDLE_MS = 600_000;

/** Settings of one platform, complete. */
interface Place {
  readonly address: string;
  readonly accountId: string;
  readonly region: string;
  readonly folder: string;
  readonly now: () => number;
}

/** The parts that know nothing of the host. */
interface Ground {
  readonly place: Place;
  readonly directory: Directory;
  readonly trail: Trail;
  readonly gate: PlatformGate;
  readonly table: FunctionTable;
  readonly mappings: MappingTable;
  readonly codes: CodeStore;
  readonly endpoint: Endpoint;
  readonly layers: Map<string, Layer>;
}

/** Ends what was started, last first. Failures do not keep the rest from ending; the first one is thrown at the end. */
class Closers {
  readonly #closers: (() => Promise<void> | void)[] = [];
  #closing: Promise<void> | undefined;

  add(closer: () => Promise<void> | void): void {
    this.#closers.push(closer);
  }

  close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  async #closeAll(): Promise<void> {
    const failures: unknown[] = [];
    for (const closer of this.#closers.toReversed()) {
      try {
        await closer();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}

/**
 * Puts a platform together: the endpoint with identities, Lambda, IAM and STS around the parts given. Everything it holds
 * is in memory or below its folder, and gone when it closes. If a part cannot start, what was started is ended again.
 */
export async function assemblePlatform(
  parts: PlatformParts,
  options: PlatformOptions & {
    /** Waits before the retries of asynchronous events, ms. */
    readonly retryDelaysMs?: readonly number[];
    /** Told of faults of this program while it answers. */
    readonly onFailure?: (error: unknown) => void;
    readonly now?: () => number;
  } = {},
): Promise<Platform & { readonly counts: () => PlatformCounts }> {
  const closers = new Closers();
  try {
    const ground = await lay(options, closers);
    return await build({ parts, options, ground, closers });
  } catch (error) {
    await closers.close().catch(() => undefined);
    throw error;
  }
}

type AssembleOptions = NonNullable<Parameters<typeof assemblePlatform>[1]>;

async function lay(options: AssembleOptions, closers: Closers): Promise<Ground> {
  const { accountId = ACCOUNT_ID, region = REGION, address = ADDRESS, now = Date.now } = options;
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'platform-')));
  if (options.folder === undefined) closers.add(() => rm(folder, { recursive: true, force: true }));
  const directory = new Directory(accountId, now);
  const trailData = options.trailData ?? true;
  const trail = createTrail({ accountId, region, directory, data: trailData, onTrail: options.onTrail, now });
  const codes = new CodeStore(join(folder, 'code'), now);
  const endpoint = await startEndpoint({
    address,
    directory,
    now,
    open: (request) => codes.download(request),
    ...(options.onFailure === undefined ? {} : { onFailure: options.onFailure }),
  });
  closers.add(() => endpoint.close());
  return {
    place: { address, accountId, region, folder, now },
    directory,
    trail,
    gate: createGate(directory, trail, now),
    table: new FunctionTable({ accountId, region, now }),
    mappings: new MappingTable(now),
    codes,
    endpoint,
    layers: new Map(),
  };
}

async function build(given: {
  readonly parts: PlatformParts;
  readonly options: AssembleOptions;
  readonly ground: Ground;
  readonly closers: Closers;
}): Promise<Platform & { readonly counts: () => PlatformCounts }> {
  const { parts, options, ground, closers } = given;
  const { place, directory, table, mappings, endpoint } = ground;
  const logs = logTaker(options.onLogs);
  const needs: HostNeeds = {
    credentials: (revision) => directory.functionSession(revision),
    endpointUrl: endpoint.url,
    deliver: logs.deliver,
  };
  const host = await parts.createHost(needs, hostSettings(options, place));
  closers.add(() => host.close());
  let services: Services | undefined;
  const invocations = new Invocations({
    table,
    mappings,
    host,
    trail: ground.trail,
    deadLetter: (letter) =>
      services === undefined ? Promise.reject(new Error('no queues')) : services.deadLetter(letter),
    now: place.now,
    ...(options.retryDelaysMs === undefined ? {} : { retryDelaysMs: options.retryDelaysMs }),
  });
  closers.add(() => invocations.close());
  const made = await parts.createServices({
    ...placeOf(place),
    gate: ground.gate,
    invoker: invocations,
    endpointUrl: endpoint.url,
  });
  services = made;
  closers.add(() => made.close());
  const triggers = await parts.createTriggers({
    ...placeOf(place),
    address: place.address,
    invoker: invocations,
    mappings,
    source: (arn, from) => made.source(arn, from),
  });
  closers.add(() => triggers.close());
  serveAll({ ground, host, invocations, services: made, triggers });
  return platformOf({ ground, host, invocations, services: made, triggers, closers, logs });
}

interface Built {
  readonly ground: Ground;
  readonly host: FunctionHost;
  readonly invocations: Invocations;
  readonly services: Services;
  readonly triggers: Triggers;
}

function serveAll({ ground, host, invocations, services, triggers }: Built): void {
  const { table, mappings, codes, directory, gate, layers, endpoint, place } = ground;
  const lambda = createLambdaService({
    table,
    mappings,
    codes,
    invocations,
    directory,
    gate,
    host,
    layers,
    endpointUrl: () => endpoint.url,
    functionUrl: (name) => triggers.functionUrl(name),
    hasSource: (arn) => services.source(arn, 'latest') !== undefined,
    now: place.now,
  });
  const own = [lambda, createIamService(directory, gate, place.now), createStsService(directory, gate)];
  for (const service of [...own, ...services.services]) endpoint.serve(service);
}

function platformOf(
  built: Built & { readonly closers: Closers; readonly logs: LogTaker },
): Platform & { readonly counts: () => PlatformCounts } {
  const { ground, host, invocations, triggers, closers, logs } = built;
  const { place, directory, endpoint, table } = ground;
  let isDeployed = false;
  return {
    ...placeOf(place),
    endpointUrl: endpoint.url,
    get apiUrl() {
      return triggers.apiUrl;
    },
    isolation: host.isolation,
    host,
    functionUrl: (name) => (table.byName(name)?.url === undefined ? undefined : triggers.functionUrl(name)),
    async deploy(application) {
      if (isDeployed) throw new TypeError('an application was deployed already');
      isDeployed = true;
      await deployAll(application, built);
    },
    user: (name, statements) => directory.user(name, JSON.stringify({ Version: '2012-10-17', Statement: statements })),
    counts: () => ({
      refusedRequests: { ...endpoint.refused },
      asyncEvents: { ...invocations.asyncCounts },
      refusedTriggers: invocations.counts.refused,
      trailUndelivered: ground.trail.undelivered,
      logsUndelivered: logs.undelivered,
      sessionsEvicted: directory.sessionsEvicted,
    }),
    close: () => closers.close(),
  };
}

/** Functions first, since everything else names them; triggers last, so that nothing fires before its target is there. */
async function deployAll(application: Application, { ground, services, triggers }: Built): Promise<void> {
  const site: DeploymentSite = { ...ground, now: ground.place.now };
  await deployFunctions(application, site);
  await services.deploy(application);
  grantTriggers(application, ground.table);
  deployMappings(application, site, (source) => services.sourceArn(source));
  await triggers.deploy(application);
}

function placeOf({ accountId, region }: Place): { readonly accountId: string; readonly region: string } {
  return { accountId, region };
}

function hostSettings(options: PlatformOptions, place: Place): HostSettings {
  return {
    folder: join(place.folder, 'sandboxes'),
    temporaryFolder: options.folder === undefined ? place.folder : undefined,
    isolation: options.isolation ?? 'auto',
    sandboxesMax: options.sandboxesMax ?? SANDBOXES_MAX,
    idleMs: options.idleMs ?? IDLE_MS,
  };
}

interface LogTaker {
  readonly deliver: (delivery: LogDelivery) => void;
  readonly undelivered: number;
}

/** Deliveries must not throw into the host: what the taker throws is counted. */
function logTaker(onLogs: PlatformOptions['onLogs']): LogTaker {
  let undelivered = 0;
  return {
    get undelivered() {
      return undelivered;
    },
    deliver(delivery) {
      try {
        onLogs?.(delivery);
      } catch {
        undelivered++;
      }
    },
  };
}
