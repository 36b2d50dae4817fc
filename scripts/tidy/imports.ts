import { posix } from 'node:path';
import { moduleUses } from './syntax.ts';
import type { Report, Rule, Tree } from './tree.ts';
import { isTest } from './tree.ts';

/** What a package may import from other packages: `package/` for all of it, `package/file` for one file. */
const PACKAGES: ReadonlyMap<string, readonly string[]> = new Map([
  ['sensor', []],
  ['engine', []],
  ['platform', []],
  ['server', ['engine/', 'sensor/wire']],
  ['console', ['server/api/']],
  ['lab', ['engine/', 'server/', 'sensor/', 'platform/', 'console/']],
]);

/** Folders of the engine; each may import those before it. */
const ENGINE_ORDER = [
  'base',
  'stats',
  'event',
  'features',
  // Models of the order of calls: what baselines keep of each function.
  'sequences',
  'baselines',
  'patterns',
  'peers',
  'demand',
  'detectors',
  'scoring',
  'incidents',
  // Tests of all of it against stored files.
  'golden',
];

/** Files of the server that its folders know each other by. */
const SERVER_CONTRACTS = new Set([
  'log/log.ts',
  'log/proof.ts',
  'storage/store.ts',
  'ingest/decoder.ts',
  'ingest/tokens.ts',
  // Who may come in, and what the running service can be asked for.
  'access/access.ts',
  // What a pattern of function keys means, wherever one is written.
  'access/patterns.ts',
  'runtime/service.ts',
  // What responses look like to whoever asks for them, and how they fail.
  'response/views.ts',
  'response/errors.ts',
  // What both token tables mean by the network of an address.
  'ingest/network-prefix.ts',
  // How every part makes a text from outside harmless.
  'render/printable.ts',
]);

/** Folders of the server that connect the others. */
const SERVER_WIRING = new Set(['runtime', 'cli']);

/** Imports go one way only, so that a part can be read, tested and replaced without the parts that use it. */
export const importRule: Rule = {
  id: 'imports',
  check(tree, report) {
    for (const [file, source] of tree.sources) {
      const place = placeOf(file);
      if (place === undefined) continue;
      if (!PACKAGES.has(place.package)) {
        report(file, 1, `give the package '${place.package}' a row in scripts/tidy/imports.ts`);
        continue;
      }
      for (const use of moduleUses(source)) {
        const problem = problemOf(tree, place, use.specifier);
        if (problem !== undefined) report(file, use.line, problem);
        else if (place.package === 'console' && use.specifier.startsWith('@gait/') && !use.typeOnly) {
          report(file, use.line, 'import only types here (`import type`)');
        }
      }
    }
    checkEngineFolders(tree, report);
  },
};

/** A file of a package: `inside` is its path below `src`. */
interface Place {
  readonly file: string;
  readonly package: string;
  readonly inside: string;
}

function placeOf(file: string): Place | undefined {
  const match = /^packages\/([^/]+)\/src\/(.+)$/.exec(file);
  return match === null ? undefined : { file, package: match[1], inside: match[2] };
}

function problemOf(tree: Tree, from: Place, specifier: string): string | undefined {
  if (specifier.startsWith('.')) return relativeProblem(from, specifier);
  const own = /^@gait\/([^/]+)\/(.+)$/.exec(specifier);
  if (own !== null) return packageProblem(from, own[1], own[2]);
  return outsideProblem(tree, from, specifier);
}

function relativeProblem(from: Place, specifier: string): string | undefined {
  const to = placeOf(posix.join(posix.dirname(from.file), specifier));
  if (to === undefined || to.package !== from.package) return 'import another package by its name, not by a path';
  if (from.package === 'engine') return engineProblem(from, to);
  if (from.package === 'server') return serverProblem(from, to);
  return undefined;
}

function packageProblem(from: Place, name: string, path: string): string | undefined {
  if (name === from.package) return 'import a file of the same package by its relative path';
  const allowed = PACKAGES.get(from.package) ?? [];
  const target = `${name}/${path}`;
  if (allowed.some((entry) => (entry.endsWith('/') ? target.startsWith(entry) : target === entry))) return undefined;
  return `${from.package} may not import '@gait/${target}': move what both need to where both may look`;
}

function outsideProblem(tree: Tree, from: Place, specifier: string): string | undefined {
  if (isTest(from.file)) return undefined;
  if (specifier.startsWith('node:')) {
    return from.package === 'engine'
      ? 'the engine does no input or output: take what you need as an argument'
      : undefined;
  }
  const name = /^(@[^/]+\/[^/]+|[^/]+)/.exec(specifier)?.[0] ?? specifier;
  const manifest = tree.texts.get(`packages/${from.package}/package.json`) ?? '{}';
  if (dependenciesOf(manifest).has(name)) return undefined;
  return `'${name}' is not a dependency of this package: do without, or add it with a page in docs/decisions`;
}

function dependenciesOf(manifest: string): Set<string> {
  const parsed: unknown = JSON.parse(manifest);
  if (typeof parsed !== 'object' || parsed === null || !('dependencies' in parsed)) return new Set();
  return new Set(Object.keys(parsed.dependencies ?? {}));
}

function engineProblem(from: Place, to: Place): string | undefined {
  if (isTest(from.file)) return undefined;
  const fromFolder = folderOf(from);
  const toFolder = folderOf(to);
  if (fromFolder === '' || fromFolder === toFolder) return undefined;
  if (toFolder === '') return 'a folder of the engine may not import the files that put it together';
  if (ENGINE_ORDER.indexOf(toFolder) < ENGINE_ORDER.indexOf(fromFolder)) return undefined;
  return `${fromFolder}/ comes before ${toFolder}/: the later folder may import the earlier one, not the reverse`;
}

function serverProblem(from: Place, to: Place): string | undefined {
  const fromFolder = folderOf(from);
  const toFolder = folderOf(to);
  if (isTest(from.file) || fromFolder === '' || fromFolder === toFolder || toFolder === '') return undefined;
  if (SERVER_WIRING.has(fromFolder) || SERVER_CONTRACTS.has(to.inside)) return undefined;
  return `${fromFolder}/ may only use the contract of ${toFolder}/: let runtime/ or cli/ connect the two`;
}

function checkEngineFolders(tree: Tree, report: Report): void {
  for (const file of tree.sources.keys()) {
    const place = placeOf(file);
    if (place?.package !== 'engine') continue;
    const folder = folderOf(place);
    if (folder !== '' && !ENGINE_ORDER.includes(folder)) {
      report(file, 1, `give the folder '${folder}' a place in ENGINE_ORDER of scripts/tidy/imports.ts`);
    }
  }
}

/** First folder below `src`, '' for a file right there. */
function folderOf(place: Place): string {
  const at = place.inside.indexOf('/');
  return at < 0 ? '' : place.inside.slice(0, at);
}
