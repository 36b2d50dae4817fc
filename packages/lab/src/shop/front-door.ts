import { Agent, request as httpRequest } from 'node:http';

/** A request that was not answered by then counts as lost: longer than the API waits for a function. */
const WAIT_MS = 20_000;

/** One request to the shop's API. */
export interface FrontDoorRequest {
  readonly method: 'GET' | 'POST';
  /** Path and query. */
  readonly path: string;
  /** Address and program of the person, as the edge in front of the API would say. */
  readonly address: string;
  readonly userAgent: string;
  readonly token?: string;
  readonly body?: { readonly type: string; readonly bytes: Buffer };
}

/** What came back. */
export interface FrontDoorAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: Buffer;
}

/** Connections to the shop's API, kept alive and shared. */
export interface FrontDoor {
  /** Rejects when there is no answer: nobody listens, the connection breaks, or it takes too long. */
  ask(request: FrontDoorRequest): Promise<FrontDoorAnswer>;
  /** Ends all connections. May be called twice. */
  close(): void;
}

/** Opens the front door at `apiUrl`; at most `connectionsMax` requests are under way, others wait. */
export function openFrontDoor(apiUrl: string, connectionsMax: number): FrontDoor {
  const agent = new Agent({ keepAlive: true, maxSockets: connectionsMax });
  const base = apiUrl.replace(/\/$/, '');
  return { ask: (one) => ask(base, agent, one), close: () => agent.destroy() };
}

/** JSON as the body of a request. */
export function jsonBody(value: unknown): { readonly type: string; readonly bytes: Buffer } {
  return { type: 'application/json', bytes: Buffer.from(JSON.stringify(value)) };
}

/** A text in a JSON answer, or undefined when it is not there. */
export function textIn(answer: FrontDoorAnswer, name: string): string | undefined {
  try {
    const value: unknown = JSON.parse(answer.body.toString('utf8'));
    if (typeof value !== 'object' || value === null) return undefined;
    const text: unknown = Object.getOwnPropertyDescriptor(value, name)?.value;
    return typeof text === 'string' ? text : undefined;
  } catch {
    return undefined;
  }
}

function ask(base: string, agent: Agent, one: FrontDoorRequest): Promise<FrontDoorAnswer> {
  const headers: Record<string, string | number> = { 'x-forwarded-for': one.address, 'user-agent': one.userAgent };
  if (one.token !== undefined) headers['authorization'] = `Bearer ${one.token}`;
  if (one.body !== undefined) {
    headers['content-type'] = one.body.type;
    headers['content-length'] = one.body.bytes.length;
  }
  const options = { method: one.method, agent, headers, signal: AbortSignal.timeout(WAIT_MS) };
  return new Promise((resolve, reject) => {
    const request = httpRequest(`${base}${one.path}`, options, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(parts) });
      });
    });
    request.on('error', reject);
    request.end(one.body?.bytes);
  });
}
