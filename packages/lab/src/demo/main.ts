/**
 * The demonstration, `npm run demo`: a small serverless application runs on this machine under the sensor, Gait learns it,
 * stays quiet during a sale, sees an attack, and puts the attacked function into quarantine and back. Loopback only.
 */
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ATTACKS } from '../shop/attack.ts';
import { isGood } from './outcome.ts';
import { type Stage, setStage } from './stage.ts';
import { play } from './story.ts';

const ROOT = resolve(import.meta.dirname, '../../../..');
/** Where the demonstration keeps its data: in the repository, ignored by git. */
const FOLDER = join(ROOT, '.gait/live');
const SEED_MAX = 1_000_000;

const HELP = `npm run demo -- [--once] [--json] [--seed N] [--attack ${ATTACKS.join('|')}] [--port N]

Runs a photo-print shop of ten functions on this machine, learns it, attacks it, and quarantines what was attacked.

  --once      ends by itself, with status 0 when everything went as it should
  --json      one JSON object as the last line; everything else goes to standard error
  --seed N    visitors and pictures; another one in each run unless given
  --attack X  which of the shop's weaknesses is used; label unless given
  --port N    port of the server; 4318 unless given, any free one with --once

Needs Linux. Stays on loopback addresses. Ctrl-C ends everything it started.`;

/** What the command line asks for. */
interface Asked {
  readonly once: boolean;
  readonly json: boolean;
  readonly seed: number;
  readonly attack: (typeof ATTACKS)[number];
  readonly port: number;
}

function asked(): Asked | undefined {
  const { values } = parseArgs({
    options: {
      once: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
      seed: { type: 'string' },
      attack: { type: 'string', default: 'label' },
      port: { type: 'string' },
    },
  });
  if (values.help) return undefined;
  const attack = ATTACKS.find((one) => one === values.attack);
  if (attack === undefined) throw new Error(`There is no attack ${values.attack}: ${ATTACKS.join(', ')}.`);
  const { once, json } = values;
  return {
    ...{ once, json, attack },
    seed: numberOf(values.seed, '--seed') ?? Math.floor(Math.random() * SEED_MAX),
    port: numberOf(values.port, '--port') ?? (once ? 0 : 4318),
  };
}

function numberOf(text: string | undefined, name: string): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 0) throw new Error(`${name} must be a number: ${text}`);
  return value;
}

async function main(): Promise<void> {
  const options = asked();
  if (options === undefined) {
    process.stdout.write(`${HELP}\n`);
    return;
  }
  const { seed, attack } = options;
  const out = options.json ? process.stderr : process.stdout;
  const { say, progress } = teller(out);
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());
  say(`A photo-print shop under attack. Seed ${seed}.`);
  let stage: Stage | undefined;
  try {
    stage = await setStage({ seed, folder: FOLDER, port: options.port, say });
    stop.signal.throwIfAborted();
    const outcome = await play(stage, { seed, attack, signal: stop.signal, say, progress });
    if (options.once) {
      if (options.json) process.stdout.write(`${JSON.stringify(outcome)}\n`);
      process.exitCode = isGood(outcome) ? 0 : 1;
    } else {
      whereToLook(stage, say);
      await ended(stop.signal);
    }
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    process.exitCode = 130;
  } finally {
    if (stage !== undefined) {
      say('\nEnding everything that was started.');
      await stage.close();
    }
  }
}

function whereToLook({ gait, platform, data }: Stage, say: (text: string) => void): void {
  const folder = relative(process.cwd(), data);
  say(`
Everything stays up until Ctrl-C. Where to look:

  ${gait.url}/#token=${gait.token}
                                                 incidents, functions, what can be seen
  npx gait findings --data ${folder}
  npx gait functions label --data ${folder}
  ${platform.apiUrl}/prints                      the shop itself`);
}

/** Writes lines; on a terminal a line of progress is replaced by what follows it. */
function teller(out: NodeJS.WriteStream): {
  readonly say: (text: string) => void;
  readonly progress: (text: string) => void;
} {
  const isTerminal = out.isTTY;
  let shown = '';
  const clear = (): string => {
    const text = shown === '' ? '' : '\r\u001b[K';
    shown = '';
    return text;
  };
  return {
    say: (text) => out.write(`${clear()}${text}\n`),
    progress: (text) => {
      if (!isTerminal) return;
      out.write(`${clear()}${text}`);
      shown = text;
    },
  };
}

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

await main();
