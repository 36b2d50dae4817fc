import { Slab } from '@gait/engine/base/slab';
import { HEAD } from '@gait/engine/baselines/functions';
import type { Engine } from '@gait/engine/engine';
import type { Traffic } from './traffic.ts';

const LINE_BYTES = 64;
/** State that is read when a minute, an hour or a day is closed, not with each event. */
const COLD: readonly string[] = ['series', 'drift', 'peers', 'rate'];

/** Bytes of state of one function. */
export interface StateBytes {
  readonly hot: number;
  readonly cold: number;
  readonly byStore: Readonly<Record<string, number>>;
}

/** Bytes a function takes in each store, in the mean of all functions. */
export function stateBytes(engine: Engine, functions: number): StateBytes {
  const byStore: Record<string, number> = {};
  const add = (name: string, bytes: number) => {
    byStore[name] = (byStore[name] ?? 0) + bytes / functions;
  };
  for (const stage of engine.stageOne) {
    add('head', stage.functions.bytes);
    add('categories', stage.categories.bytes);
    add('metrics', stage.metrics.bytes);
    for (const { word, store } of stage.stores.all) add(nameOf(word), store.bytes);
  }
  const cold = Object.entries(byStore).reduce((sum, [name, bytes]) => sum + (COLD.includes(name) ? bytes : 0), 0);
  const all = Object.values(byStore).reduce((sum, bytes) => sum + bytes, 0);
  return { hot: all - cold, cold, byStore };
}

function nameOf(word: number): string {
  return Object.entries(HEAD).find(([, at]) => at === word)?.[0] ?? String(word);
}

/** Slabs of all engines of this process, as they come into use. */
const SLABS = new Set<Slab>();
const alloc = Slab.prototype.alloc;
Slab.prototype.alloc = function remembered(this: Slab): number {
  SLABS.add(this);
  return alloc.call(this);
};

/**
 * Bytes of the cache lines of functions' state that one event changes, in the mean of `events` events: a line that is only read is not
 * seen, so the truth is a little more. Costs a copy of all state.
 */
export function linesTouched(engine: Engine, traffic: Traffic, events: number): number {
  let lines = 0;
  for (let row = 0; row < events; row++) {
    const before = [...SLABS].map((slab) => slab.pages.map(({ bytes }) => bytes.slice()));
    engine.step({ type: 'observation', batch: traffic.next(1) }, engine.ordinal);
    [...SLABS].forEach((slab, at) => {
      slab.pages.forEach(({ bytes }, page) => {
        lines += changedLines(before[at]?.[page] ?? new Uint8Array(bytes.length), bytes);
      });
    });
  }
  return (lines * LINE_BYTES) / events;
}

function changedLines(before: Uint8Array, after: Uint8Array): number {
  const a = new BigUint64Array(before.buffer, before.byteOffset, before.byteLength >> 3);
  const b = new BigUint64Array(after.buffer, after.byteOffset, after.byteLength >> 3);
  let lines = 0;
  for (let from = 0; from < a.length; from += LINE_BYTES / 8) {
    for (let at = from; at < from + LINE_BYTES / 8; at++) {
      if (a[at] === b[at]) continue;
      lines++;
      break;
    }
  }
  return lines;
}
