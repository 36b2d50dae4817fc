import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { SourceFile } from 'typescript/unstable/ast';
import { API } from 'typescript/unstable/sync';

/** Says that a rule is broken at a line of a file, and what to do about it. */
export type Report = (file: string, line: number, what: string) => void;

/** One house rule. `check` reports every place that breaks it. */
export interface Rule {
  readonly id: string;
  check(tree: Tree, report: Report): void;
}

/** The repository as the rules see it. Paths are relative to the root and use `/`. */
export interface Tree {
  /** Text of every file that is text. */
  readonly texts: ReadonlyMap<string, string>;
  /** Syntax of every TypeScript file. */
  readonly sources: ReadonlyMap<string, SourceFile>;
}

/** Folders that are never part of the repository. */
const SKIPPED = new Set(['node_modules', '.git', '.gait', 'coverage']);
/** Larger files are recordings, not source; they are not read. */
const TEXT_BYTES_MAX = 2_000_000;

/** Reads a working tree. Parses with the compiler's own parser, about 2 ms a file the first time, 0.2 ms after. */
export function readTree(root: string): Tree {
  const texts = new Map<string, string>();
  collect(root, '', texts);
  return { texts, sources: parse(root, texts) };
}

/** True for files that only tests load: they may import more and need no documentation. */
export function isTest(file: string): boolean {
  return /\.(test|fuzz|crash|contract)\.ts$/.test(file);
}

function collect(root: string, folder: string, texts: Map<string, string>): void {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
    if (SKIPPED.has(entry.name)) continue;
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isDirectory()) collect(root, path, texts);
    else if (entry.isFile() && statSync(join(root, path)).size <= TEXT_BYTES_MAX) {
      const bytes = readFileSync(join(root, path));
      if (!bytes.includes(0)) texts.set(path, bytes.toString('utf8'));
    }
  }
}

function parse(root: string, texts: ReadonlyMap<string, string>): Map<string, SourceFile> {
  const names = [...texts.keys()].filter((name) => name.endsWith('.ts'));
  const sources = new Map<string, SourceFile>();
  if (names.length === 0) return sources;
  const project = join(root, '.tidy-project.json');
  const compilerOptions = { noLib: true, types: [], noResolve: true, noEmit: true, allowImportingTsExtensions: true };
  const projectText = JSON.stringify({ compilerOptions, files: names });
  const api = new API({
    cwd: root,
    fs: {
      fileExists: (path) => (path === project ? true : undefined),
      readFile: (path) => (path === project ? projectText : undefined),
    },
  });
  try {
    const program = api.updateSnapshot({ openProjects: [project] }).getProject(project)?.program;
    for (const name of names) {
      const source = program?.getSourceFile(join(root, name));
      if (source !== undefined) sources.set(name, source);
    }
  } finally {
    api.close();
  }
  return sources;
}
