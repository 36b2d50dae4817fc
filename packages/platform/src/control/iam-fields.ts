import type { Directory, ManagedPolicy, Role, User } from '../identity/directory.ts';
import { field, type QueryCall, QueryError } from './query-protocol.ts';

/** Forms of names and documents in calls of IAM. */
export const POLICY_NAME = /^[\w+=,.@-]{1,128}$/;
export const HOLDER_NAME = /^[\w+=,.@-]{1,64}$/;
export const POLICY_ARN = /^arn:aws:iam::(\d{12}|aws):policy\/[\w+=,.@/-]{1,512}$/;
export const DOCUMENT = /^[\s\S]{1,131072}$/;

/** What has policies: inline and attached ones. */
export type PolicyHolder = Role | User;

/** The managed policy that a call names. Throws `QueryError`. */
export function managedPolicyOf(directory: Directory, call: QueryCall): ManagedPolicy {
  const arn = field(call, 'PolicyArn', POLICY_ARN);
  return directory.managed.get(arn) ?? missing(`Policy ${arn} does not exist or is not attachable.`);
}

/** To how many roles and users a policy is attached. */
export function attachmentsOf(directory: Directory, arn: string): number {
  const holders: readonly PolicyHolder[] = [...directory.roles.values(), ...directory.users.values()];
  return holders.filter(({ attached }) => attached.has(arn)).length;
}

/** Fails a call because there is no such thing. */
export function missing(message: string): never {
  throw new QueryError('NoSuchEntity', message);
}

/** Fails a call when a name is taken. */
export function checkFree(isTaken: boolean, what: string): void {
  if (isTaken) throw new QueryError('EntityAlreadyExists', `${what} already exists.`);
}

/** Fails a call when there are as many things as there may be. */
export function checkQuota(count: number, max: number, what: string): void {
  if (count >= max) throw new QueryError('LimitExceeded', `Cannot exceed quota for ${what}: ${max}`);
}

/** Documents are shown percent-encoded (RFC 3986), as IAM does. */
export function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

/** Length of a document as IAM counts it: without spaces. */
export function charsOf(text: string): number {
  return text.replace(/\s/g, '').length;
}

/** A moment as IAM shows it, to the second. */
export function isoTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
