import { type ApiCall, permissionOf } from '../api-call.ts';
import { ResponseError } from '../errors.ts';
import { BUSY_PAUSE_MS, BUSY_READS_MAX } from '../limits.ts';
import type { Connection } from './connection.ts';
import { isBusy } from './errors.ts';

/** What every answer of the SDK tells. */
interface Answer {
  readonly $metadata: { readonly requestId?: string | undefined };
  readonly Version?: string | undefined;
}

/** Makes a planned call, again and again for a while when the provider is busy with an earlier change. */
export async function sendCall(connection: Connection, call: ApiCall): Promise<Answer> {
  const asked = { permission: permissionOf(call), resource: resourceOf(call) };
  for (let tries = 1; ; tries++) {
    try {
      return await connection.ask(asked, (options) => send(connection, call, options));
    } catch (error) {
      const { cause } = error instanceof ResponseError ? error : { cause: undefined };
      if (!isBusy(cause) || tries === BUSY_READS_MAX) throw error;
      await connection.wait(BUSY_PAUSE_MS);
    }
  }
}

function send(
  { lambda, lambdaSdk, iam, iamSdk }: Connection,
  call: ApiCall,
  options: { abortSignal: AbortSignal },
): Promise<Answer> {
  switch (call.operation) {
    case 'PublishVersion':
      return lambda.send(new lambdaSdk.PublishVersionCommand(call.parameters), options);
    case 'TagResource':
      return lambda.send(new lambdaSdk.TagResourceCommand(call.parameters), options);
    case 'UntagResource':
      return lambda.send(new lambdaSdk.UntagResourceCommand(call.parameters), options);
    case 'PutFunctionConcurrency':
      return lambda.send(new lambdaSdk.PutFunctionConcurrencyCommand(call.parameters), options);
    case 'DeleteFunctionConcurrency':
      return lambda.send(new lambdaSdk.DeleteFunctionConcurrencyCommand(call.parameters), options);
    case 'UpdateEventSourceMapping':
      return lambda.send(new lambdaSdk.UpdateEventSourceMappingCommand(call.parameters), options);
    case 'UpdateFunctionConfiguration':
      return lambda.send(new lambdaSdk.UpdateFunctionConfigurationCommand(call.parameters), options);
    case 'AttachRolePolicy':
      return iam.send(new iamSdk.AttachRolePolicyCommand(call.parameters), options);
    case 'DetachRolePolicy':
      return iam.send(new iamSdk.DetachRolePolicyCommand(call.parameters), options);
    case 'PutRolePolicy':
      return iam.send(new iamSdk.PutRolePolicyCommand(call.parameters), options);
    case 'DeleteRolePolicy':
      return iam.send(new iamSdk.DeleteRolePolicyCommand(call.parameters), options);
  }
}

function resourceOf({ parameters }: ApiCall): string {
  if ('FunctionName' in parameters) return `function ${parameters.FunctionName}`;
  if ('RoleName' in parameters) return `role ${parameters.RoleName}`;
  return 'UUID' in parameters ? `event source mapping ${parameters.UUID}` : parameters.Resource;
}
