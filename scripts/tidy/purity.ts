import type { Node, SourceFile } from 'typescript/unstable/ast';
import {
  isBinaryExpression,
  isBindingElement,
  isClassDeclaration,
  isFunctionDeclaration,
  isIdentifier,
  isImportClause,
  isImportSpecifier,
  isNamespaceImport,
  isParameterDeclaration,
  isPropertyAccessExpression,
  isPropertyAssignment,
  isShorthandPropertyAssignment,
  isTypeReferenceNode,
  isVariableDeclaration,
  SyntaxKind,
} from 'typescript/unstable/ast';
import { lineOf, walk } from './syntax.ts';
import type { Report, Rule } from './tree.ts';
import { isTest } from './tree.ts';

/** Globals through which time, chance, place or the machine would reach a result. */
const GLOBALS = new Set([
  'Date',
  'Intl',
  'process',
  'performance',
  'crypto',
  'fetch',
  'globalThis',
  'console',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
  'FinalizationRegistry',
  'WeakRef',
]);

const MEMBERS = new Set(['Math.random', 'Math.pow']);

/**
 * The engine's output is a function of the log alone: no clock, chance, locale or machine, and no powers, whose last
 * bits differ between Node versions.
 */
export const purityRule: Rule = {
  id: 'engine-purity',
  check(tree, report) {
    for (const [file, source] of tree.sources) {
      if (file.startsWith('packages/engine/src/') && !isTest(file)) checkFile(file, source, report);
    }
  },
};

function checkFile(file: string, source: SourceFile, report: Report): void {
  const declared = declaredIn(source);
  walk(source, (node) => {
    const found = impurityOf(node, declared);
    if (found === undefined) return;
    report(file, lineOf(source, node), `do without '${found}': the engine's output may depend on the log alone`);
  });
}

function impurityOf(node: Node, declared: ReadonlySet<string>): string | undefined {
  if (isBinaryExpression(node)) {
    const operator = node.operatorToken.kind;
    const power = operator === SyntaxKind.AsteriskAsteriskToken || operator === SyntaxKind.AsteriskAsteriskEqualsToken;
    return power ? '**' : undefined;
  }
  if (isPropertyAccessExpression(node)) {
    const name = node.name.text;
    if (name.startsWith('toLocale') || name === 'localeCompare') return name;
    return isIdentifier(node.expression) && MEMBERS.has(`${node.expression.text}.${name}`)
      ? `${node.expression.text}.${name}`
      : undefined;
  }
  const global = isIdentifier(node) && GLOBALS.has(node.text) && !declared.has(node.text) && isReference(node);
  return global ? node.text : undefined;
}

/** True when an identifier is used as a value, not as the name of a property or type. */
function isReference(node: Node): boolean {
  const { parent } = node;
  if (isPropertyAccessExpression(parent)) return parent.expression === node;
  if (isPropertyAssignment(parent)) return parent.initializer === node;
  if (isShorthandPropertyAssignment(parent)) return true;
  if (isTypeReferenceNode(parent)) return false;
  return isExpressionPlace(parent);
}

function isExpressionPlace(parent: Node): boolean {
  const naming = new Set<SyntaxKind>([
    SyntaxKind.PropertySignature,
    SyntaxKind.PropertyDeclaration,
    SyntaxKind.MethodSignature,
    SyntaxKind.MethodDeclaration,
    SyntaxKind.GetAccessor,
    SyntaxKind.SetAccessor,
    SyntaxKind.ImportSpecifier,
    SyntaxKind.ExportSpecifier,
    SyntaxKind.QualifiedName,
    SyntaxKind.NamedTupleMember,
  ]);
  return !naming.has(parent.kind);
}

function declaredIn(source: SourceFile): Set<string> {
  const names = new Set<string>();
  walk(source, (node) => {
    const declares =
      isVariableDeclaration(node) ||
      isParameterDeclaration(node) ||
      isBindingElement(node) ||
      isFunctionDeclaration(node) ||
      isClassDeclaration(node) ||
      isImportSpecifier(node) ||
      isImportClause(node) ||
      isNamespaceImport(node);
    if (declares && node.name !== undefined && isIdentifier(node.name)) names.add(node.name.text);
  });
  return names;
}
