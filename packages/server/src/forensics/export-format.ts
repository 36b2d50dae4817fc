import { createHash } from 'node:crypto';

/**
 * An export is a folder:
 * `records.ndjson`: canonical texts of the exported records, one a line, by ordinal.
 * `proof.json`: the public key and, for each segment concerned, its signed head and a Merkle path for each record.
 * attachments: texts given by the exporter, such as the incident and its findings.
 * `MANIFEST.json`: SHA-256 of each file, signed with the same key if the exporter had it.
 */
export const RECORDS_FILE = 'records.ndjson';
export const PROOF_FILE = 'proof.json';
export const MANIFEST_FILE = 'MANIFEST.json';
export const EXPORT_VERSION = 1;

/** Names that attachments may have: no path, nothing hidden, none of the export's own. */
export const ATTACHMENT_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;

/** Where a record stands in the tree of its segment. */
export interface RecordProof {
  readonly ordinal: number;
  /** Sibling hashes from the leaf to the root, hex. */
  readonly path: readonly string[];
}

/** Records that one signed head covers. */
export interface HeadProof {
  /** The signed head, as its line. */
  readonly head: string;
  readonly records: readonly RecordProof[];
}

/** Content of `proof.json`. */
export interface Proof {
  readonly version: number;
  /** Public key that the heads were signed with, PEM. */
  readonly publicKey: string;
  readonly heads: readonly HeadProof[];
}

/** Content of `MANIFEST.json`. */
export interface Manifest {
  readonly version: number;
  /** SHA-256 of each file by name, names in order. */
  readonly files: readonly (readonly [string, string])[];
  /** Ed25519 over the manifest without this field, base64; null if the exporter had no private key. */
  readonly signature: string | null;
}

/** The text of a manifest, in the only form that is accepted. */
export function manifestText(manifest: Manifest): string {
  const { version, files, signature } = manifest;
  return `${JSON.stringify({ version, files, signature }, null, 1)}\n`;
}

/** What the signature of a manifest is over. */
export function signedManifestText({ version, files }: Pick<Manifest, 'version' | 'files'>): string {
  return JSON.stringify({ version, files });
}

/** The text of a proof, in the only form that is accepted. */
export function proofText({ version, publicKey, heads }: Proof): string {
  return `${JSON.stringify({ version, publicKey, heads }, null, 1)}\n`;
}

/** SHA-256 in lower-case hex. */
export function sha256Of(bytes: string | Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
