import type { z } from 'zod';
import { nearest } from './nearest.ts';
import type { ConfigText, Place } from './text.ts';

/** One thing that is wrong with a configuration, and where. */
export interface ConfigProblem {
  /** `listen.port`; '' for the whole. */
  readonly key: string;
  /** Where it stands in the file; absent for what came from elsewhere. */
  readonly place?: Place;
  readonly what: string;
}

/** Keys below a path, as the schema knows them; empty where it is no group. */
export type KnownKeys = (path: readonly PropertyKey[]) => readonly string[];

/** What the schema found wrong, one problem a key. */
export function problemsOf(issues: readonly z.core.$ZodIssue[], text: ConfigText | undefined, known: KnownKeys) {
  return issues.flatMap((issue): ConfigProblem[] => {
    if (issue.code !== 'unrecognized_keys') return [problemAt(issue.path, textOf(issue), text?.placeOf(issue.path))];
    return issue.keys.map((key) => {
      const meant = nearest(key, known(issue.path));
      const all = known(issue.path).join(', ');
      const what = meant === undefined ? `is no key here. Known are ${all}.` : `is no key. Did you mean ${meant}?`;
      return problemAt([...issue.path, key], what, text?.placeOfKey(issue.path, key));
    });
  });
}

/** A problem at a path. */
export function problemAt(path: readonly PropertyKey[], what: string, place: Place | undefined): ConfigProblem {
  const problem = { key: path.map(String).join('.'), what };
  return place === undefined ? problem : { ...problem, place };
}

/** `gait.yaml:3:5: listen.port must be a number`. */
export function problemText({ key, place, what }: ConfigProblem, file: string | undefined): string {
  const where = file === undefined ? '' : place === undefined ? `${file}: ` : `${file}:${place.line}:${place.column}: `;
  return `${where}${key}${key === '' ? '' : ' '}${what}`;
}

const KINDS: Readonly<Record<string, string>> = {
  object: 'a group of keys',
  array: 'a list',
  string: 'a text; put it into quotes',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
};

function textOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined && issue.message.endsWith('undefined')) return 'is missing.';
      return `must be ${KINDS[issue.expected] ?? issue.expected}.`;
    case 'too_small':
      return `must ${issue.origin === 'string' ? 'have' : 'be'} at least ${issue.minimum}${unitOf(issue.origin)}.`;
    case 'too_big':
      return `must ${issue.origin === 'string' ? 'have' : 'be'} at most ${issue.maximum}${unitOf(issue.origin)}.`;
    default:
      return issue.message.endsWith('.') ? issue.message : `${issue.message}.`;
  }
}

function unitOf(origin: string): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' ? ' entries long' : '';
}
