import { readFile, stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import { basename } from 'node:path';
import { Reader } from 'mmdb-lib';
import { Ranges } from './ranges.ts';

/** Bytes of the largest database that is read: the detailed ones of cities are below it. */
const FILE_BYTES_MAX = 512 * 1024 * 1024;
/** Characters kept of an owner's name. */
const OWNER_CHARS_MAX = 60;

/** A database that cannot be used, and why. */
export class PlacesError extends Error {}

/** A database as it was opened. */
export interface PlaceSource {
  readonly what: 'country' | 'asn';
  readonly name: string;
  /** Day it was built, as it says itself, else the day its file was changed: `2026-06-17`. */
  readonly built: string;
}

/** Where addresses are and whose they are, from files on this machine; '' where a database is missing or does not say. */
export interface Places {
  readonly sources: readonly PlaceSource[];
  /** ISO code of the country of an address. */
  country(address: string): string;
  /** Owner of the network of an address: `AS64500 Example`. */
  owner(address: string): string;
}

/** Files with places; each is MMDB or CSV in the layout of ip-location-db, and may be left out. */
export interface PlaceFiles {
  readonly country?: string;
  readonly asn?: string;
}

/** Opens the databases that are named. Throws `PlacesError` for one that cannot be read or says nothing of the kind. */
export async function openPlaces(files: PlaceFiles): Promise<Places | undefined> {
  const country = files.country === undefined ? undefined : await opened('country', files.country);
  const asn = files.asn === undefined ? undefined : await opened('asn', files.asn);
  if (country === undefined && asn === undefined) return undefined;
  return {
    sources: [country, asn].flatMap((one) => (one === undefined ? [] : [one.source])),
    country: (address) => country?.get(address) ?? '',
    owner: (address) => asn?.get(address) ?? '',
  };
}

interface Opened {
  readonly source: PlaceSource;
  get(address: string): string;
}

async function opened(what: PlaceSource['what'], path: string): Promise<Opened> {
  const name = basename(path);
  try {
    const { size, mtime } = await stat(path);
    if (size > FILE_BYTES_MAX) throw new PlacesError(`${path}: larger than 512 MiB.`);
    const bytes = await readFile(path);
    return isMmdb(bytes) ? mmdb(what, name, bytes) : csv(what, name, { bytes, built: day(mtime) });
  } catch (error) {
    if (error instanceof PlacesError) throw error;
    const why = error instanceof Error ? error.message : String(error);
    throw new PlacesError(`${path}: no database of places can be read from it (${why}).`, { cause: error });
  }
}

/** MMDB files end with a section that begins with this mark. */
function isMmdb(bytes: Buffer): boolean {
  return bytes.includes(Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1'), -131_072);
}

function mmdb(what: PlaceSource['what'], name: string, bytes: Buffer): Opened {
  const reader = new Reader(bytes);
  const built = day(new Date(reader.metadata.buildEpoch));
  const read = (address: string): unknown => reader.get(address);
  const textOf = what === 'country' ? countryOf : ownerOf;
  return { source: { what, name, built }, get: (address) => (isIP(address) === 0 ? '' : textOf(read(address))) };
}

function csv(what: PlaceSource['what'], name: string, file: { bytes: Buffer; built: string }): Opened {
  const textOf =
    what === 'country'
      ? ([code = '']: readonly string[]) => codeOf(code)
      : ([number = '', owner = '']: readonly string[]) => ownerText(number, owner);
  const ranges = new Ranges(file.bytes.toString('utf8'), textOf);
  if (ranges.size === 0) throw new PlacesError(`${name}: holds no ranges of addresses.`);
  return { source: { what, name, built: file.built }, get: (address) => ranges.get(address) };
}

/** `country_code` at the top, or `country.iso_code` as in the databases of MaxMind. */
function countryOf(found: unknown): string {
  return codeOf(member(found, 'country_code') ?? member(member(found, 'country'), 'iso_code'));
}

function ownerOf(found: unknown): string {
  return ownerText(
    member(found, 'autonomous_system_number') ?? member(found, 'asn'),
    member(found, 'autonomous_system_organization') ?? member(found, 'as_name'),
  );
}

function codeOf(code: unknown): string {
  return typeof code === 'string' && /^[A-Za-z]{2}$/.test(code) ? code.toUpperCase() : '';
}

function ownerText(number: unknown, owner: unknown): string {
  const digits = /^(?:AS)?(\d{1,10})$/i.exec(String(number ?? ''));
  if (digits === null || Number(digits[1]) === 0) return '';
  const name = typeof owner === 'string' ? owner.replaceAll(/[^\p{L}\p{N} .,&_-]/gu, '').slice(0, OWNER_CHARS_MAX) : '';
  return `AS${digits[1]} ${name}`.trim();
}

function member(of: unknown, name: string): unknown {
  return typeof of === 'object' && of !== null ? Reflect.get(of, name) : undefined;
}

function day(date: Date): string {
  return Number.isNaN(date.getTime()) ? '' : date.toISOString().slice(0, 10);
}
