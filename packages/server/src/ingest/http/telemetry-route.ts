import type { IncomingMessage } from 'node:http';
import { gaitDecoder } from '../gait.ts';
import { functionKey, functionOfReference, type Place } from '../identity.ts';
import { lambdaLogsDecoder } from '../lambda-logs.ts';
import { DocumentFraming } from '../reader/documents.ts';
import { triggerEventDecoder } from '../trigger-event.ts';
import { bearerOf, headerOf } from './admission.ts';
import { decodeRecords } from './cut.ts';
import { statusOf, summaryOf } from './events-route.ts';
import { arrayIn, jsonGroups } from './groups.ts';
import { decodeWrapped, type Incoming } from './intake.ts';
import { GROUP_BYTES, NAME_CHARS_MAX } from './limits.ts';
import { Refusal } from './refusal.ts';
import { type IngestRoute, json, refusedJson } from './route.ts';
import type { Voice } from './voice.ts';

/**
 * `POST /v1/telemetry`: what Lambda's Telemetry API hands to an extension, as it is: arrays of `{time, type, record}`, all
 * of one function. `Gait-Function` names it (key, ARN or name), unless the token speaks for only one; `Gait-Log-Stream`
 * names the sandbox. Answers like `/v1/events`.
 */
export function telemetryRoute(): IngestRoute {
  const decoder = lambdaLogsDecoder(gaitDecoder(), triggerEventDecoder);
  return {
    route: 'telemetry',
    path: '/v1/telemetry',
    presented: bearerOf,
    async handle(incoming, intake) {
      const logStream = named(incoming.request, 'gait-log-stream');
      const taken = await intake.take(incoming, async (work) => {
        const { body, context, slice, voice } = work;
        const { defaults } = context();
        const envelopeFunction = functionOf(incoming, voice, defaults);
        const given = context({ envelopeFunction, ...(logStream === '' ? {} : { logStream }) });
        const place = body.length > GROUP_BYTES ? arrayIn(body, '') : undefined;
        const groups = place && (await jsonGroups(body, place, { groupBytes: GROUP_BYTES, slice }));
        if (groups === undefined) {
          await decodeRecords(body, { decoder, framing: new DocumentFraming(), context: given, slice });
          return;
        }
        for (const { from, to } of groups) {
          decodeWrapped(decoder, given, { before: '[', bytes: body, from, to, after: ']' });
          if (slice.isOver) await slice.pause();
        }
      });
      return json(statusOf(taken), summaryOf(taken));
    },
    refuse: (_request, refusal) => refusedJson(refusal),
  };
}

/** Key of the function that the request is of. */
function functionOf({ grant, request }: Incoming, voice: Voice, defaults: Place): string {
  const name = named(request, 'gait-function');
  const key = name === '' ? (grant.onlyFunction ?? '') : keyOf(name, voice.place(defaults));
  if (key === '') throw new Refusal('bad-request', 'Gait-Function must name the function: its key, ARN or name');
  if (!voice.isEverything && !grant.speaksFor(key))
    throw new Refusal('forbidden', 'the token does not speak for this function');
  return key;
}

function keyOf(name: string, place: Place): string {
  const parts = name.split(':');
  const isKey = !name.startsWith('arn:') && parts.length >= 4 && parts.every((part) => part !== '');
  if (!isKey) return functionOfReference(name, place)?.key ?? '';
  const [provider, account, region, ...rest] = parts;
  const of = (part: string, otherwise: string) => (part === '?' ? otherwise : part);
  return functionKey(
    {
      provider: of(provider, place.provider),
      account: of(account, place.account),
      region: of(region, place.region),
    },
    rest.join(':'),
  );
}

/** A header that names something; '' when absent. */
function named(request: IncomingMessage, header: string): string {
  const name = headerOf(request, header).trim();
  if (name.length > NAME_CHARS_MAX || !/^[\x21-\x7e]*$/.test(name)) {
    throw new Refusal('bad-request', `${header} is no name`);
  }
  return name;
}
