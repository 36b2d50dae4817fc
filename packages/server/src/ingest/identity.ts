import { clientClass } from './client.ts';
import { isObject, own, ownPath, ownText } from './json-document.ts';
import { safeName, userSpelling } from './names.ts';
import type { Tokens } from './tokens.ts';

/** Where a function lives. Empty or impossible parts become `?` in its key. `SourceDefaults` is one of these. */
export interface Place {
  readonly provider: string;
  readonly account: string;
  readonly region: string;
}

/** A function named by an ARN or by a reference that an API call was given. */
export interface FunctionIdentity {
  readonly key: string;
  readonly account: string;
  readonly region: string;
  readonly name: string;
  /** Version number, alias or `$LATEST`; '' when the reference has none. */
  readonly qualifier: string;
}

/** Who caused an event, as the `principal` and `principalKind` columns hold it; '' when the record does not say. */
export interface Principal {
  readonly principal: string;
  readonly kind: '' | 'person' | 'role' | 'service' | 'function' | 'account' | 'anonymous';
  /** Function whose role session acted. */
  readonly functionKey?: string;
}

/** What `principalOf` needs besides the identity itself. */
export interface PrincipalContext {
  readonly tokens: Tokens;
  /** Account and region of the event. */
  readonly place: Place;
  /** Raw user agent; software inside a function names its environment there. */
  readonly userAgent?: string;
}

const ARN = /^arn:(aws[a-z0-9-]{0,20}):lambda:([a-z0-9-]{1,32}):([0-9A-Za-z-]{1,32}):function:(.+)$/;
const NAME = /^[A-Za-z0-9._-]{1,140}$/;
const QUALIFIER = /^(?:\$LATEST|[A-Za-z0-9_-]{1,128})$/;
/** No dots: an address in the place of an account is no account. */
const PART = /^[0-9A-Za-z_-]{1,64}$/;
const ROLE_ARN = /^arn:aws[a-z0-9-]*:iam::\d{0,12}:role\/[\w+=,.@/-]{1,576}$/;
const SERVICE_HOST = /^[a-z0-9][a-z0-9.-]{0,120}\.(?:amazonaws\.com(?:\.cn)?|aws\.internal|amazon\.com)$/;

/**
 * Key of a function: `provider:account:region:name`, with `?` for unknown parts, for example
 * `aws:123456789012:us-east-1:thumbnail-upload`. Only the name may hold further colons, so the first three parts cannot
 * be forged through it.
 */
export function functionKey(place: Place, name: string): string {
  return `${part(place.provider)}:${part(place.account)}:${part(place.region)}:${name === '' ? '?' : name}`;
}

/** The function a Lambda function ARN names (any partition, with or without qualifier); undefined for other ARNs. */
export function functionOfArn(arn: string): FunctionIdentity | undefined {
  const match = ARN.exec(arn);
  if (match === null) return undefined;
  return named({ provider: 'aws', account: match[3], region: match[2] }, match[4]);
}

/**
 * The function that an API call means by `reference`: a name, `name:qualifier`, `account:function:name` or an ARN.
 * `place` supplies what the reference leaves out.
 */
export function functionOfReference(reference: string, place: Place): FunctionIdentity | undefined {
  if (reference.startsWith('arn:')) return functionOfArn(reference);
  const at = reference.indexOf(':function:');
  if (at > 0) return named({ ...place, account: reference.slice(0, at) }, reference.slice(at + 10));
  return named(place, reference);
}

/** The part of `SourceDefaults` that says which function records are of. */
export interface Envelope extends Place {
  /** Name, ARN or key, as the log group or the token says. */
  readonly envelopeFunction?: string;
  /** Name, ARN or key, as the person who gave the file says. */
  readonly declaredFunction?: string;
}

/** Key of the function the envelope speaks for, '' when it names none: a record of another function contradicts it. */
export function envelopeKey(envelope: Envelope): string {
  return keyOfGiven(envelope.envelopeFunction, envelope);
}

/** Key of the function of records that name none: the envelope's, else the declared one, '' when there is neither. */
export function defaultKey(envelope: Envelope): string {
  return envelopeKey(envelope) || keyOfGiven(envelope.declaredFunction, envelope);
}

/** Whether two function keys can mean the same function: every part is equal or unknown in one of them. */
export function sameFunction(one: string, other: string): boolean {
  const theirs = other.split(':');
  return one.split(':').every((part, at) => part === theirs[at] || part === '?' || theirs[at] === '?');
}

/** A version number or alias as the platform allows it, '' for anything else. */
export function qualifierOf(text: string): string {
  return QUALIFIER.test(text) ? text : '';
}

/**
 * Who acted, from a CloudTrail `userIdentity`. Roles are named by their ARN in clear; people (IAM users, root, single
 * sign-on, federated users) by token, followed by `@` and the role's ARN if they acted through one; session names of
 * programs are random and dropped. A service acting for somebody is `service:<name> for <principal>`. Every principal
 * of a person contains that person's token, which is what erasure looks for.
 */
export function principalOf(identity: unknown, context: PrincipalContext): Principal {
  if (!isObject(identity)) return { principal: '', kind: '' };
  const acting = actorOf(identity, context);
  const invokedBy = ownText(identity, 'invokedBy');
  if (invokedBy === '' || acting.kind === 'service') return acting;
  const service = `service:${serviceOf(invokedBy)}`;
  return {
    ...acting,
    principal: acting.principal === '' ? service : `${service} for ${acting.principal}`,
    kind: 'service',
  };
}

function actorOf(identity: object, context: PrincipalContext): Principal {
  switch (ownText(identity, 'type')) {
    case 'AssumedRole':
    case 'Role':
      return roleSession(identity, context);
    case 'IAMUser':
    case 'Root':
      return person(userArn(identity, context.place), context);
    case 'FederatedUser':
      return federated(identity, context);
    case 'WebIdentityUser':
      return webIdentity(identity, context);
    case 'AWSService':
      return { principal: `service:${serviceOf(ownText(identity, 'invokedBy'))}`, kind: 'service' };
    case 'AWSAccount':
      return account(identity);
    case 'IdentityCenterUser':
      return person(ownText(identity, 'onBehalfOf', 'userId') || nameOf(identity), context);
    default:
      return person(nameOf(identity), context);
  }
}

function roleSession(identity: object, context: PrincipalContext): Principal {
  const session = sessionOf(identity, context.place);
  const role = safeName(session.role, { tokens: context.tokens, account: context.place.account });
  const service = /:role\/aws-service-role\/([a-z0-9.-]+)\//.exec(session.role);
  if (service !== null) return { principal: `service:${service[1]}`, kind: 'service' };
  const owner = functionOfSession(identity, session, context);
  if (owner !== undefined) return { principal: role, kind: 'function', functionKey: owner };
  const name = personOfSession(identity, session);
  if (name === '') return role === '' ? { principal: '', kind: '' } : { principal: role, kind: 'role' };
  const token = context.tokens.person(name.toLowerCase());
  return { principal: role === '' ? token : `${token}@${role}`, kind: 'person' };
}

interface RoleSession {
  /** ARN of the role, '' when the record does not say. */
  readonly role: string;
  readonly roleName: string;
  /** Name the session was given, '' when the record does not say. */
  readonly name: string;
}

function sessionOf(identity: object, place: Place): RoleSession {
  const issuer = ownText(identity, 'sessionContext', 'sessionIssuer', 'arn');
  const isRole = ROLE_ARN.test(issuer);
  const match = /^arn:(aws[a-z0-9-]*):sts::(\d*):assumed-role\/(?:[^/]+\/)*?([^/]+)\/([^/]+)$/.exec(
    ownText(identity, 'arn'),
  );
  const roleName = isRole ? issuer.slice(issuer.lastIndexOf('/') + 1) : (match?.[3] ?? ownText(identity, 'userName'));
  const owner = match?.[2] || ownText(identity, 'accountId') || place.account;
  const built = roleName === '' ? '' : `arn:${match?.[1] ?? 'aws'}:iam::${owner}:role/${roleName}`;
  const principalId = ownText(identity, 'principalId');
  const at = principalId.indexOf(':');
  return {
    role: isRole ? issuer : built,
    roleName,
    name: match?.[4] ?? (at < 0 ? '' : principalId.slice(at + 1)),
  };
}

/**
 * The function behind a role session. The provider says so in `inScopeOf`, which goes with the credentials: a stolen
 * session stays attributed to the function it was stolen from. Older records only carry the session's name, which
 * Lambda sets to the function's but anybody may choose; it is believed when the client says that it runs in Lambda.
 * Any other session name may be that of a person and is not kept.
 */
function functionOfSession(identity: object, session: RoleSession, context: PrincipalContext): string | undefined {
  const issuedTo = ownText(identity, 'inScopeOf', 'credentialsIssuedTo');
  if (ownText(identity, 'inScopeOf', 'issuerType') === 'AWS::Lambda::Function') return functionOfArn(issuedTo)?.key;
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(session.name) || isRandomName(session.name)) return undefined;
  const agent = context.userAgent ?? '';
  if (!agent.includes('exec-env/AWS_Lambda')) return undefined;
  if (isPersonSession(identity, session) || INTERACTIVE.has(clientClass(agent))) return undefined;
  const place = { ...context.place, account: ownText(identity, 'accountId') || context.place.account };
  return functionKey({ ...place, provider: 'aws' }, session.name);
}

/** Clients that people and pipelines use, functions never. */
const INTERACTIVE: ReadonlySet<string> = new Set([
  'browser',
  'cli',
  'console',
  'terraform',
  'pulumi',
  'cdk',
  'sam',
  'ansible',
]);

/** The person's name of a session that a person opened, '' otherwise. */
function personOfSession(identity: object, session: RoleSession): string {
  const source = ownText(identity, 'sessionContext', 'sourceIdentity') || ownText(identity, 'sourceIdentity');
  if (source !== '') return source;
  return isPersonSession(identity, session) && !isRandomName(session.name) ? session.name : '';
}

/** People come through single sign-on, with a second factor, or under their e-mail address; programs do none of these. */
function isPersonSession(identity: object, session: RoleSession): boolean {
  const mfa = ownPath(identity, 'sessionContext', 'attributes', 'mfaAuthenticated');
  return (
    session.name.includes('@') ||
    session.roleName.startsWith('AWSReservedSSO_') ||
    session.role.includes('/aws-reserved/sso.amazonaws.com/') ||
    mfa === 'true' ||
    mfa === true
  );
}

/** Session names that software makes up: instance ids, time stamps, UUIDs, SDK defaults. */
function isRandomName(name: string): boolean {
  return (
    /^(aws-go-sdk|aws-sdk|botocore-session|awscli-session|i-[0-9a-f]{8})/i.test(name) ||
    /\d{10}|[0-9a-f]{8}-[0-9a-f]{4}-|[0-9a-f]{24}/i.test(name)
  );
}

/** Host name of a service that acts, `aws` for whatever else stands in its place. */
function serviceOf(invokedBy: string): string {
  return SERVICE_HOST.test(invokedBy) ? invokedBy : 'aws';
}

function person(name: string, context: PrincipalContext): Principal {
  if (name === '') return { principal: '', kind: '' };
  return { principal: context.tokens.person(name.toLowerCase()), kind: 'person' };
}

/** One spelling for a user, however much of it the record carries: `arn:aws:iam::<account>:user/<name>`, or root. */
function userArn(identity: object, place: Place): string {
  const arn = ownText(identity, 'arn');
  const match = /^arn:aws[a-z0-9-]*:iam::([^:]*):(root|user\/.+)$/.exec(arn);
  const owner = match?.[1] || ownText(identity, 'accountId') || place.account;
  if (ownText(identity, 'type') === 'Root' || match?.[2] === 'root') return `arn:aws:iam::${owner}:root`;
  const name = match === null ? nameOf(identity) : match[2].slice(match[2].lastIndexOf('/') + 1);
  return name === '' ? '' : userSpelling(owner, name);
}

function federated(identity: object, context: PrincipalContext): Principal {
  const issuer = own(own(identity, 'sessionContext'), 'sessionIssuer');
  const issued = ownText(issuer, 'type');
  if (isObject(issuer) && (issued === 'IAMUser' || issued === 'Root'))
    return person(userArn(issuer, context.place), context);
  return person(ownText(identity, 'arn') || nameOf(identity), context);
}

/** Pipelines and cluster workloads sign in with a token that names them; anybody else with one is a person. */
function webIdentity(identity: object, context: PrincipalContext): Principal {
  const name = ownText(identity, 'userName');
  const workload = /^(?:repo:[\w.-]+\/[\w.-]+(?=:|$)|system:serviceaccount:[\w.-]+:[\w.-]+$)/.exec(name);
  return workload === null ? person(nameOf(identity), context) : { principal: `role:${workload[0]}`, kind: 'role' };
}

function account(identity: object): Principal {
  const id = ownText(identity, 'accountId');
  if (id === 'ANONYMOUS_PRINCIPAL' || ownText(identity, 'principalId') === 'Anonymous') {
    return { principal: 'anonymous', kind: 'anonymous' };
  }
  if (id === '' || id === 'anonymous') return { principal: 'anonymous', kind: 'anonymous' };
  return { principal: /^\d{12}$/.test(id) ? `account:${id}` : 'account:?', kind: 'account' };
}

function nameOf(identity: object): string {
  return ownText(identity, 'userName') || ownText(identity, 'arn') || ownText(identity, 'principalId');
}

function keyOfGiven(given: string | undefined, place: Place): string {
  if (given === undefined || given === '') return '';
  if (/^[a-z]+:[^:]+:[^:]+:[^:]+$/.test(given)) return given;
  return functionOfReference(given, place)?.key ?? functionKey(place, given);
}

function named(place: Place, nameAndQualifier: string): FunctionIdentity | undefined {
  const at = nameAndQualifier.indexOf(':');
  const name = at < 0 ? nameAndQualifier : nameAndQualifier.slice(0, at);
  const qualifier = at < 0 ? '' : nameAndQualifier.slice(at + 1);
  if (!NAME.test(name) || (qualifier !== '' && !QUALIFIER.test(qualifier))) return undefined;
  return { key: functionKey(place, name), account: part(place.account), region: part(place.region), name, qualifier };
}

function part(text: string): string {
  return PART.test(text) ? text : '?';
}
