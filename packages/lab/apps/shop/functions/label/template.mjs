const AsyncFunction = (async () => {}).constructor;

/** Longest text that fits on a label. */
export const TEMPLATE_CHARS_MAX = 8_192;

/**
 * Compiles a label: `{{ order.name }}` and other expressions are replaced by their values. Values may be promises. Compiled
 * labels are kept, because most orders use the same one.
 */
export function compile(source) {
  const parts = source.split(/\{\{([\s\S]+?)\}\}/);
  const code = parts.map((part, at) =>
    at % 2 === 0 ? `out += ${JSON.stringify(part)};` : `out += show(await (${part}));`,
  );
  return new AsyncFunction('order', 'show', `let out = ''; ${code.join('\n')} return out;`);
}

/** Values on a label: nothing for what is missing. */
export function show(value) {
  return value === undefined || value === null ? '' : String(value);
}
