import { z } from 'zod';
import { RECORDS_PER_SECOND_DEFAULT, ROLES } from '../../access/access.ts';
import { ApiError } from '../codes.ts';
import { type Route, route } from '../route.ts';
import { HEALTH, TOKEN } from '../schemas.ts';

/** How the service is, and who may come in. */
export const SERVICE_ROUTES: readonly Route[] = [
  route({
    id: 'getHealth',
    method: 'GET',
    path: '/health',
    role: 'read',
    summary: 'How the service is.',
    response: HEALTH,
    handle: (_, { parts }) => {
      const health: z.output<typeof HEALTH> = { version: parts.version, ...parts.service.status() };
      return health;
    },
  }),
  route({
    id: 'listTokens',
    method: 'GET',
    path: '/tokens',
    role: 'admin',
    summary: 'All tokens, oldest first, those no longer valid included.',
    response: z.strictObject({ items: z.array(TOKEN) }),
    handle: (_, { parts }) => ({ items: parts.access.list() }),
  }),
  route({
    id: 'createToken',
    method: 'POST',
    path: '/tokens',
    role: 'admin',
    summary: 'Makes a token. It is shown in the answer and kept nowhere.',
    body: z.strictObject({
      name: z.string(),
      role: z.enum(ROLES),
      functions: z.array(z.string()).default([]),
      recordsPerSecond: z.number().default(RECORDS_PER_SECOND_DEFAULT),
      expiresMs: z.int().optional(),
    }),
    response: z.strictObject({ token: TOKEN, secret: z.string() }),
    status: 201,
    codes: ['conflict'],
    handle: ({ body: { expiresMs, ...asked } }, { parts }) => {
      const { record, secret } = parts.access.create(expiresMs === undefined ? asked : { ...asked, expiresMs });
      return { token: record, secret };
    },
  }),
  route({
    id: 'revokeToken',
    method: 'DELETE',
    path: '/tokens/{id}',
    role: 'admin',
    summary: 'Revokes a token at once.',
    params: z.strictObject({ id: z.string().regex(/^[0-9a-f]{12}$/) }),
    response: z.strictObject({ id: z.string() }),
    codes: ['not-found'],
    handle: ({ params }, { parts }) => {
      if (!parts.access.revoke(params.id)) throw new ApiError('not-found', 'There is no such token.');
      return { id: params.id };
    },
  }),
];
