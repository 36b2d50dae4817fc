import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Batch } from '@gait/engine/event/batch';
import type { Finding } from '@gait/engine/event/finding';
import type { Control } from '@gait/engine/event/record';
import fastify, { type FastifyInstance, type FastifyPluginAsync } from 'fastify';
import type { Role } from '../access/access.ts';
import { type OpenedAccess, openAccess } from '../access/sqlite-access.ts';
import type { Log } from '../log/log.ts';
import { openSegmentLog } from '../log/segments/segment-log.ts';
import { findingText } from '../render/text.ts';
import { responseDesk } from '../response/desk.ts';
import { Bench, PERMISSIVE } from '../response/responder-bench.contract.ts';
import { FOLDER } from '../runtime/folder.ts';
import { type Committed, NotTakenError, type Service, type ServiceStatus } from '../runtime/service.ts';
import { numberedFinding, sampleIncident } from '../storage/finding-samples.ts';
import { readHours, readMinutes } from '../storage/series/read-series.ts';
import { openSeries } from '../storage/series/series.ts';
import { sampleHour, sampleMinute } from '../storage/series/series-samples.ts';
import { openSqliteStore } from '../storage/sqlite/sqlite-store.ts';
import type { Store } from '../storage/store.ts';
import type { ApiCounters } from './parts.ts';
import { API_SERVER_OPTIONS, type ApiOptions, apiRoutes, newApiCounters } from './plugin.ts';

/** The function of the samples. */
export const PAY = 'aws:123456789012:eu-west-1:pay';
/** Findings in the store of a test server; one of them is a weak signal. */
export const FINDINGS = 30;

/** A service without an engine: a real log, and a status that tests set. */
export class LogService implements Service {
  readonly folder: string;
  readonly #log: Log;
  readonly #listeners = new Set<(committed: Committed) => void>();
  refreshed = 0;
  closing = false;
  current: ServiceStatus = {
    startedMs: 1_764_000_000_000,
    state: 'running',
    appended: 10,
    consumed: 9,
    lagMs: 12,
    steppedMs: 1_764_000_100_000,
    diskFreeBytes: 5e9,
    logBytes: 1e6,
    functions: 2,
    findings: 3,
    incidents: 1,
    engineBytes: 2e6,
    engineRestarts: 0,
    checkpointOrdinal: 4,
    checkpointMs: 1_764_000_050_000,
    seriesDropped: { expired: 1 },
  };

  constructor(folder: string, log: Log) {
    this.folder = folder;
    this.#log = log;
  }

  async append(batch: Batch): Promise<void> {
    await this.#log.append({ type: 'observation', batch });
  }

  async control(control: Control): Promise<number> {
    if (this.closing) throw new NotTakenError('closing');
    return (await this.#log.append({ type: 'control', receivedMs: Date.now(), control })).ordinal;
  }

  status(): ServiceStatus {
    return this.current;
  }

  onCommitted(listener: (committed: Committed) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  async refresh(): Promise<void> {
    this.refreshed++;
  }

  /** Tells that something was committed. */
  tell(committed: Omit<Committed, 'committedMs'>): void {
    for (const listener of this.#listeners) listener({ committedMs: Date.now(), ...committed });
  }

  /** Decisions in the log, in order. */
  async controls(): Promise<Control[]> {
    const controls: Control[] = [];
    for await (const { record } of this.#log.read(0)) if (record.type === 'control') controls.push(record.control);
    return controls;
  }
}

/** A server with everything real but the engine. */
export interface ApiUnderTest {
  readonly app: FastifyInstance;
  readonly url: string;
  readonly service: LogService;
  readonly store: Store;
  readonly access: OpenedAccess;
  readonly counters: ApiCounters;
  readonly forgotten: string[];
  /** A valid token for each role. */
  readonly tokens: Readonly<Record<Role, string>>;
  /** Sends a request with the token of a role, or one that is given. */
  send(
    path: string,
    options?: { readonly token?: string; readonly method?: string; readonly body?: unknown },
  ): Promise<Response>;
}

/** What a test brings along instead of the usual parts. */
export interface ApiTestOptions extends Partial<Omit<ApiOptions, 'counters'>> {
  readonly beside?: FastifyPluginAsync;
}

/** Starts a server on a free port of this machine; ends with the test. */
export async function apiUnderTest(
  test: TestContext,
  { beside, ...options }: ApiTestOptions = {},
): Promise<ApiUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), 'gait-test-'));
  const log = await openSegmentLog(join(folder, FOLDER.log));
  const store = openSqliteStore(join(folder, FOLDER.store));
  const access = openAccess(join(folder, FOLDER.access));
  fill(store);
  fillSeries(join(folder, FOLDER.series));
  const service = new LogService(folder, log);
  const counters = newApiCounters();
  const forgotten: string[] = [];
  const series = join(folder, FOLDER.series);
  const app = fastify(API_SERVER_OPTIONS);
  await app.register(
    apiRoutes({
      service,
      store,
      access,
      counters,
      series: { minutes: (query) => readMinutes(series, query), hours: (query) => readHours(series, query) },
      explain: (finding: Finding) => findingText(finding, { width: 100, colour: false }),
      responses: responseDesk(new Bench().open(PERMISSIVE), store),
      forget: (principal) => forgotten.push(principal) > 0,
      metrics: () => 'gait_up 1\n',
      version: '1.2.3',
      ...options,
    }),
  );
  if (beside !== undefined) await app.register(beside);
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  test.after(async () => {
    await app.close();
    access.close();
    store.close();
    await log.close();
    await rm(folder, { recursive: true, force: true });
  });
  const tokens = {
    ingest: make(access, 'ingest'),
    read: make(access, 'read'),
    respond: make(access, 'respond'),
    admin: make(access, 'admin'),
  };
  return {
    ...{ app, url, service, store, access, counters, forgotten, tokens },
    send: (path, { token = tokens.admin, method = 'GET', body } = {}) =>
      fetch(url + path, {
        method,
        headers: {
          ...(token === '' ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      }),
  };
}

function make(access: OpenedAccess, role: Role): string {
  const functions = role === 'ingest' ? ['*:*:*:*'] : [];
  return access.create({ name: `${role} of tests`, role, functions, recordsPerSecond: 1e6 }).secret;
}

function fill(store: Store): void {
  const findings = Array.from({ length: FINDINGS }, (_, at) =>
    numberedFinding(at, { level: at === 0 ? 'watch' : 'finding', risk: (at % 10) / 10, function: PAY }),
  );
  const incidents = Array.from({ length: 5 }, (_, at) =>
    sampleIncident({ id: `i${findings[at].id}`, findings: [findings[at].id], lastMs: 1_764_000_000_000 + at }),
  );
  const profiles = ['pay', 'ship', `${'n'.repeat(200)}/odd name%2F:x`].map((name, at) => {
    const key = `aws:123456789012:eu-west-1:${name}`;
    return { key, updatedMs: 1_764_000_000_000, content: { ...EMPTY_PROFILE, key, invocations: 100 * at } };
  });
  const coverage = [{ key: 'C1', updatedMs: 1, content: { capability: 'resources', full: 1, partial: 2, dark: 0 } }];
  store.commitStep({ findings, incidents, consumed: FINDINGS, profiles, coverage, standing: STANDING });
}

const STANDING = {
  key: 'promises',
  updatedMs: 1,
  content: {
    budget: {
      perWeek: 5,
      lastWeek: { budget: 2, impact: 1, young: 0 },
      threshold: 0.5,
      paged: 3,
      confirmedTrue: 1,
      confirmedFalse: 0,
      unreviewed: 2,
    },
    calibration: [{ detector: 'timing.tail', level: 0.01, expected: 20.5, observed: 19 }],
    ledgers: 4,
    ledgersEvicted: 0,
    suppressed: 7,
  },
};

const EMPTY_PROFILE = {
  cold: 1,
  errors: 2,
  firstMs: 1,
  lastMs: 2,
  days: 1,
  maturity: 0.5,
  metrics: [{ metric: 'duration_ms', cold: false, count: 5, low: 1, centre: 2, high: 3, max: 4 }],
  calls: [{ text: 's3:GetObject', count: 5, share: 1, doubted: false }],
  destinations: [],
  triggers: [],
  callers: [],
  callees: [],
  facets: ['otel'],
  unseen: [],
};

function fillSeries(folder: string): void {
  const series = openSeries(folder, { durable: false });
  for (let minute = 0; minute < 10; minute++) series.minute(sampleMinute(minute, [PAY, 'aws:1:x:other']));
  for (let hour = 0; hour < 3; hour++) series.hour(sampleHour(hour, [PAY]));
  series.close();
}
