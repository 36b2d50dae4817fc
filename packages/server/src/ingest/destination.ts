import { hash } from 'node:crypto';
import { isIP } from 'node:net';
import { parse } from 'tldts';
import { functionOfArn } from './identity.ts';
import { isSafeName } from './names.ts';

/**
 * Hosts that everybody uses and where the path says whose corner of them is meant (dated list, 2026-11). The value names
 * path segments that come before the one that identifies the owner.
 */
const SHARED_SERVICES: ReadonlyMap<string, readonly string[]> = new Map([
  ['api.airtable.com', ['v0']],
  ['api.dropboxapi.com', ['2', 'files']],
  ['api.github.com', ['repos', 'users', 'orgs', 'gists']],
  ['api.notion.com', ['v1', 'pages', 'databases', 'blocks']],
  ['api.telegram.org', ['file']],
  ['bitbucket.org', []],
  ['content.dropboxapi.com', ['2', 'files']],
  ['discord.com', ['api', 'webhooks', 'v8', 'v9', 'v10']],
  ['discordapp.com', ['api', 'webhooks', 'v8', 'v9', 'v10']],
  ['docs.google.com', ['a', 'u', '0', '1', 'd', 'e', 'document', 'spreadsheets', 'presentation', 'forms', 'uc']],
  ['drive.google.com', ['a', 'u', '0', '1', 'd', 'drive', 'file', 'folders', 'open', 'uc']],
  ['www.dropbox.com', ['s', 'sh', 'scl', 'fi', 'fo']],
  ['gist.github.com', ['raw']],
  ['gist.githubusercontent.com', []],
  ['github.com', []],
  ['gitlab.com', ['api', 'v4', 'projects']],
  ['hastebin.com', ['raw', 'documents']],
  ['hooks.slack.com', ['services', 'workflows', 'triggers']],
  ['hooks.zapier.com', ['hooks', 'catch']],
  ['huggingface.co', ['datasets', 'spaces', 'api', 'models']],
  ['maker.ifttt.com', ['trigger', 'use', 'with', 'key']],
  ['pastebin.com', ['raw', 'api']],
  ['raw.githubusercontent.com', []],
  ['storage.cloud.google.com', []],
  ['storage.googleapis.com', ['storage', 'upload', 'v1', 'b', 'download']],
  ['t.me', ['s']],
  ['webhook.site', ['token']],
]);

/** Longest host that can exist in the DNS, in characters. */
const HOST_CHARS_MAX = 253;
/** Longest name of a service worth reading, in characters; real ones stay below 40. */
const SERVICE_CHARS_MAX = 80;
/** Segments of a route that are kept: deeper ones name single things more often than kinds of things. */
const ROUTE_SEGMENTS_MAX = 6;
/** Segment of a raw path that stays: a plain word or a version. */
const PATH_WORD = /^(v\d{1,2}|[A-Za-z][A-Za-z_-]{0,23})$/;
/** Segment of a template that stays: a word, or a placeholder as frameworks write it. */
const TEMPLATE_WORD =
  /^(v\d{1,2}|\$?[A-Za-z][A-Za-z_.-]{0,31}|\*{1,2}|:\w{1,32}[+*]?|[{[<$](?:\w{1,16}:)?[\w.]{0,32}[+*]?[}\]>])$/;
/** Segments after which a person is named. */
const PEOPLE_WORDS: ReadonlySet<string> = new Set(
  'account accounts customer customers employee employees member members patient patients people person profile profiles u user users'.split(
    ' ',
  ),
);
/** What may follow them without naming anybody. */
const NOBODY_WORDS: ReadonlySet<string> = new Set(['list', 'login', 'logout', 'me', 'new', 'search', 'self']);
/** Segments of a path looked at to find the owner's; listed prefixes are shorter than this. */
const SEGMENTS_MAX = 8;

/** Names by which SDKs call services whose permissions have another prefix. */
const SERVICE_ALIASES: ReadonlyMap<string, string> = new Map([
  ['apigatewaymanagementapi', 'execute-api'],
  ['apigatewayv2', 'apigateway'],
  ['cloudwatchevents', 'events'],
  ['cloudwatchlogs', 'logs'],
  ['cognitoidentityprovider', 'cognito-idp'],
  ['cognitoidentity', 'cognito-identity'],
  ['dynamodbstreams', 'dynamodb'],
  ['dynamodbv2', 'dynamodb'],
  ['eventbridge', 'events'],
  ['kinesisfirehose', 'firehose'],
  ['keymanagementservice', 'kms'],
  ['monitoring', 'cloudwatch'],
  ['securitytokenservice', 'sts'],
  ['sesv2', 'ses'],
  ['email', 'ses'],
  ['sfn', 'states'],
  ['simpleemailservice', 'ses'],
  ['simplenotificationservice', 'sns'],
  ['simplequeueservice', 'sqs'],
  ['simplesystemsmanagement', 'ssm'],
  ['stepfunctions', 'states'],
]);

const REGION = /^[a-z]{2,3}(-[a-z]+){1,2}-\d{1,2}$/;
/** A host of an AWS service without the domain both of its spellings end in. */
const AWS_HOST = /^(.+?)(?:\.vpce)?\.(?:amazonaws\.com(?:\.cn)?|api\.aws)$/;
const AWS_OWNED =
  /^([a-z0-9]+)\.(execute-api|lambda-url|appsync-api)\.[a-z0-9-]+\.(?:amazonaws\.com(?:\.cn)?|on\.aws)$/;

/**
 * Destination key of a host: its registrable domain by the Public Suffix List, private section included
 * (`example.co.uk`, `evil.github.io`); for hosts in the dated list of shared services also a hash of the path segment
 * that says whose place it is (`github.com#0f3a...`); `address:203.0.113.9` for address literals in any spelling; the
 * service for its endpoints (`sqs`, `s3/bucket`, `execute-api/<id>`); the name itself for internal single-label hosts.
 * '' when it is no host. Costs about 1 µs; callers with a hot path remember the answer by host.
 */
export function destinationOfHost(host: string, path = ''): string {
  const name = canonicalHost(host);
  if (name === '') return '';
  if (isIP(name) !== 0) return `address:${name}`;
  const service = serviceOfHost(name, path);
  if (service !== '') return service;
  const shared = SHARED_SERVICES.get(name) ?? SHARED_SERVICES.get(`www.${name}`);
  const segment = shared === undefined ? '' : ownerSegment(path, shared);
  if (segment !== '') return `${name}#${hash('sha256', segment, 'hex').slice(0, 16)}`;
  const { domain, publicSuffix } = parse(name, { allowPrivateDomains: true, extractHostname: false });
  return domain ?? publicSuffix ?? name;
}

/** Destination key of an absolute URL, '' when it is none. Query and fragment are never looked at. */
export function destinationOfUrl(url: string): string {
  if (!URL.canParse(url)) return '';
  const parsed = new URL(url);
  return destinationOfHost(parsed.hostname, parsed.pathname);
}

/**
 * Destination key of a cloud resource: `s3/thumbnail-bucket`, `dynamodb/orders`, `lambda/<function key>`, or the service
 * alone when the resource is not known. `service` may have any of its usual spellings. `account` is given only when the
 * resource belongs to another account than the caller's: `s3/their-bucket@111122223333`, so that the same resource has
 * one key in every source.
 */
export function destinationOfResource(service: string, resource: string, account = ''): string {
  const name = serviceName(service);
  if (resource === '') return name;
  return account === '' ? `${name}/${resource}` : `${name}/${resource}@${account}`;
}

/**
 * A cloud service by its one name, the prefix of its permissions: `s3` for `S3`, `Amazon S3`, `s3.amazonaws.com`;
 * `dynamodb` for `AmazonDynamoDBv2`; `states` for `StepFunctions`. `other` when it cannot be a service's name.
 */
export function serviceName(text: string): string {
  const plain = text
    .slice(0, SERVICE_CHARS_MAX)
    .toLowerCase()
    .replace(/\.amazonaws\.com(\.cn)?$/, '')
    .replace(/^(amazon|aws)[ _.-]?(?=[a-z0-9])/, '')
    .replace(/[ _]/g, '')
    .trim();
  if (!/^[a-z][a-z0-9.-]*$/.test(plain)) return 'other';
  return SERVICE_ALIASES.get(plain) ?? plain;
}

/** A cloud resource as its ARN names it. */
export interface Resource {
  /** Service as the permissions call it. */
  readonly service: string;
  /** Name without the parts that the service implies: bucket, table, queue, function key, `role/deployer`. */
  readonly name: string;
  /** Owner account, '' where ARNs carry none. */
  readonly account: string;
}

/** The resource an ARN names, without object keys, versions and random suffixes; undefined when it is no ARN. */
export function resourceOfArn(arn: string): Resource | undefined {
  const match = /^arn:aws[a-z0-9-]*:([a-z0-9-]{1,40}):([a-z0-9-]*):([0-9A-Za-z-]*):(.+)$/.exec(arn);
  if (match === null) return undefined;
  const called = functionOfArn(arn);
  if (called !== undefined) return { service: 'lambda', name: called.key, account: called.account };
  return { service: serviceName(match[1]), name: plainName(match[1], match[4]), account: match[3] };
}

/**
 * Destination key of an ARN, `''` when it is none. `homeAccount` is the caller's: resources of others carry their owner,
 * except functions, whose key names it already.
 */
export function destinationOfArn(arn: string, homeAccount: string): string {
  const resource = resourceOfArn(arn);
  if (resource === undefined) return '';
  const foreign = resource.account !== homeAccount && homeAccount !== '' && resource.service !== 'lambda';
  return destinationOfResource(resource.service, resource.name, foreign ? resource.account : '');
}

/** Name and owner of the queue behind `https://sqs.<region>.amazonaws.com/<account>/<name>`; empty for other texts. */
export function queueOfUrl(url: string): { readonly name: string; readonly account: string } {
  const [, account = '', name = ''] = /^https?:\/\/[^/]+\/([^/]+)\/([^/?#]+)$/.exec(url) ?? [];
  return { name, account: /^\d{12}$/.test(account) ? account : '' };
}

/** What a call to an ARN touched: its own name, with the service in front where it names a person, and the key. */
export function calledByArn(
  arn: string,
  homeAccount: string,
): { readonly resource: string; readonly destination: string } | undefined {
  const resource = resourceOfArn(arn);
  if (resource === undefined) return undefined;
  const isPlain = isSafeName(destinationOfResource(resource.service, resource.name));
  return {
    resource: isPlain ? resource.name : destinationOfResource(resource.service, resource.name),
    destination: destinationOfArn(arn, homeAccount),
  };
}

/**
 * A host without labels that a sender may have made up to carry something out, or that name a tenant: `example.com`,
 * `*.example.com` for anything below it, the service or the address where that is the destination.
 */
export function plainHost(host: string, destination: string): string {
  const [owner] = destination.split('#', 1);
  if (host === owner) return owner;
  const below = `.${owner}`;
  return host.endsWith(below) || canonicalHost(host).endsWith(below) ? `*${below}` : owner;
}

/**
 * A path without what differs from call to call: `/users/{}/orders` for `/users/17/orders`. Only plain words stay, so
 * ids, names with digits, addresses and secrets go, and so does what follows a word for people, which may be a name;
 * query and fragment are dropped; at most six segments are kept.
 */
export function routeTemplate(path: string): string {
  return templateOf(path, PATH_WORD);
}

/**
 * A route that its sender has already written as a template, `/orders/{id}` or `/orders/:id`: placeholders stay, and
 * what else is not a plain word is taken for a value that slipped in.
 */
export function plainRoute(route: string): string {
  if (route === '') return '';
  if (/arn:|:\/\//.test(route)) return '{}';
  const template = templateOf(route.replace(/^\^/, ''), TEMPLATE_WORD);
  return route.startsWith('/') ? template : template.slice(1);
}

function templateOf(path: string, kept: RegExp): string {
  const [plain] = path.split(/[?#]/, 1);
  const segments = plain.split('/', ROUTE_SEGMENTS_MAX + 1).filter((segment) => segment !== '');
  const words = segments.map((segment, at) => {
    const isPerson = at > 0 && PEOPLE_WORDS.has(segments[at - 1].toLowerCase()) && /^\w/.test(segment);
    return kept.test(segment) && !(isPerson && !NOBODY_WORDS.has(segment)) ? segment : '{}';
  });
  return `/${words.slice(0, ROUTE_SEGMENTS_MAX).join('/')}`;
}

/** Services whose resources are of one type: the type is left out of the name. */
const ONE_TYPE: ReadonlySet<string> = new Set(['cloudtrail', 'dynamodb', 'events', 'kinesis', 'logs', 'states']);

function plainName(service: string, rest: string): string {
  if (service === 's3' || service === 'sns' || service === 'sqs') return rest.split(/[/:]/, 1)[0];
  if (service === 'secretsmanager') return rest.replace(/^secret:/, '').replace(/-[A-Za-z0-9]{6}$/, '');
  if (service === 'iam') return rest.replace(/^([a-z-]+)\/(?:.*\/)?([^/]+)$/, '$1/$2');
  if (service === 'logs') return rest.replace(/^log-group:/, '').replace(/:.*$/, '');
  if (!ONE_TYPE.has(service)) return rest.replace(':', '/');
  const parts = rest.split(/[/:]/, 2);
  return parts[1] ?? parts[0];
}

/** Lower case, without port, brackets and trailing dot; addresses in the usual spelling; '' when it is no host. */
function canonicalHost(host: string): string {
  if (host.length === 0 || host.length > HOST_CHARS_MAX) return '';
  if (isIP(host) === 4) return host;
  const bare = isIP(host) === 6 ? `[${host}]` : host;
  if (/^[a-z][a-z0-9-]*(\.[a-z0-9_-]+)*\.[a-z]{2,}$/.test(bare)) return bare;
  const url = `http://${bare}/`;
  if (/[/?#@\\\s]/.test(bare) || !URL.canParse(url)) return '';
  const name = new URL(url).hostname;
  const plain = name.startsWith('[') ? name.slice(1, -1) : name.replace(/\.$/, '');
  return unmapped(plain);
}

/** `::ffff:cb00:7109` is the IPv4 address `203.0.113.9`. */
function unmapped(address: string): string {
  const match = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(address);
  if (match === null) return address;
  const [high, low] = [Number.parseInt(match[1], 16), Number.parseInt(match[2], 16)];
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`;
}

/**
 * The AWS service behind an endpoint, with the bucket or the API where host or path name it; '' for other hosts, also
 * for customers' machines under amazonaws.com (load balancers, instances), which the suffix list separates.
 */
function serviceOfHost(host: string, path: string): string {
  const owned = AWS_OWNED.exec(host);
  if (owned !== null) return destinationOfResource(owned[2], owned[1]);
  const match = AWS_HOST.exec(host);
  if (match === null) return '';
  const labels = match[1].split('.').filter((label) => label !== 'dualstack');
  if (labels.length > 1 && REGION.test(labels[labels.length - 1])) labels.pop();
  else if (labels.length > 1 && !/^s3(-|$)/.test(labels[labels.length - 1])) return '';
  const service = (labels.pop() ?? '').replace(/-fips$/, '').replace(/^s3-.+$/, 's3');
  const owner = ownerLabels(labels);
  if (service === 's3') return destinationOfResource('s3', owner === '' ? (path.split('/', 2)[1] ?? '') : owner);
  if (service === 'sqs') return destinationOfResource('sqs', /^\/[^/]+\/([^/]+)\/?$/.exec(path)?.[1] ?? '');
  return owner === '' ? service : '';
}

/** Labels in front of the service: a bucket, or `bucket-name.bucket.vpce-...` through a private endpoint. */
function ownerLabels(labels: readonly string[]): string {
  const endpoint = labels.findIndex((label) => label.startsWith('vpce-'));
  const kept = endpoint < 0 ? labels : labels.slice(0, Math.max(0, endpoint - 1));
  return kept.join('.');
}

/** First path segment that is not one of the service's own words. */
function ownerSegment(path: string, words: readonly string[]): string {
  const segments = path.split('/', SEGMENTS_MAX + 1).filter((segment) => segment !== '');
  return segments.find((segment) => !words.includes(segment)) ?? '';
}
