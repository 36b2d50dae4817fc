import { type FunctionBaselines, shortNameOf } from '../baselines/function.ts';
import type { Novelty } from '../baselines/novelty.ts';
import type { SymbolField } from '../event/schema.ts';
import type { Observation } from '../features/observation.ts';

/** Values named in an expectation; more are counted. */
const VALUES_NAMED_MAX = 4;

/** "never in 602 invocations had it ...", or what is known of a value that is not trusted yet. */
export function oftenNever(novelty: Novelty, did: string, unit = 'invocations'): string {
  const count = Math.round(novelty.before);
  if (novelty.suspect) return `it ${did} only recently, never in the ${count} ${unit} learned before that`;
  return `in ${count} ${unit} it never ${did}`;
}

/**
 * The usual values of a field in words: `s3:PutObject bucket (100 %), ...`, of those whose text `fits`. Values that made a
 * finding are not usual.
 */
export function expectedValues(
  state: Pick<FunctionBaselines, 'categories' | 'names'>,
  field: number,
  fits: (text: string) => boolean = () => true,
): string {
  const values = state.categories
    .values(field)
    .filter(({ doubted }) => !doubted)
    .map(({ key, count, share }) => ({ text: state.names.get(key), count, share }))
    .filter(({ text }) => fits(text));
  if (values.length === 0) return 'none';
  const named = values
    .sort((a, b) => b.count - a.count || (a.text < b.text ? -1 : 1))
    .slice(0, VALUES_NAMED_MAX)
    .map(({ text, share }) => `${text} (${percent(share)})`);
  if (values.length > VALUES_NAMED_MAX) named.push(`${values.length - VALUES_NAMED_MAX} more`);
  return named.join(', ');
}

/** A share as whole percent, "under 1 %" where that would read 0. */
export function percent(share: number): string {
  if (share > 0 && share < 0.01) return 'under 1 %';
  return `${share > 0.99 && share < 1 ? 99 : Math.round(share * 100)} %`;
}

/** A principal as people call it: the name of the role or user, and the person's token where it is one. */
export function principalText(principal: string): string {
  const at = principal.indexOf('@arn:');
  const name = (arn: string) => arn.slice(arn.lastIndexOf('/') + 1);
  if (at > 0) return `${principal.slice(0, at)} (${name(principal.slice(at + 1))})`;
  return principal.startsWith('arn:') ? name(principal) : principal;
}

/** What was touched as people call it: `the function mailer` for `lambda/aws:1:eu-west-1:mailer`. */
export function thingText(resource: string): string {
  return resource.startsWith('lambda/') ? `the function ${shortNameOf(resource)}` : resource;
}

/** Text of a field of the row at hand, '' when it has none or the row is no longer at hand. */
export function fieldText(seen: Observation, field: SymbolField): string {
  return seen.batch?.symbolText(seen.row, field) ?? '';
}

/** Text of a call, `s3:PutObject bucket`, as long as its row is at hand. */
export function callText(seen: Observation, at: number): string {
  if (seen.batch === undefined) return '';
  const { calls } = seen.batch.columns;
  const index = calls.start[seen.row] + at;
  const verb = seen.batch.text(calls.verb[index]);
  const resource = seen.batch.text(calls.resource[index]);
  return resource === '' ? verb : `${verb} ${resource}`;
}

/** Bytes in words, decimal units. */
export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${Math.round(bytes)} B`;
  if (bytes < 1e6) return `${(bytes / 1000).toFixed(1)} kB`;
  if (bytes < 1e9) return `${(bytes / 1e6).toFixed(1)} MB`;
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

/** A span of minutes as people say it. */
export function spanText(minutes: number): string {
  if (minutes >= 2880) return `${Math.floor(minutes / 1440)} days`;
  return minutes >= 120 ? `${Math.floor(minutes / 60)} hours` : `${Math.max(1, minutes)} minutes`;
}
