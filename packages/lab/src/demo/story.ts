import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Incident } from '@gait/engine/event/finding';
import { type Attack, runAttack, type StepOutcome } from '../shop/attack.ts';
import { planTraffic, USUAL_DAY } from '../shop/traffic-plan.ts';
import { type AttackPlace, isMedium, isOfAttack, type Outcome, type SeenStep, seenStep } from './outcome.ts';
import { invokeStatus, labelServed, otherServed } from './probe.ts';
import type { Stage } from './stage.ts';

const GAIT = resolve(import.meta.dirname, '../../../server/bin/gait.js');
/** What is declared normal, ms of the shop's day. The sale comes after it, and is not learned. */
const LEARNED_MS = 62_000;
/** When the attack begins, ms of the shop's day: after the sale. */
const ATTACK_MS = 82_000;
/** How long to wait for findings after the last step of the attack, ms. */
const DETECTED_MS_MAX = 10_000;
/** The operator looks at orders about this often, ms. */
const OPERATOR_EVERY_MS = 3_000;
/** What happened before the first visitor, and counts as normal, ms: the opening of the shop. */
const OPENING_MS = 60_000;
/** Invocations the attack makes besides those it asks for at the front door: `admin`, called from inside. */
const ATTACK_CALLS_INSIDE = 1;

/** How the story is told. */
export interface Telling {
  readonly seed: number;
  readonly attack: Attack;
  readonly signal: AbortSignal;
  /** A line for people. */
  readonly say: (text: string) => void;
  /** A line that the next one may replace. */
  readonly progress: (text: string) => void;
}

/** A response as the server tells it, as far as it is looked at. */
interface Told {
  readonly id: string;
  readonly phase: string;
}

/** Plays the day: learning, sale, attack, quarantine, release. Rejects when a part cannot be played. */
export async function play(stage: Stage, telling: Telling): Promise<Outcome> {
  const { shop, found } = stage;
  const { say, signal } = telling;
  const startedMs = Date.now();
  const at = (dayMs: number) => delay(Math.max(0, startedMs + dayMs - Date.now()), undefined, { signal });
  await declareNormal(stage, startedMs);
  const counted = countInvocations(stage);
  const traffic = shop.visit(planTraffic({ ...USUAL_DAY, seed: telling.seed }), {
    signal,
    onProgress: (invocations) => telling.progress(`${invocations} invocations, ${found.findings.length} findings`),
  });
  const work = new AbortController();
  const operator = shop.operator.work(OPERATOR_EVERY_MS, AbortSignal.any([signal, work.signal]));
  try {
    say(`\nLearning: visitors come and buy, for ${LEARNED_MS / 1000} s. This period is declared normal.`);
    await at(LEARNED_MS);
    const { burst } = USUAL_DAY;
    const saleFrom = burst?.startMs ?? LEARNED_MS;
    const saleTo = saleFrom + (burst?.durationMs ?? 0);
    say(`\nJudging from here on. A sale: ${burst?.factor ?? 1} times as many visitors.`);
    await at(ATTACK_MS - 1_000);
    const duringSale = found.findings.filter(
      ({ finding }) => finding.timeMs >= startedMs + saleFrom && finding.timeMs < startedMs + saleTo + 5_000,
    );
    say(`The sale is over: ${duringSale.length} findings.`);
    await at(ATTACK_MS);
    const attacked = await attack(stage, telling);
    const quarantine = await contain(stage, telling, attacked);
    await traffic;
    work.abort();
    await operator;
    await stage.delivery.flush();
    const used = await stage.gait.used();
    const bad = found.findings.filter((one) => isMedium(one) && !isOfAttack(one, attacked.place));
    for (const { finding } of bad) say(`Not of the attack: [${finding.detector}] ${finding.sentence}`);
    const attackCalls = attacked.requests + ATTACK_CALLS_INSIDE;
    return {
      seed: telling.seed,
      functions: new Set(stage.platform.host.sandboxes().map(({ functionName }) => functionName)).size,
      invocations: { benign: counted() - attackCalls, attack: attackCalls },
      attacks: attacked.seen,
      falseFindings: bad.length,
      burstFindings: duringSale.length,
      incidents: [...found.incidents.values()].filter(({ mergedInto }) => mergedInto === undefined).length,
      quarantine,
      log: await verified(stage, say),
      cpuSecondsGait: Math.round(used.cpuSeconds * 10) / 10,
      rssMbGait: Math.round(used.rssMb),
    };
  } finally {
    work.abort();
    await Promise.allSettled([traffic, operator]);
  }
}

/** Says that what happens until the end of the learning is normal. */
async function declareNormal({ gait }: Stage, startedMs: number): Promise<void> {
  const body = { fromMs: startedMs - OPENING_MS, toMs: startedMs + LEARNED_MS };
  await gait.ask('/api/v1/controls/training-span', { method: 'POST', body });
}

/** Invocations the platform has reported since now. */
function countInvocations({ delivery }: Stage): () => number {
  const before = delivery.reports;
  return () => delivery.reports - before;
}

/** What the attack did and what was seen of it. */
interface Attacked {
  readonly seen: readonly SeenStep[];
  readonly place: AttackPlace;
  readonly requests: number;
  /** The incident about the attacked function. */
  readonly incident: Incident | undefined;
  readonly function: string;
}

async function attack(stage: Stage, telling: Telling): Promise<Attacked> {
  const { found, shop, platform } = stage;
  const { say, signal } = telling;
  const startMs = Date.now();
  say(`\nAn attack through the front door. Somebody with a new account asks for a gift label whose text is code:`);
  const steps = await runAttack({
    apiUrl: platform.apiUrl,
    drop: shop.drop,
    attack: telling.attack,
    signal,
    onStep: (step) => say(`  ${step.step}: ${step.outcome === 'done' ? `done, ${step.bytes} bytes gone` : 'blocked'}`),
  });
  const seenNow = () => steps.map((step) => seenStep(step, found.findings));
  await found.until(() => seenNow().every(({ named }) => named), DETECTED_MS_MAX);
  const seen = seenNow();
  const name = steps[0]?.expect.function ?? '';
  const place = { startMs, functions: [name, 'admin'] };
  sayWhatWasSeen(say, steps, seen);
  const incident = incidentOf(stage, seen);
  if (incident !== undefined) await show(stage, say, incident);
  const key = `aws:${platform.accountId}:${platform.region}:${name}`;
  return { seen, place, requests: steps.reduce((sum, one) => sum + one.requests, 0) + 1, incident, function: key };
}

function sayWhatWasSeen(say: Telling['say'], steps: readonly StepOutcome[], seen: readonly SeenStep[]): void {
  say('\nWhat Gait says of it:');
  for (const [at, { id, detected, named, delayMs }] of seen.entries()) {
    const how = !detected ? 'NOT SEEN' : named ? `found after ${delayMs} ms` : 'found, but not named';
    say(`  ${id.padEnd(18)} ${how.padEnd(22)} expected: ${steps[at]?.expect.says ?? ''}`);
  }
}

/** The incident that the findings about the attack are in. */
function incidentOf({ found }: Stage, seen: readonly SeenStep[]): Incident | undefined {
  const ids = new Set(seen.flatMap(({ findingId }) => findingId ?? []));
  return [...found.incidents.values()].find(
    ({ mergedInto, findings }) => mergedInto === undefined && findings.some((id) => ids.has(id)),
  );
}

async function show({ gait }: Stage, say: Telling['say'], incident: Incident): Promise<void> {
  say(`\nIncident ${incident.id}: ${incident.summary}`);
  const { findings } = await gait.ask<{ readonly findings: readonly { readonly id: string; readonly risk: number }[] }>(
    `/api/v1/incidents/${incident.id}`,
  );
  const [gravest] = [...findings].sort((a, b) => b.risk - a.risk);
  if (gravest === undefined) return;
  const { explanation } = await gait.ask<{ readonly explanation: readonly string[] }>(`/api/v1/findings/${gravest.id}`);
  say(`\nIts gravest finding:\n\n${explanation.join('\n')}`);
}

/** Quarantine of the attacked function, the look at what it did, and release. */
async function contain(stage: Stage, telling: Telling, attacked: Attacked): Promise<Outcome['quarantine']> {
  const { platform, gait } = stage;
  const { say } = telling;
  const name = attacked.function.split(':').at(-1) ?? '';
  const what = attacked.incident === undefined ? {} : { incident: attacked.incident.id };
  const asked = { ...what, function: attacked.function };
  await gaitCommand(stage, say, [
    'respond',
    'plan',
    ...(attacked.incident === undefined ? [] : [attacked.incident.id]),
    '--function',
    attacked.function,
  ]);
  const before = pidsOf(stage, name);
  const started = await gait.ask<Told>('/api/v1/responses', { method: 'POST', body: { ...asked, leaseMinutes: 30 } });
  say(`\nQuarantined: response ${started.id}, ${started.phase}, for 30 minutes unless it is released or extended.`);
  const refusedStatus = await invokeStatus(platform, name);
  const othersServed = await otherServed(platform);
  say(
    `The next call of ${name} is answered ${refusedStatus}; other functions ${othersServed ? 'work' : 'DO NOT WORK'}.`,
  );
  const released = await gait.ask<Told>(`/api/v1/responses/${started.id}/release`, { method: 'POST', body: {} });
  const servedAfterRelease = await labelServed(platform);
  const isFresh = pidsOf(stage, name).every((pid) => !before.includes(pid));
  say(
    `Released (${released.phase}): ${name} ${servedAfterRelease ? 'works' : 'DOES NOT WORK'} again, ` +
      `in ${isFresh ? 'fresh' : 'OLD'} sandboxes.`,
  );
  return {
    function: name,
    verified: started.phase === 'in-force',
    refusedStatus,
    othersServed,
    released: released.phase === 'released' && isFresh,
    servedAfterRelease,
  };
}

function pidsOf({ platform }: Stage, name: string): number[] {
  return platform.host.sandboxes().flatMap(({ functionName, pid }) => (functionName === name ? [pid] : []));
}

/** Shows a command as a user would type it, and what it prints. */
async function gaitCommand(stage: Stage, say: Telling['say'], words: readonly string[]): Promise<number | null> {
  const { gait } = stage;
  const all = [...words, '--server', gait.url];
  say(`\n$ GAIT_TOKEN=... npx gait ${all.join(' ')}\n`);
  return run(all, { GAIT_TOKEN: gait.token }, say);
}

async function run(words: readonly string[], env: NodeJS.ProcessEnv, say: Telling['say']): Promise<number | null> {
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

async function verified(stage: Stage, say: Telling['say']): Promise<Outcome['log']> {
  say('\nThe log, checked from outside:');
  return (await run(['verify', '--data', stage.data], {}, say)) === 0 ? 'verified' : 'damaged';
}
