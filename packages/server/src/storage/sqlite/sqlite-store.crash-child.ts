import { writeSync } from 'node:fs';
import { crashStep } from './crash-steps.ts';
import { openSqliteStore } from './sqlite-store.ts';

/**
 * Commits steps until it is killed, as the engine does after a crash: from a checkpoint some ordinals before the last
 * committed one, in portions of another size. Says on stdout which ordinal is committed, after it is.
 * Arguments: path of the store, ordinals to go back, ordinals in a step.
 */
const [path, back, portion] = process.argv.slice(2);
const store = openSqliteStore(path);
let next = Math.max(0, store.consumed - Number(back));
for (;;) {
  const step = crashStep(next, next + Number(portion));
  store.commitStep(step);
  next = step.consumed;
  writeSync(1, `${next}\n`);
}
