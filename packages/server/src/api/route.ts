import { z } from 'zod';
import type { Role } from '../access/access.ts';
import { type ApiCode, ApiError } from './codes.ts';
import type { Context } from './parts.ts';

/** What a route takes and gives. `path` is written as in OpenAPI, `/findings/{id}`, below `/api/v1`. */
interface Definition<P extends z.ZodObject, Q extends z.ZodObject, B extends z.ZodObject> {
  readonly id: string;
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly role: Exclude<Role, 'ingest'>;
  readonly summary: string;
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly status?: 200 | 201;
  readonly response: z.ZodType;
  /** Codes beside those that every route may answer. */
  readonly codes?: readonly ApiCode[];
  handle(
    request: { readonly params: z.output<P>; readonly query: z.output<Q>; readonly body: z.output<B> },
    context: Context,
  ): unknown;
}

/** A request as it came, not looked at yet. */
export interface RawRequest {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

/** One row of the table that both the server and its document are made from. */
export interface Route extends Omit<Definition<z.ZodObject, z.ZodObject, z.ZodObject>, 'handle'> {
  readonly status: 200 | 201;
  readonly codes: readonly ApiCode[];
  /** Checks a request and handles it. Throws `ApiError` and what the parts throw. */
  answer(raw: RawRequest, context: Context): unknown;
}

const NOTHING = z.strictObject({});

/** Makes a row of the table from what a route takes, gives and does. */
export function route<
  P extends z.ZodObject = typeof NOTHING,
  Q extends z.ZodObject = typeof NOTHING,
  B extends z.ZodObject = typeof NOTHING,
>(definition: Definition<P, Q, B>): Route {
  const { handle, params, query, body, ...rest } = definition;
  return {
    ...rest,
    ...(params === undefined ? {} : { params }),
    ...(query === undefined ? {} : { query }),
    ...(body === undefined ? {} : { body }),
    status: rest.status ?? 200,
    codes: rest.codes ?? [],
    answer: (raw, context) => {
      const request = {
        params: checked(params, raw.params, 'path'),
        query: checked(query, raw.query, 'query'),
        body: checked(body, raw.body, 'body'),
      };
      return handle(request, context);
    },
  };
}

/** Checks one part of a request; where nothing is expected, nothing may be there, but for a body nobody reads. */
function checked<S extends z.ZodObject>(schema: S | undefined, value: unknown, part: string): z.output<S> {
  const expected: z.ZodObject = schema ?? NOTHING;
  const given = schema === undefined && part === 'body' ? {} : (value ?? {});
  const result = expected.safeParse(given);
  if (result.success) return outputOf<S>(result.data);
  const problems = result.error.issues.map((issue) => problemOf(issue, part));
  throw new ApiError('invalid', problems.join(' '));
}

/** What a schema let through has the type it says. */
function outputOf<S extends z.ZodObject>(value: unknown): z.output<S> {
  return value as z.output<S>;
}

function problemOf(issue: z.core.$ZodIssue, part: string): string {
  const place = [part, ...issue.path.map(String)].join('.');
  return `${place}: ${issue.message}${issue.message.endsWith('.') ? '' : '.'}`;
}
