import type { PolicyStatement } from '@gait/platform/contract';

const SEES = [
  ...['GetFunctionConfiguration', 'GetFunctionConcurrency', 'GetFunctionEventInvokeConfig', 'GetFunctionUrlConfig'],
  ...['GetPolicy', 'GetEventSourceMapping', 'ListEventSourceMappings', 'ListAliases', 'ListVersionsByFunction'],
  ...['ListFunctions', 'ListTags'],
];
const DOES = [
  ...['PublishVersion', 'TagResource', 'UntagResource', 'PutFunctionConcurrency', 'DeleteFunctionConcurrency'],
  ...['UpdateEventSourceMapping', 'UpdateFunctionConfiguration'],
];
const SEES_OF_ROLES = [
  'GetPolicy',
  'GetPolicyVersion',
  'GetRolePolicy',
  'ListRolePolicies',
  'ListAttachedRolePolicies',
];
const DOES_TO_ROLES = ['AttachRolePolicy', 'DetachRolePolicy', 'PutRolePolicy', 'DeleteRolePolicy'];

/** What a responder may do that also writes inline policies: what `docs/reference/response.md` lists and nothing more. */
export const RESPONDER_STATEMENTS: readonly PolicyStatement[] = [
  { Effect: 'Allow', Action: [...SEES, ...DOES].map((name) => `lambda:${name}`), Resource: '*' },
  { Effect: 'Allow', Action: [...SEES_OF_ROLES, ...DOES_TO_ROLES].map((name) => `iam:${name}`), Resource: '*' },
];
