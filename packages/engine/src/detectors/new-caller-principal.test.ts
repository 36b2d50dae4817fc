import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Sample } from '../engine-feed.ts';
import {
  AFTER_MS,
  assertQuiet,
  EVERY_MS,
  FN,
  fed,
  HISTORY,
  history,
  invocation,
  onlyClaim,
} from './detector.contract.ts';

const ID = 'access.new-principal';
const person = (name: string) => ({ principal: name, principalKind: 'person' });
const role = (name: string) => ({ principal: name, principalKind: 'role' });

describe('access.new-principal fires', () => {
  it('when a role that never did invokes the function', () => {
    const feed = fed(
      history(HISTORY, () => ({ symbols: role('role/front') })),
      [invocation(AFTER_MS, { symbols: role('role/stranger') })],
    );
    const finding = onlyClaim(feed, ID);
    assert.deepEqual([finding.entity, finding.principal], [{ kind: 'function', key: FN }, 'role/stranger']);
    assert.equal(finding.sentence, 'role/stranger invoked `orders`; in 199 invocations it never had this caller.');
    assert.deepEqual(finding.evidence, [
      { parameter: 'principal', observed: 'role/stranger', expected: 'role/front (100 %)', count: 199 },
    ]);
    assert.deepEqual([finding.impact, finding.techniques], [0.5, ['T1648']]);
  });

  it('when one more person uses what only one used for a long time', () => {
    const count = 1200;
    const one = history(count, () => ({ symbols: person('person_a') }));
    const odd = invocation(AFTER_MS + count * EVERY_MS, { symbols: person('person_c') });
    const finding = onlyClaim(fed(one, [odd]), ID);
    assert.equal(finding.evidence[0].expected, 'person_a (100 %)');
  });
});

describe('access.new-principal stays quiet', () => {
  it('about one more person after a few hundred invocations, and when that person comes back', () => {
    const odd = [0, 1, 2].map((at) => invocation(AFTER_MS + at * HISTORY * EVERY_MS, { symbols: person('person_b') }));
    const others = Array.from({ length: 900 }, (_, at) =>
      invocation(AFTER_MS + 1000 + at * EVERY_MS, { symbols: person('person_a') }),
    );
    const late = invocation(AFTER_MS + 901 * EVERY_MS, { symbols: person('person_b') });
    const rows = [...history(HISTORY, () => ({ symbols: person('person_a') })), ...odd, ...others, late];
    assertQuiet(fed(rows));
    const platform = (one: Sample): Sample => {
      return { ...one, kind: 'platform', atMs: one.atMs + 2000, calls: [], symbols: { status: 'ok' } };
    };
    assertQuiet(fed(rows, rows.map(platform)));
  });

  it('in a function that many people use', () => {
    const many = history(HISTORY, (at) => ({ symbols: person(`person_${at % 120}`) }));
    assertQuiet(fed(many, [invocation(AFTER_MS, { symbols: person('person_new') })]));
  });

  it('when nobody is known to have caused the invocation', () => {
    assertQuiet(
      fed(
        history(HISTORY, () => ({ symbols: role('role/front') })),
        [invocation(AFTER_MS)],
      ),
    );
  });

  it('after a short history', () => {
    const few = history(40, () => ({ symbols: role('role/front') }));
    assertQuiet(fed(few, [invocation(AFTER_MS, { symbols: role('role/stranger') })]));
  });
});
