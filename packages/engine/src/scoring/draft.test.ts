import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Score } from '../detectors/detector.ts';
import type { Batch } from '../event/batch.ts';
import { BatchBuilder } from '../event/batch-builder.ts';
import { FACET } from '../event/schema.ts';
import { draftFinding, entityOf, type Judged, RowPlace } from './draft.ts';
import { confidenceOf, riskOf } from './risk.ts';

const FACTS = {
  id: 'egress.new-destination',
  family: 'egress',
  title: 'Destination never seen before',
  version: '3',
} as const;
const ENTITY = { kind: 'function', key: 'aws:1:eu:f' } as const;
const SCORE: Score = {
  detector: FACTS.id,
  score: 3.5,
  threshold: 2,
  count: 900,
  maturity: 0.9,
  value: 'drop.example',
  novelty: { field: 1, hash: 5 },
  evidence: [{ parameter: 'destination', observed: 'drop.example', expected: 'none', count: 900 }],
  sentence: 'A sentence.',
  quietIf: 'it had not.',
  impact: 0.8,
  techniques: ['T1567'],
};

/** Two rows of one delivery; the second one is what the finding is about. */
function batch(): Batch {
  const builder = new BatchBuilder();
  const origin = builder.addOrigin({ name: 'a.ndjson', from: 1000, to: 2000, sha256: 'c'.repeat(64) });
  for (const row of [0, 1]) {
    builder.begin('sensor', 5000 + row, 'made');
    builder.symbol('principal', `person_${row}`);
    builder.id('requestId', `request-${row}`);
    builder.id('traceId', `trace-${row}`);
    builder.locate(origin, row * 100, 90, row + 1);
    builder.end();
  }
  return builder.finish();
}

function drafted(judged: Partial<Judged> = {}, place: { own?: boolean } = {}) {
  const of: Judged = {
    score: SCORE,
    adjusted: 3.5,
    rarity: 1e-3,
    fused: 1e-3,
    knownElsewhere: false,
    namesake: '',
    sinceDeployment: Number.POSITIVE_INFINITY,
    function: ENTITY.key,
    facets: 1 << FACET.sensor,
    facetsEver: 1 << FACET.sensor,
    sensitivity: 'normal',
    ...judged,
  };
  const row = new RowPlace(batch(), 1, 70);
  const { eventMs, traceId, requestId } = row;
  const at = { ...row, eventMs, traceId, requestId, ...place };
  return draftFinding(at, of, { facts: FACTS, entity: ENTITY, id: 'abc', level: 'finding' });
}

describe('a finding', () => {
  it('says everything its detector said, with what is fixed about the detector', () => {
    const finding = drafted();
    const { detector, family, title, detectorVersion, sentence, quietIf, evidence, techniques, impact } = finding;
    assert.deepEqual(
      { detector, family, title, detectorVersion },
      {
        detector: FACTS.id,
        family: FACTS.family,
        title: FACTS.title,
        detectorVersion: FACTS.version,
      },
    );
    assert.deepEqual(
      [sentence, quietIf, evidence, techniques, impact],
      [SCORE.sentence, SCORE.quietIf, SCORE.evidence, SCORE.techniques, SCORE.impact],
    );
    assert.deepEqual(
      [finding.id, finding.level, finding.entity, finding.function],
      ['abc', 'finding', ENTITY, ENTITY.key],
    );
  });

  it('leads back to its row: ordinal, time, identifiers and the place in the original', () => {
    const finding = drafted();
    assert.deepEqual([finding.ordinal, finding.timeMs, finding.principal], [71, 5001, 'person_1']);
    assert.deepEqual([finding.requestId, finding.traceId], ['request-1', 'trace-1']);
    assert.deepEqual(finding.origin, { name: 'a.ndjson', line: 2, offset: 1100, length: 90, sha256: 'c'.repeat(64) });
  });

  it('names neither origin nor principal of a row that only answered its question', () => {
    const finding = drafted({}, { own: false });
    assert.deepEqual(finding.origin, { name: '', line: 0, offset: 0, length: 0, sha256: '' });
    assert.equal(finding.principal, '');
  });

  it('is as confident as the rarest reading of it, and as risky as that makes its impact', () => {
    const alone = drafted({ rarity: 1e-3, fused: 0.9 });
    const together = drafted({ rarity: 1e-3, fused: 1e-5 });
    assert.equal(alone.confidence, confidenceOf({ rarity: 1e-3, maturity: 0.9, trust: 3 }));
    assert.ok(together.confidence > alone.confidence);
    assert.equal(together.rarity, 1e-3, 'the rarity is its own');
    assert.equal(alone.risk, riskOf(SCORE.impact, alone.confidence));
  });

  it('rests on its latest facet, and says what no facet of its function can see', () => {
    const finding = drafted({ facets: 1 << FACET.xray, facetsEver: (1 << FACET.xray) | (1 << FACET.platform) });
    assert.equal(finding.facet, 'xray');
    assert.ok(finding.unseen.includes('child processes and files'));
    assert.ok(!finding.unseen.includes('memory'));
  });

  it('carries the score after the experience of others, and says that there was some', () => {
    const finding = drafted({ adjusted: 1.75, knownElsewhere: true });
    assert.equal(finding.score, 1.75);
    assert.deepEqual(finding.notes, ['Other functions show this value, which halves the surprise.']);
    assert.deepEqual(drafted().notes, []);
  });
});

describe('what a finding is about', () => {
  const of = { function: 'f', principal: 'p', edge: '', stageOne: true };

  it('is the edge, the function, or else who acted', () => {
    assert.deepEqual(entityOf(of), { kind: 'function', key: 'f' });
    assert.deepEqual(entityOf({ ...of, stageOne: false }), { kind: 'principal', key: 'p' });
    assert.deepEqual(entityOf({ ...of, edge: 'a -> f' }), { kind: 'edge', key: 'a -> f' });
  });
});
