import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type Asker, decide } from './decide.ts';
import { PolicyError, type PolicyKind, parsePolicy } from './policy.ts';

const ACCOUNT = '123456789012';
const PAY = `arn:aws:lambda:eu-west-1:${ACCOUNT}:function:pay`;
const TABLE = `arn:aws:dynamodb:eu-west-1:${ACCOUNT}:table/orders`;
const ROLE = `arn:aws:iam::${ACCOUNT}:role/pay-role`;

/** A policy variable, which is not replaced here. */
const VARIABLE = ['$', '{aws:username}'].join('');

interface Asked {
  readonly action?: string;
  readonly resource?: string;
  readonly keys?: Readonly<Record<string, string>>;
  readonly asker?: Asker;
  readonly kind?: PolicyKind;
}

function verdict(statements: readonly unknown[], asked: Asked = {}): string {
  const policy = parsePolicy(
    JSON.stringify({ Version: '2012-10-17', Statement: statements }),
    asked.kind ?? 'identity',
  );
  const context = new Map(Object.entries(asked.keys ?? {}).map(([key, value]) => [key.toLowerCase(), [value]]));
  const { action = 'dynamodb:GetItem', resource = TABLE, asker } = asked;
  return decide([policy], { action, resource, context, ...(asker === undefined ? {} : { asker }) }).kind;
}

const allowAll = { Effect: 'Allow', Action: '*', Resource: '*' };
const conditional = (effect: string, condition: unknown) => ({
  Effect: effect,
  Action: '*',
  Resource: '*',
  Condition: condition,
});

describe('policies', () => {
  test('say no when nothing is said, yes when a statement allows, and no whenever one denies', () => {
    assert.equal(verdict([]), 'implicit-deny');
    assert.equal(verdict([allowAll]), 'allow');
    assert.equal(verdict([{ Effect: 'Allow', Action: 'dynamodb:PutItem', Resource: '*' }]), 'implicit-deny');
    assert.equal(verdict([{ Effect: 'Allow', Action: 'DYNAMODB:get*', Resource: TABLE }]), 'allow');
    assert.equal(verdict([{ Effect: 'Allow', Action: '*', Resource: `${TABLE}/index/*` }]), 'implicit-deny');
    assert.equal(verdict([allowAll, { Effect: 'Deny', Action: 'dynamodb:GetIte?', Resource: '*' }]), 'explicit-deny');
  });

  test('take NotAction and NotResource for everything else', () => {
    const allButLogs = { Effect: 'Deny', NotAction: ['logs:*', 'xray:*'], Resource: '*' };
    assert.equal(verdict([allowAll, allButLogs]), 'explicit-deny');
    assert.equal(verdict([allowAll, allButLogs], { action: 'logs:PutLogEvents' }), 'allow');
    const allButTable = { Effect: 'Deny', Action: '*', NotResource: TABLE };
    assert.equal(verdict([allowAll, allButTable]), 'allow');
    assert.equal(verdict([allowAll, allButTable], { resource: `${TABLE}2` }), 'explicit-deny');
  });

  test('deny one function of a shared role by the ARN of the function that the credentials were given to', () => {
    const deny = conditional('Deny', { ArnLike: { 'lambda:SourceFunctionArn': PAY } });
    assert.equal(verdict([allowAll, deny], { keys: { 'lambda:SourceFunctionArn': PAY } }), 'explicit-deny');
    assert.equal(verdict([allowAll, deny], { keys: { 'lambda:SourceFunctionArn': `${PAY}2` } }), 'allow');
    assert.equal(verdict([allowAll, deny]), 'allow');
  });

  test('deny sessions that were issued before a moment and no later ones', () => {
    const deny = conditional('Deny', { DateLessThan: { 'aws:TokenIssueTime': '2026-01-02T00:00:00Z' } });
    const at = (time: string) => verdict([allowAll, deny], { keys: { 'aws:TokenIssueTime': time } });
    assert.equal(at('2026-01-01T23:59:59.999Z'), 'explicit-deny');
    assert.equal(at('2026-01-02T00:00:00.000Z'), 'allow');
    assert.equal(verdict([allowAll, deny]), 'allow');
  });

  test('compare texts, numbers, truth values, addresses and absent keys as IAM does', () => {
    const met = (condition: unknown, keys: Readonly<Record<string, string>> = {}) =>
      verdict([conditional('Allow', condition)], { keys }) === 'allow';
    assert.equal(met({ StringEquals: { 'aws:a': ['x', 'y'] } }, { 'aws:A': 'y' }), true);
    assert.equal(met({ StringEquals: { 'aws:a': 'x' } }, { 'aws:a': 'X' }), false);
    assert.equal(met({ StringNotEquals: { 'aws:a': ['x', 'y'] } }, { 'aws:a': 'y' }), false);
    assert.equal(met({ StringNotEquals: { 'aws:a': 'x' } }), true);
    assert.equal(met({ StringLike: { 'aws:a': 'x*z' } }, { 'aws:a': 'xyz' }), true);
    assert.equal(met({ StringEqualsIfExists: { 'aws:a': 'x' } }), true);
    assert.equal(met({ Null: { 'aws:a': 'true' } }), true);
    assert.equal(met({ Null: { 'aws:a': 'true' } }, { 'aws:a': '1' }), false);
    assert.equal(met({ Bool: { 'aws:SecureTransport': false } }, { 'aws:SecureTransport': 'false' }), true);
    assert.equal(met({ NumericLessThan: { 'aws:n': 10 } }, { 'aws:n': '9' }), true);
    assert.equal(met({ NumericLessThan: { 'aws:n': 10 } }, { 'aws:n': '' }), false);
    assert.equal(met({ IpAddress: { 'aws:SourceIp': '127.0.0.0/8' } }, { 'aws:SourceIp': '127.9.9.9' }), true);
    assert.equal(met({ IpAddress: { 'aws:SourceIp': '127.0.0.0/8' } }, { 'aws:SourceIp': '10.0.0.1' }), false);
    assert.equal(met({ IpAddress: { 'aws:SourceIp': '127.0.0.0/99' } }, { 'aws:SourceIp': '127.0.0.1' }), false);
    assert.equal(
      met({ ArnLike: { 'aws:SourceArn': 'arn:aws:s3:::photos*' } }, { 'aws:SourceArn': 'arn:aws:s3:::photos-1' }),
      true,
    );
    assert.equal(met({ ArnLike: { 'aws:SourceArn': 'arn:*:x' } }, { 'aws:SourceArn': 'arn:aws:s3:::x' }), false);
  });

  test('never allow and always deny by what is not understood', () => {
    for (const condition of [
      { BinaryEquals: { 'aws:a': 'eA==' } },
      { 'ForAllValues:StringEquals': { 'aws:a': 'x' } },
      { StringEquals: { 'aws:a': VARIABLE } },
    ]) {
      assert.equal(verdict([conditional('Allow', condition)], { keys: { 'aws:a': 'x' } }), 'implicit-deny');
      assert.equal(verdict([allowAll, conditional('Deny', condition)], { keys: { 'aws:a': 'x' } }), 'explicit-deny');
    }
    const named = { Effect: 'Allow', Action: '*', Resource: `arn:aws:s3:::${VARIABLE}` };
    assert.equal(verdict([named], { resource: `arn:aws:s3:::${VARIABLE}` }), 'implicit-deny');
  });

  test('of resources speak of services, accounts and principals', () => {
    const statement = (principal: unknown) => ({ Effect: 'Allow', Action: '*', Resource: '*', Principal: principal });
    const by = (principal: unknown, asker: Asker) => verdict([statement(principal)], { asker, kind: 'resource' });
    const s3: Asker = { accountId: ACCOUNT, arns: [], service: 's3.amazonaws.com' };
    const role: Asker = { accountId: ACCOUNT, arns: [ROLE] };
    assert.equal(by({ Service: 's3.amazonaws.com' }, s3), 'allow');
    assert.equal(by({ Service: 'sns.amazonaws.com' }, s3), 'implicit-deny');
    assert.equal(by({ AWS: ACCOUNT }, s3), 'implicit-deny');
    assert.equal(by({ AWS: `arn:aws:iam::${ACCOUNT}:root` }, role), 'implicit-deny');
    assert.equal(by({ AWS: `arn:aws:iam::${ACCOUNT}:root` }, { ...role, isDelegated: true }), 'allow');
    assert.equal(by({ AWS: ROLE }, role), 'allow');
    assert.equal(by({ AWS: `${ROLE}2` }, role), 'implicit-deny');
    assert.equal(by('*', role), 'allow');
    assert.equal(by({ Federated: 'x' }, role), 'implicit-deny');
  });

  test('are refused when IAM would refuse them', () => {
    const refused = (value: unknown, kind: PolicyKind = 'identity') =>
      assert.throws(() => parsePolicy(typeof value === 'string' ? value : JSON.stringify(value), kind), PolicyError);
    refused('{');
    refused('[]');
    refused({ Statement: [{ ...allowAll, Effect: 'allow' }] });
    refused({ Statement: [{ ...allowAll, NotAction: '*' }] });
    refused({ Statement: [{ ...allowAll, Aktion: '*' }] });
    refused({ Statement: [{ Effect: 'Allow', Action: '*' }] });
    refused({ Statement: [{ Effect: 'Allow', Resource: '*' }] });
    refused({ Statement: [{ ...allowAll, Action: [] }] });
    refused({ Statement: [{ ...allowAll, Principal: '*' }] });
    refused({ Statement: [{ ...allowAll, Condition: { StringEquals: { 'aws:a': { b: 1 } } } }] });
    refused({ Version: '2020-01-01', Statement: [allowAll] });
    refused({ Statement: [allowAll] }, 'resource');
    refused(' '.repeat(50_000));
  });
});
