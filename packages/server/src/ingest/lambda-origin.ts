import { functionKey, functionOfReference, type Place } from './identity.ts';

/** What a log message's envelope says about it: the part that the function's code cannot choose. */
export interface LogOrigin {
  /** Key of the function whose log it is, '' when nothing says. */
  readonly functionKey: string;
  /** Account that owns the log, '' when nothing says. */
  readonly account: string;
  /** Log stream, which is one sandbox; '' when nothing says. */
  readonly instance: string;
  /** Published version that runs in the sandbox, '' for `$LATEST` and when nothing says. */
  readonly revision: string;
  /** ms since 1970, NaN when nothing says. */
  readonly timeMs: number;
  readonly eventId: string;
}

/** A log stream as the platform names it: date, function name in shared log groups, version, sandbox. */
const STREAM = /^\d{4}\/\d\d\/\d\d\/([A-Za-z0-9_-]{0,140})\[(\$LATEST|\d{1,10})\][0-9A-Za-z_-]{1,64}$/;

/** Whether a word is a log stream name. */
export function isStream(word: string): boolean {
  return STREAM.test(word);
}

/** Whether a log stream is one that CloudTrail makes: `123456789012_CloudTrail_eu-west-1`, with more around it in organisations. */
export function isTrailStream(name: string): boolean {
  return /^(?:o-[a-z0-9]{10,32}_)?\d{12}_CloudTrail_[a-z0-9-]{1,32}(?:_\d{1,4})?$/.test(name);
}

/**
 * Function of a log group `/aws/lambda/<name>` (also as an ARN, and `/aws/lambda/us-east-1.<name>` of replicas at the
 * edge), else of a stream in a shared log group, which carries the name; '' when neither does.
 */
export function functionOfLog(group: string, stream: string, place: Place): string {
  const arn = /^arn:aws[a-z0-9-]*:logs:([a-z0-9-]+):(\d{12}):log-group:(.+?)(?::\*)?$/.exec(group);
  const home = arn === null ? place : { ...place, region: arn[1], account: arn[2] };
  const named = /^\/aws\/lambda\/(?:(us-east-1)\.)?([A-Za-z0-9_-]{1,140})$/.exec(arn === null ? group : arn[3]);
  const aws = { ...home, provider: 'aws' };
  if (named !== null) return functionKey(named[1] === undefined ? aws : { ...aws, region: named[1] }, named[2]);
  const inStream = STREAM.exec(stream)?.[1] ?? '';
  return inStream === '' ? '' : (functionOfReference(inStream, aws)?.key ?? '');
}

/** The published version in a stream's name, '' for `$LATEST`. */
export function versionOfStream(stream: string): string {
  const version = STREAM.exec(stream)?.[2] ?? '';
  return version === '$LATEST' ? '' : version;
}
