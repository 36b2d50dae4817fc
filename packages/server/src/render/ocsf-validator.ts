import { isIP } from 'node:net';
import type { Attribute, ObjectRule } from './ocsf-schema.ts';
import { DETECTION_FINDING, OCSF_OBJECTS, OCSF_VERSION } from './ocsf-schema.ts';

/** One broken rule. */
export interface OcsfProblem {
  /** `finding_info.attacks[0].technique`; '' is the finding itself. */
  readonly path: string;
  readonly problem: string;
}

/** 9999-12-31 in ms since 1970: later times are mistakes of unit. */
const TIME_MS_MAX = 253_402_300_799_999;
/** Number that means "something else, see the sibling". */
const OTHER = 99;
/** Dispositions that claim that something was done; only true after it was verified. */
const DONE = new Set([3, 4, 24]);
const UPDATE = 2;
const HOST_NAME = /^(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?$/i;

/**
 * Checks a Detection Finding against the rules of OCSF 1.8.0 that concern what Gait writes: known, required and typed
 * attributes, enumerations and their siblings, at-least-one rules, profiles, and the arithmetic of `class_uid` and
 * `type_uid`; besides, that no finding claims an action that was only planned. Empty when valid. Never throws.
 */
export function validateOcsf(value: unknown): readonly OcsfProblem[] {
  const problems: OcsfProblem[] = [];
  if (!isRecord(value)) return [{ path: '', problem: 'is not an object' }];
  const metadata = value['metadata'];
  const profiles = isRecord(metadata) && Array.isArray(metadata['profiles']) ? metadata['profiles'] : [];
  const check: Check = { profiles: new Set(profiles), report: (path, problem) => problems.push({ path, problem }) };
  checkObject(value, { rule: OCSF_OBJECTS['detection_finding'], path: '' }, check);
  checkNumbers(value, check);
  return problems;
}

interface Check {
  readonly profiles: ReadonlySet<unknown>;
  report(path: string, problem: string): void;
}

interface Place {
  readonly rule: ObjectRule;
  readonly path: string;
}

type JsonRecord = Readonly<Record<string, unknown>>;

function checkObject(value: JsonRecord, { rule, path }: Place, check: Check): void {
  for (const name of Object.keys(value)) {
    if (!Object.hasOwn(rule.attributes, name)) check.report(join(path, name), 'is not an attribute');
  }
  for (const [name, attribute] of Object.entries(rule.attributes)) {
    const at = join(path, name);
    const present = value[name] !== undefined;
    const allowed = attribute.profile === undefined || check.profiles.has(attribute.profile);
    if (present && !allowed) check.report(at, `needs the profile ${attribute.profile}`);
    if (!present && allowed && attribute.required) check.report(at, 'is required');
    if (!present) continue;
    checkAttribute(value[name], { attribute, path: at }, check);
    checkSibling(value, { name, attribute, path }, check);
  }
  const { atLeastOne } = rule;
  if (atLeastOne !== undefined && !atLeastOne.some((name) => value[name] !== undefined)) {
    check.report(path, `needs at least one of ${atLeastOne.join(', ')}`);
  }
}

function checkAttribute(
  value: unknown,
  { attribute, path }: { readonly attribute: Attribute; readonly path: string },
  check: Check,
): void {
  if (attribute.list !== true) {
    checkValue(value, { attribute, path }, check);
  } else if (!Array.isArray(value)) {
    check.report(path, 'is not a list');
  } else {
    if (value.length === 0) check.report(path, 'is an empty list: leave it out');
    value.forEach((one, at) => {
      checkValue(one, { attribute, path: `${path}[${at}]` }, check);
    });
  }
}

function checkValue(
  value: unknown,
  { attribute, path }: { readonly attribute: Attribute; readonly path: string },
  check: Check,
): void {
  if (typeof attribute.type !== 'object') {
    const problem = typeProblem(value, attribute);
    if (problem !== undefined) check.report(path, problem);
  } else if (isRecord(value)) {
    checkObject(value, { rule: OCSF_OBJECTS[attribute.type.object], path }, check);
  } else {
    check.report(path, 'is not an object');
  }
}

function typeProblem(value: unknown, { type, captions, range }: Attribute): string | undefined {
  switch (type) {
    case 'json':
      return undefined;
    case 'boolean':
      return typeof value === 'boolean' ? undefined : 'is not true or false';
    case 'integer':
    case 'timestamp': {
      if (typeof value !== 'number' || !Number.isSafeInteger(value)) return 'is not a whole number';
      if (captions !== undefined && !Object.hasOwn(captions, value)) return `is not one of ${Object.keys(captions)}`;
      const [low, high] = range ?? (type === 'timestamp' ? [0, TIME_MS_MAX] : [-Infinity, Infinity]);
      return value < low || value > high ? `is not in ${low} to ${high}` : undefined;
    }
    default:
      if (typeof value !== 'string') return 'is not text';
      if (type === 'ip' && isIP(value) === 0) return 'is not an IP address';
      if (type === 'hostname' && !(value.length <= 253 && HOST_NAME.test(value))) return 'is not a host name';
      return undefined;
  }
}

/** A caption in words says the same as its number, and `Other` says what. */
function checkSibling(
  value: JsonRecord,
  { name, attribute, path }: { readonly name: string; readonly attribute: Attribute; readonly path: string },
  check: Check,
): void {
  const { sibling, captions } = attribute;
  if (sibling === undefined || captions === undefined) return;
  const [id, words] = [value[name], value[sibling]];
  if (id === OTHER && typeof words !== 'string') check.report(join(path, sibling), `is required when ${name} is 99`);
  if (typeof id !== 'number' || id === OTHER || words === undefined) return;
  if (words !== captions[id]) check.report(join(path, sibling), `is not the caption of ${name} ${id}`);
}

function checkNumbers(value: JsonRecord, check: Check): void {
  const { activity_id, category_uid, class_uid, type_uid, disposition_id, metadata } = value;
  const product = isRecord(metadata) ? metadata['version'] : undefined;
  if (product !== OCSF_VERSION) check.report('metadata.version', `is not ${OCSF_VERSION}`);
  if (class_uid !== Number(category_uid) * 1000 + (DETECTION_FINDING.class_uid % 1000)) {
    check.report('class_uid', 'is not category_uid * 1000 + 4');
  }
  if (type_uid !== Number(class_uid) * 100 + Number(activity_id)) {
    check.report('type_uid', 'is not class_uid * 100 + activity_id');
  }
  if (typeof disposition_id === 'number' && DONE.has(disposition_id) && activity_id !== UPDATE) {
    check.report('disposition_id', 'claims an action: only an Update may, after the action was verified');
  }
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
