import { destinationOfResource, resourceOfArn } from './destination.ts';
import { functionOfReference, type Place, userToken } from './identity.ts';
import { isObject, own, ownArray, ownText } from './json-document.ts';
import type { Tokens } from './tokens.ts';

/** What a call touched, and which version or alias of it. */
export interface Touched {
  /** Destination key; the service alone when the call does not say more. */
  readonly resource: string;
  readonly qualifier: string;
}

/** What `touchedBy` needs besides the event. */
export interface TouchedContext {
  readonly service: string;
  /** Account and region of the event. */
  readonly place: Place;
  readonly tokens: Tokens;
}

/**
 * Request parameters that name a resource, most telling first: parameter, service it belongs to ('' for the one that was
 * called), prefix of its name.
 */
const PARAMETERS: readonly (readonly [string, string, string])[] = [
  ['bucketName', 's3', ''],
  ['tableName', '', ''],
  ['roleName', 'iam', 'role/'],
  ['roleArn', 'iam', 'role/'],
  ['groupName', '', 'group/'],
  ['policyArn', 'iam', 'policy/'],
  ['queueUrl', 'sqs', ''],
  ['queueName', 'sqs', ''],
  ['topicArn', 'sns', ''],
  ['secretId', 'secretsmanager', ''],
  ['keyId', '', 'key/'],
  ['logGroupName', 'logs', ''],
  ['streamName', '', ''],
  ['streamARN', '', ''],
  ['stateMachineArn', 'states', ''],
  ['trailName', 'cloudtrail', ''],
  ['repositoryName', '', 'repository/'],
  ['layerName', 'lambda', 'layer/'],
  ['documentName', 'ssm', 'document/'],
  ['detectorId', '', 'detector/'],
  ['restApiId', 'apigateway', ''],
  ['apiId', '', ''],
  ['groupId', '', 'group/'],
  ['snapshotId', '', 'snapshot/'],
  ['imageId', '', 'image/'],
  ['instanceId', '', 'instance/'],
  ['dBInstanceIdentifier', '', 'db/'],
  ['dBClusterIdentifier', '', 'cluster/'],
  ['webACLId', '', 'webacl/'],
  ['resourceArn', '', ''],
  ['resourceARN', '', ''],
];
/** Services whose resource stands in the parameter `name` or `rule`. */
const NAMED_SERVICES: ReadonlySet<string> = new Set([
  'cloudtrail',
  'events',
  'scheduler',
  'pipes',
  'ssm',
  'sns',
  'iam',
]);

/**
 * What an event touched: `lambda/<function key>`, `s3/<bucket>`, `iam/role/<name>`, `iam/user/<person token>`, ... from
 * the request's parameters, else from the resources the event lists. Names of people become tokens, object keys are
 * left out, owners in other accounts are named.
 */
export function touchedBy(event: unknown, context: TouchedContext): Touched {
  const lambda = context.service === 'lambda' ? functionTouched(event, context.place) : undefined;
  if (lambda !== undefined) return lambda;
  const request = own(event, 'requestParameters');
  const owner = ownerOf(event, context.place.account);
  const user = ownText(request, 'userName');
  if (context.service === 'iam' && user !== '')
    return plain(`iam/user/${userToken(context.tokens, context.place.account, user)}`);
  for (const [parameter, service, prefix] of PARAMETERS) {
    const value = ownText(request, parameter);
    if (value !== '') return plain(keyOf({ value, service: service || context.service, prefix, owner }, context));
  }
  const name = NAMED_SERVICES.has(context.service) ? ownText(request, 'name') || ownText(request, 'rule') : '';
  const prefix = context.service === 'ssm' ? 'parameter/' : '';
  if (name !== '') return plain(keyOf({ value: name, service: context.service, prefix, owner }, context));
  return plain(listedResource(event, context) || destinationOfResource(context.service, ''));
}

/** Lambda's control plane and invocations name the function in one of several ways. */
function functionTouched(event: unknown, place: Place): Touched | undefined {
  const request = own(event, 'requestParameters');
  const alias = ownText(request, 'name');
  const stated = ownText(request, 'qualifier') || (/Alias/.test(ownText(event, 'eventName')) ? alias : '');
  const references = [
    ownText(request, 'functionName'),
    ownText(request, 'resource'),
    ownText(request, 'functionArn'),
    ownText(event, 'responseElements', 'functionArn'),
    ownText(event, 'responseElements', 'functionName'),
    ...ownArray(event, 'resources').map(arnOf),
  ];
  for (const reference of references) {
    const found = reference === '' ? undefined : functionOfReference(reference, { ...place, provider: 'aws' });
    if (found !== undefined) {
      return { resource: destinationOfResource('lambda', found.key), qualifier: stated || found.qualifier };
    }
  }
  return undefined;
}

interface Named {
  readonly value: string;
  readonly service: string;
  readonly prefix: string;
  /** Owner account if it is not the caller's, else ''. */
  readonly owner: string;
}

function keyOf(named: Named, context: TouchedContext): string {
  const { value } = named;
  if (value.startsWith('arn:')) return keyOfArn(value, context) || destinationOfResource(named.service, '');
  if (value.startsWith('https://')) {
    const [, owner, name] = /^https:\/\/[^/]+\/(\d{12})\/([^/]+)$/.exec(value) ?? [];
    const isForeign = owner !== undefined && owner !== context.place.account;
    return destinationOfResource(named.service, name ?? '', isForeign ? owner : '');
  }
  return destinationOfResource(
    named.service,
    named.prefix + value.replace(/^\//, named.prefix === '' ? '/' : ''),
    named.owner,
  );
}

function keyOfArn(arn: string, context: TouchedContext): string {
  const { place, tokens } = context;
  const resource = resourceOfArn(arn);
  if (resource === undefined) return '';
  if (resource.service === 'lambda' && resource.name.startsWith('aws:'))
    return destinationOfResource('lambda', resource.name);
  const user = resource.service === 'iam' && resource.name.startsWith('user/') ? resource.name.slice(5) : '';
  if (user !== '') return `iam/user/${userToken(tokens, resource.account || place.account, user)}`;
  const isForeign = resource.account !== '' && resource.account !== 'aws' && resource.account !== place.account;
  return destinationOfResource(resource.service, resource.name, isForeign ? resource.account : '');
}

function listedResource(event: unknown, context: TouchedContext): string {
  for (const listed of ownArray(event, 'resources')) {
    const key = keyOfArn(arnOf(listed), context);
    if (key !== '') return key;
  }
  return '';
}

/** Account that owns the listed resources, if the event says so and it is not the caller's. */
function ownerOf(event: unknown, home: string): string {
  for (const listed of ownArray(event, 'resources')) {
    const owner = ownText(listed, 'accountId');
    if (/^\d{12}$/.test(owner) && home !== '' && owner !== home) return owner;
  }
  return '';
}

function arnOf(listed: unknown): string {
  return isObject(listed) ? ownText(listed, 'ARN') || ownText(listed, 'arn') : '';
}

function plain(resource: string): Touched {
  return { resource, qualifier: '' };
}
