import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RESPONSE_STATES, type ResponseTransition } from '@gait/engine/event/record';
import fc from 'fast-check';
import { RESPONSES_MAX } from './limits.ts';
import { PAY } from './memory-cloud.contract.ts';
import { Bench } from './responder-bench.contract.ts';
import { isActive, Responses } from './responses.ts';

const SEED = 815;
const RUNS = Number(process.env['GAIT_SEEDS'] ?? 200);

/** A real history: a start, an extension, a release and another start. */
async function history(): Promise<ResponseTransition[]> {
  const bench = new Bench();
  const responder = bench.open();
  const { id } = await responder.start({ function: PAY, incident: '', by: 'ann' });
  await responder.extend({ response: id, by: 'ann' });
  await responder.release({ response: id, by: 'ann' });
  await responder.start({ function: PAY, incident: '', by: 'ann' });
  return bench.log;
}

const transitions = await history();

/** Transitions of a real history in any order and number, some of them changed. */
const stream = fc.array(
  fc.record({
    of: fc.constantFrom(...transitions),
    change: fc.oneof(
      { weight: 4, arbitrary: fc.constant({}) },
      fc.record({ state: fc.constantFrom(...RESPONSE_STATES) }),
      fc.record({
        content: fc.oneof(fc.string(), fc.json(), fc.constantFrom(...transitions.map((one) => one.content))),
      }),
      fc.record({ step: fc.constantFrom('', 'tag', 'throttle', 'recycle', '__proto__') }),
      fc.record({ function: fc.string() }),
    ),
  }),
  { maxLength: 120 },
);

describe('the list of responses', () => {
  it('takes anything in any order without failing, and two folds of the same are the same', () => {
    fc.assert(
      fc.property(stream, (steps) => {
        const one = new Responses();
        const two = new Responses();
        for (const { of, change } of steps) {
          one.apply({ ...of, ...change });
          two.apply(structuredClone({ ...of, ...change }));
        }
        assert.deepEqual(one.list(), two.list());
        assert.equal(one.ignored, two.ignored);
        const active = one.list().filter(isActive);
        for (const response of active) assert.ok(response.steps.length <= response.stepsPlanned + 1);
        assert.ok(one.due(Number.MAX_SAFE_INTEGER).every(isActive));
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });

  it('ignores every copy of a real history', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(transitions.length - 1), { maxLength: 30 }), (copies) => {
        const plain = new Responses();
        const copied = new Responses();
        for (const [at, transition] of transitions.entries()) {
          plain.apply(transition);
          copied.apply(transition);
          // A lease is extended again by a copy, to the same time: nothing that is seen changes.
          for (const copy of copies)
            if (copy <= at && transitions[copy].state !== 'extended') copied.apply(transitions[copy]);
        }
        assert.deepEqual(
          copied.list().map(({ id, phase, steps }) => [id, phase, steps.map((step) => step.phase)]),
          plain.list().map(({ id, phase, steps }) => [id, phase, steps.map((step) => step.phase)]),
        );
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });

  it('stays bounded, and never forgets one that is in force', () => {
    const responses = new Responses();
    const [planned] = transitions;
    const kept = transitions.slice(0, transitions.findIndex(({ state }) => state === 'in-force') + 1);
    for (const transition of kept) responses.apply(transition);
    for (let at = 0; at < RESPONSES_MAX + 50; at++) {
      const named = { response: `r${at}-more`, function: `${PAY}${at}` };
      responses.apply({ ...planned, ...named });
      responses.apply({ ...planned, ...named, state: 'abandoned', content: '{"why":"for the test"}' });
    }
    assert.equal(responses.list().length, RESPONSES_MAX);
    assert.equal(responses.get(planned.response)?.phase, 'in-force');
    assert.equal(responses.get('r0-more'), undefined);
    assert.deepEqual(
      responses.active().map(({ id }) => id),
      [planned.response],
    );
  });
});
