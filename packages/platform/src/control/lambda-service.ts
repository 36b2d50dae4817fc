import type { ApiCall, AwsRequest, AwsResponse, AwsService } from '../contract.ts';
import { forTrail } from './describe.ts';
import { type Input, type JsonObject, parseBody } from './input.ts';
import { policyFor } from './invocations.ts';
import { LambdaError } from './lambda-error.ts';
import { FUNCTION_OPERATIONS } from './lambda-functions.ts';
import { INVOKE } from './lambda-invoke.ts';
import { LAYER_OPERATIONS } from './lambda-layers.ts';
import { MAPPING_OPERATIONS } from './lambda-mappings.ts';
import { PERMISSION_OPERATIONS } from './lambda-permissions.ts';
import { SETTING_OPERATIONS } from './lambda-settings.ts';
import { TAG_OPERATIONS } from './lambda-tags.ts';
import { VERSION_OPERATIONS } from './lambda-versions.ts';
import type { Call, LambdaSite, Operation, Result } from './operation.ts';

/** Every operation of the Lambda API that the platform knows. */
export const LAMBDA_OPERATIONS: readonly Operation[] = [
  ...FUNCTION_OPERATIONS,
  ...VERSION_OPERATIONS,
  ...SETTING_OPERATIONS,
  ...PERMISSION_OPERATIONS,
  ...MAPPING_OPERATIONS,
  ...TAG_OPERATIONS,
  ...LAYER_OPERATIONS,
  INVOKE,
];

/** Operations that bring a package; the endpoint's limit is theirs. */
const WITH_PACKAGE = new Set(['CreateFunction', 'UpdateFunctionCode', 'PublishLayerVersion']);
/** Largest body of all others: a whole configuration is less than a tenth of it. */
const BODY_BYTES_MAX = 131_072;

/** A way to an operation: its method, and its path in parts. */
interface Route {
  readonly operation: Operation;
  readonly method: string;
  readonly parts: readonly string[];
}

/**
 * The Lambda API of the platform (REST-JSON). Every call asks the gate once, before anything is done, and is written to
 * the trail once, whatever comes of it.
 */
export function createLambdaService(site: LambdaSite): AwsService {
  const routes = LAMBDA_OPERATIONS.map(routeOf);
  return {
    signingNames: ['lambda'],
    async handle(request) {
      const found = find(routes, request);
      if (found === undefined) {
        return errorResponse(new LambdaError('UnknownOperationException', 'There is no such operation here.'));
      }
      return perform(found, request, site);
    },
  };
}

/** The operation of a request with the parts of its path that vary. */
interface Found {
  readonly operation: Operation;
  readonly path: Readonly<Record<string, string>>;
}

async function perform(found: Found, request: AwsRequest, site: LambdaSite): Promise<AwsResponse> {
  const { operation, path } = found;
  let asked = apiCall(operation, { path, query: request.query, body: {} });
  try {
    const body = operation.isData === true ? {} : bodyOf(operation, request.body);
    const input = { path, query: request.query, body };
    const call = { request, input, site };
    asked = { ...apiCall(operation, input), ...resourceOf(operation, call) };
    const admission = site.gate.admit(request, asked);
    if (!admission.allowed) throw new LambdaError('AccessDeniedException', admission.message);
    const result = await operation.run(call);
    const recorded = result.requestId === undefined ? request : { ...request, requestId: result.requestId };
    const responseElements = operation.readOnly || result.body === undefined ? null : forTrail(result.body);
    const { additionalEventData } = result;
    const more = additionalEventData === undefined ? {} : { additionalEventData };
    site.gate.record(recorded, asked, { responseElements, ...more });
    return response(operation, result);
  } catch (error) {
    if (!(error instanceof LambdaError)) {
      site.gate.record(request, asked, { error: { code: 'ServiceException', message: 'Internal failure' } });
      throw error;
    }
    site.gate.record(request, asked, { error: { code: trailCode(error.code), message: error.message } });
    return errorResponse(error);
  }
}

function bodyOf(operation: Operation, body: Buffer): JsonObject {
  if (body.length > BODY_BYTES_MAX && !WITH_PACKAGE.has(operation.name)) {
    throw new LambdaError('RequestTooLargeException', `Request must be smaller than ${BODY_BYTES_MAX} bytes`);
  }
  return parseBody(body);
}

function apiCall(operation: Operation, input: Input): ApiCall {
  return {
    action: operation.action ?? `lambda:${operation.name}`,
    resourceArn: '*',
    eventName: `${operation.name}${operation.suffix ?? ''}`,
    readOnly: operation.readOnly,
    isData: operation.isData ?? false,
    requestParameters: parameters(input),
  };
}

/** What is touched. A function may have a policy that lets others in. */
function resourceOf(operation: Operation, call: Call): Pick<ApiCall, 'resourceArn' | 'resourcePolicy'> {
  if (operation.resource !== undefined) return { resourceArn: operation.resource(call) };
  const { table } = call.site;
  const qualifier = call.input.query.get('Qualifier') ?? undefined;
  const reference = table.reference(call.input.path['FunctionName'] ?? '', qualifier);
  const arn = table.arnOf(reference.name);
  const fn = table.byName(reference.name);
  const policy = fn === undefined ? undefined : policyFor(fn, reference.qualifier);
  return {
    resourceArn: reference.qualifier === undefined ? arn : `${arn}:${reference.qualifier}`,
    ...(policy === undefined ? {} : { resourcePolicy: policy }),
  };
}

function parameters(input: Input): Readonly<Record<string, unknown>> | null {
  const query: Record<string, unknown> = {};
  for (const name of new Set(input.query.keys())) {
    if (name === '__proto__') continue;
    const values = input.query.getAll(name);
    query[name] = values.length === 1 ? values[0] : values;
  }
  const shown = forTrail({ ...input.path, ...query, ...input.body });
  return Object.keys(shown).length === 0 ? null : shown;
}

/** The trail names refusals of permissions without the ending, as CloudTrail does for Lambda. */
function trailCode(code: string): string {
  return code === 'AccessDeniedException' ? 'AccessDenied' : code;
}

function response(operation: Operation, result: Result): AwsResponse {
  const requestId = result.requestId === undefined ? {} : { 'x-amzn-requestid': result.requestId };
  return {
    status: result.status ?? operation.status,
    headers: { 'content-type': 'application/json', ...result.headers, ...requestId },
    body: result.raw ?? (result.body === undefined ? '' : JSON.stringify(result.body)),
  };
}

function errorResponse(error: LambdaError): AwsResponse {
  const body: JsonObject = { Type: 'User', ...error.fields, Message: error.message, message: error.message };
  return {
    status: error.status,
    headers: { 'content-type': 'application/json', 'x-amzn-errortype': error.code },
    body: JSON.stringify(body),
  };
}

function routeOf(operation: Operation): Route {
  const [method = '', path = ''] = operation.route.split(' ');
  return { operation, method, parts: partsOf(path) };
}

function find(routes: readonly Route[], request: AwsRequest): Found | undefined {
  const parts = partsOf(request.path);
  for (const { operation, method, parts: wanted } of routes) {
    if (method !== request.method || wanted.length !== parts.length) continue;
    const path = match(wanted, parts);
    if (path !== undefined) return { operation, path };
  }
  return undefined;
}

/** A slash at the end means nothing. */
function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '');
}

function match(wanted: readonly string[], parts: readonly string[]): Readonly<Record<string, string>> | undefined {
  const path: Record<string, string> = {};
  for (const [at, part] of wanted.entries()) {
    const actual = parts[at] ?? '';
    if (part.startsWith('{')) path[part.slice(1, -1)] = decoded(actual);
    else if (part !== actual) return undefined;
  }
  return path;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
