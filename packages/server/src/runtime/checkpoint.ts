import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { constants, createZstdCompress, type ZstdOptions, zstdDecompress } from 'node:zlib';
import { EngineError } from '@gait/engine/base/errors';
import { ENGINE_VERSION, Engine } from '@gait/engine/engine';
import { BEGUN, replaceFile } from './replace-file.ts';

/** Checkpoints kept: the newest, and one in case it is damaged. */
const CHECKPOINTS_KEPT = 2;
/** Decompressed size beyond which a checkpoint file is not believed: all tables of the engine at their limits. */
const CHECKPOINT_BYTES_MAX = 8_000_000_000;
const NEWLINE = 0x0a;
const NODE_MAJOR = process.versions.node.split('.')[0];
const COMPLETE = /^state-(\d{16})$/;

/** Level 3 makes it 1 % smaller in twice the time; larger chunks need fewer turns of the event loop. */
const PACKING: ZstdOptions = { params: { [constants.ZSTD_c_compressionLevel]: 1 }, chunkSize: 1 << 20 };

const decompress = promisify(zstdDecompress);

/** First line of a checkpoint file. Byte equality is promised for one engine version and Node major only. */
interface Header {
  readonly engine: string;
  readonly node: string;
  readonly ordinal: number;
  /** Of the compressed state behind the line. */
  readonly sha256: string;
}

/** Which states may be gone on from. */
export interface Wanted {
  /** Not ahead of this ordinal: what the log holds and the store has committed. */
  readonly ordinalMax: number;
  /** Seed of the log, so that the state of another log is not taken for its own; undefined when it is not known. */
  readonly seed: readonly [number, number] | undefined;
}

/** The engine's state at one moment. */
export interface TakenState {
  readonly ordinal: number;
  /** Emptied piece by piece, so that memory is free as soon as possible. */
  readonly pieces: Uint8Array<ArrayBuffer>[];
}

/**
 * Saves a state beside earlier ones: temporary file, sync, rename, so that a crash leaves the old state or the new. Keeps
 * one earlier state; later ones, of a log that is being gone through again, are removed. Throws system errors. Cost: on
 * other threads 150 ms for 100 MB; the compressed state, a seventh, is in memory until it is written.
 */
export async function saveCheckpoint(folder: string, { ordinal, pieces }: TakenState): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const packed = await pack(pieces);
  const hash = createHash('sha256');
  for (const part of packed) hash.update(part);
  const header: Header = { engine: ENGINE_VERSION, node: NODE_MAJOR, ordinal, sha256: hash.digest('hex') };
  await replaceFile(join(folder, fileName(ordinal)), [Buffer.from(`${JSON.stringify(header)}\n`), ...packed]);
  await removeOthers(folder, ordinal);
}

/** Compresses on another thread, one piece at a time. */
async function pack(pieces: Uint8Array<ArrayBuffer>[]): Promise<Buffer[]> {
  const packed: Buffer[] = [];
  await pipeline(taken(pieces), createZstdCompress(PACKING), async (parts: AsyncIterable<Buffer>) => {
    for await (const part of parts) packed.push(part);
  });
  return packed;
}

function* taken(pieces: Uint8Array<ArrayBuffer>[]): Generator<Uint8Array> {
  for (let piece = pieces.shift(); piece !== undefined; piece = pieces.shift()) yield piece;
}

/**
 * The newest state that is intact, of this engine and Node version, and wanted; undefined when there is none: the log is
 * then gone through from its beginning. Never throws: a state that cannot be read is as good as none.
 */
export async function loadCheckpoint(folder: string, wanted: Wanted): Promise<Engine | undefined> {
  for (const { name, ordinal } of await checkpoints(folder)) {
    if (ordinal > wanted.ordinalMax) continue;
    const engine = await load(join(folder, name));
    if (engine?.ordinal === ordinal && belongs(engine, wanted)) return engine;
  }
  return undefined;
}

async function removeOthers(folder: string, ordinal: number): Promise<void> {
  const present = await checkpoints(folder);
  const kept = present.filter((one) => one.ordinal <= ordinal).slice(0, CHECKPOINTS_KEPT);
  const begun = (await readdir(folder)).filter((name) => name.endsWith(BEGUN));
  const removed = present.filter((one) => !kept.includes(one)).map((one) => one.name);
  for (const name of [...removed, ...begun]) await rm(join(folder, name), { force: true });
}

async function load(path: string): Promise<Engine | undefined> {
  const bytes = await readFile(path).catch(() => undefined);
  const end = bytes?.indexOf(NEWLINE) ?? -1;
  if (bytes === undefined || end < 0) return undefined;
  const header = parseHeader(bytes.toString('utf8', 0, end));
  if (header === undefined || header.engine !== ENGINE_VERSION || header.node !== NODE_MAJOR) return undefined;
  const packed = bytes.subarray(end + 1);
  if (createHash('sha256').update(packed).digest('hex') !== header.sha256) return undefined;
  try {
    return Engine.restore(await decompress(packed, { maxOutputLength: CHECKPOINT_BYTES_MAX }));
  } catch (error) {
    // Written whole, but by an engine whose state this one does not understand.
    if (error instanceof EngineError) return undefined;
    throw error;
  }
}

function belongs(engine: Engine, { seed }: Wanted): boolean {
  return seed === undefined || engine.genesis.seed.every((word, at) => word === seed[at]);
}

function parseHeader(line: string): Header | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { engine, node, ordinal, sha256 }: Record<string, unknown> = { ...value };
  if (typeof engine !== 'string' || typeof node !== 'string' || typeof sha256 !== 'string') return undefined;
  return typeof ordinal === 'number' ? { engine, node, ordinal, sha256 } : undefined;
}

/** Complete checkpoints, newest first. */
async function checkpoints(folder: string): Promise<{ name: string; ordinal: number }[]> {
  const names = await readdir(folder).catch(() => []);
  const found = names.flatMap((name) => {
    const match = COMPLETE.exec(name);
    return match === null ? [] : [{ name, ordinal: Number(match[1]) }];
  });
  return found.sort((a, b) => b.ordinal - a.ordinal);
}

function fileName(ordinal: number): string {
  return `state-${String(ordinal).padStart(16, '0')}`;
}
