import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StateReader, StateWriter } from '../base/state.ts';
import { Draws } from '../stats/draws.ts';
import { distance, scaled, scaleOf } from './distance.ts';
import { GROUPS_MAX, PeerGroups, type Profile } from './groups.ts';
import { clusterByMedoids } from './medoids.ts';

const SEED = 7;

/** Functions around each centre, one source each. */
function families(centres: readonly (readonly number[])[], each: number): Profile[] {
  const draws = new Draws(5);
  return centres.flatMap((centre, family) =>
    Array.from({ length: each }, (_, at) => ({
      name: `aws:1:eu:family${family}-${at}`,
      source: family * 1000 + at,
      numbers: Float64Array.from(centre, (value) => value + 0.05 * draws.normal()),
    })),
  );
}

const CENTRES = [
  [0, 0, 0],
  [4, 0, 2],
  [0, 5, 4],
];

function formed(profiles: readonly Profile[], groups = new PeerGroups()): PeerGroups {
  groups.form(profiles, SEED);
  return groups;
}

/** The family that a group's medoid is of. */
function familyOf(groups: PeerGroups, numbers: readonly number[]): string | undefined {
  return groups.groupOf(Float64Array.from(numbers))?.medoid.split('-')[0];
}

describe('C5: functions that behave alike form groups', () => {
  it('puts functions of one kind together and names the group by one of them', () => {
    const groups = formed(families(CENTRES, 40));
    for (const [at, centre] of CENTRES.entries()) assert.equal(familyOf(groups, centre), `aws:1:eu:family${at}`);
  });

  it('gives the same groups whatever the order of profiles', () => {
    const profiles = families(CENTRES, 30);
    assert.deepEqual(formed(profiles).groups, formed(profiles.toReversed()).groups);
  });

  it('says that a function like no other is in no group', () => {
    assert.equal(formed(families(CENTRES, 40)).groupOf(Float64Array.of(40, -40, 40)), undefined);
  });

  it('forms no group of fewer than five sources', () => {
    assert.deepEqual(formed(families([[1, 2, 3]], 4)).groups, []);
  });

  it('never forms more groups than the bound', () => {
    const centres = Array.from({ length: 40 }, (_, at) => [at * 10, (at * 7) % 40, (at * 3) % 40]);
    const { groups } = formed(families(centres, 12));
    assert.ok(groups.length > 0 && groups.length <= GROUPS_MAX);
  });

  it('keeps labels when the groups are formed again of other functions of the same kinds', () => {
    const groups = formed(families(CENTRES, 40));
    const before = new Set(groups.groups.map(({ label }) => label));
    formed(
      families(CENTRES, 40).map((one) => ({ ...one, name: `${one.name}-next` })),
      groups,
    );
    const kept = groups.groups.filter(({ label }) => before.has(label));
    assert.equal(kept.length, groups.groups.length);
  });

  it('answers the same after saving and loading', () => {
    const groups = formed(families(CENTRES, 40));
    const out = new StateWriter();
    groups.save(out);
    const loaded = new PeerGroups();
    loaded.load(new StateReader(out.finish()));
    assert.deepEqual(loaded.groups, groups.groups);
    for (const centre of CENTRES) assert.equal(familyOf(loaded, centre), familyOf(groups, centre));
  });
});

describe('C5: many functions of one source are no norm', () => {
  const ring = (source: (at: number) => number): Profile[] =>
    families([[9, 9, 9]], 200).map((one, at) => ({ ...one, name: `${one.name}-ring`, source: source(at) }));

  it('gives a ring of two hundred functions with one code no group', () => {
    const groups = formed([...families(CENTRES, 40), ...ring(() => 99_999)]);
    assert.equal(groups.groupOf(Float64Array.of(9, 9, 9)), undefined);
  });

  it('gives as many functions of different codes a group', () => {
    const groups = formed([...families(CENTRES, 40), ...ring((at) => 100_000 + at)]);
    assert.notEqual(groups.groupOf(Float64Array.of(9, 9, 9)), undefined);
  });
});

describe('distance of profiles', () => {
  it('is 0 to itself, the same in both directions, and bounded', () => {
    const [a, b] = [Float64Array.of(1, Number.NaN, 3), Float64Array.of(1e12, 2, Number.NaN)];
    assert.equal(distance(a, a), 0);
    assert.equal(distance(a, b), distance(b, a));
    assert.ok(distance(a, b) <= 3);
  });

  it('is not ruled by one wild function', () => {
    const rows = [1, 2, 3, 4, 1e9].map((value) => Float64Array.of(value));
    assert.ok(Math.abs(scaled(rows[0], scaleOf(rows))[0]) < 2);
  });
});

describe('k-medoids', () => {
  it('makes no more groups than there are different rows', () => {
    const rows = Array.from({ length: 10 }, (_, at) => Float64Array.of(at % 2));
    const { medoids } = clusterByMedoids(rows, new Float64Array(10).fill(1), { count: 5, seed: SEED });
    assert.equal(medoids.length, 2);
  });

  it('makes nothing of nothing', () => {
    assert.deepEqual(clusterByMedoids([], new Float64Array(0), { count: 5, seed: SEED }).medoids, []);
  });
});
