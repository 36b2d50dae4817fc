import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { findingArbitrary } from './finding-arbitrary.contract.ts';
import { toOcsf } from './ocsf.ts';
import { validateOcsf } from './ocsf-validator.ts';

const RUNS = 100 * Number(process.env['GAIT_SEEDS'] ?? 5);
const homes = fc.constantFrom(
  { provider: '', account: '', region: '' },
  { provider: 'aws', account: '123456789012', region: 'eu-west-1' },
  { provider: 'somebody', account: '', region: '' },
);

test('every finding becomes a valid OCSF finding', () => {
  fc.assert(
    fc.property(findingArbitrary, homes, (finding, home) => {
      assert.deepEqual(validateOcsf(toOcsf(finding, { version: '0.1.0', home })), []);
    }),
    { seed: 2004, numRuns: RUNS },
  );
});

test('the same finding gives the same text, and the text reads back as a valid finding', () => {
  fc.assert(
    fc.property(findingArbitrary, homes, (finding, home) => {
      const context = { version: '0.1.0', home };
      const text = JSON.stringify(toOcsf(finding, context));
      assert.equal(JSON.stringify(toOcsf(structuredClone(finding), context)), text);
      assert.deepEqual(validateOcsf(JSON.parse(text)), []);
    }),
    { seed: 180, numRuns: RUNS },
  );
});

test('a finding with one value replaced by another type is never taken for valid', () => {
  fc.assert(
    fc.property(findingArbitrary, fc.nat(), (finding, pick) => {
      const home = { provider: 'aws', account: '1', region: 'eu-west-1' };
      const valid: unknown = JSON.parse(JSON.stringify(toOcsf(finding, { version: '0.1.0', home })));
      const broken = replaceOne(valid, pick);
      if (isDeepStrictEqual(broken, valid)) return;
      assert.notDeepEqual(validateOcsf(broken), []);
    }),
    { seed: 99, numRuns: RUNS },
  );
});

/** Replaces one value outside `unmapped`, chosen by number, by a value of another JSON type. */
function replaceOne(value: unknown, pick: number): unknown {
  const places: string[] = [];
  const visit = (at: unknown, path: string): unknown => {
    if (path === '/unmapped') return at;
    if (typeof at === 'object' && at !== null) {
      const entries = Object.entries(at).map(([name, one]) => [name, visit(one, `${path}/${name}`)]);
      return Array.isArray(at) ? entries.map(([, one]) => one) : Object.fromEntries(entries);
    }
    places.push(path);
    if (places.length - 1 !== chosen) return at;
    return typeof at === 'string' ? 7 : 'seven';
  };
  let chosen = -1;
  visit(value, '');
  chosen = pick % places.length;
  places.length = 0;
  return visit(value, '');
}
