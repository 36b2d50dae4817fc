/** ListObjectsV2: a page of keys, with those below a delimiter taken together. */
import { compareTexts } from '../text-order.ts';
import { BucketError } from './bucket-error.ts';
import type { Bucket, StoredObject } from './store.ts';
import type { Element } from './xml.ts';
import { documentOf, element } from './xml.ts';

/** Keys and common prefixes of one page: the service's own limit. */
const PAGE_KEYS_MAX = 1000;

interface Wanted {
  readonly prefix: string;
  readonly delimiter: string;
  readonly keysMax: number;
  readonly startAfter: string;
  /** The last entry of the page before. */
  readonly last: Entry | undefined;
  readonly encode: (text: string) => string;
}

type Entry = { readonly kind: 'key'; readonly text: string } | { readonly kind: 'prefix'; readonly text: string };

/** The document of a page. Linear in the objects of the page and of the prefixes it takes together. */
export function listObjects(bucket: Bucket, query: URLSearchParams): string {
  const wanted = wantedOf(query);
  const { entries, isCut } = pageOf(bucket, wanted);
  const keys = entries.filter(({ kind }) => kind === 'key');
  const prefixes = entries.filter(({ kind }) => kind === 'prefix');
  const last = entries[entries.length - 1];
  const token = query.get('continuation-token');
  return documentOf(
    element('ListBucketResult', [
      element('Name', bucket.name),
      element('Prefix', wanted.encode(wanted.prefix)),
      optional('Delimiter', wanted.encode(wanted.delimiter)),
      optional('StartAfter', wanted.encode(wanted.startAfter)),
      optional('ContinuationToken', token ?? ''),
      optional('EncodingType', query.get('encoding-type') ?? ''),
      element('KeyCount', entries.length),
      element('MaxKeys', wanted.keysMax),
      element('IsTruncated', isCut),
      isCut && last !== undefined ? element('NextContinuationToken', tokenOf(last)) : undefined,
      ...keys.map(({ text }) => contents(bucket.objects.get(text), wanted.encode)),
      ...prefixes.map(({ text }) => element('CommonPrefixes', [element('Prefix', wanted.encode(text))])),
    ]),
  );
}

function wantedOf(query: URLSearchParams): Wanted {
  const keysMax = Number(query.get('max-keys') ?? PAGE_KEYS_MAX);
  if (!Number.isInteger(keysMax) || keysMax < 0)
    throw invalid('Argument maxKeys must be an integer between 0 and 2147483647');
  const encoding = query.get('encoding-type');
  if (encoding !== null && encoding !== 'url') throw invalid('Invalid Encoding Method specified in Request');
  const token = query.get('continuation-token');
  return {
    prefix: query.get('prefix') ?? '',
    delimiter: query.get('delimiter') ?? '',
    keysMax: Math.min(keysMax, PAGE_KEYS_MAX),
    startAfter: query.get('start-after') ?? '',
    last: token === null ? undefined : entryOf(token),
    encode: encoding === 'url' ? (text) => encodeURIComponent(text).replaceAll('%2F', '/') : (text) => text,
  };
}

function pageOf(bucket: Bucket, wanted: Wanted): { entries: Entry[]; isCut: boolean } {
  const entries: Entry[] = [];
  if (wanted.keysMax === 0) return { entries, isCut: false };
  const keys = sortedKeys(bucket);
  const after = wanted.last?.text ?? wanted.startAfter;
  const isAfterPrefix = compareTexts(after, wanted.prefix) >= 0;
  let newest = wanted.last;
  for (let at = firstFrom(keys, isAfterPrefix ? after : wanted.prefix); at < keys.length; at++) {
    const key = keys[at];
    if (!key.startsWith(wanted.prefix)) break;
    if (after !== '' && compareTexts(key, after) <= 0) continue;
    const entry = entryFor(key, wanted);
    if (newest?.kind === 'prefix' && entry.kind === 'prefix' && newest.text === entry.text) continue;
    if (entries.length >= wanted.keysMax) return { entries, isCut: true };
    entries.push(entry);
    newest = entry;
  }
  return { entries, isCut: false };
}

/** Sorted when they are asked for first after a change. */
function sortedKeys(bucket: Bucket): readonly string[] {
  bucket.sorted ??= [...bucket.objects.keys()].sort(compareTexts);
  return bucket.sorted;
}

function entryFor(key: string, { prefix, delimiter }: Wanted): Entry {
  const at = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
  return at < 0 ? { kind: 'key', text: key } : { kind: 'prefix', text: key.slice(0, at + delimiter.length) };
}

/** First place whose key is not before a text. */
function firstFrom(keys: readonly string[], text: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareTexts(keys[middle], text) >= 0) high = middle;
    else low = middle + 1;
  }
  return low;
}

function contents(object: StoredObject | undefined, encode: (text: string) => string): Element | undefined {
  if (object === undefined) return undefined;
  return element('Contents', [
    element('Key', encode(object.key)),
    element('LastModified', new Date(object.modifiedMs).toISOString()),
    element('ETag', `"${object.etag}"`),
    element('Size', object.bytes.length),
    element('StorageClass', 'STANDARD'),
  ]);
}

function tokenOf({ kind, text }: Entry): string {
  return Buffer.from(`${kind === 'key' ? 'k' : 'p'}${text}`).toString('base64');
}

function entryOf(token: string): Entry {
  const text = Buffer.from(token, 'base64').toString('utf8');
  if (!/^[kp]/.test(text)) throw invalid('The continuation token provided is incorrect');
  return { kind: text.startsWith('k') ? 'key' : 'prefix', text: text.slice(1) };
}

function invalid(message: string): BucketError {
  return new BucketError('InvalidArgument', message, 400);
}

function optional(name: string, text: string): Element | undefined {
  return text === '' ? undefined : element(name, text);
}
