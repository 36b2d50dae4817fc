import { assert } from '@gait/engine/base/assert';
import type { Target, Value } from './target.ts';

/** One call of an AWS API, exactly as it is made. */
export type ApiCall =
  | Call<'lambda', 'PublishVersion', { FunctionName: string; CodeSha256: string; Description: string }>
  | Call<'lambda', 'TagResource', { Resource: string; Tags: Record<string, string> }>
  | Call<'lambda', 'UntagResource', { Resource: string; TagKeys: string[] }>
  | Call<'lambda', 'PutFunctionConcurrency', { FunctionName: string; ReservedConcurrentExecutions: number }>
  | Call<'lambda', 'DeleteFunctionConcurrency', { FunctionName: string }>
  | Call<'lambda', 'UpdateEventSourceMapping', { UUID: string; Enabled: boolean }>
  | Call<'lambda', 'UpdateFunctionConfiguration', { FunctionName: string; Description: string }>
  | Call<'iam', 'AttachRolePolicy', { RoleName: string; PolicyArn: string }>
  | Call<'iam', 'DetachRolePolicy', { RoleName: string; PolicyArn: string }>
  | Call<'iam', 'PutRolePolicy', { RoleName: string; PolicyName: string; PolicyDocument: string }>
  | Call<'iam', 'DeleteRolePolicy', { RoleName: string; PolicyName: string }>;

interface Call<Service extends string, Operation extends string, Parameters> {
  readonly service: Service;
  readonly operation: Operation;
  readonly parameters: Parameters;
}

/** The call that gives a setting a value. */
export function callFor(target: Target, value: Value): ApiCall {
  switch (target.kind) {
    case 'version':
      return publishVersion(target.functionName, target.codeSha256);
    case 'tag':
      return tag(target, value);
    case 'concurrency':
      return concurrency(target.functionName, value);
    case 'mapping': {
      const parameters = { UUID: target.uuid, Enabled: value === 'enabled' };
      return { service: 'lambda', operation: 'UpdateEventSourceMapping', parameters };
    }
    case 'attached-policy': {
      const parameters = { RoleName: target.roleName, PolicyArn: target.policyArn };
      const operation = value === null ? 'DetachRolePolicy' : 'AttachRolePolicy';
      return { service: 'iam', operation, parameters };
    }
    case 'role-policy': {
      const named = { RoleName: target.roleName, PolicyName: target.policyName };
      if (value === null) return { service: 'iam', operation: 'DeleteRolePolicy', parameters: named };
      return { service: 'iam', operation: 'PutRolePolicy', parameters: { ...named, PolicyDocument: value } };
    }
    case 'description': {
      const parameters = { FunctionName: target.functionName, Description: value ?? '' };
      return { service: 'lambda', operation: 'UpdateFunctionConfiguration', parameters };
    }
  }
}

/** The permission a call needs, as a policy names it: `lambda:PutFunctionConcurrency`. */
export function permissionOf({ service, operation }: { readonly service: string; readonly operation: string }): string {
  return `${service}:${operation}`;
}

/** The same call for people, as one line for a shell with the AWS CLI. */
export function commandFor({ service, operation, parameters }: ApiCall, region: string): string {
  const words = ['aws', service, kebab(operation)];
  for (const [name, value] of Object.entries(parameters)) words.push(...option(name, value));
  return [...words, '--region', region].map(shellWord).join(' ');
}

function publishVersion(functionName: string, codeSha256: string): ApiCall {
  // The hash makes the provider refuse when the code was replaced since it was read.
  const parameters = { FunctionName: functionName, CodeSha256: codeSha256, Description: 'Kept by Gait as evidence' };
  return { service: 'lambda', operation: 'PublishVersion', parameters };
}

function tag({ functionArn, key }: { functionArn: string; key: string }, value: Value): ApiCall {
  const Resource = functionArn;
  if (value === null)
    return { service: 'lambda', operation: 'UntagResource', parameters: { Resource, TagKeys: [key] } };
  return { service: 'lambda', operation: 'TagResource', parameters: { Resource, Tags: { [key]: value } } };
}

function concurrency(FunctionName: string, value: Value): ApiCall {
  if (value === null)
    return { service: 'lambda', operation: 'DeleteFunctionConcurrency', parameters: { FunctionName } };
  const ReservedConcurrentExecutions = Number(value);
  assert(Number.isSafeInteger(ReservedConcurrentExecutions), 'a concurrency is a whole number');
  const parameters = { FunctionName, ReservedConcurrentExecutions };
  return { service: 'lambda', operation: 'PutFunctionConcurrency', parameters };
}

function option(name: string, value: unknown): string[] {
  const flag = `--${kebab(name)}`;
  if (typeof value === 'boolean') return [value ? flag : `--no-${kebab(name)}`];
  if (Array.isArray(value)) return [flag, ...value.map(String)];
  return [flag, typeof value === 'object' ? JSON.stringify(value) : String(value)];
}

/** `CodeSha256` is `code-sha256`, `UUID` is `uuid`. */
function kebab(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, '$1-$2').toLowerCase();
}

/**
 * A text as one word for bash or zsh. What is no plain ASCII goes by number, so that it can neither act nor hide; so do
 * spaces behind spaces, which do not survive being shown and copied.
 */
function shellWord(text: string): string {
  if (/^[\w./:@%+=,-]+$/.test(text)) return text;
  if (/^[\x20-\x7e]*$/.test(text) && !text.includes('  ')) return `'${text.replaceAll("'", `'\\''`)}'`;
  const escaped = text.replace(/[^\x20-\x7e]|['\\]|(?<= ) /gu, (character) => {
    if (character === "'" || character === '\\') return `\\${character}`;
    return `\\U${(character.codePointAt(0) ?? 0).toString(16).padStart(8, '0')}`;
  });
  return `$'${escaped}'`;
}
