import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

/** A request as its signature covers it. */
export interface SignedRequest {
  readonly method: string;
  /** Target of the request line, as sent: path and query. */
  readonly target: string;
  /** Lower-case names; values of repeated headers joined by commas. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** What a request says about its signature, in its header or in its query (presigned). */
export interface SignatureClaim {
  readonly accessKeyId: string;
  /** `20261125` */
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly signedHeaders: readonly string[];
  /** 64 hexadecimal digits. */
  readonly signature: string;
  /** `20261125T025512Z`. */
  readonly timestamp: string;
  readonly timeMs: number;
  /** '' when there is none. */
  readonly sessionToken: string;
  /** For how long a presigned request is valid; undefined when the signature is in the header. */
  readonly presignedMs: number | undefined;
}

/** Why a signature is not taken. */
export type SignatureFault =
  | 'missing'
  | 'malformed'
  /** Clock of the caller is more than 15 minutes off. */
  | 'skewed'
  /** A presigned request after its time. */
  | 'expired-request'
  /** The signature is not of this request or not made with this secret. */
  | 'mismatch'
  /** The body is not the one that the header speaks of. */
  | 'body-mismatch'
  /** A header that must be covered by the signature is not. */
  | 'unsigned-header';

/** How far the clock of a caller may be off, as AWS has it. */
const SKEW_MS = 15 * 60_000;
/** A presigned request is valid for seven days at most. */
const PRESIGNED_MS_MAX = 7 * 86_400_000;
/** Headers that a signature names: more than any SDK sends. */
const SIGNED_HEADERS_MAX = 100;
const ALGORITHM = 'AWS4-HMAC-SHA256';
const CREDENTIAL = /^([A-Z0-9]{16,128})\/(\d{8})\/([a-z0-9-]{1,32})\/([a-z0-9-]{1,32})\/aws4_request$/;
const TIMESTAMP = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;
const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD';
/** Only S3 takes bodies that the signature does not cover as a whole. */
const UNCOVERED_PAYLOAD = /^(UNSIGNED-PAYLOAD|STREAMING-[A-Z0-9-]{1,64})$/;

/** Reads what a request says about its signature. Takes headers before query, as AWS does. */
export function parseClaim(request: Pick<SignedRequest, 'headers' | 'target'>): SignatureClaim | SignatureFault {
  const { authorization } = request.headers;
  if (authorization !== undefined) return headerClaim(authorization, request.headers);
  const query = new Map(queryPairs(request.target));
  return query.get('X-Amz-Algorithm') === undefined ? 'missing' : queryClaim(query);
}

/**
 * Checks a signature of version 4 with the secret of the claimed key: the canonical request of the specification, the
 * key derived from date, region and service. Compares in constant time. Chunk signatures of `STREAMING-*` bodies are
 * not checked: that the request was made with the secret is proven by the first one.
 */
export function checkSignature(
  request: SignedRequest,
  claim: SignatureClaim,
  proof: { readonly secretAccessKey: string; readonly nowMs: number },
): SignatureFault | undefined {
  const time = timeFault(claim, proof.nowMs);
  if (time !== undefined) return time;
  if (claim.presignedMs === undefined && unsignedHeader(request.headers, claim) !== undefined) return 'unsigned-header';
  const payload = payloadHash(request, claim);
  if (payload === undefined) return 'body-mismatch';
  const scope = `${claim.date}/${claim.region}/${claim.service}/aws4_request`;
  const hashed = sha256(canonicalRequest(request, claim, payload));
  const expected = hmac(
    signingKey(claim, proof.secretAccessKey),
    `${ALGORITHM}\n${claim.timestamp}\n${scope}\n${hashed}`,
  );
  return timingSafeEqual(expected, Buffer.from(claim.signature, 'hex')) ? undefined : 'mismatch';
}

function headerClaim(authorization: string, headers: SignedRequest['headers']): SignatureClaim | SignatureFault {
  if (!authorization.startsWith(`${ALGORITHM} `)) return 'malformed';
  const fields = new Map<string, string>();
  for (const field of authorization.slice(ALGORITHM.length).split(',')) {
    const at = field.indexOf('=');
    if (at > 0) fields.set(field.slice(0, at).trim(), field.slice(at + 1).trim());
  }
  return claimOf({
    credential: fields.get('Credential') ?? '',
    signedHeaders: fields.get('SignedHeaders') ?? '',
    signature: fields.get('Signature') ?? '',
    timestamp: headers['x-amz-date'] ?? '',
    sessionToken: headers['x-amz-security-token'] ?? '',
    presignedMs: undefined,
  });
}

function queryClaim(query: ReadonlyMap<string, string>): SignatureClaim | SignatureFault {
  const expires = query.get('X-Amz-Expires') ?? '';
  const presignedMs = /^\d{1,6}$/.test(expires) ? Number(expires) * 1000 : Number.NaN;
  if (query.get('X-Amz-Algorithm') !== ALGORITHM || !(presignedMs >= 1000 && presignedMs <= PRESIGNED_MS_MAX)) {
    return 'malformed';
  }
  return claimOf({
    credential: query.get('X-Amz-Credential') ?? '',
    signedHeaders: query.get('X-Amz-SignedHeaders') ?? '',
    signature: query.get('X-Amz-Signature') ?? '',
    timestamp: query.get('X-Amz-Date') ?? '',
    sessionToken: query.get('X-Amz-Security-Token') ?? '',
    presignedMs,
  });
}

function claimOf(stated: {
  readonly credential: string;
  readonly signedHeaders: string;
  readonly signature: string;
  readonly timestamp: string;
  readonly sessionToken: string;
  readonly presignedMs: number | undefined;
}): SignatureClaim | SignatureFault {
  const credential = CREDENTIAL.exec(stated.credential);
  const time = TIMESTAMP.exec(stated.timestamp);
  const signedHeaders = stated.signedHeaders.split(';');
  if (credential === null || time === null || !/^[0-9a-f]{64}$/.test(stated.signature)) return 'malformed';
  if (signedHeaders.length > SIGNED_HEADERS_MAX || !signedHeaders.includes('host')) return 'malformed';
  const [, accessKeyId = '', date = '', region = '', service = ''] = credential;
  const timeMs = Date.parse(`${time.slice(1, 4).join('-')}T${time.slice(4).join(':')}Z`);
  if (Number.isNaN(timeMs) || !stated.timestamp.startsWith(date)) return 'malformed';
  const { signature, timestamp, sessionToken, presignedMs } = stated;
  return { accessKeyId, date, region, service, signedHeaders, signature, timestamp, timeMs, sessionToken, presignedMs };
}

function timeFault(claim: SignatureClaim, nowMs: number): SignatureFault | undefined {
  if (claim.timeMs > nowMs + SKEW_MS) return 'skewed';
  if (claim.presignedMs === undefined) return claim.timeMs < nowMs - SKEW_MS ? 'skewed' : undefined;
  return claim.timeMs + claim.presignedMs < nowMs ? 'expired-request' : undefined;
}

/** A header of AWS that the signature leaves out could have been put in by anybody. */
function unsignedHeader(headers: SignedRequest['headers'], claim: SignatureClaim): string | undefined {
  const signed = new Set(claim.signedHeaders);
  return Object.keys(headers).find((name) => name.startsWith('x-amz-') && !signed.has(name));
}

/** Hash that stands in the canonical request; undefined when the body is not the one that was announced. */
function payloadHash(request: SignedRequest, claim: SignatureClaim): string | undefined {
  const stated = request.headers['x-amz-content-sha256'];
  if (claim.service === 's3') {
    if (claim.presignedMs !== undefined && stated === undefined) return UNSIGNED_PAYLOAD;
    if (stated !== undefined && UNCOVERED_PAYLOAD.test(stated)) return stated;
  }
  const actual = sha256(request.body);
  return stated === undefined || stated === actual ? actual : undefined;
}

function canonicalRequest(request: SignedRequest, claim: SignatureClaim, payload: string): string {
  const names = claim.signedHeaders.toSorted();
  const headers = names.map((name) => `${name}:${(request.headers[name] ?? '').trim().replace(/[ \t]+/g, ' ')}\n`);
  return [
    request.method,
    canonicalPath(request.target, claim.service),
    canonicalQuery(request.target),
    headers.join(''),
    names.join(';'),
    payload,
  ].join('\n');
}

/** S3 signs the path as it is sent; all others remove dots and empty parts and encode once more. */
function canonicalPath(target: string, service: string): string {
  const path = pathOf(target);
  if (service === 's3') return path;
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(encode(part));
  }
  return `/${parts.join('/')}${parts.length > 0 && path.endsWith('/') ? '/' : ''}`;
}

function canonicalQuery(target: string): string {
  return queryPairs(target)
    .filter(([name]) => name !== 'X-Amz-Signature')
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .toSorted(([nameA, valueA], [nameB, valueB]) => compare(nameA, nameB) || compare(valueA, valueB))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

/** By code unit, which is what the specification asks for: what is compared is ASCII. */
function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** Path of a request line, without its query. */
function pathOf(target: string): string {
  const at = target.indexOf('?');
  return at < 0 ? target : target.slice(0, at);
}

/** Names and values of the query. A `+` is a plus here, not a space. */
function queryPairs(target: string): [string, string][] {
  const at = target.indexOf('?');
  if (at < 0) return [];
  return target
    .slice(at + 1)
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const split = pair.indexOf('=');
      return split < 0 ? [decode(pair), ''] : [decode(pair.slice(0, split)), decode(pair.slice(split + 1))];
    });
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** As RFC 3986: everything but letters, digits and `-._~`. */
function encode(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replace(
    /[!'()*]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function signingKey(claim: SignatureClaim, secretAccessKey: string): Buffer {
  const dated = hmac(`AWS4${secretAccessKey}`, claim.date);
  return hmac(hmac(hmac(dated, claim.region), claim.service), 'aws4_request');
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
