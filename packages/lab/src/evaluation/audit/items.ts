import type { Batch } from '@gait/engine/event/batch';
import type { Finding } from '@gait/engine/event/finding';
import { DAY_MS } from '../engine-run.ts';

/** What somebody reads as one thing: everything that was told of one principal on one day. */
export interface Item {
  readonly level: Finding['level'];
  readonly priority: number;
  readonly timeMs: number;
  /** Whether a record of an attack is shown. */
  readonly attack: boolean;
  /** Detectors that spoke. */
  readonly told: string;
}

const ATTACK = /^attack-/;

/** Items of findings, most urgent first: findings before what is watched, then by risk, then by time. */
export function itemsOf(findings: readonly Finding[]): Item[] {
  const items = new Map<string, Item>();
  for (const finding of findings) {
    const key = `${finding.principal || finding.entity.key} ${Math.floor(finding.timeMs / DAY_MS)}`;
    const attack = ATTACK.test(finding.requestId);
    const { level, risk: priority, timeMs, detector } = finding;
    put(items, key, { level, priority, timeMs, attack, told: detector });
  }
  return inOrder(items);
}

/**
 * The yardstick: each record's action by its rarity under its principal, -log10((count + 1/2) / (records of the principal +
 * 1)), counted before the week. Only actions rarer than one in a hundred make an item.
 */
export function yardstickItems(history: readonly Batch[], week: readonly Batch[]): Item[] {
  const counts = new Map<string, number>();
  const add = (key: string) => counts.set(key, (counts.get(key) ?? 0) + 1);
  for (const batch of history) {
    for (let row = 0; row < batch.rows; row++) {
      const principal = batch.symbolText(row, 'principal');
      add(principal);
      add(`${principal} ${batch.symbolText(row, 'action')}`);
    }
  }
  const items = new Map<string, Item>();
  for (const batch of week) {
    for (let row = 0; row < batch.rows; row++) {
      const principal = batch.symbolText(row, 'principal');
      const action = batch.symbolText(row, 'action');
      const own = counts.get(`${principal} ${action}`) ?? 0;
      const priority = -Math.log10((own + 0.5) / ((counts.get(principal) ?? 0) + 1));
      // An unknown principal has no counts: whatever it does is new, and the rarest thing there is.
      const timeMs = batch.columns.eventMs[row];
      const isNew = !counts.has(principal);
      if (priority < 2 && !isNew) continue;
      const attack = ATTACK.test(batch.idText(row, 'requestId'));
      const rank = isNew ? Number.MAX_VALUE : priority;
      put(items, `${principal} ${Math.floor(timeMs / DAY_MS)}`, {
        level: 'finding',
        priority: rank,
        timeMs,
        attack,
        told: action,
      });
    }
  }
  return inOrder(items);
}

/** An item is as urgent as the most urgent thing in it. */
function put(items: Map<string, Item>, key: string, one: Item): void {
  const known = items.get(key);
  if (known === undefined) {
    items.set(key, one);
    return;
  }
  const first = before(one, known) < 0 ? one : known;
  const told = known.told.split(', ').includes(one.told) ? known.told : `${known.told}, ${one.told}`;
  items.set(key, { ...first, attack: known.attack || one.attack, told });
}

function inOrder(items: ReadonlyMap<string, Item>): Item[] {
  return [...items.values()].sort(before);
}

function before(a: Item, b: Item): number {
  if (a.level !== b.level) return a.level === 'finding' ? -1 : 1;
  return b.priority - a.priority || a.timeMs - b.timeMs;
}
