import { isIP, isIPv6 } from 'node:net';
import type { Tokens } from './tokens.ts';

/** What `safeName` needs besides the name. */
export interface NameContext {
  readonly tokens: Tokens;
  /** Account whose users are meant by a name without an owner; '' when unknown. */
  readonly account: string;
}

/** The person of an ARN, wherever it stands: service, account, type, name. Sessions stand after their role. */
const PERSON_ARN =
  /arn:[a-z0-9-]*:([a-z0-9-]*):[^:/]*:([^:/]*):(assumed-role\/[^/]+|dbuser|federated-user|identity|(?:sms-)?mfa|user)[/:](.+)$/s;
/** The person of a resource as rows name it: service, type, name. */
const PERSON_KEY = /^([a-z0-9-]+)\/(assumed-role\/[^/]+|dbuser|federated-user|identity|(?:sms-)?mfa|user)[/:](.+)$/s;
/** Name and password in a URL. */
const CREDENTIALS = /\/\/[^/\s]*@/g;
const QUERY = /[?#][^/?#\s=:]*=.*$/s;
/** Owner's account behind a resource: `bucket@111122223333`. */
const OWNER = /@(\d{12})$/;
/** Destinations that are an address: where data went, not where a person sits. */
const ADDRESS_KEY = /^address:[0-9a-f.:]+/;
const IPV4 = /(?<![\w.-])\d{1,3}(?:\.\d{1,3}){3}(?![\w-]|\.\d)/g;
const IPV6 = /(?<![\w.-])(?:[0-9a-f]{0,4}:){2,7}(?:[0-9a-f]{1,4}|(?:\d{1,3}\.){3}\d{1,3})?(?![\w.:-])/gi;
/** Only names with one of these have anything that could identify a person. */
const SUSPECT = /@|%40|\d\.\d|[0-9a-f]:[0-9a-f]|::|[?#][^/?#\s=:]*=|user|mfa|identity|assumed-role/i;
/** Makes plain what a token would replace. */
const PROBE: NameContext = { tokens: { epoch: 0, person: () => '', network: () => '' }, account: '' };

/**
 * The last gate before a name of a foreign record becomes a symbol of a row. E-mail addresses, and whatever else stands
 * around an `@` in its part of the name, become tokens of people, as do the names of users, sessions, devices and
 * identities (`iam/user/alice`, `sts/assumed-role/Admin/alice`, also as ARNs): the same tokens that the same person has
 * as an actor. Addresses become tokens of their networks, except as destinations (`address:203.0.113.9`); query strings
 * are cut off. Names of roles, functions, buckets, tables, services and domains pass. A person's name without any of
 * these marks, for example in a bucket's name, cannot be told from any other and passes too. Linear in the text; most
 * names are settled by one look of 0.1 µs, others such as function keys cost 1 µs.
 */
export function safeName(text: string, context: NameContext): string {
  if (!SUSPECT.test(text)) return text;
  const [address] = ADDRESS_KEY.exec(text) ?? [''];
  const rest = text.slice(address.length).replace(CREDENTIALS, '//').replace(QUERY, '');
  const owner = OWNER.exec(rest);
  const name = owner === null ? rest : rest.slice(0, owner.index);
  const person = personOf(name, owner?.[1] ?? context.account);
  const plain = (person?.before ?? name)
    .split('/')
    .map((segment) => safeSegment(segment, context))
    .join('/');
  const token = person === undefined ? '' : context.tokens.person(person.name.toLowerCase());
  return `${address}${plain}${token}${owner?.[0] ?? ''}`;
}

/** Whether `safeName` would leave a name as it is. Depends on nothing else, so the answer may be remembered. */
export function isSafeName(text: string): boolean {
  return safeName(text, PROBE) === text;
}

/** Class of an error, or the status code in its place; '' for messages, addresses and anything else. */
export function errorClass(text: string): string {
  return /^(?:\d{3}|[A-Za-z_$*][\w.$:/*-]{0,119})$/.test(text) && isIP(text) === 0 ? text : '';
}

/** A request, event or trace id as clouds make them; '' for anything else, because ids are kept as they are. */
export function plainId(text: string): string {
  return /^[\w.=+/|-]{1,128}$/.test(text) && isIP(text) === 0 ? text : '';
}

/** Spelling under which an IAM user has one token, as actor and as what an action touched. */
export function userSpelling(account: string, name: string): string {
  return `arn:aws:iam::${account}:user/${name}`;
}

interface PersonName {
  /** What stands in front, up to and with the slash. */
  readonly before: string;
  /** The person, in the one spelling that gives one token. */
  readonly name: string;
}

/** The person that a resource's name is about: `service/type/...` or an ARN; undefined when it is about none. */
function personOf(text: string, account: string): PersonName | undefined {
  const key = PERSON_KEY.exec(text);
  const arn = key === null ? PERSON_ARN.exec(text) : null;
  const [service, owner, type, rest] =
    key !== null ? [key[1], account, key[2], key[3]] : [arn?.[1], arn?.[2] || account, arn?.[3], arn?.[4]];
  if (type === undefined || rest === undefined) return undefined;
  const before = text.slice(0, text.length - rest.length);
  const [last] = rest
    .split('/')
    .filter((segment) => segment !== '')
    .slice(-1);
  const name = last ?? rest;
  if (type.startsWith('assumed-role')) return { before, name: rest };
  if (type === 'federated-user') return { before, name: `arn:aws:sts::${owner}:federated-user/${name}` };
  return { before, name: service === 'iam' ? userSpelling(owner, name) : name };
}

function safeSegment(segment: string, { tokens }: NameContext): string {
  if (!/@|%40/i.test(segment)) return withoutAddresses(segment, tokens);
  const parts = segment.split(':').map((part) => {
    const name = part.replaceAll(/%40/gi, '@');
    return name.includes('@') ? tokens.person(name.toLowerCase()) : part;
  });
  return parts.join(':');
}

function withoutAddresses(text: string, tokens: Tokens): string {
  const network = (found: string) => {
    const isClass = isIP(found) === 6 && !/\d/.test(found);
    return isIP(found) === 0 || isClass ? found : tokens.network(found) || 'address';
  };
  return text.replaceAll(IPV4, network).replaceAll(IPV6, (found) => (isIPv6(found) ? network(found) : found));
}
