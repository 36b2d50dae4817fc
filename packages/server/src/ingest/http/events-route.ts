import { gaitDecoder } from '../gait.ts';
import { LineFraming } from '../reader/lines.ts';
import { bearerOf } from './admission.ts';
import { decodeRecords } from './cut.ts';
import type { Taken } from './intake.ts';
import { type IngestRoute, json, refusedJson } from './route.ts';

/**
 * `POST /v1/events`: records of the sensor, one a line. The content type does not matter. Answers what became of them:
 * 200 when anything was understood or nothing was sent, 400 when nothing was.
 */
export function eventsRoute(): IngestRoute {
  const decoder = gaitDecoder();
  return {
    route: 'events',
    path: '/v1/events',
    presented: bearerOf,
    async handle(incoming, intake) {
      const { onlyFunction } = incoming.grant;
      const declared = onlyFunction === undefined ? {} : { declaredFunction: onlyFunction };
      const taken = await intake.take(incoming, ({ body, context, slice }) =>
        decodeRecords(body, { decoder, framing: new LineFraming(), context: context(declared), slice }),
      );
      return json(statusOf(taken), summaryOf(taken));
    },
    refuse: (_request, refusal) => refusedJson(refusal),
  };
}

/** 400 only when there was something and none of it could be used: sending it again would not help. */
export function statusOf({ accepted, rejected }: Taken): 200 | 400 {
  return accepted === 0 && rejected > 0 ? 400 : 200;
}

/** The answer of the routes of our own. */
export function summaryOf({ accepted, rejected, told, notes }: Taken) {
  return { accepted, rejected, rejects: told, notes };
}
