import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { clientClass } from './client.ts';

const AGENTS: readonly (readonly [string, string])[] = [
  ['Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/131.0.0.0 Safari/537.36', 'browser'],
  ['[Mozilla/5.0 (X11; Linux x86_64) Firefox/124.0]', 'browser'],
  ['aws-cli/2.15.59 md/awscrt#0.19.19 lang/python#3.11.11', 'cli'],
  ['Boto3/1.26.0 md/Botocore#1.29', 'sdk'],
  ['aws-sdk-go/1.15.12 (go1.12.6; linux; amd64)', 'sdk'],
  ['aws-sdk-js/3.600.0 exec-env/AWS_Lambda_nodejs20.x', 'sdk'],
  ['APN/1.0 HashiCorp/1.0 Terraform/1.1.2 terraform-provider-aws/3.76.1 aws-sdk-go/1.44.157', 'terraform'],
  ['pulumi/3.1 aws-sdk-go/1.4', 'pulumi'],
  ['cloudformation.amazonaws.com', 'cloudformation'],
  ['console.amazonaws.com', 'console'],
  ['console.ec2.amazonaws.com', 'console'],
  ['signin.amazonaws.com', 'console'],
  ['AWS Internal', 'service'],
  ['eks-nodegroup.amazonaws.com', 'service'],
  ['curl/8.5.0', 'tool'],
  ['python-requests/2.31', 'tool'],
  ['something-new/1', 'other'],
  ['-', ''],
  ['', ''],
];

suite('client classes', () => {
  for (const [agent, name] of AGENTS) {
    test(`'${agent.slice(0, 50)}' is '${name}'`, () => assert.equal(clientClass(agent), name));
  }

  test('only the first characters of an endless user agent are looked at', () => {
    assert.equal(clientClass(`${'x'.repeat(1_000_000)} Terraform`), 'other');
  });
});
