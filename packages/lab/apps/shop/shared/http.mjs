import { Buffer } from 'node:buffer';

/** Bodies above this are refused: no form of the shop is larger, and pictures have their own limit. */
export const FORM_BYTES_MAX = 64 * 1024;

/** Answer of a handler behind the HTTP API. The id helps customers to report a problem. */
export function answer(status, body, context) {
  return {
    statusCode: status,
    headers: { 'content-type': 'application/json', 'x-request-id': context.awsRequestId },
    body: JSON.stringify(body),
  };
}

/** Bytes of the request's body. */
export function bodyOf(event) {
  return Buffer.from(event.body ?? '', event.isBase64Encoded ? 'base64' : 'utf8');
}

/** The request's body as an object; undefined when it is not one, or too large. */
export function formOf(event) {
  const bytes = bodyOf(event);
  if (bytes.length > FORM_BYTES_MAX) return undefined;
  try {
    const form = JSON.parse(bytes.toString('utf8'));
    return typeof form === 'object' && form !== null && !Array.isArray(form) ? form : undefined;
  } catch {
    return undefined;
  }
}

/** One line for the log, as JSON, so that it can be searched. */
export function log(level, message, fields) {
  console.log(JSON.stringify({ level, message, ...fields }));
}
