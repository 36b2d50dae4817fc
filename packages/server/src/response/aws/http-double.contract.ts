import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import { ResponseError } from '../errors.ts';
import { MemoryCloud, type MemoryFunction } from '../memory-cloud.contract.ts';

/** A request as the double saw it. */
export interface SeenRequest {
  readonly action: string;
  readonly userAgent: string;
}

/** How an error is answered. */
interface Refusal {
  readonly status: number;
  readonly name: string;
  readonly message: string;
}

/** An answer in place of the usual one: an error, or none at all. */
export type Trouble = Refusal | 'silence' | 'reset';

/** Answers the real SDK over HTTP as Lambda (REST, JSON) and IAM (Query, XML) do, for the operations that responses use. */
export class AwsDouble {
  readonly cloud = new MemoryCloud();
  readonly seen: SeenRequest[] = [];
  /** Actions answered otherwise, as often as said. */
  readonly trouble = new Map<string, { left: number; with: Trouble }>();
  /** Told of every request. */
  onRequest: (action: string) => void = () => undefined;
  /** Readings for which a function is still being updated after an update. */
  updating = 0;
  /** How updates end. */
  updateStatus = 'Successful';
  endpoint = '';
  #left = 0;

  /** Listens on a free port until the test ends. */
  static async start(test: TestContext): Promise<AwsDouble> {
    const double = new AwsDouble();
    const server = createServer((request, response) => void double.#answer(request, response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    double.endpoint = `http://127.0.0.1:${port}`;
    test.after(() => {
      server.closeAllConnections();
      server.close();
    });
    return double;
  }

  actions(): string[] {
    return this.seen.map(({ action }) => action);
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    const url = new URL(request.url ?? '/', this.endpoint);
    const isIam = request.method === 'POST' && url.pathname === '/';
    const form = new URLSearchParams(isIam ? body : '');
    const route = isIam ? undefined : routeOf(request.method ?? '', url.pathname);
    const action = isIam ? `iam:${form.get('Action')}` : `lambda:${route?.operation ?? 'unknown'}`;
    this.seen.push({ action, userAgent: String(request.headers['user-agent']) });
    this.onRequest(action);
    const send = isIam ? sendXml : sendJson;
    try {
      if (this.#isTroubled(action, request)) return;
      if (this.cloud.denied.has(action))
        throw refused(403, 'AccessDeniedException', `not authorized to perform: ${action}`);
      const answer = isIam ? this.#iam(form) : this.#lambda(route, url, body);
      send(response, { status: answer === undefined ? 204 : 200, action, answer });
    } catch (error) {
      send(response, { ...refusalOf(error, isIam), action, answer: undefined });
    }
  }

  /** True when the request gets no answer. */
  #isTroubled(action: string, request: IncomingMessage): boolean {
    const trouble = this.trouble.get(action);
    if (trouble === undefined || trouble.left-- <= 0) return false;
    if (trouble.with === 'silence') return true;
    if (trouble.with === 'reset') {
      request.socket.destroy();
      return true;
    }
    throw trouble.with;
  }

  #lambda(route: Route | undefined, url: URL, body: string): unknown {
    const { cloud } = this;
    const { operation = '', id = '' } = route ?? {};
    const sent = body === '' ? {} : JSON.parse(body);
    switch (operation) {
      case 'GetFunctionConfiguration':
        return this.#configuration(cloud.function(id));
      case 'UpdateFunctionConfiguration':
        cloud.set({ kind: 'description', functionName: id }, sent.Description);
        this.#left = this.updating;
        return this.#configuration(cloud.function(id));
      case 'ListFunctions':
        return { Functions: [...cloud.functions.values()].map((one) => this.#configuration(one)) };
      case 'ListVersionsByFunction':
        return this.#versions(cloud.function(id), url);
      case 'PublishVersion':
        return { Version: cloud.publish(id, sent.CodeSha256).slice('version '.length), CodeSha256: sent.CodeSha256 };
      case 'ListAliases':
        return {
          Aliases: cloud.function(id).aliases.map(({ name, version }) => ({ Name: name, FunctionVersion: version })),
        };
      case 'GetFunctionConcurrency': {
        const { concurrency } = cloud.function(id);
        return concurrency === null ? {} : { ReservedConcurrentExecutions: Number(concurrency) };
      }
      case 'PutFunctionConcurrency':
        cloud.function(id).concurrency = String(sent.ReservedConcurrentExecutions);
        return sent;
      case 'DeleteFunctionConcurrency':
        cloud.function(id).concurrency = null;
        return undefined;
      default:
        return this.#lambdaRest(operation, { id, url, sent });
    }
  }

  #lambdaRest(operation: string, asked: { id: string; url: URL; sent: Record<string, unknown> }): unknown {
    const { cloud } = this;
    const { id, url, sent } = asked;
    switch (operation) {
      case 'GetPolicy':
        return { Policy: policyOf(cloud.function(id)) };
      case 'GetFunctionUrlConfig': {
        const { urlAuthType } = cloud.function(id);
        if (urlAuthType === '') throw refused(404, 'ResourceNotFoundException', 'no URL');
        return { AuthType: urlAuthType };
      }
      case 'GetFunctionEventInvokeConfig': {
        const { onFailureArn } = cloud.function(id);
        if (onFailureArn === '') throw refused(404, 'ResourceNotFoundException', 'no configuration');
        return { DestinationConfig: { OnFailure: { Destination: onFailureArn } } };
      }
      case 'ListTags':
        return { Tags: { ...cloud.function(nameOf(id)).tags, 'aws:cloudformation:stack-name': 'shop' } };
      case 'TagResource':
        Object.assign(cloud.function(nameOf(id)).tags, sent['Tags']);
        return undefined;
      case 'UntagResource':
        for (const key of url.searchParams.getAll('tagKeys')) delete cloud.function(nameOf(id)).tags[key];
        return undefined;
      case 'ListEventSourceMappings': {
        const all = [...cloud.mappings.values()].filter(
          (one) => one.functionName === url.searchParams.get('FunctionName'),
        );
        return { EventSourceMappings: all.map(({ uuid }) => this.#mapping(uuid)) };
      }
      case 'GetEventSourceMapping':
        return this.#mapping(id);
      case 'UpdateEventSourceMapping':
        cloud.set({ kind: 'mapping', uuid: id }, sent['Enabled'] === true ? 'enabled' : 'disabled');
        return this.#mapping(id);
      default:
        throw refused(404, 'UnknownOperationException', operation);
    }
  }

  #iam(form: URLSearchParams): unknown {
    const { cloud } = this;
    const asked = (name: string): string => form.get(name) ?? '';
    const roleName = asked('RoleName');
    const attached = { kind: 'attached-policy', roleName, policyArn: asked('PolicyArn') } as const;
    const inline = { kind: 'role-policy', roleName, policyName: asked('PolicyName') } as const;
    switch (asked('Action')) {
      case 'AttachRolePolicy':
        return cloud.set(attached, 'attached');
      case 'DetachRolePolicy':
        if (cloud.get(attached) === null) throw refused(404, 'NoSuchEntity', 'Policy was not found.');
        return cloud.set(attached, null);
      case 'PutRolePolicy':
        return cloud.set(inline, asked('PolicyDocument'));
      case 'DeleteRolePolicy':
        present(cloud.get(inline), `The role policy with name ${inline.policyName} cannot be found.`);
        return cloud.set(inline, null);
      case 'GetRolePolicy': {
        const document = present(cloud.get(inline), `The role policy with name ${inline.policyName} cannot be found.`);
        return `<PolicyDocument>${encodeURIComponent(document)}</PolicyDocument>`;
      }
      case 'ListRolePolicies': {
        const names = Object.keys(cloud.role(roleName).inline);
        return `<PolicyNames>${names.map((name) => `<member>${name}</member>`).join('')}</PolicyNames>`;
      }
      case 'ListAttachedRolePolicies':
        return listAttached(cloud.role(roleName).attached, asked('Marker'));
      case 'GetPolicy':
        present(cloud.managedPolicies.get(attached.policyArn), `Policy ${attached.policyArn} was not found.`);
        return '<Policy><DefaultVersionId>v2</DefaultVersionId></Policy>';
      case 'GetPolicyVersion': {
        const document = present(cloud.managedPolicies.get(attached.policyArn), 'No such policy.');
        return `<PolicyVersion><Document>${encodeURIComponent(document)}</Document></PolicyVersion>`;
      }
      default:
        throw refused(400, 'InvalidAction', asked('Action'));
    }
  }

  #configuration(one: MemoryFunction): object {
    const isUpdating = this.#left > 0;
    if (isUpdating) this.#left -= 1;
    return {
      FunctionName: one.name,
      FunctionArn: `arn:aws:lambda:eu-west-1:123456789012:function:${one.name}`,
      CodeSha256: one.codeSha256,
      Description: one.description,
      RevisionId: `revision-${one.revision}`,
      Runtime: 'nodejs24.x',
      Handler: 'index.handler',
      Timeout: one.timeoutS,
      LastModified: '2026-11-01T10:00:00.000+0000',
      Role: `arn:aws:iam::123456789012:role/${one.roleName}`,
      Environment: { Variables: one.environment },
      ...(one.deadLetterArn === '' ? {} : { DeadLetterConfig: { TargetArn: one.deadLetterArn } }),
      LastUpdateStatus: isUpdating ? 'InProgress' : this.updateStatus,
      LastUpdateStatusReason: 'for a reason of the test',
    };
  }

  /** One version a page, so that paging is needed. */
  #versions(one: MemoryFunction, url: URL): object {
    const at = Number(url.searchParams.get('Marker') ?? '0');
    const latest = { Version: '$LATEST', CodeSha256: one.codeSha256 };
    const all = [latest, ...one.versions.map((CodeSha256, index) => ({ Version: String(index + 1), CodeSha256 }))];
    return { Versions: [all[at]], ...(at + 1 < all.length ? { NextMarker: String(at + 1) } : {}) };
  }

  #mapping(uuid: string): object {
    const { sourceArn, enabled, recordAgeMaxS } = this.cloud.mapping(uuid);
    // Changes are accepted first and finished later.
    const State = enabled ? 'Enabled' : 'Disabling';
    return { UUID: uuid, EventSourceArn: sourceArn, State, MaximumRecordAgeInSeconds: recordAgeMaxS || -1 };
  }
}

interface Route {
  readonly operation: string;
  readonly id: string;
}

const ROUTES: readonly (readonly [string, RegExp, string])[] = [
  ['GET', /^\/2015-03-31\/functions\/?$/, 'ListFunctions'],
  ['GET', /^\/2015-03-31\/functions\/([^/]+)\/configuration$/, 'GetFunctionConfiguration'],
  ['PUT', /^\/2015-03-31\/functions\/([^/]+)\/configuration$/, 'UpdateFunctionConfiguration'],
  ['GET', /^\/2015-03-31\/functions\/([^/]+)\/versions$/, 'ListVersionsByFunction'],
  ['POST', /^\/2015-03-31\/functions\/([^/]+)\/versions$/, 'PublishVersion'],
  ['GET', /^\/2015-03-31\/functions\/([^/]+)\/aliases$/, 'ListAliases'],
  ['GET', /^\/2015-03-31\/functions\/([^/]+)\/policy$/, 'GetPolicy'],
  ['GET', /^\/2019-09-25\/functions\/([^/]+)\/event-invoke-config$/, 'GetFunctionEventInvokeConfig'],
  ['GET', /^\/2021-10-31\/functions\/([^/]+)\/url$/, 'GetFunctionUrlConfig'],
  ['GET', /^\/2019-09-30\/functions\/([^/]+)\/concurrency$/, 'GetFunctionConcurrency'],
  ['PUT', /^\/2017-10-31\/functions\/([^/]+)\/concurrency$/, 'PutFunctionConcurrency'],
  ['DELETE', /^\/2017-10-31\/functions\/([^/]+)\/concurrency$/, 'DeleteFunctionConcurrency'],
  ['GET', /^\/2017-03-31\/tags\/([^/]+)$/, 'ListTags'],
  ['POST', /^\/2017-03-31\/tags\/([^/]+)$/, 'TagResource'],
  ['DELETE', /^\/2017-03-31\/tags\/([^/]+)$/, 'UntagResource'],
  ['GET', /^\/2015-03-31\/event-source-mappings\/?$/, 'ListEventSourceMappings'],
  ['GET', /^\/2015-03-31\/event-source-mappings\/([^/]+)$/, 'GetEventSourceMapping'],
  ['PUT', /^\/2015-03-31\/event-source-mappings\/([^/]+)$/, 'UpdateEventSourceMapping'],
];

function routeOf(method: string, path: string): Route | undefined {
  for (const [verb, pattern, operation] of ROUTES) {
    const match = verb === method ? pattern.exec(path) : null;
    if (match !== null) return { operation, id: decodeURIComponent(match[1] ?? '') };
  }
  return undefined;
}

function policyOf({ callers }: MemoryFunction): string {
  if (callers.length === 0) throw refused(404, 'ResourceNotFoundException', 'no policy');
  const Statement = callers.map(({ sid, principal }) => ({
    Sid: sid,
    Effect: 'Allow',
    Principal: { Service: principal },
  }));
  return JSON.stringify({ Version: '2012-10-17', Statement });
}

/** One policy a page. */
function listAttached(arns: readonly string[], marker: string): string {
  const at = marker === '' ? 0 : Number(marker);
  const more = at + 1 < arns.length;
  const member = at < arns.length ? `<member><PolicyArn>${arns[at]}</PolicyArn></member>` : '';
  const end = more ? `<Marker>${at + 1}</Marker>` : '';
  return `<AttachedPolicies>${member}</AttachedPolicies><IsTruncated>${more}</IsTruncated>${end}`;
}

function nameOf(arn: string): string {
  return arn.slice(arn.lastIndexOf(':') + 1);
}

function present<T>(value: T | null | undefined, message: string): T {
  if (value === null || value === undefined) throw refused(404, 'NoSuchEntity', message);
  return value;
}

/** Thrown inside the double, and answered. */
export function refused(status: number, name: string, message: string): Refusal {
  return { status, name, message };
}

function refusalOf(error: unknown, isIam: boolean): Refusal {
  if (error instanceof ResponseError) {
    if (error.code !== 'GAIT_RESPONSE_ABSENT') return refused(400, 'InvalidParameterValueException', error.message);
    if (!isIam) return refused(404, 'ResourceNotFoundException', error.message);
    return refused(
      404,
      'NoSuchEntity',
      error.message.replace(/^.*There is no role (\S+)\.$/, 'The role with name $1 cannot be found.'),
    );
  }
  if (typeof error === 'object' && error !== null && 'status' in error && 'name' in error && 'message' in error) {
    return refused(Number(error.status), String(error.name), String(error.message));
  }
  return refused(500, 'ServiceException', String(error));
}

type Answered = Partial<Refusal> & { readonly action: string; readonly answer: unknown };

function sendJson(response: ServerResponse, { status = 200, name, message, answer }: Answered): void {
  const headers = { 'content-type': 'application/json', 'x-amzn-requestid': `lambda-request-${status}` };
  if (name !== undefined)
    response.writeHead(status, { ...headers, 'x-amzn-errortype': name }).end(JSON.stringify({ Message: message }));
  else response.writeHead(status, headers).end(answer === undefined ? undefined : JSON.stringify(answer));
}

function sendXml(response: ServerResponse, { status = 200, name, message, action, answer }: Answered): void {
  const operation = action.slice('iam:'.length);
  const metadata = '<ResponseMetadata><RequestId>iam-request</RequestId></ResponseMetadata>';
  const xml =
    name === undefined
      ? `<${operation}Response><${operation}Result>${String(answer)}</${operation}Result>${metadata}</${operation}Response>`
      : `<ErrorResponse><Error><Type>Sender</Type><Code>${name}</Code><Message>${message}</Message></Error><RequestId>iam-request</RequestId></ErrorResponse>`;
  response.writeHead(name === undefined ? 200 : status, { 'content-type': 'text/xml' }).end(xml);
}
