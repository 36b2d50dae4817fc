import { printable } from '../render/printable.ts';
import { NAMES_SHOWN_MAX } from './limits.ts';
import type { FunctionState, MappingState } from './provider.ts';

/** What stopping all invocations does to whom, in sentences. */
export function throttleEffects(state: FunctionState): string[] {
  return [
    'New invocations of every version and alias are refused at once: callers that wait get status 429.',
    `Invocations that already run go on until they end, at most ${seconds(state.timeoutS)}.`,
    asynchronousEffect(state),
    ...callersEffect(state),
    ...urlEffect(state),
  ];
}

/** What pausing one event source does. */
export function mappingEffects({ sourceArn, recordAgeMaxS }: MappingState): string[] {
  const source = printable(sourceArn);
  const age = recordAgeMaxS > 0 ? `, and those older than ${seconds(recordAgeMaxS)} by the mapping itself` : '';
  if (sourceArn.includes(':sqs:')) {
    return [
      `Messages pile up in ${source} until release. The queue drops those older than its retention ` +
        `(4 days unless it is set otherwise)${age}.`,
    ];
  }
  if (/:(kinesis|dynamodb):/.test(sourceArn)) {
    return [
      `Records wait in ${source} until release and are then read from where it stopped. The stream drops those older ` +
        `than its retention (24 hours unless it is set otherwise)${age}.`,
    ];
  }
  return [`Records wait in ${source === '' ? 'their source' : source} until release, as long as it keeps them${age}.`];
}

/** What denying the function's own calls does. */
export function identityEffects(state: FunctionState): string[] {
  return [
    "Every call the function's code makes with its role is denied within seconds to minutes, but for writing its logs and traces.",
    sharersEffect(state),
    'Calls the provider makes with the role for the function (network interfaces, keys of its settings, event sources) go on.',
  ];
}

/** What changing the role at all can collide with. */
export function inlinePolicyEffects(): string[] {
  return ['The policy counts against the 10,240 characters of inline policies a role may have.'];
}

/** What a person should know of the whole plan. */
export function caveats(state: FunctionState): string[] {
  const lines: string[] = [];
  for (const { what, why } of state.unread) lines.push(`Could not be read: ${what} (${printable(why)}).`);
  const published = (state.aliases ?? []).filter(({ version }) => version !== '$LATEST');
  if (published.length > 0) {
    lines.push(
      `Aliases point to published versions (${listed(published.map(({ name, version }) => `${name}: ${version}`))}). ` +
        'Release gives fresh sandboxes to $LATEST only: a published version cannot be changed. ' +
        'If it may hold an implant in memory, publish a new version and move the alias before releasing.',
    );
  }
  lines.push(
    'A deployment while the quarantine is in force can take parts of it away; Gait says so at release and restores nothing blindly.',
    'Credentials that were already carried out of a sandbox stay valid until they expire: revoke the sessions of the role if that is suspected.',
    'Secrets that the function could read should be replaced: no quarantine takes them back.',
  );
  return lines;
}

/** Names in a sentence: some of them, and how many more. */
export function listed(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_SHOWN_MAX).map(printable).join(', ');
  const more = names.length - NAMES_SHOWN_MAX;
  return more > 0 ? `${shown} and ${more} more` : shown;
}

/** A duration in words. */
export function seconds(count: number): string {
  for (const [size, unit] of UNITS) {
    if (count >= size && count % size === 0) return count === size ? `1 ${unit}` : `${count / size} ${unit}s`;
  }
  return `${count} seconds`;
}

const UNITS = [
  [86_400, 'day'],
  [3600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
] as const;

function asynchronousEffect({ deadLetterArn, onFailureArn }: FunctionState): string {
  const kept = [deadLetterArn, onFailureArn ?? ''].filter((arn) => arn !== '');
  if (kept.length > 0) {
    return `Asynchronous events that arrive meanwhile go to ${listed(kept)} without being tried.`;
  }
  const unread = onFailureArn === undefined ? ' (a destination for failures could not be read)' : '';
  return (
    'Asynchronous events that arrive meanwhile ARE LOST: the function has neither a dead-letter queue nor a destination ' +
    `for failures${unread}.`
  );
}

function callersEffect({ callers }: FunctionState): string[] {
  if (callers === undefined || callers.length === 0) return [];
  return [
    `Those whom the function's policy lets in are refused too: ${listed([...new Set(callers.map(({ principal }) => principal))])}.`,
  ];
}

function urlEffect({ urlAuthType }: FunctionState): string[] {
  if (urlAuthType === undefined || urlAuthType === '') return [];
  return [`The function URL stays, and answers 429${urlAuthType === 'NONE' ? '; it is open to everybody' : ''}.`];
}

function sharersEffect({ roleSharers, roleName }: FunctionState): string {
  const role = printable(roleName);
  const only = 'the denial holds only for calls that come from this function';
  if (roleSharers === undefined) return `Which other functions run with ${role} could not be read; ${only}.`;
  if (roleSharers.length === 0) return `No other function of the account and region runs with ${role}.`;
  return `Other functions run with ${role} too and are not hit (${listed(roleSharers)}): ${only}.`;
}
