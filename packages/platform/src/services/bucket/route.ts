/** Which operation a request asks for, on which bucket and key. */
import type { AwsRequest } from '../../contract.ts';
import { BucketError } from './bucket-error.ts';
import { KEY_BYTES_MAX } from './store.ts';

/** The operations that are offered. */
export type OperationName =
  | 'ListBuckets'
  | 'CreateBucket'
  | 'HeadBucket'
  | 'GetBucketLocation'
  | 'ListObjectsV2'
  | 'DeleteObjects'
  | 'PutObject'
  | 'CopyObject'
  | 'GetObject'
  | 'HeadObject'
  | 'DeleteObject';

/** A request, understood. `bucket` and `key` are '' where there are none. */
export interface Route {
  readonly operation: OperationName;
  readonly bucket: string;
  readonly key: string;
}

/** Parameters that are part of how a request is made, not of what it asks for. */
const NEUTRAL = /^(x-id$|x-amz-|response-)/i;

/**
 * Understands a request. Host names `<bucket>.<one of hosts>` name the bucket; otherwise the path does. Throws `BucketError`
 * for what is not offered.
 */
export function routeOf(request: AwsRequest, hosts: readonly string[]): Route {
  const { bucket, key } = placeOf(request, hosts);
  if (Buffer.byteLength(key) > KEY_BYTES_MAX) throw new BucketError('KeyTooLongError', 'Your key is too long', 400);
  const asked = [...request.query.keys()].filter((name) => !NEUTRAL.test(name));
  const operation = bucket === '' ? accountOperation(request, asked) : operationOn(request, { key, asked });
  if (operation === undefined) {
    throw new BucketError(
      'NotImplemented',
      'A header or parameter you provided implies functionality that is not implemented',
      501,
    );
  }
  return { operation, bucket, key };
}

function placeOf(request: AwsRequest, hosts: readonly string[]): { bucket: string; key: string } {
  const host = (request.headers['host'] ?? '').replace(/:\d+$/, '').toLowerCase();
  const path = (request.path.split('?')[0] ?? '').replace(/^\//, '');
  const own = hosts.includes(host) ? undefined : hosts.find((one) => host.endsWith(`.${one}`));
  if (own !== undefined) return { bucket: host.slice(0, -own.length - 1), key: decode(path) };
  const slash = path.indexOf('/');
  if (slash < 0) return { bucket: decode(path), key: '' };
  return { bucket: decode(path.slice(0, slash)), key: decode(path.slice(slash + 1)) };
}

/** Text of a part of a path. Throws `BucketError` if it is not well encoded. */
export function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new BucketError('InvalidURI', "Couldn't parse the specified URI.", 400);
  }
}

function accountOperation({ method }: AwsRequest, asked: readonly string[]): OperationName | undefined {
  return method === 'GET' &&
    asked.every((name) => ['max-buckets', 'continuation-token', 'prefix', 'bucket-region'].includes(name))
    ? 'ListBuckets'
    : undefined;
}

const LIST_PARAMETERS = new Set([
  'list-type',
  'prefix',
  'delimiter',
  'max-keys',
  'start-after',
  'continuation-token',
  'encoding-type',
  'fetch-owner',
]);

function operationOn(
  request: AwsRequest,
  { key, asked }: { readonly key: string; readonly asked: readonly string[] },
): OperationName | undefined {
  if (key !== '') return asked.length === 0 ? objectOperation(request) : undefined;
  const [first] = asked;
  switch (request.method) {
    case 'PUT':
      return asked.length === 0 ? 'CreateBucket' : undefined;
    case 'HEAD':
      return asked.length === 0 ? 'HeadBucket' : undefined;
    case 'POST':
      return first === 'delete' && asked.length === 1 ? 'DeleteObjects' : undefined;
    case 'GET':
      if (first === 'location' && asked.length === 1) return 'GetBucketLocation';
      return request.query.get('list-type') === '2' && asked.every((name) => LIST_PARAMETERS.has(name))
        ? 'ListObjectsV2'
        : undefined;
    default:
      return undefined;
  }
}

function objectOperation({ method, headers }: AwsRequest): OperationName | undefined {
  switch (method) {
    case 'PUT':
      return headers['x-amz-copy-source'] === undefined ? 'PutObject' : 'CopyObject';
    case 'GET':
      return 'GetObject';
    case 'HEAD':
      return 'HeadObject';
    case 'DELETE':
      return 'DeleteObject';
    default:
      return undefined;
  }
}
