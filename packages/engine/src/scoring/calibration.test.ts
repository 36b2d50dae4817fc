import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { StateReader, StateWriter } from '../base/state.ts';
import { SCORE_MIN } from '../detectors/detector.ts';
import { Draws } from '../stats/draws.ts';
import { statisticContract } from '../stats/statistic.contract.ts';
import { Calibration, ENTITIES_PER_HOUR_MAX, SCORES_PER_ENTITY_HOUR_MAX } from './calibration.ts';

const HOUR_MS = 3_600_000;

interface Feed {
  readonly judged: number;
  /** 1: scores say what is true; 2: they claim twice the decades. */
  readonly overstated: number;
  readonly seed: number;
  readonly group?: number;
}

/** Feeds scores of many entities, spread over time so that nobody exceeds their part. */
function feed(calibration: Calibration, { judged, overstated, seed, group = 1 }: Feed): Calibration {
  const draws = new Draws(seed);
  for (let at = 0; at < judged; at++) {
    calibration.judged('d', group, 1);
    const score = -Math.log10(draws.uniform()) * overstated;
    if (score < SCORE_MIN) continue;
    calibration.observe({ detector: 'd', group, score, count: 600, entity: `f${at % 97}`, nowMs: at * 60_000 });
  }
  return calibration;
}

function decades(calibration: Calibration, score: number, of: { count?: number; group?: number } = {}): number {
  return -Math.log10(calibration.rarity({ detector: 'd', group: of.group ?? 1, score, count: of.count ?? 600 }));
}

function bytesOf(calibration: Calibration): Uint8Array {
  const out = new StateWriter();
  calibration.save(out);
  return out.finish();
}

const draws = new Draws(9);
statisticContract<Calibration>({
  name: 'a calibration',
  make: () => new Calibration(),
  learn: (to, value) => {
    to.judged('d', Math.floor(value * 10) % 4, 7);
    const entity = `f${Math.floor(value * 100) % 5}`;
    to.observe({ detector: 'd', group: 1, score: value, count: 300, entity, nowMs: value * HOUR_MS });
  },
  judge: (by, value) => by.rarity({ detector: 'd', group: 1, score: value, count: 300 }),
  save: bytesOf,
  load: (bytes) => {
    const calibration = new Calibration();
    calibration.load(new StateReader(bytes));
    return calibration;
  },
  values: Array.from({ length: 400 }, () => SCORE_MIN - Math.log10(draws.uniform())),
  asked: [0, 0.5, 1.3, 2, 3, 5, 9],
  refuses: (by, value) => {
    const before = by.refused['not-a-score'];
    by.observe({ detector: 'd', group: 1, score: value, entity: 'f', nowMs: 0 });
    return by.refused['not-a-score'] === before + 1;
  },
});

describe('rarity', () => {
  it('is the score itself down to ten observations of its own record', () => {
    const calibration = feed(new Calibration(), { judged: 100_000, overstated: 1, seed: 1 });
    for (const score of [0, 0.7, 1.3, 2, 3]) {
      assert.ok(Math.abs(decades(calibration, score, { count: 10_000 }) - score) < 0.03, `${score}`);
    }
  });

  it('claims little beyond the own record while the pool knows nothing', () => {
    const calibration = new Calibration();
    assert.ok(Math.abs(decades(calibration, 1.7) - 1.7) < 1e-9, 'own range of 600 observations');
    const claimed = decades(calibration, 6);
    assert.ok(claimed > 2 && claimed < 4, `${claimed}`);
    assert.ok(decades(calibration, 6, { count: 20 }) < claimed, 'and less with a shorter record');
  });

  it('goes as far as the pool confirms', () => {
    const honest = feed(new Calibration(), { judged: 300_000, overstated: 1, seed: 2 });
    const boastful = feed(new Calibration(), { judged: 300_000, overstated: 2, seed: 3 });
    assert.ok(Math.abs(decades(honest, 4) - 4) < 0.35, `${decades(honest, 4)}`);
    assert.ok(Math.abs(decades(boastful, 8) - 4) < 0.6, `${decades(boastful, 8)}`);
  });

  it('lets a small group lean on its tenant', () => {
    const calibration = feed(new Calibration(), { judged: 300_000, overstated: 1, seed: 4 });
    const alone = decades(new Calibration(), 5, { group: 2 });
    const leaning = decades(calibration, 5, { group: 2 });
    assert.ok(leaning > alone + 0.3, `${leaning} instead of ${alone}`);
  });

  it('never rises with the score, for any record and any pool', () => {
    const pools = [
      new Calibration(),
      feed(new Calibration(), { judged: 20_000, overstated: 0.7, seed: 5 }),
      feed(new Calibration(), { judged: 20_000, overstated: 3, seed: 6 }),
    ];
    for (const pool of pools) {
      for (const count of [0, 20, 600, 100_000]) {
        let before = 0;
        for (let score = 0; score < 15; score += 0.043) {
          const now = decades(pool, score, { count });
          assert.ok(now >= before - 1e-9 && Number.isFinite(now), `${score} with ${count}`);
          before = now;
        }
      }
    }
  });
});

describe('measured exceedances', () => {
  it('are within a factor of two of what honest scores promise', () => {
    const calibration = feed(new Calibration(), { judged: 400_000, overstated: 1, seed: 7 });
    for (const { level, expected, observed } of calibration.exceedances()) {
      if (expected < 20) continue;
      assert.ok(observed / expected > 0.5 && observed / expected < 2, `${level}: ${observed} of ${expected}`);
    }
  });

  it('stay within it when scores boast, because the pool corrects them', () => {
    const calibration = feed(new Calibration(), { judged: 400_000, overstated: 2, seed: 8 });
    for (const { level, expected, observed } of calibration.exceedances()) {
      if (expected < 20) continue;
      assert.ok(observed / expected < 2.2, `${level}: ${observed} of ${expected}`);
    }
  });
});

describe('one entity in calibration', () => {
  it('adds a bounded number of scores an hour, so that decoys do not hide an attack', () => {
    const calibration = feed(new Calibration(), { judged: 200_000, overstated: 1, seed: 10 });
    const before = decades(calibration, 5);
    const flood = { detector: 'd', group: 1, score: 7, count: 600, entity: 'decoy', nowMs: 1e12 };
    for (let at = 0; at < 100_000; at++) calibration.observe(flood);
    assert.equal(calibration.refused['entity-part'], 100_000 - SCORES_PER_ENTITY_HOUR_MAX);
    assert.ok(decades(calibration, 5) > before - 0.5, `${before} became ${decades(calibration, 5)}`);
    calibration.observe({ ...flood, nowMs: 1e12 + HOUR_MS });
    assert.equal(calibration.refused['entity-part'], 100_000 - SCORES_PER_ENTITY_HOUR_MAX, 'the next hour is new');
  });

  it('costs bounded memory, whatever a million of them are called', () => {
    const calibration = new Calibration();
    for (let at = 0; at < 1_000_000; at++) {
      calibration.observe({ detector: 'd', group: at, score: 2, count: 50, entity: `f${at}`, nowMs: 0 });
    }
    assert.equal(calibration.refused.entities, 1_000_000 - ENTITIES_PER_HOUR_MAX);
    const full = bytesOf(calibration).length;
    calibration.observe({ detector: 'd', group: 1, score: 2, count: 50, entity: 'f', nowMs: HOUR_MS });
    assert.ok(bytesOf(calibration).length < full / 10, 'and gives it back with the hour');
  });
});
