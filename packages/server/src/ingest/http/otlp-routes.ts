import type { IncomingMessage } from 'node:http';
import type { DecodeContext, Decoder } from '../decoder.ts';
import { otlpJsonDecoder } from '../otlp/otlp-json.ts';
import { otlpProtobufDecoder } from '../otlp/otlp-protobuf.ts';
import { bearerOf, mediaTypeOf } from './admission.ts';
import { arrayIn, jsonGroups, protobufGroups } from './groups.ts';
import { decodeWhole, decodeWrapped, type Piecework, type Taken } from './intake.ts';
import { GROUP_BYTES, WHOLE_BYTES_MAX } from './limits.ts';
import { exportResponse, type OtlpType, type Signal, statusResponse } from './otlp-answer.ts';
import { Refusal } from './refusal.ts';
import { type Answer, type IngestRoute, refusedJson } from './route.ts';

/** Where each signal's entries stand in JSON, and what its items are called by the decoders. */
const KEYS = { traces: 'resourceSpans', metrics: 'resourceMetrics', logs: 'resourceLogs' } as const;
const ITEMS = { traces: 'spans', metrics: 'metrics', logs: 'logs' } as const;

/**
 * `POST /v1/traces`, `/v1/metrics`, `/v1/logs` as OTLP/HTTP says: protobuf or JSON, the answer in the type of the
 * request, an empty request is success, what could not be used is told as partial success, and a refusal carries a
 * `google.rpc.Status`. Usual requests are decoded in one go, so that a trace is judged as a whole; larger ones are cut
 * between their resources, which is noted as `document-split`.
 */
export function otlpRoute(signal: Signal): IngestRoute {
  const decoders = {
    'application/json': otlpJsonDecoder(ITEMS[signal]),
    'application/x-protobuf': otlpProtobufDecoder(ITEMS[signal]),
  } as const;
  return {
    route: signal,
    path: `/v1/${signal}`,
    presented: bearerOf,
    async handle(incoming, intake) {
      const type = typeOf(incoming.request);
      if (type === undefined) {
        throw new Refusal('unsupported-type', 'Content-Type must be application/x-protobuf or application/json');
      }
      const { onlyFunction } = incoming.grant;
      const envelope = onlyFunction === undefined ? {} : { envelopeFunction: onlyFunction };
      const taken = await intake.take(incoming, async (work) => {
        const { body, sink } = work;
        const given = { decoder: decoders[type], context: work.context(envelope) };
        if (body.length > WHOLE_BYTES_MAX) await decodeGroups(work, { ...given, type, key: KEYS[signal] });
        else if (body.length > 0) decodeWhole(given.decoder, body, given.context);
        // Before anything is appended: the sender must be told that nothing was taken.
        if (sink.unusable !== '') throw new Refusal('bad-request', sink.unusable);
      });
      return { status: 200, type, body: exportResponse(type, signal, partialOf(taken)) };
    },
    refuse(request, refusal): Answer {
      const type = typeOf(request);
      if (type === undefined) return refusedJson(refusal);
      return { status: refusal.status, type, body: statusResponse(type, refusal.rpcCode, refusal.message) };
    },
  };
}

/** Decodes a large request in groups of entries, with pauses in which other requests go on. */
async function decodeGroups(
  { body, slice, sink }: Piecework,
  given: { readonly decoder: Decoder; readonly context: DecodeContext; readonly type: OtlpType; readonly key: string },
): Promise<void> {
  const { decoder, context, type, key } = given;
  const isJson = type === 'application/json';
  const place = isJson ? arrayIn(body, key) : undefined;
  const sizes = { groupBytes: GROUP_BYTES, slice };
  const groups = isJson ? place && (await jsonGroups(body, place, sizes)) : protobufGroups(body, GROUP_BYTES);
  if (groups === undefined) {
    decodeWhole(decoder, body, context);
    return;
  }
  for (const [at, { from, to }] of groups.entries()) {
    if (at > 0) sink.note('document-split');
    if (isJson) decodeWrapped(decoder, context, { before: `{"${key}":[`, bytes: body, from, to, after: ']}' });
    else decoder.decode(body, { start: from, end: to, originOffset: 0, line: 0 }, context);
    if (slice.isOver) await slice.pause();
  }
}

function typeOf(request: IncomingMessage): OtlpType | undefined {
  const type = mediaTypeOf(request);
  return type === 'application/json' || type === 'application/x-protobuf' ? type : undefined;
}

function partialOf({ rejected, told }: Taken): { readonly rejected: number; readonly message: string } | undefined {
  if (rejected === 0) return undefined;
  return { rejected, message: told.map(({ reason, detail }) => `${reason}: ${detail}`).join('; ') };
}
