import type { Finding } from '@gait/engine/event/finding';
import { profilesOf } from '@gait/engine/profile';
import type { OcsfContext } from '../render/ocsf.ts';
import { incidentText } from '../render/text.ts';
import type { ReplayResult } from '../runtime/replay.ts';
import type { Workspace } from '../runtime/workspace.ts';
import { functionsTable } from './functions-text.ts';
import { outputStyle } from './output.ts';
import { grouped } from './progress.ts';
import { VERSION } from './version.ts';

/** Functions and incidents shown in full; more are counted. */
const FUNCTIONS_SHOWN_MAX = 20;
const INCIDENTS_SHOWN_MAX = 20;

/** Where findings belong whose function does not say. */
export function ocsfContext(finding: Finding): OcsfContext {
  const provider = finding.facet === 'audit' || finding.facet === 'change' ? 'aws' : '';
  return { version: VERSION, home: { provider, account: '', region: '' } };
}

/** Prints what was read, what was learned, and what stands out, in this order. */
export function printReplay(
  workspace: Workspace,
  result: ReplayResult,
  shown: { dataFolder: string | undefined },
): void {
  const out = (text: string) => process.stdout.write(text);
  out(readText(result));
  out(learnedText(workspace, result));
  out(foundText(workspace, result));
  if (shown.dataFolder === undefined) {
    out(
      '\nNothing was kept. With --data FOLDER, `gait explain`, `gait functions` and `gait evidence` work on what was found.\n',
    );
  } else out(`\nKept in ${shown.dataFolder}. One finding in full: gait explain ID --data ${shown.dataFolder}\n`);
}

function readText(result: ReplayResult): string {
  const files = result.reports.reduce((sum, report) => sum + report.files, 0);
  const facets = Object.entries(result.facets)
    .sort((a, b) => b[1] - a[1])
    .map(([kind, count]) => `${grouped(count)} ${kind}`);
  const lines = [`Read ${grouped(result.events)} events from ${grouped(files)} files: ${facets.join(', ') || 'none'}.`];
  const rejected = new Map<string, number>();
  for (const report of result.reports) {
    for (const [reason, count] of Object.entries(report.rejected)) {
      if (count > 0) rejected.set(reason, (rejected.get(reason) ?? 0) + count);
    }
  }
  if (rejected.size > 0) {
    const reasons = [...rejected].map(([reason, count]) => `${grouped(count)} ${reason}`);
    lines.push(`Not understood: ${reasons.join(', ')}.`);
    for (const sample of result.reports.flatMap((report) => report.samples).slice(0, 5)) {
      const line = sample.line > 0 ? `:${sample.line}` : '';
      lines.push(`  ${sample.path}${line}: ${sample.reason}, ${sample.detail}`);
    }
  }
  if (result.outside > 0) lines.push(`Left out by --since and --until: ${grouped(result.outside)}.`);
  return `${lines.join('\n')}\n`;
}

function learnedText(workspace: Workspace, result: ReplayResult): string {
  const profiles = profilesOf(workspace.engine);
  const { learned, judged } = result;
  const lines = [''];
  if (learned !== undefined) lines.push(`Learned what is normal from ${spanText(learned)}.`);
  else lines.push('Went on from what this data folder had learned before.');
  if (result.events > 0) lines.push(`Judged ${spanText(judged)}.`);
  lines.push('');
  const busiest = profiles.toSorted((a, b) => b.invocations - a.invocations).slice(0, FUNCTIONS_SHOWN_MAX);
  const table = profiles.length === 0 ? '' : functionsTable(busiest);
  const more = profiles.length - busiest.length;
  const principals = workspace.engine.stageTwo.principalCount;
  const tail = more > 0 ? `and ${grouped(more)} more functions\n` : '';
  const people = principals > 0 ? `${grouped(principals)} principals whose API actions are known\n` : '';
  return `${lines.join('\n')}\n${table}${tail}${people}`;
}

function foundText(workspace: Workspace, result: ReplayResult): string {
  const { findings, watch } = workspace.counts;
  const events = grouped(result.events);
  if (findings === 0) {
    const kept = watch === 0 ? '' : ` ${grouped(watch)} weak signals are kept at the watch level.`;
    return `\nNothing stands out in ${events} events.${kept} What cannot be seen: gait coverage.\n`;
  }
  const incidents = workspace.newIncidents();
  const head = `\n${count(findings, 'finding')} in ${count(incidents.length, 'incident')}${watch > 0 ? `, ${grouped(watch)} weak signals kept at the watch level` : ''}.\n`;
  const style = outputStyle(process.stdout);
  const texts = incidents
    .slice(0, INCIDENTS_SHOWN_MAX)
    .map((incident) => `\n${incidentText(incident, workspace.store.findings({ incident: incident.id }), style)}\n`);
  const more = incidents.length - texts.length;
  return head + texts.join('') + (more > 0 ? `\nand ${count(more, 'incident')} more\n` : '');
}

function count(number: number, what: string): string {
  return `${grouped(number)} ${what}${number === 1 ? '' : 's'}`;
}

function spanText(span: { readonly fromMs: number; readonly toMs: number }): string {
  if (Number.isNaN(span.fromMs)) return 'nothing';
  const text = (ms: number) => new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
  return `${text(span.fromMs)} to ${text(span.toMs)} UTC`;
}
