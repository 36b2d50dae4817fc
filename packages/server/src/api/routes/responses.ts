import { z } from 'zod';
import {
  planView,
  RESPONSE_LEASE_MINUTES,
  RESPONSE_STATES,
  responsesView,
  responseView,
} from '../../response/views.ts';
import { type ApiCode, ApiError } from '../codes.ts';
import { KEY_CHARS_MAX } from '../limits.ts';
import type { Context } from '../parts.ts';
import { type Route, route } from '../route.ts';
import { wholeNumber } from '../schemas.ts';

/** Responses in one answer unless another limit is given, and at most. */
const LISTED_DEFAULT = 100;
const LISTED_MAX = 1000;
/** Characters of an id of an incident. */
const ID_CHARS_MAX = 64;

const occasion = {
  incident: z.string().max(ID_CHARS_MAX).optional().describe('id of an incident, or its beginning'),
  function: z
    .string()
    .max(KEY_CHARS_MAX)
    .optional()
    .describe('key of the function; needed if the incident has several'),
};
const leaseMinutes = z
  .number()
  .min(RESPONSE_LEASE_MINUTES.min)
  .max(RESPONSE_LEASE_MINUTES.max)
  .optional()
  .describe('after this long it undoes itself');
const byId = z.strictObject({ id: z.string().regex(/^r[0-9a-f]{16}$/) });

/** What the request itself can be wrong about. */
const NAMED: readonly ApiCode[] = ['GAIT_RESPONSE_FUNCTION', 'GAIT_RESPONSE_ABSENT'];
/** What the provider, or the state of the function, can have against it. */
const ACTING: readonly ApiCode[] = [
  ...NAMED,
  'GAIT_RESPONSE_LEASE',
  'GAIT_RESPONSE_PROTECTED',
  'GAIT_RESPONSE_SCOPE',
  'GAIT_RESPONSE_NOTHING',
  'GAIT_RESPONSE_STATE',
  'GAIT_RESPONSE_FULL',
  'GAIT_RESPONSE_FOREIGN',
  'GAIT_RESPONSE_OBJECTION',
  'GAIT_RESPONSE_DENIED',
  'GAIT_RESPONSE_CREDENTIALS',
  'GAIT_RESPONSE_REFUSED',
  'GAIT_RESPONSE_UNVERIFIED',
  'GAIT_RESPONSE_UNREACHABLE',
];

/** Quarantine and release. An answer comes when the work is done; it is done although the client goes away. */
export const RESPONSE_ROUTES: readonly Route[] = [
  route({
    id: 'listResponses',
    method: 'GET',
    path: '/responses',
    role: 'read',
    summary: 'Quarantines, newest first.',
    query: z.strictObject({
      state: z.enum(RESPONSE_STATES).default('all').describe('`active`: those that have not ended'),
      limit: wholeNumber(1, LISTED_MAX).optional().describe(`${LISTED_DEFAULT} unless given`),
    }),
    response: responsesView,
    handle: ({ query: { state, limit = LISTED_DEFAULT } }, { parts }) => ({
      responses: parts.responses.list(state).slice(0, limit),
    }),
  }),
  route({
    id: 'getResponse',
    method: 'GET',
    path: '/responses/{id}',
    role: 'read',
    summary: 'One quarantine with its steps.',
    params: byId,
    response: responseView,
    codes: ['not-found'],
    handle: ({ params }, { parts }) => {
      const found = parts.responses.get(params.id);
      if (found === undefined) throw new ApiError('not-found', 'There is no such response.');
      return found;
    },
  }),
  route({
    id: 'planResponse',
    method: 'POST',
    path: '/responses/plan',
    role: 'respond',
    summary: 'What a quarantine would do. Nothing is done.',
    body: z.strictObject(occasion),
    response: planView,
    codes: ACTING,
    handle: ({ body }, { parts }) => parts.responses.plan(body),
  }),
  route({
    id: 'startResponse',
    method: 'POST',
    path: '/responses',
    role: 'respond',
    summary: 'Puts a function into quarantine; one that is in force already goes on and is answered.',
    body: z.strictObject({ ...occasion, leaseMinutes }),
    response: responseView,
    codes: ACTING,
    handle: ({ body }, context) => context.parts.responses.start({ ...given(body), by: who(context) }),
  }),
  route({
    id: 'extendResponse',
    method: 'POST',
    path: '/responses/{id}/extend',
    role: 'respond',
    summary: 'Sets the end of a quarantine to so many minutes from now; it never becomes earlier.',
    params: byId,
    body: z.strictObject({ leaseMinutes }),
    response: responseView,
    codes: ACTING,
    handle: ({ params, body }, context) =>
      context.parts.responses.extend({ response: params.id, by: who(context), ...given(body) }),
  }),
  route({
    id: 'releaseResponse',
    method: 'POST',
    path: '/responses/{id}/release',
    role: 'respond',
    summary: 'Ends a quarantine: fresh sandboxes, then everything as it was before.',
    params: byId,
    body: z.strictObject({
      force: z.boolean().optional().describe('although somebody else changed what was set, or something objects'),
      keepSandboxes: z.boolean().optional().describe('leave the sandboxes that ran before'),
    }),
    response: responseView,
    codes: ACTING,
    handle: ({ params, body }, context) =>
      context.parts.responses.release({ response: params.id, by: who(context), ...given(body) }),
  }),
];

function who({ grant }: Context): string {
  if (grant === undefined) throw new ApiError('unauthorized', 'A token is needed.');
  return grant.token.name;
}

/** Without fields that were not given: to leave one out and to give none are not the same. */
function given<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
