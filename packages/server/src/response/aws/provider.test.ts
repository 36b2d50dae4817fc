import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { permissionOf } from '../api-call.ts';
import { ResponseError, type ResponseErrorCode } from '../errors.ts';
import { functionRef } from '../function-ref.ts';
import { PAY, SECRET } from '../memory-cloud.contract.ts';
import { plan } from '../planner.ts';
import { providerContract } from '../provider.contract.ts';
import type { Provider } from '../provider.ts';
import { quarantinePolicyDocument } from '../quarantine-policy.ts';
import { Bench, PERMISSIVE } from '../responder-bench.contract.ts';
import { AwsDouble, refused, type Trouble } from './http-double.contract.ts';
import { awsProviders } from './provider.ts';

const ref = functionRef(PAY);
const concurrency = { kind: 'concurrency', functionName: 'pay' } as const;
const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'not-a-key', sessionToken: 'not-a-token' };

async function open(
  test: TestContext,
  requestMsMax?: number,
): Promise<{ double: AwsDouble; provider: Provider; waits: number[] }> {
  const double = await AwsDouble.start(test);
  const waits: number[] = [];
  const wait = async (ms: number) => {
    waits.push(ms);
  };
  const { endpoint } = double;
  const limits = requestMsMax === undefined ? {} : { requestMsMax };
  const provider = await awsProviders({ endpoint, credentials, version: '1.2.3', wait, ...limits })(ref);
  return { double, provider, waits };
}

providerContract('AWS through the SDK', async (test) => {
  const { double, provider } = await open(test);
  return {
    provider,
    function: ref,
    secret: SECRET,
    without: async (permission) => {
      double.cloud.denied.add(permission);
      return provider;
    },
    wait: async () => undefined,
  };
});

describe('the AWS provider', () => {
  it('says who it is with every request, and keeps the ids of its own', async (test) => {
    const { double, provider } = await open(test);
    await provider.read(ref);
    const { requestIds } = await provider.set(concurrency, '0');
    assert.deepEqual(requestIds, ['lambda-request-200']);
    assert.ok(double.seen.length > 12);
    for (const { userAgent } of double.seen) assert.match(userAgent, /gait-responder\/1\.2\.3/);
  });

  it('sends exactly the calls that the plan shows', async (test) => {
    const { double, provider } = await open(test);
    const made = plan({ ref, incident: '', state: await provider.read(ref), policy: PERMISSIVE });
    double.seen.length = 0;
    for (const { target, after } of made.steps) await provider.set(target, after);
    assert.deepEqual(
      double.actions(),
      made.steps.map(({ call }) => permissionOf(call)),
    );
  });

  it('attaches and detaches the policy that was made beforehand', async (test) => {
    const { double, provider } = await open(test);
    const policyArn = 'arn:aws:iam::123456789012:policy/gait-quarantine-pay';
    double.cloud.managedPolicies.set(policyArn, quarantinePolicyDocument(ref));
    const before = double.cloud.settings();
    const bench = new Bench();
    const responder = bench.open({ ...PERMISSIVE, inlinePolicies: false }, provider);
    const { id } = await responder.start({ function: PAY, incident: '', by: 'ann' });
    assert.ok(double.cloud.role('shop-role').attached.includes(policyArn));
    await responder.release({ response: id, by: 'ann' });
    assert.equal(double.cloud.settings(), before);
    const target = { kind: 'attached-policy', roleName: 'shop-role', policyArn } as const;
    assert.deepEqual(await provider.set(target, null), { requestIds: [], note: '' });
  });

  it('leaves out what it may not read, and names it', async (test) => {
    const { double, provider } = await open(test);
    double.cloud.denied.add('lambda:ListTags').add('iam:ListRolePolicies').add('lambda:ListFunctions');
    const state = await provider.read(ref);
    assert.deepEqual(
      state.unread.map(({ what, why }) => [what, /lambda:\w+|iam:\w+/.exec(why)?.[0]]),
      [
        ['functions on the same role', 'lambda:ListFunctions'],
        ['inline policies of the role', 'iam:ListRolePolicies'],
        ['tags', 'lambda:ListTags'],
      ],
    );
    assert.equal(state.tags, undefined);
  });

  it('never shows tags of AWS itself, which nobody could restore', async (test) => {
    const { provider } = await open(test);
    assert.deepEqual((await provider.read(ref)).tags, { team: 'shop' });
  });

  it('waits for a function that is being updated, and tells of an update that failed', async (test) => {
    const { double, provider, waits } = await open(test);
    double.updating = 4;
    const target = { kind: 'description', functionName: 'pay' } as const;
    await provider.set(target, 'new');
    assert.deepEqual([...new Set(waits)], [1000]);
    assert.equal(await provider.get(target), 'new');
    double.updateStatus = 'Failed';
    await fails(provider.set(target, 'newer'), 'GAIT_RESPONSE_REFUSED', /for a reason of the test/);
    assert.equal(await provider.get(target), 'newer');
  });

  it('asks again while something is busy with an earlier change', async (test) => {
    const { double, provider, waits } = await open(test);
    const busy = refused(400, 'ResourceInUseException', 'The mapping is being changed.');
    double.trouble.set('lambda:UpdateEventSourceMapping', { left: 3, with: busy });
    await provider.set({ kind: 'mapping', uuid: 'a1' }, 'disabled');
    assert.equal(double.cloud.mapping('a1').enabled, false);
    assert.deepEqual(waits, [1000, 1000, 1000]);
    double.trouble.set('lambda:UpdateEventSourceMapping', { left: 1000, with: busy });
    await fails(provider.set({ kind: 'mapping', uuid: 'a1' }, 'enabled'), 'GAIT_RESPONSE_REFUSED', /being changed/);
    assert.equal(waits.length, 3 + 59);
  });

  it('puts every failure into the closed list', async (test) => {
    const cases: readonly (readonly [Trouble, ResponseErrorCode])[] = [
      [refused(403, 'AccessDeniedException', 'no'), 'GAIT_RESPONSE_DENIED'],
      [refused(403, 'UnrecognizedClientException', 'who?'), 'GAIT_RESPONSE_CREDENTIALS'],
      [refused(403, 'ExpiredTokenException', 'late'), 'GAIT_RESPONSE_CREDENTIALS'],
      [refused(400, 'InvalidParameterValueException', 'too few unreserved'), 'GAIT_RESPONSE_REFUSED'],
      [refused(400, 'SomethingNewException', 'odd'), 'GAIT_RESPONSE_REFUSED'],
      [refused(429, 'TooManyRequestsException', 'slower'), 'GAIT_RESPONSE_UNREACHABLE'],
      [refused(500, 'ServiceException', 'oops'), 'GAIT_RESPONSE_UNREACHABLE'],
      ['reset', 'GAIT_RESPONSE_UNREACHABLE'],
    ];
    const { double, provider } = await open(test);
    for (const [trouble, code] of cases) {
      double.trouble.set('lambda:PutFunctionConcurrency', { left: 100, with: trouble });
      await fails(provider.set(concurrency, '0'), code, /lambda:PutFunctionConcurrency on function pay/);
    }
    assert.equal(double.cloud.get(concurrency), null);
  });

  it('tries again a bounded number of times', async (test) => {
    const { double, provider } = await open(test);
    double.trouble.set('lambda:PutFunctionConcurrency', { left: 2, with: 'reset' });
    await provider.set(concurrency, '0');
    assert.equal(double.actions().length, 3);
  });

  it('does not wait for ever for an answer', async (test) => {
    const { double, provider } = await open(test, 50);
    double.trouble.set('lambda:PutFunctionConcurrency', { left: 100, with: 'silence' });
    await fails(provider.set(concurrency, '0'), 'GAIT_RESPONSE_UNREACHABLE');
  });

  it('says when there are no credentials', async (test) => {
    const double = await AwsDouble.start(test);
    const profile = 'no-such-profile-of-gait';
    const options = { endpoint: double.endpoint, profile, version: '1', wait: async () => undefined };
    const provider = await awsProviders(options)(ref);
    await fails(provider.get(concurrency), 'GAIT_RESPONSE_CREDENTIALS');
    assert.deepEqual(double.seen, []);
  });
});

async function fails(work: Promise<unknown>, code: ResponseErrorCode, message = /./): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof ResponseError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  });
}
