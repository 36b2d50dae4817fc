import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { INCIDENT_FINDINGS_MAX, INCIDENT_NAMES_MAX, OPEN_INCIDENTS_MAX } from '../base/limits.ts';
import { StateReader, StateWriter } from '../base/state.ts';
import type { Finding, Incident } from '../event/finding.ts';
import { Correlation } from './correlation.ts';

const DAY_MS = 86_400_000;
const START_MS = 1_700_000_000_000;

/** What a finding of these tests says beside its number. */
interface Told {
  readonly fn?: string;
  readonly principal?: string;
  readonly trace?: string;
  readonly edge?: string;
  readonly risk?: number;
  readonly minute?: number;
}

function finding(number: number, told: Told): Finding {
  const { fn = '', principal = '', trace = '', edge } = told;
  const key = edge ?? (fn === '' ? principal : fn);
  return {
    id: number.toString(16).padStart(16, '0'),
    level: 'finding',
    detector: 'flow.new-call',
    detectorVersion: '1',
    family: 'flow',
    title: 'A test',
    sentence: `Finding ${number}.`,
    entity: { kind: edge !== undefined ? 'edge' : fn === '' ? 'principal' : 'function', key },
    function: fn,
    principal,
    ordinal: number,
    timeMs: START_MS + (told.minute ?? number) * 60_000,
    score: 3,
    rarity: 1e-3,
    maturity: 1,
    confidence: 0.5,
    impact: 0.5,
    risk: told.risk ?? 0.3,
    evidence: [],
    quietIf: '',
    unseen: [],
    techniques: [],
    notes: [],
    facet: 'sensor',
    requestId: '',
    traceId: trace,
    origin: { name: '', line: 0, offset: 0, length: 0, sha256: '' },
  };
}

/** Adds a finding that is stamped when it happened. */
function add(to: Correlation, number: number, told: Told): Incident[] {
  const one = finding(number, told);
  return to.add(one, { stampMs: one.timeMs, windowMs: DAY_MS });
}

function savedOf(correlation: Correlation): Uint8Array<ArrayBuffer> {
  const out = new StateWriter();
  correlation.save(out);
  return out.finish();
}

describe('what was told of already', () => {
  it('is counted in its incident when it is seen again, and kept over a save', () => {
    const correlation = new Correlation();
    const [{ id }] = add(correlation, 1, { fn: 'a', minute: 1 });
    assert.equal(
      correlation.repeat(id, { ordinal: 7, timeMs: START_MS + 5 * 60_000 })?.summary,
      'Finding 1. Seen again once.',
    );
    assert.equal(correlation.repeat(id, { ordinal: 7, timeMs: START_MS }), undefined, 'the same event');
    const again = correlation.repeat(id, { ordinal: 8, timeMs: START_MS + 3 * 60_000 });
    assert.deepEqual(
      [again?.summary, again?.lastMs, again?.findings.length],
      ['Finding 1. Seen again 2 times.', START_MS + 5 * 60_000, 1],
    );
    const out = new StateWriter();
    correlation.save(out);
    const loaded = new Correlation();
    loaded.load(new StateReader(out.finish()));
    assert.equal(loaded.repeat(id, { ordinal: 9, timeMs: START_MS })?.summary, 'Finding 1. Seen again 3 times.');
    assert.equal(loaded.repeat(id, { ordinal: 9, timeMs: START_MS }), undefined);
    assert.equal(correlation.repeat('unknown', { ordinal: 9, timeMs: START_MS }), undefined);
  });

  it('is counted together when incidents turn out to be one', () => {
    const correlation = new Correlation();
    const [a] = add(correlation, 1, { fn: 'a' });
    const [b] = add(correlation, 2, { fn: 'b' });
    for (const [at, { id }] of [a, b, b].entries()) correlation.repeat(id, { ordinal: 10 + at, timeMs: START_MS });
    const [whole] = add(correlation, 3, { fn: 'a', edge: 'a -> b', trace: 't' });
    const joined = add(correlation, 4, { fn: 'b', trace: 't' });
    assert.match([whole, ...joined].map(({ summary }) => summary).join('\n'), /Seen again 3 times\./);
  });
});

describe('findings become one incident', () => {
  const cases: readonly [string, Told, Told][] = [
    ['function', { fn: 'f' }, { fn: 'f' }],
    ['principal', { principal: 'p' }, { principal: 'p' }],
    ['trace', { fn: 'f', trace: 't' }, { fn: 'g', trace: 't' }],
    ['edge', { edge: 'f -> g' }, { edge: 'f -> g' }],
    ['function, one at an end of an edge', { edge: 'f -> g', fn: 'g' }, { fn: 'g' }],
    ['principal, one of a function', { fn: 'f', principal: 'p' }, { principal: 'p' }],
  ];
  for (const [what, first, second] of cases) {
    it(`when they share a ${what}`, () => {
      const correlation = new Correlation();
      const [opened] = add(correlation, 1, first);
      const [grown, ...others] = add(correlation, 2, second);
      assert.equal(grown.id, opened.id);
      assert.deepEqual(grown.findings, [finding(1, {}).id, finding(2, {}).id]);
      assert.deepEqual(others, []);
    });
  }

  it('and not when they share nothing, or only an empty name', () => {
    const correlation = new Correlation();
    const [one] = add(correlation, 1, { fn: 'f' });
    const [two] = add(correlation, 2, { fn: 'g' });
    const [three] = add(correlation, 3, { principal: 'f' });
    assert.equal(new Set([one.id, two.id, three.id]).size, 3);
  });

  it('as long as each comes within a window of the one before', () => {
    const correlation = new Correlation();
    const minutes = [0, 1000, 2000, 3440, 4881];
    const ids = minutes.map((minute, at) => add(correlation, at, { fn: 'f', minute })[0].id);
    assert.equal(new Set(ids.slice(0, 4)).size, 1);
    assert.notEqual(ids[4], ids[3], 'one minute more than a day');
  });

  it('with the times, the entities and the gravest of them', () => {
    const correlation = new Correlation();
    add(correlation, 1, { fn: 'f', minute: 10 });
    add(correlation, 2, { fn: 'f', principal: 'p', minute: 5, risk: 0.9 });
    const [incident] = add(correlation, 3, { principal: 'p', minute: 7, risk: 0.4 });
    assert.deepEqual([incident.openedMs, incident.lastMs], [START_MS + 300_000, START_MS + 600_000]);
    assert.deepEqual(incident.entities, ['f', 'p']);
    assert.equal(incident.risk, 0.9);
    assert.equal(incident.summary, 'Finding 1. Gravest: Finding 2. 3 findings in all.');
    assert.equal(incident.state, 'new');
  });
});

describe('a finding that connects two incidents', () => {
  const connected = () => {
    const correlation = new Correlation();
    const [older] = add(correlation, 1, { fn: 'f', minute: 1 });
    const [younger] = add(correlation, 2, { fn: 'g', minute: 90, risk: 0.8 });
    const [, ...none] = add(correlation, 3, { fn: 'f', trace: 't', minute: 30 });
    assert.deepEqual(none, []);
    const [merged, away] = add(correlation, 4, { fn: 'g', trace: 't', minute: 40 });
    return { correlation, older, younger, merged, away };
  };

  it('merges the younger into the older', () => {
    const { older, younger, merged, away } = connected();
    assert.equal(merged.id, older.id);
    assert.deepEqual(
      merged.findings,
      [1, 3, 2, 4].map((number) => finding(number, {}).id),
    );
    assert.deepEqual(merged.entities, ['f', 'g']);
    assert.equal(merged.risk, 0.8);
    assert.match(merged.summary, /Gravest: Finding 2\. 4 findings/);
    assert.deepEqual([away.id, away.mergedInto, away.findings], [younger.id, older.id, []]);
    assert.equal(away.summary, `Merged into ${older.id}.`);
  });

  it('gives the whole the latest time of its parts', () => {
    const { merged } = connected();
    assert.equal(merged.lastMs, START_MS + 90 * 60_000);
  });

  it('takes all keys along: later findings of either go to the one that stayed', () => {
    const { correlation, older } = connected();
    assert.equal(add(correlation, 5, { fn: 'g', minute: 95 })[0].id, older.id);
    assert.equal(add(correlation, 6, { fn: 'f', minute: 96 })[0].id, older.id);
    assert.equal(correlation.setState(`i${finding(2, {}).id}`, 'acknowledged'), undefined);
  });

  it('merges three at once when it touches three', () => {
    const correlation = new Correlation();
    for (const [at, fn] of ['f', 'g', 'h'].entries()) add(correlation, at, { fn });
    add(correlation, 4, { fn: 'f', trace: 't' });
    const incidents = add(correlation, 5, { fn: 'g', principal: 'h', trace: 't' });
    assert.equal(incidents.length, 2);
    const [one, ...gone] = add(correlation, 6, { fn: 'h', principal: 'h' });
    assert.equal(one.findings.length, 6);
    assert.deepEqual(
      gone.map(({ mergedInto }) => mergedInto),
      [one.id],
    );
  });
});

describe('what adds up over weeks', () => {
  const WEEK_MINUTES = 7 * 1440;
  const reach = (to: Correlation, number: number, told: Told) => {
    const one = finding(number, told);
    return to.add(one, { stampMs: one.timeMs, windowMs: DAY_MS, reachMs: 30 * DAY_MS });
  };

  it('joins an incident of its entity that ended by itself within thirty days, over a save', () => {
    const before = new Correlation();
    const [first] = add(before, 1, { fn: 'orders', minute: 0 });
    add(before, 2, { fn: 'other', minute: 2 * WEEK_MINUTES });
    const correlation = new Correlation();
    correlation.load(new StateReader(savedOf(before)));
    const [joined] = reach(correlation, 3, { fn: 'orders', minute: 3 * WEEK_MINUTES });
    assert.equal(joined.id, first.id);
    assert.equal(joined.findings.length, 2);
    assert.equal(add(correlation, 4, { fn: 'orders', minute: 3 * WEEK_MINUTES + 60 })[0].id, first.id);
  });

  it('joins none that ended longer ago, is about something else, or that a person closed', () => {
    const correlation = new Correlation();
    const [old] = add(correlation, 1, { fn: 'orders', minute: 0 });
    const [closed] = add(correlation, 2, { fn: 'mailer', minute: 3 * WEEK_MINUTES });
    add(correlation, 3, { fn: 'other', minute: 4 * WEEK_MINUTES });
    correlation.setState(closed.id, 'closed-false');
    assert.notEqual(reach(correlation, 4, { fn: 'orders', minute: 5 * WEEK_MINUTES })[0].id, old.id);
    assert.notEqual(reach(correlation, 5, { fn: 'mailer', minute: 5 * WEEK_MINUTES })[0].id, closed.id);
  });
});

describe('a person sets the state', () => {
  it('and the incident keeps it while it goes on', () => {
    const correlation = new Correlation();
    const [{ id }] = add(correlation, 1, { fn: 'f' });
    assert.equal(correlation.setState(id, 'acknowledged')?.state, 'acknowledged');
    assert.equal(add(correlation, 2, { fn: 'f' })[0].state, 'acknowledged');
  });

  it('and what comes after closing is a new incident', () => {
    for (const state of ['closed-true', 'closed-false', 'closed-expected'] as const) {
      const correlation = new Correlation();
      const [{ id }] = add(correlation, 1, { fn: 'f' });
      assert.equal(correlation.setState(id, state)?.state, state);
      assert.equal(correlation.setState(id, 'acknowledged'), undefined);
      assert.notEqual(add(correlation, 2, { fn: 'f' })[0].id, id);
    }
  });

  it('of an incident nobody knows, to no effect', () => {
    assert.equal(new Correlation().setState('i0', 'closed-true'), undefined);
  });
});

describe('a flood', () => {
  it('makes one incident that lists a thousand findings and counts the others', () => {
    const correlation = new Correlation();
    let last: Incident | undefined;
    for (let at = 0; at < INCIDENT_FINDINGS_MAX + 50; at++) [last] = add(correlation, at, { fn: 'f', minute: 0 });
    assert.equal(last?.findings.length, INCIDENT_FINDINGS_MAX);
    assert.match(last?.summary ?? '', /1050 findings in all/);
  });

  it('keeps count of all findings through a merge', () => {
    const correlation = new Correlation();
    for (let at = 0; at < 900; at++) add(correlation, at, { fn: 'f', minute: 0 });
    for (let at = 900; at < 1800; at++) add(correlation, at, { fn: 'g', minute: 1 });
    add(correlation, 1800, { fn: 'f', trace: 't', minute: 1 });
    const [merged] = add(correlation, 1801, { fn: 'g', trace: 't', minute: 1 });
    assert.equal(merged.findings.length, INCIDENT_FINDINGS_MAX);
    assert.match(merged.summary, /1802 findings in all/);
  });

  it('of invented principals does not fill an incident', () => {
    const correlation = new Correlation();
    let last: Incident | undefined;
    for (let at = 0; at < 4000; at++) {
      [last] = add(correlation, at, { fn: 'f', principal: `p${at}`, trace: `t${at}`, minute: 0 });
    }
    assert.equal(last?.entities.length, INCIDENT_NAMES_MAX);
    assert.equal(last?.entities[0], 'f');
    assert.ok(savedOf(correlation).length < 100_000, `${savedOf(correlation).length} bytes`);
    // Nor does merging two full ones.
    for (let at = 4000; at < 6000; at++) add(correlation, at, { fn: 'g', principal: `q${at}`, minute: 0 });
    const [merged, away] = add(correlation, 6000, { fn: 'f', principal: 'q4001', minute: 0 });
    assert.deepEqual([merged.entities.length, away.mergedInto], [INCIDENT_NAMES_MAX, merged.id]);
    assert.equal(add(correlation, 6001, { principal: 'q4002', minute: 0 })[0].findings.length, 1);
  });

  it('of incidents closes the oldest', () => {
    const correlation = new Correlation();
    const [{ id }] = add(correlation, 0, { fn: 'f0', minute: 0 });
    for (let at = 1; at <= OPEN_INCIDENTS_MAX; at++) add(correlation, at, { fn: `f${at}`, minute: 0 });
    assert.equal(correlation.setState(id, 'acknowledged'), undefined);
    assert.ok(correlation.setState(`i${finding(1, {}).id}`, 'acknowledged'));
  });
});

describe('correlation', () => {
  it('goes on from saved state', () => {
    const feed = (correlation: Correlation, from: number, to: number) => {
      const told: Incident[] = [];
      for (let at = from; at < to; at++) {
        const of = { fn: `f${(at * 7) % 40}`, principal: at % 5 === 0 ? `p${at % 3}` : '', minute: at * 11 };
        told.push(...add(correlation, at, of));
        if (at % 17 === 0) {
          const state = at % 2 === 0 ? 'closed-expected' : 'contained';
          const set = correlation.setState(told[told.length - 1].id, state);
          if (set !== undefined) told.push(set);
        }
      }
      return told;
    };
    const [whole, before, after] = [new Correlation(), new Correlation(), new Correlation()];
    const all = feed(whole, 0, 700);
    const first = feed(before, 0, 333);
    after.load(new StateReader(savedOf(before)));
    assert.deepEqual([...first, ...feed(after, 333, 700)], all);
    assert.deepEqual(savedOf(after), savedOf(whole));
  });
});
