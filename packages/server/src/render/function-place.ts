/** Where a function lives, as its key says; '' for parts that are not known. */
export interface FunctionPlace {
  readonly provider: string;
  readonly account: string;
  readonly region: string;
  readonly name: string;
  /** Its ARN when every part of one is known, else ''. */
  readonly arn: string;
}

/** The parts of a function key `provider:account:region:name`; undefined when the text is none. */
export function placeOfFunction(key: string): FunctionPlace | undefined {
  const match = /^([^:]+):([^:]+):([^:]+):(.+)$/s.exec(key);
  if (match === null) return undefined;
  const [provider, account, region, name] = match.slice(1).map((part) => (part === '?' ? '' : part));
  const whole = provider === 'aws' && account !== '' && region !== '' && name !== '';
  const arn = whole ? `arn:${partitionOf(region)}:lambda:${region}:${account}:function:${name}` : '';
  return { provider, account, region, name, arn };
}

/** What people call a function: its name, or the whole text if that is no key. */
export function shortName(key: string): string {
  return placeOfFunction(key)?.name || key;
}

function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}
