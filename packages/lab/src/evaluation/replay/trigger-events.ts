import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { allDecoders } from '@gait/server/ingest/decoders';
import { readInputs } from '@gait/server/ingest/reader/read';
import type { ReadReport } from '@gait/server/ingest/reader/report';
import { MemoryTokens } from '@gait/server/ingest/tokens-memory';
import { replay } from '@gait/server/runtime/replay';
import { Workspace } from '@gait/server/runtime/workspace';
import type { Json, Section } from '../suite.ts';

const EVENTS = 'lambda-trigger-events';
/** Files of one reason that are named. */
const NAMED_MAX = 5;
/** The function whose events they are said to be. */
const SAMPLE = { provider: 'aws', account: '123456789012', region: 'us-east-1', declaredFunction: 'sample' };
/** Two days of the one queue that fires it in each replay, an event a minute, before any of the samples. */
const HISTORY_EVENTS = 2880;
const HISTORY_FROM_MS = Date.UTC(2015, 0, 5);

/** Of how many sample events the trigger is recognised, why the others are refused, and which are reported. */
export async function triggerEvents(root: string): Promise<{ json: Json; sections: readonly Section[] }> {
  const folder = join(root, EVENTS);
  if (!existsSync(folder))
    return { json: null, sections: [{ text: `No sample events: there is no folder ${EVENTS}.` }] };
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
  const paths = files.map((name) => join(folder, name));
  const read = await recognised(paths);
  const judged = await reported(paths);
  return { json: { ...read.json, ...judged.json }, sections: [...read.sections, ...judged.sections] };
}

async function recognised(paths: readonly string[]) {
  const defaults = { ...SAMPLE, newestMs: Date.now() };
  const { batches, report } = readInputs(paths, { decoders: allDecoders(), defaults, tokens: new MemoryTokens() });
  const kinds = new Map<string, { events: number; sources: Set<string> }>();
  for await (const batch of batches) {
    for (let row = 0; row < batch.rows; row++) {
      const kind = batch.symbolText(row, 'triggerKind');
      const seen = kinds.get(kind) ?? { events: 0, sources: new Set() };
      seen.events++;
      seen.sources.add(batch.symbolText(row, 'triggerSource'));
      kinds.set(kind, seen);
    }
  }
  const rows = [...kinds]
    .sort((a, b) => b[1].events - a[1].events)
    .map(([kind, { events, sources }]) => [kind, events, sources.size]);
  const late = report.notes['time-clamped'] ?? 0;
  const sections: Section[] = [
    { table: { head: ['kind of trigger', 'sample events', 'different sources'], rows } },
    { text: `Of ${report.files} files, ${report.rows} events; ${late} without a possible time.` },
    refused(report),
  ];
  return { json: { files: report.files, events: report.rows }, sections };
}

function refused(report: ReadReport): Section {
  const rows = Object.entries(report.rejected)
    .filter(([, count]) => count > 0)
    .map(([reason, count]) => {
      const names = report.samples.filter((one) => one.reason === reason).map(({ path }) => basename(path, '.json'));
      return [reason, count, names.slice(0, NAMED_MAX).join(', ')];
    });
  return { table: { head: ['refused', 'files', 'for example'], rows } };
}

/** Each event in a replay of its own, in a function that only ever had another trigger. */
async function reported(paths: readonly string[]) {
  const folder = mkdtempSync(join(tmpdir(), 'gait-evaluate-'));
  const counts = { judged: 0, reported: 0 };
  const others = new Map<string, number>();
  const missed: string[] = [];
  try {
    const history = join(folder, 'history.ndjson');
    writeFileSync(history, Array.from({ length: HISTORY_EVENTS }, (_, at) => queued(at)).join('\n'));
    for (const path of paths) {
      const found = await detectorsOf(path, history);
      if (found === undefined) continue;
      counts.judged++;
      if (found.includes('trigger.new-source')) counts.reported++;
      else missed.push(basename(path, '.json'));
      for (const one of found.filter((id) => id !== 'trigger.new-source')) others.set(one, (others.get(one) ?? 0) + 1);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const besides = [...others].map(([detector, count]) => `${count} ${detector}`).join(', ') || 'nothing';
  const all = `${counts.reported} of ${counts.judged} are reported as a trigger never seen`;
  const text = `After ${HISTORY_EVENTS} events of one queue, ${all}. Besides: ${besides}. Missed: ${missed.join(', ') || 'none'}.`;
  return { json: counts, sections: [{ text }] };
}

/** Detectors that report an event; undefined when it was refused. */
async function detectorsOf(path: string, history: string): Promise<string[] | undefined> {
  const workspace = await Workspace.open(undefined);
  try {
    const defaults = { ...SAMPLE, newestMs: Date.now() };
    const { events } = await replay(workspace, { paths: [path], learn: [history], defaults });
    if (events === HISTORY_EVENTS) return undefined;
    return workspace.store.findings({ level: 'finding', limit: 100 }).map(({ detector }) => detector);
  } finally {
    await workspace.close();
  }
}

/** An event of the queue, as a line. */
function queued(at: number): string {
  const attributes = { SentTimestamp: String(HISTORY_FROM_MS + at * 60_000), SenderId: SAMPLE.account };
  const eventSourceARN = `arn:aws:sqs:us-east-1:${SAMPLE.account}:history`;
  return JSON.stringify({
    Records: [{ messageId: `history-${at}`, eventSource: 'aws:sqs', eventSourceARN, attributes }],
  });
}
