import type { FunctionRef } from './function-ref.ts';
import { partitionOf } from './function-ref.ts';

/**
 * Calls that stay allowed: the provider writes the function's logs and traces with the same credentials, and a quarantine
 * that blinds the evidence would help the intruder.
 */
const STILL_ALLOWED = [
  'logs:CreateLogGroup',
  'logs:CreateLogStream',
  'logs:PutLogEvents',
  'xray:PutTraceSegments',
  'xray:PutTelemetryRecords',
] as const;

/** Name of the policy that isolates a function, managed or inline. At most 80 characters. */
export function quarantinePolicyName({ name }: FunctionRef): string {
  return `gait-quarantine-${name}`;
}

/** ARN that the policy has when somebody made it beforehand as a managed one. */
export function quarantinePolicyArn(ref: FunctionRef): string {
  return `arn:${partitionOf(ref.region)}:iam::${ref.accountId}:policy/${quarantinePolicyName(ref)}`;
}

/** Denies everything the function does with its credentials. The condition keeps it from other functions on the role. */
export function quarantinePolicyDocument({ arn }: FunctionRef): string {
  return JSON.stringify({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'GaitQuarantine',
        Effect: 'Deny',
        NotAction: STILL_ALLOWED,
        Resource: '*',
        Condition: { ArnLike: { 'lambda:SourceFunctionArn': arn } },
      },
    ],
  });
}
