import { randomBytes } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Application, Platform } from '@gait/platform/contract';
import { startPlatform } from '@gait/platform/start';
import { ensureSensorBuilt } from '@gait/sensor/built';
import { RESPONDER_STATEMENTS } from '../quarantine/responder-statements.ts';
import { openShop, SHOP_SANDBOXES_MAX, type Shop } from '../shop/shop.ts';
import { Delivery } from './delivery.ts';
import { Found } from './found.ts';
import { GaitProcess } from './gait-process.ts';

/** Length of a model day, s: as long as a day of the shop. */
const DAY_SECONDS = 100;
/** Records a second that the pipeline may send: more than the shop ever makes. */
const RECORDS_PER_SECOND = 50_000;
/** Where the layer appears in a sandbox. */
const WRAPPER = '/opt/gait-exec';

/** Everything that runs during the demonstration. */
export interface Stage {
  readonly gait: GaitProcess;
  readonly platform: Awaited<ReturnType<typeof startPlatform>>;
  readonly shop: Shop;
  readonly delivery: Delivery;
  readonly found: Found;
  /** Folder of the server. */
  readonly data: string;
  /** Ends everything, the server last. May be called twice. */
  close(): Promise<void>;
}

/** How to set the stage. */
export interface StageOptions {
  readonly seed: number;
  /** What an earlier run left in it is removed first. */
  readonly folder: string;
  readonly port: number;
  /** Told what is being done. */
  readonly say: (text: string) => void;
  /** Ends the setting up: it rejects then. */
  readonly signal: AbortSignal;
}

/**
 * Starts the platform, the server that watches it, and the shop on the platform with the sensor's layer in each function.
 * When it rejects, nothing is left running.
 */
export async function setStage(options: StageOptions): Promise<Stage> {
  const closers: (() => unknown)[] = [];
  const close = closeAll(closers, options.say);
  try {
    const parts = await open(options, closers);
    return { ...parts, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function open(options: StageOptions, closers: (() => unknown)[]): Promise<Omit<Stage, 'close'>> {
  const { folder, seed, say, signal } = options;
  await mkdir(folder, { recursive: true });
  await rm(join(folder, 'data'), { recursive: true, force: true });
  const sensorKey = randomBytes(24).toString('base64url');
  let delivery: Delivery | undefined;
  say('Starting a local functions platform.');
  const platform = await startPlatform({
    sandboxesMax: SHOP_SANDBOXES_MAX,
    onLogs: (logs) => delivery?.logs(logs),
    // The default of a trail, and the invocations of functions, which many switch on.
    onTrail: (records) => delivery?.trail(records.filter(isTrailed)),
  });
  closers.push(() => platform.close());
  signal.throwIfAborted();
  say(`Functions run in ${platform.isolation.kind} (${platform.isolation.reason}).`);
  const gait = await startGait(options, { platform, sensorKey });
  closers.push(() => gait.close());
  signal.throwIfAborted();
  say(`Gait serves on ${gait.url}.`);
  delivery = await openDelivery(gait, platform);
  const opened = delivery;
  closers.push(() => opened.close());
  const found = await Found.listen(gait);
  closers.push(() => found.close());
  say('Opening the shop: ten functions, three tables, a bucket, queues, partners.');
  const shop = await openShop(platform, { seed, change: (application) => withSensor(application, sensorKey) });
  closers.push(() => shop.close());
  signal.throwIfAborted();
  return { gait, platform, shop, delivery: opened, found, data: join(folder, 'data') };
}

/** Writes the one configuration file and starts the server with it, as on any machine. */
async function startGait(
  { folder, port }: StageOptions,
  { platform, sensorKey }: { readonly platform: Platform; readonly sensorKey: string },
): Promise<GaitProcess> {
  const file = join(folder, 'gait.yaml');
  const config = {
    data: 'data',
    listen: { port },
    source: { account: platform.accountId, region: platform.region },
    sensor: { key: sensorKey },
    aws: { endpoint: platform.endpointUrl },
    response: { inlinePolicies: true },
  };
  await writeFile(file, `${JSON.stringify(config, undefined, 2)}\n`, { mode: 0o600 });
  const { accessKeyId, secretAccessKey } = platform.user('gait-responder', RESPONDER_STATEMENTS);
  return GaitProcess.start(['--config', file, '--tempo', String(DAY_SECONDS)], {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
  });
}

/** The pipeline has a token of its own, which may speak for this account and nothing else. */
async function openDelivery(gait: GaitProcess, platform: Platform): Promise<Delivery> {
  const { accountId, region } = platform;
  const { secret } = await gait.ask<{ readonly secret: string }>('/api/v1/tokens', {
    method: 'POST',
    body: {
      name: 'shop-logs',
      role: 'ingest',
      functions: [`aws:${accountId}:*:*`],
      recordsPerSecond: RECORDS_PER_SECOND,
    },
  });
  return new Delivery({ url: gait.url, token: secret, accountId, region });
}

/** Adds the sensor's layer to each function: no change of code. */
function withSensor(application: Application, key: string): Application {
  const { folder } = ensureSensorBuilt();
  return {
    ...application,
    functions: application.functions.map((one) => ({
      ...one,
      layerFolders: [...(one.layerFolders ?? []), folder],
      environment: { ...one.environment, AWS_LAMBDA_EXEC_WRAPPER: WRAPPER, GAIT_KEY: key },
    })),
  };
}

function isTrailed(record: Readonly<Record<string, unknown>>): boolean {
  return record['eventCategory'] === 'Management' || record['eventSource'] === 'lambda.amazonaws.com';
}

/** Ends what was started, last first, whatever fails; says what could not be ended. */
function closeAll(closers: readonly (() => unknown)[], say: StageOptions['say']): () => Promise<void> {
  let closing: Promise<void> | undefined;
  return () => {
    closing ??= (async () => {
      for (const closer of closers.toReversed()) {
        await Promise.resolve()
          .then(closer)
          .catch((error) => say(`Something could not be ended: ${error instanceof Error ? error.message : error}`));
      }
    })();
    return closing;
  };
}
