import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdir, open, readFile } from 'node:fs/promises';
import { LogError } from '../log.ts';
import { codeOf, paths } from './folder.ts';
import { syncFolder } from './system.ts';

/** The key that signs the heads of a log. */
export interface SigningKey {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  /** SHA-256 of the public key (DER), hex: names the key in each head. */
  readonly id: string;
}

/** Reads the signing key of a folder, or makes one at first open. The private file is readable for its owner only. */
export async function openKeys(folder: string): Promise<SigningKey> {
  await mkdir(paths.keys(folder), { recursive: true, mode: 0o700 });
  const privateKey = (await readPrivateKey(folder)) ?? (await createKey(folder));
  const derived = publicKeyOf(privateKey);
  const publicPem = pemOf(derived);
  const stored = await readIfThere(paths.publicKey(folder));
  if (stored === undefined) await writeNew(paths.publicKey(folder), publicPem, 0o644);
  else if (stored !== publicPem) {
    throw new LogError('GAIT_LOG_DAMAGED', `${paths.publicKey(folder)} does not belong to the private key beside it.`);
  }
  await syncFolder(paths.keys(folder));
  return { privateKey, publicKey: derived, id: keyId(derived) };
}

/** The private key of a folder, undefined if it is not there or not for this user to read. Its text must be exactly what this program writes. */
export async function readPrivateKey(folder: string): Promise<KeyObject | undefined> {
  const path = paths.privateKey(folder);
  const text = await readIfThere(path, ['ENOENT', 'EACCES']);
  if (text === undefined) return undefined;
  return checkedKey(path, () => {
    const key = createPrivateKey(text);
    return { key, pem: privatePemOf(key), text };
  });
}

/** The public key of a folder, undefined if it is not there. Its text must be exactly what this program writes. */
export async function readPublicKey(path: string): Promise<KeyObject | undefined> {
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  return parsePublicKey(path, text);
}

/** A public key from its text. `path` names it in errors. */
export function parsePublicKey(path: string, text: string): KeyObject {
  return checkedKey(path, () => {
    const key = createPublicKey(text);
    return { key, pem: pemOf(key), text };
  });
}

/** The public half of a private key. */
export function publicKeyOf(privateKey: KeyObject): KeyObject {
  return createPublicKey(privateKey);
}

/** Name of a public key. */
export function keyId(publicKey: KeyObject): string {
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

/** Text of a public key as written to its file. */
export function pemOf(publicKey: KeyObject): string {
  return publicKey.export({ type: 'spki', format: 'pem' }).toString();
}

function privatePemOf(privateKey: KeyObject): string {
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

function checkedKey(path: string, read: () => { key: KeyObject; pem: string; text: string }): KeyObject {
  try {
    const { key, pem, text } = read();
    if (key.asymmetricKeyType === 'ed25519' && pem === text) return key;
  } catch (cause) {
    throw new LogError('GAIT_LOG_DAMAGED', `${path} is not a key.`, { cause });
  }
  throw new LogError('GAIT_LOG_DAMAGED', `${path} is not the key that was written there.`);
}

async function createKey(folder: string): Promise<KeyObject> {
  const { privateKey } = generateKeyPairSync('ed25519');
  await writeNew(paths.privateKey(folder), privatePemOf(privateKey), 0o600);
  return privateKey;
}

async function writeNew(path: string, text: string, mode: number): Promise<void> {
  const file = await open(path, 'wx', mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function readIfThere(path: string, absent: readonly string[] = ['ENOENT']): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (absent.includes(codeOf(error))) return undefined;
    throw error;
  }
}
