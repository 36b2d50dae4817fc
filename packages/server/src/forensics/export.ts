import { type KeyObject, sign } from 'node:crypto';
import { mkdir, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { LogError } from '../log/log.ts';
import {
  LeafList,
  listSegments,
  MerkleLevels,
  pemOf,
  readPrivateKey,
  readSegmentHeader,
  SegmentWalk,
  type SignedHead,
} from '../log/proof.ts';
import { ForensicsError } from './errors.ts';
import {
  ATTACHMENT_NAME,
  EXPORT_VERSION,
  type HeadProof,
  MANIFEST_FILE,
  manifestText,
  PROOF_FILE,
  proofText,
  RECORDS_FILE,
  sha256Of,
  signedManifestText,
} from './export-format.ts';
import { type CheckedHeads, checkHeads } from './heads-check.ts';
import { EXPORT_ATTACHMENTS_MAX, EXPORT_RECORDS_MAX } from './limits.ts';

/** What to export, from where, to where. */
export interface ExportOptions {
  /** Folder of the log. */
  readonly folder: string;
  /** Records to export; order and repetition do not matter. */
  readonly ordinals: readonly number[];
  /** Folder to write to: absent or empty. */
  readonly to: string;
  /** Texts to go with the records, by file name. */
  readonly attachments?: ReadonlyMap<string, string>;
}

/** What was written. */
export interface Exported {
  readonly records: number;
  /** Files written, the manifest included. */
  readonly files: readonly string[];
}

/**
 * Writes records with everything that proves them: no other record of the log is needed or contained, only hashes of
 * neighbours. (A hash betrays a neighbour only to somebody who can guess all of its text, stamps and ids included.)
 * Works beside a running writer. Throws `ForensicsError`, and `LogError` if the log is damaged. Cost: one pass over each
 * segment concerned, 10 µs and 64 bytes of memory a record in it.
 */
export async function exportRecords(options: ExportOptions): Promise<Exported> {
  const { folder, to } = options;
  const ordinals = [...new Set(options.ordinals)].sort((a, b) => a - b);
  if (ordinals.length > EXPORT_RECORDS_MAX)
    throw new ForensicsError('GAIT_EXPORT_LIMIT', `At most ${EXPORT_RECORDS_MAX} records.`);
  const attachments = checkAttachments(options.attachments ?? new Map());
  const heads = await checkHeads(folder);
  if ('what' in heads) throw new LogError('GAIT_LOG_DAMAGED', heads.sentence);
  const groups = groupByHead(heads, ordinals);
  await prepare(to);
  const lines: string[] = [];
  const proofs: HeadProof[] = [];
  for (const [head, wanted] of groups) {
    const taken = await takeFrom(folder, head, wanted);
    lines.push(...taken.lines);
    proofs.push(taken.proof);
  }
  const files = new Map(attachments);
  files.set(RECORDS_FILE, lines.map((line) => `${line}\n`).join(''));
  files.set(PROOF_FILE, proofText({ version: EXPORT_VERSION, publicKey: pemOf(heads.publicKey), heads: proofs }));
  files.set(MANIFEST_FILE, manifestOf(files, await readPrivateKey(folder)));
  for (const [name, text] of files) await writeNew(join(to, name), text);
  return { records: ordinals.length, files: [...files.keys()].sort() };
}

function checkAttachments(attachments: ReadonlyMap<string, string>): ReadonlyMap<string, string> {
  if (attachments.size > EXPORT_ATTACHMENTS_MAX) throw new ForensicsError('GAIT_EXPORT_LIMIT', 'Too many attachments.');
  for (const name of attachments.keys()) {
    const own = [RECORDS_FILE, PROOF_FILE, MANIFEST_FILE].some((file) => file.toLowerCase() === name.toLowerCase());
    if (own || !ATTACHMENT_NAME.test(name)) throw new ForensicsError('GAIT_EXPORT_NAME', name);
  }
  return attachments;
}

async function prepare(to: string): Promise<void> {
  try {
    await mkdir(to, { recursive: true });
    if ((await readdir(to)).length === 0) return;
  } catch (cause) {
    throw new ForensicsError('GAIT_EXPORT_TARGET', to, { cause });
  }
  throw new ForensicsError('GAIT_EXPORT_TARGET', to);
}

/** The head that covers each ordinal: of its sealed segment, else the newest of the open one. */
function groupByHead(heads: CheckedHeads, ordinals: readonly number[]): Map<SignedHead, number[]> {
  const sealed = heads.chain.filter(({ head }) => head.state === 'sealed' && !heads.removed.has(head.segment));
  const open = heads.open;
  const usable = open === undefined || heads.sealed.has(open.head.segment) ? sealed : [...sealed, open];
  const groups = new Map<SignedHead, number[]>();
  for (const ordinal of ordinals) {
    const covering = usable.find(({ head }) => head.first <= ordinal && ordinal < head.next);
    if (covering === undefined || !Number.isSafeInteger(ordinal)) throw notCovered(ordinal, open?.head.next ?? 0);
    const group = groups.get(covering);
    if (group === undefined) groups.set(covering, [ordinal]);
    else group.push(ordinal);
  }
  return groups;
}

function notCovered(ordinal: number, signedNext: number): ForensicsError {
  const unsigned = Number.isSafeInteger(ordinal) && ordinal >= signedNext;
  return new ForensicsError(unsigned ? 'GAIT_EXPORT_UNSIGNED' : 'GAIT_EXPORT_ABSENT', `Ordinal ${ordinal}.`);
}

async function takeFrom(folder: string, signed: SignedHead, wanted: readonly number[]) {
  const { head } = signed;
  const entry = (await listSegments(folder)).find(({ number }) => number === head.segment);
  if (entry === undefined) throw new ForensicsError('GAIT_EXPORT_ABSENT', `Segment ${head.segment} is gone.`);
  const chosen = new Set(wanted);
  const lines: string[] = [];
  const leaves = new LeafList();
  const walk = await SegmentWalk.open(entry.path, await readSegmentHeader(entry), (ordinal, text, leaf) => {
    leaves.add(leaf);
    if (chosen.has(ordinal)) lines.push(text);
  });
  try {
    const bad = await walk.advance(head.bytes);
    if (bad !== undefined)
      throw new LogError('GAIT_LOG_DAMAGED', `${entry.path} at byte ${bad.offset}: ${bad.problem}.`);
  } finally {
    await walk.close();
  }
  const levels = new MerkleLevels(leaves.hashes());
  if (levels.root().toString('hex') !== head.root) {
    throw new LogError(
      'GAIT_LOG_DAMAGED',
      `${entry.path}: the records are other ones than those that were signed for.`,
    );
  }
  const pathOf = (ordinal: number): string[] => levels.path(ordinal - head.first).map((node) => node.toString('hex'));
  const records = wanted.map((ordinal) => ({ ordinal, path: pathOf(ordinal) }));
  return { lines, proof: { head: signed.line, records } };
}

function manifestOf(files: ReadonlyMap<string, string>, privateKey: KeyObject | undefined): string {
  const hashes = [...files.keys()].sort().map((name) => [name, sha256Of(files.get(name) ?? '')] as const);
  const manifest = { version: EXPORT_VERSION, files: hashes };
  const signature =
    privateKey === undefined
      ? null
      : sign(null, Buffer.from(signedManifestText(manifest)), privateKey).toString('base64');
  return manifestText({ ...manifest, signature });
}

async function writeNew(path: string, text: string): Promise<void> {
  try {
    const file = await open(path, 'wx', 0o644);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw new ForensicsError('GAIT_EXPORT_TARGET', path, { cause });
  }
}
