import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AwsResponse } from '../contract.ts';
import type { OpenRequest } from '../endpoint.ts';
import { LambdaError } from './lambda-error.ts';
import { packFolder, unpackZip, ZipError } from './zip.ts';

/** Code of a function as it is kept. */
export interface StoredCode {
  /** Folder with the unpacked code. */
  readonly folder: string;
  /** SHA-256 over the package, base64. */
  readonly sha256: string;
  /** Size of the package. */
  readonly bytes: number;
}

/** All packages, packed and unpacked, together; beyond, `CodeStorageExceededException`. Days of deployments on one machine. */
const STORAGE_BYTES_MAX = 4 * 1024 ** 3;
/** A download link is valid for ten minutes, as Lambda's. */
const LINK_MS = 600_000;
const LINK_PATH = /^\/lambda-code\/([0-9a-f]{64})\.zip$/;

/** Packages of functions below one folder, unpacked and as they came. Each package is kept once, until the platform closes. */
export class CodeStore {
  readonly #folder: string;
  readonly #linkKey = randomBytes(32);
  readonly #now: () => number;
  #bytes = 0;

  constructor(folder: string, now: () => number = Date.now) {
    this.#folder = folder;
    this.#now = now;
  }

  /** Takes a folder as it is: it stays where it is, and must not change; a package of it is kept beside. */
  async fromFolder(folder: string): Promise<StoredCode> {
    try {
      const zip = await packFolder(folder);
      const hex = await this.#keep(zip);
      return { folder, sha256: base64(hex), bytes: zip.length };
    } catch (error) {
      throw asLambdaError(error);
    }
  }

  /** Takes an uploaded package and unpacks it. Throws `LambdaError` when it cannot be used. */
  async fromZip(zip: Buffer): Promise<StoredCode> {
    const hex = createHash('sha256').update(zip).digest('hex');
    const folder = join(this.#folder, hex);
    try {
      if (!(await exists(folder))) await this.#unpack(zip, folder);
      await this.#keep(zip);
    } catch (error) {
      throw asLambdaError(error);
    }
    return { folder, sha256: base64(hex), bytes: zip.length };
  }

  /** Hash that a package would have, after checking that it can be unpacked; nothing is kept. */
  async check(zip: Buffer): Promise<string> {
    const folder = await this.#temporary();
    try {
      await unpackZip(zip, folder);
      return createHash('sha256').update(zip).digest('base64');
    } catch (error) {
      throw asLambdaError(error);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** Path and query of a link to a package: whoever has it may download until it expires. */
  link(sha256: string): string {
    const hex = Buffer.from(sha256, 'base64').toString('hex');
    const expires = this.#now() + LINK_MS;
    return `/lambda-code/${hex}.zip?expires=${expires}&token=${this.#token(hex, String(expires))}`;
  }

  /** Answers download links; undefined for other paths. */
  async download(request: OpenRequest): Promise<AwsResponse | undefined> {
    const hex = LINK_PATH.exec(request.path)?.[1];
    if (hex === undefined || request.method !== 'GET') return undefined;
    const expires = request.query.get('expires') ?? '';
    const given = Buffer.from(request.query.get('token') ?? '');
    const expected = Buffer.from(this.#token(hex, expires));
    const isValid = given.length === expected.length && timingSafeEqual(given, expected);
    if (!isValid || !(Number(expires) > this.#now())) {
      return { status: 403, headers: { 'content-type': 'text/plain' }, body: 'The link is not valid.' };
    }
    return { status: 200, headers: { 'content-type': 'application/zip' }, body: await readFile(this.#package(hex)) };
  }

  #token(hex: string, expires: string): string {
    return createHmac('sha256', this.#linkKey).update(`${hex} ${expires}`).digest('hex');
  }

  /** Unpacks beside and moves into place, so that nobody sees a half of it. */
  async #unpack(zip: Buffer, folder: string): Promise<void> {
    const temporary = await this.#temporary();
    try {
      this.#checkRoom(zip.length);
      this.#bytes += await unpackZip(zip, temporary);
      await rename(temporary, folder);
    } catch (error) {
      await rm(temporary, { recursive: true, force: true });
      if (!(await exists(folder))) throw error;
    }
  }

  async #temporary(): Promise<string> {
    await mkdir(this.#folder, { recursive: true });
    return mkdtemp(join(this.#folder, 'unpacking-'));
  }

  async #keep(zip: Buffer): Promise<string> {
    const hex = createHash('sha256').update(zip).digest('hex');
    const path = this.#package(hex);
    if (await exists(path)) return hex;
    this.#checkRoom(zip.length);
    this.#bytes += zip.length;
    await mkdir(this.#folder, { recursive: true });
    await writeFile(path, zip);
    return hex;
  }

  #checkRoom(bytes: number): void {
    if (this.#bytes + bytes <= STORAGE_BYTES_MAX) return;
    throw new LambdaError('CodeStorageExceededException', 'Code storage limit exceeded.');
  }

  #package(hex: string): string {
    return join(this.#folder, `${hex}.zip`);
  }
}

function asLambdaError(error: unknown): unknown {
  return error instanceof ZipError ? new LambdaError('InvalidParameterValueException', error.message) : error;
}

function base64(hex: string): string {
  return Buffer.from(hex, 'hex').toString('base64');
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch {
    return false;
  }
}
