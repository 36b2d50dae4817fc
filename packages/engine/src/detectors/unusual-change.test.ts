import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Sample, START_MS } from '../engine-feed.ts';
import { FLAG } from '../event/schema.ts';
import { assertQuiet, claims, fed, onlyClaim } from './detector.contract.ts';

const ID = 'change.unusual-principal';
const EVERY_MS = 3_600_000;
const AFTER_MS = START_MS + 2000 * EVERY_MS;
const ROBOT = 'arn:aws:iam::111122223333:role/deploy';
const STRANGER = 'person_x@arn:aws:iam::111122223333:role/developer';
const MAILER = 'lambda/aws:1:eu-west-1:mailer';

interface Change {
  readonly by?: string;
  readonly what?: string;
  readonly of?: string;
  readonly action?: string;
  readonly flags?: number;
  readonly network?: string;
}

function change(
  atMs: number,
  {
    by = ROBOT,
    what = 'code',
    of = MAILER,
    action = 'lambda:UpdateFunctionCode',
    flags = 0,
    network = 'net_1',
  }: Change = {},
): Sample {
  const symbols = { principal: by, principalKind: 'role', action, resource: of, changeKind: what, network };
  return { kind: 'change', atMs, flags, symbols };
}

/** Everybody in these cases has acted before; who never has is the matter of `access.first-use`. */
const STRANGER_READ: Sample = {
  kind: 'audit',
  atMs: START_MS,
  symbols: { principal: STRANGER, principalKind: 'role', action: 'lambda:ListFunctions', network: 'net_1' },
};

function changes(count: number, of: (at: number) => Change = () => ({})): Sample[] {
  return Array.from({ length: count }, (_, at) => change(START_MS + at * EVERY_MS, of(at)));
}

describe('change.unusual-principal fires', () => {
  it('when a stranger changes what only a robot changed', () => {
    const finding = onlyClaim(fed(changes(12), [change(AFTER_MS, { by: STRANGER })]), ID);
    assert.deepEqual(finding.entity, { kind: 'principal', key: STRANGER });
    assert.equal(
      finding.sentence,
      'person_x (developer) changed the code of the function mailer (lambda:UpdateFunctionCode); none of the 12 changes of it before was theirs.',
    );
    assert.deepEqual(finding.evidence, [
      {
        parameter: 'changed_by',
        observed: 'person_x (developer): lambda:UpdateFunctionCode',
        expected: `${ROBOT} (100 %)`,
        count: 12,
      },
    ]);
    assert.deepEqual([finding.impact, finding.techniques], [0.85, ['T1648']]);
  });

  it('when a stranger changes something that nobody changed before, in an account where one robot changes all', () => {
    const many = changes(30, (at) => ({ of: `lambda/aws:1:eu-west-1:f${at}` }));
    const finding = onlyClaim(
      fed(many, [STRANGER_READ], [change(AFTER_MS, { by: STRANGER, of: 'lambda/aws:1:eu-west-1:other' })]),
      ID,
    );
    assert.match(finding.sentence, /none of the 30 code changes seen before was theirs\.$/);
  });

  it('when the attempt was refused', () => {
    const finding = onlyClaim(fed(changes(12), [change(AFTER_MS, { by: STRANGER, flags: FLAG.denied })]), ID);
    assert.match(finding.sentence, /^person_x \(developer\) tried to change the code of/);
    assert.match(finding.evidence[0].observed, /\(denied\)$/);
  });

  it('about a kind of change that never happened, by all changes of the account, and weighs it by kind', () => {
    const odd = change(AFTER_MS, { by: STRANGER, what: 'trail', of: 'trail/main', action: 'cloudtrail:StopLogging' });
    const finding = onlyClaim(fed(changes(30), [STRANGER_READ], [odd]), ID);
    assert.match(finding.sentence, /none of the 30 changes seen before was theirs\.$/);
    assert.deepEqual([finding.impact, finding.techniques], [0.95, ['T1562.008']]);
  });

  it('about one stranger after another: each is no reason to expect the next', () => {
    const strangers = [0, 1, 2, 3].map((at) => change(AFTER_MS + at * 1000, { by: `role/stranger-${at}` }));
    assert.equal(claims(fed(changes(12), strangers), ID).length, 4);
  });
});

/** A pipeline of twenty functions beside a robot that alone changes MAILER: ten days, an hour apart. */
const PIPELINE = 'arn:aws:iam::111122223333:role/pipeline';
function withPipeline(): Sample[] {
  return changes(240, (at) =>
    at % 2 === 0 ? { by: PIPELINE, of: `lambda/aws:1:eu-west-1:p${at % 40}` } : { by: ROBOT, of: MAILER },
  );
}

describe('change.unusual-principal and a deploy robot', () => {
  it('stays quiet when it deploys what another one deployed so far', () => {
    assert.deepEqual(claims(fed(withPipeline(), [change(AFTER_MS, { by: PIPELINE })]), ID), []);
  });

  it('fires when its credentials deploy from elsewhere', () => {
    assert.equal(claims(fed(withPipeline(), [change(AFTER_MS, { by: PIPELINE, network: 'net_2' })]), ID).length, 1);
  });

  it('fires when it changes a permission, a policy or a trigger', () => {
    for (const what of ['permission', 'policy', 'trigger']) {
      assert.equal(claims(fed(withPipeline(), [change(AFTER_MS, { by: PIPELINE, what })]), ID).length, 1, what);
    }
  });

  it('fires when somebody deploys who never deployed', () => {
    assert.equal(claims(fed(withPipeline(), [change(AFTER_MS, { by: STRANGER })]), ID).length, 1);
  });
});

describe('change.unusual-principal stays quiet', () => {
  it('when the robot deploys a new function, and then another thing of it', () => {
    const news = [
      change(AFTER_MS, { of: 'lambda/aws:1:eu-west-1:brand-new' }),
      change(AFTER_MS + 1000, {
        of: 'lambda/aws:1:eu-west-1:brand-new',
        what: 'configuration',
        action: 'lambda:UpdateFunctionConfiguration',
      }),
    ];
    const both = changes(30, (at) =>
      at % 2 === 0 ? {} : { what: 'configuration', action: 'lambda:UpdateFunctionConfiguration' },
    );
    assertQuiet(fed(both, news));
  });

  it('in a team where everybody changes everything', () => {
    const team = changes(40, (at) => ({ by: `person_${at % 8}` }));
    assertQuiet(fed(team, [change(START_MS + 41 * EVERY_MS, { by: 'person_new' })]));
  });

  it('in an account with few changes so far', () => {
    assertQuiet(fed(changes(6), [change(AFTER_MS, { by: STRANGER })]));
  });

  it('about records that do not say who, or what kind', () => {
    const unsaid = [change(AFTER_MS, { by: '' }), change(AFTER_MS + 1, { by: STRANGER, what: '' })];
    assertQuiet(fed(changes(30), [STRANGER_READ], unsaid));
  });
});
