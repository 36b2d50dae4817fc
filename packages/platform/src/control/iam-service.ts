import type { AwsService } from '../contract.ts';
import { type Directory, document, keyLetters, type ManagedPolicy, type Role } from '../identity/directory.ts';
import type { PlatformGate } from '../identity/gate.ts';
import {
  createQueryService,
  field,
  type QueryCall,
  QueryError,
  type QueryOperation,
  type XmlValue,
} from './query-protocol.ts';

const NAMESPACE = 'https://iam.amazonaws.com/doc/2010-05-08/';
const NAME = /^[\w+=,.@-]{1,128}$/;
const ROLE_NAME = /^[\w+=,.@-]{1,64}$/;
const POLICY_ARN = /^arn:aws:iam::(\d{12}|aws):policy\/[\w+=,.@/-]{1,512}$/;
const DOCUMENT = /^[\s\S]{1,131072}$/;
/** Characters of all inline policies of a role, of one managed policy; spaces do not count, as at IAM. */
const INLINE_CHARS_MAX = 10_240;
const MANAGED_CHARS_MAX = 6_144;
/** Managed policies attached to one role, and all of the account, as IAM has them. */
const ATTACHED_MAX = 10;
const MANAGED_MAX = 1_500;
/** Roles of the account, as IAM has them. */
const ROLES_MAX = 1_000;

/** Policies that exist in every account. */
const PROVIDED: readonly (readonly [path: string, statement: Readonly<Record<string, unknown>>])[] = [
  ['AWSDenyAll', { Effect: 'Deny', Action: '*', Resource: '*' }],
  ['AdministratorAccess', { Effect: 'Allow', Action: '*', Resource: '*' }],
  [
    'service-role/AWSLambdaBasicExecutionRole',
    { Effect: 'Allow', Action: ['logs:CreateLogGroup', 'logs:CreateLogStream', 'logs:PutLogEvents'], Resource: '*' },
  ],
];

/**
 * The part of the IAM API that is about roles and their policies. What is changed holds from the next call on: there is
 * no delay as at AWS. Lists are answered whole. Managed policies have one version.
 */
export function createIamService(directory: Directory, gate: PlatformGate): AwsService {
  for (const [path, statement] of PROVIDED) addProvided(directory, path, statement);
  const operations = [...roleOperations(directory), ...attachments(directory), ...managedOperations(directory)];
  return createQueryService({ service: 'iam', namespace: NAMESPACE, operations, gate });
}

function roleOperations(directory: Directory): QueryOperation[] {
  const resource = roleResource(directory);
  return [
    {
      name: 'GetRole',
      readOnly: true,
      resource,
      run: (call) => ({ answer: { Role: roleDocument(roleOf(directory, call)) } }),
    },
    {
      name: 'CreateRole',
      readOnly: false,
      resource,
      run(call) {
        const name = field(call, 'RoleName', ROLE_NAME);
        if (directory.roles.has(name))
          throw new QueryError('EntityAlreadyExists', `Role with name ${name} already exists.`);
        if (directory.roles.size >= ROLES_MAX) throw new QueryError('LimitExceeded', 'Cannot exceed quota for roles.');
        const role = directory.role(name, field(call, 'AssumeRolePolicyDocument', DOCUMENT));
        return {
          answer: { Role: roleDocument(role) },
          trail: { role: { roleName: name, arn: role.arn, roleId: role.id } },
        };
      },
    },
    {
      name: 'PutRolePolicy',
      readOnly: false,
      resource,
      run(call) {
        const role = roleOf(directory, call);
        putInline(role, field(call, 'PolicyName', NAME), field(call, 'PolicyDocument', DOCUMENT));
        return {};
      },
    },
    {
      name: 'GetRolePolicy',
      readOnly: true,
      resource,
      run(call) {
        const role = roleOf(directory, call);
        const name = field(call, 'PolicyName', NAME);
        const policy = role.inline.get(name) ?? missing(`The role policy with name ${name} cannot be found.`);
        return { answer: { RoleName: role.name, PolicyName: name, PolicyDocument: encoded(policy.text) } };
      },
    },
    {
      name: 'ListRolePolicies',
      readOnly: true,
      resource,
      run: (call) => ({ answer: { PolicyNames: [...roleOf(directory, call).inline.keys()], IsTruncated: false } }),
    },
    {
      name: 'DeleteRolePolicy',
      readOnly: false,
      resource,
      run(call) {
        const name = field(call, 'PolicyName', NAME);
        if (!roleOf(directory, call).inline.delete(name)) missing(`The role policy with name ${name} cannot be found.`);
        return {};
      },
    },
  ];
}

function attachments(directory: Directory): QueryOperation[] {
  const resource = roleResource(directory);
  return [
    {
      name: 'AttachRolePolicy',
      readOnly: false,
      resource,
      run(call) {
        const { attached } = roleOf(directory, call);
        const { arn } = policyOf(directory, call);
        if (!attached.has(arn) && attached.size >= ATTACHED_MAX) {
          throw new QueryError('LimitExceeded', `Cannot exceed quota for PoliciesPerRole: ${ATTACHED_MAX}`);
        }
        attached.add(arn);
        return {};
      },
    },
    {
      name: 'DetachRolePolicy',
      readOnly: false,
      resource,
      run(call) {
        const arn = field(call, 'PolicyArn', POLICY_ARN);
        if (!roleOf(directory, call).attached.delete(arn)) missing(`Policy ${arn} was not found.`);
        return {};
      },
    },
    {
      name: 'ListAttachedRolePolicies',
      readOnly: true,
      resource,
      run(call) {
        const listed = [...roleOf(directory, call).attached].map((arn) => ({
          PolicyName: directory.managed.get(arn)?.name ?? '',
          PolicyArn: arn,
        }));
        return { answer: { AttachedPolicies: listed, IsTruncated: false } };
      },
    },
  ];
}

function managedOperations(directory: Directory): QueryOperation[] {
  const resource = (call: QueryCall): string => field(call, 'PolicyArn', POLICY_ARN);
  return [
    {
      name: 'CreatePolicy',
      readOnly: false,
      resource: (call) => ownPolicyArn(directory, field(call, 'PolicyName', NAME)),
      run: (call) => createPolicy(directory, call),
    },
    {
      name: 'GetPolicy',
      readOnly: true,
      resource,
      run: (call) => ({ answer: { Policy: policyDocument(directory, policyOf(directory, call)) } }),
    },
    {
      name: 'GetPolicyVersion',
      readOnly: true,
      resource,
      run(call) {
        const policy = policyOf(directory, call);
        if (call.form.get('VersionId') !== 'v1') missing('The policy version cannot be found.');
        const created = isoTime(policy.createdMs);
        const version = {
          Document: encoded(policy.text),
          VersionId: 'v1',
          IsDefaultVersion: true,
          CreateDate: created,
        };
        return { answer: { PolicyVersion: version } };
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
        const { arn } = policyOf(directory, call);
        if (attachedTo(directory, arn) > 0) {
          throw new QueryError('DeleteConflict', 'Cannot delete a policy attached to entities.');
        }
        directory.managed.delete(arn);
        return {};
      },
    },
  ];
}

function createPolicy(directory: Directory, call: QueryCall): ReturnType<QueryOperation['run']> {
  const name = field(call, 'PolicyName', NAME);
  const arn = ownPolicyArn(directory, name);
  const text = field(call, 'PolicyDocument', DOCUMENT);
  if (directory.managed.has(arn)) {
    throw new QueryError(
      'EntityAlreadyExists',
      `A policy called ${name} already exists. Duplicate names are not allowed.`,
    );
  }
  if (directory.managed.size >= MANAGED_MAX) throw new QueryError('LimitExceeded', 'Cannot exceed quota for policies.');
  if (charsOf(text) > MANAGED_CHARS_MAX) {
    throw new QueryError('LimitExceeded', `Cannot exceed quota for PolicySize: ${MANAGED_CHARS_MAX}`);
  }
  const policy = { ...document(text, 'identity'), name, arn, id: `ANPA${keyLetters(17)}`, createdMs: Date.now() };
  directory.managed.set(arn, policy);
  return {
    answer: { Policy: policyDocument(directory, policy) },
    trail: { policy: { policyName: name, arn, policyId: policy.id, defaultVersionId: 'v1' } },
  };
}

function putInline(role: Role, name: string, text: string): void {
  const policy = document(text, 'identity');
  const others = [...role.inline].filter(([other]) => other !== name);
  const total = others.reduce((sum, [, other]) => sum + charsOf(other.text), charsOf(text));
  if (total > INLINE_CHARS_MAX) {
    throw new QueryError(
      'LimitExceeded',
      `Maximum policy size of ${INLINE_CHARS_MAX} bytes exceeded for role ${role.name}`,
    );
  }
  role.inline.set(name, policy);
}

function roleResource(directory: Directory): (call: QueryCall) => string {
  return (call) => `arn:aws:iam::${directory.accountId}:role/${field(call, 'RoleName', ROLE_NAME)}`;
}

function roleOf(directory: Directory, call: QueryCall): Role {
  const name = field(call, 'RoleName', ROLE_NAME);
  return directory.roles.get(name) ?? missing(`The role with name ${name} cannot be found.`);
}

function policyOf(directory: Directory, call: QueryCall): ManagedPolicy {
  const arn = field(call, 'PolicyArn', POLICY_ARN);
  return directory.managed.get(arn) ?? missing(`Policy ${arn} does not exist or is not attachable.`);
}

function ownPolicyArn(directory: Directory, name: string): string {
  return `arn:aws:iam::${directory.accountId}:policy/${name}`;
}

function addProvided(directory: Directory, path: string, statement: Readonly<Record<string, unknown>>): void {
  const arn = `arn:aws:iam::aws:policy/${path}`;
  const text = JSON.stringify({ Version: '2012-10-17', Statement: [statement] });
  const name = path.slice(path.lastIndexOf('/') + 1);
  directory.managed.set(arn, { ...document(text, 'identity'), name, arn, id: `ANPA${keyLetters(17)}`, createdMs: 0 });
}

function roleDocument(role: Role): { readonly [name: string]: XmlValue } {
  return {
    Path: '/',
    RoleName: role.name,
    RoleId: role.id,
    Arn: role.arn,
    CreateDate: isoTime(role.createdMs),
    AssumeRolePolicyDocument: encoded(role.trust.text),
    MaxSessionDuration: 3600,
  };
}

function policyDocument(directory: Directory, policy: ManagedPolicy): { readonly [name: string]: XmlValue } {
  return {
    PolicyName: policy.name,
    PolicyId: policy.id,
    Arn: policy.arn,
    Path: '/',
    DefaultVersionId: 'v1',
    AttachmentCount: attachedTo(directory, policy.arn),
    PermissionsBoundaryUsageCount: 0,
    IsAttachable: true,
    CreateDate: isoTime(policy.createdMs),
    UpdateDate: isoTime(policy.createdMs),
  };
}

function attachedTo(directory: Directory, arn: string): number {
  return [...directory.roles.values()].filter(({ attached }) => attached.has(arn)).length;
}

function missing(message: string): never {
  throw new QueryError('NoSuchEntity', message);
}

/** Documents are shown percent-encoded (RFC 3986), as IAM does. */
function encoded(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

function charsOf(text: string): number {
  return text.replace(/\s/g, '').length;
}

function isoTime(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}
