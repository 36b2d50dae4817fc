import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { destinationOfHost, destinationOfResource, destinationOfUrl } from './destination.ts';

suite('destinations', () => {
  const hosts: readonly (readonly [string, string, string])[] = [
    ['registrable domain', 'a.b.example.co.uk', 'example.co.uk'],
    ['registrable domain without port, dot and case', 'WWW.Example.COM.:8443', 'example.com'],
    ['private section of the suffix list', 'x.evil.github.io', 'evil.github.io'],
    ['a suffix itself', 'github.io', 'github.io'],
    ['an international name in its ASCII form', 'exämple.com', 'xn--exmple-cua.com'],
    ['a single-label internal name', 'redis', 'redis'],
    ['an IPv4 address', '203.0.113.9', 'address:203.0.113.9'],
    ['an IPv4 address with port', '203.0.113.9:4444', 'address:203.0.113.9'],
    ['an IPv4 address as one number', '3405803785', 'address:203.0.113.9'],
    ['an IPv4 address in hexadecimal', '0xcb007109', 'address:203.0.113.9'],
    ['an IPv4 address written as IPv6', '::ffff:203.0.113.9', 'address:203.0.113.9'],
    ['an IPv6 address', '[2001:DB8:0:0::1]:443', 'address:2001:db8::1'],
    ['a service endpoint', 'sts.amazonaws.com', 'sts'],
    ['a regional service endpoint', 'dynamodb.us-east-1.amazonaws.com', 'dynamodb'],
    ['a private service endpoint', 'vpce-0a1b-x.sqs.us-east-1.vpce.amazonaws.com', 'sqs'],
    ['a bucket', 'photos.s3.eu-west-1.amazonaws.com', 's3/photos'],
    ['a bucket named bucket', 'bucket.s3.amazonaws.com', 's3/bucket'],
    ['a bucket with dots', 'my.photos.s3.amazonaws.com', 's3/my.photos'],
    ['a bucket in an old regional host', 'photos.s3-us-west-2.amazonaws.com', 's3/photos'],
    ['a bucket through a private endpoint', 'photos.bucket.vpce-0a1b-x.s3.us-east-1.vpce.amazonaws.com', 's3/photos'],
    ['an API', 'abc123.execute-api.us-east-1.amazonaws.com', 'execute-api/abc123'],
    ['a function URL', 'abcdef.lambda-url.us-east-1.on.aws', 'lambda-url/abcdef'],
    ['a machine of some customer', 'ec2-1-2-3-4.compute-1.amazonaws.com', 'ec2-1-2-3-4.compute-1.amazonaws.com'],
    ['no host', 'a b', ''],
    ['no host either', 'x/../y', ''],
    ['credentials are no host', 'user@evil.com', ''],
    ['nothing', '', ''],
    ['too long for a host', `${'a.'.repeat(200)}com`, ''],
  ];
  for (const [title, host, key] of hosts) {
    test(`${title}: '${host.slice(0, 60)}' is '${key}'`, () => assert.equal(destinationOfHost(host), key));
  }

  test('two places of a service that everybody uses are two destinations', () => {
    const ours = destinationOfHost('github.com', '/us/app');
    const theirs = destinationOfHost('github.com', '/them/app');
    assert.match(ours, /^github\.com#[0-9a-f]{16}$/);
    assert.notEqual(ours, theirs);
    assert.equal(ours, destinationOfHost('github.com', '/us/other?x=1'));
  });

  test('words that a shared service puts before the owner are skipped', () => {
    const one = destinationOfUrl('https://hooks.slack.com/services/T1/B2/secret');
    const two = destinationOfUrl('https://hooks.slack.com/services/T9/B2/secret');
    assert.notEqual(one, two);
    assert.ok(!one.includes('T1'));
    assert.equal(one, destinationOfUrl('https://hooks.slack.com/workflows/T1/other'));
  });

  test('paths of ordinary hosts, queries and credentials in URLs play no part', () => {
    assert.equal(destinationOfUrl('https://api.example.com/a?b=c'), 'example.com');
    assert.equal(destinationOfUrl('https://user:secret@example.com/'), 'example.com');
    assert.equal(destinationOfUrl('https://s3.us-east-1.amazonaws.com/photos/key'), 's3/photos');
    assert.equal(destinationOfUrl('https://sqs.us-east-1.amazonaws.com/1234/jobs'), 'sqs/jobs');
    assert.equal(destinationOfUrl('not a url'), '');
  });

  test('resources are named under their service, and other accounts are named with them', () => {
    assert.equal(destinationOfResource('S3', 'photos'), 's3/photos');
    assert.equal(destinationOfResource('dynamodb', ''), 'dynamodb');
    assert.equal(destinationOfResource('s3', 'theirs', '999999999999'), 's3/theirs@999999999999');
  });
});
