/**
 * The demonstration, `npm run demo`: a small serverless application runs on this machine under the sensor, Gait learns it,
 * stays quiet during a sale, sees an attack, and puts the attacked function into quarantine and back. Loopback only.
 */
import { mkdirSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { LogError } from '@gait/server/log/log';
import { lockFolder } from '@gait/server/log/segments/lock';
import { ATTACKS } from '../shop/attack.ts';
import { GaitNotStarted } from './gait-process.ts';
import { isGood } from './outcome.ts';
import { type Stage, setStage } from './stage.ts';
import { ENDING, stopSignal } from './stop-signal.ts';
import { play } from './story.ts';
import { type Teller, tellerOn } from './teller.ts';

const ROOT = resolve(import.meta.dirname, '../../../..');
/** Where the demonstration keeps its data: in the repository, ignored by git. */
const FOLDER = join(ROOT, '.gait/live');
const SEED_MAX = 1_000_000;
/** The server's usual port: the one of OpenTelemetry collectors. */
const PORT = 4318;
const PORT_MAX = 65_535;

const HELP = `npm run demo -- [--once] [--json] [--seed N] [--attack ${ATTACKS.join('|')}] [--port N]

Runs a photo-print shop of ten functions on this machine, learns it, attacks it, and quarantines what was attacked.

  --once      ends by itself, with status 0 when everything went as it should
  --json      with --once: one JSON object on standard output; everything else goes to standard error
  --seed N    visitors and pictures; another one in each run unless given
  --attack X  which of the shop's weaknesses is used; label unless given
  --port N    port of the server; 4318 unless given, any free one with --once or when it is 0
  --help      this text

Takes under 3 minutes and needs Linux. Stays on loopback addresses. Ctrl-C ends everything it started.`;

const INTRODUCTION = `A photo-print shop of ten serverless functions runs on this machine. Gait, which knows nothing about it, sees its logs,
its audit trail and what a sensor in each function tells. It learns for a minute, stays quiet while a sale goes on, and then
the shop is attacked. All visitors, partners and the attacker are programs here; nothing leaves this machine.
Takes under 3 minutes; Ctrl-C ends it.
`;

/** Exit status of a command line that makes no sense, and after Ctrl-C. */
const USAGE = 2;
const INTERRUPTED = 130;
/** What the command line asks for. */
interface Asked {
  readonly once: boolean;
  readonly json: boolean;
  readonly seed: number;
  readonly attack: (typeof ATTACKS)[number];
  readonly port: number;
}

/** What the person who started this can put right. */
class Trouble extends Error {
  readonly status: number;

  constructor(message: string, status = 1) {
    super(message);
    this.status = status;
  }
}

function asked(): Asked | undefined {
  const { values } = parsed();
  if (values.help) return undefined;
  const attack = ATTACKS.find((one) => one === values.attack);
  if (attack === undefined) throw wrong(`There is no attack '${values.attack}'. There are: ${ATTACKS.join(', ')}.`);
  const { once, json } = values;
  if (json && !once) throw wrong('--json needs --once: the object is the last line of a run that ends.');
  return {
    ...{ once, json, attack },
    seed: numberOf(values.seed, '--seed', Number.MAX_SAFE_INTEGER) ?? Math.floor(Math.random() * SEED_MAX),
    port: numberOf(values.port, '--port', PORT_MAX) ?? (once ? 0 : PORT),
  };
}

function parsed() {
  try {
    return parseArgs({
      options: {
        once: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
        seed: { type: 'string' },
        attack: { type: 'string', default: 'label' },
        port: { type: 'string' },
      },
    });
  } catch (error) {
    throw wrong(error instanceof Error ? error.message : String(error));
  }
}

function numberOf(text: string | undefined, name: string, max: number): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d+$/.test(text) || value > max)
    throw wrong(`${name} must be a whole number from 0 to ${max}, not '${text}'.`);
  return value;
}

function wrong(what: string): Trouble {
  return new Trouble(`${what}\nnpm run demo -- --help says what can be given.`, USAGE);
}

async function main(): Promise<void> {
  const options = asked();
  if (options === undefined) {
    process.stdout.write(`${HELP}\n`);
    return;
  }
  if (process.platform !== 'linux') {
    throw new Trouble('The demonstration needs Linux. npm run demo:replay shows recorded telemetry anywhere.');
  }
  const teller = tellerOn(options.json ? process.stderr : process.stdout);
  const stop = stopSignal(teller.say);
  const lock = lockedFolder();
  try {
    await perform(options, teller, stop);
  } catch (error) {
    if (!stop.aborted) throw error;
    process.exitCode = INTERRUPTED;
  } finally {
    lock.release();
  }
}

async function perform(options: Asked, { say, progress }: Teller, signal: AbortSignal): Promise<void> {
  const { seed, attack, port } = options;
  say(INTRODUCTION);
  say(`Seed ${seed}.\n`);
  let stage: Stage | undefined;
  try {
    stage = await setStage({ seed, folder: FOLDER, port, say, signal });
    const outcome = await play(stage, { seed, attack, signal, say, progress });
    if (options.once) {
      if (options.json) process.stdout.write(`${JSON.stringify(outcome)}\n`);
      say(isGood(outcome) ? '\nEverything went as it should.' : '\nNOT everything went as it should: see above.');
      process.exitCode = isGood(outcome) ? 0 : 1;
    } else {
      whereToLook(stage, say);
      await ended(signal);
    }
  } finally {
    if (stage !== undefined) {
      if (!signal.aborted) say(ENDING);
      await stage.close();
    }
  }
}

/** Makes this run the only one that uses the folder. */
function lockedFolder(): { release(): void } {
  mkdirSync(FOLDER, { recursive: true });
  try {
    return lockFolder(FOLDER);
  } catch (error) {
    if (!(error instanceof LogError) || error.code !== 'GAIT_LOG_LOCKED') throw error;
    throw new Trouble('The demonstration is running already, in another window perhaps. Ctrl-C there ends it.');
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

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

/** What can be put right, in words; undefined for what is a fault of this program. */
function troubleOf(error: unknown): Trouble | undefined {
  if (error instanceof Trouble) return error;
  if (!(error instanceof GaitNotStarted)) return undefined;
  if (error.taken === undefined) return new Trouble(error.message);
  return new Trouble(
    `Something else listens on ${error.taken}: another Gait, or a collector of telemetry. End it, or take any free port:\n` +
      '  npm run demo -- --port 0',
  );
}

try {
  await main();
} catch (error) {
  const known = troubleOf(error);
  if (known === undefined) throw error;
  process.stderr.write(`${known.message}\n`);
  process.exitCode = known.status;
}
