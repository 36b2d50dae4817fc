import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { CopyObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import type { Invoker } from '../contract.ts';
import { BucketService } from '../services/bucket/service.ts';
import { ACCOUNT, REGION, TestFront, TestGate } from '../services/test-front.ts';
import { BucketNotifications } from './bucket-notifications.ts';

describe('notifications of a bucket', () => {
  let front: TestFront;
  let client: S3Client;
  let service: BucketService;
  let notifications: BucketNotifications;
  let enqueued: { name: string; sourceArn: string; principal: string; event: string }[];
  let gate: TestGate;
  let refuses: boolean;

  before(async () => {
    front = await TestFront.open({ signingNames: ['s3'], handle: (request) => service.handle(request) });
    client = new S3Client({ ...front.client(), forcePathStyle: true });
  });
  beforeEach(() => {
    gate = new TestGate();
    enqueued = [];
    refuses = false;
    const invoker: Invoker = {
      invoke: () => Promise.reject(new Error('nobody waits for notifications')),
      enqueue: (name, { payload, sourceArn, principal }) => {
        if (refuses) throw new Error('full');
        enqueued.push({ name, sourceArn, principal, event: Buffer.from(payload).toString() });
      },
    };
    notifications = new BucketNotifications(invoker);
    service = new BucketService(
      { accountId: ACCOUNT, region: REGION, gate },
      { onCreated: (created) => notifications.created(created) },
    );
    service.addBucket('prints');
    notifications.add({ id: 'all', bucket: 'prints', prefix: '', functionName: 'index' });
    notifications.add({ id: 'raw', bucket: 'prints', prefix: 'raw/', functionName: 'resize' });
    notifications.add({ id: 'other', bucket: 'others', prefix: '', functionName: 'never' });
  });
  after(async () => {
    client.destroy();
    await front.close();
  });

  const put = (Key: string) => client.send(new PutObjectCommand({ Bucket: 'prints', Key, Body: 'x' }));

  test('go to the functions whose prefix fits, as events of S3', async () => {
    await put('raw/a b.jpg');
    await put('done/a.jpg');
    await client.send(new CopyObjectCommand({ Bucket: 'prints', Key: 'raw/copy', CopySource: 'prints/done/a.jpg' }));
    assert.deepEqual(
      enqueued.map(({ name, event }) => {
        const { eventName, s3 } = JSON.parse(event).Records[0];
        return [name, s3.configurationId, eventName, s3.object.key];
      }),
      [
        ['index', 'all', 'ObjectCreated:Put', 'raw/a+b.jpg'],
        ['resize', 'raw', 'ObjectCreated:Put', 'raw/a+b.jpg'],
        ['index', 'all', 'ObjectCreated:Put', 'done/a.jpg'],
        ['index', 'all', 'ObjectCreated:Copy', 'raw/copy'],
        ['resize', 'raw', 'ObjectCreated:Copy', 'raw/copy'],
      ],
    );
    assert.deepEqual([enqueued[0]?.sourceArn, enqueued[0]?.principal], ['arn:aws:s3:::prints', 's3.amazonaws.com']);
  });

  test('are not sent of what was refused', async () => {
    gate.deny = () => true;
    await assert.rejects(put('raw/a'), { name: 'AccessDenied' });
    assert.deepEqual(enqueued, []);
  });

  test('that cannot be handed over are counted and do not fail the upload', async () => {
    refuses = true;
    await put('raw/a');
    assert.deepEqual(notifications.counts, { told: 0, refused: 2 });
  });
});
