import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Sample, START_MS } from '../engine-feed.ts';
import { FLAG } from '../event/schema.ts';
import { assertQuiet, claims, DAY_MS, fed, HOUR_MS, onlyClaim } from './detector.contract.ts';

const ROLE = 'arn:aws:iam::111122223333:role/orders';
const PERSON = 'person_a';
/** Monday 00:00 UTC after the start of the logs of tests. */
const MONDAY_MS = Math.ceil(START_MS / DAY_MS) * DAY_MS;

interface Act {
  readonly by?: string;
  readonly as?: string;
  readonly action?: string;
  readonly network?: string;
  readonly country?: string;
  readonly client?: string;
  readonly session?: string;
  readonly flags?: number;
}

function act(atMs: number, of: Act = {}): Sample {
  const { by = ROLE, as = 'role', action = 's3:GetObject', network = 'net_vpc', flags = 0 } = of;
  const { country = '', client = 'sdk', session = '' } = of;
  const symbols = { principal: by, principalKind: as, action, network, country, client, instance: session };
  return { kind: 'audit', atMs, flags, symbols };
}

function person(atMs: number, of: Act = {}): Sample {
  return act(atMs, { by: PERSON, as: 'person', client: 'console', network: 'net_office', ...of });
}

/** Office hours, 08:00 to 17:00 UTC, `calls` an hour. */
function workingDays(days: number, calls = 1, of: Act = {}): Sample[] {
  return Array.from({ length: days * 9 * calls }, (_, at) => {
    const hour = Math.floor(at / calls);
    const hourMs = MONDAY_MS + Math.floor(hour / 9) * DAY_MS + (8 + (hour % 9)) * HOUR_MS;
    return person(hourMs + (at % calls) * 60_000, of);
  });
}

function acts(count: number, of: (at: number) => Act = () => ({}), everyMs = 60_000): Sample[] {
  return Array.from({ length: count }, (_, at) => act(MONDAY_MS + at * everyMs, of(at)));
}

const MUCH_LATER_MS = MONDAY_MS + 40 * DAY_MS;

describe('account takeover is told', () => {
  it('C11: when credentials are used from a new country', () => {
    const history = acts(60, () => ({ country: 'DE' }));
    const finding = onlyClaim(fed(history, [act(MUCH_LATER_MS, { country: 'BR' })]), 'access.new-country');
    assert.equal(finding.sentence, 'orders was used from BR; in 60 recorded API calls it never came from there.');
  });

  it('C11: when credentials are used from a new network', () => {
    const finding = onlyClaim(fed(acts(60), [act(MUCH_LATER_MS, { network: 'net_far' })]), 'access.new-network');
    assert.match(finding.sentence, /orders was used from net_far/);
  });

  it('C11: when a program is used with a command line', () => {
    const finding = onlyClaim(fed(acts(60), [act(MUCH_LATER_MS, { client: 'cli' })]), 'access.new-client');
    assert.match(finding.sentence, /class "cli"; in 60 recorded API calls it never used such\.$/);
  });

  it('C11: when a person acts at an hour at which they never act', () => {
    const finding = onlyClaim(
      fed(workingDays(30), [person(MUCH_LATER_MS + 2 * HOUR_MS + 60_000)]),
      'access.unusual-hour',
    );
    assert.equal(
      finding.sentence,
      'person_a acted between 02:00 and 03:00 UTC; of its 269 active hours before nearly all lay elsewhere (08:00-17:00).',
    );
  });

  it('C11: when a principal makes many more calls than ever, while the hour goes on', () => {
    const burst = Array.from({ length: 100 }, (_, at) => person(MUCH_LATER_MS + 9 * HOUR_MS + at * 1000));
    const feed = fed(workingDays(20, 5), burst);
    const [finding, ...growth] = claims(feed, 'access.unusual-rate');
    assert.equal(feed.told.length, 1 + growth.length, 'nothing else is claimed');
    assert.match(finding.sentence, /^person_a made \d+ API calls within an hour; in 180 active hours before it never/);
    assert.ok(Number(finding.evidence[0].observed) < 100, 'it does not wait for the end of the hour');
  });

  it('C11: when a principal acts for the first time in an account that hardly meets anybody new', () => {
    const finding = onlyClaim(
      fed(workingDays(12), [act(MUCH_LATER_MS, { by: 'role/unheard-of', action: 'iam:ListUsers' })]),
      'access.first-use',
    );
    assert.match(finding.sentence, /^role\/unheard-of was never seen before and used iam:ListUsers/);
    assert.equal(finding.impact, 0.7);
  });

  it('C11: at watch level at least when somebody unknown only reads', () => {
    const feed = fed(workingDays(2), [act(MUCH_LATER_MS, { by: 'role/unheard-of', flags: FLAG.readOnly })]);
    const [told] = feed.findings.filter(({ detector }) => detector === 'access.first-use');
    assert.equal(told?.level, 'watch');
  });

  it('C11: when the credentials of a function are used outside it, though the function is young', () => {
    const others = acts(40, (at) => ({ by: `role/f${at % 4}`, as: 'function' }));
    const young = act(MONDAY_MS + DAY_MS, { as: 'function' });
    const finding = onlyClaim(
      fed(others, [young, act(MONDAY_MS + DAY_MS + 60_000, { as: 'function', client: 'cli', network: 'net_far' })]),
      'access.outside-function',
    );
    assert.match(finding.sentence, /issued to a function \(orders\) were used with cli for s3:GetObject from net_far/);
  });

  it('C11: when a session of a role turns up in another network, though the role is young', () => {
    const others = acts(80, (at) => ({ by: `role/f${at % 8}`, session: `session_${at % 40}` }));
    const young = act(MONDAY_MS + DAY_MS, { session: 'session_x' });
    const finding = onlyClaim(
      fed(others, [young, act(MONDAY_MS + DAY_MS + 60_000, { session: 'session_x', network: 'net_far' })]),
      'access.moved-session',
    );
    assert.match(finding.sentence, /^One session of orders was first used .* of 41 sessions none did that\.$/);
  });

  it('C11: when a person is in two places', () => {
    const history = workingDays(10, 1, { country: 'DE' });
    const last = history[history.length - 1];
    const feed = fed(history, [person(last.atMs + HOUR_MS / 2, { country: 'SG' })]);
    const [finding] = claims(feed, 'access.impossible-travel');
    assert.match(finding.sentence, /acted from DE and 30 minutes later from SG, at least \d+ km away/);
  });

  it('C11: when somebody finds out what credentials are good for', () => {
    const spray = Array.from({ length: 12 }, (_, at) =>
      act(MUCH_LATER_MS + at * 1000, { action: `svc${at}:List`, flags: FLAG.denied }),
    );
    const feed = fed(
      acts(48, () => ({}), HOUR_MS),
      spray,
    );
    assert.match(
      claims(feed, 'access.refused-actions')[0].sentence,
      /was refused \d+ different actions within an hour/,
    );
  });
});

describe('what only looks like account takeover stays quiet', () => {
  it('C11: a program that runs around the clock, at any hour', () => {
    assertQuiet(
      fed(
        acts(200, () => ({}), HOUR_MS),
        [act(MONDAY_MS + 201 * HOUR_MS)],
      ),
    );
  });

  it('C11: the first hours of a job that runs every hour', () => {
    assertQuiet(fed(acts(30, () => ({}), HOUR_MS)));
  });

  it('C11: a busy day of a person, twice the busiest before', () => {
    const busy = Array.from({ length: 10 }, (_, at) => person(MUCH_LATER_MS + 9 * HOUR_MS + at * 1000));
    assertQuiet(fed(workingDays(20, 5), busy));
  });

  it('C11: an hour later in the evening', () => {
    assertQuiet(fed(workingDays(30), [person(MUCH_LATER_MS + 17 * HOUR_MS)]));
  });

  it('C11: newcomers in an account that meets some every day', () => {
    const many = acts(200, (at) => ({ by: `role/job-${Math.floor(at / 2)}` }), HOUR_MS);
    assertQuiet(fed(many, [act(MONDAY_MS + 201 * HOUR_MS, { by: 'role/job-new' })]));
  });

  it('C11: a flight of a night, and the country next door', () => {
    const history = workingDays(10, 1, { country: 'DE' });
    const last = history[history.length - 1];
    const moves = [
      person(last.atMs + HOUR_MS / 2, { country: 'FR' }),
      person(last.atMs + 14 * HOUR_MS, { country: 'SG' }),
    ];
    assert.deepEqual(claims(fed(history, moves), 'access.impossible-travel'), []);
  });

  it('C11: one missing permission, however often it is refused', () => {
    const denied = Array.from({ length: 30 }, (_, at) =>
      act(MUCH_LATER_MS + at * 1000, { flags: FLAG.denied, network: 'net_vpc' }),
    );
    assert.deepEqual(
      claims(
        fed(
          acts(48, () => ({}), HOUR_MS),
          denied,
        ),
        'access.refused-actions',
      ),
      [],
    );
  });

  it('C11: a session that uses a private endpoint for one service and the gateway for others', () => {
    const two = acts(80, (at) => ({
      session: `session_${Math.floor(at / 4)}`,
      network: at % 2 === 0 ? 'net_vpc' : 'vpce-1',
    }));
    assertQuiet(fed(two));
  });

  it('C11: functions that use another version of their software', () => {
    const history = acts(60, () => ({ as: 'function' }));
    assert.deepEqual(
      claims(fed(history, [act(MUCH_LATER_MS, { as: 'function', client: 'tool' })]), 'access.outside-function'),
      [],
    );
  });
});
