/** Bodies of uploads: taken out of their chunks, and held against the checksums that came with them. */
import { createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { AwsRequest } from '../../contract.ts';
import { BucketError } from './bucket-error.ts';
import type { Checksum } from './store.ts';
import { OBJECT_BYTES_MAX } from './store.ts';

/** An uploaded body. */
export interface Upload {
  readonly bytes: Buffer;
  readonly checksum: Checksum | undefined;
}

type Headers = Readonly<Record<string, string>>;

/** Length of a line between chunks, and of all trailers: signatures are the longest that stands there. */
const CHUNK_LINE_BYTES_MAX = 1024;
const TRAILERS_MAX = 10;

const ALGORITHMS: ReadonlyMap<string, (bytes: Buffer) => Buffer> = new Map([
  ['crc32', (bytes: Buffer) => bigEndian(crc32(bytes))],
  ['crc32c', (bytes: Buffer) => bigEndian(crc32c(bytes))],
  ['sha1', (bytes: Buffer) => createHash('sha1').update(bytes).digest()],
  ['sha256', (bytes: Buffer) => createHash('sha256').update(bytes).digest()],
]);

/**
 * The body of an upload, out of `aws-chunked` if it came so. Signatures of chunks are not verified; checksums are.
 * Throws `BucketError` for a body that is cut, too large or not what its checksum says.
 */
export function uploadOf(request: Pick<AwsRequest, 'headers' | 'body'>): Upload {
  const { headers } = request;
  const isChunked =
    /\baws-chunked\b/.test(headers['content-encoding'] ?? '') ||
    (headers['x-amz-content-sha256'] ?? '').startsWith('STREAMING-');
  const { bytes, trailers } = isChunked ? dechunk(request.body) : { bytes: request.body, trailers: {} };
  if (bytes.length > OBJECT_BYTES_MAX) {
    throw new BucketError('EntityTooLarge', 'Your proposed upload exceeds the maximum allowed size', 400);
  }
  const length = headers['x-amz-decoded-content-length'];
  if (length !== undefined && Number(length) !== bytes.length) {
    throw new BucketError(
      'IncompleteBody',
      'You did not provide the number of bytes specified by the Content-Length HTTP header.',
      400,
    );
  }
  expectMd5(bytes, headers['content-md5']);
  return { bytes, checksum: checkedChecksum(bytes, { ...headers, ...trailers }) };
}

/** `<hex length>[;chunk-signature=…]\r\n<bytes>\r\n` until a chunk of length 0, then trailers and an empty line. */
function dechunk(body: Buffer): { bytes: Buffer; trailers: Headers } {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const { line, next } = lineAt(body, at);
    const match = /^([0-9a-fA-F]{1,8})(?:;.*)?$/.exec(line);
    if (match === null) throw malformed();
    const length = Number.parseInt(match[1], 16);
    if (length === 0) return { bytes: Buffer.concat(chunks), trailers: trailersAt(body, next) };
    const end = next + length;
    if (body.toString('latin1', end, end + 2) !== '\r\n') throw malformed();
    chunks.push(body.subarray(next, end));
    at = end + 2;
  }
}

function trailersAt(body: Buffer, start: number): Headers {
  const trailers: Record<string, string> = {};
  let at = start;
  for (let count = 0; at < body.length; count++) {
    const { line, next } = lineAt(body, at);
    if (line === '') break;
    const match = /^([a-z0-9-]+):\s*(.*)$/i.exec(line);
    if (match === null || count >= TRAILERS_MAX) throw malformed();
    trailers[match[1].toLowerCase()] = match[2].trim();
    at = next;
  }
  return trailers;
}

function lineAt(body: Buffer, start: number): { line: string; next: number } {
  const end = body.subarray(start, start + CHUNK_LINE_BYTES_MAX).indexOf('\r\n');
  if (end < 0) throw malformed();
  return { line: body.toString('latin1', start, start + end), next: start + end + 2 };
}

function malformed(): BucketError {
  return new BucketError('IncompleteBody', 'The chunks of the body cannot be read.', 400);
}

function expectMd5(bytes: Buffer, md5: string | undefined): void {
  if (md5 === undefined || createHash('md5').update(bytes).digest('base64') === md5) return;
  throw new BucketError('BadDigest', 'The Content-MD5 you specified did not match what we received.', 400);
}

function checkedChecksum(bytes: Buffer, headers: Headers): Checksum | undefined {
  for (const [name, value] of Object.entries(headers)) {
    const algorithm = /^x-amz-checksum-([a-z0-9]+)$/.exec(name)?.[1];
    if (algorithm === undefined || algorithm === 'type' || algorithm === 'mode' || algorithm === 'algorithm') continue;
    const compute = ALGORITHMS.get(algorithm);
    if (compute === undefined) {
      // Keeping a checksum that nobody checked would be a promise.
      throw new BucketError('NotImplemented', `The checksum ${algorithm} is not offered here.`, 501);
    }
    if (compute(bytes).toString('base64') === value) return { algorithm, value };
    throw new BucketError(
      'BadDigest',
      `The ${algorithm.toUpperCase()} you specified did not match the calculated checksum.`,
      400,
    );
  }
  return undefined;
}

function bigEndian(number: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(number >>> 0);
  return bytes;
}

/** Castagnoli's polynomial, bits reversed. */
const CRC32C_POLYNOMIAL = 0x82f63b78;
const CRC32C_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ CRC32C_POLYNOMIAL : value >>> 1;
  return value;
});

function crc32c(bytes: Buffer): number {
  let value = 0xffffffff;
  for (const byte of bytes) value = (value >>> 8) ^ CRC32C_TABLE[(value ^ byte) & 0xff];
  return (value ^ 0xffffffff) >>> 0;
}
