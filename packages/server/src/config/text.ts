import { type Document, isMap, isNode, isScalar, LineCounter, type ParsedNode, parseDocument, visit } from 'yaml';

/** Where something stands in a file, both counted from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** A file of YAML, or of JSON, which is YAML too. */
export interface ConfigText {
  /** What it holds; an empty file holds no keys. */
  readonly value: unknown;
  /** What is no YAML, or means more than one thing. The value is of no use then. */
  readonly problems: readonly { readonly place: Place; readonly what: string }[];
  /** Where the value at a path stands, or the nearest thing around it. */
  placeOf(path: readonly PropertyKey[]): Place;
  /** Where a key stands in the group at a path. */
  placeOfKey(path: readonly PropertyKey[], key: string): Place;
}

/** Reads the text of a configuration file. Never throws: what is wrong is in `problems`. */
export function parseConfigText(text: string): ConfigText {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, schema: 'core', prettyErrors: false, logLevel: 'error' });
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const placeOf = (path: readonly PropertyKey[]): Place => placeAt(offsetOf(document, path));
  // A tag or a further document is only warned of, and would silently be read as something else.
  const problems = [...document.errors, ...document.warnings].map((one) => ({
    place: placeAt(one.pos[0]),
    what: one.message,
  }));
  // No configuration needs the same thing in two places, and aliases can make a small file a huge value.
  visit(document, {
    Alias: (_, { range }) => {
      problems.push({ place: placeAt(range?.[0] ?? 0), what: 'Aliases are not taken: write the value out.' });
    },
  });
  return {
    value: problems.length > 0 ? undefined : (document.toJS() ?? {}),
    problems,
    placeOf,
    placeOfKey: (path, key) => {
      const group = path.length === 0 ? document.contents : document.getIn(path, true);
      const pair = isMap(group)
        ? group.items.find((item) => isScalar(item.key) && String(item.key.value) === key)
        : undefined;
      return isNode(pair?.key) && pair.key.range ? placeAt(pair.key.range[0]) : placeOf(path);
    },
  };
}

function offsetOf(document: Document.Parsed<ParsedNode>, path: readonly PropertyKey[]): number {
  for (let length = path.length; length > 0; length--) {
    const node = document.getIn(path.slice(0, length), true);
    if (isNode(node) && node.range) return node.range[0];
  }
  return document.contents?.range[0] ?? 0;
}
