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

/** The parts of a function key `provider:account:region:name`; undefined when the text is none. */
export function placeOfFunction(key: string): FunctionPlace | undefined {
  const match = /^([^:]+):([^:]+):([^:]+):(.+)$/s.exec(key);
  if (match === null || match[1] === 'arn') return undefined;
  const [provider, account, region, name] = match.slice(1).map((part) => (part === '?' ? '' : part));
  const whole = provider === 'aws' && account !== '' && region !== '' && name !== '';
  const arn = whole ? `arn:${partitionOf(region)}:lambda:${region}:${account}:function:${name}` : '';
  return { provider, account, region, name, arn };
}

/** What people call an entity: the name of a function or a cloud resource, both names of an edge, else the whole text. */
export function shortName(key: string): string {
  return key.split(EDGE, 2).map(nameOf).join(EDGE);
}

function nameOf(key: string): string {
  const resource = /^arn:[^:]*:[^:]*:[^:]*:[^:]*:(.+)$/s.exec(key);
  return resource?.[1] ?? (placeOfFunction(key)?.name || key);
}

function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}
