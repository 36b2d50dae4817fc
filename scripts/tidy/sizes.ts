import type { Node, SourceFile } from 'typescript/unstable/ast';
import {
  isArrowFunction,
  isConstructorDeclaration,
  isFunctionDeclaration,
  isFunctionExpression,
  isGetAccessorDeclaration,
  isMethodDeclaration,
  isMethodSignatureDeclaration,
  isSetAccessorDeclaration,
} from 'typescript/unstable/ast';
import { callsOneOf, isPrivate, lineOf, parametersOf, walk } from './syntax.ts';
import type { Rule } from './tree.ts';
import { isTest } from './tree.ts';

/** A file longer than this has more than one subject. */
const FILE_LINES_MAX = 600;
/** A function longer than this cannot be seen at once. */
const FUNCTION_LINES_MAX = 70;
/** More positions than this cannot be told apart where the function is called. */
const PARAMETERS_MAX = 3;
/** One more may be optional, or stay within a file: on the hot path an object for each call would cost more. */
const PARAMETERS_INSIDE_MAX = 4;

const SUITE_CALLS = new Set(['describe', 'suite']);
const TEST_CALLS = new Set([...SUITE_CALLS, 'test', 'it']);

/** Files stay short. */
export const fileLengthRule: Rule = {
  id: 'file-length',
  check(tree, report) {
    for (const [file, source] of tree.sources) {
      const lines = source.text.split('\n').length - 1;
      if (lines > FILE_LINES_MAX)
        report(file, lines, `split the file: it has ${lines} lines of at most ${FILE_LINES_MAX}`);
    }
  },
};

/** Functions stay short. A function that only registers tests is as long as its tests are many. */
export const functionLengthRule: Rule = {
  id: 'function-length',
  check(tree, report) {
    for (const [file, source] of tree.sources) {
      walk(source, (node) => {
        if (!isFunction(node) || (isTest(file) && registersTests(node))) return;
        const lines = linesOf(source, node);
        if (lines <= FUNCTION_LINES_MAX) return;
        report(
          file,
          lineOf(source, node),
          `split the function: it has ${lines} lines of at most ${FUNCTION_LINES_MAX}`,
        );
      });
    }
  },
};

/** Functions take few parameters by position. */
export const parametersRule: Rule = {
  id: 'parameters',
  check(tree, report) {
    for (const [file, source] of tree.sources) {
      walk(source, (node) => {
        if (!isFunction(node) && !isMethodSignatureDeclaration(node)) return;
        const { all, required } = parametersOf(node);
        const requiredMax = isPrivate(node) ? PARAMETERS_INSIDE_MAX : PARAMETERS_MAX;
        if (required <= requiredMax && all <= PARAMETERS_INSIDE_MAX) return;
        report(file, lineOf(source, node), `pass an object: ${all} parameters by position, at most ${PARAMETERS_MAX}`);
      });
    }
  },
};

function isFunction(node: Node): boolean {
  return (
    isFunctionDeclaration(node) ||
    isFunctionExpression(node) ||
    isArrowFunction(node) ||
    isMethodDeclaration(node) ||
    isConstructorDeclaration(node) ||
    isGetAccessorDeclaration(node) ||
    isSetAccessorDeclaration(node)
  );
}

function linesOf(source: SourceFile, node: Node): number {
  return source.getLineAndCharacterOfPosition(node.end).line + 2 - lineOf(source, node);
}

function registersTests(node: Node): boolean {
  let found = callsOneOf(node.parent, SUITE_CALLS);
  walk(node, (inner) => {
    if (callsOneOf(inner, TEST_CALLS)) found = true;
  });
  return found;
}
