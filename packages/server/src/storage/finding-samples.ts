import type { Finding, Incident } from '@gait/engine/event/finding';

/** A whole, sound finding for tests; `changes` replaces fields. */
export function sampleFinding(changes: Partial<Finding> = {}): Finding {
  return {
    id: 'f3a09c1b2d4e5f60',
    level: 'finding',
    detector: 'egress.new-destination',
    detectorVersion: '3',
    family: 'egress',
    title: 'Egress to a destination never seen before',
    sentence: 'pay sent 9.1 MB to files.example.net, which it never contacted before.',
    entity: { kind: 'function', key: 'aws:123456789012:eu-west-1:pay' },
    function: 'aws:123456789012:eu-west-1:pay',
    principal: '',
    ordinal: 48_211,
    timeMs: 1_764_017_591_250,
    score: 4.6,
    rarity: 0.000025,
    maturity: 0.93,
    confidence: 0.92,
    impact: 0.85,
    risk: 0.816,
    evidence: [
      {
        parameter: 'destination',
        observed: 'files.example.net',
        expected: 'one of 4 known destinations',
        count: 12_400,
      },
      {
        parameter: 'bytes_out',
        observed: '9120334',
        expected: 'at most 41000',
        count: 12_400,
        history: [30_100, 28_400, 31_000, 40_200, 29_900, 33_000, 9_120_334],
      },
    ],
    quietIf: 'files.example.net had been contacted on three other days',
    unseen: ['process starts: no sensor in this function'],
    techniques: ['T1567'],
    notes: ['after deployment of revision 7 by deploy-role'],
    facet: 'otel',
    requestId: '8f507cfc-xmpl-4697-b07a-ac58fc914c95',
    traceId: '5b8efff798038103d269b633813fc60c',
    origin: {
      name: 'logs/2025-11-24.jsonl',
      line: 4711,
      offset: 1_203_388,
      length: 641,
      sha256: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08',
    },
    ...changes,
  };
}

/** The finding that step number `at` of a test makes: its id, ordinal and time follow from the number. */
export function numberedFinding(at: number, changes: Partial<Finding> = {}): Finding {
  return sampleFinding({
    id: at.toString(16).padStart(16, '0'),
    ordinal: at,
    timeMs: 1_764_000_000_000 + at * 1000,
    ...changes,
  });
}

/** An incident for tests; `changes` replaces fields. */
export function sampleIncident(changes: Partial<Incident> = {}): Incident {
  return {
    id: 'i-1',
    openedMs: 1_764_017_591_250,
    lastMs: 1_764_017_651_250,
    findings: ['f3a09c1b2d4e5f60'],
    entities: ['aws:123456789012:eu-west-1:pay'],
    state: 'new',
    risk: 0.816,
    summary: 'pay sends data to a new destination',
    ...changes,
  };
}
