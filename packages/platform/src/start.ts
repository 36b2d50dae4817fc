import { randomBytes } from 'node:crypto';
import type { Application, HostNeeds, Platform, PlatformOptions } from './contract.ts';
import { openFunctionUrl } from './gateway/function-url.ts';
import { openHttpApi } from './gateway/http-api.ts';
import type { HttpDoor } from './gateway/http-door.ts';
import { type Schedules, startSchedules } from './gateway/schedules.ts';
import { createHost } from './host/host.ts';
import { BucketNotifications } from './mappings/bucket-notifications.ts';
import { EventSourceMappings } from './mappings/event-source-mappings.ts';
import {
  assemblePlatform,
  type HostSettings,
  type PlatformCounts,
  type ServiceSite,
  type Services,
  type TriggerSite,
  type Triggers,
} from './platform.ts';
import { BucketService } from './services/bucket/service.ts';
import { QueueService } from './services/queue/service.ts';
import { TableService } from './services/table/service.ts';

/** Sender of what the platform itself puts into a queue: dead letters. */
const OWN_SENDER = 'AIDAPLATFORM';

/** How to start a platform, with what only tests and programs that show it want. */
export interface StartOptions extends PlatformOptions {
  /** Waits before the retries of asynchronous events, ms. */
  readonly retryDelaysMs?: readonly number[];
  /** Told of faults of the platform itself while it answers. */
  readonly onFailure?: (error: unknown) => void;
  /** A `node_modules` folder that functions can require from, as the AWS SDK comes with Lambda's runtime. */
  readonly runtimeModulesFolder?: string;
}

/**
 * Starts a local functions platform: sandboxes, an AWS endpoint, tables, buckets, queues, an HTTP API, function URLs,
 * schedules and event source mappings. Everything is in memory or in a temporary folder and gone when it closes. Takes
 * about 200 ms; needs Linux. Rejects when it cannot listen or make its folder, and leaves nothing running then.
 */
export function startPlatform(
  options: StartOptions = {},
): Promise<Platform & { readonly counts: () => PlatformCounts }> {
  const { runtimeModulesFolder, ...rest } = options;
  const modules = runtimeModulesFolder === undefined ? {} : { runtimeModulesFolder };
  const hostOf = (needs: HostNeeds, settings: HostSettings) => createHost(needs, { ...settings, ...modules });
  return assemblePlatform({ createHost: hostOf, createServices, createTriggers }, rest);
}

function createServices({ accountId, region, gate, invoker }: ServiceSite): Services {
  const place = { accountId, region, gate };
  const tables = new TableService(place);
  const queues = new QueueService(place);
  const notifications = new BucketNotifications(invoker);
  const buckets = new BucketService(place, { onCreated: (created) => notifications.created(created) });
  return {
    services: [tables, queues, buckets],
    deploy: async (application) => {
      for (const table of application.tables ?? []) tables.addTable(table);
      // A queue may name one that comes later as its dead-letter queue.
      for (const queue of inOrderOfDeadLetters(application.queues ?? [])) queues.addQueue(queue);
      for (const bucket of application.buckets ?? []) {
        buckets.addBucket(bucket.name);
        for (const [at, { prefix, function: functionName }] of (bucket.created ?? []).entries()) {
          notifications.add({ id: `${bucket.name}-${at}`, bucket: bucket.name, prefix, functionName });
        }
      }
    },
    sourceArn: (source) => {
      if ('queue' in source) return `arn:aws:sqs:${region}:${accountId}:${source.queue}`;
      const arn = tables.streamArn(source.table);
      if (arn === undefined) throw new TypeError(`the table ${source.table} has no stream`);
      return arn;
    },
    source: (arn, from) => queues.openQueue(arn) ?? tables.openStream(arn, from),
    deadLetter: async ({ queueArn, body, attributes }) => {
      if (!queues.deliver(queueArn, { body, attributes, senderId: OWN_SENDER })) {
        throw new Error(`there is no queue ${queueArn}`);
      }
    },
    close: async () => queues.close(),
  };
}

type Queue = NonNullable<Application['queues']>[number];

function inOrderOfDeadLetters(queues: readonly Queue[]): Queue[] {
  return [...queues].sort((a, b) => Number(a.deadLetter !== undefined) - Number(b.deadLetter !== undefined));
}

function createTriggers(site: TriggerSite): Triggers {
  const { accountId, region, address } = site;
  const mappings = new EventSourceMappings({
    table: site.mappings,
    invoker: site.invoker,
    open: ({ sourceArn, startingPosition }) =>
      site.source(sourceArn, startingPosition === 'LATEST' ? 'latest' : 'oldest'),
  });
  const urls = new Map<string, HttpDoor>();
  let api: HttpDoor | undefined;
  let schedules: Schedules | undefined;
  return {
    get apiUrl() {
      return api?.url ?? '';
    },
    functionUrl: (name) => urls.get(name)?.url ?? '',
    deploy: async (application) => {
      const { routes = [] } = application;
      const apiId = randomBytes(5).toString('hex');
      api = await openHttpApi(site.invoker, { address, accountId, region, apiId, routes });
      for (const { name: functionName } of application.functions) {
        // Always open, so that a URL keeps its address; whether anybody gets in is asked with each call.
        urls.set(functionName, await openFunctionUrl(site.invoker, { address, accountId, region, functionName }));
      }
      schedules = startSchedules(site.invoker, site, application.schedules ?? []);
    },
    close: async () => {
      schedules?.close();
      await Promise.all([api, ...urls.values()].map((door) => door?.close()));
      await mappings.close();
    },
  };
}
