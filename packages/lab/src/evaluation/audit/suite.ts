import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Batch } from '@gait/engine/event/batch';
import { DAY_MS, EngineRun } from '../engine-run.ts';
import { proportionText } from '../intervals.ts';
import type { Suite, SuiteContext, SuiteReport } from '../suite.ts';
import { type Attack, attacksIn, masked } from './attacks.ts';
import { type Actor, ADMINS, AUDITOR, background, DEPLOYER, START_MS, seeded, type TrailRecord } from './background.ts';
import { decoded } from './decoded.ts';
import { type Item, itemsOf, yardstickItems } from './items.ts';

const SEED = 20_260;
/** Days that are learned, and days that are judged: one week. */
const LEARN_DAYS = 28;
const WEEK_DAYS = 7;
const HOUR_MS = 3_600_000;
const NEAR = 10;
const FAR = 50;
/** Somebody the account has never seen, from an address it has never seen. */
const STRANGER: Actor = {
  name: 'svc-batch',
  address: '192.0.2.200',
  agent: 'Boto3/1.34 Botocore/1.34',
  identity: {
    type: 'IAMUser',
    accountId: '111122223333',
    arn: 'arn:aws:iam::111122223333:user/svc-batch',
    userName: 'svc-batch',
  },
};
/** Whose credentials an attack uses: taken from somebody, who is copied in everything, or a principal nobody knows. */
const ROADS = ['stolen', 'unknown'] as const;
type Road = (typeof ROADS)[number];

/** How an attack fared: rank of its first item, undefined when no item shows it. */
interface Fared {
  readonly attack: string;
  readonly road: Road;
  readonly by: string;
  readonly rank: number | undefined;
  readonly items: number;
  readonly yardstick: number | undefined;
  readonly told: string;
}

/** Attacks on the account, each hidden in a week of its ordinary life: how far up the list of that week they come. */
export const auditSuite: Suite = {
  id: 'audit',
  title: 'Attacks in an audit trail',
  needs: 'a folder cloudtrail-… with one file of records a technique, or with labels.csv',
  options: [],
  run(context): Promise<SuiteReport | undefined> {
    const folders = context.data === undefined ? [] : foldersIn(context.data);
    const read = folders.map(attacksIn);
    const attacks = read.flatMap((one) => one.attacks);
    if (attacks.length === 0) return Promise.resolve(undefined);
    return Promise.resolve(auditReport(context, { attacks, labelled: read.some(({ labelled }) => labelled) }));
  },
};

function foldersIn(root: string): string[] {
  return readdirSync(root)
    .filter((name) => name.startsWith('cloudtrail'))
    .map((name) => join(root, name))
    .filter((folder) => existsSync(folder) && readdirSync(folder).some((file) => file.endsWith('.json')));
}

/** The report of some attacks. */
export function auditReport(
  context: SuiteContext,
  of: { readonly attacks: readonly Attack[]; readonly labelled: boolean },
): SuiteReport {
  const history = decoded(background(SEED, 0, LEARN_DAYS));
  const run = EngineRun.start(START_MS, context.settings, SEED);
  for (const batch of history) run.batch(batch);
  const learned = { history, snapshot: run.snapshot() };
  const week = background(SEED, LEARN_DAYS, LEARN_DAYS + WEEK_DAYS);
  const fared: Fared[] = [];
  for (const [at, attack] of of.attacks.entries()) {
    context.progress(`attack ${at + 1} of ${of.attacks.length}`);
    for (const road of ROADS) fared.push(fare(attack, { at, road, learned, week }));
  }
  const benign = judged(learned.snapshot, decoded(week));
  return reportOf(fared, { ...of, benign, records: week.length });
}

interface Learned {
  readonly history: readonly Batch[];
  readonly snapshot: Uint8Array;
}

function fare(attack: Attack, of: { at: number; road: Road; learned: Learned; week: readonly TrailRecord[] }): Fared {
  const { at, road, learned, week } = of;
  const random = seeded(SEED + at);
  const by = road === 'unknown' ? STRANGER : victimOf(attack, random);
  // A weekday, in working hours: the time gives nothing away.
  const atMs = START_MS + (LEARN_DAYS + Math.floor(random() * 5)) * DAY_MS + (9 + random() * 7) * HOUR_MS;
  const mixed = [...week, ...masked(attack, by, atMs)].sort((a, b) => a.atMs - b.atMs);
  const batches = decoded(mixed);
  const items = judged(learned.snapshot, batches);
  const rank = rankOf(items);
  return {
    attack: attack.name,
    road,
    by: by.name,
    rank,
    items: items.length,
    yardstick: rankOf(yardstickItems(learned.history, batches)),
    told: rank === undefined ? '-' : items[rank - 1].told,
  };
}

/** A user where the attack was made by a user; else one of the roles that are not people's. */
function victimOf(attack: Attack, random: () => number): Actor {
  const identity = attack.records[0]['userIdentity'];
  const isRole =
    typeof identity === 'object' && identity !== null && 'type' in identity && identity.type === 'AssumedRole';
  const from = isRole ? [DEPLOYER, AUDITOR] : ADMINS;
  return from[Math.floor(random() * from.length)];
}

function judged(snapshot: Uint8Array, batches: readonly Batch[]): Item[] {
  const run = EngineRun.from(snapshot);
  for (const batch of batches) run.batch(batch);
  return itemsOf(run.takeAll());
}

function rankOf(items: readonly Item[]): number | undefined {
  const at = items.findIndex(({ attack }) => attack);
  return at < 0 ? undefined : at + 1;
}

function reportOf(
  fared: readonly Fared[],
  of: { attacks: readonly Attack[]; labelled: boolean; benign: readonly Item[]; records: number },
): SuiteReport {
  const figures = Object.fromEntries(ROADS.map((road) => [road, figuresOf(fared.filter((one) => one.road === road))]));
  const { stolen } = figures;
  const benignFindings = of.benign.filter(({ level }) => level === 'finding').length;
  const rows = ROADS.flatMap((road) => [
    [`${road}: engine`, figures[road].near.text, figures[road].far.text, figures[road].meanRank],
    [`${road}: yardstick`, figures[road].yardNear.text, figures[road].yardFar.text, figures[road].yardMeanRank],
  ]);
  const details = fared.map((one) => [
    one.attack,
    `${one.road} (${one.by})`,
    one.rank ?? 'not told',
    one.items,
    one.yardstick ?? '-',
    one.told,
  ]);
  const labels = of.labelled ? 'Attacks are those that the table of labels names.' : 'Each file is one attack.';
  return {
    json: {
      attacks: of.attacks.length,
      recallAt10: stolen.near.share,
      recallAt50: stolen.far.share,
      meanRank: stolen.meanRank,
      yardstickRecallAt10: stolen.yardNear.share,
      yardstickRecallAt50: stolen.yardFar.share,
      yardstickMeanRank: stolen.yardMeanRank,
      unknownRecallAt10: figures['unknown'].near.share,
      unknownMeanRank: figures['unknown'].meanRank,
      benignItems: of.benign.length,
      benignFindings,
    },
    sections: [
      {
        text: `${of.attacks.length} attacks, each alone in its own copy of one week of benign life (${of.records} records, made by the suite with seed ${SEED}: administrators, a deploy robot, an auditor, a monitor, roles of functions, newcomers) after ${LEARN_DAYS} days that were learned. ${labels} An attack keeps what was done, how often, how fast and how it was answered. Account, region, names, software, address and identity are replaced: under "stolen" by those of an administrator (attacks by users) or of the deploy robot or the auditor (attacks by roles), in their working hours; under "unknown" by a user nobody has seen. The list of a week is made of what was found and what was watched, put together by principal and day; findings come before what is watched, then by risk, then by time. Recall at N: share of attacks of which one of the first N items of their week shows a record; an attack that no item shows has the rank behind the last. The first two figures of the JSON are those of "stolen". The benign week alone has ${of.benign.length} items, of which ${benignFindings} hold a finding. Yardstick: rarity of the action under its principal by counts, items made the same way. The background is invented, so the figures say how attacks compare with the yardstick and not how often anybody would be called.`,
      },
      { table: { head: ['', `recall at ${NEAR}`, `recall at ${FAR}`, 'mean rank'], rows } },
      { table: { head: ['attack', 'credentials', 'rank', 'of items', 'rank by yardstick', 'told'], rows: details } },
    ],
  };
}

function figuresOf(fared: readonly Fared[]) {
  const within = (of: (one: Fared) => number | undefined, most: number) => {
    const hits = fared.filter((one) => (of(one) ?? Number.POSITIVE_INFINITY) <= most).length;
    return { share: round(hits / fared.length), text: proportionText(hits, fared.length) };
  };
  const mean = (of: (one: Fared) => number) => round(fared.reduce((sum, one) => sum + of(one), 0) / fared.length);
  const own = (one: Fared) => one.rank;
  const yard = (one: Fared) => one.yardstick;
  return {
    near: within(own, NEAR),
    far: within(own, FAR),
    yardNear: within(yard, NEAR),
    yardFar: within(yard, FAR),
    meanRank: mean((one) => one.rank ?? one.items + 1),
    yardMeanRank: mean((one) => one.yardstick ?? one.items + 1),
  };
}

function round(value: number): number {
  return Number(value.toFixed(3));
}
