import { isIdentifier, isPropertyAccessExpression, SyntaxKind } from 'typescript/unstable/ast';
import { lineOf, walk } from './syntax.ts';
import type { Rule } from './tree.ts';

/** Marks of unfinished work, spelt in halves so that this file has none. */
const MARK = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX'].join('|')})\\b`);

/** Places whose job is to print. */
const MAY_PRINT = ['packages/server/src/cli/', 'packages/server/src/main.ts', 'packages/lab/', 'scripts/'];

const TEST_CALLS = new Set(['describe', 'suite', 'test', 'it']);

/** Nothing unfinished is left behind. */
export const marksRule: Rule = {
  id: 'unfinished',
  check(tree, report) {
    for (const [file, text] of tree.texts) {
      if (file.startsWith('fixtures/') || file === 'package-lock.json') continue;
      for (const [at, line] of text.split('\n').entries()) {
        const mark = MARK.exec(line);
        if (mark !== null) report(file, at + 1, `finish it, or say what is missing without '${mark[1]}'`);
      }
    }
  },
};

/** Nothing that was only there to find a fault is left behind. */
export const debuggingRule: Rule = {
  id: 'debugging',
  check(tree, report) {
    for (const [file, source] of tree.sources) {
      walk(source, (node) => {
        if (node.kind === SyntaxKind.DebuggerStatement) report(file, lineOf(source, node), "remove 'debugger'");
        if (!isPropertyAccessExpression(node) || !isIdentifier(node.expression)) return;
        const object = node.expression.text;
        if (TEST_CALLS.has(object) && node.name.text === 'only') {
          report(file, lineOf(source, node), `remove '.only': the other tests would not run`);
        }
        if (object === 'console' && !MAY_PRINT.some((place) => file.startsWith(place))) {
          report(file, lineOf(source, node), 'return what happened or count it; only cli/, lab/ and scripts/ print');
        }
      });
    }
  },
};
