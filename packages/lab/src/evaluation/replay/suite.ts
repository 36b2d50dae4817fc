import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Finding } from '@gait/engine/event/finding';
import { replay } from '@gait/server/runtime/replay';
import { Workspace } from '@gait/server/runtime/workspace';
import type { Section, Suite, SuiteContext, SuiteReport } from '../suite.ts';
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

/**
 * What `gait replay` says of public recordings: findings in benign traffic, in traces altered by hand, and of which sample
 * events the trigger is recognised. The whole product from files to store.
 */
export const replaySuite: Suite = {
  id: 'replay',
  title: 'Replay of public recordings',
  needs: 'the folders xray-thumbnail-lambda, xray-rust-lambda and lambda-trigger-events',
  options: [],
  async run(context): Promise<SuiteReport | undefined> {
    const root = context.data;
    if (root === undefined || !existsSync(join(root, TRACES))) return undefined;
    const quiet = await benign(root, context);
    const changed = await alterations(root, context);
    const events = await triggerEvents(root);
    return {
      json: { benign: quiet.json, alterations: changed.json, triggerEvents: events.json },
      sections: [...quiet.sections, ...changed.sections, ...events.sections],
    };
  },
};

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

async function benign(root: string, context: SuiteContext) {
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
  const rows: (string | number)[][] = [];
  const sections: Section[] = [];
  let falseFindings = 0;
  for (const { what, paths, learn, name } of cases) {
    context.progress(what);
    const { events, rejected, findings, watch } = await replayed(paths, learn, name);
    falseFindings += findings.length;
    rows.push([what, events, rejected, findings.length, watch]);
    for (const one of findings) sections.push({ text: `Reported: ${one.detector}: ${one.sentence}` });
  }
  const head = ['benign recording', 'events', 'not understood', 'findings', 'watch level'];
  return { json: { recordings: rows.length, falseFindings }, sections: [{ table: { head, rows } }, ...sections] };
}

async function alterations(root: string, context: SuiteContext) {
  const folder = mkdtempSync(join(tmpdir(), 'gait-evaluate-'));
  const learn = QUIET.map((run) => join(root, TRACES, run, 'traces.json'));
  const lines = readFileSync(join(root, TRACES, BURST, 'traces.json'), 'utf8')
    .trimEnd()
    .split('\n');
  const rows: (string | number)[][] = [];
  const missed: string[] = [];
  const found: Record<string, { reported: number; replays: number; others: number }> = {};
  try {
    for (const alteration of ALTERATIONS) {
      context.progress(`altered traces: ${alteration.id}`);
      const one = { reported: 0, replays: ALTERED_LINES.length, others: 0 };
      const by = new Set<string>();
      for (const at of ALTERED_LINES) {
        const path = join(folder, 'altered.json');
        writeFileSync(path, lines.with(at, altered(lines[at], alteration)).join('\n'));
        const { findings } = await replayed([path], learn);
        const right = findings.filter((finding) => alteration.detectors.includes(finding.detector));
        if (right.length > 0) one.reported++;
        else missed.push(`${alteration.id} in line ${at + 1}`);
        one.others += findings.length - right.length;
        for (const finding of right) by.add(finding.detector);
      }
      found[alteration.id] = one;
      rows.push([alteration.what, one.replays, one.reported, [...by].join(', '), one.others]);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const head = ['altered trace', 'replays', 'reported', 'by', 'other findings'];
  const names = missed.length === 0 ? 'Nothing was missed.' : `Missed: ${missed.join('; ')}.`;
  return { json: found, sections: [{ table: { head, rows } }, { text: names }] };
}
