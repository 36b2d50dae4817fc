import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Sample, START_MS } from '../engine-feed.ts';
import { FLAG } from '../event/schema.ts';
import { assertQuiet, claims, DAY_MS, fed, onlyClaim } from './detector.contract.ts';

const ID = 'access.new-action';
const EVERY_MS = 60_000;
const ROLE = 'arn:aws:iam::111122223333:role/orders';
const HISTORY = 60;
const AFTER_MS = START_MS + 1000 * EVERY_MS;

interface Act {
  readonly principal?: string;
  readonly principalKind?: string;
  readonly action?: string;
  readonly resource?: string;
  readonly flags?: number;
}

/** One recorded API call of the role of a function, changed as a case needs it. */
function act(atMs: number, of: Act = {}): Sample {
  const { principal = ROLE, principalKind = 'role', action = 'dynamodb:GetItem', resource = '', flags = 0 } = of;
  const network = 'net_1';
  return { kind: 'audit', atMs, flags, symbols: { principal, principalKind, action, resource, network } };
}

function acts(count: number, of: (at: number) => Act = () => ({})): Sample[] {
  return Array.from({ length: count }, (_, at) => act(START_MS + at * EVERY_MS, of(at)));
}

describe('access.new-action fires', () => {
  it('when the role of a function does what it never did', () => {
    const odd = act(AFTER_MS, { action: 'iam:CreateAccessKey', resource: 'iam/user/admin' });
    const finding = onlyClaim(fed(acts(HISTORY), [odd]), ID);
    assert.deepEqual([finding.entity, finding.principal], [{ kind: 'principal', key: ROLE }, ROLE]);
    assert.equal(
      finding.sentence,
      'orders used iam:CreateAccessKey on iam/user/admin; in 60 recorded API calls it never used this action.',
    );
    assert.deepEqual(finding.evidence, [
      { parameter: 'api_action', observed: 'iam:CreateAccessKey', expected: 'dynamodb:GetItem (100 %)', count: 60 },
    ]);
    assert.deepEqual([finding.impact, finding.techniques], [0.8, ['T1078.004']]);
  });

  it('when it was refused, and says so', () => {
    const odd = act(AFTER_MS, { action: 's3:ListAllMyBuckets', flags: FLAG.denied | FLAG.readOnly });
    const finding = onlyClaim(fed(acts(HISTORY), [odd]), ID);
    assert.equal(finding.evidence[0].observed, 's3:ListAllMyBuckets (denied)');
    assert.match(finding.sentence, /^orders (was denied|tried)/);
    assert.equal(finding.impact, 0.55);
  });

  it('when a person does something after years of the same', () => {
    const person = { principal: 'person_a', principalKind: 'person' };
    const found = claims(
      fed(
        acts(400, () => person),
        [act(AFTER_MS, { ...person, action: 'kms:Decrypt' })],
      ),
      ID,
    );
    assert.equal(found.length, 1);
  });
});

describe('access.new-action stays quiet', () => {
  it('about a person who tries things', () => {
    const person = { principal: 'person_a', principalKind: 'person' };
    const varied = acts(300, (at) => ({ ...person, action: `ec2:Describe${at % 120}` }));
    assertQuiet(fed(varied, [act(AFTER_MS, { ...person, action: 'ec2:DescribeNew' })]));
  });

  it('about a person with a hundred recorded calls', () => {
    const person = { principal: 'person_a', principalKind: 'person' };
    assertQuiet(
      fed(
        acts(100, () => person),
        [act(AFTER_MS, { ...person, action: 'kms:Decrypt' })],
      ),
    );
  });

  it('about a role that was just made', () => {
    assertQuiet(fed(acts(15), [act(AFTER_MS, { action: 's3:GetObject' })]));
  });

  it('about a robot that deploys everything', () => {
    const robot = { principal: 'arn:aws:iam::111122223333:role/deploy', principalKind: 'role' };
    const varied = acts(300, (at) => ({ ...robot, action: `lambda:Step${(at * 7) % 40}` }));
    assertQuiet(fed(varied, [act(AFTER_MS, { ...robot, action: 'lambda:PublishLayerVersion' })]));
  });

  it('about an action that another principal uses, by that principal', () => {
    const two = acts(200, (at) => (at % 2 === 0 ? {} : { principal: 'role/b', action: 's3:GetObject' }));
    assertQuiet(fed(two, [act(AFTER_MS, { principal: 'role/b', action: 's3:GetObject' })]));
  });

  it('after an action was used on three days', () => {
    const odd = [0, 1, 2, 3, 4].map((day) => act(AFTER_MS + day * (DAY_MS + 5000), { action: 's3:GetObject' }));
    assert.equal(claims(fed(acts(HISTORY), odd), ID).length, 3);
  });
});
