import { BlockList, isIP } from 'node:net';
import type { Condition } from './policy.ts';
import { matchesArn, matchesPattern } from './wildcard.ts';

/** Values of the condition keys of one request. Keys are in lower case; a key that is absent has no entry. */
export type ConditionContext = ReadonlyMap<string, readonly string[]>;

/** `unsupported`: an operator, a set operator or a policy variable that is not known here. */
export type ConditionResult = 'met' | 'unmet' | 'unsupported';

/** What an operator asks of one value of the request and one value of the policy. */
type Test = (actual: string, wanted: string) => boolean;

/** Operators by name; those that begin with a negation are in `NEGATED`. */
const TESTS: ReadonlyMap<string, Test> = new Map<string, Test>([
  ['StringEquals', (actual, wanted) => actual === wanted],
  ['StringEqualsIgnoreCase', (actual, wanted) => actual.toLowerCase() === wanted.toLowerCase()],
  ['StringLike', (actual, wanted) => matchesPattern(wanted, actual)],
  ['ArnEquals', (actual, wanted) => matchesArn(wanted, actual)],
  ['ArnLike', (actual, wanted) => matchesArn(wanted, actual)],
  ['Bool', (actual, wanted) => actual.toLowerCase() === wanted.toLowerCase()],
  ['IpAddress', isInNetwork],
  ['DateEquals', dates((actual, wanted) => actual === wanted)],
  ['DateLessThan', dates((actual, wanted) => actual < wanted)],
  ['DateLessThanEquals', dates((actual, wanted) => actual <= wanted)],
  ['DateGreaterThan', dates((actual, wanted) => actual > wanted)],
  ['DateGreaterThanEquals', dates((actual, wanted) => actual >= wanted)],
  ['NumericEquals', numbers((actual, wanted) => actual === wanted)],
  ['NumericLessThan', numbers((actual, wanted) => actual < wanted)],
  ['NumericLessThanEquals', numbers((actual, wanted) => actual <= wanted)],
  ['NumericGreaterThan', numbers((actual, wanted) => actual > wanted)],
  ['NumericGreaterThanEquals', numbers((actual, wanted) => actual >= wanted)],
]);

/** Met when no value fits, and when the request does not have the key. */
const NEGATED: ReadonlyMap<string, string> = new Map([
  ['StringNotEquals', 'StringEquals'],
  ['StringNotEqualsIgnoreCase', 'StringEqualsIgnoreCase'],
  ['StringNotLike', 'StringLike'],
  ['ArnNotEquals', 'ArnEquals'],
  ['ArnNotLike', 'ArnLike'],
  ['NotIpAddress', 'IpAddress'],
  ['DateNotEquals', 'DateEquals'],
  ['NumericNotEquals', 'NumericEquals'],
]);

/**
 * Whether a request meets all conditions of a statement. Known are the operators on text, ARNs, dates, numbers, truth
 * values and addresses, `Null`, and `IfExists`. `ForAllValues:`, `ForAnyValue:`, `BinaryEquals` and policy variables
 * (`${aws:username}`) are not: the caller has to take those for the safe side.
 */
export function meets(conditions: readonly Condition[], context: ConditionContext): ConditionResult {
  let result: ConditionResult = 'met';
  for (const condition of conditions) {
    const one = meetsOne(condition, context);
    if (one === 'unmet') return 'unmet';
    if (one === 'unsupported') result = 'unsupported';
  }
  return result;
}

function meetsOne(condition: Condition, context: ConditionContext): ConditionResult {
  const actual = context.get(condition.key.toLowerCase());
  const isAbsent = actual === undefined || actual.length === 0;
  if (condition.operator === 'Null') return verdict(condition.values.includes(String(isAbsent)));
  const isOptional = condition.operator.endsWith('IfExists');
  const name = isOptional ? condition.operator.slice(0, -'IfExists'.length) : condition.operator;
  const positive = NEGATED.get(name);
  const test = TESTS.get(positive ?? name);
  if (test === undefined || condition.values.some(hasVariable)) return 'unsupported';
  if (isAbsent) return verdict(isOptional || positive !== undefined);
  const fits = actual.some((value) => condition.values.some((wanted) => test(value, wanted)));
  return verdict(fits === (positive === undefined));
}

/** Whether a text of a policy holds a policy variable. */
export function hasVariable(text: string): boolean {
  return text.includes('${');
}

function verdict(isMet: boolean): ConditionResult {
  return isMet ? 'met' : 'unmet';
}

/** Dates of policies are ISO 8601 or seconds since 1970. What is no date fits nothing. */
function dates(compare: (actual: number, wanted: number) => boolean): Test {
  return (actual, wanted) => compare(timeOf(actual), timeOf(wanted));
}

function timeOf(text: string): number {
  return /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text);
}

function numbers(compare: (actual: number, wanted: number) => boolean): Test {
  return (actual, wanted) => compare(numberOf(actual), numberOf(wanted));
}

function numberOf(text: string): number {
  return text.trim() === '' ? Number.NaN : Number(text);
}

/** Whether an address is in a network (`10.0.0.0/8`) or is the address named. */
function isInNetwork(address: string, network: string): boolean {
  const [base = '', bits] = network.split('/', 2);
  const version = isIP(base);
  if (version === 0 || version !== isIP(address)) return false;
  const family = version === 4 ? 'ipv4' : 'ipv6';
  const width = bits === undefined ? (version === 4 ? 32 : 128) : /^\d{1,3}$/.test(bits) ? Number(bits) : -1;
  if (width < 0 || width > (version === 4 ? 32 : 128)) return false;
  const list = new BlockList();
  list.addSubnet(base, width, family);
  return list.check(address, family);
}
