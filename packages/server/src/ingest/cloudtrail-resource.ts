import { destinationOfResource, queueOfUrl, resourceOfArn } from './destination.ts';
import { functionOfReference, type Place, qualifierOf } from './identity.ts';
import { isObject, own, ownArray, ownText } from './json-document.ts';

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
}

/** A request parameter that names a resource. */
interface Parameter {
  readonly name: string;
  /** Services that define it so; undefined for all of them. */
  readonly services?: readonly string[];
  /** Service the resource belongs to, if it is not the called one. */
  readonly owner?: string;
  /** What the name of the resource begins with. */
  readonly prefix?: string;
}

/**
 * Parameters that name what a call touches, most telling first. Each counts only in calls of the services that define
 * it: anywhere else it may hold something else, and `s3:ListBuckets` never touches a table.
 */
const PARAMETERS: readonly Parameter[] = [
  { name: 'bucketName', services: ['s3'] },
  { name: 'tableName', services: ['dynamodb', 'glue', 'cassandra', 'timestream'] },
  { name: 'roleName', services: ['iam'], prefix: 'role/' },
  { name: 'roleArn', services: ['sts'], owner: 'iam', prefix: 'role/' },
  { name: 'groupName', services: ['iam', 'ec2', 'cognito-idp'], prefix: 'group/' },
  { name: 'policyArn', services: ['iam'], prefix: 'policy/' },
  { name: 'queueUrl', services: ['sqs'] },
  { name: 'queueName', services: ['sqs'] },
  { name: 'topicArn', services: ['sns'] },
  { name: 'secretId', services: ['secretsmanager'] },
  { name: 'keyId', services: ['kms'], prefix: 'key/' },
  { name: 'logGroupName', services: ['logs'] },
  { name: 'streamName', services: ['kinesis', 'kinesisvideo'] },
  { name: 'streamARN', services: ['kinesis', 'kinesisvideo'] },
  { name: 'stateMachineArn', services: ['states'] },
  { name: 'trailName', services: ['cloudtrail'] },
  { name: 'repositoryName', services: ['ecr', 'ecr-public', 'codecommit'], prefix: 'repository/' },
  { name: 'layerName', services: ['lambda'], prefix: 'layer/' },
  { name: 'documentName', services: ['ssm'], prefix: 'document/' },
  { name: 'detectorId', services: ['guardduty'], prefix: 'detector/' },
  { name: 'restApiId', services: ['apigateway'] },
  { name: 'apiId', services: ['apigateway', 'appsync'] },
  { name: 'groupId', services: ['ec2'], prefix: 'group/' },
  { name: 'snapshotId', services: ['ec2'], prefix: 'snapshot/' },
  { name: 'imageId', services: ['ec2'], prefix: 'image/' },
  { name: 'instanceId', services: ['ec2', 'ssm', 'ec2-instance-connect'], prefix: 'instance/' },
  { name: 'dBInstanceIdentifier', services: ['rds'], prefix: 'db/' },
  { name: 'dBClusterIdentifier', services: ['rds'], prefix: 'cluster/' },
  { name: 'webACLId', services: ['wafv2', 'waf', 'waf-regional'], prefix: 'webacl/' },
  { name: 'resourceArn' },
  { name: 'resourceARN' },
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
 * What an event touched: `lambda/<function key>`, `s3/<bucket>`, `iam/role/<name>`, `iam/user/<name>`, ... from the
 * request's parameters, else from the resources the event lists. Object keys are left out, owners in other accounts are
 * named. Names of people are still among the answers: whoever writes them passes them through `safeName`.
 */
export function touchedBy(event: unknown, context: TouchedContext): Touched {
  const lambda = context.service === 'lambda' ? functionTouched(event, context.place) : undefined;
  if (lambda !== undefined) return lambda;
  const request = own(event, 'requestParameters');
  const owner = ownerOf(event, context.place.account);
  const user = ownText(request, 'userName');
  if (context.service === 'iam' && user !== '') return plain(destinationOfResource('iam', `user/${user}`));
  for (const { name, services, owner: service, prefix } of PARAMETERS) {
    const value = services?.includes(context.service) === false ? '' : ownText(request, name);
    if (value === '') continue;
    return plain(keyOf({ value, service: service ?? context.service, prefix: prefix ?? '', owner }, context));
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
      const qualifier = qualifierOf(stated) || found.qualifier;
      return { resource: destinationOfResource('lambda', found.key), qualifier };
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
    const { name, account } = queueOfUrl(value);
    return destinationOfResource(named.service, name, account === context.place.account ? '' : account);
  }
  return destinationOfResource(
    named.service,
    named.prefix + value.replace(/^\//, named.prefix === '' ? '/' : ''),
    named.owner,
  );
}

function keyOfArn(arn: string, context: TouchedContext): string {
  const { place } = context;
  const resource = resourceOfArn(arn);
  if (resource === undefined) return '';
  if (resource.service === 'lambda' && resource.name.startsWith('aws:'))
    return destinationOfResource('lambda', resource.name);
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
