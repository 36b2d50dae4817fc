import { CALLS_PER_ROW_MAX, ID_BYTES_MAX } from '@gait/engine/base/limits';
import { type BatchBuilder, CALL_NAMES, CALL_NUMBERS } from '@gait/engine/event/batch-builder';
import { FLAG, IDS, NUMBERS, SYMBOL } from '@gait/engine/event/schema';
import { WIRE_FLAG } from '@gait/sensor/wire';
import type { DecodeContext, Decoder, RecordRange, SourceDefaults } from './decoder.ts';
import { CALL_TEXTS, Draft, KEY_OF_SLOT, SLOT } from './gait/draft.ts';
import { keyForm, withDefaults } from './gait/function.ts';
import { HostCalls } from './gait/hosts.ts';
import { macFault } from './gait/mac.ts';
import { Parser, type Refusal } from './gait/parse.ts';
import { PersonTokens } from './gait/people.ts';
import { Scanner } from './gait/scan.ts';
import { Words } from './gait/words.ts';
import { defaultKey, envelopeKey, sameFunction } from './identity.ts';
import { JSON_BYTES_MAX } from './json-document.ts';
import { OLDEST_EVENT_MS } from './row.ts';

const STATUS_MAX = 999;
const FLAGS_MAX = 0xffff;
const KNOWN_FLAGS = WIRE_FLAG.cold | WIRE_FLAG.init | WIRE_FLAG.sampled | WIRE_FLAG.callsCut;

const FUNCTION_SLOT = SLOT.text + SYMBOL.function;
const PRINCIPAL_SLOT = SLOT.text + SYMBOL.principal;
const PRINCIPAL_KIND_SLOT = SLOT.text + SYMBOL.principalKind;
const NETWORK_SLOT = SLOT.text + SYMBOL.network;

/**
 * Closed lists of words by slot. A word that is not on its list is left out and noted, so that records of a newer sensor
 * stay readable.
 */
const CLOSED: (Words | undefined)[] = new Array(SLOT.calls);
const PRINCIPAL_KINDS = new Words(['person', 'role', 'service', 'function', 'account', 'anonymous']);
const PERSON = new Words(['person']);
CLOSED[SLOT.text + SYMBOL.status] = new Words(['ok', 'error', 'timeout', 'throttle']);
CLOSED[SLOT.text + SYMBOL.triggerKind] = new Words([
  'http',
  'queue',
  'timer',
  'object',
  'stream',
  'topic',
  'invoke',
  'edge',
  'other',
]);
CLOSED[PRINCIPAL_KIND_SLOT] = PRINCIPAL_KINDS;

/**
 * Decoder of the sensor's own records (`@gait/sensor/wire`), one a line. Usual records are read by a byte scanner, all
 * others by an exact parser, and both are checked and written by the same code here. People and networks become tokens,
 * and hosts that calls go to are named as in every other source.
 * A record with an impossible time is kept: flagged `clamped`, event time NaN, for the reader to place.
 */
export function gaitDecoder(): Decoder {
  const draft = new Draft();
  const scanner = new Scanner(draft);
  const parser = new Parser(draft);
  const people = new PersonTokens();
  const hosts = new HostCalls();
  const read = (bytes: Uint8Array, { start, end }: RecordRange, defaults: SourceDefaults): Refusal | undefined => {
    if (end - start > JSON_BYTES_MAX) return { reason: 'too-large', detail: 'the record is over the size limit' };
    const trimmed = trimmedEnd(bytes, start, end);
    const refusal = scanner.scan(bytes, start, trimmed) ? undefined : parser.parse(bytes, start, trimmed);
    return refusal ?? checkMac(draft, bytes.subarray(start, trimmed), defaults);
  };
  return {
    format: 'gait',
    framing: 'lines',
    sniff,
    decode(bytes, range, context) {
      const refusal = read(bytes, range, context.defaults) ?? check(draft, context.defaults);
      if (refusal !== undefined) {
        if (refusal.reason === 'identity-mismatch') context.sink.claimed?.(textOf(draft, FUNCTION_SLOT));
        context.sink.reject(refusal.reason, refusal.detail, range.line);
      } else emit(draft, range, { context, people, hosts });
    },
  };
}

/** Certain when the first key is `gait`; unlikely, but possible, when the key stands elsewhere in the first line. */
function sniff(head: Uint8Array): number {
  const text = new TextDecoder('latin1').decode(head.subarray(0, 4096)).trimStart();
  if (/^\{\s*"gait"\s*:/.test(text)) return 1;
  return /^\{[^\n]*"gait"\s*:/.test(text) ? 0.3 : 0;
}

/** Where the record ends without the white space after it. */
function trimmedEnd(bytes: Uint8Array, start: number, end: number): number {
  let trimmed = end;
  while (trimmed > start && bytes[trimmed - 1] <= 0x20) trimmed--;
  return trimmed;
}

/** What writing a row needs besides the draft. */
interface Emitting {
  readonly context: DecodeContext;
  readonly people: PersonTokens;
  readonly hosts: HostCalls;
}

/** Checks the seal of a record where a key for it is known. */
function checkMac(draft: Draft, line: Uint8Array, { sensorKey, needsMac }: SourceDefaults): Refusal | undefined {
  if (sensorKey === undefined) return undefined;
  if (!draft.has(SLOT.mac)) return needsMac === true ? { reason: 'bad-mac', detail: 'mac is absent' } : undefined;
  const fault = macFault(line, sensorKey);
  return fault === '' ? undefined : { reason: 'bad-mac', detail: fault };
}

/** Checks what neither scanner nor parser judge: required fields, identity, identifiers, flags and call statuses. */
function check(draft: Draft, defaults: SourceDefaults): Refusal | undefined {
  if (!draft.has(SLOT.timeMs)) return { reason: 'missing-field', detail: 't' };
  if (draft.has(SLOT.flags) && !isInteger(draft.numbers[SLOT.flags], FLAGS_MAX)) {
    return { reason: 'out-of-range', detail: 'fl' };
  }
  if (!draft.identified) {
    for (const slot of draft.slots.subarray(0, draft.filled)) {
      if (slot >= SLOT.id && slot < SLOT.mac && !isIdentifier(draft, slot)) {
        return { reason: 'wrong-type', detail: `${KEY_OF_SLOT[slot]} is not an identifier` };
      }
    }
  }
  const kept = Math.min(draft.calls, CALLS_PER_ROW_MAX);
  for (let call = 0; call < kept; call++) {
    const status = draft.callNumbers[call * CALL_NUMBERS + 2];
    if (!Number.isNaN(status) && !isInteger(status, STATUS_MAX)) {
      return { reason: 'out-of-range', detail: 'a status of a call in c' };
    }
  }
  return checkFunction(draft, defaults);
}

function checkFunction(draft: Draft, defaults: SourceDefaults): Refusal | undefined {
  const envelope = envelopeKey(defaults);
  if (!draft.has(FUNCTION_SLOT)) {
    return defaultKey(defaults) === '' ? { reason: 'missing-field', detail: 'fn' } : undefined;
  }
  draft.keyForm = keyForm(draft.bytes, draft.from[FUNCTION_SLOT], draft.to[FUNCTION_SLOT]);
  if (draft.keyForm === 'malformed') {
    return { reason: 'wrong-type', detail: 'fn is not a function key' };
  }
  if (envelope !== '' && !sameFunction(textOf(draft, FUNCTION_SLOT), envelope)) {
    return { reason: 'identity-mismatch', detail: 'fn is not the function that the envelope speaks for' };
  }
  return undefined;
}

function emit(draft: Draft, range: RecordRange, of: Emitting): void {
  const { sink, defaults } = of.context;
  const builder = sink.builder();
  const at = { builder, context: of.context, people: of.people };
  const timeMs = draft.numbers[SLOT.timeMs];
  const plausible = timeMs >= OLDEST_EVENT_MS && timeMs <= defaults.newestMs;
  builder.begin('sensor', plausible ? timeMs : Number.NaN, 'gait');
  if (!plausible) {
    builder.flag(FLAG.clamped);
    sink.note('time-clamped');
  }
  if (draft.has(SLOT.flags)) builder.flag(draft.numbers[SLOT.flags] & KNOWN_FLAGS);
  emitFunction(draft, builder, defaults);
  for (let i = 0; i < draft.filled; i++) {
    const slot = draft.slots[i];
    if (slot < NUMBERS.length) builder.numberOf(slot, draft.numbers[slot]);
    else if (slot >= SLOT.text && slot < SLOT.id) emitSymbol(draft, slot, at);
    else if (slot >= SLOT.id && slot < SLOT.mac) {
      builder.idBytes(IDS[slot - SLOT.id], draft.bytes, [draft.from[slot], draft.to[slot]]);
    }
  }
  if (draft.calls > 0) emitCalls(draft, builder, of);
  builder.locate(sink.origin, range.originOffset + range.start, range.end - range.start, range.line);
  builder.end();
}

function emitFunction(draft: Draft, builder: BatchBuilder, defaults: SourceDefaults): void {
  const given = draft.has(FUNCTION_SLOT) ? envelopeKey(defaults) : defaultKey(defaults);
  if (given !== '') builder.symbol('function', given);
  else if (draft.keyForm === 'complete') builder.symbolBytesOf(SYMBOL.function, draft, FUNCTION_SLOT);
  else builder.symbol('function', withDefaults(textOf(draft, FUNCTION_SLOT), defaults));
}

function emitSymbol(
  draft: Draft,
  slot: number,
  of: { readonly builder: BatchBuilder; readonly context: DecodeContext; readonly people: PersonTokens },
): void {
  const { builder, context } = of;
  const from = draft.from[slot];
  const to = draft.to[slot];
  const words = CLOSED[slot];
  if (slot === FUNCTION_SLOT || to === from) return;
  if (slot === PRINCIPAL_SLOT && isPerson(draft)) {
    builder.symbolOf(SYMBOL.principal, of.people.symbol(builder, context.tokens, { bytes: draft.bytes, from, to }));
  } else if (slot === NETWORK_SLOT) {
    const token = context.tokens.network(textOf(draft, slot));
    if (token === '') context.sink.note('not-a-network');
    else builder.symbol('network', token);
  } else if (words !== undefined && !words.has(draft.bytes, from, to)) context.sink.note('unknown-word');
  else builder.symbolBytesOf(slot - SLOT.text, draft, slot);
}

/** A principal is a person unless the record says otherwise: then a name too few is replaced, not one too many. */
function isPerson(draft: Draft): boolean {
  if (!draft.has(PRINCIPAL_KIND_SLOT)) return true;
  const from = draft.from[PRINCIPAL_KIND_SLOT];
  const to = draft.to[PRINCIPAL_KIND_SLOT];
  return PERSON.has(draft.bytes, from, to) || !PRINCIPAL_KINDS.has(draft.bytes, from, to);
}

function emitCalls(draft: Draft, builder: BatchBuilder, { context, hosts }: Emitting): void {
  const kept = Math.min(draft.calls, CALLS_PER_ROW_MAX);
  hosts.begin();
  for (let call = 0; call < kept; call++) {
    if (hosts.write(builder, draft, call)) continue;
    builder.callBytes(draft, CALL_TEXTS + call * CALL_NAMES, call * CALL_NUMBERS);
  }
  hosts.end(builder);
  if (draft.calls > kept) {
    builder.flag(FLAG.callsCut);
    context.sink.note('calls-cut');
  }
}

/** Identifiers are visible ASCII and short enough to be kept whole. */
function isIdentifier(draft: Draft, slot: number): boolean {
  const to = draft.to[slot];
  if (to - draft.from[slot] > ID_BYTES_MAX) return false;
  for (let at = draft.from[slot]; at < to; at++) if (draft.bytes[at] <= 0x20 || draft.bytes[at] >= 0x7f) return false;
  return true;
}

function isInteger(value: number, max: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= max;
}

const utf8 = new TextDecoder();

function textOf(draft: Draft, slot: number): string {
  return utf8.decode(draft.bytes.subarray(draft.from[slot], draft.to[slot]));
}
