/** AWS JSON 1.0: the operation's name in `x-amz-target`, one JSON document each way. */
import type { ApiCall, AwsRequest, AwsResponse, Gate } from '../contract.ts';
import type { Carried } from './call.ts';
import { ACCESS_DENIED, carryOut, ServiceError } from './call.ts';

/** A JSON object from outside. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** One operation of a service that speaks JSON. */
export interface JsonOperation {
  /** As in the trail and in `x-amz-target`. */
  readonly name: string;
  readonly readOnly: boolean;
  readonly isData: boolean;
  /**
   * Actions and resources the call needs; the first is the trail's. Must accept any input: it is asked before the input
   * is checked.
   */
  permissions(input: JsonObject, request: AwsRequest): readonly { readonly action: string; readonly arn: string }[];
  /** What the trail shows of the input. Must accept any input. */
  parameters(input: JsonObject): JsonObject;
  /** Checks the input and does the work. Throws `ServiceError`. */
  run(input: JsonObject, request: AwsRequest): Carried<JsonObject> | Promise<Carried<JsonObject>>;
}

/** A service that speaks JSON: the prefix of its targets, and the namespace of its error types. */
export interface JsonDialect {
  readonly targetPrefix: string;
  readonly errorNamespace: string;
  /** Further headers of an error's answer. */
  errorHeaders?(error: ServiceError): Readonly<Record<string, string>>;
}

const JSON_TYPE = 'application/x-amz-json-1.0';

/** Answers one request with the operation it names. Errors that are no `ServiceError` reject. */
export async function answerJson(
  gate: Gate,
  request: AwsRequest,
  served: { readonly dialect: JsonDialect; readonly operations: ReadonlyMap<string, JsonOperation> },
): Promise<AwsResponse> {
  try {
    const operation = operationOf(request, served);
    const input = parseBody(request.body);
    const call = callsOf(operation, input, request);
    const answer = await carryOut(gate, request, {
      call: call[0],
      permissions: call,
      run: () => operation.run(input, request),
    });
    return { status: 200, headers: { 'content-type': JSON_TYPE }, body: JSON.stringify(answer) };
  } catch (error) {
    if (error instanceof ServiceError) return errorResponse(error, served.dialect);
    throw error;
  }
}

function operationOf(
  request: AwsRequest,
  served: { readonly dialect: JsonDialect; readonly operations: ReadonlyMap<string, JsonOperation> },
): JsonOperation {
  const target = request.headers['x-amz-target'] ?? '';
  const prefix = `${served.dialect.targetPrefix}.`;
  const operation = target.startsWith(prefix) ? served.operations.get(target.slice(prefix.length)) : undefined;
  if (operation === undefined) {
    throw new ServiceError('UnknownOperationException', `The operation '${target}' is not offered here`);
  }
  return operation;
}

function parseBody(body: Buffer): JsonObject {
  let parsed: unknown;
  try {
    parsed = body.length === 0 ? {} : JSON.parse(body.toString('utf8'));
  } catch {
    throw new ServiceError('SerializationException', 'The body is not JSON');
  }
  if (!isObject(parsed)) throw new ServiceError('SerializationException', 'The body is not a JSON object');
  return parsed;
}

function callsOf(operation: JsonOperation, input: JsonObject, request: AwsRequest): ApiCall[] {
  const needed = operation.permissions(input, request);
  return needed.map(({ action, arn }) => ({
    action,
    resourceArn: arn,
    eventName: operation.name,
    readOnly: operation.readOnly,
    isData: operation.isData,
    requestParameters: operation.parameters(input),
  }));
}

function errorResponse(error: ServiceError, dialect: JsonDialect): AwsResponse {
  // On the wire the JSON services call a refusal an exception and answer it with 400.
  const refused = error.code === ACCESS_DENIED;
  const code = refused ? 'AccessDeniedException' : error.code;
  const document = { __type: `${dialect.errorNamespace}#${code}`, message: error.message, ...error.members };
  return {
    status: refused ? 400 : error.status,
    headers: { 'content-type': JSON_TYPE, ...dialect.errorHeaders?.(error) },
    body: JSON.stringify(document),
  };
}

/** True for JSON objects. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The text under a name, or '' if there is none: for permissions, which are asked before anything is checked. */
export function textOr(input: JsonObject, name: string): string {
  const value = input[name];
  return typeof value === 'string' ? value : '';
}
