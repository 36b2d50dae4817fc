import { FLUSH_BUDGET_MS, FLUSH_BUDGET_MS_MAX } from './limits.ts';

/** What a function may say about its sensor. Everything has a default from the environment; see docs/reference/sensor.md. */
export interface SensorOptions {
  /** Key of the layer for MACs and pseudonyms. Default `GAIT_KEY`. */
  readonly key?: string;
  /** Base URL of a collector. Default `GAIT_ENDPOINT`; without one records are lines of the standard output. */
  readonly endpoint?: string;
  /** Token of the collector. Default `GAIT_TOKEN`. */
  readonly token?: string;
  /** How long a response may wait for its record to be delivered to the collector, ms. Default `GAIT_FLUSH_MS` or 50. */
  readonly flushMs?: number;
  /** Function key `provider:account:region:name`, outside Lambda. Default from the platform. */
  readonly function?: string;
  /** What the baseline belongs to: version or build. Default: the version's number, else a fingerprint of the code. */
  readonly revision?: string;
}

/** Everything the sensor is told when it starts. */
export interface Settings {
  readonly key: string;
  readonly endpoint: string;
  readonly token: string;
  readonly flushMs: number;
  /** '' when the platform says it with each invocation. */
  readonly function: string;
  readonly revision: string;
  /** Name of the function, '' outside Lambda. */
  readonly name: string;
  readonly region: string;
  /** `host:port` of the runtime's own API. */
  readonly runtimeApi: string;
  readonly memorySizeMb: number;
  readonly tmpFolder: string;
  /** Several invocations may run at once in this sandbox. */
  readonly isConcurrent: boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Settings from options and environment. */
export function settingsOf(
  options: SensorOptions,
  environment: Readonly<Record<string, string | undefined>>,
): Settings {
  const version = environment['AWS_LAMBDA_FUNCTION_VERSION'] ?? '';
  return {
    key: options.key ?? environment['GAIT_KEY'] ?? '',
    endpoint: options.endpoint ?? environment['GAIT_ENDPOINT'] ?? '',
    token: options.token ?? environment['GAIT_TOKEN'] ?? '',
    flushMs: budget(options.flushMs ?? Number.parseFloat(environment['GAIT_FLUSH_MS'] ?? '')),
    function: options.function ?? '',
    revision: options.revision ?? (/^\d+$/.test(version) ? version : ''),
    name: environment['AWS_LAMBDA_FUNCTION_NAME'] ?? '',
    region: environment['AWS_REGION'] ?? '?',
    runtimeApi: environment['AWS_LAMBDA_RUNTIME_API'] ?? '',
    memorySizeMb: Number.parseInt(environment['AWS_LAMBDA_FUNCTION_MEMORY_SIZE'] ?? '', 10),
    tmpFolder: environment['TMPDIR'] || '/tmp',
    isConcurrent: Number.parseInt(environment['AWS_LAMBDA_MAX_CONCURRENCY'] ?? '', 10) > 1,
    environment,
  };
}

function budget(given: number): number {
  if (!Number.isFinite(given) || given < 0) return FLUSH_BUDGET_MS;
  return Math.min(given, FLUSH_BUDGET_MS_MAX);
}
