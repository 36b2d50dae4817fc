import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  AFTER_MS,
  claims,
  EVERY_MS,
  FN,
  fed,
  HISTORY,
  HOUR_MS,
  history,
  invocation,
} from '../detectors/detector.contract.ts';
import type { Feed, Sample } from '../engine-feed.ts';

const USUAL = ['dynamodb:GetItem orders dynamodb/orders', 's3:PutObject invoices s3/invoices'];
const EGRESS = 'egress.new-destination';
const FLOW = 'flow.new-call';
/**
 * Hours after a finding: on the next day and still kept silent, on the day after that, and one more day later. Three
 * distinct days are over by the last one, unless the gate was closed at the first.
 */
const LATER = [23.7, 48.2, 73] as const;

/** One invocation that also contacts a place, hours after the ordinary history. */
function contact(hours: number, place = 'drop.example'): Sample {
  return invocation(AFTER_MS + hours * HOUR_MS, { calls: [...USUAL, `http:POST ${place}/x ${place}`] });
}

/** One invocation that does something new to a known place. */
function odd(hours: number, verb: string): Sample {
  return invocation(AFTER_MS + hours * HOUR_MS, { calls: [...USUAL, `s3:${verb} invoices s3/invoices`] });
}

/** The same invocation once more as its report, which the platform delivers a few seconds later. */
function reported(rows: readonly Sample[]): Sample[] {
  const report = (one: Sample): Sample => ({
    ...one,
    kind: 'platform',
    atMs: one.atMs + 7000,
    calls: [],
    symbols: { status: 'ok' },
  });
  return rows.flatMap((one) => [one, report(one)]);
}

/** Hours at which a place was told as new. */
function told(feed: Feed, place = 'drop.example', detector = EGRESS): number[] {
  return claims(feed, detector)
    .filter(({ evidence }) => evidence[0].observed.includes(place))
    .map(({ timeMs }) => Math.round((timeMs - AFTER_MS) / HOUR_MS));
}

describe('a value that was strange', () => {
  it('is told on three days and normal after them, whatever the function is seen by', () => {
    const days = [0, 25, 50, 75, 100, 125].map((hours) => contact(hours));
    assert.deepEqual(told(fed(history(HISTORY), days)), [0, 25, 50]);
    assert.deepEqual(told(fed(reported(history(HISTORY)), reported(days))), [0, 25, 50]);
  });

  it('does not become normal while the incident is kept open, however often it is contacted', () => {
    const daily = Array.from({ length: 10 }, (_, day) => contact(25 * day));
    // A record that contradicts another one is a finding of the same function every time.
    const others = Array.from({ length: 10 }, (_, at) => {
      const one = invocation(AFTER_MS + (12 + 25 * at) * HOUR_MS, { request: `twice-${at}` });
      return [one, { ...one, eventMs: one.atMs, atMs: one.atMs + 5, numbers: { durationMs: 1 } }];
    });
    const feed = fed(history(HISTORY), daily, others.flat(), [contact(24 * 14)]);
    assert.deepEqual(told(feed), [...Array.from({ length: 10 }, (_, day) => 25 * day), 24 * 14]);
  });

  it('needs three distinct days after the incident is over', () => {
    const during = Array.from({ length: 22 }, (_, hour) => contact(hour + 1));
    const feed = fed(
      history(HISTORY),
      [contact(0)],
      during,
      [30, 31, 32, 60, 61, 90, 120].map((hours) => contact(hours)),
    );
    // The first day counts; what came while the incident was open does not.
    assert.deepEqual(told(feed), [0, 30, 60]);
  });

  it('is learned by nobody while it is held, and its calls neither', () => {
    const feed = fed(history(HISTORY), [contact(0), contact(1), contact(2)]);
    assert.deepEqual(told(feed), [0]);
    assert.equal(feed.engine.stageOne[0].categories.values(1).find(({ count }) => count <= 3)?.count, 1);
  });
});

describe('closing an incident', () => {
  const closing = (state: 'closed-true' | 'acknowledged') => {
    const feed = fed(history(HISTORY), [contact(0)]);
    const [incident] = feed.outputs.flatMap(({ incidents }) => incidents);
    feed.control({ kind: 'incident-state', incident: incident.id, state, by: 'test' }, AFTER_MS + HOUR_MS);
    feed.rows(LATER.map((hours) => contact(hours)));
    return told(feed);
  };

  it('opens the gate: days count from then on', () => {
    assert.deepEqual(closing('closed-true'), [0, 48]);
  });

  it('and nothing less does', () => {
    assert.deepEqual(closing('acknowledged'), [0, 48, 73]);
  });

  it('in the second in which it began leaves no gate behind', () => {
    const feed = fed(history(HISTORY), [contact(0)]);
    const [incident] = feed.outputs.flatMap(({ incidents }) => incidents);
    feed.control({ kind: 'incident-state', incident: incident.id, state: 'closed-true', by: 'test' }, AFTER_MS);
    feed.rows(LATER.map((hours) => contact(hours)));
    assert.deepEqual(told(feed), [0, 48]);
  });

  it('that another one was merged into opens the gates of both', () => {
    const other = 'aws:1:eu-west-1:mailer';
    const theirs = history(HISTORY).map((one) => ({ ...one, fn: other, atMs: one.atMs + 3 }));
    const trace = (one: Sample) => ({ ...one, symbols: { ...one.symbols, principal: 'role/both' } });
    const feed = fed(history(HISTORY), theirs);
    feed.rows([odd(-0.02, 'CopyObject'), { ...contact(0), fn: other, request: 'theirs' }]);
    // The same principal behind a finding of each makes one incident of the two.
    feed.rows([trace(contact(0.1, 'one.example')), { ...trace(odd(0.2, 'CopyObject')), fn: other, request: 'again' }]);
    const incidents = feed.outputs.flatMap((one) => one.incidents);
    const merged = incidents.find(({ mergedInto }) => mergedInto !== undefined);
    assert.ok(merged?.mergedInto !== undefined);
    const state = {
      kind: 'incident-state',
      incident: merged.mergedInto,
      state: 'closed-true',
      by: 'test',
    } as const;
    feed.control(state, AFTER_MS + HOUR_MS);
    feed.rows(LATER.map((hours) => ({ ...contact(hours), fn: other, request: `later-${hours}` })));
    assert.deepEqual(told(feed), [0, 48]);
  });
});

describe('a gate', () => {
  it('is of a family: an incident about calls does not keep destinations from being learned', () => {
    const rows = [contact(0), odd(72, 'CopyObject'), contact(73), odd(144, 'RenameObject'), contact(145), contact(200)];
    // The gate of the first incident is over, and those about calls do not bring it back.
    assert.deepEqual(told(fed(history(HISTORY), rows)), [0, 73, 145]);
  });

  it('opens for a finding that a person calls expected, which then is normal', () => {
    const feed = fed(history(HISTORY), [contact(0)]);
    feed.control(
      { kind: 'feedback', finding: feed.findings[0].id, verdict: 'expected', by: 'test' },
      AFTER_MS + HOUR_MS,
    );
    feed.rows([contact(30), contact(60)]);
    assert.deepEqual(told(feed), [0]);
  });

  it('waives nothing for what a training span did not show', () => {
    const feed = fed(history(700), [contact(2)]);
    const span = {
      kind: 'training-span',
      fromMs: AFTER_MS + 3 * HOUR_MS,
      toMs: AFTER_MS + 4 * HOUR_MS,
      by: 'test',
    } as const;
    feed.control(span, span.fromMs);
    feed.rows([contact(3.5, 'shown.example')]);
    feed.rows([contact(30), contact(30.1, 'shown.example')]);
    assert.deepEqual([told(feed), told(feed, 'shown.example')], [[2, 30], []]);
  });

  it('of a training span opens for what it shows, also when that had been strange', () => {
    const feed = fed(history(HISTORY), [contact(0)]);
    const span = {
      kind: 'training-span',
      fromMs: AFTER_MS + 2 * HOUR_MS,
      toMs: AFTER_MS + 4 * HOUR_MS,
      by: 'test',
    } as const;
    feed.control(span, span.fromMs);
    feed.rows([contact(3), contact(30)]);
    assert.deepEqual(told(feed), [0]);
  });
});

describe('a flood of cheap findings', () => {
  it('of other kinds does not keep a grave one silent', () => {
    const long = 6000;
    const startMs = AFTER_MS + long * EVERY_MS;
    const cheap = Array.from({ length: 33 }, (_, at) => {
      const symbols = { triggerSource: `sqs:flood-${at % 11}`, principal: `role/flood-${at % 11}` };
      const calls = [...USUAL, `s3:Flood${at} invoices s3/invoices`];
      return invocation(startMs + at * 1000, at < 11 ? { calls } : { symbols });
    });
    const steadyRows = history(long, () => ({ symbols: { principal: 'role/front' } }));
    const last = invocation(startMs + 60_000, { calls: [...USUAL, 'http:POST drop.example/x drop.example'] });
    const feed = fed(steadyRows, cheap, [last]);
    assert.ok(feed.told.length > 25, `${feed.told.length} findings`);
    assert.equal(claims(feed, FLOW).length > 5, true);
    assert.deepEqual(feed.told.at(-1), `${EGRESS} ${FN}`);
  });
});

describe('gates of principals and edges', () => {
  const act = (hours: number, action: string): Sample => ({
    kind: 'audit',
    atMs: AFTER_MS + hours * HOUR_MS,
    symbols: { principal: 'role/a', principalKind: 'role', action, network: 'net_1' },
  });
  const acts = Array.from({ length: 60 }, (_, at) => act(-1 + at / 100, 's3:GetObject'));
  const toldActs = (feed: Feed) => told(feed, 'iam:Pass', 'access.new-action');

  it('hold what comes while the incident is open', () => {
    assert.deepEqual(
      toldActs(
        fed(
          acts,
          [0, ...LATER].map((hours) => act(hours, 'iam:PassRole')),
        ),
      ),
      [0, 48, 73],
    );
  });

  it('open when the incident is closed', () => {
    const feed = fed(acts, [act(0, 'iam:PassRole')]);
    const [incident] = feed.outputs.flatMap(({ incidents }) => incidents);
    feed.control(
      { kind: 'incident-state', incident: incident.id, state: 'closed-false', by: 'test' },
      AFTER_MS + HOUR_MS,
    );
    feed.rows(LATER.map((hours) => act(hours, 'iam:PassRole')));
    assert.deepEqual(toldActs(feed), [0, 48]);
  });
});
