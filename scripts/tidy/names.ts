import type { Node, SourceFile } from 'typescript/unstable/ast';
import { isTypeAliasDeclaration, isTypeQueryNode } from 'typescript/unstable/ast';
import { exportedDeclarations, lineOf, walk } from './syntax.ts';
import type { Rule } from './tree.ts';
import { isTest } from './tree.ts';

/** Words that could stand for anything. */
const EMPTY_WORDS = new Set(['manager', 'helper', 'util', 'common', 'misc', 'data', 'info']);

/** Names say what a thing is. */
export const namesRule: Rule = {
  id: 'names',
  check(tree, report) {
    for (const [file, source] of tree.sources) {
      const inPath = emptyWordIn(file.replace(/\.ts$/, ''));
      if (inPath !== undefined) report(file, 1, `rename the file: '${inPath}' could mean anything`);
      for (const { names, node } of exportedDeclarations(source)) {
        for (const name of names) {
          const word = emptyWordIn(name);
          if (word !== undefined) report(file, lineOf(source, node), `rename '${name}': '${word}' could mean anything`);
        }
      }
    }
  },
};

/**
 * What others can import says what it is for. A declaration directly below another, without an empty line between, shares
 * its comment; so does a type that only lists the members of a constant.
 */
export const commentsRule: Rule = {
  id: 'comments',
  check(tree, report) {
    for (const [file, source] of tree.sources) {
      if (isTest(file)) continue;
      let above: Node | undefined;
      for (const { names, node } of exportedDeclarations(source)) {
        if (hasComment(source, node) || (above !== undefined && touches(source, above, node))) above = node;
        else if (!listsMembers(node)) {
          report(file, lineOf(source, node), `say in a doc comment what '${names.join(', ')}' is for`);
        }
      }
    }
  },
};

function emptyWordIn(name: string): string | undefined {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
  return words.find((word) => EMPTY_WORDS.has(word) || EMPTY_WORDS.has(word.replace(/s$/, '')));
}

function hasComment(source: SourceFile, node: Node): boolean {
  return source.text.slice(node.pos, node.getStart(source)).includes('/**');
}

function touches(source: SourceFile, above: Node, node: Node): boolean {
  return above.end === node.pos && lineOf(source, node) === source.getLineAndCharacterOfPosition(above.end).line + 2;
}

function listsMembers(node: Node): boolean {
  if (!isTypeAliasDeclaration(node)) return false;
  let query = false;
  walk(node.type, (inner) => {
    if (isTypeQueryNode(inner)) query = true;
  });
  return query;
}
