import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { crc32, deflateRawSync, inflateRawSync } from 'node:zlib';

/** A package that cannot be used; answered with `InvalidZipFileException` or `InvalidParameterValueException`. */
export class ZipError extends Error {
  override readonly name = 'ZipError';
}

/** Unpacked size of a package, as Lambda limits it. */
export const UNPACKED_BYTES_MAX = 262_144_000;
/** Files of a package: more than any bundle of dependencies that fits into the size. */
const FILES_MAX = 50_000;
/** Folders inside folders; a link that leads back to a folder above ends here. */
const DEPTH_MAX = 32;

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END_BYTES = 22;
const CENTRAL_BYTES = 46;
const LOCAL_BYTES = 30;
/** A comment at the end may be as long as its two length bytes can say. */
const COMMENT_BYTES_MAX = 65_535;
const STORED = 0;
const DEFLATED = 8;
/** 1980-01-01, so that the same files make the same package. */
const DOS_DATE = 0x21;
const UTF8_NAMES = 0x0800;
const ENCRYPTED = 0x0001;
/** Made by Unix, so that the mode is kept. */
const MADE_BY = (3 << 8) | 20;
const TYPE_BITS = 0o170000;
const REGULAR = 0o100000;
const FOLDER = 0o040000;

/** Packs a folder, links followed: the same files always make the same bytes. Throws `ZipError` beyond the limits. */
export async function packFolder(folder: string): Promise<Buffer> {
  const files = await filesBelow(folder, '', 0);
  if (files.length > FILES_MAX) throw new ZipError(`more than ${FILES_MAX} files`);
  const parts: Buffer[] = [];
  const central: Buffer[] = [];
  let offset = 0;
  let unpacked = 0;
  for (const { name, mode } of files) {
    const content = await readFile(join(folder, name));
    unpacked += content.length;
    if (unpacked > UNPACKED_BYTES_MAX) throw new ZipError(`more than ${UNPACKED_BYTES_MAX} bytes`);
    const entry = entryOf(name, content, { mode, offset });
    parts.push(entry.local, entry.packed);
    central.push(entry.central);
    offset += entry.local.length + entry.packed.length;
  }
  const directory = Buffer.concat(central);
  const end = Buffer.alloc(END_BYTES);
  end.writeUInt32LE(END, 0);
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(directory.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, directory, end]);
}

/**
 * Unpacks a package below a folder that exists. Refuses what could leave the folder (absolute names, `..`, links),
 * names that occur twice, encrypted entries, ZIP64, wrong checksums, and more than Lambda takes; nothing outside the folder is
 * ever written, but what was written before the fault stays. Resolves with the bytes unpacked.
 */
export async function unpackZip(zip: Buffer, folder: string): Promise<number> {
  let unpacked = 0;
  const seen = new Set<string>();
  for (const entry of readDirectory(zip)) {
    if (seen.has(entry.name)) throw new ZipError('a name occurs twice');
    seen.add(entry.name);
    unpacked += entry.size;
    if (unpacked > UNPACKED_BYTES_MAX)
      throw new ZipError(`Unzipped size must be smaller than ${UNPACKED_BYTES_MAX} bytes`);
    await writeEntry(zip, entry, join(folder, entry.name));
  }
  return unpacked;
}

/** Names that a file system cannot hold side by side are a fault of the package. */
const NAME_FAULTS: ReadonlySet<unknown> = new Set(['EEXIST', 'ENOTDIR', 'EISDIR', 'ENAMETOOLONG']);

async function writeEntry(zip: Buffer, entry: Entry, target: string): Promise<void> {
  try {
    if (entry.isFolder) await mkdir(target, { recursive: true });
    else {
      await mkdir(dirname(target), { recursive: true });
      await writeFile(target, contentOf(zip, entry), { mode: entry.isExecutable ? 0o755 : 0o644, flag: 'wx' });
    }
  } catch (cause) {
    const isName = cause instanceof Error && 'code' in cause && NAME_FAULTS.has(cause.code);
    throw isName ? new ZipError('the names of entries cannot be files side by side', { cause }) : cause;
  }
}

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly checksum: number;
  readonly packedSize: number;
  readonly size: number;
  readonly offset: number;
  readonly isFolder: boolean;
  readonly isExecutable: boolean;
}

function readDirectory(zip: Buffer): Entry[] {
  const end = endOf(zip);
  const count = zip.readUInt16LE(end + 10);
  let at = zip.readUInt32LE(end + 16);
  if (count > FILES_MAX || count === 0xffff) throw new ZipError(`more than ${FILES_MAX} files`);
  const entries: Entry[] = [];
  for (let index = 0; index < count; index++) {
    if (at + CENTRAL_BYTES > end || zip.readUInt32LE(at) !== CENTRAL) throw new ZipError('the directory is damaged');
    const nameBytes = zip.readUInt16LE(at + 28);
    const next = at + CENTRAL_BYTES + nameBytes + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
    if (next > end) throw new ZipError('the directory is damaged');
    entries.push(readEntry(zip, at, nameBytes));
    at = next;
  }
  return entries;
}

function readEntry(zip: Buffer, at: number, nameBytes: number): Entry {
  const name = zip.toString('utf8', at + CENTRAL_BYTES, at + CENTRAL_BYTES + nameBytes);
  const mode = zip.readUInt32LE(at + 38) >>> 16;
  const type = mode & TYPE_BITS;
  if (zip.readUInt16LE(at + 8) & ENCRYPTED) throw new ZipError('an entry is encrypted');
  if (type !== 0 && type !== REGULAR && type !== FOLDER) throw new ZipError('an entry is neither a file nor a folder');
  if (!isSafeName(name)) throw new ZipError('the name of an entry leads out of the folder');
  return {
    name,
    method: zip.readUInt16LE(at + 10),
    checksum: zip.readUInt32LE(at + 16),
    packedSize: zip.readUInt32LE(at + 20),
    size: zip.readUInt32LE(at + 24),
    offset: zip.readUInt32LE(at + 42),
    isFolder: name.endsWith('/'),
    isExecutable: (mode & 0o111) !== 0,
  };
}

/** Relative, without steps up, and of characters that every file system means the same by. */
function isSafeName(name: string): boolean {
  if (name === '' || name.length > 1_024 || name.startsWith('/') || /[\\\0\uFFFD]|^[A-Za-z]:/.test(name)) return false;
  const parts = (name.endsWith('/') ? name.slice(0, -1) : name).split('/');
  return parts.length <= DEPTH_MAX && parts.every((part) => part !== '' && part !== '.' && part !== '..');
}

function endOf(zip: Buffer): number {
  const first = Math.max(0, zip.length - END_BYTES - COMMENT_BYTES_MAX);
  for (let at = zip.length - END_BYTES; at >= first; at--) {
    if (zip.readUInt32LE(at) === END && at + END_BYTES + zip.readUInt16LE(at + 20) === zip.length) return at;
  }
  throw new ZipError('Could not unzip uploaded file. Please check your file, then try to upload again.');
}

function contentOf(zip: Buffer, entry: Entry): Buffer {
  const { offset, packedSize, size } = entry;
  if (offset + LOCAL_BYTES > zip.length || zip.readUInt32LE(offset) !== LOCAL)
    throw new ZipError('an entry is damaged');
  const start = offset + LOCAL_BYTES + zip.readUInt16LE(offset + 26) + zip.readUInt16LE(offset + 28);
  if (start + packedSize > zip.length) throw new ZipError('an entry is damaged');
  const content = inflate(zip.subarray(start, start + packedSize), entry);
  if (content.length !== size || crc32(content) !== entry.checksum) throw new ZipError('an entry is damaged');
  return content;
}

function inflate(packed: Buffer, entry: Entry): Buffer {
  if (entry.method === STORED) return packed;
  if (entry.method !== DEFLATED) throw new ZipError('an entry is packed in an unknown way');
  try {
    return inflateRawSync(packed, { maxOutputLength: Math.max(1, entry.size) });
  } catch (cause) {
    throw new ZipError('an entry is damaged', { cause });
  }
}

async function filesBelow(root: string, below: string, depth: number): Promise<{ name: string; mode: number }[]> {
  if (depth > DEPTH_MAX) throw new ZipError(`folders deeper than ${DEPTH_MAX}`);
  const files: { name: string; mode: number }[] = [];
  for (const entry of (await readdir(join(root, below))).toSorted()) {
    const name = below === '' ? entry : `${below}/${entry}`;
    const status = await stat(join(root, name));
    if (status.isDirectory()) files.push(...(await filesBelow(root, name, depth + 1)));
    else if (status.isFile()) files.push({ name, mode: status.mode });
    if (files.length > FILES_MAX) throw new ZipError(`more than ${FILES_MAX} files`);
  }
  return files;
}

function entryOf(name: string, content: Buffer, place: { readonly mode: number; readonly offset: number }) {
  const nameBytes = Buffer.from(name);
  const packed = deflateRawSync(content);
  const shared = Buffer.alloc(26);
  shared.writeUInt16LE(20, 0);
  shared.writeUInt16LE(UTF8_NAMES, 2);
  shared.writeUInt16LE(DEFLATED, 4);
  shared.writeUInt16LE(DOS_DATE, 8);
  shared.writeUInt32LE(crc32(content), 10);
  shared.writeUInt32LE(packed.length, 14);
  shared.writeUInt32LE(content.length, 18);
  shared.writeUInt16LE(nameBytes.length, 22);
  const head = Buffer.alloc(6);
  head.writeUInt32LE(CENTRAL, 0);
  head.writeUInt16LE(MADE_BY, 4);
  const rest = Buffer.alloc(14);
  rest.writeUInt32LE(((REGULAR | (place.mode & 0o111 ? 0o755 : 0o644)) << 16) >>> 0, 6);
  rest.writeUInt32LE(place.offset, 10);
  const signature = Buffer.alloc(4);
  signature.writeUInt32LE(LOCAL, 0);
  return {
    packed,
    local: Buffer.concat([signature, shared, nameBytes]),
    central: Buffer.concat([head, shared, rest, nameBytes]),
  };
}
