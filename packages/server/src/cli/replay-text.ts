import { profilesOf } from '@gait/engine/profile';
import { FORMATS } from '../ingest/decoder.ts';
import type { RejectSample } from '../ingest/reader/report.ts';
import { printable, wrapped } from '../render/printable.ts';
import { incidentText } from '../render/text.ts';
import { grouped, timeText } from '../render/words.ts';
import type { ReplayResult, Span } from '../runtime/replay.ts';
import type { Workspace } from '../runtime/workspace.ts';
import { word } from './folder.ts';
import { functionsTable } from './functions-text.ts';
import { outputStyle } from './output.ts';
import { notedOf, rejectedOf } from './summary.ts';

/** Functions and incidents shown in full; more are counted. */
const FUNCTIONS_SHOWN_MAX = 20;
const INCIDENTS_SHOWN_MAX = 20;
/** Refused records shown by place; the counts are complete. */
const SAMPLES_SHOWN_MAX = 5;

/** What was read, what was learned, and what stands out, in this order. `folder` is undefined when nothing is kept. */
export function replayText(workspace: Workspace, result: ReplayResult, folder: string | undefined): string {
  const { width } = outputStyle(process.stdout);
  const parts = [paragraphs(readLines(result), width)];
  if (isAllKnown(result)) parts.push(paragraphs([ALL_KNOWN], width), knownText(workspace, width));
  else if (result.events > 0) {
    parts.push(paragraphs(learnedLines(result), width), knownText(workspace, width), foundText(workspace, result));
  }
  if (result.events > 0 || folder !== undefined) parts.push(paragraphs([keptLine(workspace, result, folder)], width));
  return parts.join('\n');
}

const ALL_KNOWN = 'All of these events were in the log already: nothing was learned or judged again.';

/** The same replay again, or a part of it: not one event was new. */
function isAllKnown({ events, copies, resumed }: ReplayResult): boolean {
  return events > 0 && resumed === 0 && copies >= events;
}

function readLines(result: ReplayResult): string[] {
  const { events, facets, reports, outside, resumed } = result;
  const files = reports.reduce((sum, report) => sum + report.files, 0);
  const kinds = Object.entries(facets).sort((a, b) => b[1] - a[1]);
  const by = kinds.map(([kind, count]) => `${grouped(count)} ${kind}`).join(', ');
  const from = `${counted(events, 'event', 'events')} from ${counted(files, 'file', 'files')}`;
  const lines = [`Read ${from}${by === '' ? '' : `: ${by}`}.`];
  const rejected = Object.entries(rejectedOf(result));
  if (rejected.length > 0) {
    lines.push(`Not understood: ${rejected.map(([reason, count]) => `${grouped(count)} ${reason}`).join(', ')}.`);
    const samples = mixed(reports.flatMap((report) => report.samples));
    for (const { path, line, reason, detail } of samples.slice(0, SAMPLES_SHOWN_MAX)) {
      lines.push(`  ${printable(`${path}${line > 0 ? `:${line}` : ''}: ${reason}, ${detail}`)}`);
    }
  }
  if (events === 0 && rejected.length > 0) {
    lines.push(`Formats that are understood: ${FORMATS.join(', ')}. With --format, every file is read as one of them.`);
  }
  lines.push(...notedLines(result));
  if (result.copies > 0 && !isAllKnown(result))
    lines.push(`Read more than once and counted once: ${grouped(result.copies)}.`);
  if (result.contradicting > 0) {
    lines.push(
      `Contradict another record of the same request: ${grouped(result.contradicting)}. The first one counts.`,
    );
  }
  if (outside > 0) lines.push(`Left out by --since and --until: ${grouped(outside)}.`);
  if (resumed > 0)
    lines.push(`Went on with an interrupted replay: ${grouped(resumed)} of them were in the log already.`);
  return lines;
}

/** What was understood in part or passed over on purpose: two notes in a sentence that says what to do, the rest by name. */
function notedLines(result: ReplayResult): string[] {
  const { 'function-unknown': unnamed = 0, 'time-clamped': clamped = 0, ...others } = notedOf(result);
  const lines: string[] = [];
  if (unnamed > 0) {
    const many = counted(unnamed, 'event', 'events');
    lines.push(`Of an unknown function, and so not judged: ${many}. --function NAME says whose they are.`);
  }
  if (clamped > 0) {
    lines.push(`Impossible times: ${grouped(clamped)}. These events stand where their neighbours in the file stand.`);
  }
  const rest = Object.entries(others).sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  if (rest.length > 0) {
    lines.push(
      `Passed over or cut: ${rest.map(([name, count]) => `${grouped(count)} ${printable(name)}`).join(', ')}.`,
    );
  }
  return lines;
}

/** The first sample of each reason, then the second of each, and so on, so that a frequent reason hides no other. */
function mixed(samples: readonly RejectSample[]): RejectSample[] {
  const seen = new Map<string, number>();
  const placed = samples.map((sample) => {
    const place = seen.get(sample.reason) ?? 0;
    seen.set(sample.reason, place + 1);
    return { sample, place };
  });
  return placed.toSorted((a, b) => a.place - b.place).map(({ sample }) => sample);
}

function learnedLines({ learned, learnedBy, judged, movedDays }: ReplayResult): string[] {
  const lines: string[] = [];
  const learnedSome = learned !== undefined && learned.toMs > learned.fromMs;
  if (learned === undefined) lines.push('Went on from what this data folder had learned before.');
  else if (learnedSome) lines.push(`Learned what is normal from ${spanText(learned)}.`);
  else lines.push('Learned nothing beforehand: all events have the same time.');
  if (learnedSome && learnedBy === 'events') {
    lines.push(
      'That is the earlier half of the events, not of the time: nearly all events lie on one side of the middle of the ' +
        'time, as a wrong clock makes it. --since and --until leave out odd times.',
    );
  }
  if (judged !== undefined) lines.push(`Judged ${spanText(judged)}.`);
  if (movedDays > 0) {
    const days = counted(movedDays, 'day', 'days');
    lines.push(
      `Later events were read before these. The log is kept in order of time, so these stand in it ${days} later than ` +
        'they happened; findings show when they happened.',
    );
  }
  return lines;
}

function knownText({ engine }: Workspace, width: number): string {
  const profiles = profilesOf(engine);
  const principals = engine.stageTwo.principalCount;
  const busiest = profiles.toSorted((a, b) => b.invocations - a.invocations).slice(0, FUNCTIONS_SHOWN_MAX);
  const more = profiles.length - busiest.length;
  const table = busiest.length === 0 ? '' : functionsTable(busiest, width);
  const tail = more > 0 ? `and ${counted(more, 'function', 'functions')} more\n` : '';
  const people = principals > 0 ? `${counted(principals, 'principal', 'principals')} with known API actions\n` : '';
  return table + tail + people;
}

function foundText(workspace: Workspace, result: ReplayResult): string {
  const { findings, watch } = workspace.found;
  const signals = watch === 0 ? '' : counted(watch, 'weak signal', 'weak signals');
  if (findings === 0) {
    const kept = signals === '' ? '' : ` Kept at the watch level: ${signals}.`;
    return `Nothing stands out in ${counted(result.events, 'event', 'events')}.${kept}\n`;
  }
  const incidents = workspace.newIncidents();
  const told = `${counted(findings, 'finding', 'findings')} in ${counted(incidents.length, 'incident', 'incidents')}`;
  const style = outputStyle(process.stdout);
  const texts = incidents.slice(0, INCIDENTS_SHOWN_MAX).map((incident) => {
    const text = incidentText(incident, workspace.store.findings({ incident: incident.id }), style);
    return `\n${text}\n`;
  });
  const more = incidents.length - texts.length;
  const tail = more > 0 ? `\nand ${counted(more, 'incident', 'incidents')} more\n` : '';
  return `${told}${signals === '' ? '' : `; ${signals} kept at the watch level`}.\n${texts.join('')}${tail}`;
}

function keptLine({ found }: Workspace, result: ReplayResult, folder: string | undefined): string {
  if (folder === undefined) {
    return 'Nothing was kept. With --data FOLDER, other commands work on what was found: gait --help.';
  }
  const before = isAllKnown(result) ? 'What was found before: gait findings' : 'What cannot be seen: gait coverage';
  const next = found.findings > 0 ? 'One in full: gait explain ID' : before;
  return `Kept in ${printable(folder)}. ${next} --data ${word(folder)}`;
}

function paragraphs(lines: readonly string[], width: number): string {
  return lines
    .flatMap((line) => (line.startsWith(' ') ? [line] : wrapped(line, width)))
    .map((line) => `${line}\n`)
    .join('');
}

function counted(count: number, one: string, many: string): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}

function spanText({ fromMs, toMs }: Span): string {
  return `${timeText(fromMs)} to ${timeText(toMs)} UTC`;
}
