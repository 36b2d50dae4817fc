import { ResponseError } from './errors.ts';

/** A function that a response can be about. */
export interface FunctionRef {
  /** `aws:123456789012:eu-west-1:pay`. */
  readonly key: string;
  readonly accountId: string;
  readonly region: string;
  readonly name: string;
  /** Unqualified. */
  readonly arn: string;
}

/** Names of functions as AWS allows them; nothing that a terminal, a shell or an ARN could take for something else. */
const KEY = /^aws:(\d{12}):([a-z]{2}(?:-[a-z]{1,12}){1,3}-\d{1,2}):([A-Za-z0-9_-]{1,64})$/;

/** The function a key names. Throws `GAIT_RESPONSE_FUNCTION` for other providers and keys with unknown parts. */
export function functionRef(key: string): FunctionRef {
  const match = KEY.exec(key);
  if (match === null) {
    const detail =
      'Account, region and name must be known, and the provider must be AWS: aws:123456789012:eu-west-1:pay.';
    throw new ResponseError('GAIT_RESPONSE_FUNCTION', detail);
  }
  const [accountId, region, name] = match.slice(1);
  const arn = `arn:${partitionOf(region)}:lambda:${region}:${accountId}:function:${name}`;
  return { key, accountId, region, name, arn };
}

/** Partition of a region, the second part of its ARNs. */
export function partitionOf(region: string): string {
  if (region.startsWith('cn-')) return 'aws-cn';
  return region.startsWith('us-gov-') ? 'aws-us-gov' : 'aws';
}
