import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { allDecoders } from '@gait/server/ingest/decoders';
import { readInputs } from '@gait/server/ingest/reader/read';
import type { ReadReport } from '@gait/server/ingest/reader/report';
import { MemoryTokens } from '@gait/server/ingest/tokens-memory';
import { replay } from '@gait/server/runtime/replay';
import { Workspace } from '@gait/server/runtime/workspace';

const EVENTS = 'lambda-trigger-events';
/** Files of one reason that are named. */
const NAMED_MAX = 5;
/** The function whose events they are said to be. */
const SAMPLE = { provider: 'aws', account: '123456789012', region: 'us-east-1', declaredFunction: 'sample' };
/** Two days of the one queue that fires it in each replay, an event a minute, before any of the samples. */
const HISTORY_EVENTS = 2880;
const HISTORY_FROM_MS = Date.UTC(2015, 0, 5);

/** Prints of how many sample events the trigger was recognised, why the others were refused, and which are reported. */
export async function triggerEvents(root: string): Promise<void> {
  const folder = join(root, EVENTS);
  if (!existsSync(folder)) return;
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));
  const paths = files.map((name) => join(folder, name));
  await recognised(paths);
  await reported(paths);
}

async function recognised(paths: readonly string[]): Promise<void> {
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
  console.log('\n| kind of trigger | sample events | different sources |\n|---|---|---|');
  for (const [kind, { events, sources }] of [...kinds].sort((a, b) => b[1].events - a[1].events)) {
    console.log(`| ${kind} | ${events} | ${sources.size} |`);
  }
  console.log(
    `\nOf ${report.files} files, ${report.rows} events; ${report.notes['time-clamped'] ?? 0} without a possible time.\n`,
  );
  printRefused(report);
}

function printRefused(report: ReadReport): void {
  console.log('| refused | files | for example |\n|---|---|---|');
  for (const [reason, count] of Object.entries(report.rejected)) {
    if (count === 0) continue;
    const names = report.samples.filter((one) => one.reason === reason).map(({ path }) => basename(path, '.json'));
    console.log(`| ${reason} | ${count} | ${names.slice(0, NAMED_MAX).join(', ')} |`);
  }
}

/** Each event in a replay of its own, in a function that only ever had another trigger. */
async function reported(paths: readonly string[]): Promise<void> {
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
  console.log(
    `\nAfter ${HISTORY_EVENTS} events of one queue, ${counts.reported} of ${counts.judged} are reported as a trigger never seen.`,
  );
  const besides = [...others].map(([detector, count]) => `${count} ${detector}`).join(', ');
  console.log(`Besides: ${besides || 'nothing'}. Missed: ${missed.join(', ') || 'none'}.`);
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
