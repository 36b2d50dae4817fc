import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, readFile, truncate } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { BatchBuilder } from '@gait/engine/event/batch-builder';
import { encodeRecord } from '@gait/engine/event/codec';
import { ordinalsOf } from '@gait/engine/event/record';
import { verifyLog } from '../forensics/verify.ts';
import { crashRecord, Dice } from './crash-records.ts';
import { scratchFolder } from './scratch.ts';
import { listSegments } from './segments/folder.ts';
import { FRAME_HEADER_BYTES, SEGMENT_HEADER_BYTES } from './segments/frame.ts';
import { openSegmentLog, type SegmentLog } from './segments/segment-log.ts';

const SEEDS = Number(process.env['GAIT_SEEDS'] ?? 6);
/** Crashes of one log, each after the recovery from the one before. */
const GENERATIONS = 3;
const WRITER = fileURLToPath(new URL('./crash-writer.ts', import.meta.url));

describe('a writer that is killed at any moment', () => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    it(`loses, repeats and changes nothing that was acknowledged (seed ${seed})`, (test) => crashes(test, seed));
  }
});

async function crashes(test: TestContext, seed: number): Promise<void> {
  const folder = await scratchFolder(test);
  const dice = new Dice(seed);
  let first = 0;
  for (let generation = 0; generation < GENERATIONS; generation++) {
    // Some are killed late enough for the thread of large commits to be at work.
    const kills = 1 + dice.below(dice.below(3) === 0 ? 400 : 40);
    const acknowledged = await runAndKill({ folder, seed, first, kills });
    const expectedCut = await tear(folder, acknowledged, dice);
    const log = await openSegmentLog(folder);
    assert.equal(log.recovered.cutBytes, expectedCut, 'exactly the torn tail is cut and reported');
    assert.equal(log.recovered.cutFrames > 0, expectedCut > 0);
    first = await checkRecords(log, seed, acknowledged);
    for (const index of acknowledged.keys()) assert.ok(index < first, `acknowledged record ${index} is there`);
    await log.close();
    const report = await verifyLog(folder);
    assert.ok(report.ok, report.statement[0]);
    assert.equal(report.provenThrough, log.next);
  }
}

/** Runs the writer, kills it after some acknowledgements, and returns the ordinals it acknowledged by index. */
async function runAndKill(run: {
  folder: string;
  seed: number;
  first: number;
  kills: number;
}): Promise<Map<number, number>> {
  const args = [WRITER, run.folder, String(run.seed), String(run.first)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const exit = once(child, 'exit');
  const acknowledged = new Map<number, number>();
  for await (const line of createInterface({ input: child.stdout })) {
    const [index, ordinal] = line.split(' ').map(Number);
    acknowledged.set(index, ordinal);
    if (acknowledged.size === run.kills) child.kill('SIGKILL');
  }
  const [, signal] = await exit;
  assert.equal(signal, 'SIGKILL', 'the writer runs until it is killed');
  return acknowledged;
}

/**
 * A killed process loses nothing that the kernel has taken; a machine that stops does. So the bytes behind the newest
 * acknowledged frame are cut or spoiled at a seeded place. Returns how many bytes recovery must cut.
 */
async function tear(folder: string, acknowledged: ReadonlyMap<number, number>, dice: Dice): Promise<number> {
  const last = (await listSegments(folder)).at(-1);
  assert.ok(last !== undefined);
  // Killed when a segment had been made and its header not been written.
  if (last.bytes === 0) return 0;
  const ends = frameEnds(await readFile(last.path));
  const newest = Math.max(...acknowledged.values());
  const safe = Math.max(SEGMENT_HEADER_BYTES, ...ends.filter(({ ordinal }) => ordinal <= newest).map(({ end }) => end));
  const mode = dice.below(3);
  const size = mode === 0 ? last.bytes : safe + dice.below(last.bytes - safe + 1);
  await truncate(last.path, size);
  const spoiled =
    mode === 2 ? Buffer.from(Array.from({ length: 1 + dice.below(300) }, () => dice.below(256))) : Buffer.alloc(0);
  await appendFile(last.path, spoiled);
  const sound = Math.max(SEGMENT_HEADER_BYTES, ...ends.filter(({ end }) => end <= size).map(({ end }) => end));
  return size + spoiled.length - sound;
}

/** Where the whole frames of a segment end, and with which ordinal each begins. */
function frameEnds(bytes: Buffer): { ordinal: number; end: number }[] {
  const ends: { ordinal: number; end: number }[] = [];
  for (let at = SEGMENT_HEADER_BYTES; at + FRAME_HEADER_BYTES <= bytes.length; ) {
    const end = at + FRAME_HEADER_BYTES + bytes.readUInt32LE(at + 4);
    if (end > bytes.length) break;
    ends.push({ ordinal: Number(bytes.readBigUInt64LE(at + 16)), end });
    at = end;
  }
  return ends;
}

/** Compares every record and its ordinal with what was appended and promised; returns how many there are. */
async function checkRecords(log: SegmentLog, seed: number, promised: ReadonlyMap<number, number>): Promise<number> {
  const builder = new BatchBuilder();
  let index = 0;
  let ordinal = 0;
  for await (const stored of log.read(0)) {
    const expected = crashRecord(seed, index, builder);
    assert.equal(stored.ordinal, ordinal, `record ${index} has its place`);
    assert.equal(stored.ordinal, promised.get(index) ?? ordinal, `record ${index} has the promised ordinal`);
    assert.ok(Buffer.from(encodeRecord(stored.record)).equals(encodeRecord(expected)), `record ${index} is as it was`);
    ordinal += ordinalsOf(expected);
    index++;
  }
  assert.equal(ordinal, log.next);
  return index;
}
