import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import { sampleIncident } from '../storage/finding-samples.ts';
import { defang } from './defang.ts';
import { findingArbitrary } from './finding-arbitrary.contract.ts';
import { columnsOf, fitted, wrapped } from './printable.ts';
import { findingsText, findingText, incidentText } from './text.ts';

const RUNS = 60 * Number(process.env['GAIT_SEEDS'] ?? 5);
const width = fc.integer({ min: 40, max: 130 });
const anyText = fc.oneof(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }));
/** Lines that hold something to copy are not broken. */
const EXACT = /^ {2}(Principal|Request|Trace|Original|Explain) /;
const REACHABLE = /https?:\/\/|evil\.com|203\.0\.113\.9/i;
const OBEYED = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\u2028\u2029]/u;

/** A finding whose texts are full of addresses and of characters that terminals obey. */
const hostileFinding = fc
  .tuple(findingArbitrary, fc.constantFrom('https://evil.com/x', 'evil.com', '203.0.113.9', 'a@evil.com', '\u001b[31m'))
  .map(([finding, bait]) => ({ ...finding, sentence: finding.sentence + bait, title: bait, quietIf: bait }));

test('every finding fits the terminal, line by line, and holds nothing that terminals obey or people click', () => {
  fc.assert(
    fc.property(hostileFinding, width, (finding, columns) => {
      const incident = sampleIncident({
        summary: finding.sentence,
        entities: [finding.entity.key],
        findings: [finding.id],
      });
      const style = { width: columns, colour: false };
      const text = [
        findingText(finding, style),
        incidentText(incident, [finding], style),
        findingsText([finding], style),
      ];
      for (const line of text.join('\n').split('\n')) {
        assert.doesNotMatch(line, OBEYED);
        if (EXACT.test(line)) continue;
        assert.ok(columnsOf(line) <= columns, `${columnsOf(line)} > ${columns}: ${line}`);
        assert.doesNotMatch(line, REACHABLE);
      }
    }),
    { seed: 16, numRuns: RUNS },
  );
});

test('colours add nothing but colours', () => {
  fc.assert(
    fc.property(findingArbitrary, width, (finding, columns) => {
      const plain = findingText(finding, { width: columns, colour: false });
      const coloured = findingText(finding, { width: columns, colour: true });
      const stripped = stripVTControlCharacters(coloured).split('\n');
      assert.deepEqual(
        stripped.map((line) => line.trimEnd()),
        plain.split('\n'),
      );
    }),
    { seed: 17, numRuns: RUNS },
  );
});

test('wrapping loses no word and no line is too long', () => {
  fc.assert(
    fc.property(anyText, fc.integer({ min: 2, max: 30 }), (text, columns) => {
      const lines = wrapped(text, columns);
      for (const line of lines) assert.ok(columnsOf(line) <= columns);
      assert.equal(lines.join('').replaceAll(' ', ''), text.replaceAll(' ', ''));
    }),
    { seed: 18, numRuns: RUNS },
  );
});

test('a fitted text fits and is the whole text or its beginning', () => {
  fc.assert(
    fc.property(anyText, fc.integer({ min: 1, max: 30 }), (text, columns) => {
      const short = fitted(text, columns);
      assert.ok(columnsOf(short) <= columns);
      if (short !== text) assert.ok(short.endsWith('…') && text.startsWith(short.slice(0, -1)));
    }),
    { seed: 19, numRuns: RUNS },
  );
});

test('defanging twice is defanging once, and nothing reachable is left', () => {
  fc.assert(
    fc.property(fc.oneof(anyText, fc.webUrl(), fc.domain(), fc.emailAddress(), fc.ipV4()), (text) => {
      const once = defang(text);
      assert.equal(defang(once), once);
      assert.doesNotMatch(once, /https?:\/\//i);
    }),
    { seed: 20, numRuns: RUNS },
  );
});
