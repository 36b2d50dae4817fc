import { type BatchBuilder, CALL_NAMES, CALL_NUMBERS } from '@gait/engine/event/batch-builder';
import { destinationOfHost, plainHost, routeTemplate } from '../destination.ts';
import { CALL_TEXTS, type Draft } from './draft.ts';
import { BatchNumber, NAMES_CACHED, NameCache, TOO_LONG } from './name-cache.ts';

/** Bytes of verb, resource and destination that are remembered; longer ones hold values that do not come again. */
const CALL_BYTES_MAX = 160;
const DOT = 0x2e;
const SLASH = 0x2f;
const COLON = 0x3a;
const HASH = 0x23;

/** Characters from which the entropy of a name says something. */
const ENTROPY_CHARS_MIN = 16;

/** How a call is named in a row. */
interface CallNames {
  readonly verb: string;
  readonly resource: string;
  readonly destination: string;
  /** Characters of its host below the registrable domain, and their entropy in bits a character; 0 for short ones. */
  readonly below: number;
  readonly entropy: number;
}

/**
 * Names calls to hosts like every other source does: the destination of `api.stripe.com` is `stripe.com`, of `203.0.113.9` it
 * is `address:203.0.113.9`, and the resource of an HTTP call is `*.stripe.com/v1/charges/{}`. Calls whose destination
 * is no host (`dynamodb/orders`) stay as they are. Answers are remembered by the bytes of the call: some 50 ns.
 */
export class HostCalls {
  readonly #cache = new NameCache(CALL_BYTES_MAX);
  readonly #names: (CallNames | undefined)[] = new Array(NAMES_CACHED).fill(undefined);
  /** Symbols of the names in the batch under construction: three for each slot. */
  readonly #symbols = new Uint32Array(NAMES_CACHED * CALL_NAMES);
  readonly #batches = new Float64Array(NAMES_CACHED).fill(-1);
  readonly #batch = new BatchNumber();
  /** Hosts of the row under construction that have labels below their registrable domains. */
  readonly #below = new Set<CallNames>();

  /** Begins a row. */
  begin(): void {
    if (this.#below.size > 0) this.#below.clear();
  }

  /** Writes what the names of the row's hosts could carry: never the names, which would carry it on. */
  end(builder: BatchBuilder): void {
    if (this.#below.size === 0) return;
    let characters = 0;
    let entropy = 0;
    for (const names of this.#below) {
      characters += names.below;
      entropy = Math.max(entropy, names.entropy);
    }
    builder.number('nameBytes', characters);
    builder.number('nameEntropy', entropy);
    builder.number('names', this.#below.size);
  }

  /** Writes call number `call` of the draft under its own names; false, and nothing is written, when it has them already. */
  write(builder: BatchBuilder, draft: Draft, call: number): boolean {
    const text = CALL_TEXTS + call * CALL_NAMES;
    if (!isHost(draft.bytes, draft.from[text + 2], draft.to[text + 2])) return false;
    const slot = this.#slot(draft, text);
    const names = slot < 0 ? namesOf(draft, text) : this.#names[slot];
    if (names === undefined) return false;
    if (names.below > 0) this.#below.add(names);
    const at =
      slot < 0
        ? builder.callSymbols(
            builder.intern(names.verb),
            builder.intern(names.resource),
            builder.intern(names.destination),
          )
        : this.#remembered(builder, slot, names);
    if (at >= 0) writeNumbers(builder, draft, { at, call });
    return true;
  }

  /** Slot of the names of a call, -1 when they are not remembered. */
  #slot(draft: Draft, text: number): number {
    // Only the scanner leaves the three names in one piece, with what parts them in between.
    if (!draft.identified) return -1;
    const { bytes, from, to } = draft;
    const found = this.#cache.find(bytes, from[text], to[text + 2]);
    if (found >= 0 || found === TOO_LONG) return found >= 0 ? found : -1;
    const slot = ~found;
    this.#cache.put(slot, { bytes, from: from[text], to: to[text + 2] });
    this.#names[slot] = namesOf(draft, text);
    this.#batches[slot] = -1;
    return slot;
  }

  #remembered(builder: BatchBuilder, slot: number, names: CallNames): number {
    const symbols = this.#symbols;
    const first = slot * CALL_NAMES;
    const batch = this.#batch.of(builder);
    if (this.#batches[slot] !== batch) {
      this.#batches[slot] = batch;
      symbols[first] = builder.intern(names.verb);
      symbols[first + 1] = builder.intern(names.resource);
      symbols[first + 2] = builder.intern(names.destination);
    }
    return builder.callSymbols(symbols[first], symbols[first + 1], symbols[first + 2]);
  }
}

/** Whether a destination may be a host or an address: it has a dot or two colons, and no part that only others have. */
function isHost(bytes: Uint8Array, from: number, to: number): boolean {
  let dots = 0;
  let colons = 0;
  for (let at = from; at < to; at++) {
    const byte = bytes[at];
    if (byte === SLASH || byte === HASH) return false;
    if (byte === DOT) dots++;
    else if (byte === COLON) colons++;
  }
  return dots > 0 || colons > 1;
}

/** Names of a call to a host, undefined when they are right as they are. */
function namesOf(draft: Draft, text: number): CallNames | undefined {
  const [verb, given, said] = [0, 1, 2].map((at) => textOf(draft, text + at));
  const slash = given.indexOf('/');
  const path = slash < 0 ? '' : given.slice(slash);
  const isNamed = verb.startsWith('http') && given !== '';
  const named = isNamed ? given.slice(0, given.length - path.length) : '';
  // The resource may show more labels of the same host, such as a bucket's.
  const host = named.endsWith(`.${said}`) ? named : said;
  // A placeholder says nothing about whose place it is.
  const destination = destinationOfHost(host, path.includes('{') ? '' : path);
  if (destination === '') return undefined;
  const route = path === '' ? '' : routeTemplate(path);
  const resource = isNamed ? `${plainHost(named === '' ? host : named, destination)}${route}` : given;
  if (destination === said && resource === given) return undefined;
  return { verb, resource, destination, ...carriedBy(named === '' ? host : named, destination) };
}

/** How much the labels of a host below its registrable domain could carry. */
function carriedBy(host: string, destination: string): { readonly below: number; readonly entropy: number } {
  const [owner] = destination.split('#', 1);
  if (!host.endsWith(`.${owner}`)) return { below: 0, entropy: 0 };
  const labels = host.slice(0, -owner.length - 1).replaceAll('.', '');
  return { below: labels.length, entropy: labels.length < ENTROPY_CHARS_MIN ? 0 : entropyOf(labels) };
}

/** Shannon entropy of the characters of a text, bits a character. */
function entropyOf(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}

function writeNumbers(
  builder: BatchBuilder,
  { callNumbers }: Draft,
  { at, call }: { readonly at: number; readonly call: number },
): void {
  const first = call * CALL_NUMBERS;
  builder.callAmounts(at, callNumbers[first], callNumbers[first + 1]);
  const status = callNumbers[first + 2];
  builder.callStatus(at, Number.isNaN(status) ? 0 : status);
  builder.callTimes(at, callNumbers[first + 3], callNumbers[first + 4]);
}

const utf8 = new TextDecoder();

function textOf(draft: Draft, text: number): string {
  return utf8.decode(draft.bytes.subarray(draft.from[text], draft.to[text]));
}
