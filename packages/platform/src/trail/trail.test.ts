import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import {
  AttachRolePolicyCommand,
  DetachRolePolicyCommand,
  GetRoleCommand,
  PutRolePolicyCommand,
} from '@aws-sdk/client-iam';
import {
  AddPermissionCommand,
  GetFunctionCommand,
  GetPolicyCommand,
  InvokeCommand,
  LambdaClient,
  ListAliasesCommand,
  ListEventSourceMappingsCommand,
  ListFunctionsCommand,
  PublishVersionCommand,
  PutFunctionConcurrencyCommand,
  TagResourceCommand,
  UpdateFunctionCodeCommand,
} from '@aws-sdk/client-lambda';
import { ALLOW_ALL, startStandIn } from '../control/stand-in.contract.ts';

const ACCOUNT = '123456789012';
const ARN = `arn:aws:lambda:eu-west-1:${ACCOUNT}:function:pay`;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const FIELDS = new Set(
  (
    'eventVersion userIdentity eventTime eventSource eventName awsRegion sourceIPAddress userAgent errorCode errorMessage ' +
    'requestParameters responseElements requestID eventID readOnly resources eventType managementEvent recipientAccountId ' +
    'sharedEventID eventCategory additionalEventData'
  ).split(' '),
);

type Shown = Readonly<Record<string, unknown>>;

/** What every record has, and nothing that CloudTrail does not know. */
function checkShape(record: Shown): void {
  assert.deepEqual(
    Object.keys(record).filter((name) => !FIELDS.has(name)),
    [],
  );
  assert.equal(record['eventVersion'], '1.11');
  assert.match(String(record['eventTime']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  assert.match(String(record['eventSource']), /^(lambda|iam|sts)\.amazonaws\.com$/);
  assert.match(String(record['eventName']), /^[A-Z][A-Za-z]+(\d{8}(v\d)?)?$/);
  assert.match(String(record['eventID']), UUID);
  assert.match(String(record['requestID']), UUID);
  assert.equal(typeof record['readOnly'], 'boolean');
  assert.equal(record['eventType'], 'AwsApiCall');
  assert.equal(record['managementEvent'], record['eventCategory'] === 'Management');
  assert.equal(record['recipientAccountId'], ACCOUNT);
  assert.equal('errorCode' in record, 'errorMessage' in record);
  const identity = record['userIdentity'];
  assert.ok(typeof identity === 'object' && identity !== null && 'type' in identity);
}

describe('trail', () => {
  let site: Awaited<ReturnType<typeof startStandIn>>;

  before(async () => {
    site = await startStandIn([
      { name: 'pay', text: 'export const handler = async (event, { credentials }) => credentials;', statements: [] },
    ]);
  });
  after(() => site.close());

  const last = (): Shown => {
    const record = site.records.at(-1);
    assert.ok(record);
    return record;
  };

  test('names management events of Lambda with the date of the API, as CloudTrail does', async () => {
    const { lambda, iam } = site;
    const names: unknown[] = [];
    const keep = async (call: Promise<unknown>) => {
      await call;
      names.push(last()['eventName']);
    };
    const name = { FunctionName: 'pay' };
    await keep(lambda.send(new ListFunctionsCommand({})));
    await keep(lambda.send(new GetFunctionCommand(name)));
    await keep(
      lambda.send(
        new UpdateFunctionCodeCommand({
          ...name,
          ZipFile: await site.zip('export const handler = async (event, { credentials }) => credentials; //2'),
        }),
      ),
    );
    await keep(lambda.send(new PublishVersionCommand(name)));
    await keep(lambda.send(new ListAliasesCommand(name)));
    await keep(lambda.send(new ListEventSourceMappingsCommand(name)));
    await keep(lambda.send(new TagResourceCommand({ Resource: ARN, Tags: { a: 'b' } })));
    await keep(lambda.send(new PutFunctionConcurrencyCommand({ ...name, ReservedConcurrentExecutions: 5 })));
    const permission = { StatementId: 's', Action: 'lambda:InvokeFunction', Principal: 's3.amazonaws.com' };
    await keep(lambda.send(new AddPermissionCommand({ ...name, ...permission })));
    await keep(lambda.send(new GetPolicyCommand(name)));
    await keep(lambda.send(new InvokeCommand(name)));
    const attachment = { RoleName: 'pay-role', PolicyArn: 'arn:aws:iam::aws:policy/AWSDenyAll' };
    await keep(iam.send(new AttachRolePolicyCommand(attachment)));
    await keep(iam.send(new DetachRolePolicyCommand(attachment)));
    await keep(iam.send(new GetRoleCommand({ RoleName: 'pay-role' })));
    assert.deepEqual(names, [
      'ListFunctions20150331',
      'GetFunction20150331v2',
      'UpdateFunctionCode20150331v2',
      'PublishVersion20150331',
      'ListAliases20150331',
      'ListEventSourceMappings20150331',
      'TagResource20170331v2',
      'PutFunctionConcurrency20171031',
      'AddPermission20150331v2',
      'GetPolicy20150331v2',
      'Invoke',
      'AttachRolePolicy',
      'DetachRolePolicy',
      'GetRole',
    ]);
  });

  test('has users with their key, and what was asked and answered', async () => {
    await site.lambda.send(new PutFunctionConcurrencyCommand({ FunctionName: 'pay', ReservedConcurrentExecutions: 7 }));
    const record = last();
    const identity = record['userIdentity'];
    assert.ok(typeof identity === 'object' && identity !== null && 'arn' in identity && 'accessKeyId' in identity);
    assert.equal(identity.arn, `arn:aws:iam::${ACCOUNT}:user/admin`);
    assert.match(String(identity.accessKeyId), /^AKIA[A-Z2-7]{16}$/);
    assert.deepEqual(record['requestParameters'], { functionName: 'pay', reservedConcurrentExecutions: 7 });
    assert.deepEqual(record['responseElements'], { reservedConcurrentExecutions: 7 });
    assert.deepEqual(record['resources'], [{ accountId: ACCOUNT, type: 'AWS::Lambda::Function', ARN }]);
    assert.match(String(record['userAgent']), /aws-sdk-js/);
    assert.equal(record['sourceIPAddress'], '127.0.0.1');
    assert.equal(record['awsRegion'], 'eu-west-1');
  });

  test('says of a session to which function its credentials were given, wherever they are used', async () => {
    const answer = await site.lambda.send(new InvokeCommand({ FunctionName: 'pay' }));
    const stolen = JSON.parse(Buffer.from(answer.Payload ?? []).toString());
    const thief = new LambdaClient(site.configOf(stolen));
    await assert.rejects(thief.send(new ListFunctionsCommand({})), { name: 'AccessDeniedException' });
    const record = last();
    assert.equal(record['errorCode'], 'AccessDenied');
    assert.match(String(record['errorMessage']), /is not authorized to perform: lambda:ListFunctions on resource: \*/);
    assert.equal(record['responseElements'], null);
    const text = JSON.stringify(record['userIdentity']);
    const identity = JSON.parse(text);
    assert.equal(identity.type, 'AssumedRole');
    assert.equal(identity.arn, `arn:aws:sts::${ACCOUNT}:assumed-role/pay-role/pay`);
    assert.match(identity.principalId, /^AROA[A-Z2-7]{17}:pay$/);
    assert.equal(identity.sessionContext.sessionIssuer.arn, `arn:aws:iam::${ACCOUNT}:role/pay-role`);
    assert.equal(identity.sessionContext.attributes.mfaAuthenticated, 'false');
    assert.deepEqual(identity.inScopeOf, { issuerType: 'AWS::Lambda::Function', credentialsIssuedTo: ARN });
    assert.ok(!text.includes(stolen.secretAccessKey) && !text.includes(stolen.sessionToken));
  });

  test('has IAM in its one region, with the document that was put', async () => {
    const PolicyDocument = JSON.stringify({ Version: '2012-10-17', Statement: [ALLOW_ALL] });
    await site.iam.send(new PutRolePolicyCommand({ RoleName: 'pay-role', PolicyName: 'p', PolicyDocument }));
    assert.equal(last()['awsRegion'], 'us-east-1');
    assert.deepEqual(last()['requestParameters'], {
      roleName: 'pay-role',
      policyName: 'p',
      policyDocument: PolicyDocument,
    });
  });

  test('has a note in the place of parameters that are too large, and refuses bodies that no call needs', async () => {
    const text = JSON.stringify({ Version: '2012-10-17', Statement: [{ ...ALLOW_ALL, Sid: 'x'.repeat(120_000) }] });
    const policy = { RoleName: 'pay-role', PolicyName: 'large', PolicyDocument: text };
    await assert.rejects(site.iam.send(new PutRolePolicyCommand(policy)));
    const shown = last()['requestParameters'];
    assert.ok(typeof shown === 'object' && shown !== null && 'omitted' in shown && 'originalSize' in shown);
    assert.ok(shown.omitted === true && Number(shown.originalSize) > 120_000);
    const tags = { Resource: ARN, Tags: { a: 'x'.repeat(140_000) } };
    await assert.rejects(site.lambda.send(new TagResourceCommand(tags)), { name: 'RequestTooLargeException' });
  });

  test('has data events apart, and only records that CloudTrail could have written', () => {
    const data = site.records.filter((record) => record['eventCategory'] === 'Data');
    assert.deepEqual([...new Set(data.map((record) => record['eventName']))], ['Invoke']);
    assert.deepEqual(data[0]?.['additionalEventData'], { functionVersion: `${ARN}:$LATEST` });
    assert.ok(site.records.length > 15);
    for (const record of site.records) checkShape(record);
    assert.equal(new Set(site.records.map((record) => record['eventID'])).size, site.records.length);
  });
});
