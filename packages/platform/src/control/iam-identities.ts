import { type AccessKey, type Directory, document, type Role, type User } from '../identity/directory.ts';
import {
  checkFree,
  checkQuota,
  DOCUMENT,
  encoded,
  HOLDER_NAME,
  isoTime,
  missing,
  type PolicyHolder,
} from './iam-fields.ts';
import { holderArn } from './iam-holders.ts';
import { field, type QueryCall, QueryError, type QueryOperation, type XmlValue } from './query-protocol.ts';

/** Roles and users of the account, as IAM has them. */
const ROLES_MAX = 1_000;
const USERS_MAX = 5_000;
/** Keys that a user may make, as IAM has it. */
const KEYS_MAX = 2;
const KEY_ID = /^[A-Z0-9]{16,128}$/;

type Document = { readonly [name: string]: XmlValue };

/** Operations that make, show and delete roles. */
export function roleOperations(directory: Directory): QueryOperation[] {
  const resource = holderArn(directory, 'Role');
  const find = (call: QueryCall): Role => {
    const name = field(call, 'RoleName', HOLDER_NAME);
    return directory.roles.get(name) ?? missing(`The role with name ${name} cannot be found.`);
  };
  return [
    { name: 'GetRole', readOnly: true, resource, run: (call) => ({ answer: { Role: roleDocument(find(call)) } }) },
    {
      name: 'ListRoles',
      readOnly: true,
      resource: () => '*',
      run: () => ({ answer: { Roles: [...directory.roles.values()].map(roleDocument), IsTruncated: false } }),
    },
    {
      name: 'CreateRole',
      readOnly: false,
      resource,
      run(call) {
        const name = field(call, 'RoleName', HOLDER_NAME);
        checkFree(directory.roles.has(name), `Role with name ${name}`);
        checkQuota(directory.roles.size, ROLES_MAX, 'RolesPerAccount');
        const role = directory.role(name, field(call, 'AssumeRolePolicyDocument', DOCUMENT));
        const trail = { role: { roleName: name, arn: role.arn, roleId: role.id } };
        return { answer: { Role: roleDocument(role) }, trail };
      },
    },
    {
      name: 'UpdateAssumeRolePolicy',
      readOnly: false,
      resource,
      run(call) {
        find(call).trust = document(field(call, 'PolicyDocument', DOCUMENT), 'trust');
        return {};
      },
    },
    {
      name: 'DeleteRole',
      readOnly: false,
      resource,
      run(call) {
        const role = find(call);
        checkBare(role);
        directory.roles.delete(role.name);
        return {};
      },
    },
  ];
}

/** Operations that make, show and delete users and their keys. A user is always named: nobody is meant by leaving it out. */
export function userOperations(directory: Directory): QueryOperation[] {
  const resource = holderArn(directory, 'User');
  const find = (call: QueryCall): User => {
    const name = field(call, 'UserName', HOLDER_NAME);
    return directory.users.get(name) ?? missing(`The user with name ${name} cannot be found.`);
  };
  return [
    { name: 'GetUser', readOnly: true, resource, run: (call) => ({ answer: { User: userDocument(find(call)) } }) },
    {
      name: 'ListUsers',
      readOnly: true,
      resource: () => '*',
      run: () => ({ answer: { Users: [...directory.users.values()].map(userDocument), IsTruncated: false } }),
    },
    {
      name: 'CreateUser',
      readOnly: false,
      resource,
      run(call) {
        const name = field(call, 'UserName', HOLDER_NAME);
        checkFree(directory.users.has(name), `User with name ${name}`);
        checkQuota(directory.users.size, USERS_MAX, 'UsersPerAccount');
        const user = directory.addUser(name);
        const trail = { user: { userName: name, arn: user.arn, userId: user.id } };
        return { answer: { User: userDocument(user) }, trail };
      },
    },
    {
      name: 'DeleteUser',
      readOnly: false,
      resource,
      run(call) {
        const user = find(call);
        checkBare(user);
        if (directory.keysOf(user).length > 0) throw conflict('delete access keys first.');
        directory.users.delete(user.name);
        return {};
      },
    },
    ...keyOperations(directory, find),
  ];
}

function keyOperations(directory: Directory, find: (call: QueryCall) => User): QueryOperation[] {
  const resource = holderArn(directory, 'User');
  return [
    {
      name: 'CreateAccessKey',
      readOnly: false,
      resource,
      run(call) {
        const user = find(call);
        checkQuota(directory.keysOf(user).length, KEYS_MAX, 'AccessKeysPerUser');
        const { accessKeyId, secretAccessKey } = directory.userKey(user);
        const shown = { UserName: user.name, AccessKeyId: accessKeyId, Status: 'Active' };
        return {
          answer: { AccessKey: { ...shown, SecretAccessKey: secretAccessKey } },
          trail: { accessKey: { userName: user.name, accessKeyId, status: 'Active' } },
        };
      },
    },
    {
      name: 'ListAccessKeys',
      readOnly: true,
      resource,
      run(call) {
        const user = find(call);
        const listed = directory.keysOf(user).map((key) => keyDocument(user, key));
        return { answer: { AccessKeyMetadata: listed, IsTruncated: false } };
      },
    },
    {
      name: 'DeleteAccessKey',
      readOnly: false,
      resource,
      run(call) {
        const id = field(call, 'AccessKeyId', KEY_ID);
        if (!directory.keysOf(find(call)).some(({ caller }) => caller.accessKeyId === id)) {
          missing(`The Access Key with id ${id} cannot be found.`);
        }
        directory.removeKey(id);
        return {};
      },
    },
  ];
}

/** What has policies is not deleted, as at IAM. */
function checkBare(holder: PolicyHolder): void {
  if (holder.inline.size > 0) throw conflict('delete policies first.');
  if (holder.attached.size > 0) throw conflict('detach all policies first.');
}

function conflict(what: string): QueryError {
  return new QueryError('DeleteConflict', `Cannot delete entity, must ${what}`);
}

function roleDocument(role: Role): Document {
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

function userDocument(user: User): Document {
  return { Path: '/', UserName: user.name, UserId: user.id, Arn: user.arn, CreateDate: isoTime(user.createdMs) };
}

function keyDocument(user: User, key: AccessKey): Document {
  const { accessKeyId } = key.caller;
  return { UserName: user.name, AccessKeyId: accessKeyId, Status: 'Active', CreateDate: isoTime(key.createdMs) };
}
