import { createPrivateKey } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { CanonicalRows, canonicalControl } from '@gait/engine/event/canonical';
import type { Control, LogRecord } from '@gait/engine/event/record';
import { seededBatch } from '@gait/engine/event/seeded-batch';
import { paths } from './segments/folder.ts';
import { openSegmentLog } from './segments/segment-log.ts';

/**
 * Writes the golden log of the present schema to `fixtures/golden/segment-1`: run once when a schema is released, and
 * never again for it. Every later version must read it, verify it and find the same canonical texts.
 */
const START_MS = 1_700_000_000_000;
/** A key for fixtures only: 32 bytes of 0x67 in PKCS #8. It protects nothing and is not stored. */
const FIXTURE_KEY = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), Buffer.alloc(32, 0x67)]);

const CONTROLS: readonly Control[] = [
  { kind: 'genesis', seed: [305_419_896, 2_596_069_104], originMs: START_MS, tempoMs: 86_400_000, schema: 1 },
  { kind: 'training-span', fromMs: START_MS, toMs: START_MS + 86_400_000, by: 'operator' },
  { kind: 'feedback', finding: '0123456789abcdef', verdict: 'expected', by: 'operator “ann”' },
  { kind: 'incident-state', incident: 'incident-1', state: 'closed-expected', by: 'operator' },
  { kind: 'erasure', principal: 'person_0011223344556677', by: 'operator' },
];

/** The records of the golden log, in order. */
function* goldenRecords(): Iterable<LogRecord> {
  let stampMs = START_MS;
  for (const [at, control] of CONTROLS.entries()) {
    yield { type: 'control', receivedMs: stampMs, control };
    yield { type: 'observation', batch: seededBatch({ seed: at + 1, rows: 5, startMs: stampMs + 1 }) };
    yield { type: 'tick', throughMs: stampMs + 1999 };
    stampMs += 5000;
  }
}

async function makeGolden(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(paths.keys(folder), { recursive: true });
  const key = createPrivateKey({ key: FIXTURE_KEY, format: 'der', type: 'pkcs8' });
  await writeFile(paths.privateKey(folder), key.export({ format: 'pem', type: 'pkcs8' }));
  const log = await openSegmentLog(folder, { segmentBytesMax: 8000, now: () => START_MS + 1_000_000 });
  const texts: string[] = [];
  for (const record of goldenRecords()) {
    const { ordinal } = await log.append(record);
    texts.push(...textsOf(record, ordinal));
  }
  await log.close();
  await rm(paths.privateKey(folder));
  await rm(paths.lock(folder));
  await writeFile(`${folder}/expected.ndjson`, texts.map((text) => `${text}\n`).join(''));
}

function textsOf(record: LogRecord, ordinal: number): string[] {
  if (record.type === 'control') return [canonicalControl(record.control, ordinal, record.receivedMs)];
  if (record.type === 'tick') return [];
  const rows = new CanonicalRows(record.batch);
  return Array.from({ length: record.batch.rows }, (_, row) => rows.text(row, ordinal + row));
}

await makeGolden(fileURLToPath(new URL('../../../../fixtures/golden/segment-1', import.meta.url)));
