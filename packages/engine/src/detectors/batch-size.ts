import type { FunctionBaselines } from '../baselines/function.ts';
import { CLAIM_BEYOND, RECORD_COUNT_MIN, SLOT } from '../baselines/volumes.ts';
import { NUMBER } from '../event/schema.ts';
import { FIELDS } from '../features/observation.ts';
import { addAmount, amountThreshold } from './amount-claim.ts';
import type { Detector } from './detector.ts';

/** Records beyond the largest batch seen: batches of full size come whenever a queue was blocked. */
const EXCESS_MIN = 100;

/**
 * A batch with far more records than any before: somebody raised the size of batches, or calls the function with an event made by hand.
 * Silent below a hundred records more than ever, which covers what queues deliver without a change of their mapping.
 */
export const batchSize: Detector<FunctionBaselines> = {
  id: 'shape.batch-size',
  family: 'shape',
  title: 'Batch far larger than before',
  version: '1',
  facets: ['sensor', 'trigger'],

  score(seen, state, out) {
    const records = seen.numbers[NUMBER.batchSize];
    if (!state.read.known || !(records >= 0) || seen.isForeign(FIELDS.trigger)) return;
    const tail = state.read.tail(SLOT.names);
    if (tail.count < RECORD_COUNT_MIN) return;
    out.judged(batchSize.id);
    const [score, count, max] = [tail.score(records), Math.round(tail.count), Math.round(tail.max)];
    const limit = Math.ceil(Math.max(tail.limit(CLAIM_BEYOND), max + EXCESS_MIN));
    const { shortName: name } = state;
    addAmount(out, {
      detector: batchSize.id,
      ...{ score, count, value: 'batch' },
      threshold: amountThreshold(score, count, records >= max + EXCESS_MIN),
      impact: 0.2,
      techniques: [],
      texts: () => ({
        evidence: [{ parameter: 'batch_records', observed: String(records), expected: `at most ${max}`, count }],
        sentence: `\`${name}\` was fired with a batch of ${records} records; in ${count} batches there were at most ${max}.`,
        quietIf: `the batch had had fewer than ${limit} records`,
      }),
    });
  },

  learn(seen, state) {
    const records = seen.numbers[NUMBER.batchSize];
    if (!(records >= 0) || !state.grant('read')) return;
    const as = { held: state.held('shape'), training: state.lesson.training };
    state.read.learnFixed(SLOT.names, records, as);
  },
};
