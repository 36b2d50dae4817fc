import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { numberedFinding, sampleFinding, sampleIncident } from '../storage/finding-samples.ts';
import { findingsText, findingText, incidentsText, incidentText } from './text.ts';

const PLAIN = { width: 80, colour: false };
const MINUTE_MS = 60_000;
const DAY_MS = 1440 * MINUTE_MS;

/** Compares with a recorded text; `GAIT_UPDATE_GOLDEN=1` records it anew, to be read in review. */
function golden(name: string, text: string): void {
  const path = join(import.meta.dirname, 'golden', name);
  if (process.env['GAIT_UPDATE_GOLDEN'] === '1') writeFileSync(path, `${text}\n`);
  assert.equal(`${text}\n`, readFileSync(path, 'utf8'));
}

const first = sampleFinding({ techniques: ['T1567.002', 'T1530', 'T9999'], principal: 'person_0123456789abcdef' });
const second = numberedFinding(7, {
  timeMs: first.timeMs + MINUTE_MS,
  risk: 0.41,
  rarity: 0.0016,
  confidence: 0.48,
  maturity: 0.4,
  family: 'access',
  facet: 'audit',
  title: 'API action never used before',
  sentence:
    'arn:aws:iam::123456789012:role/pay tried iam:CreateUser; in 602 recorded API calls it never used this action.',
  entity: { kind: 'principal', key: 'arn:aws:iam::123456789012:role/pay' },
  function: '',
  principal: 'arn:aws:iam::123456789012:role/pay',
  evidence: [
    { parameter: 'api_action', observed: 'iam:CreateUser (denied)', expected: 's3:GetObject (98 %)', count: 602 },
  ],
  unseen: [],
  notes: [],
  techniques: [],
  requestId: '',
  traceId: '',
  origin: { name: '', line: 0, offset: 0, length: 0, sha256: '' },
});
const third = numberedFinding(8, {
  timeMs: first.timeMs + DAY_MS,
  risk: 0.2,
  entity: { kind: 'edge', key: 'aws:1:r:pay -> aws:1:r:mail' },
  title: 'Function never called before',
});
const findings = [third, first, second];
const incident = sampleIncident({
  findings: findings.map((finding) => finding.id),
  entities: ['aws:123456789012:eu-west-1:pay', 'arn:aws:iam::123456789012:role/pay'],
  openedMs: first.timeMs,
  lastMs: third.timeMs,
});

suite('text for a terminal', () => {
  test('of a finding reads as recorded', () => golden('finding.txt', findingText(first, PLAIN)));
  test('of a finding with little to say reads as recorded', () =>
    golden('finding-bare.txt', findingText(second, PLAIN)));
  test('of a finding on a narrow terminal reads as recorded', () => {
    golden('finding-narrow.txt', findingText(first, { width: 44, colour: false }));
  });
  test('of a finding in colour reads as recorded', () => {
    golden('finding-colour.txt', findingText(first, { width: 100, colour: true }).replaceAll('\u001b', '␛'));
  });
  test('of an incident reads as recorded', () => golden('incident.txt', incidentText(incident, findings, PLAIN)));
  test('of lists reads as recorded', () => {
    const lists = [
      findingsText(findings, PLAIN),
      incidentsText([incident, sampleIncident({ state: 'closed-false' })], PLAIN),
    ];
    golden('lists.txt', lists.join('\n\n'));
  });

  test('shows findings of one moment in the order in which they were told', () => {
    const told = [7, 2, 5].map((at) => numberedFinding(at, { ordinal: 1, timeMs: 1_764_000_000_000, title: `T${at}` }));
    const incident = sampleIncident({ findings: told.map(({ id }) => id) });
    for (const order of [told, told.toReversed()]) {
      assert.deepEqual(incidentText(incident, order, PLAIN).match(/ T\d/g), [' T7', ' T2', ' T5']);
    }
  });

  test('pushes what a long label says to the right instead of cutting the label', () => {
    const evidence = [{ parameter: 'duration_ms_recent', observed: '4200', expected: '61 ms to 212 ms', count: 9 }];
    const text = findingText(sampleFinding({ evidence }), PLAIN);
    assert.match(text, /\n {2}Duration, latest runs {2}4\.20 s\n {4}expected {4}61 ms to 212 ms · 9 observations\n/);
    const words = [{ ...evidence[0], observed: 'word '.repeat(40).trim() }];
    for (const width of [40, 60, 100]) {
      const lines = findingText(sampleFinding({ evidence: words }), { ...PLAIN, width }).split('\n');
      const first = lines.findIndex((line) => line.includes('latest runs'));
      for (const line of lines.slice(first, first + 3)) assert.ok(line.length <= width, line);
    }
  });

  test('shows a long title in a list on more lines', () => {
    const key = 'aws:1:eu-west-1:thumbnail-upload -> aws:1:eu-west-1:thumbnail-create-thumbnail';
    const edge = sampleFinding({
      entity: { kind: 'edge', key },
      title: 'Function calls another one for the first time',
    });
    const text = findingsText([edge], PLAIN);
    assert.match(
      text.replace(/\s+/g, ' '),
      /thumbnail-create-thumbnail: Function calls another one for the first time$/,
    );
    const endless = findingsText([{ ...edge, title: 'word '.repeat(100) }], PLAIN).split('\n');
    assert.equal(endless.length, 3);
    assert.match(endless[2], /…$/);
  });

  test('shows the first findings of a long incident and counts the others', () => {
    const many = Array.from({ length: 30 }, (_, at) => numberedFinding(at));
    const text = incidentText(sampleIncident({ findings: many.map((one) => one.id) }), many, PLAIN);
    assert.equal(text.match(/CRITICAL {2}Egress/g)?.length, 20);
    assert.match(text, /and 10 findings more/);
    assert.match(text, /30 findings on pay/);
  });

  test('of an incident whose findings are not at hand still says how many there are', () => {
    const text = incidentText(sampleIncident(), [], PLAIN);
    assert.match(text, /1 finding on pay/);
    assert.match(text, /and 1 finding more/);
    assert.match(text, /gait explain i-1/);
  });

  test('of an empty list is empty', () => {
    assert.equal(findingsText([], PLAIN), '');
    assert.equal(incidentsText([], PLAIN), '');
  });

  test('shows what could steer the terminal by its number', () => {
    const hostile = sampleFinding({ sentence: 'a\u001b[2Jb\u202ec\u200bd\r\ne\u0007', title: '\u001b]0;pwned\u0007' });
    const text = findingText(hostile, PLAIN);
    assert.match(text, /a\\u\{1b\}\[2Jb\\u\{202e\}c\\u\{200b\}d e\\u\{7\}/);
    assert.match(text, /\\u\{1b\}\]0;pwned\\u\{7\}/);
  });
});
