import type { FastifyError, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { type Access, type Grant, ROLES, type Role } from '../access/access.ts';
import { NotTakenError } from '../runtime/service.ts';
import type { Store } from '../storage/store.ts';
import { ResponseError, type ResponseErrorCode } from './errors.ts';
import { LEASE_MINUTES_MAX, LEASE_MINUTES_MIN } from './limits.ts';
import { occasionOf } from './occasion.ts';
import type { Responder } from './responder.ts';

/** What the routes work with. */
export interface ResponseRoutesOptions {
  readonly responder: Responder;
  readonly store: Pick<Store, 'incident'>;
  readonly access: Pick<Access, 'check'>;
}

/** Bytes of a body: the longest keys and words in it take 1 KiB. */
const BODY_BYTES_MAX = 4096;
/** Responses in one answer unless another limit is given, and at most. */
const LISTED_DEFAULT = 100;
const LISTED_MAX = 1000;
/** Seconds after which a client may try again what was not taken. */
const RETRY_AFTER_S = 5;

const asked = { incident: z.string().max(64).optional(), function: z.string().max(256).optional() };
const lease = z.number().min(LEASE_MINUTES_MIN).max(LEASE_MINUTES_MAX).optional();
const planBody = z.strictObject(asked);
const startBody = z.strictObject({ ...asked, leaseMinutes: lease });
const extendBody = z.strictObject({ leaseMinutes: lease });
const releaseBody = z.strictObject({ force: z.boolean().optional(), keepSandboxes: z.boolean().optional() });
const idParams = z.object({ id: z.string().regex(/^r[0-9a-f]{16}$/) });
const listQuery = z.object({
  state: z.enum(['active', 'all']).default('all'),
  limit: z.coerce.number().int().min(1).max(LISTED_MAX).default(LISTED_DEFAULT),
});

/**
 * Quarantine and release over HTTP, below `/api/v1/responses`: looking needs the role `read`, planning and acting `respond`.
 * Failures are `{error: {code, message}}` with the codes of `RESPONSE_ERRORS`.
 */
export const responseRoutes: FastifyPluginAsync<ResponseRoutesOptions> = async (app, { responder, store, access }) => {
  app.setErrorHandler(answerFailure);
  const may = (role: Role) => ({
    bodyLimit: BODY_BYTES_MAX,
    onRequest: async (request: FastifyRequest) => {
      grantOf(access, request, role);
    },
  });
  // The token is looked up again when it acts: it may have been revoked since.
  const by = (request: FastifyRequest): string => grantOf(access, request, 'respond').token.name;

  app.post('/api/v1/responses/plan', may('respond'), (request) =>
    responder.preview(occasionOf(store, planBody.parse(request.body))),
  );
  app.post('/api/v1/responses', may('respond'), async (request, reply) => {
    const { leaseMinutes, ...what } = startBody.parse(request.body);
    const occasion = occasionOf(store, what);
    const isNew = responder.responses.activeOf(occasion.function) === undefined;
    const response = await responder.start({ ...occasion, ...defined({ leaseMinutes }), by: by(request) });
    return reply.code(isNew ? 201 : 200).send(response);
  });
  app.get('/api/v1/responses', may('read'), async (request) => {
    const { state, limit } = listQuery.parse(request.query);
    const all = state === 'active' ? responder.responses.active().reverse() : responder.responses.list();
    return { responses: all.slice(0, limit) };
  });
  app.get('/api/v1/responses/:id', may('read'), async (request) => {
    const { id } = idParams.parse(request.params);
    const response = responder.responses.get(id);
    if (response === undefined) throw new ResponseError('GAIT_RESPONSE_ABSENT', `There is no response ${id}.`);
    return response;
  });
  app.post('/api/v1/responses/:id/release', may('respond'), (request) => {
    const { id } = idParams.parse(request.params);
    return responder.release({ response: id, by: by(request), ...defined(releaseBody.parse(request.body ?? {})) });
  });
  app.post('/api/v1/responses/:id/extend', may('respond'), (request) => {
    const { id } = idParams.parse(request.params);
    return responder.extend({ response: id, by: by(request), ...defined(extendBody.parse(request.body ?? {})) });
  });
};

/** Refused before anything was looked at. */
class NotAllowedError extends Error {
  override readonly name = 'NotAllowedError';
  readonly status: 401 | 403;
  constructor(status: 401 | 403, message: string) {
    super(message);
    this.status = status;
  }
}

function grantOf(access: Pick<Access, 'check'>, request: FastifyRequest, role: Role): Grant {
  const [, token] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
  const grant = access.check(token);
  // The same words whatever the reason: they would help only somebody who tries tokens.
  if ('refused' in grant) throw new NotAllowedError(401, 'A valid token is needed: Authorization: Bearer TOKEN.');
  const has = grant.token.role;
  const isEnough = has !== 'ingest' && ROLES.indexOf(has) >= ROLES.indexOf(role);
  if (!isEnough) throw new NotAllowedError(403, `The token has the role ${has}; this needs ${role}.`);
  return grant;
}

const STATUS: { readonly [Code in ResponseErrorCode]: number } = {
  GAIT_RESPONSE_FUNCTION: 400,
  GAIT_RESPONSE_LEASE: 400,
  GAIT_RESPONSE_PROTECTED: 403,
  GAIT_RESPONSE_SCOPE: 403,
  GAIT_RESPONSE_ABSENT: 404,
  GAIT_RESPONSE_NOTHING: 409,
  GAIT_RESPONSE_STATE: 409,
  GAIT_RESPONSE_FOREIGN: 409,
  GAIT_RESPONSE_OBJECTION: 409,
  GAIT_RESPONSE_FULL: 409,
  GAIT_RESPONSE_DENIED: 502,
  GAIT_RESPONSE_CREDENTIALS: 502,
  GAIT_RESPONSE_REFUSED: 502,
  GAIT_RESPONSE_UNVERIFIED: 502,
  GAIT_RESPONSE_SERVER: 502,
  GAIT_RESPONSE_UNREACHABLE: 504,
};

function answerFailure(error: FastifyError | Error, _: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (error instanceof NotAllowedError) {
    if (error.status === 401) reply.header('www-authenticate', 'Bearer');
    return problem(reply, error.status, {
      code: error.status === 401 ? 'not-known' : 'not-allowed',
      message: error.message,
    });
  }
  if (error instanceof ResponseError) return problem(reply, STATUS[error.code], error);
  if (error instanceof NotTakenError) {
    const message = `Nothing can be recorded just now (${error.reason}), so nothing is done.`;
    return problem(reply.header('retry-after', String(RETRY_AFTER_S)), 503, { code: 'not-taken', message });
  }
  if (error instanceof z.ZodError) {
    const message = error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`).join('; ');
    return problem(reply, 400, { code: 'bad-request', message });
  }
  if ('statusCode' in error && error.statusCode !== undefined && error.statusCode < 500) {
    return problem(reply, error.statusCode, { code: 'bad-request', message: error.message });
  }
  // Not expected: for the server's own log, not for whoever asked.
  throw error;
}

function problem(reply: FastifyReply, status: number, error: { code: string; message: string }): FastifyReply {
  return reply.code(status).send({ error: { code: error.code, message: error.message } });
}

/** Without fields that were not given: to leave one out and to give none are not the same. */
function defined<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
