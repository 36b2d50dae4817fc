import { callFor, permissionOf } from './api-call.ts';
import { ResponseError } from './errors.ts';
import type { FunctionRef } from './function-ref.ts';
import { functionRef } from './function-ref.ts';
import type { Done, FunctionState, MappingState, Provider } from './provider.ts';
import { quarantinePolicyArn, quarantinePolicyName } from './quarantine-policy.ts';
import type { Target, Value } from './target.ts';

/** The function that tests put into quarantine. */
export const PAY = 'aws:123456789012:eu-west-1:pay';
/** A value no plan, record or message may ever contain. */
export const SECRET = 'hunter2-is-not-to-be-told';

/** A function of the cloud in memory. */
export interface MemoryFunction {
  name: string;
  codeSha256: string;
  description: string;
  timeoutS: number;
  roleName: string;
  deadLetterArn: string;
  onFailureArn: string;
  concurrency: Value;
  urlAuthType: string;
  tags: Record<string, string>;
  aliases: { name: string; version: string }[];
  environment: Record<string, string>;
  /** Code hash of each published version. */
  versions: string[];
  /** Counts up with every update: sandboxes of another revision are gone. */
  revision: number;
  callers: { sid: string; principal: string }[];
}

/** A role of the cloud in memory. */
interface MemoryRole {
  attached: string[];
  inline: Record<string, string>;
}

/** As much of a cloud as responses touch, in memory, with the behaviour that AWS documents. */
export class MemoryCloud {
  readonly functions = new Map<string, MemoryFunction>();
  readonly roles = new Map<string, MemoryRole>();
  readonly mappings = new Map<string, MappingState & { functionName: string }>();
  readonly managedPolicies = new Map<string, string>();
  /** Permissions the caller does not have. */
  readonly denied = new Set<string>();

  /** With the function `pay`, which has everything, and `refund` on the same role. */
  constructor() {
    this.roles.set('shop-role', {
      attached: ['arn:aws:iam::aws:policy/ReadOnlyAccess'],
      inline: { own: '{"Version":"2012-10-17"}' },
    });
    this.functions.set('pay', memoryFunction('pay'));
    this.functions.set('refund', memoryFunction('refund'));
    for (const [uuid, source] of [
      ['b2', 'arn:aws:sqs:eu-west-1:123456789012:orders'],
      ['a1', 'arn:aws:dynamodb:eu-west-1:123456789012:table/carts/stream/2026'],
    ]) {
      this.mappings.set(uuid, { uuid, sourceArn: source, enabled: true, recordAgeMaxS: 0, functionName: 'pay' });
    }
  }

  /** Everything that a release has to restore, as text to compare. Versions stay, and revisions only count up. */
  settings(): string {
    const functions = [...this.functions.values()].map(({ versions: _, revision: __, ...rest }) => rest);
    return JSON.stringify([functions, [...this.roles], [...this.mappings]], null, 1);
  }

  get(target: Target): Value {
    switch (target.kind) {
      case 'version':
        return this.function(target.functionName).versions.includes(target.codeSha256) ? 'published' : null;
      case 'tag':
        return this.function(functionNameOf(target.functionArn)).tags[target.key] ?? null;
      case 'concurrency':
        return this.function(target.functionName).concurrency;
      case 'mapping':
        return this.mapping(target.uuid).enabled ? 'enabled' : 'disabled';
      case 'attached-policy':
        return this.role(target.roleName).attached.includes(target.policyArn) ? 'attached' : null;
      case 'role-policy':
        return this.role(target.roleName).inline[target.policyName] ?? null;
      case 'description':
        return this.function(target.functionName).description;
    }
  }

  set(target: Target, value: Value): string {
    switch (target.kind) {
      case 'version':
        return this.publish(target.functionName, target.codeSha256);
      case 'tag':
        put(this.function(functionNameOf(target.functionArn)).tags, target.key, value);
        return '';
      case 'concurrency':
        this.function(target.functionName).concurrency = value;
        return '';
      case 'mapping': {
        const mapping = this.mapping(target.uuid);
        this.mappings.set(target.uuid, { ...mapping, enabled: value === 'enabled' });
        return '';
      }
      case 'attached-policy': {
        const role = this.role(target.roleName);
        role.attached = role.attached.filter((arn) => arn !== target.policyArn);
        if (value !== null) role.attached.push(target.policyArn);
        return '';
      }
      case 'role-policy':
        put(this.role(target.roleName).inline, target.policyName, value);
        return '';
      case 'description': {
        const one = this.function(target.functionName);
        one.description = value ?? '';
        one.revision += 1;
        return '';
      }
    }
  }

  publish(name: string, codeSha256: string): string {
    const one = this.function(name);
    if (one.codeSha256 !== codeSha256) throw new ResponseError('GAIT_RESPONSE_REFUSED', 'Another code.');
    if (one.versions.at(-1) !== codeSha256) one.versions.push(codeSha256);
    return `version ${one.versions.length}`;
  }

  function(name: string): MemoryFunction {
    return present(this.functions.get(name), `function ${name}`);
  }

  role(name: string): MemoryRole {
    return present(this.roles.get(name), `role ${name}`);
  }

  mapping(uuid: string): MappingState & { functionName: string } {
    return present(this.mappings.get(uuid), `mapping ${uuid}`);
  }
}

/** The provider of a cloud in memory. `onSet` is told before (`asked`) and after (`done`) each change, and may throw. */
export class MemoryProvider implements Provider {
  readonly cloud: MemoryCloud;
  onSet: (target: Target, when: 'asked' | 'done') => void = () => undefined;
  /** Readings that still show the old value after a change. */
  lag = 0;
  #stale: { readonly target: string; readonly value: Value; left: number } | undefined;

  constructor(cloud = new MemoryCloud()) {
    this.cloud = cloud;
  }

  async read(ref: FunctionRef): Promise<FunctionState> {
    return stateOf(this.cloud, ref);
  }

  async get(target: Target): Promise<Value> {
    const stale = this.#stale;
    if (stale !== undefined && stale.target === JSON.stringify(target) && stale.left-- > 0) return stale.value;
    return this.cloud.get(target);
  }

  async set(target: Target, value: Value): Promise<Done> {
    const permission = permissionOf(callFor(target, value));
    if (this.cloud.denied.has(permission)) {
      throw new ResponseError('GAIT_RESPONSE_DENIED', `${permission} is missing.`);
    }
    this.onSet(target, 'asked');
    this.#stale = { target: JSON.stringify(target), value: this.cloud.get(target), left: this.lag };
    const note = this.cloud.set(target, value);
    this.onSet(target, 'done');
    return { requestIds: ['request-1'], note };
  }
}

/** What a provider reads of a function in memory. */
export function stateOf(cloud: MemoryCloud, ref: FunctionRef): FunctionState {
  const one = cloud.function(ref.name);
  const role = cloud.role(one.roleName);
  const managed = cloud.managedPolicies.get(quarantinePolicyArn(ref));
  const kept = one.versions.lastIndexOf(one.codeSha256);
  return {
    arn: functionRef(`aws:123456789012:eu-west-1:${ref.name}`).arn,
    accountId: '123456789012',
    region: 'eu-west-1',
    name: one.name,
    revisionId: `revision-${one.revision}`,
    codeSha256: one.codeSha256,
    runtime: 'nodejs24.x',
    handler: 'index.handler',
    description: one.description,
    timeoutS: one.timeoutS,
    lastModified: '2026-11-01T10:00:00.000+0000',
    roleArn: `arn:aws:iam::123456789012:role/${one.roleName}`,
    roleName: one.roleName,
    environmentNames: Object.keys(one.environment),
    layerArns: [],
    deadLetterArn: one.deadLetterArn,
    onFailureArn: one.onFailureArn,
    concurrency: one.concurrency,
    mappings: [...cloud.mappings.values()]
      .filter(({ functionName }) => functionName === ref.name)
      .map(({ functionName: _, ...mapping }) => mapping),
    callers: one.callers,
    policySha256: '',
    urlAuthType: one.urlAuthType,
    aliases: one.aliases,
    keptVersion: kept < 0 ? null : String(kept + 1),
    attachedPolicyArns: role.attached,
    inlinePolicyNames: Object.keys(role.inline),
    managedQuarantine: managed === undefined ? null : { arn: quarantinePolicyArn(ref), document: managed },
    inlineQuarantine: role.inline[quarantinePolicyName(ref)] ?? null,
    roleSharers: [...cloud.functions.values()]
      .filter(({ name, roleName }) => name !== ref.name && roleName === one.roleName)
      .map(({ name }) => name),
    tags: { ...one.tags },
    unread: [],
  };
}

function memoryFunction(name: string): MemoryFunction {
  return {
    name,
    codeSha256: 'c29tZSBjb2Rl',
    description: 'Takes payments',
    timeoutS: 30,
    roleName: 'shop-role',
    deadLetterArn: '',
    onFailureArn: '',
    concurrency: null,
    urlAuthType: 'NONE',
    tags: { team: 'shop' },
    aliases: [{ name: 'live', version: '3' }],
    environment: { DATABASE_PASSWORD: SECRET, STAGE: 'live' },
    versions: ['b2xkZXI='],
    revision: 1,
    callers: [{ sid: 'from-bucket', principal: 's3.amazonaws.com' }],
  };
}

function functionNameOf(arn: string): string {
  return arn.slice(arn.lastIndexOf(':') + 1);
}

function put(record: Record<string, string>, key: string, value: Value): void {
  if (value === null) delete record[key];
  else record[key] = value;
}

function present<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new ResponseError('GAIT_RESPONSE_ABSENT', `There is no ${what}.`);
  return value;
}
