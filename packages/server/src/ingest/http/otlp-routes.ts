import type { IncomingMessage } from 'node:http';
import { otlpJsonDecoder } from '../otlp/otlp-json.ts';
import { otlpProtobufDecoder } from '../otlp/otlp-protobuf.ts';
import { bearerOf, mediaTypeOf } from './admission.ts';
import { decodeWhole, type Taken } from './intake.ts';
import { exportResponse, type OtlpType, type Signal, statusResponse } from './otlp-answer.ts';
import { Refusal } from './refusal.ts';
import { type Answer, type IngestRoute, refusedJson } from './route.ts';

/** What each signal's items are called by the decoders. */
const ITEMS = { traces: 'spans', metrics: 'metrics', logs: 'logs' } as const;

/**
 * `POST /v1/traces`, `/v1/metrics`, `/v1/logs` as OTLP/HTTP says: protobuf or JSON, the answer in the type of the
 * request, an empty request is success, what could not be used is told as partial success, and a refusal carries a
 * `google.rpc.Status`. A request is decoded in one go: a trace is judged as a whole.
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
      const taken = await intake.take(incoming, ({ body, context }) => {
        if (body.length > 0) decodeWhole(decoders[type], body, context(envelope));
      });
      if (taken.unusable !== '') throw new Refusal('bad-request', taken.unusable);
      return { status: 200, type, body: exportResponse(type, signal, partialOf(taken)) };
    },
    refuse(request, refusal): Answer {
      const type = typeOf(request);
      if (type === undefined) return refusedJson(refusal);
      return { status: refusal.status, type, body: statusResponse(type, refusal.rpcCode, refusal.message) };
    },
  };
}

function typeOf(request: IncomingMessage): OtlpType | undefined {
  const type = mediaTypeOf(request);
  return type === 'application/json' || type === 'application/x-protobuf' ? type : undefined;
}

function partialOf({ rejected, told }: Taken): { readonly rejected: number; readonly message: string } | undefined {
  if (rejected === 0) return undefined;
  return { rejected, message: told.map(({ reason, detail }) => `${reason}: ${detail}`).join('; ') };
}
