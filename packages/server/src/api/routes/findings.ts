import { INCIDENT_FINDINGS_MAX } from '@gait/engine/base/limits';
import { FAMILIES, INCIDENT_STATES } from '@gait/engine/event/finding';
import { z } from 'zod';
import type { Lookup } from '../../storage/store.ts';
import { ApiError } from '../codes.ts';
import { CURSOR_CHARS_MAX, page, parseCursor } from '../cursor.ts';
import { PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX } from '../limits.ts';
import { type Route, route } from '../route.ts';
import { FINDING, INCIDENT, NEXT, TIME, wholeNumber } from '../schemas.ts';

/** Filters are compared with what the store holds: longer texts are in none of it. */
const text = z.string().min(1).max(1_024);
const limit = wholeNumber(1, PAGE_ROWS_MAX).prefault(String(PAGE_ROWS_DEFAULT)).describe('rows of the page');
const cursor = z.string().max(CURSOR_CHARS_MAX).optional().describe('`next` of the page before');
/** Ids are hexadecimal; those of incidents begin with a letter. The beginning of one is enough. */
const byId = z.strictObject({
  id: z
    .string()
    .regex(/^[0-9a-z-]{1,32}$/)
    .describe('the id, or its beginning'),
});

/** Findings and incidents. */
export const FINDING_ROUTES: readonly Route[] = [
  route({
    id: 'listFindings',
    method: 'GET',
    path: '/findings',
    role: 'read',
    summary: 'Findings, newest or riskiest first.',
    query: z.strictObject({
      level: z.enum(['finding', 'watch']).default('finding').describe('`watch`: weak signals that are no findings'),
      detector: text.optional(),
      family: z.enum(FAMILIES).optional(),
      function: text.optional().describe('key of the function'),
      principal: text.optional().describe('token of who acted'),
      incident: text.optional().describe('id of the incident it is part of'),
      since: TIME.optional(),
      until: TIME.optional(),
      riskMin: z
        .string()
        .regex(/^(0(\.\d{1,6})?|1(\.0{1,6})?)$/, 'must be a number from 0 to 1')
        .transform(Number)
        .optional(),
      order: z.enum(['newest', 'riskiest']).default('newest'),
      limit,
      cursor,
    }),
    response: z.strictObject({ items: z.array(FINDING), next: NEXT }),
    handle: ({ query }, { parts }) => {
      const { since, until, cursor: at, limit: rows, ...filters } = query;
      const found = parts.store.findings({
        ...defined(filters),
        ...(since === undefined ? {} : { sinceMs: since }),
        ...(until === undefined ? {} : { untilMs: until }),
        ...(at === undefined ? {} : { after: parseCursor(at).id }),
        limit: rows + 1,
      });
      return page(found, rows, ({ id, timeMs }) => ({ id, lastMs: timeMs }));
    },
  }),
  route({
    id: 'getFinding',
    method: 'GET',
    path: '/findings/{id}',
    role: 'read',
    summary: 'One finding, with its explanation as text.',
    params: byId,
    response: z.strictObject({
      finding: FINDING,
      incident: z.string().optional().describe('id of the incident it is part of'),
      explanation: z.array(z.string()).describe('lines for people'),
    }),
    codes: ['not-found', 'ambiguous'],
    handle: ({ params }, { parts }) => {
      const finding = one(parts.store.finding(params.id), 'finding');
      const [incident] = parts.store.incidents({ finding: finding.id, limit: 1 });
      return { finding, incident: incident?.id, explanation: parts.explain(finding).split('\n') };
    },
  }),
  route({
    id: 'listIncidents',
    method: 'GET',
    path: '/incidents',
    role: 'read',
    summary: 'Incidents, those that moved last first; without those that became part of others.',
    query: z.strictObject({ state: z.enum(INCIDENT_STATES).optional(), since: TIME.optional(), limit, cursor }),
    response: z.strictObject({ items: z.array(INCIDENT), next: NEXT }),
    handle: ({ query }, { parts }) => {
      const { since, state, cursor: at, limit: rows } = query;
      const found = parts.store.incidents({
        ...defined({ state, sinceMs: since }),
        merged: false,
        ...(at === undefined ? {} : { after: parseCursor(at) }),
        limit: rows + 1,
      });
      return page(found, rows, ({ id, lastMs }) => ({ id, lastMs }));
    },
  }),
  route({
    id: 'getIncident',
    method: 'GET',
    path: '/incidents/{id}',
    role: 'read',
    summary: 'One incident with its findings, newest first.',
    params: byId,
    response: z.strictObject({ incident: INCIDENT, findings: z.array(FINDING) }),
    codes: ['not-found', 'ambiguous'],
    handle: ({ params }, { parts }) => {
      const incident = one(parts.store.incident(params.id), 'incident');
      const findings = parts.store.findings({ incident: incident.id, limit: INCIDENT_FINDINGS_MAX });
      if (incident.findings.length > 0) return { incident, findings };
      // An incident is named after the finding that opened it, which is part of the other one now.
      const [other] = parts.store.incidents({ finding: incident.id.slice(1), limit: 1 });
      return { incident: other === undefined ? incident : { ...incident, mergedInto: other.id }, findings };
    },
  }),
];

/** The one thing a look-up found. Throws `ApiError`. */
export function one<T>(found: Lookup<T>, what: string): T {
  if (found.kind === 'found') return found.value;
  if (found.kind === 'none') throw new ApiError('not-found', `There is no such ${what}.`);
  throw new ApiError('ambiguous', `This is the beginning of several: ${found.ids.join(', ')}.`);
}

/** The fields that have a value. */
function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const kept: { [K in keyof T]?: Exclude<T[K], undefined> } = {};
  for (const key in fields) {
    const value = fields[key];
    if (isDefined(value)) kept[key] = value;
  }
  return kept;
}

function isDefined<T>(value: T): value is Exclude<T, undefined> {
  return value !== undefined;
}
