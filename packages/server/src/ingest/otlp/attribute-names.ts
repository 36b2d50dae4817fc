/**
 * Attributes that are read, by what they mean: the current name of the semantic conventions (1.44) first, then the names
 * older emitters use for it. Where one record carries several, the one listed first counts. Documented in
 * docs/reference/otel.md; everything not listed here is skipped without being looked at.
 */
export const ATTRIBUTE_NAMES = {
  cloudProvider: ['cloud.provider'],
  cloudPlatform: ['cloud.platform'],
  cloudAccount: ['cloud.account.id'],
  cloudRegion: ['cloud.region'],
  cloudResource: ['cloud.resource_id', 'cloud.resource.id', 'faas.id'],
  invokedArn: ['aws.lambda.invoked_arn'],
  faasName: ['faas.name'],
  faasVersion: ['faas.version'],
  faasInstance: ['faas.instance'],
  faasMaxMemory: ['faas.max_memory'],
  serviceName: ['service.name'],
  serviceInstance: ['service.instance.id'],

  invocationId: ['faas.invocation_id', 'faas.execution'],
  awsRequestId: ['aws.request_id', 'aws.request.id', 'aws.requestId'],
  coldStart: ['faas.coldstart', 'faas.cold_start'],
  trigger: ['faas.trigger'],
  cron: ['faas.cron'],
  documentCollection: ['faas.document.collection'],
  clientAddress: ['client.address', 'http.client_ip'],
  peerAddress: ['network.peer.address', 'net.sock.peer.addr', 'net.peer.ip'],
  userAgent: ['user_agent.original', 'http.user_agent'],
  endUser: ['user.id', 'enduser.id'],
  country: ['geo.country.iso_code'],
  errorType: ['error.type'],
  exceptionType: ['exception.type'],

  httpMethod: ['http.request.method', 'http.method'],
  httpStatus: ['http.response.status_code', 'http.status_code'],
  httpRoute: ['http.route'],
  httpHost: ['http.host'],
  urlTemplate: ['url.template'],
  urlFull: ['url.full', 'http.url'],
  urlPath: ['url.path', 'http.target'],
  requestSize: ['http.request.body.size', 'http.request_content_length', 'http.request.size'],
  responseSize: ['http.response.body.size', 'http.response_content_length', 'http.response.size'],
  serverAddress: ['server.address', 'net.peer.name', 'net.sock.peer.name'],

  dbSystem: ['db.system.name', 'db.system'],
  dbNamespace: ['db.namespace', 'db.name'],
  dbCollection: ['db.collection.name', 'db.sql.table', 'db.mongodb.collection', 'db.cassandra.table'],
  dbOperation: ['db.operation.name', 'db.operation'],
  dbQuery: ['db.query.summary', 'db.query.text', 'db.statement'],

  messagingSystem: ['messaging.system'],
  messagingOperation: ['messaging.operation.type', 'messaging.operation', 'messaging.operation.name'],
  messagingDestination: ['messaging.destination.name', 'messaging.destination'],
  messagingBatch: ['messaging.batch.message_count'],
  messagingSize: [
    'messaging.message.body.size',
    'messaging.message.payload_size_bytes',
    'messaging.message_payload_size_bytes',
  ],

  rpcSystem: ['rpc.system.name', 'rpc.system'],
  rpcService: ['rpc.service'],
  rpcMethod: ['rpc.method'],
  rpcStatus: ['rpc.response.status_code', 'rpc.grpc.status_code'],
  awsService: ['aws.service', 'aws.service.name'],
  awsOperation: ['aws.operation'],
  s3Bucket: ['aws.s3.bucket', 'aws.bucket.name'],
  dynamoTable: ['aws.dynamodb.table_names', 'aws.table.name'],
  queueUrl: ['aws.sqs.queue.url', 'aws.sqs.queue_url', 'aws.queue.url', 'messaging.url'],
  queueName: ['aws.queue.name'],
  topicArn: ['aws.sns.topic.arn'],
  streamName: ['aws.kinesis.stream_name', 'aws.stream.name'],
  secretArn: ['aws.secretsmanager.secret.arn'],
  stateMachineArn: ['aws.step_functions.state_machine.arn'],
  invokedName: ['faas.invoked_name'],
  invokedProvider: ['faas.invoked_provider'],
  invokedRegion: ['faas.invoked_region'],

  ioDirection: ['network.io.direction'],
  /** Set by the collector's receiver for the Lambda Telemetry API. */
  recordType: ['type'],
} as const satisfies { readonly [meaning: string]: readonly string[] };

/** What an attribute means, whatever it is called. */
export type Meaning = keyof typeof ATTRIBUTE_NAMES;

const MEANINGS = Object.keys(ATTRIBUTE_NAMES) as readonly Meaning[];

/** How many meanings there are. */
export const SLOT_COUNT = MEANINGS.length;

/** Number of a meaning: its place in `Attributes`. */
export const SLOT = Object.fromEntries(MEANINGS.map((meaning, at) => [meaning, at])) as {
  readonly [M in Meaning]: number;
};

/** A name as listed: which meaning, and how far down its list it stands. */
export interface KnownName {
  readonly name: string;
  readonly slot: number;
  readonly rank: number;
}

const KNOWN: readonly KnownName[] = MEANINGS.flatMap((meaning) =>
  ATTRIBUTE_NAMES[meaning].map((name: string, rank) => ({ name, slot: SLOT[meaning], rank })),
);
const BY_TEXT: ReadonlyMap<string, KnownName> = new Map(KNOWN.map((known) => [known.name, known]));

/** The listed name `text`, undefined when it is not listed. */
export function knownName(text: string): KnownName | undefined {
  return BY_TEXT.get(text);
}

const TABLE_SLOTS = 1024;
const encoder = new TextEncoder();
/** Names as bytes at the place their hash says, or at the next free one. */
const TABLE: readonly ({ readonly bytes: Uint8Array; readonly known: KnownName } | undefined)[] = byteTable();

/** As `knownName`, for a name that stands in `bytes[start, end)`. Unlisted names cost about 5 ns. */
export function knownNameOfBytes(bytes: Uint8Array, start: number, end: number): KnownName | undefined {
  for (let at = placeOf(bytes, start, end); ; at = (at + 1) & (TABLE_SLOTS - 1)) {
    const entry = TABLE[at];
    if (entry === undefined) return undefined;
    if (sameBytes(entry.bytes, bytes, start, end)) return entry.known;
  }
}

function byteTable() {
  const table = new Array<{ bytes: Uint8Array; known: KnownName } | undefined>(TABLE_SLOTS).fill(undefined);
  for (const known of KNOWN) {
    const bytes = encoder.encode(known.name);
    let at = placeOf(bytes, 0, bytes.length);
    while (table[at] !== undefined) at = (at + 1) & (TABLE_SLOTS - 1);
    table[at] = { bytes, known };
  }
  return table;
}

/** Mixes length and five bytes: enough to keep the listed names apart, and the table is never filled by a sender. */
function placeOf(bytes: Uint8Array, start: number, end: number): number {
  const length = end - start;
  if (length < 4) return 0;
  const half = start + (length >>> 1);
  const a = bytes[end - 1] | (bytes[end - 3] << 8) | (bytes[half] << 16) | (bytes[start] << 24);
  const mixed = Math.imul(a ^ (length * 0x01000193) ^ (bytes[half - 1] << 4), 0x9e3779b1);
  return mixed >>> 22;
}

function sameBytes(name: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  for (let at = 0; at < name.length; at++) if (name[at] !== bytes[start + at]) return false;
  return true;
}
