import { BODY_BYTES_MAX } from '../limits.ts';
import { plainName } from '../redact.ts';

/** A request to AWS as its client sends it. */
export interface AwsRequest {
  readonly authorization: string;
  /** Value of `x-amz-target`. */
  readonly target: string;
  readonly method: string;
  readonly host: string;
  readonly path: string;
  /** Account of the function, `?` when unknown. */
  readonly account: string;
  /** Whether `x-amz-copy-source` is among the headers. */
  readonly isCopy?: boolean;
}

/** What a request asks of which resource. The resource is '' when it cannot be seen. */
export interface AwsOperation {
  readonly service: string;
  readonly region: string;
  readonly verb: string;
  readonly resource: string;
}

/** Names by which requests are signed for services whose permissions have another prefix. */
const SERVICES: ReadonlyMap<string, string> = new Map([
  ['monitoring', 'cloudwatch'],
  ['email', 'ses'],
  ['s3express', 's3'],
]);

const HOSTS = /(?:\.amazonaws\.com(?:\.cn)?|\.api\.aws)$/;

/** Whether a host belongs to AWS, or is one that the environment named as its endpoint when the sandbox started. */
export function isAwsHost(host: string, endpoints: ReadonlySet<string>): boolean {
  return HOSTS.test(host) || endpoints.has(host);
}

/** Hosts with ports that `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>` name. */
export function endpointsOf(environment: Readonly<Record<string, string | undefined>>): ReadonlySet<string> {
  const hosts = new Set<string>();
  for (const [name, value] of Object.entries(environment)) {
    if (!name.startsWith('AWS_ENDPOINT_URL') || value === undefined || !URL.canParse(value)) continue;
    hosts.add(new URL(value).host);
  }
  return hosts;
}

/**
 * Service, operation and resource of a signed request, from its head alone: the signing name and region of the signature's
 * scope, the operation of `x-amz-target`, or method and path where a service has those. Undefined for unsigned requests.
 * The key id of the signature is not looked at.
 */
export function awsOperation(request: AwsRequest): AwsOperation | undefined {
  const scope = /Credential=[^/,]+\/\d{8}\/([a-z0-9-]{1,32})\/([a-z0-9-]{1,40})\/aws4_request/.exec(
    request.authorization,
  );
  if (scope === null) return undefined;
  const [, region, signed] = scope;
  const service = SERVICES.get(signed) ?? signed;
  const named = operationOf(service, request);
  const verb = `${service}:${named.operation || request.method}`;
  const resource = service === 'lambda' ? functionKey(named.resource, region, request.account) : named.resource;
  return { service, region, verb, resource: plainName(resource) };
}

/** Destination of a call to a resource of a service. */
export function awsDestination(service: string, resource: string): string {
  return resource === '' ? service : `${service}/${resource}`;
}

interface Named {
  readonly operation: string;
  readonly resource: string;
}

function operationOf(service: string, { target, method, host, path, isCopy }: AwsRequest): Named {
  if (target !== '') {
    const operation = target.slice(target.lastIndexOf('.') + 1);
    return { operation: isOperation(operation) ? operation : '', resource: '' };
  }
  const [route, query = ''] = path.split('?', 2);
  if (service === 'lambda') return lambdaOperation(method, route);
  if (service === 's3') return s3Operation({ method, host, route, query, isCopy: isCopy ?? false });
  const smithy = /^\/service\/[\w.-]+\/operation\/(\w+)$/.exec(route);
  if (smithy !== null && isOperation(smithy[1])) return { operation: smithy[1], resource: '' };
  const action = /(?:^|&)Action=(\w+)/.exec(query)?.[1] ?? '';
  return { operation: isOperation(action) ? action : '', resource: '' };
}

function isOperation(text: string): boolean {
  return /^[A-Z][A-Za-z0-9]{1,63}$/.test(text);
}

/** Operations of Lambda by what follows `/functions/<name>/`, one for each method. */
const LAMBDA: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '': { GET: 'GetFunction', DELETE: 'DeleteFunction' },
  invocations: { POST: 'Invoke' },
  'invoke-async': { POST: 'InvokeAsync' },
  'response-streaming-invocations': { POST: 'InvokeWithResponseStream' },
  code: { PUT: 'UpdateFunctionCode' },
  configuration: { GET: 'GetFunctionConfiguration', PUT: 'UpdateFunctionConfiguration' },
  concurrency: { GET: 'GetFunctionConcurrency', PUT: 'PutFunctionConcurrency', DELETE: 'DeleteFunctionConcurrency' },
  policy: { GET: 'GetPolicy', POST: 'AddPermission', DELETE: 'RemovePermission' },
  versions: { GET: 'ListVersionsByFunction', POST: 'PublishVersion' },
  aliases: { GET: 'ListAliases', POST: 'CreateAlias', PUT: 'UpdateAlias', DELETE: 'DeleteAlias' },
  url: {
    GET: 'GetFunctionUrlConfig',
    POST: 'CreateFunctionUrlConfig',
    PUT: 'UpdateFunctionUrlConfig',
    DELETE: 'DeleteFunctionUrlConfig',
  },
};

/** The same for what is not below one function. */
const LAMBDA_LISTS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  functions: { GET: 'ListFunctions', POST: 'CreateFunction' },
  layers: { GET: 'ListLayers', POST: 'PublishLayerVersion' },
  'event-source-mappings': {
    GET: 'ListEventSourceMappings',
    POST: 'CreateEventSourceMapping',
    PUT: 'UpdateEventSourceMapping',
    DELETE: 'DeleteEventSourceMapping',
  },
};

function lambdaOperation(method: string, route: string): Named {
  const [, list = '', name = '', part = ''] =
    /^\/\d{4}-\d\d-\d\d\/([a-z-]+)(?:\/([^/]+))?(?:\/([a-z-]+))?/.exec(route) ?? [];
  if (list !== 'functions' || name === '') return { operation: LAMBDA_LISTS[list]?.[method] ?? '', resource: '' };
  return { operation: LAMBDA[part]?.[method] ?? '', resource: decoded(name) };
}

/** The key of a function that a call names, by its name or its ARN; the name alone when the account is not known. */
function functionKey(reference: string, region: string, account: string): string {
  const arn = /^arn:aws[a-z0-9-]*:lambda:([a-z0-9-]+):(\d+):function:([\w-]+)/.exec(reference);
  if (arn !== null) return `aws:${arn[2]}:${arn[1]}:${arn[3]}`;
  const [, owner, name] = /^(?:(\d{12}):function:)?([\w-]+)/.exec(reference) ?? [];
  if (name === undefined) return '';
  return `aws:${owner ?? account}:${region}:${name}`;
}

interface S3Request {
  readonly method: string;
  readonly host: string;
  readonly route: string;
  readonly query: string;
  readonly isCopy: boolean;
}

function s3Operation(request: S3Request): Named {
  const { method, host, route } = request;
  const owner = /^(.+?)\.s3[.-][a-z0-9.-]*amazonaws\.com(?:\.cn)?$/.exec(host)?.[1] ?? '';
  const [first = '', ...rest] = route.slice(1).split('/');
  const bucket = owner === '' ? decoded(first) : owner;
  const hasKey = owner === '' ? rest.join('') !== '' : route.length > 1;
  if (bucket === '') return { operation: method === 'GET' ? 'ListBuckets' : '', resource: '' };
  return { operation: hasKey ? objectOperation(request) : bucketOperation(method, request.query), resource: bucket };
}

function objectOperation({ method, query, isCopy }: S3Request): string {
  const asks = (word: string) => new RegExp(`(^|&)${word}(=|&|$)`).test(query);
  if (method === 'GET') return asks('tagging') ? 'GetObjectTagging' : asks('acl') ? 'GetObjectAcl' : 'GetObject';
  if (method === 'HEAD') return 'HeadObject';
  if (method === 'PUT' && asks('acl')) return 'PutObjectAcl';
  if (method === 'PUT' && asks('partNumber')) return 'UploadPart';
  if (method === 'PUT') return isCopy ? 'CopyObject' : 'PutObject';
  if (method === 'DELETE') return asks('uploadId') ? 'AbortMultipartUpload' : 'DeleteObject';
  if (method !== 'POST') return '';
  if (asks('uploads')) return 'CreateMultipartUpload';
  if (asks('uploadId')) return 'CompleteMultipartUpload';
  return asks('select') ? 'SelectObjectContent' : asks('restore') ? 'RestoreObject' : 'PostObject';
}

/** Settings of a bucket as queries name them, and as operations do. */
const BUCKET_PARTS: readonly (readonly [string, string])[] = [
  ['policy', 'BucketPolicy'],
  ['acl', 'BucketAcl'],
  ['location', 'BucketLocation'],
  ['versioning', 'BucketVersioning'],
  ['notification', 'BucketNotificationConfiguration'],
  ['lifecycle', 'BucketLifecycleConfiguration'],
  ['encryption', 'BucketEncryption'],
  ['cors', 'BucketCors'],
  ['tagging', 'BucketTagging'],
];

const BUCKET_METHODS: Readonly<Record<string, string>> = { GET: 'Get', PUT: 'Put', DELETE: 'Delete' };

function bucketOperation(method: string, query: string): string {
  const words = new Set(query.split('&').map((word) => word.split('=', 1)[0]));
  const part = BUCKET_PARTS.find(([word]) => words.has(word));
  if (part !== undefined) return BUCKET_METHODS[method] === undefined ? '' : `${BUCKET_METHODS[method]}${part[1]}`;
  if (method === 'GET' && words.has('versions')) return 'ListObjectVersions';
  if (method === 'GET')
    return words.has('list-type') ? 'ListObjectsV2' : words.has('uploads') ? 'ListMultipartUploads' : 'ListObjects';
  if (method === 'POST') return words.has('delete') ? 'DeleteObjects' : 'PostObject';
  return { HEAD: 'HeadBucket', PUT: 'CreateBucket', DELETE: 'DeleteBucket' }[method] ?? '';
}

/** Where the bodies of services that use JSON name their resource. */
const JSON_FIELDS: Readonly<Record<string, RegExp>> = {
  dynamodb: /(?<!\\)"(?:TableName|RequestItems)":\s*\{?\s*"([^"\\]{1,255})"/,
  sqs: /(?<!\\)"QueueUrl":\s*"([^"\\]{1,512})"/,
  kinesis: /(?<!\\)"(?:StreamName|StreamARN)":\s*"([^"\\]{1,512})"/,
  firehose: /(?<!\\)"DeliveryStreamName":\s*"([^"\\]{1,255})"/,
  secretsmanager: /(?<!\\)"SecretId":\s*"([^"\\]{1,512})"/,
  ssm: /(?<!\\)"Names?":\s*\[?\s*"([^"\\]{1,512})"/,
  kms: /(?<!\\)"KeyId":\s*"([^"\\]{1,512})"/,
  states: /(?<!\\)"stateMachineArn":\s*"([^"\\]{1,512})"/,
  events: /(?<!\\)"EventBusName":\s*"([^"\\]{1,512})"/,
  logs: /(?<!\\)"logGroupName":\s*"([^"\\]{1,512})"/,
};

/** The same for bodies that are forms. Names of users are left where they are: they are people. */
const FORM_FIELD = /(?:^|&)(?:QueueUrl|TopicArn|RoleName|RoleArn|FunctionName)=([^&]{1,768})/;

/**
 * Operation and resource that the beginning of a body names; '' for what it does not. Only names are taken from it, and
 * nothing of it is kept.
 */
export function namedInBody(service: string, body: string | Uint8Array): Named {
  const head = typeof body === 'string' ? body.slice(0, BODY_BYTES_MAX) : beginningOf(body);
  if (head.startsWith('Action=') || head.includes('&Action=')) {
    const operation = /(?:^|&)Action=(\w+)/.exec(head)?.[1] ?? '';
    const named = decoded(FORM_FIELD.exec(head)?.[1] ?? '');
    return { operation: isOperation(operation) ? operation : '', resource: plainName(lastPart(service, named)) };
  }
  const named = JSON_FIELDS[service]?.exec(head)?.[1] ?? '';
  return { operation: '', resource: plainName(lastPart(service, named)) };
}

function beginningOf(body: Uint8Array): string {
  const length = Math.min(body.byteLength, BODY_BYTES_MAX);
  return Buffer.from(body.buffer, body.byteOffset, length).toString('latin1');
}

/** The name of a resource out of its URL or its ARN, without the type that its service implies. */
function lastPart(service: string, text: string): string {
  if (/^https?:\/\//.test(text)) return text.slice(text.lastIndexOf('/') + 1);
  const arn = /^arn:aws[a-z0-9-]*:[a-z0-9-]+:[a-z0-9-]*:[0-9a-z]*:(.+)$/.exec(text)?.[1];
  if (arn === undefined) return text;
  if (service === 'secretsmanager') return arn.replace(/^secret:/, '').replace(/-[A-Za-z0-9]{6}$/, '');
  if (service === 'sts' || service === 'iam') return arn;
  return arn.replace(/^[a-zA-Z-]+[/:]/, '');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
