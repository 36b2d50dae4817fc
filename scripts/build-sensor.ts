/**
 * Builds what is deployed into functions: `node scripts/build-sensor.ts` writes plain JavaScript for Node 20 and later to
 * `packages/sensor/dist`. `index.cjs` is the sensor; `index.mjs` is its door for ES modules, so that a process never holds
 * two copies; `register.cjs`, `gait.mjs` and `gait-exec` are the start without code.
 */
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';
import { BUILT_FILES, SENSOR_FOLDER, STAMP_FILE, sensorFingerprint } from '../packages/sensor/src/built.ts';

const SOURCE = join(SENSOR_FOLDER, 'src');

const SHARED: BuildOptions = {
  bundle: true,
  platform: 'node',
  target: 'node20',
  minify: true,
  // Names of functions appear in stacks, and one of them is shown to the runtime.
  keepNames: false,
  legalComments: 'none',
  write: true,
  logLevel: 'warning',
};

/** Leaves the sensor itself out of a bundle: it is required from beside it. */
function besides(file: string): Plugin {
  return {
    name: 'besides',
    setup(of) {
      of.onResolve({ filter: /\/index\.ts$/ }, () => ({ path: file, external: true }));
    },
  };
}

const ESM_DOOR = `import sensor from './index.cjs';
export const { watch, startSensor } = sensor;
`;

/** Runs before the runtime: `AWS_LAMBDA_EXEC_WRAPPER=/opt/gait/gait-exec`. */
const EXEC_WRAPPER = `#!/bin/sh
# Starts the runtime with the Gait sensor, whatever the function is.
here=\${0%/*}
if [ -n "$_HANDLER" ] && [ -z "$GAIT_HANDLER" ]; then
  export GAIT_HANDLER="$_HANDLER"
  export _HANDLER="$here/gait.handler"
fi
export NODE_OPTIONS="\${NODE_OPTIONS:+$NODE_OPTIONS }--require $here/register.cjs"
exec "$@"
`;

/** Builds everything, file by file put in place at once, so that nobody who runs it meanwhile sees half a file. */
export async function buildSensor(): Promise<void> {
  const dist = join(SENSOR_FOLDER, 'dist');
  mkdirSync(dist, { recursive: true });
  const folder = mkdtempSync(join(dist, '.new-'));
  try {
    const to = (file: string) => join(folder, file);
    await build({ ...SHARED, entryPoints: [join(SOURCE, 'index.ts')], format: 'cjs', outfile: to(BUILT_FILES.cjs) });
    await build({
      ...SHARED,
      entryPoints: [join(SOURCE, 'nocode/register.ts')],
      format: 'cjs',
      outfile: to(BUILT_FILES.register),
      plugins: [besides('./index.cjs')],
    });
    await build({
      ...SHARED,
      entryPoints: [join(SOURCE, 'nocode/gait.ts')],
      format: 'esm',
      outfile: to(BUILT_FILES.handler),
      plugins: [besides('./index.mjs')],
    });
    writeFileSync(to(BUILT_FILES.esm), ESM_DOOR);
    writeFileSync(to(BUILT_FILES.wrapper), EXEC_WRAPPER, { mode: 0o755 });
    writeFileSync(to(STAMP_FILE), sensorFingerprint());
    for (const file of [...Object.values(BUILT_FILES), STAMP_FILE]) renameSync(to(file), join(dist, file));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === import.meta.filename) {
  await buildSensor();
  const bytes = Object.values(BUILT_FILES).map((file) => readFileSync(join(SENSOR_FOLDER, 'dist', file)).length);
  console.log(`${bytes.reduce((sum, size) => sum + size, 0)} bytes in ${bytes.length} files`);
}
