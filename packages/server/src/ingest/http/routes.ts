import type { IncomingMessage } from 'node:http';
import type { FastifyInstance, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify';
import { type Access, AccessError } from '../../access/access.ts';
import { RETRY_AFTER_SECONDS } from '../../runtime/service.ts';
import { admitted } from './admission.ts';
import { discarded } from './body.ts';
import { eventsRoute } from './events-route.ts';
import { firehoseRoute } from './firehose-route.ts';
import { Intake, type IntakeOptions } from './intake.ts';
import { otlpRoute } from './otlp-routes.ts';
import { Refusal, SenderGone } from './refusal.ts';
import type { Answer, IngestRoute } from './route.ts';
import { telemetryRoute } from './telemetry-route.ts';

/** What the ingest routes work with. */
export interface IngestOptions extends IntakeOptions {
  readonly access: Pick<Access, 'check'>;
  /** Told of failures that are neither the sender's nor expected; the sender gets 500 without a word about them. */
  readonly onFailure?: (error: unknown) => void;
}

/**
 * The routes by which telemetry comes in, as a plugin for fastify: OTLP/HTTP, the sensor's records, Lambda's Telemetry
 * API and Amazon Data Firehose. An answer of 200 says that what was accepted is durable. Tokens are checked before the
 * body is read. The plugin reads bodies by itself, within `IngestLimits`; parsers of the server it is registered in do not
 * apply.
 */
export function ingestRoutes(options: IngestOptions): FastifyPluginAsync {
  const intake = new Intake(options);
  const routes = [
    otlpRoute('traces'),
    otlpRoute('metrics'),
    otlpRoute('logs'),
    eventsRoute(),
    telemetryRoute(),
    firehoseRoute(),
  ];
  return async (server: FastifyInstance) => {
    server.removeAllContentTypeParsers();
    server.addContentTypeParser('*', (_request, _body, done) => done(null));
    for (const route of routes) {
      server.post(route.path, async (request, reply) => {
        await respond(route, { request, reply, intake, options });
        return reply;
      });
    }
  };
}

interface Exchange {
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  readonly intake: Intake;
  readonly options: IngestOptions;
}

async function respond(route: IngestRoute, { request: { raw }, reply, intake, options }: Exchange): Promise<void> {
  const { counters } = intake;
  try {
    const grant = admitted(options.access, route.presented(raw));
    const answer = await route.handle({ route: route.route, grant, request: raw }, intake);
    counters.request(route.route, answer.status);
    send(reply, answer);
  } catch (error) {
    if (error instanceof SenderGone) {
      counters.request(route.route, 'gone');
      reply.hijack();
      raw.destroy();
      return;
    }
    const refusal = refusalOf(error, options);
    counters.request(route.route, refusal.status);
    await refused(route, { raw, reply, refusal });
  }
}

function refusalOf(error: unknown, { onFailure }: IngestOptions): Refusal {
  if (error instanceof Refusal) return error;
  onFailure?.(error);
  // Senders come again after 503, and give up after 500: that tokens cannot be looked up passes.
  if (error instanceof AccessError) {
    const retryAfterMs = 1000 * RETRY_AFTER_SECONDS.busy;
    return new Refusal('not-taken', 'tokens cannot be looked up', { cause: error, retryAfterMs });
  }
  return new Refusal('failed', 'the server could not take the request', { cause: error });
}

async function refused(
  route: IngestRoute,
  { raw, reply, refusal }: { raw: IncomingMessage; reply: FastifyReply; refusal: Refusal },
): Promise<void> {
  const { code, retryAfterMs } = refusal;
  if (code === 'unauthorized') reply.header('www-authenticate', 'Bearer realm="gait"');
  if (code === 'unsupported-type') reply.header('accept-encoding', 'gzip, zstd');
  if (retryAfterMs !== undefined) reply.header('retry-after', String(Math.max(1, Math.ceil(retryAfterMs / 1000))));
  // A body that is still coming would hold up the next request on the connection.
  const isComplete = code === 'timed-out' ? false : await discarded(raw);
  if (!isComplete) reply.header('connection', 'close');
  send(reply, route.refuse(raw, refusal));
}

function send(reply: FastifyReply, { status, type, body }: Answer): void {
  const bytes = typeof body === 'string' ? Buffer.from(body) : Buffer.from(body);
  reply.code(status).header('content-type', type).send(bytes);
}
