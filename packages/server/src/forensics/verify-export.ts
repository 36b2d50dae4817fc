import { type KeyObject, verify } from 'node:crypto';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { LogError } from '../log/log.ts';
import { headSigned, keyId, leafHash, parseHead, parsePublicKey, rootOfPath, type SignedHead } from '../log/proof.ts';
import {
  ATTACHMENT_NAME,
  EXPORT_VERSION,
  type HeadProof,
  MANIFEST_FILE,
  type Manifest,
  manifestText,
  PROOF_FILE,
  type Proof,
  proofText,
  RECORDS_FILE,
  type RecordProof,
  sha256Of,
  signedManifestText,
} from './export-format.ts';
import { EXPORT_ATTACHMENTS_MAX, EXPORT_FILE_BYTES_MAX, EXPORT_RECORDS_MAX } from './limits.ts';
import type { FirstBad } from './report.ts';

/** Result of verifying an export. */
export interface ExportReport {
  readonly ok: boolean;
  /** Records proven. */
  readonly records: number;
  readonly firstBad: FirstBad | undefined;
  /** Name of the key that signed: compare it with one kept elsewhere. */
  readonly key: string;
  /** Whether attachments and manifest are signed too; else only their hashes are known. */
  readonly manifestSigned: boolean;
  /** What is proven, and what is not, in words. */
  readonly statement: readonly string[];
}

/** Why an export cannot be accepted. Internal: ends up in the report. */
class Refused extends Error {
  readonly file: string;
  readonly ordinal: number;
  constructor(file: string, sentence: string, ordinal = 0) {
    super(sentence);
    this.file = file;
    this.ordinal = ordinal;
  }
}

/**
 * Proves an export by itself, without the log: every file is as its manifest says, and every record is a leaf of a tree
 * whose root was signed. `key`: name of the key that is expected. A bad export is a report, not an error; only system
 * errors are thrown. Whether the key is the right one, only its name, kept elsewhere, can tell.
 */
export async function verifyExport(folder: string, expected: { readonly key?: string } = {}): Promise<ExportReport> {
  try {
    const files = await readExport(folder);
    const manifest = checkManifest(files);
    const proof = parseProof(textOf(files, PROOF_FILE));
    const publicKey = keyOf(proof);
    const key = keyId(publicKey);
    if (expected.key !== undefined && expected.key !== key)
      throw new Refused(PROOF_FILE, 'It was signed with another key.');
    checkManifestSignature(manifest, publicKey);
    const records = checkRecords(textOf(files, RECORDS_FILE), proof, publicKey);
    return reportOf({ ok: true, records, firstBad: undefined, key, manifestSigned: manifest.signature !== null });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const where = { file: join(folder, error.file), offset: 0, ordinal: error.ordinal };
    const firstBad: FirstBad = { what: 'export', where, sentence: error.message };
    return reportOf({ ok: false, records: 0, firstBad, key: '', manifestSigned: false });
  }
}

function reportOf(report: Omit<ExportReport, 'statement'>): ExportReport {
  if (report.firstBad !== undefined) {
    return { ...report, statement: [`Not proven: ${report.firstBad.sentence} (${report.firstBad.where.file})`] };
  }
  const statement = [
    `Records proven to be in the log whose key is ${report.key}, at their ordinals and as they stand here: ${report.records}.`,
    'The proof holds against anyone who does not hold that key. Compare its name with the one kept outside.',
    report.manifestSigned
      ? 'The other files are as the holder of the key exported them.'
      : 'The other files are as the manifest says, but the manifest is not signed: whoever passed the export on could have changed them.',
  ];
  return { ...report, statement };
}

async function readExport(folder: string): Promise<ReadonlyMap<string, Buffer>> {
  const entries = await readdir(folder, { withFileTypes: true });
  if (entries.length > EXPORT_ATTACHMENTS_MAX + 3) throw new Refused('', 'There are too many files.');
  const files = new Map<string, Buffer>();
  for (const entry of entries) {
    // Nothing else is even opened: a pipe would block, a link could lead elsewhere.
    if (!entry.isFile()) throw new Refused(entry.name, 'It is not a file.');
    files.set(entry.name, await readBounded(folder, entry.name));
  }
  return files;
}

async function readBounded(folder: string, name: string): Promise<Buffer> {
  const file = await open(join(folder, name), 'r');
  try {
    const { size } = await file.stat();
    if (size > EXPORT_FILE_BYTES_MAX) throw new Refused(name, 'The file is too large.');
    return await file.readFile();
  } finally {
    await file.close();
  }
}

function textOf(files: ReadonlyMap<string, Buffer>, name: string): string {
  const bytes = files.get(name);
  if (bytes === undefined) throw new Refused(name, 'The file is missing.');
  const text = bytes.toString('utf8');
  // Invalid UTF-8 would be read as replacement characters, so that two files could pass for one.
  if (Buffer.byteLength(text) !== bytes.length || !Buffer.from(text).equals(bytes))
    throw new Refused(name, 'It is not valid text.');
  return text;
}

/** Checks that the files are exactly those of the manifest. */
function checkManifest(files: ReadonlyMap<string, Buffer>): Manifest {
  const manifest = parseManifest(textOf(files, MANIFEST_FILE));
  const listed = new Map(manifest.files);
  for (const name of files.keys()) {
    if (name !== MANIFEST_FILE && !listed.has(name)) throw new Refused(name, 'The manifest does not name this file.');
  }
  for (const [name, hash] of manifest.files) {
    const bytes = files.get(name);
    if (bytes === undefined) throw new Refused(name, 'A file that the manifest names is missing.');
    if (sha256Of(bytes) !== hash) throw new Refused(name, 'The file is not the one that was exported.');
  }
  return manifest;
}

function checkManifestSignature(manifest: Manifest, publicKey: KeyObject): void {
  if (manifest.signature === null) return;
  const signature = Buffer.from(manifest.signature, 'base64');
  const sound = signature.toString('base64') === manifest.signature;
  if (!sound || !verify(null, Buffer.from(signedManifestText(manifest)), publicKey, signature)) {
    throw new Refused(MANIFEST_FILE, 'The manifest is not signed with the key of the log.');
  }
}

/** Proves each line of the records; returns how many there are. */
function checkRecords(text: string, proof: Proof, publicKey: KeyObject): number {
  if (text !== '' && !text.endsWith('\n')) throw new Refused(RECORDS_FILE, 'The last line has no end.');
  const lines = text === '' ? [] : text.slice(0, -1).split('\n');
  let at = 0;
  let before = -1;
  for (const { head: line, records } of proof.heads) {
    const head = signedHead(line, publicKey);
    for (const record of records) {
      if (at >= lines.length || record.ordinal <= before)
        throw new Refused(PROOF_FILE, 'Records and proof differ.', record.ordinal);
      checkRecord(lines[at], record, head);
      before = record.ordinal;
      at++;
    }
  }
  if (at !== lines.length) throw new Refused(RECORDS_FILE, 'There are records without a proof.');
  return at;
}

function signedHead(line: string, publicKey: KeyObject): SignedHead {
  const signed = parseHead(line);
  if (signed === undefined || signed.head.key !== keyId(publicKey) || !headSigned(signed, publicKey)) {
    throw new Refused(PROOF_FILE, 'A head is not signed with the key.');
  }
  return signed;
}

function checkRecord(line: string, record: RecordProof, { head }: SignedHead): void {
  if (ordinalIn(line) !== record.ordinal)
    throw new Refused(RECORDS_FILE, 'A record has another ordinal than its proof.', record.ordinal);
  const place = { index: record.ordinal - head.first, size: head.next - head.first };
  const path = record.path.map((hex) => Buffer.from(hex, 'hex'));
  if (rootOfPath(leafHash(line), place, path)?.toString('hex') !== head.root) {
    throw new Refused(RECORDS_FILE, 'A record is not the one that was signed for.', record.ordinal);
  }
}

function ordinalIn(line: string): number {
  const fields = parseObject(line, RECORDS_FILE);
  const ordinal = fields.get('ordinal');
  return typeof ordinal === 'number' ? ordinal : Number.NaN;
}

function keyOf(proof: Proof): KeyObject {
  try {
    return parsePublicKey(PROOF_FILE, proof.publicKey);
  } catch (error) {
    if (error instanceof LogError) throw new Refused(PROOF_FILE, 'The public key is damaged.');
    throw error;
  }
}

function parseManifest(text: string): Manifest {
  const refuse = (): never => {
    throw new Refused(MANIFEST_FILE, 'The manifest is damaged.');
  };
  const fields = parseObject(text, MANIFEST_FILE);
  const files = fields.get('files');
  const signature = fields.get('signature');
  if (fields.get('version') !== EXPORT_VERSION || !Array.isArray(files)) return refuse();
  if (signature !== null && typeof signature !== 'string') return refuse();
  const manifest = {
    version: EXPORT_VERSION,
    signature,
    files: files.map((entry: unknown) => fileEntry(entry) ?? refuse()),
  };
  return manifestText(manifest) === text ? manifest : refuse();
}

function fileEntry(entry: unknown): readonly [string, string] | undefined {
  if (!Array.isArray(entry) || entry.length !== 2) return undefined;
  const [name, hash]: readonly unknown[] = entry;
  if (typeof name !== 'string' || typeof hash !== 'string' || !ATTACHMENT_NAME.test(name)) return undefined;
  return [name, hash];
}

function parseProof(text: string): Proof {
  const refuse = (): never => {
    throw new Refused(PROOF_FILE, 'The proof is damaged.');
  };
  const fields = parseObject(text, PROOF_FILE);
  const heads = fields.get('heads');
  const publicKey = fields.get('publicKey');
  if (fields.get('version') !== EXPORT_VERSION || typeof publicKey !== 'string' || !Array.isArray(heads))
    return refuse();
  const proof = {
    version: EXPORT_VERSION,
    publicKey,
    heads: heads.map((entry: unknown) => headProof(entry) ?? refuse()),
  };
  if (proof.heads.reduce((sum, { records }) => sum + records.length, 0) > EXPORT_RECORDS_MAX) return refuse();
  return proofText(proof) === text ? proof : refuse();
}

function headProof(entry: unknown): HeadProof | undefined {
  const fields = entriesOf(entry);
  const head = fields?.get('head');
  const records = fields?.get('records');
  if (typeof head !== 'string' || !Array.isArray(records)) return undefined;
  const proofs = records.map(recordProof);
  return proofs.every((proof) => proof !== undefined) ? { head, records: proofs } : undefined;
}

function recordProof(entry: unknown): RecordProof | undefined {
  const fields = entriesOf(entry);
  const ordinal = fields?.get('ordinal');
  const path = fields?.get('path');
  if (typeof ordinal !== 'number' || !Array.isArray(path)) return undefined;
  const nodes = path.filter((node: unknown): node is string => typeof node === 'string' && /^[0-9a-f]{64}$/.test(node));
  return nodes.length === path.length ? { ordinal, path: nodes } : undefined;
}

function parseObject(text: string, file: string): ReadonlyMap<string, unknown> {
  try {
    const fields = entriesOf(JSON.parse(text));
    if (fields !== undefined) return fields;
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
  }
  throw new Refused(file, 'It is not a JSON object.');
}

function entriesOf(value: unknown): ReadonlyMap<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return new Map(Object.entries(value));
}
