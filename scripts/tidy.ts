/**
 * House rules that a program can check. Prints `file:line: rule: what to do` for each place that breaks one and exits
 * with 1 if there is any. The rules are those of CONTRIBUTING.md; `tidy.test.ts` proves that each can fail.
 */
import { relative, resolve } from 'node:path';
import { addressesRule, lockFileRule } from './tidy/addresses.ts';
import { importRule } from './tidy/imports.ts';
import { debuggingRule, marksRule } from './tidy/leftovers.ts';
import { codesRule, demoRule, detectorsRule } from './tidy/lists.ts';
import { commentsRule, namesRule } from './tidy/names.ts';
import { purityRule } from './tidy/purity.ts';
import { fileLengthRule, functionLengthRule, parametersRule } from './tidy/sizes.ts';
import type { Rule } from './tidy/tree.ts';
import { readTree } from './tidy/tree.ts';

/** Every rule, in the order in which they are reported. */
export const RULES: readonly Rule[] = [
  importRule,
  fileLengthRule,
  functionLengthRule,
  parametersRule,
  namesRule,
  commentsRule,
  purityRule,
  marksRule,
  debuggingRule,
  addressesRule,
  lockFileRule,
  codesRule,
  detectorsRule,
  demoRule,
];

/** Checks the working tree at `root`; returns one line for each broken rule, empty when all is well. */
export function tidy(root: string): string[] {
  const tree = readTree(root);
  const lines: string[] = [];
  for (const rule of RULES) {
    rule.check(tree, (file, line, what) => lines.push(`${file}:${line}: ${rule.id}: ${what}`));
  }
  return lines;
}

if (import.meta.main) {
  const root = resolve(import.meta.dirname, '..');
  const lines = tidy(root);
  for (const line of lines) console.log(line);
  if (lines.length > 0) console.log(`${lines.length} places to tidy in ${relative(process.cwd(), root) || '.'}`);
  process.exitCode = lines.length > 0 ? 1 : 0;
}
