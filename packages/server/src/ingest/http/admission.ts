import type { IncomingMessage } from 'node:http';
import type { Access, Grant } from '../../access/access.ts';
import { Refusal } from './refusal.ts';

/** Who sends a request. Throws a `Refusal` in the same words whatever is wrong with the token. */
export function admitted(access: Pick<Access, 'check'>, presented: string | undefined): Grant {
  const grant = access.check(presented);
  if ('refused' in grant) throw new Refusal('unauthorized', 'a valid token is needed');
  if (grant.token.role !== 'ingest' && grant.token.role !== 'admin') {
    throw new Refusal('forbidden', 'the token may not send telemetry');
  }
  return grant;
}

/** The token of `Authorization: Bearer <token>`; undefined when there is none. */
export function bearerOf(request: IncomingMessage): string | undefined {
  return /^Bearer +([^\s]+)$/i.exec(request.headers.authorization ?? '')?.[1];
}

/** A header as one text, '' when absent. */
export function headerOf(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  return (Array.isArray(value) ? value[0] : value) ?? '';
}

/** Media type of the body without its parameters, '' when absent. */
export function mediaTypeOf(request: IncomingMessage): string {
  return headerOf(request, 'content-type').split(';', 1)[0].trim().toLowerCase();
}
