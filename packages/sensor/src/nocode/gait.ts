/**
 * The handler module of the layer, `gait.handler`: loads the handler that `GAIT_HANDLER` names and watches it. What fails
 * while loading fails as it would without the sensor.
 */
import { startSensor, watch } from '../index.ts';
import { loadHandler } from './load.ts';

const sensor = startSensor();
const original = await loadHandler({
  root: process.env['LAMBDA_TASK_ROOT'] ?? process.cwd(),
  handler: process.env['GAIT_HANDLER'] ?? '',
});

/** The function's own handler, watched. */
export const handler = watch(original);
sensor?.loaded();
