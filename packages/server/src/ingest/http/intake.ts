import { hash, randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Batch, Origin } from '@gait/engine/event/batch';
import type { Grant } from '../../access/access.ts';
import { NotTakenError, RETRY_AFTER_SECONDS, type Service } from '../../runtime/service.ts';
import type { DecodeContext, Decoder, SourceDefaults } from '../decoder.ts';
import type { Place } from '../identity.ts';
import type { Tokens } from '../tokens.ts';
import { stampArrival } from './arrival.ts';
import { Bodies, type HeldBody } from './body.ts';
import { Claims } from './claims.ts';
import type { IngestCounters, Route } from './counters.ts';
import {
  BODIES_HELD_BYTES_MAX,
  BODY_BYTES_MAX,
  BODY_MS_MAX,
  DECODING_MAX,
  EVENT_AHEAD_MS_MAX,
  type IngestLimits,
  SLICE_MS,
  WAITING_MAX,
} from './limits.ts';
import { Refusal } from './refusal.ts';
import { Builders, RequestSink, type ToldReject } from './request-sink.ts';
import { Slice, Turns } from './turns.ts';
import { Voice } from './voice.ts';

/** What the HTTP ingest works with. */
export interface IntakeOptions {
  readonly service: Pick<Service, 'append'>;
  readonly tokens: Tokens;
  /** Account and region of records that carry none and whose token does not say. */
  readonly defaults: Place;
  readonly counters: IngestCounters;
  readonly limits?: IngestLimits;
  /** Key of the sensor's seals. With it, records that come as lines of a log must be sealed. */
  readonly sensorKey?: Uint8Array;
  /** Wall clock, ms since 1970. */
  readonly now?: () => number;
}

/** A request whose sender is known. */
export interface Incoming {
  readonly route: Route;
  readonly grant: Grant;
  readonly request: IncomingMessage;
}

/** What decoding a request is given. */
export interface Piecework {
  readonly body: Buffer;
  readonly held: HeldBody;
  readonly sink: RequestSink;
  readonly slice: Slice;
  readonly voice: Voice;
  /** Name under which the bytes of this request are known as an origin. */
  readonly delivery: string;
  /** Context for decoders; `more` adds what the envelope of a part of the request says. */
  context(more?: Partial<SourceDefaults>): DecodeContext;
}

/** What became of a request. */
export interface Taken {
  /** Rows appended. */
  readonly accepted: number;
  /** Records that could not be used, and rows that the token may not send. */
  readonly rejected: number;
  readonly told: readonly ToldReject[];
  readonly notes: Readonly<Record<string, number>>;
}

/** Takes requests in: body, decoding, identity, time, rate, log. The routes around it speak the protocols. */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #bodies: Bodies;
  readonly #builders = new Builders();
  readonly #claims = new Claims();
  readonly #turns = new Turns(DECODING_MAX, WAITING_MAX);

  constructor(options: IntakeOptions) {
    this.#options = options;
    const { bodyBytes, bodiesHeldBytes, bodyMs } = options.limits ?? {};
    this.#bodies = new Bodies({
      bodyBytes: bodyBytes ?? BODY_BYTES_MAX,
      bodiesHeldBytes: bodiesHeldBytes ?? BODIES_HELD_BYTES_MAX,
      bodyMs: bodyMs ?? BODY_MS_MAX,
    });
  }

  get counters(): IngestCounters {
    return this.#options.counters;
  }

  get nowMs(): number {
    return (this.#options.now ?? Date.now)();
  }

  /**
   * Reads the body, has it decoded, and appends what the token may say; resolves when that is durable. Throws a `Refusal`
   * when nothing was appended, or not all of it and the sender must come again.
   */
  async take(incoming: Incoming, decode: (work: Piecework) => Promise<void> | void): Promise<Taken> {
    // A request costs one record even if there is nothing in it, and a spent token is seen before its body is read.
    this.#pay(incoming.grant, 1);
    const held = this.#bodies.open();
    try {
      const arrived = await held.arrive(incoming.request);
      const delivery = `${incoming.route}/${randomUUID()}`;
      const decoded = await this.#turns.take(async () => {
        const body = await held.inflate(arrived);
        this.counters.bytes(incoming.route, arrived.bytes, body.length);
        return this.#decode(incoming, { body, held, delivery }, decode);
      });
      await this.#append(decoded.batches);
      return decoded.taken;
    } finally {
      held.release();
    }
  }

  async #decode(
    { route, grant }: Incoming,
    given: Pick<Piecework, 'body' | 'held' | 'delivery'>,
    decode: (work: Piecework) => Promise<void> | void,
  ): Promise<{ readonly batches: readonly Batch[]; readonly taken: Taken }> {
    const builder = this.#builders.take();
    const sink = new RequestSink(builder);
    const voice = new Voice(grant);
    const origin = originOf(given.delivery, given.body);
    sink.from(origin);
    const context = (more: Partial<SourceDefaults> = {}) => this.#context(sink, voice, more);
    let decoded: readonly Batch[] = [];
    try {
      await decode({ ...given, sink, voice, slice: new Slice(SLICE_MS), context });
    } finally {
      decoded = sink.end();
      this.#builders.give(builder);
      for (const [reason, count] of sink.rejected) this.counters.rejected(route, reason, count);
      for (const [name, count] of sink.notes) this.counters.noted(name, count);
    }
    const rows = decoded.reduce((sum, batch) => sum + batch.rows, 0);
    this.#pay(grant, rows + sink.rejects - 1);
    return this.#heard(decoded, { sink, voice, grant, origin, rows });
  }

  /** Keeps what the token may say, and makes a row of a false claim. */
  #heard(
    decoded: readonly Batch[],
    of: { sink: RequestSink; voice: Voice; grant: Grant; origin: Origin; rows: number },
  ): { readonly batches: readonly Batch[]; readonly taken: Taken } {
    const { sink, voice, grant, origin } = of;
    const spare = this.#builders.take();
    const batches: Batch[] = [];
    let claimed = sink.firstClaim;
    let accepted = 0;
    for (const each of decoded) {
      const heard = voice.hear(each, spare);
      for (const [source, counts] of heard.counts) {
        for (const outcome of ['accepted', 'foreign', 'nobody'] as const) {
          this.counters.records(source, outcome, counts[outcome]);
          if (outcome !== 'accepted') tell(sink, outcome, counts[outcome]);
        }
      }
      if (heard.claimed !== '') claimed ??= heard.claimed;
      if (heard.batch !== undefined) batches.push(heard.batch);
      accepted += heard.batch?.rows ?? 0;
    }
    const { tokens } = this.#options;
    const row =
      claimed === undefined
        ? undefined
        : this.#claims.row({ grant, claimed, origin }, spare, { tokens, nowMs: this.nowMs });
    this.#builders.give(spare);
    if (row !== undefined) batches.push(row);
    const rejected = sink.rejects + of.rows - accepted;
    const notes = Object.fromEntries(sink.notes);
    return { batches, taken: { accepted, rejected, told: sink.told, notes } };
  }

  #context(sink: RequestSink, voice: Voice, more: Partial<SourceDefaults>): DecodeContext {
    const { tokens, defaults, sensorKey } = this.#options;
    const seals = sensorKey === undefined ? {} : { sensorKey };
    const newestMs = this.nowMs + EVENT_AHEAD_MS_MAX;
    return { sink, tokens, defaults: { ...voice.place(defaults), newestMs, ...seals, ...more } };
  }

  /** Appends in order, each when the one before is durable. */
  async #append(batches: readonly Batch[]): Promise<void> {
    for (const batch of batches) {
      this.counters.clamped(stampArrival(batch, this.nowMs));
      try {
        await this.#options.service.append(batch);
      } catch (error) {
        if (!(error instanceof NotTakenError)) throw error;
        const retryAfterMs = 1000 * RETRY_AFTER_SECONDS[error.reason];
        throw new Refusal('not-taken', error.reason, { cause: error, retryAfterMs });
      }
    }
  }

  #pay(grant: Grant, records: number): void {
    if (records <= 0) return;
    const answer = grant.take(records);
    if (answer.ok) return;
    throw new Refusal('rate-limited', 'the token sends too many records', { retryAfterMs: answer.retryAfterMs });
  }
}

/** Decodes one whole piece with one decoder. */
export function decodeWhole(decoder: Decoder, bytes: Buffer, context: DecodeContext): void {
  decoder.decode(bytes, { start: 0, end: bytes.length, originOffset: 0, line: 0 }, context);
}

/** Decodes a part of an array that is wrapped again as the whole was, so that its rows point at that part. */
export function decodeWrapped(
  decoder: Decoder,
  context: DecodeContext,
  part: {
    readonly bytes: Buffer;
    readonly from: number;
    readonly to: number;
    readonly before: string;
    readonly after: string;
  },
): void {
  const before = Buffer.from(part.before);
  const bytes = Buffer.concat([before, part.bytes.subarray(part.from, part.to), Buffer.from(part.after)]);
  const originOffset = Math.max(0, part.from - before.length);
  decoder.decode(bytes, { start: 0, end: bytes.length, originOffset, line: 0 }, context);
}

/** A delivery, or a part of one, as rows refer to it. */
export function originOf(name: string, bytes: Buffer): Origin {
  return { name, from: 0, to: bytes.length, sha256: hash('sha256', bytes, 'hex') };
}

/** Tells of dropped rows in the answer; they are counted as records, not as rejects. */
function tell(sink: RequestSink, outcome: 'foreign' | 'nobody', count: number): void {
  if (count === 0) return;
  const detail =
    outcome === 'foreign'
      ? `${count} of functions that the token does not speak for`
      : `${count} of no function, which needs a token for the whole account`;
  sink.told.unshift({ line: 0, reason: 'identity-mismatch', detail });
}
