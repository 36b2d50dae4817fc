/**
 * Runs the tests: `npm test` the static checks, then every test; `npm test -- <glob> ...` only the tests that match;
 * `npm run test:crash` only the tests that kill processes, with many seeds. The test runner comes last, so that its
 * closing lines end the output and its exit code is this program's.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync } from 'node:fs';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '..');

/** Oldest Node the product runs on. */
export const NODE_MAJOR_MIN = 24;

/** Kinds of test by the last part of the name; Node's own default leaves out all but the first. */
const KINDS = '{test,fuzz,crash}';
const PATTERNS = [`packages/*/src/**/*.${KINDS}.ts`, `scripts/**/*.${KINDS}.ts`];

/** Test files at once: as many as the smallest machine we build on has cores. */
const CONCURRENCY = 2;
/** A test file that takes longer hangs. */
const FILE_MS_MAX = 600_000;
/** Seeds of each crash test unless `GAIT_SEEDS` says otherwise: several hundred in all, in about five minutes. */
const CRASH_SEEDS = 100;

/** What stands between the working tree and the tests: a command that must succeed and what repairs it. */
interface Check {
  readonly name: string;
  /** Program in `node_modules` or script, run by Node; arguments follow. */
  readonly run: readonly string[];
  readonly remedy: string;
}

const CHECKS: readonly Check[] = [
  { name: 'tidy', run: ['scripts/tidy.ts'], remedy: 'npm run tidy' },
  {
    name: 'biome',
    run: ['node_modules/@biomejs/biome/bin/biome', 'check', '--diagnostic-level=warn', '.'],
    remedy: 'npx biome check --write .',
  },
  { name: 'tsc', run: ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.json'], remedy: 'npx tsc -p tsconfig.json' },
];

/** What to do under a version of Node: go on, start again with the repository's own, or tell the user. */
export function versionAdvice(version: string, ownNode: string | undefined): 'run' | 'restart' | 'install' {
  if (Number.parseInt(version, 10) >= NODE_MAJOR_MIN) return 'run';
  return ownNode === undefined ? 'install' : 'restart';
}

/** Test files of the working tree at `root`, sorted. `patterns` replaces the default globs. */
export function testFiles(root: string, patterns: readonly string[] = PATTERNS): string[] {
  const files = globSync([...patterns], { cwd: root, exclude: ['**/node_modules/**'] });
  return files.sort();
}

function main(words: readonly string[]): number {
  const own = join(ROOT, 'node_modules/.bin/node');
  const ownNode = existsSync(own) ? own : undefined;
  const advice = versionAdvice(process.versions.node, ownNode);
  if (advice === 'restart' && ownNode !== undefined) return runWith(ownNode, [process.argv[1], ...words]);
  if (advice === 'install') {
    console.error(
      `This is Node ${process.versions.node}; Gait needs ${NODE_MAJOR_MIN}. Run \`npm ci\`, which brings it.`,
    );
    return 1;
  }
  if (words[0] === 'crash') return runCrashTests();
  if (words.length > 0) return runTests(testFiles(ROOT, words), process.env);
  for (const check of CHECKS) {
    if (runWith(process.execPath, check.run) === 0) continue;
    console.error(`\n${check.name} is not content; the tests were not run. To see it alone: ${check.remedy}`);
    return 1;
  }
  return runTests(testFiles(ROOT), process.env);
}

function runCrashTests(): number {
  const seeds = process.env['GAIT_SEEDS'] ?? `${CRASH_SEEDS}`;
  const first = process.env['GAIT_SEED_FIRST'] ?? '1';
  console.log(`crash tests, each with ${seeds} seeds from ${first} (GAIT_SEEDS, GAIT_SEED_FIRST)`);
  const files = testFiles(ROOT, ['packages/*/src/**/*.crash.ts']);
  return runTests(files, { ...process.env, GAIT_SEEDS: seeds, GAIT_SEED_FIRST: first });
}

function runTests(files: readonly string[], env: NodeJS.ProcessEnv): number {
  if (files.length === 0) {
    console.error('no test file matches');
    return 1;
  }
  const options = [`--test-concurrency=${CONCURRENCY}`, `--test-timeout=${FILE_MS_MAX}`];
  if (process.stdout.isTTY) options.push('--test-reporter=spec');
  return runWith(process.execPath, ['--test', ...options, ...files], env);
}

/** Runs a program in the repository's root with this terminal; returns its exit code. */
function runWith(program: string, words: readonly string[], env: NodeJS.ProcessEnv = process.env): number {
  const { status, error } = spawnSync(program, words, { cwd: ROOT, stdio: 'inherit', env });
  if (error !== undefined) console.error(`${program} could not be started: ${error.message}`);
  return status ?? 1;
}

if (import.meta.main) process.exitCode = main(process.argv.slice(2));
