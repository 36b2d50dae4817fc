import { isIPv6 } from 'node:net';

/** Longest text of an address with its zone, in characters; anything longer is not looked at. */
const ADDRESS_CHARS_MAX = 64;

/**
 * The network of an address as text: `203.0.113.0/24` for IPv4, `2001:db8:1::/48` for IPv6 (an IPv4 address written as
 * IPv6 counts as IPv4). '' when the text is not an address. Accepts octets with leading zeros, which some exports write.
 */
export function networkPrefix(address: string): string {
  if (address.length > ADDRESS_CHARS_MAX) return '';
  const dotted = octetsOf(address);
  if (dotted !== undefined) return ipv4Prefix(dotted);
  if (!isIPv6(address)) return '';
  const groups = groupsOf(address);
  const isMapped = groups[5] === 0xffff && groups.slice(0, 5).every((group) => group === 0);
  if (isMapped) return ipv4Prefix([groups[6] >> 8, groups[6] & 255, groups[7] >> 8]);
  return `${groups[0].toString(16)}:${groups[1].toString(16)}:${groups[2].toString(16)}::/48`;
}

function ipv4Prefix(octets: readonly number[]): string {
  return `${octets[0]}.${octets[1]}.${octets[2]}.0/24`;
}

/** The four octets of a dotted address, undefined when it is none. */
function octetsOf(text: string): readonly number[] | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  const octets = match?.slice(1).map(Number);
  return octets?.every((octet) => octet <= 255) === true ? octets : undefined;
}

/** The eight 16-bit groups of a valid IPv6 address. */
function groupsOf(address: string): readonly number[] {
  const [bare] = address.split('%', 1);
  const tail = bare.slice(bare.lastIndexOf(':') + 1);
  const octets = octetsOf(tail);
  const hex =
    octets === undefined
      ? bare
      : `${bare.slice(0, -tail.length)}${word(octets[0], octets[1])}:${word(octets[2], octets[3])}`;
  const [before, after] = hex.split('::', 2);
  const left = before === '' ? [] : before.split(':');
  const right = after === undefined || after === '' ? [] : after.split(':');
  const zeros = new Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0');
  return [...left, ...zeros, ...right].map((group) => Number.parseInt(group, 16));
}

function word(high: number, low: number): string {
  return ((high << 8) | low).toString(16);
}
