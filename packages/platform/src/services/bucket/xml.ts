/** The little XML that the service reads and writes. */

/** An element with text or elements inside, in order; `undefined` ones are left out. */
export interface Element {
  readonly name: string;
  readonly inside: string | readonly (Element | undefined)[];
}

/** An element. */
export function element(name: string, inside: string | number | boolean | readonly (Element | undefined)[]): Element {
  return { name, inside: typeof inside === 'object' ? inside : String(inside) };
}

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

/** A whole document. Errors have no namespace. */
export function documentOf(root: Element, namespace = true): string {
  const attribute = namespace ? ` xmlns="${NAMESPACE}"` : '';
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root.name}${attribute}>${insideOf(root)}</${root.name}>`;
}

function insideOf({ inside }: Element): string {
  if (typeof inside === 'string') return escapeXml(inside);
  return inside.map((one) => (one === undefined ? '' : `<${one.name}>${insideOf(one)}</${one.name}>`)).join('');
}

function escapeXml(text: string): string {
  return text.replace(/[&<>"\r]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/**
 * Texts of all elements of a name, unescaped. Enough for the flat documents that are read here; elements are looked for by
 * name, nesting is not understood. Linear in the length of the text.
 */
export function textsIn(xml: string, name: string): string[] {
  const texts: string[] = [];
  const open = new RegExp(`<${name}(?:\\s[^<>]*)?>`, 'g');
  const close = `</${name}>`;
  for (let match = open.exec(xml); match !== null; match = open.exec(xml)) {
    const end = xml.indexOf(close, open.lastIndex);
    if (end < 0) break;
    texts.push(unescapeXml(xml.slice(open.lastIndex, end)));
    open.lastIndex = end + close.length;
  }
  return texts;
}

const ENTITIES: ReadonlyMap<string, string> = new Map([
  ['amp', '&'],
  ['lt', '<'],
  ['gt', '>'],
  ['quot', '"'],
  ['apos', "'"],
]);

function unescapeXml(text: string): string {
  return text.replace(/&(#x[0-9a-fA-F]{1,6}|#\d{1,7}|[a-z]{1,4});/g, (whole, name: string) => {
    if (!name.startsWith('#')) return ENTITIES.get(name) ?? whole;
    const code = name.startsWith('#x') ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}
