import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** Folder of this package. */
export const SENSOR_FOLDER = resolve(import.meta.dirname, '..');

/** What a build consists of, by what it is for. */
export const BUILT_FILES = {
  /** `require('…/index.cjs').watch`. */
  cjs: 'index.cjs',
  /** `import { watch } from '…/index.mjs'`. */
  esm: 'index.mjs',
  /** `NODE_OPTIONS=--require …/register.cjs`. */
  register: 'register.cjs',
  /** `_HANDLER=…/gait.handler`, the original in `GAIT_HANDLER`. */
  handler: 'gait.mjs',
  /** `AWS_LAMBDA_EXEC_WRAPPER=…/gait-exec`. */
  wrapper: 'gait-exec',
} as const;

/** Says from which sources a build was made. */
export const STAMP_FILE = '.built-from';

/** Paths of the built files. */
export type BuiltSensor = { readonly [Name in keyof typeof BUILT_FILES]: string } & { readonly folder: string };

/**
 * Paths of the built sensor, after building it if its sources have changed since: 20 ms when it is there, a second when it
 * is not. For tests and the demonstration; throws when building fails.
 */
export function ensureSensorBuilt(): BuiltSensor {
  const folder = join(SENSOR_FOLDER, 'dist');
  const stamp = join(folder, STAMP_FILE);
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== sensorFingerprint()) {
    const script = join(SENSOR_FOLDER, '../../scripts/build-sensor.ts');
    const { status, stderr } = spawnSync(process.execPath, [script], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`the sensor could not be built: ${stderr}`);
  }
  const { cjs, esm, register, handler, wrapper } = BUILT_FILES;
  return {
    folder,
    cjs: join(folder, cjs),
    esm: join(folder, esm),
    register: join(folder, register),
    handler: join(folder, handler),
    wrapper: join(folder, wrapper),
  };
}

/** Hash of everything a build is made from. */
export function sensorFingerprint(): string {
  const hash = createHash('sha256');
  const files = globSync('src/**/*.ts', { cwd: SENSOR_FOLDER }).filter((file) => !file.endsWith('.test.ts'));
  for (const file of files.sort()) hash.update(`${file}\n`).update(readFileSync(join(SENSOR_FOLDER, file)));
  hash.update(readFileSync(join(SENSOR_FOLDER, '../../scripts/build-sensor.ts')));
  hash.update(readFileSync(join(SENSOR_FOLDER, '../../package.json')));
  return hash.digest('hex');
}
