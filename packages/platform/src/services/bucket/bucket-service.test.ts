import assert from 'node:assert/strict';
import { Agent } from 'node:http';
import type { LookupFunction } from 'node:net';
import { Readable } from 'node:stream';
import { after, before, beforeEach, describe, test } from 'node:test';
import {
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketLocationCommand,
  GetObjectCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { ACCOUNT, REGION, TestFront, TestGate } from '../test-front.ts';
import { uploadOf } from './body.ts';
import type { ObjectCreated } from './notification.ts';
import { createdEvent } from './notification.ts';
import { BucketService } from './service.ts';

const Bucket = 'prints';
const ARN = `arn:aws:s3:::${Bucket}`;

describe('the bucket service, spoken to by the AWS SDK', () => {
  let gate: TestGate;
  let service: BucketService;
  let front: TestFront;
  let client: S3Client;
  let created: ObjectCreated[];

  before(async () => {
    front = await TestFront.open({ signingNames: ['s3'], handle: (request) => service.handle(request) });
    client = new S3Client({ ...front.client(), forcePathStyle: true });
  });
  beforeEach(() => {
    gate = new TestGate();
    created = [];
    service = new BucketService(
      { accountId: ACCOUNT, region: REGION, gate },
      { onCreated: (one) => created.push(one) },
    );
    service.addBucket(Bucket);
  });
  after(async () => {
    client.destroy();
    await front.close();
  });

  const put = (Key: string, Body: string | Uint8Array = 'x', more = {}) =>
    client.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
  const get = (Key: string, more = {}) => client.send(new GetObjectCommand({ Bucket, Key, ...more }));
  const text = async (Key: string, more = {}) => (await get(Key, more)).Body?.transformToString();

  test('gives back what was put, with its metadata and a checksum the SDK accepts', async () => {
    const key = 'a b/grün+%41&<x>.txt';
    const sent = await put(key, 'Hello 🌱', {
      ContentType: 'text/plain',
      ContentEncoding: 'identity',
      Metadata: { owner: 'me' },
    });
    const found = await get(key);
    assert.equal(await found.Body?.transformToString(), 'Hello 🌱');
    assert.equal(found.ETag, sent.ETag);
    assert.equal(found.ChecksumCRC32, sent.ChecksumCRC32);
    assert.deepEqual([found.ContentType, found.Metadata, found.ContentLength], ['text/plain', { owner: 'me' }, 10]);
    const head = await client.send(new HeadObjectCommand({ Bucket, Key: key }));
    assert.deepEqual([head.ContentLength, head.ETag, head.Metadata], [10, sent.ETag, { owner: 'me' }]);
  });

  test('takes streams out of their chunks and checks the checksum in the trailer', async () => {
    const bytes = Buffer.alloc(300_000, 'chunk ');
    for (const ChecksumAlgorithm of ['CRC32', 'CRC32C', 'SHA1', 'SHA256'] as const) {
      const Body = Readable.from([bytes.subarray(0, 70_000), bytes.subarray(70_000)]);
      await client.send(
        new PutObjectCommand({ Bucket, Key: 'stream', Body, ContentLength: bytes.length, ChecksumAlgorithm }),
      );
      const found = await get('stream', { ChecksumMode: 'ENABLED' });
      assert.deepEqual(Buffer.from((await found.Body?.transformToByteArray()) ?? []), bytes);
      assert.equal(found.ContentEncoding, undefined);
    }
  });

  test('refuses a body that is cut or does not fit its checksum', async () => {
    const headers = { 'content-encoding': 'aws-chunked', 'x-amz-content-sha256': 'STREAMING-UNSIGNED-PAYLOAD-TRAILER' };
    const good = '5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n';
    assert.equal(uploadOf({ headers, body: Buffer.from(good) }).bytes.toString(), 'hello');
    const signed = '5;chunk-signature=abc\r\nhello\r\n0;chunk-signature=def\r\n\r\n';
    assert.equal(uploadOf({ headers, body: Buffer.from(signed) }).bytes.toString(), 'hello');
    const wrong = good.replace('hello', 'hullo');
    assert.throws(() => uploadOf({ headers, body: Buffer.from(wrong) }), { code: 'BadDigest' });
    for (let end = 0; end < good.indexOf('0\r\nx-amz') + 3; end++) {
      assert.throws(() => uploadOf({ headers, body: Buffer.from(good.slice(0, end)) }), { code: 'IncompleteBody' });
    }
    const short = { ...headers, 'x-amz-decoded-content-length': '6' };
    assert.throws(() => uploadOf({ headers: short, body: Buffer.from(good) }), { code: 'IncompleteBody' });
    const unknown = good.replace('crc32', 'crc64nvme');
    assert.throws(() => uploadOf({ headers, body: Buffer.from(unknown) }), { code: 'NotImplemented' });
    await assert.rejects(put('x', 'hello', { ContentMD5: 'AAAAAAAAAAAAAAAAAAAAAA==' }), { name: 'BadDigest' });
    await assert.rejects(get('x'), { name: 'NoSuchKey' });
  });

  test('gives ranges of an object', async () => {
    await put('ten', '0123456789');
    const range = await get('ten', { Range: 'bytes=2-4' });
    assert.deepEqual([await range.Body?.transformToString(), range.ContentRange], ['234', 'bytes 2-4/10']);
    assert.equal(range.$metadata.httpStatusCode, 206);
    assert.equal(await text('ten', { Range: 'bytes=7-' }), '789');
    assert.equal(await text('ten', { Range: 'bytes=-2' }), '89');
    assert.equal(await text('ten', { Range: 'bytes=8-100' }), '89');
    assert.equal(await text('ten', { Range: 'lines=1-2' }), '0123456789');
    await assert.rejects(get('ten', { Range: 'bytes=10-' }), { name: 'InvalidRange' });
  });

  test('answers conditions on what is there', async () => {
    const { ETag } = await put('one');
    await assert.rejects(put('one', 'y', { IfNoneMatch: '*' }), { name: 'PreconditionFailed' });
    await assert.rejects(get('one', { IfMatch: '"other"' }), { name: 'PreconditionFailed' });
    await assert.rejects(get('one', { IfNoneMatch: ETag }), (error: unknown) => {
      assert.match(JSON.stringify(error), /304/);
      return true;
    });
    assert.equal(await text('one', { IfMatch: ETag }), 'x');
  });

  test('lists keys in order, by page, without missing or repeating any', async () => {
    const keys = ['a', 'b/1', 'b/2', 'b/c/3', 'b0', 'c', 'd\u{ffff}', 'd\u{1f331}', 'z <&>'];
    for (const key of [...keys].reverse()) await put(key);
    for (const MaxKeys of [1, 2, 4, 1000]) assert.deepEqual(await listed({ MaxKeys }), keys);
    assert.deepEqual(await listed({ Prefix: 'b/' }), ['b/1', 'b/2', 'b/c/3']);
    assert.deepEqual(await listed({ StartAfter: 'b/2', MaxKeys: 2 }), keys.slice(3));
    assert.deepEqual(await listed({ Prefix: 'zz' }), []);
    for (const MaxKeys of [1, 2, 1000]) {
      assert.deepEqual(await listed({ Delimiter: '/', MaxKeys, Prefix: 'b' }), ['b0', 'b/'].sort());
      assert.deepEqual(await listed({ Delimiter: '/', MaxKeys, Prefix: 'b/' }), ['b/1', 'b/2', 'b/c/']);
    }
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'c' }));
    assert.deepEqual(await listed({ EncodingType: 'url', Prefix: 'z' }), ['z%20%3C%26%3E']);
    assert.ok(!(await listed({})).includes('c'));
  });

  /** Keys and common prefixes of all pages, in the order of each page's entries. */
  async function listed(more: object): Promise<string[]> {
    const found: string[] = [];
    let ContinuationToken: string | undefined;
    do {
      const page: {
        Contents?: { Key?: string | undefined }[] | undefined;
        CommonPrefixes?: { Prefix?: string | undefined }[] | undefined;
        NextContinuationToken?: string | undefined;
      } = await client.send(
        new ListObjectsV2Command({
          Bucket,
          ...more,
          ...(ContinuationToken === undefined ? {} : { ContinuationToken }),
        }),
      );
      const keys = (page.Contents ?? []).map(({ Key }) => Key ?? '');
      const prefixes = (page.CommonPrefixes ?? []).map(({ Prefix }) => Prefix ?? '');
      found.push(...(prefixes.length > 0 ? [...keys, ...prefixes].sort() : keys));
      ContinuationToken = page.NextContinuationToken;
    } while (ContinuationToken !== undefined);
    return found;
  }

  test('copies objects, with their metadata or new one', async () => {
    await put('from here', 'content', { Metadata: { a: '1' } });
    const CopySource = `${Bucket}/${encodeURIComponent('from here')}`;
    await client.send(new CopyObjectCommand({ Bucket, Key: 'same', CopySource }));
    await client.send(
      new CopyObjectCommand({ Bucket, Key: 'other', CopySource, MetadataDirective: 'REPLACE', Metadata: { b: '2' } }),
    );
    assert.deepEqual((await get('same')).Metadata, { a: '1' });
    assert.deepEqual((await get('other')).Metadata, { b: '2' });
    assert.equal(await text('other'), 'content');
    assert.deepEqual(
      created.map(({ how }) => how),
      ['Put', 'Copy', 'Copy'],
    );
  });

  test('makes, finds and lists buckets', async () => {
    await client.send(new CreateBucketCommand({ Bucket: 'another' }));
    await client.send(new HeadBucketCommand({ Bucket: 'another' }));
    await assert.rejects(client.send(new HeadBucketCommand({ Bucket: 'absent' })), { name: 'NotFound' });
    await assert.rejects(client.send(new CreateBucketCommand({ Bucket: 'another' })), {
      name: 'BucketAlreadyOwnedByYou',
    });
    const { Buckets } = await client.send(new ListBucketsCommand({}));
    assert.deepEqual(
      Buckets?.map(({ Name }) => Name),
      ['another', Bucket],
    );
    const location = await client.send(new GetBucketLocationCommand({ Bucket }));
    assert.equal(location.LocationConstraint, REGION);
    await assert.rejects(
      get('x').catch(() => client.send(new GetObjectCommand({ Bucket: 'absent', Key: 'x' }))),
      {
        name: 'NoSuchBucket',
      },
    );
  });

  test('takes the bucket from the host name too', async () => {
    const lookup: LookupFunction = (_name, _options, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]);
    const virtual = new S3Client({
      ...front.client(`http://localhost:${front.port}`),
      // Not every machine knows that names below `localhost` are its own.
      requestHandler: { httpAgent: new Agent({ lookup }) },
    });
    await virtual.send(new PutObjectCommand({ Bucket, Key: 'dir/by host', Body: 'x' }));
    assert.equal(await text('dir/by host'), 'x');
    assert.match(String(gate.recorded[0]?.requestParameters?.['Host']), /^prints\.localhost:/);
    assert.equal(gate.recorded[0]?.resourceArn, `${ARN}/dir/by host`);
    virtual.destroy();
  });

  test('is reached by clients that were told nothing but its address, as functions are', async () => {
    const plain = new S3Client(front.client());
    const large = Buffer.alloc(3 * 1024 * 1024, 'large ');
    await plain.send(new PutObjectCommand({ Bucket, Key: 'large', Body: large }));
    const found = await plain.send(new GetObjectCommand({ Bucket, Key: 'large' }));
    assert.ok(large.equals(Buffer.from((await found.Body?.transformToByteArray()) ?? [])));
    plain.destroy();
  });

  test('removes objects one by one and many at once', async () => {
    for (const key of ['a', 'b&b', 'c', 'd']) await put(key);
    await client.send(new DeleteObjectCommand({ Bucket, Key: 'a' }));
    const Objects = [{ Key: 'b&b' }, { Key: 'c' }, { Key: 'absent' }];
    const { Deleted, Errors } = await client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects } }));
    assert.deepEqual(
      Deleted?.map(({ Key }) => Key),
      ['b&b', 'c', 'absent'],
    );
    assert.equal(Errors, undefined);
    assert.deepEqual(await listed({}), ['d']);
  });

  test('keeps the objects whose removal is refused, and says so', async () => {
    for (const key of ['mine', 'yours']) await put(key);
    gate.deny = ({ resourceArn }) => resourceArn.endsWith('/yours');
    const { Deleted, Errors } = await client.send(
      new DeleteObjectsCommand({ Bucket, Delete: { Objects: [{ Key: 'mine' }, { Key: 'yours' }], Quiet: true } }),
    );
    assert.equal(Deleted, undefined);
    assert.deepEqual(
      Errors?.map(({ Key, Code }) => [Key, Code]),
      [['yours', 'AccessDenied']],
    );
    assert.deepEqual(await listed({}), ['yours']);
    const last = gate.recorded.find(({ eventName }) => eventName === 'DeleteObjects');
    assert.equal(last?.errorCode, 'AccessDenied');
  });

  test('asks with action and ARN first, does nothing when refused, and tells how many bytes went', async () => {
    await put('one', 'four');
    await get('one');
    gate.deny = ({ action }) => action === 's3:PutObject' || action === 's3:GetObject';
    await assert.rejects(put('two'), { name: 'AccessDenied' });
    await assert.rejects(get('one'), { name: 'AccessDenied' });
    await assert.rejects(client.send(new HeadObjectCommand({ Bucket, Key: 'one' })), (error: unknown) => {
      assert.match(JSON.stringify(error), /"httpStatusCode":403/);
      return true;
    });
    gate.deny = ({ action }) => action === 's3:GetObject';
    await assert.rejects(client.send(new CopyObjectCommand({ Bucket, Key: 'two', CopySource: `${Bucket}/one` })), {
      name: 'AccessDenied',
    });
    assert.deepEqual(await listed({}), ['one']);
    const one = `${ARN}/one`;
    assert.deepEqual(
      gate.recorded
        .map((call) => [
          call.eventName,
          call.resourceArn,
          call.errorCode,
          call.additionalEventData?.['bytesTransferredIn'],
          call.additionalEventData?.['bytesTransferredOut'],
        ])
        .slice(0, 6),
      [
        ['PutObject', one, undefined, 4, 0],
        ['GetObject', one, undefined, 0, 4],
        ['PutObject', `${ARN}/two`, 'AccessDenied', undefined, undefined],
        ['GetObject', one, 'AccessDenied', undefined, undefined],
        ['HeadObject', one, 'AccessDenied', undefined, undefined],
        ['CopyObject', `${ARN}/two`, 'AccessDenied', undefined, undefined],
      ],
    );
  });

  test('tells of objects that were made, as S3 does', async () => {
    await put('dir/a b+c(1).txt', 'four');
    assert.ok(created[0] !== undefined);
    const { Records } = JSON.parse(JSON.stringify(createdEvent(created[0], 'rule')));
    const { s3, ...record } = Records[0];
    assert.deepEqual([record.eventSource, record.eventName, record.awsRegion], ['aws:s3', 'ObjectCreated:Put', REGION]);
    assert.match(record.userIdentity.principalId, /^AWS:AROA\w+:orders$/);
    assert.equal(record.requestParameters.sourceIPAddress, '127.0.0.1');
    assert.deepEqual(s3.bucket, { name: Bucket, ownerIdentity: { principalId: ACCOUNT }, arn: ARN });
    assert.deepEqual([s3.object.key, s3.object.size], ['dir/a+b%2Bc%281%29.txt', 4]);
    assert.equal(s3.object.eTag, created[0].object.etag);
  });

  test('says of what it does not offer that it does not, and refuses what is too large', async () => {
    await assert.rejects(client.send(new CreateMultipartUploadCommand({ Bucket, Key: 'x' })), {
      name: 'NotImplemented',
    });
    await assert.rejects(put('k'.repeat(1025)), { name: 'KeyTooLongError' });
    await assert.rejects(put('x', 'x', { Metadata: { a: 'x'.repeat(2048) } }), { name: 'MetadataTooLarge' });
    const many = Array.from({ length: 1001 }, (_, at) => ({ Key: `k${at}` }));
    await assert.rejects(client.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects: many } })), {
      name: 'MalformedXML',
    });
  });
});
