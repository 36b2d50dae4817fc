import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { ResponseError, type ResponseErrorCode } from './errors.ts';
import { type FunctionRef, functionRef } from './function-ref.ts';
import type { FunctionState, Provider } from './provider.ts';
import { quarantinePolicyDocument, quarantinePolicyName } from './quarantine-policy.ts';
import { Bench, PERMISSIVE } from './responder-bench.contract.ts';
import type { Target, Value } from './target.ts';
import { isComplete } from './transitions.ts';

/** A provider to be tested, and what its cloud holds. */
export interface ProviderFixture {
  readonly provider: Provider;
  /**
   * A function with a description, a tag, at least one event source mapping that is enabled, an environment variable with
   * `secret` as its value, and no reserved concurrency. Nobody calls it meanwhile.
   */
  readonly function: FunctionRef;
  readonly secret: string;
  /** The same with credentials that lack a permission, such as `lambda:PutFunctionConcurrency`. */
  without(permission: string): Promise<Provider>;
  /** Waits so many ms, or less where nothing has to be waited for. */
  wait(ms: number): Promise<void>;
}

/** What every provider must do. `open` makes a new cloud for each test. */
export function providerContract(name: string, open: (test: TestContext) => Promise<ProviderFixture>): void {
  describe(`${name} as a provider of responses`, () => {
    it('reads what a plan needs, and no secret', async (test) => {
      const { provider, function: ref, secret } = await open(test);
      const state = await provider.read(ref);
      assert.deepEqual(state.unread, []);
      assert.equal(state.arn, ref.arn);
      assert.ok(state.codeSha256 !== '' && state.roleName !== '' && state.timeoutS > 0);
      assert.equal(state.concurrency, null);
      assert.ok(state.mappings?.some(({ enabled }) => enabled));
      assert.ok(state.environmentNames.length > 0);
      assert.ok(!JSON.stringify(state).includes(secret));
    });

    it('gives every setting another value and back, and says so in between', async (test) => {
      const { provider, function: ref, wait } = await open(test);
      const state = await provider.read(ref);
      for (const { target, values } of settingsOf(state, ref)) {
        const before = await provider.get(target);
        for (const value of [...values, ...values.slice(-1), before, before]) {
          await provider.set(target, value);
          assert.equal(await becomes(provider, { target, value, wait }), value, target.kind);
        }
      }
      const after = await provider.read(ref);
      assert.deepEqual({ ...after, revisionId: '', lastModified: '' }, { ...state, revisionId: '', lastModified: '' });
    });

    it('keeps the code as a version, and the same version when asked again', async (test) => {
      const { provider, function: ref } = await open(test);
      const { codeSha256 } = await provider.read(ref);
      const target = { kind: 'version', functionName: ref.name, codeSha256 } as const;
      assert.equal(await provider.get(target), null);
      const { note } = await provider.set(target, 'published');
      assert.match(note, /^version \d+$/);
      assert.equal(await provider.get(target), 'published');
      assert.equal((await provider.set(target, 'published')).note, note);
      assert.equal(`version ${(await provider.read(ref)).keptVersion}`, note);
      await fails(provider.set({ ...target, codeSha256: 'b3RoZXI=' }, 'published'), 'GAIT_RESPONSE_REFUSED');
    });

    it('says that something is not there', async (test) => {
      const { provider, function: ref } = await open(test);
      await fails(provider.read(functionRef(`${ref.key}-not`)), 'GAIT_RESPONSE_ABSENT');
      await fails(provider.get({ kind: 'concurrency', functionName: 'no-such' }), 'GAIT_RESPONSE_ABSENT');
      await fails(provider.get({ kind: 'role-policy', roleName: 'no-such', policyName: 'x' }), 'GAIT_RESPONSE_ABSENT');
      await fails(provider.set({ kind: 'concurrency', functionName: 'no-such' }, '0'), 'GAIT_RESPONSE_ABSENT');
    });

    it('says which permission is missing', async (test) => {
      const { provider, function: ref, without } = await open(test);
      const limited = await without('lambda:PutFunctionConcurrency');
      const set = limited.set({ kind: 'concurrency', functionName: ref.name }, '0');
      await fails(set, 'GAIT_RESPONSE_DENIED', /lambda:PutFunctionConcurrency/);
      assert.equal(await provider.get({ kind: 'concurrency', functionName: ref.name }), null);
    });

    it('takes a whole quarantine and its release, and is as it was', async (test) => {
      const { provider, function: ref } = await open(test);
      const before = await provider.read(ref);
      const bench = new Bench();
      const responder = bench.open(PERMISSIVE, provider);
      const response = await responder.start({ function: ref.key, incident: 'i00ff00ff00ff00ff', by: 'contract' });
      assert.ok(isComplete(response), JSON.stringify(response.steps.map(({ id, failure }) => [id, failure])));
      assert.equal((await provider.read(ref)).concurrency, '0');
      await responder.release({ response: response.id, by: 'contract' });
      const after = await provider.read(ref);
      const kept = { keptVersion: '', revisionId: '', lastModified: '' };
      assert.deepEqual({ ...after, ...kept }, { ...before, ...kept });
    });
  });
}

interface Setting {
  readonly target: Target;
  readonly values: readonly Value[];
}

function settingsOf(state: FunctionState, ref: FunctionRef): Setting[] {
  const functionName = ref.name;
  const settings: Setting[] = [
    { target: { kind: 'tag', functionArn: ref.arn, key: 'gait:quarantine' }, values: ['one', 'two', null] },
    { target: { kind: 'concurrency', functionName }, values: ['0', '1', null] },
    { target: { kind: 'description', functionName }, values: ['another', ''] },
    {
      target: { kind: 'role-policy', roleName: state.roleName, policyName: quarantinePolicyName(ref) },
      values: [quarantinePolicyDocument(ref), null],
    },
  ];
  for (const { uuid } of state.mappings ?? [])
    settings.push({ target: { kind: 'mapping', uuid }, values: ['disabled', 'enabled'] });
  return settings;
}

/** Reads until it is the value, as changes of a cloud take a moment; then what it is. */
async function becomes(
  provider: Provider,
  { target, value, wait }: { target: Target; value: Value; wait: (ms: number) => Promise<void> },
): Promise<Value> {
  for (let pauseMs = 1; pauseMs < 10_000; pauseMs *= 2) {
    if ((await provider.get(target)) === value) return value;
    await wait(pauseMs);
  }
  return provider.get(target);
}

async function fails(work: Promise<unknown>, code: ResponseErrorCode, message = /./): Promise<void> {
  await assert.rejects(work, (error) => {
    assert.ok(error instanceof ResponseError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  });
}
