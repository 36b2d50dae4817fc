import type { Evidence, Finding } from '@gait/engine/event/finding';
import { FAMILIES } from '@gait/engine/event/finding';
import { FACETS } from '@gait/engine/event/schema';
import fc from 'fast-check';

/** The objects of a batch or of JSON have the usual prototype. */
const plain = { noNullPrototype: true } as const;
const anything = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }), fc.constant(''));
const share = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 1e-9, 0.25, 0.5, 0.75, 1));
const count = fc.oneof(fc.nat(), fc.double({ min: 0, max: 1e12, noNaN: true }));
const hex = (length: number) =>
  fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: length, maxLength: length });

const functionKey = fc.oneof(
  fc.constantFrom(
    '',
    'aws:123456789012:eu-west-1:pay',
    'aws:123456789012:us-gov-west-1:a:b',
    'aws:?:?:pay',
    'azure:sub-1:westeurope:app/fn',
    '?:?:?:?',
    'constructor:__proto__:toString:valueOf',
    '?:?:eu-west-1:pay',
    'no key',
  ),
  anything,
);

const observed = fc.oneof(
  anything,
  fc.constantFrom('files.example.net', 'github.com#0f3a', 'address:203.0.113.9', 'address:2001:db8::1', 's3/bucket'),
  fc.constantFrom('s3:PutObject bucket', 'iam:PassRole (denied)', 'http:GET example.com/{}', 'exec:/bin/sh', '9120334'),
);

const parameter = fc.oneof(
  anything,
  fc.constantFrom('destination', 'callee', 'caller', 'network', 'call', 'api_action', 'child_process', 'duration_ms'),
);

const evidence: fc.Arbitrary<Evidence> = fc.record(
  { parameter, observed, expected: anything, count, history: fc.array(fc.double(), { maxLength: 40 }) },
  { requiredKeys: ['parameter', 'observed', 'expected', 'count'], noNullPrototype: true },
);

const origin: fc.Arbitrary<Finding['origin']> = fc.record(
  {
    name: anything,
    line: fc.nat(),
    offset: fc.nat(),
    length: fc.nat(),
    sha256: hex(64),
  },
  plain,
);

/** Every finding the contract allows, with hostile texts in every place that can hold one. */
export const findingArbitrary: fc.Arbitrary<Finding> = fc.record(
  {
    id: hex(16),
    level: fc.constantFrom('finding', 'watch'),
    detector: anything,
    detectorVersion: anything,
    family: fc.constantFrom(...FAMILIES),
    title: anything,
    sentence: anything,
    entity: fc.record({ kind: fc.constantFrom('function', 'principal', 'edge'), key: functionKey }, plain),
    function: functionKey,
    principal: fc.oneof(fc.constantFrom('', 'person_0123456789abcdef', 'service:s3 for account:1'), anything),
    ordinal: fc.nat(),
    timeMs: fc.double({ min: 0, max: 4e15, noNaN: true }),
    score: fc.double({ min: 0, max: 20, noNaN: true }),
    rarity: share,
    maturity: share,
    confidence: share,
    impact: share,
    risk: share,
    evidence: fc.array(evidence, { maxLength: 5 }),
    quietIf: anything,
    unseen: fc.array(anything, { maxLength: 4 }),
    techniques: fc.array(
      fc.oneof(fc.constantFrom('T1567', 'T1567.002', 'T1078.004', 'T1648.A001', 'T9999'), anything),
      {
        maxLength: 4,
      },
    ),
    notes: fc.array(anything, { maxLength: 3 }),
    facet: fc.constantFrom(...FACETS),
    requestId: anything,
    traceId: anything,
    origin,
  },
  plain,
);
