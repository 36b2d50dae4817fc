import { type Directory, document } from '../identity/directory.ts';
import {
  charsOf,
  checkQuota,
  DOCUMENT,
  encoded,
  HOLDER_NAME,
  managedPolicyOf,
  missing,
  POLICY_ARN,
  POLICY_NAME,
  type PolicyHolder,
} from './iam-fields.ts';
import { field, type QueryCall, QueryError, type QueryOperation } from './query-protocol.ts';

/** Characters of all inline policies of a role and of a user, as IAM limits them. */
const INLINE_CHARS_MAX = { Role: 10_240, User: 2_048 } as const;
/** Managed policies attached to one role or user, as IAM has it. */
const ATTACHED_MAX = 10;

/** Where policies are: what the calls for it are named, and how it is found. */
export interface HolderKind {
  readonly name: 'Role' | 'User';
  /** Throws `QueryError` when there is none. */
  readonly find: (call: QueryCall) => PolicyHolder;
}

/** Roles and users of a directory. */
export function holderKinds(directory: Directory): { readonly role: HolderKind; readonly user: HolderKind } {
  const role = (call: QueryCall): PolicyHolder => {
    const name = field(call, 'RoleName', HOLDER_NAME);
    return directory.roles.get(name) ?? missing(`The role with name ${name} cannot be found.`);
  };
  const user = (call: QueryCall): PolicyHolder => {
    const name = field(call, 'UserName', HOLDER_NAME);
    return directory.users.get(name) ?? missing(`The user with name ${name} cannot be found.`);
  };
  return { role: { name: 'Role', find: role }, user: { name: 'User', find: user } };
}

/** ARN of the role or user that a call names, whether it exists or not. */
export function holderArn(directory: Directory, kind: 'Role' | 'User'): (call: QueryCall) => string {
  return (call) =>
    `arn:aws:iam::${directory.accountId}:${kind.toLowerCase()}/${field(call, `${kind}Name`, HOLDER_NAME)}`;
}

/** Operations on the inline and attached policies of roles or users. */
export function holderOperations(directory: Directory, kind: HolderKind): QueryOperation[] {
  return [...inlineOperations(directory, kind), ...attachmentOperations(directory, kind)];
}

function inlineOperations(directory: Directory, { name: kind, find }: HolderKind): QueryOperation[] {
  const resource = holderArn(directory, kind);
  return [
    {
      name: `Put${kind}Policy`,
      readOnly: false,
      resource,
      run(call) {
        const holder = find(call);
        putInline(holder, {
          kind,
          name: field(call, 'PolicyName', POLICY_NAME),
          text: field(call, 'PolicyDocument', DOCUMENT),
        });
        return {};
      },
    },
    {
      name: `Get${kind}Policy`,
      readOnly: true,
      resource,
      run(call) {
        const holder = find(call);
        const name = field(call, 'PolicyName', POLICY_NAME);
        const policy = holder.inline.get(name) ?? missing(`The policy with name ${name} cannot be found.`);
        const answer = { [`${kind}Name`]: holder.name, PolicyName: name, PolicyDocument: encoded(policy.text) };
        return { answer };
      },
    },
    {
      name: `List${kind}Policies`,
      readOnly: true,
      resource,
      run: (call) => ({ answer: { PolicyNames: [...find(call).inline.keys()], IsTruncated: false } }),
    },
    {
      name: `Delete${kind}Policy`,
      readOnly: false,
      resource,
      run(call) {
        const name = field(call, 'PolicyName', POLICY_NAME);
        if (!find(call).inline.delete(name)) missing(`The policy with name ${name} cannot be found.`);
        return {};
      },
    },
  ];
}

function attachmentOperations(directory: Directory, { name: kind, find }: HolderKind): QueryOperation[] {
  const resource = holderArn(directory, kind);
  return [
    {
      name: `Attach${kind}Policy`,
      readOnly: false,
      resource,
      run(call) {
        const { attached } = find(call);
        const { arn } = managedPolicyOf(directory, call);
        if (!attached.has(arn)) checkQuota(attached.size, ATTACHED_MAX, `PoliciesPer${kind}`);
        attached.add(arn);
        return {};
      },
    },
    {
      name: `Detach${kind}Policy`,
      readOnly: false,
      resource,
      run(call) {
        const arn = field(call, 'PolicyArn', POLICY_ARN);
        if (!find(call).attached.delete(arn)) missing(`Policy ${arn} was not found.`);
        return {};
      },
    },
    {
      name: `ListAttached${kind}Policies`,
      readOnly: true,
      resource,
      run(call) {
        const listed = [...find(call).attached].map((arn) => ({
          PolicyName: directory.managed.get(arn)?.name ?? '',
          PolicyArn: arn,
        }));
        return { answer: { AttachedPolicies: listed, IsTruncated: false } };
      },
    },
  ];
}

function putInline(
  holder: PolicyHolder,
  put: { readonly kind: 'Role' | 'User'; readonly name: string; readonly text: string },
): void {
  const policy = document(put.text, 'identity');
  const others = [...holder.inline].filter(([other]) => other !== put.name);
  const total = others.reduce((sum, [, other]) => sum + charsOf(other.text), charsOf(put.text));
  const max = INLINE_CHARS_MAX[put.kind];
  if (total > max) {
    throw new QueryError('LimitExceeded', `Maximum policy size of ${max} bytes exceeded for ${holder.name}`);
  }
  holder.inline.set(put.name, policy);
}
