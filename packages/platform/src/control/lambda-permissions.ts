import { randomUUID } from 'node:crypto';
import { policyText } from './describe.ts';
import type { FunctionPolicy, FunctionStatement, LambdaFunction } from './functions.ts';
import { type JsonObject, optionalText, optionalTruth, text } from './input.ts';
import { absent, invalid, LambdaError } from './lambda-error.ts';
import { checkRevision } from './lambda-functions.ts';
import { type Call, named, type Operation, qualifierOf, type Result } from './operation.ts';

/** Characters of the policy of one function, as Lambda limits it. */
const POLICY_CHARS_MAX = 20_480;
const SID = /^[A-Za-z0-9_-]{1,100}$/;
const ACTION = /^(lambda:\*|lambda:[A-Za-z]+|\*)$/;
const PRINCIPAL = /^(\*|\d{12}|[a-z0-9.-]+\.amazonaws\.com|arn:aws:(iam|sts)::\d{12}:[\w+=,.@/-]{1,600})$/;

/** Operations on the policies of functions: who else may call them. */
export const PERMISSION_OPERATIONS: readonly Operation[] = [
  {
    name: 'AddPermission',
    route: 'POST /2015-03-31/functions/{FunctionName}/policy',
    status: 201,
    suffix: '20150331v2',
    readOnly: false,
    run: addPermission,
  },
  {
    name: 'RemovePermission',
    route: 'DELETE /2015-03-31/functions/{FunctionName}/policy/{StatementId}',
    status: 204,
    suffix: '20150331v2',
    readOnly: false,
    run: removePermission,
  },
  {
    name: 'GetPolicy',
    route: 'GET /2015-03-31/functions/{FunctionName}/policy',
    status: 200,
    suffix: '20150331v2',
    readOnly: true,
    run(call) {
      const { fn, qualifier } = place(call);
      const policy = policyOf(fn, qualifier);
      return { body: { Policy: policyText(policy), RevisionId: policy.revisionId } };
    },
  },
];

/** One permission, as `AddPermission` takes it. */
export interface Permission {
  readonly sid: string;
  readonly action: string;
  /** Service, account, ARN, or `*`. */
  readonly principal: string;
  readonly sourceArn?: string | undefined;
  readonly sourceAccount?: string | undefined;
  readonly functionUrlAuthType?: string | undefined;
  readonly viaFunctionUrl?: boolean | undefined;
}

/** Adds a statement to the policy of a function or of one of its qualifiers, and gives the statement. Throws `LambdaError`. */
export function grant(fn: LambdaFunction, qualifier: string | undefined, permission: Permission): FunctionStatement {
  const before = fn.policies.get(qualifier ?? '');
  if (before?.statements.has(permission.sid) === true) {
    const message = `The statement id (${permission.sid}) provided already exists. Please provide a new statement id, or remove the existing statement.`;
    throw new LambdaError('ResourceConflictException', message);
  }
  const statement = statementOf(permission, qualifier === undefined ? fn.arn : `${fn.arn}:${qualifier}`);
  const statements = new Map([...(before?.statements ?? []), [permission.sid, statement]]);
  const policy = { statements, revisionId: randomUUID() };
  if (policyText(policy).length > POLICY_CHARS_MAX) {
    throw new LambdaError('PolicyLengthExceededException', `The final policy size exceeds ${POLICY_CHARS_MAX} bytes.`);
  }
  fn.policies.set(qualifier ?? '', policy);
  return statement;
}

function addPermission(call: Call): Result {
  const { body } = call.input;
  const { fn, qualifier } = place(call);
  checkPolicyRevision(call, fn, optionalText(body, 'RevisionId'));
  const statement = grant(fn, qualifier, {
    sid: text(body, 'StatementId', SID),
    action: text(body, 'Action', ACTION),
    principal: text(body, 'Principal', PRINCIPAL),
    sourceArn: optionalText(body, 'SourceArn', /^arn:[^\s]{1,1000}$/),
    sourceAccount: optionalText(body, 'SourceAccount', /^\d{12}$/),
    functionUrlAuthType: optionalText(body, 'FunctionUrlAuthType', /^(NONE|AWS_IAM)$/),
    viaFunctionUrl: optionalTruth(body, 'InvokedViaFunctionUrl'),
  });
  return { body: { Statement: JSON.stringify(statement) } };
}

function removePermission(call: Call): Result {
  const { fn, qualifier } = place(call);
  const policy = policyOf(fn, qualifier);
  checkPolicyRevision(call, fn, call.input.query.get('RevisionId') ?? undefined);
  const statements = new Map(policy.statements);
  if (!statements.delete(call.input.path['StatementId'] ?? ''))
    throw absent('Statement id is not found in resource policy.');
  if (statements.size === 0) fn.policies.delete(qualifier ?? '');
  else fn.policies.set(qualifier ?? '', { statements, revisionId: randomUUID() });
  return {};
}

/** Statements with a condition on what calls: `AWS:SourceArn` and its like, spelt as Lambda spells them. */
function statementOf(permission: Permission, resource: string): FunctionStatement {
  const equals: Record<string, string> = {};
  if (permission.sourceAccount !== undefined) equals['AWS:SourceAccount'] = permission.sourceAccount;
  if (permission.functionUrlAuthType !== undefined) {
    equals['lambda:FunctionUrlAuthType'] = permission.functionUrlAuthType;
  }
  const condition: Record<string, JsonObject> = {};
  if (Object.keys(equals).length > 0) condition['StringEquals'] = equals;
  if (permission.viaFunctionUrl === true) condition['Bool'] = { 'lambda:InvokedViaFunctionUrl': 'true' };
  if (permission.sourceArn !== undefined) condition['ArnLike'] = { 'AWS:SourceArn': permission.sourceArn };
  return {
    Sid: permission.sid,
    Effect: 'Allow',
    Principal: principalOf(permission.principal),
    Action: permission.action,
    Resource: resource,
    ...(Object.keys(condition).length === 0 ? {} : { Condition: condition }),
  };
}

function principalOf(principal: string): unknown {
  if (principal === '*') return '*';
  if (principal.endsWith('.amazonaws.com')) return { Service: principal };
  return { AWS: /^\d{12}$/.test(principal) ? `arn:aws:iam::${principal}:root` : principal };
}

/** The policy's own revision, or the function's when it has none yet. */
function checkPolicyRevision(call: Call, fn: LambdaFunction, given: string | undefined): void {
  const policy = fn.policies.get(place(call).qualifier ?? '');
  checkRevision(given, policy?.revisionId ?? fn.latest.revision.revisionId);
}

function place(call: Call): { readonly fn: LambdaFunction; readonly qualifier: string | undefined } {
  const { fn, qualifier } = call.site.table.resolve(named(call), qualifierOf(call));
  if (qualifier === '$LATEST') throw invalid('We currently do not support adding policies for $LATEST.');
  return { fn, qualifier };
}

function policyOf(fn: LambdaFunction, qualifier: string | undefined): FunctionPolicy {
  const policy = fn.policies.get(qualifier ?? '');
  if (policy === undefined) throw absent('The resource you requested does not exist.');
  return policy;
}
