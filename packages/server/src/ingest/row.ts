import type { BatchBuilder, CallFields } from '@gait/engine/event/batch-builder';
import {
  type FacetKind,
  FLAG,
  IDS,
  type IdField,
  NUMBERS,
  type NumberField,
  SYMBOLS,
  type SymbolField,
} from '@gait/engine/event/schema';
import type { DecodeContext, RecordRange } from './decoder.ts';
import { plainId, safeName } from './names.ts';

/** 2000-01-01: no cloud function ran before; older stamps are unset clocks or unit mistakes. */
export const OLDEST_EVENT_MS = 946_684_800_000;

/** What a record is decoded with: the context and where the record stands. */
export interface RecordPlace {
  readonly context: DecodeContext;
  readonly range: RecordRange;
}

/** What every row begins with. */
export interface RowStart {
  readonly kind: FacetKind;
  /** Name of the decoder. */
  readonly source: string;
  /** ms since 1970, NaN when the record carries no time. */
  readonly eventMs: number;
}

/**
 * Begins a row that points at its original. An absent or impossible time becomes NaN and flags the row, so that a record
 * from the future cannot advance anybody's clock; the log writer puts the time of arrival in its place.
 */
export function startRow(place: RecordPlace, start: RowStart): BatchBuilder {
  const { sink, defaults } = place.context;
  const plausible = start.eventMs >= OLDEST_EVENT_MS && start.eventMs <= defaults.newestMs;
  const rows = sink.builder();
  rows.begin(start.kind, plausible ? start.eventMs : Number.NaN, start.source);
  const { start: from, end: to, originOffset, line } = place.range;
  rows.locate(sink.origin, originOffset + from, to - from, line);
  if (!plausible) {
    rows.flag(FLAG.clamped);
    sink.note('time-clamped');
  }
  return rows;
}

/** Amounts of a row by field; NaN and undefined mean that there is none. */
export type Amounts = { readonly [K in NumberField]?: number };

/** Sets the amounts of the row in progress; negative, infinite and absurd ones are left out and counted. */
export function setAmounts(place: RecordPlace, rows: BatchBuilder, amounts: Amounts): void {
  for (const field of NUMBERS) {
    const value = amounts[field];
    if (value === undefined || Number.isNaN(value)) continue;
    if (value >= 0 && value <= Number.MAX_SAFE_INTEGER) rows.number(field, value);
    else place.context.sink.note('number-ignored');
  }
}

/** Names of a row by field; undefined and '' mean that there is none. */
export type Names = { readonly [K in SymbolField]?: string };

/**
 * Fields that hold tokens already, made by `identity.ts` and `Tokens`, and revisions, whose form decoders check: a
 * version of four numbers looks like an address.
 */
const AS_IT_IS: ReadonlySet<SymbolField> = new Set(['network', 'principal', 'revision']);

/** Sets the names of the row in progress, each through `safeName`: nothing else of a record becomes a symbol. */
export function setNames(place: RecordPlace, rows: BatchBuilder, names: Names): void {
  const { tokens, defaults } = place.context;
  const account = names.account || defaults.account;
  for (const field of SYMBOLS) {
    const name = names[field] ?? '';
    if (name !== '') rows.symbol(field, AS_IT_IS.has(field) ? name : safeName(name, { tokens, account }));
  }
}

/** Sets the identifiers of the row in progress; what cannot be one is left out. */
export function setIds(rows: BatchBuilder, ids: { readonly [K in IdField]?: string }): void {
  for (const field of IDS) rows.id(field, plainId(ids[field] ?? ''));
}

/** Adds a call to the row in progress, its names through `safeName`. */
export function addCall(place: RecordPlace, rows: BatchBuilder, call: CallFields): void {
  const context = { tokens: place.context.tokens, account: place.context.defaults.account };
  const safe = (name = '') => safeName(name, context);
  rows.call({
    ...call,
    verb: safe(call.verb),
    resource: safe(call.resource),
    destination: safe(call.destination),
  });
}

/**
 * ms since 1970 of an ISO 8601 time (`2026-01-31T12:00:00.123Z`), also as exports write it: with a space, without zone
 * (then UTC), with up to nine decimals. NaN for anything else.
 */
export function timestampMs(text: string): number {
  const match = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(\.\d{1,3})?\d{0,6}(Z|[+-]\d\d:?\d\d)?$/.exec(text);
  if (match === null) return Number.NaN;
  const zone = (match[4] ?? 'Z').replace(/^([+-]\d\d)(\d\d)$/, '$1:$2');
  return Date.parse(`${match[1]}T${match[2]}${match[3] ?? ''}${zone}`);
}
