/** A list of patterns of a statement. `negated` for `NotAction` and `NotResource`. */
export interface Patterns {
  readonly negated: boolean;
  readonly patterns: readonly string[];
}

/** Whom a statement of a resource policy is about. */
export type Principals =
  | { readonly kind: 'anyone' }
  | { readonly kind: 'listed'; readonly aws: readonly string[]; readonly services: readonly string[] }
  /** `NotPrincipal` and kinds that are not known here (`Federated`, `CanonicalUser`). */
  | { readonly kind: 'unsupported' };

/** One line of a condition block: an operator, a key, the values of which one has to fit. */
export interface Condition {
  readonly operator: string;
  readonly key: string;
  readonly values: readonly string[];
}

/** A statement, checked. */
export interface Statement {
  readonly sid: string;
  readonly effect: 'Allow' | 'Deny';
  readonly actions: Patterns;
  /** Undefined in trust policies, which are about the role they belong to. */
  readonly resources: Patterns | undefined;
  readonly principals: Principals | undefined;
  readonly conditions: readonly Condition[];
}

/** A policy, checked, in the order of its statements. */
export interface Policy {
  readonly statements: readonly Statement[];
}

/** Where a policy stands, which decides what its statements must have. */
export type PolicyKind = 'identity' | 'resource' | 'trust';

/** A policy document that cannot be used; answered with `MalformedPolicyDocument`. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
}

/** Characters of one policy document: twice the largest that AWS takes (function policies, 20 kB, written with spaces). */
export const POLICY_CHARS_MAX = 40_960;
/** Statements of a policy: more than fit into the largest document that AWS takes. */
const STATEMENTS_MAX = 500;
const VERSIONS: ReadonlySet<unknown> = new Set([undefined, '2012-10-17', '2008-10-17']);
const FIELDS = new Set([
  'Sid',
  'Effect',
  'Action',
  'NotAction',
  'Resource',
  'NotResource',
  'Principal',
  'NotPrincipal',
  'Condition',
]);

/** Checks a policy document, given as JSON text. Throws `PolicyError` for anything that IAM would not take. */
export function parsePolicy(text: string, kind: PolicyKind): Policy {
  if (text.length > POLICY_CHARS_MAX) throw new PolicyError('The policy is too long.');
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw new PolicyError('The policy is not valid JSON.', { cause });
  }
  if (!isRecord(document)) throw new PolicyError('The policy is not an object.');
  if (!VERSIONS.has(document['Version'])) throw new PolicyError('The policy must contain a valid version string.');
  const listed = document['Statement'];
  const statements: readonly unknown[] = Array.isArray(listed) ? listed : [listed];
  if (statements.length > STATEMENTS_MAX) throw new PolicyError('The policy has too many statements.');
  return { statements: statements.map((statement) => parseStatement(statement, kind)) };
}

function parseStatement(value: unknown, kind: PolicyKind): Statement {
  if (!isRecord(value)) throw new PolicyError('A statement is not an object.');
  const foreign = Object.keys(value).find((field) => !FIELDS.has(field));
  if (foreign !== undefined) throw new PolicyError(`A statement has the unknown element ${foreign.slice(0, 64)}.`);
  const effect = value['Effect'];
  if (effect !== 'Allow' && effect !== 'Deny') throw new PolicyError('A statement needs an Effect of Allow or Deny.');
  const sid = value['Sid'] ?? '';
  if (typeof sid !== 'string') throw new PolicyError('A Sid is not text.');
  const actions = parsePatterns(value, 'Action');
  if (actions === undefined) throw new PolicyError('Policy statement must contain actions.');
  const resources = parsePatterns(value, 'Resource');
  if (resources === undefined && kind === 'identity') throw new PolicyError('Policy statement must contain resources.');
  if (resources !== undefined && kind === 'trust') throw new PolicyError('Has prohibited field Resource.');
  const principals = parsePrincipals(value);
  if (principals !== undefined && kind === 'identity') throw new PolicyError('Has prohibited field Principal.');
  if (principals === undefined && kind !== 'identity') throw new PolicyError('Has no field Principal.');
  return { sid, effect, actions, resources, principals, conditions: parseConditions(value['Condition']) };
}

function parsePatterns(statement: Readonly<Record<string, unknown>>, field: string): Patterns | undefined {
  const plain = texts(statement[field], field);
  const negated = texts(statement[`Not${field}`], `Not${field}`);
  if (plain !== undefined && negated !== undefined) {
    throw new PolicyError(`A statement has both ${field} and Not${field}.`);
  }
  if (plain !== undefined) return { negated: false, patterns: plain };
  return negated === undefined ? undefined : { negated: true, patterns: negated };
}

function parsePrincipals(statement: Readonly<Record<string, unknown>>): Principals | undefined {
  if (statement['NotPrincipal'] !== undefined) return { kind: 'unsupported' };
  const value = statement['Principal'];
  if (value === undefined) return undefined;
  if (value === '*') return { kind: 'anyone' };
  if (!isRecord(value)) throw new PolicyError('A Principal is neither * nor an object.');
  if (Object.keys(value).some((field) => field !== 'AWS' && field !== 'Service')) return { kind: 'unsupported' };
  const aws = texts(value['AWS'], 'Principal') ?? [];
  return aws.includes('*')
    ? { kind: 'anyone' }
    : { kind: 'listed', aws, services: texts(value['Service'], 'Principal') ?? [] };
}

function parseConditions(value: unknown): Condition[] {
  if (value === undefined) return [];
  if (!isRecord(value)) throw new PolicyError('A Condition is not an object.');
  return Object.entries(value).flatMap(([operator, keys]) => {
    if (!isRecord(keys)) throw new PolicyError(`The condition ${operator.slice(0, 64)} is not an object.`);
    return Object.entries(keys).map(([key, values]) => ({ operator, key, values: scalars(values) }));
  });
}

function texts(value: unknown, field: string): readonly string[] | undefined {
  if (value === undefined) return undefined;
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  const found = list.filter((entry) => typeof entry === 'string' && entry !== '');
  if (found.length !== list.length || list.length === 0) throw new PolicyError(`${field} is neither text nor texts.`);
  return found.map(String);
}

/** Values of a condition may be written as JSON numbers and truth values too. */
function scalars(value: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(value) ? value : [value];
  return list.map((entry) => {
    if (typeof entry === 'string' || typeof entry === 'number' || typeof entry === 'boolean') return String(entry);
    throw new PolicyError('A value of a condition is neither text, number nor truth value.');
  });
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
