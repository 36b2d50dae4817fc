import type { AwsResponse } from './contract.ts';
import type { SignatureFault } from './identity/signature.ts';

/** Why the endpoint itself refuses a request, before a service sees it. */
export type Refusal =
  | SignatureFault
  | 'unknown-key'
  | 'wrong-token'
  | 'expired-token'
  | 'too-large'
  /** Too much is being answered. */
  | 'busy'
  | 'unknown-service'
  | 'failed';

/** Names of one refusal in the protocols, and its status where they agree on it. */
interface Wording {
  /** REST-JSON and AWS JSON. */
  readonly json: string;
  /** Query XML. */
  readonly query: string;
  readonly s3: string;
  readonly s3Status: number;
  readonly status: number;
  readonly message: string;
}

const INVALID_TOKEN = 'The security token included in the request is invalid.';
const NO_MATCH =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.';

const WORDINGS: Readonly<Record<Refusal, Wording>> = {
  missing: wording(['MissingAuthenticationToken', 'AccessDenied', 403, 'Missing Authentication Token']),
  malformed: wording(['IncompleteSignature', 'AuthorizationHeaderMalformed', 400, 'The authorization is malformed.']),
  'unknown-key': {
    ...wording(['InvalidClientTokenId', 'InvalidAccessKeyId', 403, INVALID_TOKEN]),
    json: 'UnrecognizedClientException',
  },
  'wrong-token': {
    ...wording(['InvalidClientTokenId', 'InvalidToken', 403, INVALID_TOKEN]),
    json: 'UnrecognizedClientException',
    s3Status: 400,
  },
  'expired-token': {
    ...wording(['ExpiredToken', 'ExpiredToken', 403, 'The security token included in the request is expired']),
    s3Status: 400,
  },
  skewed: {
    ...signature('Signature expired or not yet current: the clock of the caller is more than 15 minutes off.'),
    s3: 'RequestTimeTooSkewed',
  },
  'expired-request': { ...signature('Request has expired'), s3: 'AccessDenied' },
  mismatch: signature(NO_MATCH),
  'body-mismatch': {
    ...signature('The provided x-amz-content-sha256 header does not match what was computed.'),
    s3: 'XAmzContentSHA256Mismatch',
    s3Status: 400,
  },
  'unsigned-header': {
    ...signature('There were headers present in the request which were not signed'),
    s3: 'AccessDenied',
  },
  'too-large': wording(['RequestEntityTooLarge', 'EntityTooLarge', 413, 'The request is too large.']),
  busy: wording(['ServiceUnavailable', 'SlowDown', 503, 'Too many large requests at once.']),
  'unknown-service': wording(['UnknownOperation', 'NotImplemented', 404, 'There is no such service here.']),
  failed: { ...wording(['ServiceFailure', 'InternalError', 500, 'Internal failure']), json: 'ServiceException' },
};

/** Protocol of a service: how its errors look. */
type Protocol = 'rest-json' | 'aws-json' | 'query' | 's3';

/** The answer to a refused request, in the words and the shape of the service it was meant for. */
export function refusalResponse(
  refusal: Refusal,
  request: { readonly service: string; readonly headers: Readonly<Record<string, string>>; readonly requestId: string },
): AwsResponse {
  const found = WORDINGS[refusal];
  const { message } = found;
  switch (protocolOf(request.service, request.headers)) {
    case 'rest-json':
      return json(found.status, { message }, { 'content-type': 'application/json', 'x-amzn-errortype': found.json });
    case 'aws-json':
      return json(
        found.status === 403 ? 400 : found.status,
        { __type: `com.amazon.coral.service#${found.json}`, message },
        { 'content-type': 'application/x-amz-json-1.0' },
      );
    case 'query':
      return xml(
        found.status,
        queryError({ code: found.query, message, status: found.status, requestId: request.requestId }),
      );
    case 's3':
      return xml(found.s3Status, s3Error(found.s3, message, request.requestId));
  }
}

/** Error document of the Query protocol. */
export function queryError(error: {
  readonly code: string;
  readonly message: string;
  readonly status: number;
  readonly requestId: string;
  /** Namespace of the service's answers. */
  readonly namespace?: string;
}): string {
  const type = error.status >= 500 ? 'Receiver' : 'Sender';
  const space = error.namespace === undefined ? '' : ` xmlns="${escapeXml(error.namespace)}"`;
  return (
    `<ErrorResponse${space}><Error><Type>${type}</Type><Code>${escapeXml(error.code)}</Code>` +
    `<Message>${escapeXml(error.message)}</Message></Error><RequestId>${error.requestId}</RequestId></ErrorResponse>`
  );
}

/** Text for XML 1.0: markup is escaped, characters that XML cannot hold become U+FFFD. */
export function escapeXml(text: string): string {
  return text
    .toWellFormed()
    .replace(/[&<>"']/g, (letter) => `&#${letter.charCodeAt(0)};`)
    .replace(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '\uFFFD');
}

/** Most names differ only in an ending. */
function wording(names: readonly [query: string, s3: string, status: number, message: string]): Wording {
  const [query, s3, status, message] = names;
  return { json: `${query}Exception`, query, s3, status, s3Status: status, message };
}

function signature(message: string): Wording {
  return {
    ...wording(['SignatureDoesNotMatch', 'SignatureDoesNotMatch', 403, message]),
    json: 'InvalidSignatureException',
  };
}

function protocolOf(service: string, headers: Readonly<Record<string, string>>): Protocol {
  if (service === 's3') return 's3';
  if (headers['x-amz-target'] !== undefined || service === 'dynamodb') return 'aws-json';
  return service === 'iam' || service === 'sts' || service === 'sqs' ? 'query' : 'rest-json';
}

function s3Error(code: string, message: string, requestId: string): string {
  return (
    `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>${code}</Code><Message>${escapeXml(message)}</Message>` +
    `<RequestId>${requestId}</RequestId></Error>`
  );
}

function json(status: number, body: unknown, headers: Readonly<Record<string, string>>): AwsResponse {
  return { status, headers, body: JSON.stringify(body) };
}

function xml(status: number, body: string): AwsResponse {
  return { status, headers: { 'content-type': 'text/xml' }, body };
}
