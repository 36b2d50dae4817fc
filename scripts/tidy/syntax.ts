import type { Node, SourceFile, Statement } from 'typescript/unstable/ast';
import {
  isCallExpression,
  isClassDeclaration,
  isExportDeclaration,
  isFunctionDeclaration,
  isIdentifier,
  isImportDeclaration,
  isInterfaceDeclaration,
  isMethodDeclaration,
  isParameterDeclaration,
  isPrivateIdentifier,
  isSourceFile,
  isStringLiteral,
  isTypeAliasDeclaration,
  isVariableStatement,
  SyntaxKind,
} from 'typescript/unstable/ast';

/** A top-level declaration that other files can import. */
export interface ExportedDeclaration {
  readonly names: readonly string[];
  readonly node: Statement;
}

/** A module another one loads: by import, export or dynamic import of a fixed text. */
export interface ModuleUse {
  readonly specifier: string;
  readonly line: number;
  readonly typeOnly: boolean;
}

/** Visits a node and everything below it, parents first. */
export function walk(node: Node, visit: (node: Node) => void): void {
  visit(node);
  node.forEachChild((child) => {
    walk(child, visit);
  });
}

/** Line of a node, counted from 1. */
export function lineOf(source: SourceFile, node: Node): number {
  return source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1;
}

/** Declarations with the word `export` in front, in order. */
export function exportedDeclarations(source: SourceFile): ExportedDeclaration[] {
  const found: ExportedDeclaration[] = [];
  for (const node of source.statements) {
    const names = declaredNames(node);
    if (names.length > 0 && isExported(node)) found.push({ names, node });
  }
  return found;
}

/** Every module a file loads, in order of appearance. */
export function moduleUses(source: SourceFile): ModuleUse[] {
  const uses: ModuleUse[] = [];
  walk(source, (node) => {
    const specifier = specifierOf(node);
    if (specifier === undefined || !isStringLiteral(specifier)) return;
    uses.push({ specifier: specifier.text, line: lineOf(source, node), typeOnly: isTypeOnly(node) });
  });
  return uses;
}

/** How many parameters a caller passes by position, and how many of them always. */
export function parametersOf(node: Node): { readonly all: number; readonly required: number } {
  let all = 0;
  let required = 0;
  node.forEachChild((child) => {
    if (!isParameterDeclaration(child) || (isIdentifier(child.name) && child.name.text === 'this')) return;
    all++;
    if (child.initializer === undefined && child.questionToken === undefined) required++;
  });
  return { all, required };
}

/** True for a declaration no other file can reach: a `#name`, or a top-level declaration without `export`. */
export function isPrivate(node: Node): boolean {
  if (isMethodDeclaration(node) && isPrivateIdentifier(node.name)) return true;
  let top = node;
  while (top.parent !== undefined && !isSourceFile(top.parent)) top = top.parent;
  return !isExported(top);
}

/** True when `node` calls one of the named functions, `describe.skip` and the like included. */
export function callsOneOf(node: Node, names: ReadonlySet<string>): boolean {
  return isCallExpression(node) && names.has(/^\w*/.exec(node.expression.getText())?.[0] ?? '');
}

function declaredNames(node: Statement): string[] {
  if (isVariableStatement(node)) {
    return node.declarationList.declarations.flatMap(({ name }) => (isIdentifier(name) ? [name.text] : []));
  }
  const named =
    isFunctionDeclaration(node) ||
    isClassDeclaration(node) ||
    isInterfaceDeclaration(node) ||
    isTypeAliasDeclaration(node);
  return named && node.name !== undefined ? [node.name.text] : [];
}

function isExported(node: Node): boolean {
  let exported = false;
  node.forEachChild((child) => {
    if (child.kind === SyntaxKind.ExportKeyword) exported = true;
  });
  return exported;
}

function specifierOf(node: Node): Node | undefined {
  if (isImportDeclaration(node) || isExportDeclaration(node)) return node.moduleSpecifier;
  if (isCallExpression(node) && node.expression.kind === SyntaxKind.ImportKeyword) return node.arguments[0];
  return undefined;
}

function isTypeOnly(node: Node): boolean {
  if (isExportDeclaration(node)) return node.isTypeOnly;
  return isImportDeclaration(node) && node.importClause?.phaseModifier === SyntaxKind.TypeKeyword;
}
