import type { InvokeOutcome } from '../contract.ts';
import type { Target } from './functions.ts';
import { LambdaError } from './lambda-error.ts';
import { type Call, named, type Operation, qualifierOf, type Result } from './operation.ts';

/** Largest payload of a call that is waited for, as Lambda's: 6 MiB and 100 bytes. */
export const PAYLOAD_BYTES_MAX = 6_291_556;
/** Largest payload of an asynchronous event, as Lambda's. */
export const EVENT_BYTES_MAX = 1_048_576;
/** Largest client context, base64, as Lambda's. */
const CONTEXT_CHARS_MAX = 3_583;
const EMPTY_EVENT = Buffer.from('{}');

/** The operation that runs a function. `LogType` is taken and not answered: logs go where the platform delivers them. */
export const INVOKE: Operation = {
  name: 'Invoke',
  route: 'POST /2015-03-31/functions/{FunctionName}/invocations',
  status: 200,
  action: 'lambda:InvokeFunction',
  readOnly: false,
  isData: true,
  run: invoke,
};

async function invoke(call: Call): Promise<Result> {
  const { site, request } = call;
  const type = request.headers['x-amz-invocation-type'] ?? 'RequestResponse';
  if (!/^(RequestResponse|Event|DryRun)$/.test(type)) {
    throw new LambdaError(
      'InvalidParameterValueException',
      `Value '${type.slice(0, 64)}' at 'invocationType' is unknown.`,
    );
  }
  const target = site.table.resolve(named(call), qualifierOf(call));
  if (type === 'DryRun') return { status: 204 };
  const invocation = { ...invocationOf(call), payload: payloadOf(request.body, type) };
  if (type === 'Event') return enqueue(call, target, { ...invocation, requestId: request.requestId });
  const outcome = await site.invocations.run(target, { ...invocation, requestId: request.requestId });
  return answerOf(outcome, target);
}

function enqueue(call: Call, target: Target, event: Parameters<Call['site']['invocations']['queue']>[1]): Result {
  if (!call.site.invocations.queue(target, event)) {
    throw new LambdaError('TooManyRequestsException', 'Rate Exceeded.', { Reason: 'CallerRateLimitExceeded' });
  }
  return { status: 202 };
}

function answerOf(outcome: InvokeOutcome, { fn }: Target): Result {
  if (outcome.kind === 'throttled') {
    throw new LambdaError('TooManyRequestsException', 'Rate Exceeded.', { Reason: outcome.reason });
  }
  return {
    raw: outcome.payload,
    requestId: outcome.requestId,
    additionalEventData: { functionVersion: `${fn.arn}:${outcome.executedVersion}` },
    headers: {
      'content-type': 'application/json',
      'x-amz-executed-version': outcome.executedVersion,
      ...(outcome.functionError === undefined ? {} : { 'x-amz-function-error': outcome.functionError }),
    },
  };
}

function payloadOf(body: Buffer, type: string): Uint8Array {
  const limit = type === 'Event' ? EVENT_BYTES_MAX : PAYLOAD_BYTES_MAX;
  if (body.length > limit) {
    const message = `Request must be smaller than ${limit} bytes for the Invoke operation`;
    throw new LambdaError('RequestTooLargeException', message);
  }
  if (body.length === 0) return EMPTY_EVENT;
  try {
    JSON.parse(body.toString('utf8'));
  } catch {
    throw new LambdaError('InvalidRequestContentException', 'Could not parse request body into json.');
  }
  return body;
}

function invocationOf({ request }: Call): { clientContext?: string; traceHeader?: string } {
  const clientContext = request.headers['x-amz-client-context'];
  const traceHeader = request.headers['x-amzn-trace-id'];
  if (clientContext !== undefined && (clientContext.length > CONTEXT_CHARS_MAX || !isJson(clientContext))) {
    throw new LambdaError(
      'InvalidRequestContentException',
      'Client context must be a valid Base64-encoded JSON object.',
    );
  }
  return {
    ...(clientContext === undefined ? {} : { clientContext }),
    ...(traceHeader === undefined ? {} : { traceHeader }),
  };
}

function isJson(encoded: string): boolean {
  try {
    const value: unknown = JSON.parse(Buffer.from(encoded, 'base64').toString('utf8'));
    return typeof value === 'object' && value !== null;
  } catch {
    return false;
  }
}
