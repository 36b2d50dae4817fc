import { setTimeout as delay } from 'node:timers/promises';
import type { Incident } from '@gait/engine/event/finding';
import { type Attack, runAttack, type StepOutcome } from '../shop/attack.ts';
import { planTraffic, USUAL_DAY } from '../shop/traffic-plan.ts';
import { contain, verified } from './containment.ts';
import type { Heard } from './found.ts';
import { attackInvocations, isMedium, isOfAttack, type Outcome, placeOf, type SeenStep, seenSteps } from './outcome.ts';
import type { Stage } from './stage.ts';

/** What is declared normal, ms of the shop's day. The sale comes after it, and is not learned. */
const LEARNED_MS = 62_000;
/** When the attack begins, ms of the shop's day: after the sale. */
const ATTACK_MS = 82_000;
/** Findings may speak of the sale's last seconds up to so much after it, ms. */
const AFTER_SALE_MS = 5_000;
/** How long to wait for findings after the last step of the attack, ms. */
const DETECTED_MS_MAX = 10_000;
/** How long to wait until the server has judged what was delivered, ms. */
const JUDGED_MS_MAX = 10_000;
const LOOK_MS = 100;
/** The operator looks at orders about this often, ms. */
const OPERATOR_EVERY_MS = 3_000;
/** What happened before the first visitor, and counts as normal, ms: the opening of the shop. */
const OPENING_MS = 60_000;

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

/** Plays the day: learning, sale, attack, quarantine, release. Rejects when a part cannot be played. */
export async function play(stage: Stage, telling: Telling): Promise<Outcome> {
  const { shop, found } = stage;
  const { say, signal } = telling;
  const startedMs = Date.now();
  await declareNormal(stage, startedMs);
  const counted = countInvocations(stage);
  const work = new AbortController();
  const open = AbortSignal.any([signal, work.signal]);
  const traffic = shop.visit(planTraffic({ ...USUAL_DAY, seed: telling.seed }), {
    signal: open,
    onProgress: () => telling.progress(dayText({ startedMs, invocations: counted(), findings: found.findings.length })),
  });
  const operator = shop.operator.work(OPERATOR_EVERY_MS, open);
  try {
    const sale = await untilAttack(stage, telling, startedMs);
    const attacked = await attack(stage, telling);
    signal.throwIfAborted();
    const quarantine = await contain(stage, say, attacked);
    signal.throwIfAborted();
    say('\nThe day ends.');
    await traffic;
    work.abort();
    await operator;
    await judged(stage);
    const { falseFindings, undelivered } = tellTheRest(stage, say, attacked);
    const attackCalls = attackInvocations(telling.attack, attacked.steps);
    const used = await stage.gait.used();
    const { total } = await stage.gait.ask<{ readonly total: number }>('/api/v1/functions');
    return {
      seed: telling.seed,
      functions: total,
      invocations: { benign: counted() - attackCalls, attack: attackCalls },
      attacks: attacked.seen,
      falseFindings,
      burstFindings: findingsOf(found.findings, sale).length,
      incidents: [...found.incidents.values()].filter(({ mergedInto }) => mergedInto === undefined).length,
      quarantine,
      log: await verified(stage, say),
      cpuSecondsGait: Math.round(used.cpuSeconds * 10) / 10,
      rssMbGait: Math.round(used.rssMb),
      undelivered,
    };
  } finally {
    work.abort();
    await Promise.allSettled([traffic, operator]);
  }
}

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Learning and sale. Gives the time of the sale. */
async function untilAttack({ found }: Stage, { say, signal }: Telling, startedMs: number): Promise<Span> {
  const at = (dayMs: number) => delay(Math.max(0, startedMs + dayMs - Date.now()), undefined, { signal });
  const { burst } = USUAL_DAY;
  const fromMs = startedMs + (burst?.startMs ?? LEARNED_MS);
  const sale = { fromMs, toMs: fromMs + (burst?.durationMs ?? 0) + AFTER_SALE_MS };
  say(`\nLearning: visitors come and buy, for ${LEARNED_MS / 1000} s. This period is declared normal.`);
  await at(LEARNED_MS);
  say(`\nJudging from here on. A sale: ${burst?.factor ?? 1} times as many visitors, which is no attack.`);
  await at(ATTACK_MS - 1_000);
  say(`The sale is over: ${findingsOf(found.findings, sale).length} findings about it.`);
  await at(ATTACK_MS);
  return sale;
}

function findingsOf(findings: readonly Heard[], { fromMs, toMs }: Span): Heard[] {
  return findings.filter(({ finding }) => finding.timeMs >= fromMs && finding.timeMs < toMs);
}

function dayText(of: { readonly startedMs: number; readonly invocations: number; readonly findings: number }): string {
  const seconds = Math.floor((Date.now() - of.startedMs) / 1000);
  return `  ${seconds} of ${USUAL_DAY.durationMs / 1000} s: ${of.invocations} invocations, ${of.findings} findings`;
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
  readonly steps: readonly StepOutcome[];
  readonly seen: readonly SeenStep[];
  /** The incident about the attacked function. */
  readonly incident: Incident | undefined;
  /** Name of the attacked function. */
  readonly name: string;
}

/** How the attacker comes in. */
const WAYS: { readonly [attack in Attack]: string } = {
  label: 'asks for a gift label whose text is code',
  picture: 'uploads pictures whose captions are commands',
  preview: 'asks for previews whose names lead to other files',
};

async function attack(stage: Stage, telling: Telling): Promise<Attacked> {
  const { found, shop, platform } = stage;
  const { say, signal } = telling;
  say(`\nAn attack through the front door. Somebody with a new account ${WAYS[telling.attack]}:`);
  const steps = await runAttack({
    apiUrl: platform.apiUrl,
    drop: shop.drop,
    attack: telling.attack,
    signal,
    onStep: ({ step, outcome, bytes }) =>
      say(`  ${step}: ${outcome === 'done' ? `done, ${bytes} bytes gone` : 'blocked'}`),
  });
  signal.throwIfAborted();
  const [first] = steps;
  if (first === undefined) throw new Error('the attack took no step');
  telling.progress('  Waiting for what Gait says of it.');
  await found.until(() => seenSteps(steps, found.findings).every(({ named }) => named), DETECTED_MS_MAX);
  signal.throwIfAborted();
  const seen = seenSteps(steps, found.findings);
  sayWhatWasSeen(stage, say, { steps, seen });
  await sayWhatIsUnseen(stage, say);
  const incident = incidentOf(stage, seen);
  if (incident !== undefined) await show(stage, say, incident);
  return { steps, seen, incident, name: first.expect.function };
}

/** For each step what Gait says, in its words; and what it should have said where it did not name it. */
function sayWhatWasSeen(
  { found }: Stage,
  say: Telling['say'],
  { steps, seen }: Pick<Attacked, 'steps' | 'seen'>,
): void {
  say('\nWhat Gait says of it:');
  for (const [at, { id, detected, named, delayMs, findingId }] of seen.entries()) {
    const how = !detected ? 'NOT SEEN' : `found after ${delayMs} ms${named ? '' : ', but NOT NAMED'}`;
    say(`  ${id}: ${how}`);
    const shown = found.findings.find(({ finding }) => finding.id === findingId);
    if (shown !== undefined) say(`    ${shown.finding.sentence}`);
    if (!named) say(`    It should say: ${steps[at]?.expect.says ?? ''}.`);
  }
}

/** What Gait itself says that it cannot see, or in part only. */
async function sayWhatIsUnseen({ gait }: Stage, say: Telling['say']): Promise<void> {
  const { items } = await gait.ask<{
    readonly items: readonly { readonly capability: string; readonly partial: number; readonly dark: number }[];
  }>('/api/v1/coverage');
  for (const { capability, partial, dark } of items) {
    if (partial + dark > 0) say(`Not seen: ${capability}, of ${dark} functions, and in part only of ${partial}.`);
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

/** Resolves when everything that happened has been delivered and judged, so that what is counted then is all of it. */
async function judged({ delivery, gait }: Stage): Promise<void> {
  await delivery.flush();
  for (const endMs = Date.now() + JUDGED_MS_MAX; ; await delay(LOOK_MS)) {
    const { appended, consumed } = await gait.ask<{ readonly appended: number; readonly consumed: number }>(
      '/api/v1/health',
    );
    if (consumed >= appended) return;
    if (Date.now() > endMs) throw new Error(`Gait has not judged everything: ${appended - consumed} records wait.`);
  }
}

/** Says what was found besides the attack, and what never reached Gait. */
function tellTheRest({ found, delivery, platform }: Stage, say: Telling['say'], { steps }: Attacked) {
  found.assertWhole();
  const place = placeOf(steps);
  const others = found.findings.filter((one) => !isOfAttack(one, place));
  for (const one of others) {
    const weight = isMedium(one) ? 'FALSE' : 'low';
    say(`Not of the attack (${weight}): [${one.finding.detector}] ${one.finding.sentence}`);
  }
  const { logsUndelivered, trailUndelivered } = platform.counts();
  const undelivered = delivery.dropped + logsUndelivered + trailUndelivered;
  if (undelivered > 0) say(`NOT DELIVERED: ${undelivered} events, in which nothing could be seen.`);
  return { falseFindings: others.filter(isMedium).length, undelivered };
}
