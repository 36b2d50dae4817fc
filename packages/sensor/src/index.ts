import { read } from './objects.ts';
import { Sandbox } from './sandbox.ts';
import { type SensorOptions, settingsOf } from './settings.ts';
import { type Recorder, watched } from './watch.ts';

export type { SensorOptions } from './settings.ts';

/** What the one sensor of a process is found by, whichever copy of this code started it. */
const SENSOR = Symbol.for('gait.sensor');

/**
 * The handler, watched by Gait: it does, returns and throws what it did before, and one record of each invocation leaves
 * the function. The first call starts the sensor of the process with its options; those of later calls are not looked at.
 *
 *     export const handler = watch(async (event) => { … });
 *
 * Async, callback and response-streaming handlers, any number in one module. Costs some 5 µs an invocation. Never throws.
 */
export function watch<Handler>(handler: Handler, options: SensorOptions = {}): Handler {
  const sensor = startSensor(options);
  if (sensor === undefined) return handler;
  sensor.loading();
  return watched(handler, sensor);
}

/** A sensor that was started; see `Sandbox`. */
export type Sensor = Recorder & Pick<Sandbox, 'loading' | 'loaded'>;

/** Starts the sensor of this process, once; undefined when it cannot run here. */
export function startSensor(options: SensorOptions = {}): Sensor | undefined {
  const running: unknown = read(globalThis, SENSOR);
  if (isSensor(running)) return running;
  try {
    const sandbox = new Sandbox(settingsOf(options, { ...process.env }));
    // Whoever gets to print the environment learns nothing that would let him write records.
    delete process.env['GAIT_KEY'];
    delete process.env['GAIT_TOKEN'];
    sandbox.start();
    Reflect.defineProperty(globalThis, SENSOR, { value: sandbox });
    return sandbox;
  } catch {
    return undefined;
  }
}

function isSensor(value: unknown): value is Sensor {
  return ['begin', 'run', 'end', 'returned', 'flush', 'loading', 'loaded'].every(
    (name) => typeof read(value, name) === 'function',
  );
}
