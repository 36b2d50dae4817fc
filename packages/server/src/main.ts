import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import Fastify, { type FastifyInstance } from 'fastify';
import { type OpenedAccess, openAccess } from './access/sqlite-access.ts';
import { API_SERVER_OPTIONS, apiRoutes, newApiCounters } from './api/plugin.ts';
import { VERSION } from './cli/version.ts';
import { Closing } from './closing.ts';
import { type Config, certificateOf, placesOf, sensorKeyOf } from './config.ts';
import { IngestCounters } from './ingest/http/counters.ts';
import { ingestRoutes } from './ingest/http/routes.ts';
import { withPlaces } from './ingest/places/placed-tokens.ts';
import { findingText } from './render/text.ts';
import { responseDesk } from './response/desk.ts';
import type { Responder } from './response/responder.ts';
import { openAwsResponder } from './runtime/aws-responder.ts';
import { inTurn } from './runtime/engine-host.ts';
import { FOLDER } from './runtime/folder.ts';
import { LiveService } from './runtime/live-service.ts';
import { writePlaceSources } from './runtime/place-sources.ts';
import { statusPage } from './status-page/routes.ts';
import { readHours, readMinutes } from './storage/series/read-series.ts';
import { type Heartbeat, startHeartbeat } from './telemetry/heartbeat.ts';
import { serverMetrics } from './telemetry/server-metrics.ts';

/** Longest wait for the header of a request, ms: who is slower only holds a connection. */
const HEADERS_MS_MAX = 10_000;
/** Longest wait for a whole request, ms: 64 MiB at a slow 2 MB a second. */
const REQUEST_MS_MAX = 60_000;
/**
 * Connections at once; more are turned away and counted. One costs some 20 KiB before anybody has shown a token, and an open
 * file, of which the log needs some as well.
 */
const CONNECTIONS_MAX = 4_096;
/** Idle connections are kept this long, ms: longer than the interval in which exporters send. */
const KEEP_ALIVE_MS = 72_000;

/** Leases are looked at this often, ms: they last minutes at least. */
const LEASES_EVERY_MS = 30_000;
/** Closing waits this long for a response that is being carried out, ms: as long as for other requests. */
const ACTING_MS_MAX = 10_000;
/** Who acts when nobody asked: it goes on with what a crash interrupted, and ends leases. */
const OWN_NAME = 'gait';

/** A server that is listening. */
export interface RunningServer {
  readonly url: string;
  readonly service: LiveService;
  /** Text of the administrator's token: at the first start of a data folder only. */
  readonly administrator: string | undefined;
  /** Takes nothing more, answers what was begun, saves, and lets go of everything. May be called twice. */
  close(): Promise<void>;
}

/** What is not for the configuration file. */
export interface ServeOptions {
  /** Real milliseconds of a model day of a new data folder, for demonstrations. */
  readonly tempoMs?: number;
}

/**
 * The whole of `gait serve`, wired: one log and engine, everything that speaks HTTP in front of them. Throws `ConfigError`,
 * and what opening the data folder throws; leaves nothing open then.
 */
export async function serve(config: Config, options: ServeOptions = {}): Promise<RunningServer> {
  const opened: (() => unknown)[] = [];
  try {
    const service = await LiveService.open(config.data, { ...options, onFailure });
    opened.push(() => service.close());
    const access = openAccess(join(config.data, FOLDER.access));
    opened.push(() => access.close());
    const responder = await openAwsResponder({
      log: service.log,
      append: (control) => service.control(control),
      reach: config.aws ?? {},
      policy: { protectedFunctions: config.response.protected, inlinePolicies: config.response.inlinePolicies },
      version: VERSION,
    });
    const heartbeat = heartbeatOf(config, service);
    if (heartbeat !== undefined) opened.push(() => heartbeat.close());
    const app = await httpServer(config, { service, access, responder, heartbeat });
    let stopWatching: () => unknown = () => undefined;
    opened.push(() => stopWatching());
    const door = new Closing(app);
    opened.push(() => door.close());
    const url = await app.listen({ host: config.listen.address, port: config.listen.port });
    stopWatching = watchResponses(responder);
    // Only now: it is made once, and a start that fails shows it to nobody.
    const administrator = access.ensureAdministrator();
    let closing: Promise<void> | undefined;
    const close = (): Promise<void> => {
      // Intake first, then the engine behind it.
      closing ??= inTurn(opened.toReversed());
      return closing;
    };
    return { url, service, administrator, close };
  } catch (error) {
    await inTurn(opened.toReversed()).catch(() => undefined);
    throw error;
  }
}

/** What the routes are made of. */
interface Parts {
  readonly service: LiveService;
  readonly access: OpenedAccess;
  readonly responder: Responder;
  readonly heartbeat: Heartbeat | undefined;
}

/** Text of findings for programs and pages: as wide as lines are read easily. */
const PLAIN = { width: 100, colour: false } as const;

async function httpServer(config: Config, { service, access, responder, heartbeat }: Parts): Promise<FastifyInstance> {
  const https = await certificateOf(config);
  const app: FastifyInstance = Fastify({
    ...API_SERVER_OPTIONS,
    ...(https === undefined ? {} : { https }),
    requestTimeout: REQUEST_MS_MAX,
    keepAliveTimeout: KEEP_ALIVE_MS,
    bodyLimit: config.limits.bodyBytes,
    // Closing answers what was begun; connections without a request are ended.
    forceCloseConnections: 'idle',
    // What still comes on a connection that is kept is taken as usual, and the connection ends behind it.
    return503OnClosing: false,
  });
  app.server.headersTimeout = HEADERS_MS_MAX;
  app.server.maxConnections = CONNECTIONS_MAX;
  let droppedConnections = 0;
  app.server.on('drop', () => {
    droppedConnections++;
  });
  const sensorKey = await sensorKeyOf(config);
  const places = await placesOf(config);
  writePlaceSources(config.data, places?.sources ?? []);
  const counters = { ingest: new IngestCounters(), api: newApiCounters() };
  const metrics = serverMetrics({
    version: VERSION,
    status: () => service.status(),
    standing: () => service.store.standing(),
    api: counters.api,
    refused: access.refused,
    ingest: () => counters.ingest.samples(),
    droppedConnections: () => droppedConnections,
    ...(heartbeat === undefined ? {} : { heartbeat: heartbeat.counters }),
  });
  await app.register(
    ingestRoutes({
      ...{ service, access },
      tokens: withPlaces(service.tokens, places),
      defaults: config.source,
      counters: counters.ingest,
      limits: { bodyBytes: config.limits.bodyBytes },
      ...(sensorKey === undefined ? {} : { sensorKey }),
      onFailure,
    }),
  );
  const series = join(config.data, FOLDER.series);
  await app.register(
    apiRoutes({
      ...{ service, access, version: VERSION },
      store: service.store,
      responses: responseDesk(responder, service.store),
      series: {
        minutes: (query) => readMinutes(series, query),
        hours: (query) => readHours(series, query),
      },
      explain: (finding) => findingText(finding, PLAIN),
      forget: (principal) => service.tokens.forget(principal),
      metrics: () => metrics.text(),
      counters: counters.api,
      answered: (seconds) => metrics.apiSeconds.observe(seconds),
      onFailure,
    }),
  );
  statusPage(app);
  return app;
}

function heartbeatOf({ heartbeat }: Config, service: LiveService): Heartbeat | undefined {
  if (heartbeat === undefined) return undefined;
  const { url, everySeconds } = heartbeat;
  return startHeartbeat({ url, everyMs: everySeconds * 1000, status: () => service.status() });
}

/** Goes on with what a crash interrupted, and ends leases as they run out. Returns what stops that. */
function watchResponses(responder: Responder): () => Promise<void> {
  const tell = ({ error }: { readonly error: Error | undefined }): void => {
    if (error !== undefined) process.stderr.write(`gait: a response could not be ended: ${error.message}\n`);
  };
  let work = responder.resume(OWN_NAME).then((failures) => failures.forEach(tell), onFailure);
  const timer = setInterval(() => {
    work = work.then(() => responder.expire(OWN_NAME)).then((expired) => expired.forEach(tell), onFailure);
  }, LEASES_EVERY_MS).unref();
  return async () => {
    clearInterval(timer);
    // Work that is cut off here goes on from the log at the next start.
    await Promise.race([work, delay(ACTING_MS_MAX, undefined, { ref: false })]);
  };
}

/** What should not happen is told on standard error in full, and to nobody outside. */
function onFailure(error: unknown): void {
  process.stderr.write(`gait: ${error instanceof Error ? error.stack : String(error)}\n`);
}
