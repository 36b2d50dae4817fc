import { randomBytes } from 'node:crypto';
import type { Caller, Credentials, FunctionRevision } from '../contract.ts';
import { type Policy, parsePolicy } from './policy.ts';

/** A policy with the text it was made from, which is what is shown. */
export interface PolicyDocument {
  readonly text: string;
  readonly policy: Policy;
}

/** A managed policy: has an ARN, and can be attached to many roles. */
export interface ManagedPolicy extends PolicyDocument {
  readonly name: string;
  readonly arn: string;
  readonly id: string;
  readonly createdMs: number;
}

/** A role with its policies as they are now. */
export interface Role {
  readonly name: string;
  readonly arn: string;
  /** `AROA…`, in the trail. */
  readonly id: string;
  readonly createdMs: number;
  trust: PolicyDocument;
  readonly inline: Map<string, PolicyDocument>;
  /** ARNs of managed policies. */
  readonly attached: Set<string>;
}

/** A user with its policies. */
export interface User {
  readonly name: string;
  readonly arn: string;
  readonly id: string;
  readonly createdMs: number;
  readonly inline: Map<string, PolicyDocument>;
  /** ARNs of managed policies. */
  readonly attached: Set<string>;
}

/** What an access key stands for. */
export interface AccessKey {
  readonly secretAccessKey: string;
  /** '' for keys of users. */
  readonly sessionToken: string;
  readonly createdMs: number;
  readonly expiresMs: number;
  readonly caller: Caller;
}

/** What a session is made with. */
export interface SessionRequest {
  readonly sessionName: string;
  readonly durationMs: number;
  readonly sourceFunctionArn?: string;
}

/** As long as Lambda's own: the longest a sandbox is kept. */
const FUNCTION_SESSION_MS = 12 * 3_600_000;
/** Keys that are valid at once. A sandbox has one, so this is far beyond what one machine runs; the oldest session goes first. */
const KEYS_MAX = 20_000;
/** Users do not expire: the last moment that a date can be. */
const NEVER_MS = 8_640_000_000_000_000;
const KEY_LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/**
 * Users, roles, managed policies and access keys of the one account of a platform, in memory: they are gone when it
 * closes. What is changed here holds from the next call on. About 1 kB a session.
 */
export class Directory {
  readonly accountId: string;
  readonly roles = new Map<string, Role>();
  readonly users = new Map<string, User>();
  /** By ARN. */
  readonly managed = new Map<string, ManagedPolicy>();
  readonly #keys = new Map<string, AccessKey>();
  readonly #now: () => number;
  #sessionsEvicted = 0;

  constructor(accountId: string, now: () => number = Date.now) {
    this.accountId = accountId;
    this.#now = now;
  }

  /** Sessions that ended before their time because there were too many. */
  get sessionsEvicted(): number {
    return this.#sessionsEvicted;
  }

  /** Makes a role, or gives the one of that name. Throws `PolicyError`. */
  role(name: string, trust: string = TRUSTS_LAMBDA): Role {
    const existing = this.roles.get(name);
    if (existing !== undefined) return existing;
    const role: Role = {
      name,
      arn: `arn:aws:iam::${this.accountId}:role/${name}`,
      id: `AROA${keyLetters(17)}`,
      createdMs: this.#now(),
      trust: document(trust, 'trust'),
      inline: new Map(),
      attached: new Set(),
    };
    this.roles.set(name, role);
    return role;
  }

  roleOfArn(arn: string): Role | undefined {
    const role = this.roles.get(arn.slice(arn.lastIndexOf('/') + 1));
    return role?.arn === arn ? role : undefined;
  }

  /** Makes a user with one inline policy, or replaces that policy of the one there is, and gives it a further key. */
  user(name: string, policy: string): Credentials {
    const checked = document(policy, 'identity');
    const user = this.users.get(name) ?? this.addUser(name);
    user.inline.set('inline', checked);
    return this.userKey(user);
  }

  /** Makes a user that may do nothing. */
  addUser(name: string): User {
    const user: User = {
      name,
      arn: `arn:aws:iam::${this.accountId}:user/${name}`,
      id: `AIDA${keyLetters(17)}`,
      createdMs: this.#now(),
      inline: new Map(),
      attached: new Set(),
    };
    this.users.set(name, user);
    return user;
  }

  /** Makes a further key for a user. */
  userKey(user: User): Credentials {
    return this.#issue({
      secretAccessKey: randomBytes(30).toString('base64'),
      sessionToken: '',
      createdMs: this.#now(),
      expiresMs: NEVER_MS,
      caller: { accountId: this.accountId, arn: user.arn, accessKeyId: `AKIA${keyLetters(16)}` },
    });
  }

  /** Keys of a user, oldest first. Looks at all keys. */
  keysOf(user: User): readonly AccessKey[] {
    return [...this.#keys.values()].filter(({ caller }) => caller.arn === user.arn);
  }

  /** Takes a key away: what is signed with it is refused from now on. */
  removeKey(accessKeyId: string): void {
    this.#keys.delete(accessKeyId);
  }

  /**
   * Credentials for a sandbox: a session of the function's role, named like the function. If the role is gone, the
   * session may do nothing.
   */
  functionSession(revision: FunctionRevision): Credentials {
    const { roleArn } = revision;
    const role = this.roleOfArn(roleArn) ?? { arn: roleArn, name: roleArn.slice(roleArn.lastIndexOf('/') + 1) };
    return this.session(role, {
      sessionName: revision.name,
      durationMs: FUNCTION_SESSION_MS,
      sourceFunctionArn: revision.arn,
    });
  }

  /** Credentials of a role for a time. */
  session(role: Pick<Role, 'name' | 'arn'>, request: SessionRequest): Credentials {
    const issuedMs = this.#now();
    const accessKeyId = `ASIA${keyLetters(16)}`;
    const { sessionName, sourceFunctionArn } = request;
    return this.#issue({
      secretAccessKey: randomBytes(30).toString('base64'),
      sessionToken: randomBytes(96).toString('base64'),
      createdMs: issuedMs,
      expiresMs: issuedMs + request.durationMs,
      caller: {
        accountId: this.accountId,
        arn: `arn:aws:sts::${this.accountId}:assumed-role/${role.name}/${sessionName}`,
        roleName: role.name,
        roleArn: role.arn,
        sessionName,
        accessKeyId,
        issuedMs,
        ...(sourceFunctionArn === undefined ? {} : { sourceFunctionArn }),
      },
    });
  }

  key(accessKeyId: string): AccessKey | undefined {
    return this.#keys.get(accessKeyId);
  }

  /** Policies that hold for a caller now: none when its user or role is gone. */
  policiesOf(caller: Caller): readonly Policy[] {
    const holder =
      caller.roleName === undefined
        ? this.users.get(caller.arn.slice(caller.arn.lastIndexOf('/') + 1))
        : this.roles.get(caller.roleName);
    if (holder === undefined) return [];
    const attached = [...holder.attached].flatMap((arn) => this.managed.get(arn) ?? []);
    return [...holder.inline.values(), ...attached].map(({ policy }) => policy);
  }

  #issue(key: AccessKey): Credentials {
    const { accessKeyId } = key.caller;
    if (this.#keys.size >= KEYS_MAX) this.#makeRoom();
    this.#keys.set(accessKeyId, key);
    const { secretAccessKey, sessionToken, expiresMs } = key;
    return { accessKeyId, secretAccessKey, sessionToken, expiresMs };
  }

  /** Expired sessions go; if there are none, the oldest session. Keys of users stay. */
  #makeRoom(): void {
    const now = this.#now();
    let oldest: string | undefined;
    for (const [id, key] of this.#keys) {
      if (key.expiresMs <= now) this.#keys.delete(id);
      else if (key.sessionToken !== '') oldest ??= id;
    }
    if (this.#keys.size < KEYS_MAX || oldest === undefined) return;
    this.#keys.delete(oldest);
    this.#sessionsEvicted++;
  }
}

/** Trust policy of roles that functions run with. */
export const TRUSTS_LAMBDA = JSON.stringify({
  Version: '2012-10-17',
  Statement: [{ Effect: 'Allow', Principal: { Service: 'lambda.amazonaws.com' }, Action: 'sts:AssumeRole' }],
});

/** A policy document of a text. Throws `PolicyError`. */
export function document(text: string, kind: 'identity' | 'resource' | 'trust'): PolicyDocument {
  return { text, policy: parsePolicy(text, kind) };
}

/** Random letters as AWS uses them in ids. */
export function keyLetters(length: number): string {
  return Array.from(randomBytes(length), (byte) => KEY_LETTERS[byte % KEY_LETTERS.length]).join('');
}
