import { isIPv4, isIPv6 } from 'node:net';

/** Ranges one file may hold: the Internet has a million announced prefixes. */
const RANGES_MAX = 4_000_000;
/** Bits of an IPv6 address that are looked at: no owner and no country is finer. */
const V6_BITS = 64n;

/**
 * Sorted address ranges with a text each, from lines `first,last,text[,text...]` (the CSV layout of ip-location-db). IPv6 by its
 * first 64 bits. 16 bytes a range and one object for each different text. Lines that are no ranges are counted in `skipped`.
 */
export class Ranges {
  skipped = 0;
  readonly #v4: Side;
  readonly #v6: Side;

  constructor(text: string, textOf: (cells: readonly string[]) => string) {
    const v4: Row[] = [];
    const v6: Row[] = [];
    for (const line of text.split('\n')) {
      if (line === '') continue;
      const [first, last, ...cells] = cellsOf(line);
      const [from, to] = [numberOf(first), numberOf(last)];
      const isSame = from !== undefined && to !== undefined && isIPv4(first) === isIPv4(last) && from <= to;
      if (isSame && v4.length + v6.length < RANGES_MAX)
        (isIPv4(first) ? v4 : v6).push({ from, to, text: textOf(cells) });
      else this.skipped++;
    }
    this.#v4 = sideOf(v4);
    this.#v6 = sideOf(v6);
  }

  get size(): number {
    return this.#v4.from.length + this.#v6.from.length;
  }

  /** Text of the range an address is in, '' when there is none. */
  get(address: string): string {
    const wanted = numberOf(address);
    if (wanted === undefined) return '';
    const { from, to, text, texts } = isIPv4(address) ? this.#v4 : this.#v6;
    let low = 0;
    let high = from.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (from[middle] <= wanted) low = middle + 1;
      else high = middle;
    }
    return low > 0 && to[low - 1] >= wanted ? texts[text[low - 1]] : '';
  }
}

interface Row {
  readonly from: bigint;
  readonly to: bigint;
  readonly text: string;
}

interface Side {
  readonly from: BigUint64Array;
  readonly to: BigUint64Array;
  readonly text: Uint32Array;
  readonly texts: readonly string[];
}

function sideOf(rows: Row[]): Side {
  rows.sort((a, b) => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0));
  const numbers = new Map<string, number>();
  const text = new Uint32Array(rows.length);
  for (const [at, row] of rows.entries()) {
    const known = numbers.get(row.text) ?? numbers.size;
    numbers.set(row.text, known);
    text[at] = known;
  }
  const from = BigUint64Array.from(rows, (row) => row.from);
  const to = BigUint64Array.from(rows, (row) => row.to);
  return { from, to, text, texts: [...numbers.keys()] };
}

/** Cells of a line; an owner's name may stand in quotes with commas in it. */
function cellsOf(line: string): string[] {
  const cells: string[] = [];
  for (const match of line.trim().matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)) {
    cells.push(match[1]?.replaceAll('""', '"') ?? match[2]);
  }
  return cells;
}

function numberOf(address: string | undefined): bigint | undefined {
  if (address === undefined) return undefined;
  if (isIPv4(address)) return address.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  return isIPv6(address) ? v6Number(address) >> (128n - V6_BITS) : undefined;
}

function v6Number(address: string): bigint {
  const [bare] = address.split('%', 1);
  const [before, after] = bare.split('::', 2);
  const groups = (part: string | undefined) => (part === undefined || part === '' ? [] : part.split(':'));
  const left = groups(before);
  const right = after === undefined ? [] : groups(after);
  // A dotted end stands for two groups, and lies in the half that is not looked at.
  const width = [...left, ...right].reduce((sum, group) => sum + (group.includes('.') ? 2 : 1), 0);
  const zeros = after === undefined ? [] : new Array<string>(Math.max(0, 8 - width)).fill('0');
  const all = [...left, ...zeros, ...right].flatMap((group) => (group.includes('.') ? ['0', '0'] : [group]));
  return all.reduce((sum, group) => sum * 65_536n + BigInt(Number.parseInt(group, 16)), 0n);
}
