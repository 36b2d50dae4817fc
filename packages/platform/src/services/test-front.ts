/**
 * A real HTTP front for tests of the services: takes service and key from the header of the signature without verifying
 * it, asks a gate that the test controls, and answers what the service answers.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ApiCall, AwsRequest, AwsResponse, AwsService, Gate } from '../contract.ts';

/** Account and region of the services under test. */
export const ACCOUNT = '123456789012';
export const REGION = 'eu-west-1';

/** What the gate was told of one call. */
export interface Recorded extends ApiCall {
  readonly errorCode?: string;
  readonly responseElements?: unknown;
  readonly additionalEventData?: Readonly<Record<string, unknown>>;
}

/** A gate that allows everything but what `deny` names, and keeps what it was asked and told. */
export class TestGate implements Gate {
  readonly asked: ApiCall[] = [];
  readonly recorded: Recorded[] = [];
  deny: (call: ApiCall) => boolean = () => false;

  admit(_request: AwsRequest, call: ApiCall): { allowed: true } | { allowed: false; message: string } {
    this.asked.push(call);
    return this.deny(call) ? { allowed: false, message: `not allowed: ${call.action}` } : { allowed: true };
  }

  record(_request: AwsRequest, call: ApiCall, outcome: Parameters<Gate['record']>[2]): void {
    this.recorded.push({
      ...call,
      ...(outcome.error === undefined ? {} : { errorCode: outcome.error.code }),
      ...(outcome.responseElements === undefined ? {} : { responseElements: outcome.responseElements }),
      ...(outcome.additionalEventData === undefined ? {} : { additionalEventData: outcome.additionalEventData }),
    });
  }
}

/** Serves services on a port of 127.0.0.1 until it is closed. */
export class TestFront {
  readonly #services: readonly AwsService[];
  readonly #server: Server;

  private constructor(services: readonly AwsService[]) {
    this.#services = services;
    this.#server = createServer((request, response) => {
      this.#answer(request, response).catch((error: unknown) => {
        response.writeHead(500).end(String(error));
      });
    });
  }

  static async open(...services: readonly AwsService[]): Promise<TestFront> {
    const front = new TestFront(services);
    await new Promise<void>((resolve) => front.#server.listen(0, '127.0.0.1', resolve));
    return front;
  }

  get port(): number {
    const address: AddressInfo | string | null = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('not listening');
    return address.port;
  }

  /** What every SDK client of a test needs. */
  client(endpoint = `http://127.0.0.1:${this.port}`): {
    region: string;
    endpoint: string;
    maxAttempts: number;
    credentials: { accessKeyId: string; secretAccessKey: string };
  } {
    return {
      region: REGION,
      endpoint,
      maxAttempts: 1,
      credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' },
    };
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const request = await readRequest(incoming);
    const service = this.#services.find((one) => one.signingNames.includes(request.service));
    if (service === undefined) {
      outgoing.writeHead(404).end();
      return;
    }
    const answer: AwsResponse = await service.handle(request);
    const body = Buffer.from(answer.body);
    outgoing.writeHead(answer.status, {
      'content-length': body.length,
      'x-amzn-requestid': request.requestId,
      ...answer.headers,
    });
    outgoing.end(body);
  }
}

async function readRequest(incoming: IncomingMessage): Promise<AwsRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(incoming.headers)) headers[name] = String(value);
  const scope = /Credential=([^/]+)\/\d+\/([^/]+)\/([^/]+)\//.exec(headers['authorization'] ?? '');
  const [path, query] = (incoming.url ?? '/').split(/\?(.*)/s);
  return {
    caller: {
      accountId: ACCOUNT,
      arn: `arn:aws:sts::${ACCOUNT}:assumed-role/orders-role/orders`,
      roleName: 'orders-role',
      roleArn: `arn:aws:iam::${ACCOUNT}:role/orders-role`,
      sessionName: 'orders',
      accessKeyId: scope?.[1] ?? '',
    },
    service: scope?.[3] ?? '',
    region: scope?.[2] ?? '',
    method: incoming.method ?? '',
    path: path ?? '/',
    query: new URLSearchParams(query ?? ''),
    headers,
    body: Buffer.concat(chunks),
    sourceIp: '127.0.0.1',
    requestId: randomUUID(),
  };
}
