import { TEXT_CHARS_MAX } from './limits.ts';

/** Name of a resource that may leave the function as it is: what AWS allows in names, and no `@`, so never an e-mail. */
const NAME = /^[\w./:+=$-]+$/;
/** Methods of HTTP. Other words may be anything. */
export const METHODS: ReadonlySet<string> = new Set(
  'GET HEAD POST PUT DELETE PATCH OPTIONS CONNECT TRACE ANY PROPFIND REPORT QUERY'.split(' '),
);
const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/;
/** Words of a path that stay; everything else may be a value. */
const PATH_WORD = /^(v\d{1,2}|[a-z][a-z_-]{0,15})$/;
/** What follows these names a person or holds a secret. */
const BEFORE_VALUES =
  /^(accounts?|customers?|employees?|members?|patients?|people|persons?|profiles?|users?|tokens?|keys?|secrets?|hooks?)$/;
const SEGMENTS_MAX = 6;
/** Labels of a host that stay: below them stands what a sender may have made up to carry something out. */
const LABELS_MAX = 4;

/** A name of a resource, cut to its limit; '' for what cannot be one. */
export function plainName(text: string): string {
  return text.length <= TEXT_CHARS_MAX && NAME.test(text) ? text : '';
}

/** The last four labels of a host in lower case, without port; address literals as they are. '' when it is no host. */
export function plainHost(host: string): string {
  if (host.length === 0 || host.length > 255) return '';
  if (host.startsWith('[')) return plainAddress(host.slice(1, host.indexOf(']')));
  const colon = host.indexOf(':');
  if (colon >= 0 && host.indexOf(':', colon + 1) >= 0) return plainAddress(host);
  const name = (colon < 0 ? host : host.slice(0, colon)).toLowerCase().replace(/\.$/, '');
  if (IPV4.test(name)) return name;
  if (!/^[a-z0-9_.-]+$/.test(name)) return '';
  const labels = name.split('.');
  return labels.length <= LABELS_MAX ? name : labels.slice(-LABELS_MAX).join('.');
}

function plainAddress(address: string): string {
  const bare = address.split('%', 1)[0].toLowerCase();
  const mapped = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/.exec(bare);
  if (mapped !== null) return mapped[1];
  return /^[0-9a-f:.]{2,45}$/.test(bare) ? bare : '';
}

/**
 * A path without what differs from call to call: `/orders/{}/lines` for `/orders/17/lines`. Short lower-case words stay,
 * unless they follow a word for people or secrets; query and fragment are never looked at.
 */
export function routeTemplate(path: string): string {
  const end = path.search(/[?#]/);
  const plain = end < 0 ? path : path.slice(0, end);
  let route = '';
  let isValue = false;
  let count = 0;
  for (const segment of plain.split('/', SEGMENTS_MAX * 2)) {
    if (segment === '') continue;
    if (++count > SEGMENTS_MAX) break;
    route += !isValue && PATH_WORD.test(segment) ? `/${segment}` : '/{}';
    isValue = BEFORE_VALUES.test(segment);
  }
  return route === '' ? '/' : route;
}

/**
 * The network of an address with its host bits zero: IPv4 /24 `203.0.113.0`, IPv6 /48 `2001:db8:1::`; an IPv4 address
 * written as IPv6 counts as IPv4. '' when the text is no address.
 */
export function networkOf(address: string): string {
  const plain = plainAddress(address.trim());
  if (IPV4.test(plain)) {
    const octets = plain.split('.');
    return octets.every((octet) => Number(octet) <= 255) ? `${octets.slice(0, 3).map(Number).join('.')}.0` : '';
  }
  if (!plain.includes(':') || plain.includes('.')) return '';
  const [before, after] = plain.split('::', 2);
  const left = before === '' ? [] : before.split(':');
  const right = after === undefined || after === '' ? [] : after.split(':');
  const missing = 8 - left.length - right.length;
  if (after === undefined ? missing !== 0 : missing < 1) return '';
  const groups = [...left, ...new Array<string>(missing).fill('0'), ...right];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/.test(group))) return '';
  return `${groups
    .slice(0, 3)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::`;
}

/** Class of an error for the record: the name of its class, never its message. */
export function errorClass(error: unknown): string {
  if (typeof error !== 'object' || error === null) return typeof error;
  const name: unknown = 'name' in error ? error.name : undefined;
  return typeof name === 'string' && /^[\w.$-]{1,80}$/.test(name) ? name : 'Error';
}

/** A text that a platform gave, as an identifier: visible ASCII of at most 128 characters, '' for anything else. */
export function identifier(text: unknown): string {
  return typeof text === 'string' && /^[\x21-\x7e]{1,128}$/.test(text) ? text : '';
}
