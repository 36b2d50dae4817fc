/**
 * `npm run evaluate -- replay [--data FOLDER]`: replays the public recordings in a folder (default: $GAIT_DATA) with
 * default settings and prints, as Markdown, what was found in benign traffic and in traces altered by hand, and of which
 * sample events the trigger was recognised. Exit status 1 when something benign is reported or an alteration is missed.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Finding } from '@gait/engine/event/finding';
import { replay } from '@gait/server/runtime/replay';
import { Workspace } from '@gait/server/runtime/workspace';
import { ALTERATIONS, altered } from './alterations.ts';
import { triggerEvents } from './trigger-events.ts';

/** Traces altered one after the other, each in a replay of its own. */
const ALTERED_LINES = [20, 60, 100, 140, 180, 220, 260] as const;
const TRACES = 'xray-thumbnail-lambda';
const QUIET = ['2022-01-06_12-00-34', '2022-01-06_23-53-09'] as const;
const BURST = '2022-01-06_13-38-16';

interface Replayed {
  readonly events: number;
  readonly rejected: number;
  readonly findings: readonly Finding[];
  readonly watch: number;
}

async function replayed(paths: readonly string[], learn: readonly string[], functionName?: string): Promise<Replayed> {
  const workspace = await Workspace.open(undefined);
  try {
    const defaults = { provider: 'aws', account: '?', region: '?', newestMs: Date.now() };
    const named = functionName === undefined ? defaults : { ...defaults, declaredFunction: functionName };
    const result = await replay(workspace, { paths, learn, defaults: named });
    const findings = workspace.store.findings({ level: 'finding', limit: 10_000 });
    const watch = workspace.store.findings({ level: 'watch', limit: 10_000 }).length;
    const rejected = result.reports.flatMap((one) => Object.values(one.rejected)).reduce((sum, one) => sum + one, 0);
    return { events: result.events, rejected, findings, watch };
  } finally {
    await workspace.close();
  }
}

async function benign(root: string): Promise<boolean> {
  const traces = (run: string) => join(root, TRACES, run, 'traces.json');
  const cases = [
    {
      what: 'thumbnail application: learn two constant loads, judge a burst',
      paths: [traces(BURST)],
      learn: QUIET.map(traces),
    },
    { what: 'thumbnail application: one constant load, first half learned', paths: [traces(QUIET[0])], learn: [] },
    {
      what: 'thumbnail application: the other constant load, first half learned',
      paths: [traces(QUIET[1])],
      learn: [],
    },
    { what: 'thumbnail application: the burst alone, first half learned', paths: [traces(BURST)], learn: [] },
    { what: 'further applications, a few traces each', paths: [join(root, TRACES, 'other-apps')], learn: [] },
    {
      what: 'one function at seven memory sizes',
      paths: [join(root, 'xray-rust-lambda/traces.json')],
      learn: [],
      name: 'rust',
    },
  ];
  console.log('| benign recording | events | not understood | findings | watch level |\n|---|---|---|---|---|');
  let quiet = true;
  for (const { what, paths, learn, name } of cases) {
    const { events, rejected, findings, watch } = await replayed(paths, learn, name);
    quiet &&= findings.length === 0;
    console.log(`| ${what} | ${events} | ${rejected} | ${findings.length} | ${watch} |`);
    for (const one of findings) console.error(`  reported: ${one.detector}: ${one.sentence}`);
  }
  return quiet;
}

async function alterations(root: string): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'gait-evaluate-'));
  const learn = QUIET.map((run) => join(root, TRACES, run, 'traces.json'));
  const lines = readFileSync(join(root, TRACES, BURST, 'traces.json'), 'utf8')
    .trimEnd()
    .split('\n');
  console.log('\n| altered trace | replays | reported | by | other findings |\n|---|---|---|---|---|');
  let all = true;
  try {
    for (const alteration of ALTERATIONS) {
      let reported = 0;
      let others = 0;
      const by = new Set<string>();
      for (const at of ALTERED_LINES) {
        const path = join(folder, 'altered.json');
        writeFileSync(path, lines.with(at, altered(lines[at], alteration)).join('\n'));
        const { findings } = await replayed([path], learn);
        const right = findings.filter((one) => alteration.detectors.includes(one.detector));
        if (right.length > 0) reported++;
        else console.error(`  missed: ${alteration.id} in line ${at + 1}`);
        others += findings.length - right.length;
        for (const one of right) by.add(one.detector);
      }
      all &&= reported === ALTERED_LINES.length && others === 0;
      console.log(`| ${alteration.what} | ${ALTERED_LINES.length} | ${reported} | ${[...by].join(', ')} | ${others} |`);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return all;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: { data: { type: 'string', default: process.env['GAIT_DATA'] ?? '' } },
    allowPositionals: true,
  });
  if (positionals[0] !== 'replay' || positionals.length !== 1) {
    console.error('Usage: npm run evaluate -- replay [--data FOLDER]   (default folder: $GAIT_DATA)');
    return 2;
  }
  if (!existsSync(join(values.data, TRACES))) {
    console.error(
      `There is no ${TRACES} in '${values.data}'. Set GAIT_DATA, or pass --data, to the folder of recordings.`,
    );
    return 2;
  }
  const quiet = await benign(values.data);
  const found = await alterations(values.data);
  await triggerEvents(values.data);
  return quiet && found ? 0 : 1;
}

process.exitCode = await main();
