import { type Directory, document, keyLetters, type ManagedPolicy } from '../identity/directory.ts';
import {
  attachmentsOf,
  charsOf,
  checkFree,
  checkQuota,
  DOCUMENT,
  encoded,
  isoTime,
  managedPolicyOf,
  missing,
  POLICY_ARN,
  POLICY_NAME,
} from './iam-fields.ts';
import { field, type QueryCall, QueryError, type QueryOperation, type XmlValue } from './query-protocol.ts';

/** Characters of a managed policy without spaces, and policies of the account, as IAM limits them. */
const CHARS_MAX = 6_144;
const POLICIES_MAX = 1_500;

/** Policies that exist in every account. */
const PROVIDED: readonly (readonly [path: string, statement: Readonly<Record<string, unknown>>])[] = [
  ['AWSDenyAll', { Effect: 'Deny', Action: '*', Resource: '*' }],
  ['AdministratorAccess', { Effect: 'Allow', Action: '*', Resource: '*' }],
  [
    'service-role/AWSLambdaBasicExecutionRole',
    { Effect: 'Allow', Action: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'], Resource: '*' },
  ],
];

/** Puts the policies that AWS itself provides into a directory. */
export function addProvidedPolicies(directory: Directory): void {
  for (const [path, statement] of PROVIDED) {
    const arn = `arn:aws:iam::aws:policy/${path}`;
    const text = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
    const name = path.slice(path.lastIndexOf('/') + 1);
    directory.managed.set(arn, { ...document(text, 'identity'), name, arn, id: `ANPA${keyLetters(17)}`, createdMs: 0 });
  }
}

/** Operations on managed policies, which have one version. */
export function policyOperations(directory: Directory, now: () => number): QueryOperation[] {
  const resource = (call: QueryCall): string => field(call, 'PolicyArn', POLICY_ARN);
  return [
    {
      name: 'CreatePolicy',
      readOnly: false,
      resource: (call) => ownArn(directory, field(call, 'PolicyName', POLICY_NAME)),
      run: (call) => createPolicy(directory, call, now()),
    },
    {
      name: 'GetPolicy',
      readOnly: true,
      resource,
      run: (call) => ({ answer: { Policy: policyDocument(directory, managedPolicyOf(directory, call)) } }),
    },
    {
      name: 'GetPolicyVersion',
      readOnly: true,
      resource,
      run(call) {
        const policy = managedPolicyOf(directory, call);
        if (call.form.get('VersionId') !== 'v1') missing('The policy version cannot be found.');
        const version = { Document: encoded(policy.text), VersionId: 'v1', IsDefaultVersion: true };
        return { answer: { PolicyVersion: { ...version, CreateDate: isoTime(policy.createdMs) } } };
      },
    },
    {
      name: 'ListPolicies',
      readOnly: true,
      resource: () => '*',
      run(call) {
        const scope = call.form.get('Scope') ?? 'All';
        const listed = [...directory.managed.values()].filter(
          ({ arn }) => scope === 'All' || arn.startsWith('arn:aws:iam::aws:') === (scope === 'AWS'),
        );
        return { answer: { Policies: listed.map((one) => policyDocument(directory, one)), IsTruncated: false } };
      },
    },
    {
      name: 'DeletePolicy',
      readOnly: false,
      resource,
      run(call) {
        const { arn } = managedPolicyOf(directory, call);
        if (attachmentsOf(directory, arn) > 0) {
          throw new QueryError('DeleteConflict', 'Cannot delete a policy attached to entities.');
        }
        directory.managed.delete(arn);
        return {};
      },
    },
  ];
}

function createPolicy(directory: Directory, call: QueryCall, nowMs: number): ReturnType<QueryOperation['run']> {
  const name = field(call, 'PolicyName', POLICY_NAME);
  const arn = ownArn(directory, name);
  const text = field(call, 'PolicyDocument', DOCUMENT);
  checkFree(directory.managed.has(arn), `A policy called ${name}`);
  checkQuota(directory.managed.size, POLICIES_MAX, 'PoliciesPerAccount');
  if (charsOf(text) > CHARS_MAX) {
    throw new QueryError('LimitExceeded', `Cannot exceed quota for PolicySize: ${CHARS_MAX}`);
  }
  const policy = { ...document(text, 'identity'), name, arn, id: `ANPA${keyLetters(17)}`, createdMs: nowMs };
  directory.managed.set(arn, policy);
  return {
    answer: { Policy: policyDocument(directory, policy) },
    trail: { policy: { policyName: name, arn, policyId: policy.id, defaultVersionId: 'v1' } },
  };
}

function ownArn(directory: Directory, name: string): string {
  return `arn:aws:iam::${directory.accountId}:policy/${name}`;
}

function policyDocument(directory: Directory, policy: ManagedPolicy): { readonly [name: string]: XmlValue } {
  return {
    PolicyName: policy.name,
    PolicyId: policy.id,
    Arn: policy.arn,
    Path: '/',
    DefaultVersionId: 'v1',
    AttachmentCount: attachmentsOf(directory, policy.arn),
    PermissionsBoundaryUsageCount: 0,
    IsAttachable: true,
    CreateDate: isoTime(policy.createdMs),
    UpdateDate: isoTime(policy.createdMs),
  };
}
