import type { AwsService } from '../contract.ts';
import type { Directory } from '../identity/directory.ts';
import type { PlatformGate } from '../identity/gate.ts';
import { holderKinds, holderOperations } from './iam-holders.ts';
import { roleOperations, userOperations } from './iam-identities.ts';
import { addProvidedPolicies, policyOperations } from './iam-policies.ts';
import { createQueryService } from './query-protocol.ts';

const NAMESPACE = 'https://iam.amazonaws.com/doc/2010-05-08/';

/**
 * The part of the IAM API that is about roles, users, their keys and their policies. What is changed holds from the next
 * call on: there is no delay as at AWS. Lists are answered whole; paths, tags, groups and boundaries are not kept.
 */
export function createIamService(directory: Directory, gate: PlatformGate, now: () => number = Date.now): AwsService {
  addProvidedPolicies(directory);
  const { role, user } = holderKinds(directory);
  const operations = [
    ...roleOperations(directory),
    ...userOperations(directory),
    ...holderOperations(directory, role),
    ...holderOperations(directory, user),
    ...policyOperations(directory, now),
  ];
  return createQueryService({ service: 'iam', namespace: NAMESPACE, operations, gate });
}
