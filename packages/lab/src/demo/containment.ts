import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import type { Incident } from '@gait/engine/event/finding';
import type { Response } from '@gait/server/response/responses';
import { isComplete } from '@gait/server/response/transitions';
import type { Outcome } from './outcome.ts';
import { invokeStatus, isServed, othersServed } from './probe.ts';
import type { Stage } from './stage.ts';

const GAIT = resolve(import.meta.dirname, '../../../server/bin/gait.js');
/** Lease of the quarantine, minutes. */
const LEASE_MINUTES = 30;

/** What is to be contained. */
export interface Target {
  /** Name of the function. */
  readonly name: string;
  /** The incident about it; undefined when nothing was found. */
  readonly incident: Incident | undefined;
}

type Say = (text: string) => void;

/** Shows the plan, puts the function into quarantine, looks at what that did, and releases it. */
export async function contain(stage: Stage, say: Say, { name, incident }: Target): Promise<Outcome['quarantine']> {
  const { platform, gait } = stage;
  const key = `aws:${platform.accountId}:${platform.region}:${name}`;
  const plan = ['respond', 'plan', ...(incident === undefined ? [] : [incident.id]), '--function', key];
  await gaitCommand(stage, say, [...plan, '--server', gait.url]);
  const before = pidsOf(stage, name);
  const body = {
    function: key,
    leaseMinutes: LEASE_MINUTES,
    ...(incident === undefined ? {} : { incident: incident.id }),
  };
  const started = await gait.ask<Response>('/api/v1/responses', { method: 'POST', body });
  const verified = isComplete(started);
  say(
    `\nQuarantined: response ${started.id}, ${verified ? 'every step done and read back' : 'NOT ALL STEPS DONE'}; it ends by itself ` +
      `after ${LEASE_MINUTES} minutes.`,
  );
  for (const { id, failure } of started.steps) if (failure !== undefined) say(`  ${id}: ${failure.message}`);
  const refusedStatus = await invokeStatus(platform, name);
  const others = await othersServed(platform, name);
  say(`The next call of ${name} is answered ${refusedStatus}; other functions ${others ? 'work' : 'DO NOT WORK'}.`);
  const released = await gait.ask<Response>(`/api/v1/responses/${started.id}/release`, { method: 'POST', body: {} });
  const servedAfterRelease = await isServed(platform, name);
  const isFresh = pidsOf(stage, name).every((pid) => !before.includes(pid));
  say(
    `Released (${released.phase}): ${name} ${servedAfterRelease ? 'works' : 'DOES NOT WORK'} again, ` +
      `in ${isFresh ? 'fresh' : 'OLD'} sandboxes.`,
  );
  return {
    function: name,
    verified,
    refusedStatus,
    othersServed: others,
    released: released.phase === 'released' && isFresh,
    servedAfterRelease,
  };
}

/** Has the log checked by a process of its own. */
export async function verified({ data }: Stage, say: Say): Promise<Outcome['log']> {
  say('\nThe log, checked from outside:');
  return (await run(['verify', '--data', data], {}, say)) === 0 ? 'verified' : 'damaged';
}

/** Shows a command as a user would type it, and what it prints. */
async function gaitCommand({ gait }: Stage, say: Say, words: readonly string[]): Promise<void> {
  say(`\n$ GAIT_TOKEN=... npx gait ${words.join(' ')}\n`);
  await run(words, { GAIT_TOKEN: gait.token }, say);
}

async function run(words: readonly string[], env: NodeJS.ProcessEnv, say: Say): Promise<number | null> {
  const child = spawn(process.execPath, [GAIT, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (piece: string) => {
      text += piece;
    });
  }
  const [code] = await once(child, 'close');
  say(text.trimEnd());
  return code;
}

function pidsOf({ platform }: Stage, name: string): number[] {
  return platform.host.sandboxes().flatMap(({ functionName, pid }) => (functionName === name ? [pid] : []));
}
