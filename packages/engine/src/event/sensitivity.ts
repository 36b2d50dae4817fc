/** How much it matters what happens to a function, as people say it; and what its impact is multiplied by. */
export const SENSITIVITY_FACTOR = { low: 0.6, normal: 1, high: 1.2, critical: 1.4 } as const;
export type Sensitivity = keyof typeof SENSITIVITY_FACTOR;

const LEVELS: readonly Sensitivity[] = ['low', 'normal', 'high', 'critical'];
/** Characters of function names and keys, and `*` for any of them. */
const PATTERN = /^[\w:.*$/@-]{1,256}$/;

interface Rule {
  readonly pattern: string;
  readonly level: Sensitivity;
}

/**
 * Rules from a text such as `pay*=critical,*-preview=low`: name patterns, in which `*` stands for any characters, and the
 * level of what they fit. '' is no rules. Undefined when the text is not of this form.
 */
export function parseSensitivity(text: string): readonly Rule[] | undefined {
  if (text === '') return [];
  const rules: Rule[] = [];
  for (const part of text.split(',')) {
    const at = part.lastIndexOf('=');
    const pattern = part.slice(0, at);
    const level = LEVELS.find((one) => one === part.slice(at + 1));
    if (at < 0 || level === undefined || !PATTERN.test(pattern)) return undefined;
    rules.push({ pattern, level });
  }
  return rules;
}

/** Level of a function by the first rule that fits its name or its whole key; `normal` when none does. */
export function sensitivityOf(rules: readonly Rule[], functionKey: string): Sensitivity {
  const name = functionKey.slice(functionKey.lastIndexOf(':') + 1);
  for (const { pattern, level } of rules) if (fits(pattern, name) || fits(pattern, functionKey)) return level;
  return 'normal';
}

/** Impact 0..1 of what is dangerous in itself, at a function of this level. */
export function impactAt(danger: number, level: Sensitivity): number {
  return Math.round(1000 * Math.min(1, danger * SENSITIVITY_FACTOR[level])) / 1000;
}

/** Whether a pattern fits a whole text. Goes back to the last star only: cost is the product of the lengths at worst. */
function fits(pattern: string, text: string): boolean {
  let [at, of, star, resume] = [0, 0, -1, 0];
  while (of < text.length) {
    if (pattern[at] === '*') [star, resume] = [at++, of];
    else if (pattern[at] === text[of]) [at, of] = [at + 1, of + 1];
    else if (star >= 0) [at, of] = [star + 1, ++resume];
    else return false;
  }
  while (pattern[at] === '*') at++;
  return at === pattern.length;
}
