import type { TestContext } from 'node:test';
import type { Batch } from '@gait/engine/event/batch';
import fastify from 'fastify';
import type { Access, Grant, Refused, TokenRecord } from '../../access/access.ts';
import { Workspace } from '../../runtime/workspace.ts';
import { type DecodedRow, rowsOf } from '../decoder.contract.ts';
import { IngestCounters } from './counters.ts';
import { type IngestOptions, ingestRoutes } from './routes.ts';

export const ACCOUNT = '123456789012';
export const PAY = `aws:${ACCOUNT}:eu-west-1:pay`;
/** Arrival of everything that tests send. */
export const NOW_MS = Date.UTC(2026, 0, 31, 12, 0, 30);

/** Tokens of the tests by what they present. */
const TOKENS: Readonly<Record<string, Partial<TokenRecord>>> = {
  all: { functions: ['*:*:*:*'] },
  account: { functions: [`aws:${ACCOUNT}:*:*`] },
  pay: { functions: [PAY] },
  two: { functions: [PAY, `aws:${ACCOUNT}:eu-west-1:ship`] },
  reader: { role: 'read' },
  administrator: { role: 'admin' },
  slow: { functions: [PAY], recordsPerSecond: 1 },
};

/** A server that takes telemetry into a real log with a real engine behind it. */
export interface IngestServer {
  readonly url: string;
  readonly port: number;
  readonly counters: IngestCounters;
  /** What became unexpected. */
  readonly failures: readonly unknown[];
  /** Sends a body with a token of `TOKENS`. */
  post(path: string, body: Sent, headers?: Readonly<Record<string, string>>, token?: string): Promise<Response>;
  /** Rows in the log, in order. */
  rows(): Promise<readonly DecodedRow[]>;
}

/** What `fetch` takes as a body, here. */
export type Sent = string | Uint8Array<ArrayBuffer> | undefined;

/** Starts one; it ends with the test. `append` may stand in front of the log. */
export async function ingestServer(
  test: Pick<TestContext, 'after'>,
  options: Partial<IngestOptions> & { readonly append?: (batch: Batch) => Promise<void> } = {},
): Promise<IngestServer> {
  const workspace = await Workspace.open(undefined, { seed: [1, 2] });
  const counters = new IngestCounters();
  const failures: unknown[] = [];
  let last = Promise.resolve();
  const append = (batch: Batch) => {
    // The workspace takes one record at a time.
    last = last.catch(() => undefined).then(() => workspace.append({ type: 'observation', batch }));
    return last;
  };
  const server = fastify({ forceCloseConnections: true });
  server.register(
    ingestRoutes({
      service: { append: options.append ?? append },
      access: testAccess,
      tokens: workspace.tokens,
      defaults: { provider: 'aws', account: '?', region: 'eu-west-1' },
      counters,
      now: () => NOW_MS,
      onFailure: (error) => failures.push(error),
      ...options,
    }),
  );
  const url = await server.listen({ host: '127.0.0.1', port: 0 });
  test.after(async () => {
    await server.close();
    await workspace.close();
  });
  return {
    url,
    port: Number(new URL(url).port),
    counters,
    failures,
    post: (path, body, headers = {}, token = 'account') =>
      fetch(url + path, {
        method: 'POST',
        body: body ?? null,
        headers: { authorization: `Bearer ${token}`, ...headers },
      }),
    rows: async () => {
      const rows: DecodedRow[] = [];
      for await (const { record } of workspace.log.read(0)) {
        if (record.type === 'observation') rows.push(...rowsOf(record.batch));
      }
      return rows;
    },
  };
}

/** Tokens as the contract says, without their storage. */
const testAccess: Pick<Access, 'check'> = {
  check(presented): Grant | { readonly refused: Refused } {
    const fields = presented === undefined ? undefined : TOKENS[presented];
    if (fields === undefined) return { refused: presented === undefined ? 'absent' : 'unknown' };
    const token: TokenRecord = {
      id: `id-${presented}`,
      name: `${presented} token`,
      role: 'ingest',
      functions: [],
      recordsPerSecond: 1_000_000,
      createdMs: 0,
      ...fields,
    };
    const [only, ...others] = token.functions;
    const patterns = token.functions.map((pattern) => new RegExp(`^${pattern.replaceAll('*', '.*')}$`));
    return {
      token,
      speaksFor: (key) => patterns.some((pattern) => pattern.test(key)),
      onlyFunction: only !== undefined && others.length === 0 && !only.includes('*') ? only : undefined,
      take: (records) => (records <= 2 * token.recordsPerSecond ? { ok: true } : { ok: false, retryAfterMs: 1500 }),
    };
  },
};

/** Everything that answers of the ingest may hold. */
export interface Answered {
  readonly accepted: number;
  readonly rejected: number;
  readonly rejects: readonly { readonly line: number; readonly reason: string; readonly detail: string }[];
  readonly notes: Readonly<Record<string, number>>;
  readonly partialSuccess: { readonly rejectedSpans: string; readonly errorMessage: string };
  readonly code: number;
  readonly message: string;
  readonly requestId: string;
  readonly timestamp: number;
  readonly errorMessage: string;
}

/** An answer in JSON. What it does not hold is undefined. */
export async function answered(answer: Response): Promise<Answered> {
  const value: Answered = JSON.parse(await answer.text());
  return value;
}
