import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { statementOf, type VerifyReport } from './report.ts';

const REPORT: Omit<VerifyReport, 'statement'> = {
  ok: true,
  segments: 1,
  removedSegments: 0,
  records: 1,
  firstBad: undefined,
  unfinished: undefined,
  provenThrough: 1,
  anchored: undefined,
  key: 'k',
};

describe('the statement about a log', () => {
  it('speaks of one record as of one', () => {
    assert.equal(statementOf(REPORT)[0], 'Intact: 1 record is in the form in which it was written.');
    assert.match(
      statementOf({ ...REPORT, records: 2 })[0],
      /^Intact: 2 records are in the order and form in which they/,
    );
  });

  it('says that nothing is proven where no head covers anything', () => {
    const where = { file: '1.seg', offset: 70, ordinal: 0 };
    const firstBad = { what: 'frame', where, sentence: 'The frame is damaged.' } as const;
    const [, ...rest] = statementOf({ ...REPORT, ok: false, firstBad, provenThrough: 0 });
    assert.deepEqual(rest, ['Nothing is proven.']);
    assert.deepEqual(statementOf({ ...REPORT, ok: false, firstBad, provenThrough: 0, anchored: 0 }).slice(1), rest);
  });
});
