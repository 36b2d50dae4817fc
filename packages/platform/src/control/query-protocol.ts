import type { ApiCall, AwsRequest, AwsResponse, AwsService } from '../contract.ts';
import { escapeXml, queryError } from '../endpoint-errors.ts';
import type { PlatformGate } from '../identity/gate.ts';
import { PolicyError } from '../identity/policy.ts';

/** Errors of the Query services by their names, with their status. */
const STATUSES = {
  AccessDenied: 403,
  DeleteConflict: 409,
  EntityAlreadyExists: 409,
  InvalidAction: 400,
  LimitExceeded: 409,
  MalformedPolicyDocument: 400,
  NoSuchEntity: 404,
  ValidationError: 400,
} as const;

/** A call of a Query service that is answered with an error. */
export class QueryError extends Error {
  override readonly name = 'QueryError';
  readonly code: keyof typeof STATUSES;

  constructor(code: keyof typeof STATUSES, message: string) {
    super(message);
    this.code = code;
  }
}

/** What an answer is made of: texts and numbers, lists (`member` elements), and objects. Undefined is left out. */
export type XmlValue =
  | string
  | number
  | boolean
  | undefined
  | readonly XmlValue[]
  | { readonly [name: string]: XmlValue };

/** One call: the fields of its form. */
export interface QueryCall {
  readonly request: AwsRequest;
  readonly form: URLSearchParams;
}

/** One operation of a Query service. */
export interface QueryOperation {
  readonly name: string;
  readonly readOnly: boolean;
  /** ARN that permissions are asked for. */
  resource(call: QueryCall): string;
  /** Policy of what is touched, which may also allow. */
  resourcePolicy?(call: QueryCall): string | undefined;
  /** Needs no permission, and cannot be denied. */
  readonly isFree?: boolean;
  /** Gives the answer, and what the trail shows of it. Throws `QueryError`. */
  run(call: QueryCall): { readonly answer?: Readonly<Record<string, XmlValue>>; readonly trail?: Trailed };
}

/** Response as the trail shows it. */
type Trailed = Readonly<Record<string, unknown>>;

/** A service of the Query protocol: forms in, XML out. */
export function createQueryService(options: {
  readonly service: string;
  readonly namespace: string;
  readonly operations: readonly QueryOperation[];
  readonly gate: PlatformGate;
}): AwsService {
  const operations = new Map(options.operations.map((operation) => [operation.name, operation]));
  return {
    signingNames: [options.service],
    async handle(request) {
      const form = request.method === 'POST' ? new URLSearchParams(request.body.toString('utf8')) : request.query;
      const name = form.get('Action') ?? '';
      const operation = operations.get(name);
      const answer =
        operation === undefined
          ? failure(new QueryError('InvalidAction', `Could not find operation ${name.slice(0, 64)}`))
          : perform(operation, { request, form }, options);
      return 'error' in answer
        ? errorResponse(answer.error, request.requestId, options.namespace)
        : success({ name, answer: answer.answer, requestId: request.requestId, namespace: options.namespace });
    },
  };
}

/** A field that must be there and fit. */
export function field(call: QueryCall, name: string, pattern: RegExp): string {
  const value = call.form.get(name) ?? '';
  if (!pattern.test(value)) {
    throw new QueryError('ValidationError', `Value at '${name}' failed to satisfy constraint: ${pattern.source}`);
  }
  return value;
}

type Answer = { readonly answer: Readonly<Record<string, XmlValue>> | undefined } | { readonly error: QueryError };

function perform(
  operation: QueryOperation,
  call: QueryCall,
  options: { readonly service: string; readonly gate: PlatformGate },
): Answer {
  let asked: ApiCall = {
    action: `${options.service}:${operation.name}`,
    resourceArn: '*',
    eventName: operation.name,
    readOnly: operation.readOnly,
    isData: false,
    requestParameters: parameters(call.form),
  };
  try {
    const policy = operation.resourcePolicy?.(call);
    asked = {
      ...asked,
      resourceArn: operation.resource(call),
      ...(policy === undefined ? {} : { resourcePolicy: policy }),
    };
    const admission = options.gate.admit(call.request, asked);
    if (!admission.allowed && operation.isFree !== true) throw new QueryError('AccessDenied', admission.message);
    const { answer, trail } = operation.run(call);
    options.gate.record(call.request, asked, { responseElements: trail ?? null });
    return { answer };
  } catch (error) {
    const known = asQueryError(error);
    const shown = known ?? { code: 'ServiceFailure', message: 'Internal failure' };
    options.gate.record(call.request, asked, { error: { code: shown.code, message: shown.message } });
    if (known === undefined) throw error;
    return failure(known);
  }
}

function asQueryError(error: unknown): QueryError | undefined {
  if (error instanceof QueryError) return error;
  return error instanceof PolicyError ? new QueryError('MalformedPolicyDocument', error.message) : undefined;
}

function failure(error: QueryError): { readonly error: QueryError } {
  return { error };
}

/** Fields of a form as the trail shows them: `roleName`, with documents as they were sent. */
function parameters(form: URLSearchParams): Readonly<Record<string, unknown>> | null {
  const shown: Record<string, unknown> = {};
  for (const [name, value] of form) {
    if (name === 'Action' || name === 'Version') continue;
    shown[name.slice(0, 1).toLowerCase() + name.slice(1)] = value;
  }
  return Object.keys(shown).length === 0 ? null : shown;
}

function success(parts: {
  readonly name: string;
  readonly answer: Readonly<Record<string, XmlValue>> | undefined;
  readonly requestId: string;
  readonly namespace: string;
}): AwsResponse {
  const { name, answer, requestId, namespace } = parts;
  const result = answer === undefined ? '' : `<${name}Result>${xml(answer)}</${name}Result>`;
  const body =
    `<${name}Response xmlns="${namespace}">${result}` +
    `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></${name}Response>`;
  return { status: 200, headers: { 'content-type': 'text/xml' }, body };
}

function errorResponse(error: QueryError, requestId: string, namespace: string): AwsResponse {
  const status = STATUSES[error.code];
  const body = queryError({ code: error.code, message: error.message, status, requestId, namespace });
  return { status, headers: { 'content-type': 'text/xml' }, body };
}

function xml(value: XmlValue): string {
  if (value === undefined) return '';
  if (typeof value !== 'object') return escapeXml(String(value));
  if (isList(value)) return value.map((entry) => `<member>${xml(entry)}</member>`).join('');
  return Object.entries(value)
    .filter(([, entry]) => entry !== undefined)
    .map(([name, entry]) => `<${name}>${xml(entry)}</${name}>`)
    .join('');
}

function isList(value: XmlValue): value is readonly XmlValue[] {
  return Array.isArray(value);
}
