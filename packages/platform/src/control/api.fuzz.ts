import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import type { AwsRequest, AwsService } from '../contract.ts';
import { Directory } from '../identity/directory.ts';
import { createGate } from '../identity/gate.ts';
import { createTrail } from '../trail/trail.ts';
import { CodeStore } from './code-store.ts';
import { FunctionTable } from './functions.ts';
import { createIamService } from './iam-service.ts';
import { Invocations } from './invocations.ts';
import { createLambdaService, LAMBDA_OPERATIONS } from './lambda-service.ts';
import { MappingTable } from './mapping-table.ts';
import { ALLOW_ALL, StandInHost } from './stand-in.contract.ts';
import { createStsService } from './sts-service.ts';

const PLACE = { accountId: '123456789012', region: 'eu-west-1' };
const ARN = 'arn:aws:lambda:eu-west-1:123456789012:function:pay';

/** Values that a field of a call may be given: of every type, and some that are nearly right. */
const value = fc.oneof(
  fc.constantFrom<unknown>(
    'pay',
    ARN,
    `${ARN}:live`,
    '$LATEST',
    '1',
    'NONE',
    'lambda:InvokeFunction',
    '*',
    's3.amazonaws.com',
  ),
  fc.constantFrom<unknown>(
    'arn:aws:sqs:eu-west-1:123456789012:q',
    'arn:aws:iam::123456789012:role/pay-role',
    'UEsFBg==',
  ),
  fc.constantFrom<unknown>(null, true, 0, -1, 3, 1e9, 0.5, [], {}, { ZipFile: 'x' }, { Variables: { A1: 'x' } }, ['x']),
  fc.jsonValue({ maxDepth: 2 }),
  fc.string(),
);
const FIELDS =
  'FunctionName Role Handler Code ZipFile Runtime Timeout MemorySize Environment Layers DeadLetterConfig EphemeralStorage ' +
  'Description RevisionId CodeSha256 Publish DryRun Name FunctionVersion RoutingConfig ReservedConcurrentExecutions AuthType ' +
  'MaximumRetryAttempts DestinationConfig StatementId Action Principal SourceArn EventSourceArn Enabled BatchSize ' +
  'StartingPosition Tags Content InvokeMode FunctionResponseTypes __proto__ constructor';
const body = fc.dictionary(fc.constantFrom(...FIELDS.split(' ')), value, { maxKeys: 8 });
const part = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('pay', ARN) },
  { weight: 1, arbitrary: fc.constantFrom('pay:1', 'live', 's', '..', '%', '__proto__') },
  { weight: 1, arbitrary: fc.string({ minLength: 1 }) },
);

describe('calls of any form', () => {
  let folder: string;
  let lambda: AwsService;
  let iam: AwsService;
  let sts: AwsService;
  let records = 0;
  let last: Readonly<Record<string, unknown>> = {};
  const table = new FunctionTable(PLACE);
  const directory = new Directory(PLACE.accountId);
  const { accessKeyId } = directory.user('fuzz', JSON.stringify({ Statement: [ALLOW_ALL] }));

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'api-fuzz-'));
    const mappings = new MappingTable();
    const codes = new CodeStore(folder);
    const onTrail = (written: readonly Readonly<Record<string, unknown>>[]) => {
      records += written.length;
      last = written[0] ?? {};
    };
    const trail = createTrail({ ...PLACE, directory, data: true, onTrail });
    const gate = createGate(directory, trail);
    const host = new StandInHost({ credentials: () => assert.fail(), endpointUrl: '', deliver: () => {} });
    const deadLetter = () => Promise.resolve();
    const invocations = new Invocations({ table, mappings, host, trail, deadLetter });
    host.invoke = async () => ({ kind: 'throttled', reason: 'ConcurrentInvocationLimitExceeded' });
    lambda = createLambdaService({
      ...{ table, mappings, codes, invocations, directory, gate, host },
      layers: new Map(),
      endpointUrl: () => '',
      functionUrl: () => '',
      hasSource: () => true,
      now: Date.now,
    });
    iam = createIamService(directory, gate);
    sts = createStsService(directory, gate);
  });
  after(() => rm(folder, { recursive: true, force: true }));

  /** The function that most calls speak of, again when a call deleted it. */
  const makePay = (): void => {
    if (table.byName('pay') !== undefined) return;
    table.create({
      name: 'pay',
      code: { folder: '/', sha256: 'x', bytes: 1 },
      runtime: 'nodejs24.x',
      description: '',
      layers: [],
      settings: {
        handler: 'index.handler',
        roleArn: directory.role('pay-role').arn,
        timeoutMs: 1000,
        memorySizeMb: 128,
        tmpSizeMb: 512,
        environment: {},
      },
    });
  };

  const requestOf = (service: string, more: Partial<AwsRequest>): AwsRequest => ({
    caller: { accountId: PLACE.accountId, arn: `arn:aws:iam::${PLACE.accountId}:user/fuzz`, accessKeyId },
    service,
    region: PLACE.region,
    method: 'POST',
    path: '/',
    query: new URLSearchParams(),
    headers: {},
    body: Buffer.alloc(0),
    sourceIp: '127.0.0.1',
    requestId: 'r',
    ...more,
  });

  test('are answered by Lambda without an internal failure, and each is in the trail once', async () => {
    const query = fc.dictionary(fc.constantFrom('Qualifier', 'MaxItems', 'Marker', 'tagKeys', 'FunctionName'), part, {
      maxKeys: 3,
    });
    let carriedOut = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...LAMBDA_OPERATIONS),
        fc.array(part, { minLength: 2, maxLength: 2 }),
        query,
        body,
        async (operation, parts, asked, sent) => {
          const [method = '', route = ''] = operation.route.split(' ');
          const path = route.replace(/\{[A-Za-z]+\}/g, () => encodeURIComponent((parts.pop() ?? 'x').toWellFormed()));
          makePay();
          const before = records;
          const answer = await lambda.handle(
            requestOf('lambda', {
              method,
              path,
              query: new URLSearchParams(asked),
              body: Buffer.from(JSON.stringify(sent)),
            }),
          );
          if (answer.status < 300) carriedOut++;
          assert.ok(answer.status >= 200 && answer.status < 500, String(answer.body));
          assert.equal(records, before + (answer.headers['x-amzn-errortype'] === 'UnknownOperationException' ? 0 : 1));
        },
      ),
      { numRuns: 2_000 },
    );
    assert.ok(carriedOut > 100, `${carriedOut} calls were carried out`);
  });

  test('that are nested deeply or speak of prototypes are answered and show nothing of it', async () => {
    makePay();
    for (const text of [
      `{"Tags":${'['.repeat(60_000)}${']'.repeat(60_000)}}`,
      `{"Tags":${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}}`,
      '{"__proto__":{"functionName":"other"},"Tags":{"__proto__":{"x":1}}}',
    ]) {
      const path = `/2017-03-31/tags/${encodeURIComponent(ARN)}`;
      const query = new URLSearchParams([
        ['__proto__', 'a'],
        ['__proto__', 'b'],
      ]);
      const answer = await lambda.handle(requestOf('lambda', { path, query, body: Buffer.from(text) }));
      assert.equal(answer.status, 400);
      const shown = last['requestParameters'];
      assert.ok(typeof shown === 'object' && shown !== null);
      assert.equal(Object.getPrototypeOf(shown), Object.prototype);
      assert.ok(JSON.stringify(shown).length < 1_000);
    }
  });

  test('are answered by IAM and STS without an internal failure, and each is in the trail once', async () => {
    const action = fc.constantFrom(
      ...'GetRole CreateRole PutRolePolicy GetRolePolicy DeleteRolePolicy AttachRolePolicy DetachRolePolicy CreatePolicy'.split(
        ' ',
      ),
      ...'GetPolicy DeletePolicy UpdateAssumeRolePolicy CreateUser CreateAccessKey DeleteAccessKey AssumeRole ListPolicies'.split(
        ' ',
      ),
    );
    const names = fc.constantFrom(
      'RoleName',
      'UserName',
      'PolicyName',
      'PolicyArn',
      'PolicyDocument',
      'AssumeRolePolicyDocument',
      'RoleArn',
      'RoleSessionName',
      'DurationSeconds',
      'AccessKeyId',
    );
    const texts = fc.oneof(
      fc.constantFrom(
        'pay-role',
        'fuzz',
        'arn:aws:iam::aws:policy/AWSDenyAll',
        'arn:aws:iam::123456789012:role/pay-role',
        '{}',
        '{"Statement":[]}',
      ),
      fc.string(),
    );
    await fc.assert(
      fc.asyncProperty(action, fc.dictionary(names, texts), async (Action, form) => {
        const isSts = Action === 'AssumeRole';
        const request = requestOf(isSts ? 'sts' : 'iam', {
          body: Buffer.from(new URLSearchParams({ ...form, Action }).toString()),
        });
        const before = records;
        const answer = await (isSts ? sts : iam).handle(request);
        assert.ok(answer.status >= 200 && answer.status < 500, String(answer.body));
        assert.equal(records, before + 1);
      }),
      { numRuns: 1_000 },
    );
  });
});
