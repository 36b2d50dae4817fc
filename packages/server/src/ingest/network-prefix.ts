import { isIPv6 } from 'node:net';

/**
 * The network of an address as text: `203.0.113.0/24` for IPv4, `2001:db8:1::/48` for IPv6 (an IPv4 address written as
 * IPv6 counts as IPv4). '' when the text is not an address. Accepts octets with leading zeros, which some exports write.
 */
export function networkPrefix(address: string): string {
  if (address.length > 64) return '';
  const dotted = /^(?:::ffff:)?(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/i.exec(address);
  if (dotted !== null) {
    const octets = dotted.slice(1).map(Number);
    return octets.every((octet) => octet <= 255) ? `${octets[0]}.${octets[1]}.${octets[2]}.0/24` : '';
  }
  if (!isIPv6(address)) return '';
  const groups = firstGroups(address);
  return `${groups[0].toString(16)}:${groups[1].toString(16)}:${groups[2].toString(16)}::/48`;
}

/** First three 16-bit groups of a valid IPv6 address; those inside `::` are zero. */
function firstGroups(address: string): readonly number[] {
  const [head] = address.split('%', 1);
  const [before, after] = head.split('::', 2);
  const left = before === '' ? [] : before.split(':');
  const right = after === undefined || after === '' ? [] : after.split(':');
  const dotted = head.includes('.') ? 1 : 0;
  const zeros = Math.max(0, 8 - left.length - right.length - dotted);
  const all = [...left, ...new Array<string>(zeros).fill('0'), ...right];
  return all.slice(0, 3).map((group) => Number.parseInt(group, 16));
}
