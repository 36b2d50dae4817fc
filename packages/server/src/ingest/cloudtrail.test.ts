import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { FLAG, TRUST } from '@gait/engine/event/schema';
import { cloudtrailDecoder } from './cloudtrail.ts';
import { type DecodedRow, decodeRecord, decoderContract, rowsOf } from './decoder.contract.ts';

const ROLE = 'arn:aws:iam::123456789012:role/deployer';
const FUNCTION_ROLE = 'arn:aws:iam::123456789012:role/pay-role';

const update = {
  eventVersion: '1.11',
  userIdentity: {
    type: 'AssumedRole',
    principalId: 'AROAEXAMPLE:build-20260131120000123',
    arn: 'arn:aws:sts::123456789012:assumed-role/deployer/build-20260131120000123',
    accountId: '123456789012',
    sessionContext: { sessionIssuer: { type: 'Role', arn: ROLE }, attributes: { mfaAuthenticated: 'false' } },
  },
  eventTime: '2026-01-31T12:00:00Z',
  eventSource: 'lambda.amazonaws.com',
  eventName: 'UpdateFunctionCode20150331v2',
  awsRegion: 'eu-west-1',
  sourceIPAddress: '203.0.113.9',
  userAgent: 'aws-cli/2.15.0 Python/3.11',
  requestParameters: { functionName: 'pay', publish: true },
  responseElements: { functionName: 'pay', codeSha256: 'Pt1c8vVaBygmNtAeSyjlpdy7r8nHRqJAAL++HEGlQkc=' },
  requestID: '11111111-2222-3333-4444-555555555555',
  eventID: '66666666-7777-8888-9999-000000000000',
  readOnly: false,
  eventType: 'AwsApiCall',
  managementEvent: true,
  recipientAccountId: '123456789012',
  eventCategory: 'Management',
};
const download = {
  ...update,
  userIdentity: {
    type: 'AssumedRole',
    arn: 'arn:aws:sts::123456789012:assumed-role/pay-role/pay',
    accountId: '123456789012',
    sessionContext: { sessionIssuer: { type: 'Role', arn: FUNCTION_ROLE } },
    inScopeOf: {
      issuerType: 'AWS::Lambda::Function',
      credentialsIssuedTo: 'arn:aws:lambda:eu-west-1:123456789012:function:pay',
    },
  },
  eventSource: 's3.amazonaws.com',
  eventName: 'GetObject',
  userAgent: '[aws-sdk-js/3.600.0 exec-env/AWS_Lambda_nodejs20.x]',
  requestParameters: { bucketName: 'photos', key: 'private/name.jpg' },
  responseElements: null,
  additionalEventData: { bytesTransferredIn: 12, bytesTransferredOut: 3400 },
  resources: [
    { type: 'AWS::S3::Object', ARN: 'arn:aws:s3:::photos/private/name.jpg' },
    { accountId: '123456789012', type: 'AWS::S3::Bucket', ARN: 'arn:aws:s3:::photos' },
  ],
  readOnly: true,
  eventCategory: 'Data',
};

/** What `aws cloudtrail lookup-events` prints. */
function lookUp(...events: readonly object[]) {
  const entries = events.map((event) => ({
    EventId: '66666666-7777-8888-9999-000000000000',
    EventName: 'UpdateFunctionCode',
    Username: 'build-20260131120000123',
    Resources: [],
    CloudTrailEvent: JSON.stringify(event),
  }));
  return { Events: entries, NextToken: 'x' };
}

function decode(record: unknown, defaults = {}) {
  const { batch, rejects, notes } = decodeRecord(cloudtrailDecoder, record, defaults);
  return { rows: rowsOf(batch), rejects, notes };
}

/** The one row of an event like `update` with other values. */
function rowWith(changes: object): DecodedRow {
  const { rows, rejects } = decode({ ...update, ...changes });
  assert.deepEqual(rejects, []);
  assert.equal(rows.length, 1);
  return rows[0];
}

decoderContract(
  cloudtrailDecoder,
  new Map<string, unknown>([
    ['a change', update],
    ['a delivered file', { Records: [update, download] }],
    ['a list of events', [download]],
    ['a page of a look-up', lookUp(update, download)],
    ['a list of events as strings', [JSON.stringify(update)]],
  ]),
);

suite('CloudTrail events', () => {
  test('a change says what was touched, by whom, and which code was installed', () => {
    assert.deepEqual(rowWith({}), {
      kind: 'change',
      eventMs: Date.UTC(2026, 0, 31, 12),
      flags: 0,
      trust: TRUST.audit,
      revision: 'Pt1c8vVaBygmNtAeSyjlpdy7r8nHRqJAAL++HEGlQkc=',
      principal: ROLE,
      principalKind: 'role',
      network: 'net<203.0.113.9>',
      client: 'cli',
      status: 'ok',
      action: 'lambda:UpdateFunctionCode',
      resource: 'lambda/aws:123456789012:eu-west-1:pay',
      changeKind: 'code',
      account: '123456789012',
      requestId: '11111111-2222-3333-4444-555555555555',
      eventId: '66666666-7777-8888-9999-000000000000',
    });
  });

  test('a call of a function belongs to the function, with the bytes as the function sees them', () => {
    assert.deepEqual(decode(download).rows[0], {
      kind: 'audit',
      eventMs: Date.UTC(2026, 0, 31, 12),
      flags: FLAG.readOnly,
      trust: TRUST.audit,
      bytesOut: 12,
      bytesIn: 3400,
      function: 'aws:123456789012:eu-west-1:pay',
      principal: FUNCTION_ROLE,
      principalKind: 'function',
      network: 'net<203.0.113.9>',
      client: 'sdk',
      status: 'ok',
      action: 's3:GetObject',
      resource: 's3/photos',
      account: '123456789012',
      requestId: '11111111-2222-3333-4444-555555555555',
      eventId: '66666666-7777-8888-9999-000000000000',
    });
  });

  test('an invocation names the caller as function and the callee as resource', () => {
    const { rows } = decode({
      ...download,
      eventSource: 'lambda.amazonaws.com',
      eventName: 'Invoke',
      requestParameters: { functionName: 'arn:aws:lambda:eu-west-1:123456789012:function:ship', qualifier: 'live' },
      resources: [{ type: 'AWS::Lambda::Function', ARN: 'arn:aws:lambda:eu-west-1:123456789012:function:ship' }],
      readOnly: false,
    });
    assert.equal(rows[0].kind, 'audit');
    assert.equal(rows[0].function, 'aws:123456789012:eu-west-1:pay');
    assert.equal(rows[0].resource, 'lambda/aws:123456789012:eu-west-1:ship');
    assert.equal(rows[0].qualifier, 'live');
  });

  const actions: readonly (readonly [string, string, string, string | undefined])[] = [
    ['lambda', 'UpdateFunctionConfiguration20150331v2', 'lambda:UpdateFunctionConfiguration', 'configuration'],
    ['lambda', 'AddPermission20150331v2', 'lambda:AddPermission', 'permission'],
    ['lambda', 'CreateEventSourceMapping20150331', 'lambda:CreateEventSourceMapping', 'trigger'],
    ['lambda', 'GetFunction20150331v2', 'lambda:GetFunction', undefined],
    ['iam', 'AttachRolePolicy', 'iam:AttachRolePolicy', 'policy'],
    ['iam', 'CreateAccessKey', 'iam:CreateAccessKey', 'identity'],
    ['cloudtrail', 'StopLogging', 'cloudtrail:StopLogging', 'trail'],
    ['logs', 'PutSubscriptionFilter', 'logs:PutSubscriptionFilter', 'trail'],
    ['dynamodb', 'PutItem', 'dynamodb:PutItem', undefined],
  ];
  for (const [service, eventName, action, changeKind] of actions) {
    test(`${eventName} is ${changeKind === undefined ? 'no change' : `a change of ${changeKind}`}`, () => {
      const row = rowWith({ eventSource: `${service}.amazonaws.com`, eventName });
      assert.equal(row.action, action);
      assert.equal(row.changeKind, changeKind);
      assert.equal(row.kind, changeKind === undefined ? 'audit' : 'change');
    });
  }

  const touched: readonly (readonly [string, string, object, string])[] = [
    ['lambda', 'UpdateAlias20150331', { functionName: 'pay', name: 'live' }, 'lambda/aws:123456789012:eu-west-1:pay'],
    [
      'lambda',
      'TagResource',
      { resource: 'arn:aws:lambda:eu-west-1:123456789012:function:pay' },
      'lambda/aws:123456789012:eu-west-1:pay',
    ],
    ['lambda', 'PublishLayerVersion20181031', { layerName: 'logging' }, 'lambda/layer/logging'],
    ['lambda', 'ListFunctions20150331', {}, 'lambda'],
    [
      'iam',
      'AttachRolePolicy',
      { roleName: 'pay-role', policyArn: 'arn:aws:iam::aws:policy/AdministratorAccess' },
      'iam/role/pay-role',
    ],
    ['iam', 'CreateAccessKey', { userName: 'Bob' }, 'iam/user/person<arn:aws:iam::123456789012:user/bob>'],
    ['sts', 'AssumeRole', { roleArn: 'arn:aws:iam::123456789012:role/team/pay-role' }, 'iam/role/pay-role'],
    ['sts', 'AssumeRole', { roleArn: 'arn:aws:iam::999999999999:role/theirs' }, 'iam/role/theirs@999999999999'],
    [
      'sqs',
      'SendMessage',
      { queueUrl: 'https://sqs.eu-west-1.amazonaws.com/999999999999/jobs' },
      'sqs/jobs@999999999999',
    ],
    ['sqs', 'SendMessage', { queueUrl: 'https://sqs.eu-west-1.amazonaws.com/123456789012/jobs' }, 'sqs/jobs'],
    ['sns', 'Publish', { topicArn: 'arn:aws:sns:eu-west-1:123456789012:news' }, 'sns/news'],
    [
      'secretsmanager',
      'GetSecretValue',
      { secretId: 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-a1B2c3' },
      'secretsmanager/db',
    ],
    ['secretsmanager', 'GetSecretValue', { secretId: 'db' }, 'secretsmanager/db'],
    ['ssm', 'GetParameter', { name: '/pay/key' }, 'ssm/parameter/pay/key'],
    ['cloudtrail', 'StopLogging', { name: 'arn:aws:cloudtrail:eu-west-1:123456789012:trail/main' }, 'cloudtrail/main'],
    ['cloudtrail', 'StopLogging', { name: 'main' }, 'cloudtrail/main'],
    ['logs', 'DeleteLogGroup', { logGroupName: '/aws/lambda/pay' }, 'logs//aws/lambda/pay'],
    ['events', 'PutTargets', { rule: 'nightly' }, 'events/nightly'],
    ['dynamodb', 'GetItem', { tableName: 'orders', key: { id: 'secret' } }, 'dynamodb/orders'],
    ['glue', 'GetPartition', { tableName: 'orders' }, 'glue/orders'],
    ['ec2', 'DescribeInstances', { filterSet: {} }, 'ec2'],
    ['s3', 'ListBuckets', { tableName: 'orders' }, 's3'],
    ['events', 'PutRule', { name: 'nightly', roleArn: 'arn:aws:iam::123456789012:role/x' }, 'events/nightly'],
    ['tagging', 'TagResource', { resourceArn: 'arn:aws:s3:::photos' }, 's3/photos'],
    [
      'secretsmanager',
      'GetSecretValue',
      { secretId: 'Mallory@corp.example-token' },
      'secretsmanager/person<mallory@corp.example-token>',
    ],
    [
      'tagging',
      'TagResource',
      { resourceArn: 'arn:aws:sts::123456789012:assumed-role/Admin/niaj.n' },
      'sts/assumed-role/Admin/person<niaj.n>',
    ],
    [
      'iam',
      'TagResource',
      { resourceArn: 'arn:aws:iam::123456789012:mfa/heidi.k' },
      'iam/mfa/person<arn:aws:iam::123456789012:user/heidi.k>',
    ],
  ];
  for (const [service, eventName, requestParameters, resource] of touched) {
    test(`${service}:${eventName} with ${JSON.stringify(requestParameters)} touches ${resource}`, () => {
      const row = rowWith({
        eventSource: `${service}.amazonaws.com`,
        eventName,
        requestParameters,
        responseElements: null,
      });
      assert.equal(row.resource, resource);
    });
  }

  const listed: readonly (readonly [string, string, string])[] = [
    [
      'sts',
      'sts::123456789012:federated-user/erin',
      'sts/federated-user/person<arn:aws:sts::123456789012:federated-user/erin>',
    ],
    ['ses', 'ses:eu-west-1:123456789012:identity/frank@corp.example', 'ses/identity/person<frank@corp.example>'],
    ['quicksight', 'quicksight:eu-west-1:123456789012:user/default/judy', 'quicksight/user/person<judy>'],
    ['iam', 'iam::999999999999:user/team/Bob', 'iam/user/person<arn:aws:iam::999999999999:user/bob>@999999999999'],
  ];
  for (const [service, arn, resource] of listed) {
    test(`the person in a listed ${arn} is a token`, () => {
      const resources = [{ ARN: `arn:aws:${arn}` }];
      const eventSource = `${service}.amazonaws.com`;
      assert.equal(rowWith({ eventSource, eventName: 'X', requestParameters: null, resources }).resource, resource);
    });
  }

  test('an alias that is none is left out, so that nobody hides in it', () => {
    const touched = (name: string) =>
      rowWith({ eventName: 'UpdateAlias20150331', requestParameters: { functionName: 'pay', name } }).qualifier;
    assert.equal(touched('live'), 'live');
    assert.equal(touched('walter@corp.example'), undefined);
  });

  test('an event that an event bus delivers is the event', () => {
    const delivery = { version: '0', 'detail-type': 'AWS API Call via CloudTrail', source: 'aws.s3', detail: download };
    assert.deepEqual(decode(delivery), decode(download));
    assert.ok(cloudtrailDecoder.sniff(new TextEncoder().encode(JSON.stringify(delivery)), 'x.json') > 0.9);
  });

  test('an event that a look-up found is the event, wrapped as the tool prints it', () => {
    const expected = decode([update, download]).rows;
    const strings = [update, download].map((event) => JSON.stringify(event));
    for (const found of [lookUp(update, download), [lookUp(update), lookUp(download)], strings]) {
      assert.deepEqual(decode(found), { rows: expected, rejects: [], notes: [] });
    }
  });

  test('each bad entry of a look-up is counted and costs no other', () => {
    const entries = ['{"eventName":', 'x', '[]', 7, null, '7', '['.repeat(100), JSON.stringify(update)];
    const { rows, rejects } = decode({ Events: entries.map((CloudTrailEvent) => ({ CloudTrailEvent })) });
    assert.equal(rows.length, 1);
    const reasons = ['truncated', 'bad-json', 'wrong-type', 'wrong-type', 'wrong-type', 'wrong-type', 'too-deep'];
    assert.deepEqual(
      rejects.map(({ reason }) => reason),
      reasons,
    );
  });

  test('strings within strings are opened as far as real envelopes go', () => {
    let text = JSON.stringify(update);
    for (let layer = 0; layer < 8; layer++) text = JSON.stringify([text]);
    assert.deepEqual(
      decode(text).rejects.map(({ reason }) => reason),
      ['too-deep'],
    );
  });

  test('resources that an event lists stand in for parameters, and their owner is named if it is another account', () => {
    const resources = [
      { accountId: '999999999999', type: 'AWS::KMS::Key', ARN: 'arn:aws:kms:eu-west-1:999999999999:key/1' },
    ];
    const kms = rowWith({ eventSource: 'kms.amazonaws.com', eventName: 'Decrypt', requestParameters: null, resources });
    assert.equal(kms.resource, 'kms/key/1@999999999999');
    const s3 = {
      ...download,
      resources: [{ accountId: '999999999999', type: 'AWS::S3::Bucket', ARN: 'arn:aws:s3:::photos' }],
    };
    assert.equal(decode(s3).rows[0].resource, 's3/photos@999999999999');
  });

  const outcomes: readonly (readonly [object, string, number])[] = [
    [{ errorCode: 'AccessDenied' }, 'error', FLAG.denied],
    [{ errorCode: 'Client.UnauthorizedOperation' }, 'error', FLAG.denied],
    [{ errorCode: 'ThrottlingException' }, 'throttle', FLAG.denied],
    [{ errorCode: 'NoSuchEntity' }, 'error', 0],
    [{ errorCode: '' }, 'ok', 0],
    [{ readOnly: true }, 'ok', FLAG.readOnly],
    [{ eventName: 'ListFunctions20150331', readOnly: undefined }, 'ok', FLAG.readOnly],
    [{ eventName: 'ListeningStarted', readOnly: undefined }, 'ok', 0],
    [
      { eventSource: 'signin.amazonaws.com', eventName: 'ConsoleLogin', responseElements: { ConsoleLogin: 'Failure' } },
      'error',
      FLAG.denied,
    ],
  ];
  for (const [changes, status, flags] of outcomes) {
    test(`${JSON.stringify(changes)} is ${status} with flags ${flags}`, () => {
      const row = rowWith(changes);
      assert.equal(row.status, status);
      assert.equal(row.flags, flags);
    });
  }

  const sources: readonly (readonly [object, string | undefined])[] = [
    [{ sourceIPAddress: 'cloudformation.amazonaws.com' }, 'cloudformation.amazonaws.com'],
    [{ sourceIPAddress: 'AWS Internal' }, 'aws-internal'],
    [{ sourceIPAddress: '10.0.0.1', vpcEndpointId: 'vpce-0a1b2c3d' }, 'vpce-0a1b2c3d'],
    [{ sourceIPAddress: 'redacted' }, undefined],
  ];
  for (const [changes, network] of sources) {
    test(`${JSON.stringify(changes)} comes from ${network ?? 'an unknown network'}`, () => {
      assert.equal(rowWith(changes).network, network);
    });
  }

  test('a service acting for a person is that service for that person', () => {
    const userIdentity = {
      type: 'IAMUser',
      arn: 'arn:aws:iam::123456789012:user/bob',
      invokedBy: 'cloudformation.amazonaws.com',
    };
    const row = rowWith({ userIdentity });
    assert.equal(row.principal, 'service:cloudformation.amazonaws.com for person<arn:aws:iam::123456789012:user/bob>');
    assert.equal(row.principalKind, 'service');
  });

  test('a function that calls a service logged in one region keeps its own region', () => {
    const userIdentity = { ...download.userIdentity, inScopeOf: undefined };
    const row = rowWith({
      userIdentity,
      userAgent: download.userAgent,
      eventSource: 'iam.amazonaws.com',
      eventName: 'ListRoles',
      awsRegion: 'us-east-1',
    });
    assert.equal(row.function, 'aws:123456789012:eu-west-1:pay');
  });

  test('names of people, object keys, addresses and user agents appear nowhere in clear', () => {
    const userIdentity = { type: 'IAMUser', userName: 'carol', arn: 'arn:aws:iam::123456789012:user/carol' };
    const text = JSON.stringify(decode({ ...download, userIdentity }).rows).replaceAll(/(person|net)<[^>]*>/g, '');
    for (const secret of ['carol', 'private', '203.0.113', 'exec-env']) assert.ok(!text.includes(secret), secret);
  });

  const times: readonly (readonly [unknown, number])[] = [
    ['2026-01-31T12:00:00Z', Date.UTC(2026, 0, 31, 12)],
    ['2026-01-31 12:00:00', Date.UTC(2026, 0, 31, 12)],
    ['2026-01-31 12:00:00.123456789', Date.UTC(2026, 0, 31, 12, 0, 0, 123)],
    ['1999-12-31T23:59:59Z', Number.NaN],
    ['2126-01-31T12:00:00Z', Number.NaN],
    ['2026-99-99T12:00:00Z', Number.NaN],
    ['yesterday', Number.NaN],
    [1_769_860_800, Number.NaN],
    [undefined, Number.NaN],
  ];
  for (const [eventTime, eventMs] of times) {
    test(`the time ${JSON.stringify(eventTime)} is ${Number.isNaN(eventMs) ? 'replaced and flagged' : 'read'}`, () => {
      const row = rowWith({ eventTime });
      assert.equal(row.eventMs, eventMs);
      assert.equal(row.flags, Number.isNaN(eventMs) ? FLAG.clamped : 0);
    });
  }

  const rejected: readonly (readonly [object, string])[] = [
    [{ eventName: undefined }, 'missing-field'],
    [{ eventSource: undefined }, 'missing-field'],
    [{ eventName: 7 }, 'wrong-type'],
    [{ eventName: '<script>' }, 'unknown-format'],
    [{ eventVersion: '2.0' }, 'unknown-format'],
    [{ Records: {} }, 'wrong-type'],
  ];
  for (const [changes, reason] of rejected) {
    test(`an event with ${JSON.stringify(changes)} is rejected as ${reason}`, () => {
      const { rows, rejects } = decode({ ...update, ...changes });
      assert.equal(rows.length, 0);
      assert.deepEqual(
        rejects.map((each) => each.reason),
        [reason],
      );
    });
  }

  test('every element of a list is a row, a reject or a note', () => {
    const { rows, rejects } = decode({ Records: [update, [], null, 'x', 7, true, {}, update] });
    assert.equal(rows.length, 2);
    assert.deepEqual(
      rejects.map(({ reason }) => reason),
      ['wrong-type', 'wrong-type', 'wrong-type', 'wrong-type', 'wrong-type', 'missing-field'],
    );
    assert.deepEqual(decode({ Records: [] }).rejects, []);
  });

  test('one bad event does not cost the others, and insight events are noted', () => {
    const { rows, rejects, notes } = decode({ Records: [7, update, { eventType: 'AwsCloudTrailInsight' }, {}] });
    assert.equal(rows.length, 1);
    assert.equal(rejects.length, 2);
    assert.deepEqual(notes, ['insight-event']);
  });

  const heads: readonly (readonly [unknown, boolean])[] = [
    [update, true],
    [{ Records: [download] }, true],
    [[update], true],
    [lookUp(update), true],
    [[JSON.stringify(update)], true],
    [{ messageType: 'DATA_MESSAGE', logEvents: [{ message: JSON.stringify(update) }] }, false],
    [
      { Records: [{ eventVersion: '2.1', eventSource: 'aws:s3', eventName: 'ObjectCreated:Put', userIdentity: {} }] },
      false,
    ],
    [{ Records: [{ eventVersion: '1.0', eventSource: 'aws:dynamodb', eventName: 'REMOVE', userIdentity: {} }] }, false],
    [{ Id: '1-0', Segments: [] }, false],
    ['', false],
  ];
  for (const [record, isTrail] of heads) {
    const text = typeof record === 'string' ? record : JSON.stringify(record);
    test(`${text.slice(0, 60)} is ${isTrail ? '' : 'not '}recognised`, () => {
      assert.equal(cloudtrailDecoder.sniff(new TextEncoder().encode(text), 'x.json') > 0.7, isTrail);
    });
  }
});
