/** Answers with objects: their headers, ranges of their bytes, and conditions on them. */
import type { AwsRequest, AwsResponse } from '../../contract.ts';
import { BucketError } from './bucket-error.ts';
import type { StoredObject } from './store.ts';
import { METADATA_BYTES_MAX } from './store.ts';

/** Headers that are kept with an object and given back with it, besides `x-amz-meta-…`. */
const KEPT_HEADERS = ['cache-control', 'content-disposition', 'content-language', 'content-type', 'expires'];

/** The headers of an upload that are kept. Throws `BucketError` for too many. */
export function keptHeaders({ headers }: AwsRequest): Record<string, string> {
  const kept: Record<string, string> = {};
  let bytes = 0;
  for (const [name, value] of Object.entries(headers)) {
    const isMetadata = name.startsWith('x-amz-meta-');
    if (!isMetadata && !KEPT_HEADERS.includes(name)) continue;
    kept[name] = value;
    if (isMetadata) bytes += name.length - 'x-amz-meta-'.length + Buffer.byteLength(value);
  }
  if (bytes > METADATA_BYTES_MAX) {
    throw new BucketError('MetadataTooLarge', 'Your metadata headers exceed the maximum allowed metadata size', 400);
  }
  // Of the encodings only that of the object itself is its own.
  const encoding = (headers['content-encoding'] ?? '')
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '' && one !== 'aws-chunked')
    .join(',');
  if (encoding !== '') kept['content-encoding'] = encoding;
  kept['content-type'] ??= 'binary/octet-stream';
  return kept;
}

/** GetObject and HeadObject: whole, a range, or only that nothing changed. Throws `BucketError`. */
export function objectResponse(request: AwsRequest, object: StoredObject, withBody: boolean): AwsResponse {
  const quoted = `"${object.etag}"`;
  const { headers } = request;
  if (headers['if-match'] !== undefined && !matches(headers['if-match'], quoted)) throw preconditionFailed();
  const isKnown = headers['if-none-match'] !== undefined && matches(headers['if-none-match'], quoted);
  const described: Record<string, string> = {
    ...object.headers,
    etag: quoted,
    'last-modified': new Date(object.modifiedMs).toUTCString(),
    'accept-ranges': 'bytes',
  };
  if (isKnown) return { status: 304, headers: described, body: '' };
  for (const [name, value] of request.query) {
    const header = name.startsWith('response-') ? name.slice('response-'.length) : '';
    if (KEPT_HEADERS.includes(header) || header === 'content-encoding')
      described[header] = value.replace(/[\r\n]/g, ' ');
  }
  const range = rangeOf(headers['range'], object.bytes.length);
  if (
    range === undefined &&
    headers['x-amz-checksum-mode']?.toUpperCase() === 'ENABLED' &&
    object.checksum !== undefined
  ) {
    described[`x-amz-checksum-${object.checksum.algorithm}`] = object.checksum.value;
    described['x-amz-checksum-type'] = 'FULL_OBJECT';
  }
  const bytes = range === undefined ? object.bytes : object.bytes.subarray(range.start, range.end + 1);
  if (range !== undefined) described['content-range'] = `bytes ${range.start}-${range.end}/${object.bytes.length}`;
  described['content-length'] = String(bytes.length);
  return { status: range === undefined ? 200 : 206, headers: described, body: withBody ? bytes : '' };
}

/** True if a list of quoted tags, or `*`, names a tag. */
function matches(list: string, quoted: string): boolean {
  return list.split(',').some((one) => {
    const tag = one.trim().replace(/^W\//, '');
    return tag === '*' || tag === quoted || `"${tag}"` === quoted;
  });
}

/** The condition of a request does not hold. */
export function preconditionFailed(): BucketError {
  return new BucketError('PreconditionFailed', 'At least one of the pre-conditions you specified did not hold', 412);
}

/** One range of bytes, both ends inside. A header that is not understood is no range. */
function rangeOf(header: string | undefined, length: number): { start: number; end: number } | undefined {
  const match = /^bytes=(\d*)-(\d*)$/.exec(header ?? '');
  if (match === null || (match[1] === '' && match[2] === '')) return undefined;
  const isSuffix = match[1] === '';
  const start = isSuffix ? Math.max(0, length - Number(match[2])) : Number(match[1]);
  const end = isSuffix || match[2] === '' ? length - 1 : Math.min(Number(match[2]), length - 1);
  if (start <= end) return { start, end };
  if (!isSuffix && match[2] !== '' && Number(match[2]) < start) return undefined;
  throw new BucketError('InvalidRange', 'The requested range is not satisfiable', 416);
}
