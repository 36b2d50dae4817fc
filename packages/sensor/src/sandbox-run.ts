import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** What a function that ran in a process of its own left behind. */
export interface Run {
  /** Records among the lines of the output, in order. */
  readonly records: readonly Readonly<Record<string, unknown>>[];
  readonly stdout: string;
  /** What the function printed for the test, parsed as JSON; undefined when it printed nothing. */
  readonly told: unknown;
  readonly stderr: string;
  readonly status: number | null;
}

/** How to run a function for a test. */
export interface RunOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** Files beside the function's code, by name. */
  readonly files?: Readonly<Record<string, string>>;
  /** Arguments of Node before the script. */
  readonly flags?: readonly string[];
  /** Name of the script: `main.mjs` unless it is to be CommonJS. */
  readonly script?: string;
}

/** Where tests import the sensor from: its sources. */
export const SENSOR_URL: string = new URL('./index.ts', import.meta.url).href;

/** Beginning of every script: `watch`, a context as Lambda gives it, and `tell`, which hands a value to the test. */
const PRELUDE = `
import { watch } from '${SENSOR_URL}';
import { writeSync } from 'node:fs';
const tell = (value) => writeSync(3, JSON.stringify(value));
let requests = 0;
const context = (more = {}) => ({
  awsRequestId: 'request-' + ++requests,
  invokedFunctionArn: 'arn:aws:lambda:eu-west-1:123456789012:function:pay:live',
  getRemainingTimeInMillis: () => 30000,
  ...more,
});
`;

/** Runs a script with the sensor in a process with a folder for temporary files of its own. */
export function runWatched(code: string, options: RunOptions = {}): Promise<Run> {
  return runScript(PRELUDE + code, options);
}

/** The same for a script that starts the sensor in its own way. */
export async function runScript(code: string, options: RunOptions = {}): Promise<Run> {
  const folder = mkdtempSync(join(tmpdir(), 'gait-sensor-'));
  try {
    const root = join(folder, 'code');
    mkdirSync(root);
    const script = join(root, options.script ?? 'main.mjs');
    writeFileSync(script, code);
    for (const [name, text] of Object.entries(options.files ?? {})) writeFileSync(join(root, name), text);
    const temporary = mkdtempSync(join(folder, 'tmp-'));
    const { PATH = '' } = process.env;
    const environment = { PATH, TMPDIR: temporary, LAMBDA_TASK_ROOT: root, ...options.environment };
    return await finished([...(options.flags ?? []), script], { cwd: root, env: environment });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function finished(words: readonly string[], place: { cwd: string; env: Record<string, string> }): Promise<Run> {
  const child = spawn(process.execPath, words, { ...place, stdio: ['ignore', 'pipe', 'pipe', 'pipe'] });
  const texts = ['', '', '', ''];
  for (const descriptor of [1, 2, 3]) {
    child.stdio[descriptor]?.on('data', (piece: Buffer) => {
      texts[descriptor] += piece.toString('latin1');
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => {
      const [, stdout, stderr, told] = texts.map((text) => Buffer.from(text, 'latin1').toString('utf8'));
      resolve({ records: recordsIn(stdout), stdout, stderr, status, told: told === '' ? undefined : JSON.parse(told) });
    });
  });
}

/** The records among lines of output. */
export function recordsIn(stdout: string): Readonly<Record<string, unknown>>[] {
  const lines = stdout.split('\n').filter((line) => line.startsWith('{"gait":'));
  return lines.map((line): Readonly<Record<string, unknown>> => JSON.parse(line));
}
