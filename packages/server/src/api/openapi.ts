import { z } from 'zod';
import { API_CODES, type ApiCode } from './codes.ts';
import type { Route } from './route.ts';
import { ERROR } from './schemas.ts';
import { API_PREFIX } from './table.ts';

/** Codes every route with a token may answer. */
const ALWAYS: readonly ApiCode[] = ['unauthorized', 'forbidden', 'invalid', 'rate-limited', 'failed', 'unavailable'];
/** Codes of a request with a body. */
const WITH_BODY: readonly ApiCode[] = ['malformed', 'too-large', 'not-json'];

type JsonObject = Readonly<Record<string, unknown>>;

/** The OpenAPI 3.1 document of the routes, made from the same schemas that check requests. */
export function openApiDocument(routes: readonly Route[], version: string): JsonObject {
  const schemas: Record<string, unknown> = {};
  const paths: Record<string, Record<string, unknown>> = { ...publicPaths(schemas), ...eventsPath(schemas) };
  for (const route of routes) {
    const path = `${API_PREFIX}${route.path}`;
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operationOf(route, schemas) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Gait',
      version,
      description: 'What the running service found, what it learned, and what people decide. Times are ms since 1970.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'A token of `gait token create`.' } },
      schemas,
    },
  };
}

function operationOf(route: Route, schemas: Record<string, unknown>): JsonObject {
  const codes = [...ALWAYS, ...(route.body === undefined ? [] : WITH_BODY), ...route.codes];
  return {
    operationId: route.id,
    summary: route.summary,
    description: `Role ${route.role}.`,
    parameters: [...parametersOf(route.params, 'path'), ...parametersOf(route.query, 'query')],
    ...(route.body === undefined
      ? {}
      : { requestBody: { required: true, content: jsonOf(route.body, { io: 'input', schemas }) } }),
    responses: {
      [route.status]: { description: 'Done.', content: jsonOf(route.response, { io: 'output', schemas }) },
      ...errorsOf(codes, schemas),
    },
  };
}

function parametersOf(schema: z.ZodObject | undefined, place: 'path' | 'query'): readonly JsonObject[] {
  const object = schema === undefined ? undefined : z.toJSONSchema(schema, { io: 'input' });
  const needed = object?.required ?? [];
  const properties = object?.properties ?? {};
  return Object.entries(properties).map(([name, one]) => {
    const { description, ...rest }: JsonObject = typeof one === 'object' && one !== null ? { ...one } : {};
    const parameter = { name, in: place, required: needed.includes(name), schema: rest };
    return description === undefined ? parameter : { ...parameter, description };
  });
}

/** Errors by status; several codes may share one. */
function errorsOf(codes: readonly ApiCode[], schemas: Record<string, unknown>): JsonObject {
  const responses: Record<string, unknown> = {};
  for (const status of new Set(codes.map((code) => API_CODES[code]))) {
    const those = codes.filter((code) => API_CODES[code] === status);
    const description = those.map((code) => `\`${code}\``).join(' or ');
    responses[status] = { description, content: jsonOf(ERROR, { io: 'output', schemas }) };
  }
  return responses;
}

/** JSON of a schema; what has a name of its own goes among the components. */
function jsonOf(
  schema: z.ZodType,
  { io, schemas }: { readonly io: 'input' | 'output'; readonly schemas: Record<string, unknown> },
): JsonObject {
  // Inside another one, a schema with a name becomes a definition that is referred to instead of standing there itself.
  const { $defs = {}, properties = {} } = z.toJSONSchema(z.strictObject({ it: schema }), { io });
  for (const [name, { id: _, ...definition }] of Object.entries($defs)) schemas[name] = moved(definition);
  return { 'application/json': { schema: moved(properties['it']) } };
}

/** References lead to the components of the document instead of to definitions beside the schema. */
function moved(schema: unknown): unknown {
  return JSON.parse(JSON.stringify(schema).replaceAll('"$ref":"#/$defs/', '"$ref":"#/components/schemas/'));
}

function publicPaths(schemas: Record<string, unknown>): Record<string, Record<string, unknown>> {
  const ready = z.strictObject({ ready: z.boolean(), reason: z.string().optional(), lagMs: z.number() });
  const alive = z.strictObject({ alive: z.literal(true) });
  const answer = (description: string, schema: z.ZodType) => ({
    description,
    content: jsonOf(schema, { io: 'output', schemas }),
  });
  const open = { security: [] };
  return {
    '/healthz': {
      get: {
        ...open,
        operationId: 'getAlive',
        summary: 'The process answers.',
        responses: { 200: answer('It does.', alive) },
      },
    },
    '/readyz': {
      get: {
        ...open,
        operationId: 'getReady',
        summary: 'Whether the engine keeps up.',
        responses: { 200: answer('It does.', ready), 503: answer('It does not, and why.', ready) },
      },
    },
    '/metrics': {
      get: {
        operationId: 'getMetrics',
        summary: 'Metrics in the text format of Prometheus. Role read.',
        responses: {
          200: { description: 'Version 0.0.4.', content: { 'text/plain': { schema: { type: 'string' } } } },
          ...errorsOf(ALWAYS, schemas),
        },
      },
    },
    '/api/openapi.json': {
      get: {
        ...open,
        operationId: 'getDocument',
        summary: 'This document.',
        responses: {
          200: { description: 'OpenAPI 3.1.', content: { 'application/json': { schema: { type: 'object' } } } },
        },
      },
    },
  };
}

function eventsPath(schemas: Record<string, unknown>): Record<string, Record<string, unknown>> {
  return {
    [`${API_PREFIX}/events`]: {
      get: {
        operationId: 'followEvents',
        summary: 'Findings, incidents and the state of the service as they come, as server-sent events. Role read.',
        parameters: [
          {
            name: 'Last-Event-ID',
            in: 'header',
            required: false,
            schema: { type: 'string', pattern: '^[0-9a-f]{16}$' },
            description: 'Id of the last finding seen: what has come since is sent first.',
          },
        ],
        responses: {
          200: { description: 'The stream.', content: { 'text/event-stream': { schema: { type: 'string' } } } },
          ...errorsOf([...ALWAYS, 'busy'], schemas),
        },
      },
    },
  };
}
