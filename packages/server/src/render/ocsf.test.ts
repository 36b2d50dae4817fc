import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { suite, test } from 'node:test';
import { sampleFinding } from '../storage/finding-samples.ts';
import { toOcsf } from './ocsf.ts';

const context = { version: '0.1.0', home: { provider: '', account: '', region: '' } };

suite('a finding as OCSF', () => {
  test('looks like the recorded one, key for key', () => {
    const path = join(import.meta.dirname, 'golden', 'finding.ocsf.txt');
    const text = `${JSON.stringify(toOcsf(sampleFinding({ principal: 'person_0123456789abcdef' }), context), null, 2)}\n`;
    if (process.env['GAIT_UPDATE_GOLDEN'] === '1') writeFileSync(path, text);
    assert.equal(text, readFileSync(path, 'utf8'));
  });

  test('has the severity of its priority', () => {
    const severity = (risk: number) => toOcsf(sampleFinding({ risk }), context).severity;
    assert.deepEqual([0, 0.249, 0.25, 0.499, 0.5, 0.749, 0.75, 1].map(severity), [
      'Low',
      'Low',
      'Medium',
      'Medium',
      'High',
      'High',
      'Critical',
      'Critical',
    ]);
  });

  test('rounds scores to whole percent', () => {
    const ocsf = toOcsf(sampleFinding({ risk: 0.816, confidence: 0.925, impact: 1 }), context);
    assert.deepEqual([ocsf.risk_score, ocsf.confidence_score, ocsf.impact_score], [82, 93, 100]);
  });

  test('is an alert only when it is a finding, not when it is only watched', () => {
    assert.equal(toOcsf(sampleFinding(), context).is_alert, true);
    assert.equal(toOcsf(sampleFinding({ level: 'watch' }), context).is_alert, false);
  });

  test('names the function by its ARN, in the partition of its region', () => {
    const uid = (key: string) => toOcsf(sampleFinding({ function: key }), context).resources?.[0].uid;
    assert.equal(uid('aws:123456789012:eu-west-1:pay'), 'arn:aws:lambda:eu-west-1:123456789012:function:pay');
    assert.equal(uid('aws:1:cn-north-1:pay'), 'arn:aws-cn:lambda:cn-north-1:1:function:pay');
    assert.equal(uid('aws:1:us-gov-east-1:pay'), 'arn:aws-us-gov:lambda:us-gov-east-1:1:function:pay');
    assert.equal(uid('aws:?:eu-west-1:pay'), undefined);
    assert.equal(uid('azure:1:westeurope:app/fn'), undefined);
    assert.equal(toOcsf(sampleFinding({ function: '' }), context).resources, undefined);
  });

  test('names what was acted on where there is no function', () => {
    const resources = (touched: string) =>
      toOcsf(sampleFinding({ function: '' }), { ...context, home: { ...context.home, provider: 'aws' }, touched })
        .resources;
    assert.deepEqual(resources('lambda/aws:123456789012:eu-west-1:pay'), [
      {
        uid: 'arn:aws:lambda:eu-west-1:123456789012:function:pay',
        name: 'pay',
        type: 'AwsLambdaFunction',
        region: 'eu-west-1',
      },
    ]);
    assert.deepEqual(resources('s3/orders@210987654321'), [{ name: 'orders', type: 's3' }]);
    assert.deepEqual(resources('iam/role/deployer'), [{ name: 'role/deployer', type: 'iam' }]);
    assert.equal(resources('s3'), undefined);
    assert.equal(resources(''), undefined);
  });

  test('claims a cloud only when it is known, and says so in its profiles', () => {
    const nowhere = toOcsf(sampleFinding({ function: '' }), context);
    assert.equal(nowhere.cloud, undefined);
    assert.deepEqual(nowhere.metadata.profiles, ['security_control']);
    const home = { provider: 'aws', account: '1', region: '' };
    const known = toOcsf(sampleFinding({ function: '' }), { version: '0.1.0', home });
    assert.deepEqual(known.cloud, { provider: 'AWS', account: { uid: '1' } });
    assert.deepEqual(known.metadata.profiles, ['cloud', 'security_control']);
    const elsewhere = toOcsf(sampleFinding({ function: 'aws:?:?:pay' }), { version: '0.1.0', home });
    assert.deepEqual(elsewhere.cloud, { provider: 'AWS' });
  });

  test('names techniques from the map and never makes one up', () => {
    const ocsf = toOcsf(sampleFinding({ techniques: ['T1567.002', 'T1078.004', 'T1648.A001', 'T9999'] }), context);
    assert.deepEqual(ocsf.finding_info.attacks, [
      {
        version: '18.1',
        tactic: { uid: 'TA0010', name: 'Exfiltration' },
        technique: { uid: 'T1567', name: 'Exfiltration Over Web Service' },
        sub_technique: { uid: 'T1567.002', name: 'Exfiltration to Cloud Storage' },
      },
      {
        version: '18.1',
        technique: { uid: 'T1078', name: 'Valid Accounts' },
        sub_technique: { uid: 'T1078.004', name: 'Cloud Accounts' },
      },
    ]);
    assert.deepEqual(ocsf.unmapped['unknown_techniques'], ['T1648.A001', 'T9999']);
    assert.equal(toOcsf(sampleFinding({ techniques: [] }), context).finding_info.attacks, undefined);
  });

  test('defangs what people read and leaves what machines match', () => {
    const ocsf = toOcsf(sampleFinding(), context);
    assert.match(ocsf.message, /files\[\.\]example\[\.\]net/);
    assert.equal(ocsf.finding_info.desc, ocsf.message);
    assert.deepEqual(ocsf.evidences?.[0], { dst_endpoint: { hostname: 'files.example.net' } });
  });

  const artifacts: readonly (readonly [parameter: string, observed: string, artifact: unknown])[] = [
    ['destination', 'github.com#0f3a', { dst_endpoint: { hostname: 'github.com', name: 'github.com#0f3a' } }],
    ['destination', 'address:203.0.113.9', { dst_endpoint: { ip: '203.0.113.9' } }],
    ['destination', 'address:2001:db8::1', { dst_endpoint: { ip: '2001:db8::1' } }],
    ['destination', 's3/bucket', { dst_endpoint: { name: 's3/bucket' } }],
    ['destination', 'intranet', { dst_endpoint: { name: 'intranet' } }],
    ['callee', 'aws:1:r:f', { dst_endpoint: { name: 'aws:1:r:f' } }],
    ['caller', 'aws:1:r:f', { actor: { app_uid: 'aws:1:r:f' } }],
    ['network', 'net_0123456789abcdef', { src_endpoint: { uid: 'net_0123456789abcdef' } }],
    [
      'call',
      's3:PutObject bucket',
      { api: { operation: 'PutObject', service: { name: 's3' }, request: { uid: 'r-1' } } },
    ],
    [
      'api_action',
      'iam:PassRole (denied)',
      { api: { operation: 'PassRole', service: { name: 'iam' }, request: { uid: 'r-1' } } },
    ],
    ['call', 'no calls', undefined],
    ['call', '3 calls without s3:PutObject', undefined],
    ['child_process', 'exec:sh', { file: { name: 'sh', type_id: 8, type: 'Executable File' } }],
    ['child_process', '/bin/sh', { file: { name: 'sh', path: '/bin/sh', type_id: 8, type: 'Executable File' } }],
    ['duration_ms', '812', undefined],
    ['destination', '', undefined],
  ];
  for (const [parameter, observed, artifact] of artifacts) {
    test(`shows ${parameter} '${observed}' as ${JSON.stringify(artifact) ?? 'no artifact'}`, () => {
      const evidence = [{ parameter, observed, expected: '', count: 1 }];
      const ocsf = toOcsf(sampleFinding({ evidence, requestId: 'r-1' }), context);
      assert.deepEqual(ocsf.evidences, artifact === undefined ? undefined : [artifact]);
    });
  }

  test('keeps an impossible time inside what the schema can hold', () => {
    assert.equal(toOcsf(sampleFinding({ timeMs: 9e15 }), context).time, 253_402_300_799_999);
    assert.equal(toOcsf(sampleFinding({ timeMs: -5 }), context).time, 0);
    assert.equal(toOcsf(sampleFinding({ timeMs: 1.9 }), context).time, 1);
  });
});
