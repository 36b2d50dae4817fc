import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { findingArbitrary } from '../render/finding-arbitrary.contract.ts';
import { apiUnderTest, PAY } from './api.contract.ts';
import { FINDING } from './schemas.ts';
import { API_PREFIX, routeTable } from './table.ts';

const NAMES = [
  'limit',
  'cursor',
  'since',
  'until',
  'from',
  'to',
  'step',
  'metric',
  'order',
  'sort',
  'search',
  'level',
  'riskMin',
  'family',
  'function',
  'incident',
  'state',
  '__proto__',
  'constructor',
  'nonsense',
];
const VALUES = [
  '',
  '0',
  '1',
  '-1',
  '1e9',
  '1764000000000',
  '2025-11-24',
  '2025-02-31',
  'NaN',
  'null',
  'true',
  'newest',
  'count',
  'key',
  'finding',
  'egress',
  PAY,
  "' OR 1=1 --",
  '%00',
  '\u0000',
  '\u{1f600}',
  '\ud800',
  'WyJ4IiwxXQ',
  'W10',
  '../..',
  '[]',
  'x'.repeat(3000),
];
const value = fc.oneof(
  fc.constantFrom(...VALUES),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.double().map(String),
);
const query = fc.array(fc.tuple(fc.oneof(fc.constantFrom(...NAMES), fc.string({ maxLength: 8 })), value), {
  maxLength: 5,
});
const json = fc.oneof(
  fc.json(),
  fc.string({ unit: 'binary' }),
  fc
    .record(
      {
        finding: value,
        verdict: fc.constantFrom('expected', 'x'),
        incident: value,
        state: fc.constantFrom('new', 'contained'),
        fromMs: fc.double(),
        toMs: fc.double(),
        principal: value,
        name: value,
        role: fc.constantFrom('ingest', 'read'),
        functions: fc.array(value, { maxLength: 3 }),
        recordsPerSecond: fc.double(),
        expiresMs: fc.double(),
      },
      { requiredKeys: [] },
    )
    .map((one) => JSON.stringify(one)),
);

const escaped = (text: string) => encodeURIComponent(text.toWellFormed());

test('whatever is asked for, the answer is JSON and never a failure of the server', async (context) => {
  const api = await apiUnderTest(context);
  const routes = routeTable();
  const request = fc.tuple(fc.constantFrom(...routes.keys()), value, query, json);
  const codes = new Set<number>();
  await fc.assert(
    fc.asyncProperty(request, async ([at, id, parameters, body]) => {
      const { method, path } = routes[at];
      const words = parameters.map(([name, one]) => `${escaped(name)}=${escaped(one)}`).join('&');
      const url = `${API_PREFIX}${path.replace('{id}', escaped(id) || 'x')}?${words}`;
      const response = await api.send(url, { method, ...(method === 'POST' ? { body } : {}) });
      codes.add(response.status);
      const answer: unknown = await response.json();
      assert.ok(response.status < 500, `${method} ${url}: ${JSON.stringify(answer)}`);
      if (response.status >= 400) assert.deepEqual(Object.keys(Object(answer)), ['error']);
    }),
    { numRuns: 800 },
  );
  assert.ok(codes.has(200) && codes.has(422) && codes.has(400) && codes.has(404), [...codes].join());
});

test('raw bytes in the path are answered in the same shape', async (context) => {
  const api = await apiUnderTest(context);
  const piece = fc.constantFrom(
    '/',
    '%',
    '%2f',
    '%00',
    '..',
    'api',
    'v1',
    'findings',
    '?',
    '&',
    '=',
    ';',
    'a',
    '%ff',
    '+',
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 12 }), async (parts) => {
      const response = await api.app.inject({ method: 'GET', url: `/api/v1/${parts.join('')}` });
      assert.ok(response.statusCode < 500, response.body);
      if (response.statusCode >= 400) assert.deepEqual(Object.keys(response.json()), ['error']);
    }),
    { numRuns: 500 },
  );
});

test('every finding the engine may tell has the shape the document says', () => {
  fc.assert(
    fc.property(findingArbitrary, (finding) => {
      const sent: unknown = JSON.parse(JSON.stringify(finding));
      assert.ok(isDeepStrictEqual(FINDING.parse(sent), sent));
    }),
  );
});
