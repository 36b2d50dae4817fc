import { EngineError } from '@gait/engine/base/errors';
import { CONTROL_TEXT_CHARS_MAX, parseControl } from '@gait/engine/event/control';
import { SET_STATES } from '@gait/engine/event/finding';
import { type Control, FEEDBACK_SCOPES, SETTING_KEYS, type SettingsChange } from '@gait/engine/event/record';
import { z } from 'zod';
import { ApiError } from '../codes.ts';
import { TRAINING_MS_MAX } from '../limits.ts';
import type { Context } from '../parts.ts';
import { type Route, route } from '../route.ts';
import { RECORDED } from '../schemas.ts';
import { one } from './findings.ts';

const id = z.string().regex(/^[0-9a-z-]{1,32}$/);

/** What people decide. Each is in the log, with who decided it, before it is answered. */
export const CONTROL_ROUTES: readonly Route[] = [
  route({
    id: 'giveFeedback',
    method: 'POST',
    path: '/controls/feedback',
    role: 'respond',
    summary: 'Says that a finding was expected or malicious, or takes that back.',
    body: z.strictObject({
      finding: id,
      verdict: z.enum(['expected', 'malicious', 'undo']),
      scope: z
        .enum(FEEDBACK_SCOPES)
        .default('function')
        .describe('this function, functions of its name, or the tenant'),
    }),
    response: RECORDED,
    status: 201,
    codes: ['not-found', 'ambiguous'],
    handle: ({ body }, context) => {
      const { id: finding } = one(context.parts.store.finding(body.finding), 'finding');
      const { verdict, scope } = body;
      return recorded(context, (by) => ({ kind: 'feedback', finding, verdict, scope, by }));
    },
  }),
  route({
    id: 'setIncidentState',
    method: 'POST',
    path: '/controls/incident-state',
    role: 'respond',
    summary: 'Sets the state of an incident.',
    body: z.strictObject({ incident: id, state: z.enum(SET_STATES) }),
    response: RECORDED,
    status: 201,
    codes: ['not-found', 'ambiguous'],
    handle: ({ body }, context) => {
      const { id: incident } = one(context.parts.store.incident(body.incident), 'incident');
      return recorded(context, (by) => ({ kind: 'incident-state', incident, state: body.state, by }));
    },
  }),
  route({
    id: 'declareNormal',
    method: 'POST',
    path: '/controls/training-span',
    role: 'respond',
    summary: 'Declares a period normal: it is learned from, and nothing is reported from it.',
    body: z
      .strictObject({ fromMs: z.int().min(0), toMs: z.int().min(0) })
      .refine(({ fromMs, toMs }) => toMs > fromMs, 'toMs must be after fromMs')
      .refine(({ fromMs, toMs }) => toMs - fromMs <= TRAINING_MS_MAX, 'at most 400 days at once'),
    response: RECORDED,
    status: 201,
    handle: ({ body }, context) =>
      recorded(context, (by) => ({ kind: 'training-span', fromMs: body.fromMs, toMs: body.toMs, by })),
  }),
  route({
    id: 'changeSettings',
    method: 'POST',
    path: '/controls/settings',
    role: 'admin',
    summary: 'Changes what is judged and paged; keys that are left out stay as they are.',
    body: z.strictObject(
      Object.fromEntries(SETTING_KEYS.map((key) => [key, z.string().max(CONTROL_TEXT_CHARS_MAX).optional()])),
    ),
    response: RECORDED,
    status: 201,
    codes: ['invalid'],
    handle: ({ body }, context) => {
      const set = checkedSettings(body);
      return recorded(context, (by) => ({ kind: 'settings', set, by }));
    },
  }),
  route({
    id: 'erasePerson',
    method: 'POST',
    path: '/controls/erasure',
    role: 'admin',
    summary: 'Forgets a person: who is behind the token, and what was learned of them.',
    body: z.strictObject({ principal: z.string().min(1).max(CONTROL_TEXT_CHARS_MAX) }),
    response: RECORDED.extend({ known: z.boolean().describe('somebody was known by the token') }).meta({
      id: 'Erased',
    }),
    status: 201,
    handle: async ({ body: { principal } }, context) => {
      // Who is behind the token goes first: should the rest fail, asking again does it, and the person is not known longer.
      const known = context.parts.forget(principal);
      return { ...(await recorded(context, (by) => ({ kind: 'erasure', principal, by }))), known };
    },
  }),
];

/** Settings whose values are what their keys take. */
function checkedSettings(set: object): SettingsChange['set'] {
  try {
    const control = parseControl({ kind: 'settings', set, by: 'check' });
    return control.kind === 'settings' ? control.set : {};
  } catch (error) {
    if (error instanceof EngineError) throw new ApiError('invalid', error.detail);
    throw error;
  }
}

/** Appends a decision under the name of whoever made it; answers when it is durable. */
async function recorded({ parts, grant }: Context, control: (by: string) => Control): Promise<{ ordinal: number }> {
  if (grant === undefined) throw new ApiError('unauthorized', 'A token is needed.');
  return { ordinal: await parts.service.control(control(grant.token.name)) };
}
