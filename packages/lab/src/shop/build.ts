import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, extname, join, resolve } from 'node:path';
import { build } from 'esbuild';

const ROOT = resolve(import.meta.dirname, '../../../..');
const SOURCE = join(ROOT, 'packages/lab/apps/shop');
const OUTPUT = join(ROOT, '.gait/shop');

/** Part of the name of what was built: raise it when the options below change. */
const RECIPE = '1';

/** A build may be in use by a platform that runs for long, so it is kept for a day after it was asked for. */
const KEPT_MS = 86_400_000;

/** SDK clients the functions use; another version of one makes another build. */
const CLIENTS = ['dynamodb', 'lambda', 's3', 'sqs'].map((name) => `@aws-sdk/client-${name}`);

/** Makes `require` in an ES module. */
const REQUIRE = "import{createRequire as shopRequire}from'node:module';const require=shopRequire(import.meta.url);";

/** Ways to find credentials that the SDK loads only when the environment holds none; in a function it always does. */
const OTHER_CREDENTIALS = [
  ...['http', 'ini', 'login', 'process', 'sso', 'web-identity'].map((name) => `@aws-sdk/credential-provider-${name}`),
  '@aws-sdk/nested-clients/*',
  '@aws-sdk/token-providers',
  '@smithy/credential-provider-imds',
];

/** A function as it can be deployed: one file of code, and the programs it starts. */
export interface BuiltFunction {
  readonly codeFolder: string;
  /** Size of all files. */
  readonly bytes: number;
}

/**
 * Bundles each function of the shop with what it imports into one file, as one would before deploying it: a cold start then
 * reads one file instead of hundreds. What was built is kept below `output` (git-ignored) under the hash of its sources, so
 * that only the first run builds, for about two seconds. Builds that nobody asked for in a day are removed. May be called by
 * several processes at once.
 */
export async function buildShop(output = OUTPUT): Promise<ReadonlyMap<string, BuiltFunction>> {
  const names = readdirSync(join(SOURCE, 'functions')).sort();
  const folder = join(output, hashOf(SOURCE));
  if (!existsSync(folder)) {
    removeOld(output);
    await buildInto(folder, names);
  }
  const now = new Date();
  utimesSync(folder, now, now);
  return new Map(names.map((name) => [name, builtAt(join(folder, name))]));
}

/** Removes builds, and drafts of processes that ended early. */
function removeOld(output: string): void {
  for (const name of existsSync(output) ? readdirSync(output) : []) {
    const path = join(output, name);
    const used = statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;
    if (Date.now() - used > KEPT_MS) rmSync(path, { recursive: true, force: true });
  }
}

async function buildInto(folder: string, names: readonly string[]): Promise<void> {
  mkdirSync(dirname(folder), { recursive: true });
  // Its own for each build: several may be made at once.
  const draft = mkdtempSync(`${folder}.`);
  await Promise.all(names.map((name) => bundle(join(SOURCE, 'functions', name), join(draft, name))));
  try {
    renameSync(draft, folder);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    // Somebody else was faster; the same sources make the same build.
    if (!existsSync(folder)) throw error;
  }
}

async function bundle(from: string, to: string): Promise<void> {
  mkdirSync(to, { recursive: true });
  const files = readdirSync(from);
  const entry = files.find((file) => file.startsWith('index.'));
  if (entry === undefined) throw new Error(`no index file in ${from}`);
  const esm = extname(entry) === '.mjs';
  await build({
    entryPoints: [join(from, entry)],
    outfile: join(to, esm ? 'index.mjs' : 'index.cjs'),
    bundle: true,
    minify: true,
    // The forms of the SDK that a bundler can take apart.
    mainFields: ['module', 'main'],
    external: OTHER_CREDENTIALS,
    platform: 'node',
    target: 'node24',
    format: esm ? 'esm' : 'cjs',
    legalComments: 'none',
    logLevel: 'error',
    // Parts of the SDK are CommonJS and ask for `require`.
    ...(esm && { banner: { js: REQUIRE } }),
  });
  for (const file of files) if (file.endsWith('.cjs')) copyFileSync(join(from, file), join(to, file));
}

/** Hash over all files of a folder, the recipe and the versions of the SDK. */
function hashOf(folder: string): string {
  const hash = createHash('sha256').update(RECIPE);
  const require = createRequire(import.meta.url);
  for (const client of CLIENTS) hash.update(readFileSync(require.resolve(`${client}/package.json`)));
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    const path = join(folder, file);
    if (statSync(path).isFile()) hash.update(`\0${file}\0`).update(readFileSync(path));
  }
  return hash.digest('hex').slice(0, 16);
}

function builtAt(codeFolder: string): BuiltFunction {
  const bytes = readdirSync(codeFolder).reduce((sum, file) => sum + statSync(join(codeFolder, file)).size, 0);
  return { codeFolder, bytes };
}
