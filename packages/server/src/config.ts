import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { BlockList, isIP } from 'node:net';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { ConfigError } from './config/errors.ts';
import { type ConfigProblem, problemAt, problemsOf, problemText } from './config/problems.ts';
import { CONFIG, LISTEN, SENSOR_KEY_CHARS_MIN } from './config/schema.ts';
import { type ConfigText, parseConfigText } from './config/text.ts';
import { openPlaces, type Places, PlacesError } from './ingest/places/places.ts';

/** A whole configuration: every default filled in, every path absolute. */
export type Config = z.infer<typeof CONFIG>;
/** What may be written: every key may be left out. */
export type ConfigInput = z.input<typeof CONFIG>;

/** Largest file that is read: a configuration is a page or two. */
const FILE_BYTES_MAX = 256 * 1024;

/**
 * Reads the configuration file, if one is named, lays `overrides` over it (those of the command line), and fills in the
 * rest. Paths in the file are relative to the file, those of overrides to the working folder. Throws `ConfigError` that
 * names every problem.
 */
export async function loadConfig(path: string | undefined, overrides: ConfigInput = {}): Promise<Config> {
  const text = path === undefined ? undefined : parseConfigText(await readText(path));
  if (text !== undefined && text.problems.length > 0) {
    throw invalid(
      text.problems.map(({ place, what }) => problemAt([], what, place)),
      path,
    );
  }
  const given = resolved(text?.value ?? {}, path === undefined ? '.' : dirname(path));
  const value = merged(given, resolved(overrides, '.'));
  const result = CONFIG.safeParse(value, { reportInput: true });
  const problems = [
    ...(result.success ? [] : problemsOf(result.error.issues, text, knownKeys)),
    ...remoteProblems(value, text),
  ];
  if (!result.success || problems.length > 0) throw invalid(problems, path);
  return { ...result.data, data: resolve(result.data.data) };
}

/**
 * The key with which sensors sign log lines, from its file or the configuration; undefined when none is set. Throws
 * `ConfigError`.
 */
export async function sensorKeyOf({ sensor }: Config): Promise<Uint8Array | undefined> {
  const { key, keyFile } = sensor;
  if (keyFile === undefined) return key === undefined ? undefined : Buffer.from(key, 'utf8');
  const text = (await readText(keyFile)).trim();
  if (text.length < SENSOR_KEY_CHARS_MIN || /\s/.test(text)) {
    const what = `${keyFile}: a key is one word of at least ${SENSOR_KEY_CHARS_MIN} characters.`;
    throw new ConfigError('GAIT_CONFIG_INVALID', [what]);
  }
  return Buffer.from(text, 'utf8');
}

/** Places of addresses by the files of the configuration, undefined when none is named. Throws `ConfigError`. */
export async function placesOf({ geo }: Config): Promise<Places | undefined> {
  try {
    const { country, asn } = geo;
    return await openPlaces({ ...(country === undefined ? {} : { country }), ...(asn === undefined ? {} : { asn }) });
  } catch (error) {
    if (!(error instanceof PlacesError)) throw error;
    throw new ConfigError('GAIT_CONFIG_INVALID', [error.message]);
  }
}

/**
 * Certificate chain and private key of the configuration, PEM; undefined without TLS. Throws `ConfigError`, also when the two
 * do not belong together: a server would start with them and fail at every connection.
 */
export async function certificateOf({ tls }: Config): Promise<{ cert: string; key: string } | undefined> {
  if (tls === undefined) return undefined;
  const [cert, key] = [await readText(tls.certificate), await readText(tls.key)];
  const certificate = readAs(tls.certificate, 'certificate in PEM', () => new X509Certificate(cert));
  const secret = readAs(tls.key, 'private key in PEM without a passphrase', () => createPrivateKey(key));
  if (certificate.checkPrivateKey(secret)) return { cert, key };
  throw new ConfigError('GAIT_CONFIG_INVALID', [`${tls.key}: is not the key of the certificate ${tls.certificate}.`]);
}

/** The words of the parser are left out: they are about its inside. */
function readAs<T>(path: string, what: string, parse: () => T): T {
  try {
    return parse();
  } catch {
    throw new ConfigError('GAIT_CONFIG_INVALID', [`${path}: is no ${what}.`]);
  }
}

/** Whether only this machine can reach an address. */
export function isLoopback(address: string): boolean {
  const kind = isIP(address);
  return address === 'localhost' || (kind !== 0 && LOOPBACK.check(address, kind === 4 ? 'ipv4' : 'ipv6'));
}

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

const BEYOND =
  'is reached from beyond this machine, where tokens and telemetry would travel in the open. ' +
  'Give tls.certificate and tls.key, or say listen.insecure: true if something in front of the server speaks TLS.';

/** An address beyond this machine needs TLS, or a word that it is meant. Checked even if other keys are wrong. */
function remoteProblems(value: unknown, text: ConfigText | undefined): ConfigProblem[] {
  if (!isGroup(value)) return [];
  const listen = LISTEN.safeParse(value['listen']);
  if (!listen.success || isLoopback(listen.data.address)) return [];
  if (listen.data.insecure || value['tls'] !== undefined) return [];
  const path = ['listen', 'address'];
  return [problemAt(path, BEYOND, text?.placeOf(path))];
}

function invalid(problems: readonly ConfigProblem[], path: string | undefined): ConfigError {
  const ordered = problems.toSorted((a, b) => offset(a) - offset(b));
  const lines = ordered.map((one) => problemText(one, path));
  return new ConfigError('GAIT_CONFIG_INVALID', lines, ordered);
}

/** Orders places of one file: no line is as long as the file may be. */
function offset({ place }: ConfigProblem): number {
  return place === undefined ? 0 : place.line * FILE_BYTES_MAX + place.column;
}

async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > FILE_BYTES_MAX) throw new ConfigError('GAIT_CONFIG_UNREADABLE', [`${path}: larger than 256 KiB.`]);
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path));
  } catch (error) {
    if (error instanceof ConfigError || !(error instanceof Error)) throw error;
    if (error instanceof TypeError) throw new ConfigError('GAIT_CONFIG_UNREADABLE', [`${path}: is no text (UTF-8).`]);
    throw new ConfigError('GAIT_CONFIG_UNREADABLE', [error.message]);
  }
}

/** Keys that hold paths. */
const PATHS: readonly (readonly string[])[] = [
  ['data'],
  ['tls', 'certificate'],
  ['tls', 'key'],
  ['sensor', 'keyFile'],
  ['geo', 'country'],
  ['geo', 'asn'],
];

/** A copy with absolute paths; relative ones are taken from a folder. What is no path stays for the schema to refuse. */
function resolved(value: unknown, folder: string): unknown {
  let copy = value;
  for (const path of PATHS) copy = changedAt(copy, path, (one) => resolve(folder, one));
  return copy;
}

/** A copy in which the text at a path is changed; texts without characters are no paths. */
function changedAt(value: unknown, path: readonly string[], change: (text: string) => string): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return typeof value === 'string' && value !== '' ? change(value) : value;
  return isGroup(value) && Object.hasOwn(value, key) ? { ...value, [key]: changedAt(value[key], rest, change) } : value;
}

/** Overrides win key by key, also inside groups. */
function merged(base: unknown, over: unknown): unknown {
  if (!isGroup(base) || !isGroup(over)) return base;
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    if (value !== undefined) result[key] = isGroup(value) ? merged(base[key] ?? {}, value) : value;
  }
  return result;
}

/** Keys of the group at a path, as the schema knows them. */
function knownKeys(path: readonly PropertyKey[]): readonly string[] {
  let group: unknown = z.toJSONSchema(CONFIG, { io: 'input' });
  for (const key of path) group = propertiesOf(group)[String(key)];
  return Object.keys(propertiesOf(group));
}

function propertiesOf(schema: unknown): Readonly<Record<string, unknown>> {
  const properties = isGroup(schema) ? schema['properties'] : undefined;
  return isGroup(properties) ? properties : {};
}

function isGroup(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
