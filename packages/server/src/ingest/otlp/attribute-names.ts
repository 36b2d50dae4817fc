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

/** Places in the table: ten times as many as names, so that a name stands where its hash says. */
const TABLE_PLACES = 1024;
/** Shortest listed name, bytes; the hash reads four at once. */
const NAME_BYTES_MIN = 4;
/** The listed names as bytes, one after another, and where each begins. */
const NAMES = namesAsBytes();
/** Number of a name plus one at the place its hash says, or at the next free one; 0 for none. */
const PLACES = placesOfNames();

/** As `knownName`, for a name that stands in the bytes of `view` at `[start, end)`. Costs about 10 ns. */
export function knownNameOfBytes(view: DataView, start: number, end: number): KnownName | undefined {
  const length = end - start;
  if (length < NAME_BYTES_MIN) return undefined;
  for (let at = placeOf(view, start, end); ; at = (at + 1) % TABLE_PLACES) {
    const number = PLACES[at] - 1;
    if (number < 0) return undefined;
    const from = NAMES.starts[number];
    if (NAMES.starts[number + 1] - from === length && sameBytes(view, start, from, length)) return KNOWN[number];
  }
}

function namesAsBytes() {
  const encoder = new TextEncoder();
  const starts = new Uint16Array(KNOWN.length + 1);
  for (const [number, { name }] of KNOWN.entries()) starts[number + 1] = starts[number] + encoder.encode(name).length;
  const bytes = encoder.encode(KNOWN.map(({ name }) => name).join(''));
  return { starts, view: new DataView(bytes.buffer) };
}

function placesOfNames(): Uint16Array {
  const places = new Uint16Array(TABLE_PLACES);
  for (let number = 0; number < KNOWN.length; number++) {
    let at = placeOf(NAMES.view, NAMES.starts[number], NAMES.starts[number + 1]);
    while (places[at] !== 0) at = (at + 1) % TABLE_PLACES;
    places[at] = number + 1;
  }
  return places;
}

/** Mixes length, the last four bytes and four from the middle: the table is never filled by a sender. */
function placeOf(view: DataView, start: number, end: number): number {
  const length = end - start;
  const last = view.getUint32(end - 4, true);
  const middle = view.getUint32(start + ((length - 4) >>> 1), true);
  return Math.imul(Math.imul(last, 0x85ebca6b) ^ middle ^ (length << 5), 0x9e3779b1) >>> 22;
}

/** Compares with a listed name, four bytes at once; the last four may overlap. */
function sameBytes(view: DataView, start: number, from: number, length: number): boolean {
  const last = length - 4;
  for (let at = 0; at < last; at += 4) {
    if (view.getUint32(start + at, true) !== NAMES.view.getUint32(from + at, true)) return false;
  }
  return view.getUint32(start + last, true) === NAMES.view.getUint32(from + last, true);
}
