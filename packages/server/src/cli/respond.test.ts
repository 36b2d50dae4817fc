import assert from 'node:assert/strict';
import { once } from 'node:events';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { apiUnderTest } from '../api/api.contract.ts';
import { scratchFolder } from '../log/scratch.ts';
import { AwsDouble } from '../response/aws/http-double.contract.ts';
import { awsProviders } from '../response/aws/provider.ts';
import { responseDesk } from '../response/desk.ts';
import { PAY, SECRET } from '../response/memory-cloud.contract.ts';
import { Responder } from '../response/responder.ts';
import { Bench, PERMISSIVE } from '../response/responder-bench.contract.ts';
import { Responses } from '../response/responses.ts';
import { Workspace } from '../runtime/workspace.ts';
import { ended, linesOf, type Run, start } from './command.contract.ts';

const CREDENTIALS = {
  AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
  AWS_SECRET_ACCESS_KEY: 'never-to-be-printed',
  AWS_SESSION_TOKEN: 'nor-this',
  AWS_EC2_METADATA_DISABLED: 'true',
  // Would come before these.
  AWS_PROFILE: undefined,
};

interface Scene {
  readonly double: AwsDouble;
  readonly folder: string;
  /** Runs `gait` against the double and the folder. */
  run(...words: string[]): Promise<Run>;
  words(...words: string[]): string[];
}

/** A data folder with one incident, and a double of AWS. */
async function scene(test: TestContext): Promise<Scene> {
  const double = await AwsDouble.start(test);
  const folder = join(await scratchFolder(test), 'kept');
  const workspace = await Workspace.open(folder, { seed: [1, 2], originMs: 1_800_000_000_000 });
  const incident = {
    id: 'i00ff00ff00ff00ff',
    openedMs: 1,
    lastMs: 2,
    findings: ['00ff00ff00ff00ff'],
    entities: [PAY],
    state: 'new',
    risk: 0.8,
    summary: 'calls home',
  } as const;
  workspace.store.commitStep({ findings: [], incidents: [incident], consumed: workspace.log.next });
  await workspace.close();
  const words = (...some: string[]) => [...some, '--data', folder, '--aws-endpoint', double.endpoint];
  const run = (...some: string[]) => ended(start(words(...some), CREDENTIALS));
  return { double, folder, run, words };
}

describe('gait respond and gait release', () => {
  it('plan in words, act, list and release, and leave everything as it was', async (test) => {
    const { double, folder, run } = await scene(test);
    const before = double.cloud.settings();
    const plan = await run('respond', 'plan', 'i00ff', '--inline-policies');
    assert.equal(plan.stderr, '');
    assert.equal(plan.code, 0);
    assert.match(
      plan.stdout,
      /^Quarantine of aws:123456789012:eu-west-1:pay because of incident i00ff00ff00ff00ff\. Nothing has been done/,
    );
    assert.match(plan.stdout, /ARE LOST/);
    assert.match(
      plan.stdout,
      /\$ aws lambda put-function-concurrency --function-name pay --reserved-concurrent-executions 0/,
    );
    assert.match(plan.stdout, /undo: aws lambda delete-function-concurrency --function-name pay/);
    assert.equal(double.cloud.settings(), before);

    const started = await run('respond', 'start', 'i00ff', '--inline-policies', '--lease', '30');
    assert.equal(started.stderr, '');
    assert.match(
      started.stdout,
      /^(r[0-9a-f]{16}) {2}in force {2}aws:123456789012:eu-west-1:pay, incident i00ff00ff00ff00ff/,
    );
    assert.equal(double.cloud.function('pay').concurrency, '0');
    const id = started.stdout.slice(0, 17);

    const listed = await run('respond', 'list');
    assert.match(listed.stdout, new RegExp(`^${id} {2}in force .*pay {2}lease ends in `));
    assert.match((await run('respond', 'list', id.slice(0, 6))).stdout, /acted +throttle/);
    assert.equal((await run('respond', 'extend', id, '--lease', '90')).code, 0);

    const released = await run('release', id, '--json');
    assert.equal(JSON.parse(released.stdout).phase, 'released');
    assert.equal(double.cloud.settings(), before);
    const workspace = await Workspace.open(folder);
    assert.equal(workspace.log.lastMs, 1_800_000_000_000, 'acting does not move the clock of the folder');
    assert.ok(workspace.log.next > 20);
    await workspace.close();
    const all = [plan, started, listed, released].map(({ stdout, stderr }) => stdout + stderr).join();
    for (const secret of [SECRET, 'never-to-be-printed', 'nor-this']) assert.ok(!all.includes(secret));
  });

  it('print the plan as one JSON object, with the calls themselves', async (test) => {
    const { run } = await scene(test);
    const { stdout } = await run('respond', 'plan', '--function', PAY, '--json');
    assert.equal(linesOf(stdout).length, 1);
    const plan = JSON.parse(stdout);
    const throttle = plan.steps.find(({ id }: { id: string }) => id === 'throttle');
    assert.deepEqual(throttle.call, {
      service: 'lambda',
      operation: 'PutFunctionConcurrency',
      parameters: { FunctionName: 'pay', ReservedConcurrentExecutions: 0 },
    });
    assert.ok(plan.leftOut.some(({ what }: { what: string }) => what === 'isolate the identity'));
  });

  it('refuse what is protected, and say what is wrong in one line', async (test) => {
    const { double, run } = await scene(test);
    const refused = await run('respond', 'start', '--function', PAY, '--protect', 'aws:*:*:pay');
    assert.deepEqual([refused.code, refused.stdout], [1, '']);
    assert.match(refused.stderr, /^gait: The function is protected .*\[GAIT_RESPONSE_PROTECTED\]\n$/);
    assert.equal((await run('respond', 'start', '--function', PAY, '--lease', '1')).code, 2);
    const none = await run('release', 'r00');
    assert.match(none.stderr, /^gait: There is no response r00\.\n$/);
    double.cloud.denied.add('lambda:GetFunctionConfiguration');
    const denied = await run('respond', 'plan', '--function', PAY);
    assert.match(
      denied.stderr,
      /lambda:GetFunctionConfiguration on function pay is missing\. \[GAIT_RESPONSE_DENIED\]\n$/,
    );
  });

  it('go on with a start that was killed, from the log alone, and say so when the folder is in use', async (test) => {
    const { double, run, words } = await scene(test);
    const before = double.cloud.settings();
    const asked = new Promise<void>((resolve) => {
      double.onRequest = (action) => {
        if (action === 'lambda:PutFunctionConcurrency') resolve();
      };
    });
    double.trouble.set('lambda:PutFunctionConcurrency', { left: 1, with: 'silence' });
    const child = start(words('respond', 'start', 'i00ff', '--inline-policies'), CREDENTIALS);
    await asked;
    const beside = await run('respond', 'start', 'i00ff', '--inline-policies');
    assert.match(beside.stderr, /in use by another process\. If that is a server, act through it: --server URL/);
    assert.match((await run('respond', 'list')).stdout, /^r[0-9a-f]{16} {2}begun /);
    child.kill('SIGKILL');
    await once(child, 'close');
    const resumed = await run('respond', 'resume', '--inline-policies');
    assert.match(resumed.stdout, /^r[0-9a-f]{16} {2}in force /);
    assert.equal(double.cloud.function('pay').concurrency, '0');
    assert.equal((await run('release', 'r')).code, 0);
    assert.equal(double.cloud.settings(), before);
  });

  it('act through a server that holds the folder', async (test) => {
    const double = await AwsDouble.start(test);
    const bench = new Bench();
    const log: Parameters<Responses['apply']>[0][] = [];
    const responder = new Responder({
      responses: new Responses(),
      append: async (control) => (control.kind === 'response' ? log.push(control) : 0),
      providerFor: awsProviders({
        endpoint: double.endpoint,
        credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'x' },
        version: '1',
        wait: async () => undefined,
      }),
      policy: PERMISSIVE,
      now: () => bench.nowMs,
      wait: async () => undefined,
      newId: () => 'r00000000000000aa',
    });
    const responses = responseDesk(responder, { incident: () => ({ kind: 'none' }) });
    const { app, url: server, tokens } = await apiUnderTest(test, { responses });
    const run = (presented: string, ...words: string[]) =>
      ended(start([...words, '--server', server], { GAIT_TOKEN: presented }));
    const before = double.cloud.settings();
    const both = await run(tokens.respond, 'respond', 'start', '--function', PAY, '--protect', 'pay');
    assert.match(both.stderr, /^gait: --protect has no meaning with --server/);
    assert.deepEqual([both.code, log], [2, []]);
    const started = await run(tokens.respond, 'respond', 'start', '--function', PAY);
    assert.match(started.stdout, /^r00000000000000aa {2}in force {2}/);
    assert.match((await run(tokens.respond, 'respond', 'list')).stdout, /^r00000000000000aa {2}in force/);
    const none = await run(tokens.respond, 'respond', 'plan', 'i1');
    assert.match(none.stderr, /There is no incident i1\. \[GAIT_RESPONSE_ABSENT\] \[GAIT_RESPONSE_SERVER\]/);
    const wrong = await run('wrong', 'release', 'r00000000000000aa');
    assert.match(wrong.stderr, /A valid token is needed/);
    const released = await run(tokens.respond, 'release', 'r00000000000000aa');
    assert.match(released.stdout, /^r00000000000000aa {2}released/);
    assert.equal(double.cloud.settings(), before);
    assert.equal(log.at(-1)?.state, 'released');
    await app.close();
    const gone = await run(tokens.respond, 'respond', 'list');
    assert.match(gone.stderr, /GAIT_RESPONSE_SERVER/);
    assert.equal(gone.code, 1);
  });
});
