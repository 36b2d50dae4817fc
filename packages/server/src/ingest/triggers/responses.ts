import { isObject, own, ownArray } from '../json-document.ts';

/** What functions answer: some fields that an answer of a kind has, and no event. */
const ANSWERS: readonly (readonly string[])[] = [
  ['statusCode'],
  ['policyDocument'],
  ['policyDocuments'],
  ['isAuthorized'],
  ['isAuthenticated'],
  ['allowProvisioning'],
  ['dialogAction'],
  ['batchItemFailures'],
  ['invocationSchemaVersion', 'results'],
];

/** Whether a JSON value that is no known event looks like what a function answers to one. */
export function isAnswer(value: unknown): boolean {
  if (!isObject(value) || own(value, 'requestContext') !== undefined) return false;
  const [first] = ownArray(value, 'records');
  if (own(first, 'recordId') !== undefined && own(first, 'result') !== undefined) return true;
  return ANSWERS.some((fields) => fields.every((field) => own(value, field) !== undefined));
}
