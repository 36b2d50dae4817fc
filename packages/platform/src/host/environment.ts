import { arch } from 'node:process';
import type { Credentials, FunctionRevision } from '../contract.ts';

/** Where things are as the function sees them. */
export interface SandboxPaths {
  /** `/var/task`, or the code folder itself without a mount namespace. */
  readonly task: string;
  /** `/opt`, or the merged layers. */
  readonly layers: string;
  /** `/var/runtime`: folder of the bootstrap. */
  readonly runtime: string;
  /** Undefined where `/tmp` is the sandbox's own. */
  readonly tmp?: string;
}

/** What the environment of a sandbox is made of. */
export interface EnvironmentParts {
  readonly revision: FunctionRevision;
  readonly paths: SandboxPaths;
  readonly credentials: Credentials;
  readonly endpointUrl: string;
  /** `127.0.0.1:<port>`. */
  readonly runtimeApi: string;
  readonly logStream: string;
}

/**
 * Whole environment of the processes of a sandbox: the variables of the function below Lambda's own, which cannot be changed
 * by a function. Nothing of the host's environment is in it.
 */
export function sandboxEnvironment(parts: EnvironmentParts): Record<string, string> {
  const { revision, paths, credentials } = parts;
  const region = regionOf(revision.arn);
  const own = relocated(revision.environment, paths);
  return {
    PATH: `/var/lang/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin:${paths.layers}/bin`,
    LD_LIBRARY_PATH: `/var/lang/lib:${paths.runtime}:${paths.task}:${paths.task}/lib:${paths.layers}/lib`,
    NODE_PATH: nodePath(paths),
    LANG: 'en_US.UTF-8',
    TZ: ':UTC',
    AWS_ENDPOINT_URL: parts.endpointUrl,
    ...(paths.tmp === undefined ? {} : { TMPDIR: paths.tmp }),
    ...own,
    LAMBDA_TASK_ROOT: paths.task,
    LAMBDA_RUNTIME_DIR: paths.runtime,
    _HANDLER: revision.handler,
    AWS_LAMBDA_RUNTIME_API: parts.runtimeApi,
    AWS_LAMBDA_FUNCTION_NAME: revision.name,
    AWS_LAMBDA_FUNCTION_VERSION: revision.version,
    AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(revision.memorySizeMb),
    AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${revision.name}`,
    AWS_LAMBDA_LOG_STREAM_NAME: parts.logStream,
    AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
    AWS_EXECUTION_ENV: `AWS_Lambda_nodejs24.x${arch === 'arm64' ? '_arm64' : ''}`,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_SESSION_TOKEN: credentials.sessionToken,
  };
}

/** Region in an ARN. */
export function regionOf(arn: string): string {
  return arn.split(':')[3] ?? '';
}

/**
 * The environment as lines for a shell, quoted so that no value can end its quotes. Names that are no variable names are left
 * out, as a shell could not set them; the control plane refuses them before.
 */
export function exportLines(environment: Readonly<Record<string, string>>): string {
  let lines = '';
  for (const [name, value] of Object.entries(environment)) {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) continue;
    lines += `export ${name}='${value.replaceAll('\0', '').replaceAll("'", "'\\''")}'\n`;
  }
  return lines;
}

function nodePath(paths: SandboxPaths): string {
  const { layers, runtime, task } = paths;
  return [
    `${layers}/nodejs/node24/node_modules`,
    `${layers}/nodejs/node_modules`,
    `${runtime}/node_modules`,
    runtime,
    task,
  ].join(':');
}

/** Without a mount namespace, variables that name `/opt/…` or `/var/task/…` are made to name the real folders. */
function relocated(
  environment: Readonly<Record<string, string>>,
  paths: SandboxPaths,
): Readonly<Record<string, string>> {
  if (paths.layers === '/opt') return environment;
  const result: Record<string, string> = { ...environment };
  for (const name of ['AWS_LAMBDA_EXEC_WRAPPER', 'NODE_OPTIONS']) {
    if (result[name] === undefined) continue;
    result[name] = result[name]
      .replaceAll(/(^|[\s=])\/opt\//g, `$1${paths.layers}/`)
      .replaceAll(/(^|[\s=])\/var\/task\//g, `$1${paths.task}/`);
  }
  return result;
}
