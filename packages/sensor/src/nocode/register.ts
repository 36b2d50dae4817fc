/**
 * Preloaded with `NODE_OPTIONS=--require …/register.cjs`: starts the sensor before any code of the function, and points the
 * runtime's `_HANDLER` to `gait.handler`, which loads the original and watches it. Does nothing in worker threads and in
 * child processes of the function, which inherit `NODE_OPTIONS`, nor where it cannot work: the function then runs unwatched.
 */
import { join } from 'node:path';
import { isMainThread } from 'node:worker_threads';
import { startSensor } from '../index.ts';

/** Says in the environment which process the sensor was started in. */
const OWNER = 'GAIT_PID';

function register(): void {
  const { env } = process;
  const owner = env[OWNER];
  if (!isMainThread || (owner !== undefined && owner !== `${process.pid}`)) return;
  if (startSensor() === undefined) return;
  env[OWNER] = `${process.pid}`;
  const handler = env['_HANDLER'] ?? '';
  const pointer = join(__dirname, 'gait.handler');
  if (handler === '' || handler === pointer) return;
  env['GAIT_HANDLER'] ??= handler;
  env['_HANDLER'] = pointer;
}

try {
  register();
} catch {
  // The function goes first.
}
