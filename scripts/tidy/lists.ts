import type { Node, SourceFile } from 'typescript/unstable/ast';
import {
  isAsExpression,
  isIdentifier,
  isObjectLiteralExpression,
  isPropertyAssignment,
  isSatisfiesExpression,
  isStringLiteral,
  isVariableDeclaration,
} from 'typescript/unstable/ast';
import { lineOf, moduleUses, walk } from './syntax.ts';
import type { Report, Rule, Tree } from './tree.ts';
import { isTest } from './tree.ts';

/** Closed lists of codes, by the end of the constant's name, and the page that explains each code. */
const CODE_PAGES: readonly (readonly [RegExp, string])[] = [
  [/(^|_)ERRORS$/, 'docs/reference/errors.md'],
  [/(^|_)REJECTS$/, 'docs/reference/rejects.md'],
];

/** Who meets a code can look it up. */
export const codesRule: Rule = {
  id: 'codes',
  check(tree, report) {
    for (const [file, source] of tree.sources) {
      if (!file.startsWith('packages/') || isTest(file)) continue;
      for (const { list, code, line } of codesIn(source)) {
        const page = CODE_PAGES.find(([ending]) => ending.test(list))?.[1];
        if (page === undefined || tree.texts.get(page)?.includes(`\`${code}\``)) continue;
        report(file, line, `explain \`${code}\` in ${page}`);
      }
    }
  },
};

/** A detector that is not in the list does not run. */
export const detectorsRule: Rule = {
  id: 'detectors',
  check(tree, report) {
    const folder = 'packages/engine/src/detectors/';
    const registry = tree.sources.get(`${folder}registry.ts`);
    const registered = new Set(registry === undefined ? [] : moduleUses(registry).map(({ specifier }) => specifier));
    for (const [file, source] of tree.sources) {
      if (!file.startsWith(folder) || isTest(file) || file === `${folder}example.ts`) continue;
      const line = detectorLine(source);
      if (line === 0 || registered.has(`./${file.slice(folder.length)}`)) continue;
      report(file, line, 'add the detector to detectors/registry.ts');
    }
  },
};

/** The product may not know what the demonstration looks like; names it invented occur nowhere else. */
export const demoRule: Rule = {
  id: 'demo',
  check(tree, report) {
    const names = [...demoNames(tree), ...shopNames(tree)];
    if (names.length === 0) return;
    for (const [file, text] of tree.texts) {
      if (!/^packages\/(engine|server|sensor|platform)\/src\//.test(file)) continue;
      for (const name of names) reportName(file, text, { name, report });
    }
  },
};

function codesIn(source: SourceFile): { list: string; code: string; line: number }[] {
  const codes: { list: string; code: string; line: number }[] = [];
  walk(source, (node) => {
    if (!isVariableDeclaration(node) || !isIdentifier(node.name) || node.initializer === undefined) return;
    const list = node.name.text;
    const object = withoutCasts(node.initializer);
    if (!isObjectLiteralExpression(object) || !CODE_PAGES.some(([ending]) => ending.test(list))) return;
    for (const property of object.properties) {
      if (!isPropertyAssignment(property)) continue;
      const { name } = property;
      if (isIdentifier(name) || isStringLiteral(name))
        codes.push({ list, code: name.text, line: lineOf(source, property) });
    }
  });
  return codes;
}

function withoutCasts(node: Node): Node {
  return isAsExpression(node) || isSatisfiesExpression(node) ? withoutCasts(node.expression) : node;
}

/** Line of the first constant that is declared to be a detector, 0 when there is none. */
function detectorLine(source: SourceFile): number {
  let line = 0;
  walk(source, (node) => {
    if (line > 0 || !isVariableDeclaration(node) || node.type === undefined) return;
    if (/^Detector\b/.test(node.type.getText(source))) line = lineOf(source, node);
  });
  return line;
}

function demoNames(tree: Tree): readonly string[] {
  const text = tree.texts.get('fixtures/demo/truth.json');
  if (text === undefined) return [];
  const truth: unknown = JSON.parse(text);
  if (typeof truth !== 'object' || truth === null || !('names' in truth) || !Array.isArray(truth.names)) return [];
  return truth.names.filter((name) => typeof name === 'string');
}

/** What the shop of the live demonstration calls its things, and where it and its attacker are. */
function shopNames(tree: Tree): readonly string[] {
  const names = new Set<string>();
  for (const [file, text] of tree.texts) {
    if (!/^packages\/lab\/src\/shop\/(application|partners|drop-host)\.ts$/.test(file)) continue;
    for (const [, name] of text.matchAll(/'(shop-[a-z-]+|127\.0\.[1-9]\d*\.\d+|[a-z_-]*made[_-]up[\w-]*)'/g))
      names.add(name);
  }
  return [...names];
}

function reportName(file: string, text: string, found: { readonly name: string; readonly report: Report }): void {
  for (let at = text.indexOf(found.name); at >= 0; at = text.indexOf(found.name, at + 1)) {
    const line = text.slice(0, at).split('\n').length;
    found.report(file, line, `remove '${found.name}': it is a name of the demonstration`);
  }
}
