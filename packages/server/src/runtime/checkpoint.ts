import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { zstdCompress, zstdDecompressSync } from 'node:zlib';
import { ENGINE_VERSION, Engine } from '@gait/engine/engine';

/** Checkpoints kept: the newest, and one in case it is damaged. */
const CHECKPOINTS_KEPT = 2;
/** Decompressed size beyond which a checkpoint file is not believed: all tables of the engine at their limits. */
const CHECKPOINT_BYTES_MAX = 8_000_000_000;
const compress = promisify(zstdCompress);

/** First line of a checkpoint file. Byte equality is promised for one engine version and Node major only. */
interface Header {
  readonly engine: string;
  readonly node: string;
  readonly ordinal: number;
  readonly sha256: string;
}

const NODE_MAJOR = process.versions.node.split('.')[0];

/**
 * Writes the engine's state beside the older ones: temporary file, sync, rename, so that a crash leaves the old state or
 * the new. Older checkpoints are removed afterwards.
 */
export async function saveCheckpoint(folder: string, engine: Engine): Promise<void> {
  await mkdir(folder, { recursive: true });
  const packed = await compress(engine.snapshot());
  const sha256 = createHash('sha256').update(packed).digest('hex');
  const header: Header = { engine: ENGINE_VERSION, node: NODE_MAJOR, ordinal: engine.ordinal, sha256 };
  const name = join(folder, fileName(engine.ordinal));
  const file = await open(`${name}.part`, 'w');
  try {
    await file.writeFile(Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), packed]));
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${name}.part`, name);
  const names = await checkpointNames(folder);
  for (const old of names.slice(CHECKPOINTS_KEPT)) await rm(join(folder, old), { force: true });
}

/**
 * The newest state that is intact, of this engine and Node version, and not ahead of `ordinalMax` (what the log holds
 * and the store has committed); undefined when there is none: the log is then replayed from its beginning.
 */
export async function loadCheckpoint(folder: string, ordinalMax: number): Promise<Engine | undefined> {
  for (const name of await checkpointNames(folder)) {
    const engine = await tryLoad(join(folder, name));
    if (engine !== undefined && engine.ordinal <= ordinalMax) return engine;
  }
  return undefined;
}

async function tryLoad(path: string): Promise<Engine | undefined> {
  const bytes = await readFile(path);
  const end = bytes.indexOf(0x0a);
  const header = end < 0 ? undefined : parseHeader(bytes.subarray(0, end).toString('utf8'));
  if (header === undefined || header.engine !== ENGINE_VERSION || header.node !== NODE_MAJOR) return undefined;
  const packed = bytes.subarray(end + 1);
  if (createHash('sha256').update(packed).digest('hex') !== header.sha256) return undefined;
  return Engine.restore(zstdDecompressSync(packed, { maxOutputLength: CHECKPOINT_BYTES_MAX }));
}

function parseHeader(line: string): Header | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null) return undefined;
    const { engine, node, ordinal, sha256 } = value as Record<string, unknown>;
    if (typeof engine !== 'string' || typeof node !== 'string' || typeof sha256 !== 'string') return undefined;
    return typeof ordinal === 'number' ? { engine, node, ordinal, sha256 } : undefined;
  } catch {
    return undefined;
  }
}

/** Names of complete checkpoints, newest first. */
async function checkpointNames(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => /^state-\d{16}$/.test(name))
    .sort()
    .reverse();
}

function fileName(ordinal: number): string {
  return `state-${String(ordinal).padStart(16, '0')}`;
}
