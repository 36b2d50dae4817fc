import { z } from 'zod';
import { ApiError } from '../codes.ts';
import { CURSOR_CHARS_MAX, page, parseCursor } from '../cursor.ts';
import type { FunctionRow } from '../function-row.ts';
import { KEY_CHARS_MAX, PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX } from '../limits.ts';
import { type Route, route } from '../route.ts';
import { BY_KEY, COVERAGE_ROW, FUNCTION_ROW, NEXT, PROFILE, STANDING, wholeNumber } from '../schemas.ts';

const SORTS = ['key', 'invocations', 'errors', 'lastMs', 'maturity'] as const;

/** Functions, and what can be seen of them. */
export const FUNCTION_ROUTES: readonly Route[] = [
  route({
    id: 'listFunctions',
    method: 'GET',
    path: '/functions',
    role: 'read',
    summary: 'Functions, by key or by how they behave.',
    query: z.strictObject({
      search: z.string().min(1).max(KEY_CHARS_MAX).optional().describe('any part of the key; capitals do not count'),
      sort: z.enum(SORTS).default('key').describe('numbers: largest first'),
      limit: wholeNumber(1, PAGE_ROWS_MAX).prefault(String(PAGE_ROWS_DEFAULT)).describe('rows of the page'),
      cursor: z
        .string()
        .max(CURSOR_CHARS_MAX * 4)
        .optional()
        .describe('`next` of the page before'),
    }),
    response: z.strictObject({ items: z.array(FUNCTION_ROW), next: NEXT, total: z.int() }),
    handle: async ({ query }, { refreshed }) => {
      const { search = '', sort, limit, cursor } = query;
      const wanted = search.toLowerCase();
      const rows = (await refreshed.functions()).filter(({ key }) => key.toLowerCase().includes(wanted));
      const sorted = rows.toSorted((a, b) => orderOf(a, b, sort));
      const from = cursor === undefined ? 0 : behind(sorted, parseCursor(cursor), sort);
      const shown = sorted.slice(from, from + limit + 1);
      return { ...page(shown, limit, (row) => ({ id: row.key, lastMs: sortedBy(row, sort) })), total: rows.length };
    },
  }),
  route({
    id: 'getFunction',
    method: 'GET',
    path: '/functions/{id}',
    role: 'read',
    summary: 'What is normal for one function.',
    params: BY_KEY,
    response: z.strictObject({ profile: PROFILE, updatedMs: z.number() }),
    codes: ['not-found'],
    handle: async ({ params }, { refreshed }) => {
      const found = await refreshed.functionAt(params.id);
      if (found === undefined) throw new ApiError('not-found', 'There is no such function.');
      return { profile: found.content, updatedMs: found.updatedMs };
    },
  }),
  route({
    id: 'getCoverage',
    method: 'GET',
    path: '/coverage',
    role: 'read',
    summary: 'What can be seen, and what not: no finding in a dark row means no data.',
    response: z.strictObject({ items: z.array(COVERAGE_ROW) }),
    handle: async (_, { refreshed }) => ({ items: (await refreshed.coverage()).map(({ content }) => content) }),
  }),
  route({
    id: 'getStanding',
    method: 'GET',
    path: '/standing',
    role: 'read',
    summary: 'How the promises stand: the alert budget, and how honest rarities are.',
    response: STANDING,
    codes: ['not-found'],
    handle: async (_, { refreshed }) => {
      const found = await refreshed.standing();
      if (found === undefined) throw new ApiError('not-found', 'Nothing has been judged yet.');
      return found;
    },
  }),
];

type Sort = (typeof SORTS)[number];

function sortedBy(row: FunctionRow, sort: Sort): number {
  return sort === 'key' ? 0 : row[sort];
}

/** Keys go up, numbers go down; of equals, keys go up. */
function orderOf(a: FunctionRow, b: FunctionRow, sort: Sort): number {
  const byValue = sortedBy(b, sort) - sortedBy(a, sort);
  return byValue !== 0 ? byValue : a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}

/** Index of the first row behind where a page ended, as its last row was then. */
function behind(rows: readonly FunctionRow[], { id, lastMs }: { id: string; lastMs: number }, sort: Sort): number {
  const at = rows.findIndex((row) => {
    const value = sortedBy(row, sort);
    return value < lastMs || (value === lastMs && row.key > id);
  });
  return at < 0 ? rows.length : at;
}
