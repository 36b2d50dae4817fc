/** Where a function lives, as its key says; '' for parts that are not known. */
export interface FunctionPlace {
  readonly provider: string;
  readonly account: string;
  readonly region: string;
  readonly name: string;
  /** Its ARN when every part of one is known, else ''. */
  readonly arn: string;
}

/** Between caller and callee in the key of an edge. */
const EDGE = ' -> ';
/** An ARN at the end of a text, perhaps behind the token of the person who acts through it. */
const ARN = /(@?)arn:[^:\s]*:[^:\s]*:[^:\s]*:[^:\s]*:(\S+)$/;

/** The parts of a function key `provider:account:region:name`; undefined when the text is none. */
export function placeOfFunction(key: string): FunctionPlace | undefined {
  const match = /^([a-z0-9?-]+):([^:\s]+):([^:\s]+):(.+)$/s.exec(key);
  if (match === null || match[1] === 'arn') return undefined;
  const [provider, account, region, name] = match.slice(1).map((part) => (part === '?' ? '' : part));
  const whole = provider === 'aws' && account !== '' && region !== '' && name !== '';
  const arn = whole ? `arn:${partitionOf(region)}:lambda:${region}:${account}:function:${name}` : '';
  return { provider, account, region, name, arn };
}

/**
 * What people call an entity: the name of a function, both names of an edge, `role deployer` for the ARN of a role,
 * `person_... as role engineer` for a person acting through one; other texts as they are.
 */
export function shortName(key: string): string {
  return key.split(EDGE, 2).map(nameOf).join(EDGE);
}

function nameOf(key: string): string {
  return (
    placeOfFunction(key)?.name || key.replace(ARN, (_, at: string, name: string) => (at && ' as ') + resourceName(name))
  );
}

/** `role deployer` for `role/teams/deployer`: what it is and the last part of its path. */
function resourceName(name: string): string {
  const parts = name.split(/[:/]/).filter((part) => part !== '');
  return parts.length < 2 ? name : `${parts[0]} ${parts[parts.length - 1]}`;
}

function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}
