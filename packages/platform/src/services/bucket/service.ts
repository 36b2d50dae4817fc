/** The bucket service: S3's protocol over objects in memory. */
import type { ApiCall, AwsRequest, AwsResponse, AwsService } from '../../contract.ts';
import type { Carried, PlannedCall, ServicePlace } from '../call.ts';
import { ACCESS_DENIED, carryOut, ServiceError } from '../call.ts';
import { uploadOf } from './body.ts';
import { BucketError } from './bucket-error.ts';
import { listObjects } from './listing.ts';
import type { ObjectCreated } from './notification.ts';
import { keptHeaders, objectResponse, preconditionFailed } from './objects.ts';
import type { OperationName, Route } from './route.ts';
import { decode, routeOf } from './route.ts';
import type { StoredObject } from './store.ts';
import { BucketStore, KEY_BYTES_MAX } from './store.ts';
import { documentOf, element, textsIn } from './xml.ts';

/** Keys of one DeleteObjects: the service's own limit. */
const DELETE_KEYS_MAX = 1000;
/** Document of a DeleteObjects: a thousand keys as long as they may be, written as entities. */
const DELETE_BYTES_MAX = 8 * 1024 * 1024;

/** What an operation is called by policies and by the trail. */
interface Naming {
  readonly action: string;
  readonly eventName?: string;
  readonly readOnly: boolean;
  readonly isData: boolean;
}

const NAMING: Readonly<Record<OperationName, Naming>> = {
  ListBuckets: { action: 's3:ListAllMyBuckets', readOnly: true, isData: false },
  CreateBucket: { action: 's3:CreateBucket', readOnly: false, isData: false },
  HeadBucket: { action: 's3:ListBucket', readOnly: true, isData: false },
  GetBucketLocation: { action: 's3:GetBucketLocation', readOnly: true, isData: false },
  // The trail does not tell the two versions of the listing apart.
  ListObjectsV2: { action: 's3:ListBucket', eventName: 'ListObjects', readOnly: true, isData: true },
  DeleteObjects: { action: 's3:DeleteObject', readOnly: false, isData: true },
  PutObject: { action: 's3:PutObject', readOnly: false, isData: true },
  CopyObject: { action: 's3:PutObject', readOnly: false, isData: true },
  GetObject: { action: 's3:GetObject', readOnly: true, isData: true },
  HeadObject: { action: 's3:GetObject', readOnly: true, isData: true },
  DeleteObject: { action: 's3:DeleteObject', readOnly: false, isData: true },
};

interface Asked extends Route {
  readonly request: AwsRequest;
  readonly call: ApiCall;
}

/**
 * Buckets for applications: whole objects, ranges, copies, listings and checksums, addressed by path or by host name. There
 * are no versions, no uploads in parts, no access lists and no tags; requests for them are answered `NotImplemented`.
 * Everything is in memory and within the limits of `store.ts`.
 */
export class BucketService implements AwsService {
  readonly signingNames = ['s3'];
  readonly #place: ServicePlace;
  readonly #store: BucketStore;
  readonly #hosts: readonly string[];
  readonly #onCreated: (created: ObjectCreated) => void;
  #sequence = 0;

  /**
   * `hosts` are names whose subdomains are buckets; AWS's own and `localhost` if absent. `onCreated` is told of every
   * object that is made, after it was; it must not throw.
   */
  constructor(
    place: ServicePlace,
    options: { readonly hosts?: readonly string[]; readonly onCreated?: (created: ObjectCreated) => void } = {},
  ) {
    this.#place = place;
    this.#store = new BucketStore(place.now ?? Date.now);
    this.#hosts = options.hosts ?? [
      `s3.${place.region}.amazonaws.com`,
      's3.amazonaws.com',
      's3.localhost',
      'localhost',
    ];
    this.#onCreated = options.onCreated ?? (() => undefined);
  }

  /** Makes a bucket. Throws `ServiceError` for a bad or used name, or one bucket too many. Returns its ARN. */
  addBucket(name: string): string {
    return arnOf(this.#store.create(name).name);
  }

  async handle(request: AwsRequest): Promise<AwsResponse> {
    try {
      const route = routeOf(request, this.#hosts);
      const call = callOf(request, route);
      return await carryOut(this.#place.gate, request, this.#plan({ ...route, request, call }));
    } catch (error) {
      if (error instanceof ServiceError) return errorResponse(request, error);
      throw error;
    }
  }

  #plan(asked: Asked): PlannedCall<AwsResponse> {
    const { call } = asked;
    switch (asked.operation) {
      case 'ListBuckets':
        return { call, run: () => this.#listBuckets(asked) };
      case 'CreateBucket':
        return { call, run: () => this.#createBucket(asked) };
      case 'HeadBucket':
        return { call, run: () => this.#headBucket(asked) };
      case 'GetBucketLocation':
        return { call, run: () => this.#location(asked) };
      case 'ListObjectsV2':
        return { call, run: () => this.#list(asked) };
      case 'DeleteObjects':
        return { call, permissions: [], run: () => this.#deleteMany(asked) };
      case 'PutObject':
        return { call, run: () => this.#put(asked) };
      case 'CopyObject':
        return { call, permissions: [call, sourceCall(asked)], run: () => this.#copy(asked) };
      case 'GetObject':
        return { call, run: () => this.#get(asked, true) };
      case 'HeadObject':
        return { call, run: () => this.#get(asked, false) };
      case 'DeleteObject':
        return { call, run: () => this.#delete(asked) };
    }
  }

  #listBuckets({ request }: Asked): Carried<AwsResponse> {
    const buckets = this.#store.buckets().map(({ name, createdMs }) => {
      return element('Bucket', [element('Name', name), element('CreationDate', new Date(createdMs).toISOString())]);
    });
    const owner = element('Owner', [element('ID', request.caller.accountId)]);
    return xmlAnswer(documentOf(element('ListAllMyBucketsResult', [owner, element('Buckets', buckets)])));
  }

  #createBucket({ bucket }: Asked): Carried<AwsResponse> {
    this.#store.create(bucket);
    return { answer: { status: 200, headers: { location: `/${bucket}` }, body: '' } };
  }

  #headBucket({ bucket }: Asked): Carried<AwsResponse> {
    this.#store.bucket(bucket);
    return { answer: { status: 200, headers: { 'x-amz-bucket-region': this.#place.region }, body: '' } };
  }

  #location({ bucket }: Asked): Carried<AwsResponse> {
    this.#store.bucket(bucket);
    return xmlAnswer(documentOf(element('LocationConstraint', this.#place.region)));
  }

  #list({ bucket, request }: Asked): Carried<AwsResponse> {
    const listed = xmlAnswer(listObjects(this.#store.bucket(bucket), request.query));
    return { ...listed, additionalEventData: transferred(0, Buffer.byteLength(listed.answer.body)) };
  }

  #put({ bucket, key, request }: Asked): Carried<AwsResponse> {
    const found = this.#store.bucket(bucket);
    if (request.headers['if-none-match'] === '*' && found.objects.has(key)) throw preconditionFailed();
    const { bytes, checksum } = uploadOf(request);
    const object = this.#store.put(found, { key, bytes, checksum, headers: keptHeaders(request) });
    this.#tell({ bucket, object, how: 'Put', request });
    const headers = {
      etag: `"${object.etag}"`,
      ...(checksum === undefined ? {} : { [`x-amz-checksum-${checksum.algorithm}`]: checksum.value }),
    };
    return { answer: { status: 200, headers, body: '' }, additionalEventData: transferred(bytes.length, 0) };
  }

  #copy({ bucket, key, request }: Asked): Carried<AwsResponse> {
    const source = copySourceOf(request);
    const original = this.#store.object(this.#store.bucket(source.bucket), source.key);
    const replaces = request.headers['x-amz-metadata-directive']?.toUpperCase() === 'REPLACE';
    const object = this.#store.put(this.#store.bucket(bucket), {
      key,
      bytes: original.bytes,
      checksum: original.checksum,
      headers: replaces ? keptHeaders(request) : original.headers,
    });
    this.#tell({ bucket, object, how: 'Copy', request });
    const result = element('CopyObjectResult', [
      element('LastModified', new Date(object.modifiedMs).toISOString()),
      element('ETag', `"${object.etag}"`),
    ]);
    return { ...xmlAnswer(documentOf(result)), additionalEventData: transferred(0, 0) };
  }

  #get({ bucket, key, request }: Asked, withBody: boolean): Carried<AwsResponse> {
    const object = this.#store.object(this.#store.bucket(bucket), key);
    const answer = objectResponse(request, object, withBody);
    return { answer, additionalEventData: transferred(0, Buffer.byteLength(answer.body)) };
  }

  #delete({ bucket, key }: Asked): Carried<AwsResponse> {
    this.#store.remove(this.#store.bucket(bucket), key);
    return { answer: { status: 204, headers: {}, body: '' }, additionalEventData: transferred(0, 0) };
  }

  /** Each key is asked for by itself: those that are refused stay, and the answer says so. */
  #deleteMany({ bucket, request, call }: Asked): Carried<AwsResponse> {
    const { bytes } = uploadOf(request);
    const keys = keysToDelete(bytes);
    let refusal: string | undefined;
    const results = keys.map((key) => {
      const admission = this.#place.gate.admit(request, { ...call, resourceArn: `${arnOf(bucket)}/${key}` });
      if (admission.allowed) {
        this.#store.remove(this.#store.bucket(bucket), key);
        return element('Deleted', [element('Key', key)]);
      }
      refusal ??= admission.message;
      return element('Error', [
        element('Key', key),
        element('Code', ACCESS_DENIED),
        element('Message', admission.message),
      ]);
    });
    const isQuiet = textsIn(bytes.toString('utf8'), 'Quiet').some((text) => text.trim() === 'true');
    const shown = isQuiet ? results.filter(({ name }) => name === 'Error') : results;
    return {
      ...xmlAnswer(documentOf(element('DeleteResult', shown))),
      ...(refusal === undefined ? {} : { error: { code: ACCESS_DENIED, message: refusal } }),
      additionalEventData: transferred(bytes.length, 0),
    };
  }

  #tell(made: { bucket: string; object: StoredObject; how: 'Put' | 'Copy'; request: AwsRequest }): void {
    this.#sequence++;
    this.#onCreated({ ...made, bucketArn: arnOf(made.bucket), sequence: this.#sequence });
  }
}

function arnOf(bucket: string): string {
  return `arn:aws:s3:::${bucket}`;
}

function callOf(request: AwsRequest, { operation, bucket, key }: Route): ApiCall {
  const naming = NAMING[operation];
  const parameters: Record<string, unknown> = { Host: request.headers['host'] ?? '' };
  if (bucket !== '') parameters['bucketName'] = bucket;
  if (key !== '') parameters['key'] = key;
  for (const name of ['prefix', 'delimiter', 'list-type', 'max-keys']) {
    const value = request.query.get(name);
    if (value !== null) parameters[name] = value;
  }
  const source = request.headers['x-amz-copy-source'];
  if (source !== undefined) parameters['x-amz-copy-source'] = source;
  return {
    action: naming.action,
    resourceArn: bucket === '' ? '*' : key === '' ? arnOf(bucket) : `${arnOf(bucket)}/${key}`,
    eventName: naming.eventName ?? operation,
    readOnly: naming.readOnly,
    isData: naming.isData,
    requestParameters: parameters,
  };
}

/** Copying reads the source, under the permission to read it. */
function sourceCall({ request, call }: Asked): ApiCall {
  const { bucket, key } = copySourceOf(request);
  return { ...call, action: 's3:GetObject', resourceArn: `${arnOf(bucket)}/${key}` };
}

function copySourceOf({ headers }: AwsRequest): { bucket: string; key: string } {
  const text = (headers['x-amz-copy-source'] ?? '').replace(/^\//, '');
  if (text.includes('?') || Object.keys(headers).some((name) => name.startsWith('x-amz-copy-source-'))) {
    throw new BucketError('NotImplemented', 'Versions, parts and conditions of a source are not offered here.', 501);
  }
  const source = decode(text);
  const slash = source.indexOf('/');
  if (slash < 1 || slash === source.length - 1) {
    throw new BucketError(
      'InvalidArgument',
      'Copy Source must mention the source bucket and key: sourcebucket/sourcekey',
      400,
    );
  }
  return { bucket: source.slice(0, slash), key: source.slice(slash + 1) };
}

function keysToDelete(bytes: Buffer): string[] {
  const malformed = new BucketError(
    'MalformedXML',
    'The XML you provided was not well-formed or did not validate',
    400,
  );
  if (bytes.length > DELETE_BYTES_MAX) throw malformed;
  const keys = textsIn(bytes.toString('utf8'), 'Key');
  const isFine = keys.every((key) => key !== '' && Buffer.byteLength(key) <= KEY_BYTES_MAX);
  if (keys.length === 0 || keys.length > DELETE_KEYS_MAX || !isFine) throw malformed;
  return keys;
}

function transferred(bytesIn: number, bytesOut: number): Readonly<Record<string, unknown>> {
  return { bytesTransferredIn: bytesIn, bytesTransferredOut: bytesOut };
}

function xmlAnswer(xml: string): Carried<AwsResponse> {
  return { answer: { status: 200, headers: { 'content-type': 'application/xml' }, body: xml } };
}

function errorResponse(request: AwsRequest, error: ServiceError): AwsResponse {
  const xml = documentOf(
    element('Error', [
      element('Code', error.code),
      element('Message', error.message),
      element('Resource', request.path.split('?')[0] ?? ''),
      element('RequestId', request.requestId),
    ]),
    false,
  );
  // Answers to HEAD have no body; the SDK goes by the status.
  const isHead = request.method === 'HEAD';
  return { status: error.status, headers: { 'content-type': 'application/xml' }, body: isHead ? '' : xml };
}
