import { join } from 'node:path';
import type { z } from 'zod';
import { LogError } from '../log/log.ts';
import { openSegmentReader } from '../log/segments/segment-reader.ts';
import { printable } from '../render/printable.ts';
import { ResponseError } from '../response/errors.ts';
import { type Asked, occasionOf } from '../response/occasion.ts';
import type { ReleaseOptions } from '../response/responder.ts';
import type { Responses } from '../response/responses.ts';
import type { AppendControl } from '../response/transitions.ts';
import {
  type PlanView,
  planView,
  problemView,
  type ResponseView,
  responsesView,
  responseView,
} from '../response/views.ts';
import { openAwsResponder, type ResponderSite } from '../runtime/aws-responder.ts';
import { FOLDER } from '../runtime/folder.ts';
import { AbsentError, UsageError } from './failure.ts';
import { existingFolder, withStore, word } from './folder.ts';
import { userName } from './user-name.ts';
import { VERSION } from './version.ts';
import { withWorkspace } from './workspace.ts';

/** Options by which every command says where responses are: in a data folder, or at a server that holds it. */
export interface DeskOptions {
  readonly data?: string;
  readonly server?: string;
  readonly token?: string;
  readonly awsEndpoint?: string;
  readonly profile?: string;
  readonly inlinePolicies?: true;
  readonly protect?: readonly string[];
}

/** Where responses are planned, carried out and listed. */
export interface Desk {
  plan(asked: Asked): Promise<PlanView>;
  start(asked: Asked & { readonly leaseMinutes?: number }): Promise<ResponseView>;
  release(id: string, options: ReleaseOptions): Promise<ResponseView>;
  extend(id: string, leaseMinutes: number | undefined): Promise<ResponseView>;
  list(): Promise<readonly ResponseView[]>;
  get(id: string): Promise<ResponseView>;
  /** Goes on with what a crash interrupted; says what could not be gone on with. */
  resume(): Promise<readonly { readonly response: string; readonly error: Error }[]>;
}

/** Uses a desk: `reading` ones work beside a running server, others need the folder for themselves, or the server. */
export async function withDesk<T>(
  options: DeskOptions,
  way: 'reading' | 'acting',
  use: (desk: Desk) => Promise<T>,
): Promise<T> {
  if (options.server !== undefined) {
    assertOnlyServer(options);
    return use(serverDesk(options.server, options.token));
  }
  if (way === 'reading') return withReader(options, use);
  const folder = await existingFolder(options.data);
  try {
    return await withWorkspace(folder, {}, ({ workspace }) => {
      const append: AppendControl = async (control) => {
        // The stamp of the newest record, so that acting does not move the clock of a folder that replays the past.
        await workspace.append({ type: 'control', receivedMs: workspace.log.lastMs, control });
        return workspace.log.next - 1;
      };
      return deskOver({ log: workspace.log, store: workspace.store, append, options }).then(use);
    });
  } catch (error) {
    if (!(error instanceof LogError) || error.code !== 'GAIT_LOG_LOCKED') throw error;
    throw new AbsentError(
      `${folder} is in use by another process. If that is a server, act through it: --server URL --token TOKEN.`,
    );
  }
}

/** What a server was not told must not look as if it had been. */
function assertOnlyServer({ data, awsEndpoint, profile, inlinePolicies, protect }: DeskOptions): void {
  const given = Object.entries({ data, awsEndpoint, profile, inlinePolicies, protect }).find(
    ([, value]) => value !== undefined,
  );
  if (given === undefined) return;
  const option = `--${given[0].replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  throw new UsageError(`${option} has no meaning with --server: the server has its own configuration.`);
}

function withReader<T>(options: DeskOptions, use: (desk: Desk) => Promise<T>): Promise<T> {
  return withStore(options.data, async ({ folder, store }) => {
    const log = await openSegmentReader(join(folder, FOLDER.log));
    const append: AppendControl = () => Promise.reject(new Error('a reading desk writes nothing'));
    return use(await deskOver({ log, store, append, options }));
  });
}

interface DeskParts {
  readonly log: ResponderSite['log'];
  readonly store: Parameters<typeof occasionOf>[0];
  readonly append: AppendControl;
  readonly options: DeskOptions;
}

/** A desk of this process. Costs one pass through the log's control records. */
async function deskOver({ log, store, append, options }: DeskParts): Promise<Desk> {
  const { awsEndpoint: endpoint, profile } = options;
  const policy = { protectedFunctions: options.protect ?? [], inlinePolicies: options.inlinePolicies === true };
  const responder = await openAwsResponder({ log, append, reach: { endpoint, profile }, policy, version: VERSION });
  const { responses } = responder;
  const by = `cli:${userName()}`;
  return {
    plan: (asked) => responder.preview(occasionOf(store, asked)),
    start: ({ leaseMinutes, ...asked }) =>
      responder.start({ ...occasionOf(store, asked), by, ...(leaseMinutes === undefined ? {} : { leaseMinutes }) }),
    release: (id, how) => responder.release({ response: idOf(responses, id), by, ...how }),
    extend: (id, leaseMinutes) =>
      responder.extend({ response: idOf(responses, id), by, ...(leaseMinutes === undefined ? {} : { leaseMinutes }) }),
    list: async () => responses.list(),
    get: async (id) => present(responses.get(idOf(responses, id)), id),
    resume: () => responder.resume(by),
  };
}

/** The whole id of a response that was given by its beginning. */
function idOf(responses: Responses, asked: string): string {
  const fitting = responses.list().filter(({ id }) => asked !== '' && id.startsWith(asked));
  if (fitting.length === 1) return fitting[0].id;
  if (fitting.length === 0) throw new AbsentError(`There is no response ${printable(asked)}.`);
  const ids = fitting.slice(0, 8).map(({ id }) => id);
  throw new AbsentError(`${printable(asked)} is the beginning of several: ${ids.join(', ')}. Give more of it.`);
}

function present<T>(value: T | undefined, id: string): T {
  if (value === undefined) throw new AbsentError(`There is no response ${printable(id)}.`);
  return value;
}

/** A whole quarantine or release with all its waiting takes less, ms. */
const ANSWER_MS_MAX = 300_000;
/** Where a token is looked for that is not on the command line, where other users of the machine could read it. */
const TOKEN_VARIABLE = 'GAIT_TOKEN';

function serverDesk(server: string, given: string | undefined): Desk {
  const token = given ?? process.env[TOKEN_VARIABLE];
  if (token === undefined)
    throw new UsageError(`Give the token: --token TOKEN, or ${TOKEN_VARIABLE} in the environment.`);
  const ask = <T>(path: string, schema: z.ZodType<T>, body?: object): Promise<T> =>
    askServer(new URL(`api/v1/responses${path}`, withSlash(server)), { schema, token, body });
  return {
    plan: (asked) => ask('/plan', planView, asked),
    start: (asked) => ask('', responseView, asked),
    release: (id, how) => ask(`/${encodeURIComponent(id)}/release`, responseView, how),
    extend: (id, leaseMinutes) => ask(`/${encodeURIComponent(id)}/extend`, responseView, { leaseMinutes }),
    list: async () => (await ask('', responsesView)).responses,
    get: (id) => ask(`/${encodeURIComponent(id)}`, responseView),
    resume: () => Promise.reject(new UsageError('A server goes on by itself when it starts.')),
  };
}

async function askServer<T>(
  url: URL,
  { schema, token, body }: { schema: z.ZodType<T>; token: string; body: object | undefined },
): Promise<T> {
  const headers = {
    authorization: `Bearer ${token}`,
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
  };
  const request = body === undefined ? { method: 'GET' } : { method: 'POST', body: JSON.stringify(body) };
  let answer: Response;
  let content: unknown;
  try {
    answer = await fetch(url, { ...request, headers, redirect: 'error', signal: AbortSignal.timeout(ANSWER_MS_MAX) });
    content = await answer.json();
  } catch (cause) {
    const reason = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : String(cause);
    throw new ResponseError('GAIT_RESPONSE_SERVER', `${url.origin}: ${printable(reason)}`, { cause });
  }
  const parsed = schema.safeParse(content);
  if (answer.ok && parsed.success) return parsed.data;
  const problem = problemView.safeParse(content);
  const said = problem.success
    ? `${problem.data.error.message} [${problem.data.error.code}]`
    : `status ${answer.status}`;
  throw new ResponseError('GAIT_RESPONSE_SERVER', `${url.origin}: ${printable(said)}`);
}

/** A base URL to which a path can be added. */
function withSlash(server: string): URL {
  if (!/^https?:\/\//.test(server) || !URL.canParse(server)) {
    throw new UsageError(`${word(printable(server))} is no URL. Give one like https://gait.example:8080.`);
  }
  const url = new URL(server);
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}
