import { randomUUID } from 'node:crypto';
import type { ApiCall, AwsRequest, Gate } from '../contract.ts';
import type { Directory } from '../identity/directory.ts';
import { callerIdentity, serviceIdentity } from './user-identity.ts';

/** A record as CloudTrail delivers it. */
export type TrailRecord = Readonly<Record<string, unknown>>;

/** What the trail needs. */
export interface TrailOptions {
  readonly accountId: string;
  readonly region: string;
  readonly directory: Directory;
  /** Whether data events are written too. */
  readonly data: boolean;
  /** Takes records one by one as they are written. What it throws is counted and goes nowhere. */
  readonly onTrail: ((records: readonly TrailRecord[]) => void) | undefined;
  readonly now?: () => number;
}

/** Outcome of a call, as `Gate.record` takes it. */
type Outcome = Parameters<Gate['record']>[2];

/** A call that a service makes for itself: a bucket or a schedule invokes a function. */
export interface ServiceCall {
  /** `s3.amazonaws.com`. */
  readonly principal: string;
  readonly requestId: string;
  readonly eventSource: string;
}

/** Writes what happens to the platform in the shape of CloudTrail. Keeps nothing. */
export interface Trail {
  record(request: AwsRequest, call: ApiCall, outcome: Outcome): void;
  recordService(by: ServiceCall, call: ApiCall, outcome: Outcome): void;
  /** Records that the taker threw on. */
  readonly undelivered: number;
}

const EVENT_VERSION = '1.11';
/** Services with one place for all regions, which their records name. */
const GLOBAL_SERVICES = new Set(['iam']);
const GLOBAL_REGION = 'us-east-1';
/** Characters of a user agent that are kept, as CloudTrail cuts it. */
const USER_AGENT_CHARS_MAX = 1_024;

/** Characters of parameters and of a response, as CloudTrail limits them; larger ones are replaced by a note of their size. */
const PART_CHARS_MAX = 102_400;

/** Types of resources in records, by the beginning of the resource's part of the ARN. */
const RESOURCE_TYPES: readonly (readonly [RegExp, string])[] = [
  [/^arn:aws:lambda:[^:]*:[^:]*:function:/, 'AWS::Lambda::Function'],
  [/^arn:aws:lambda:[^:]*:[^:]*:event-source-mapping:/, 'AWS::Lambda::EventSourceMapping'],
  [/^arn:aws:dynamodb:.*:table\/[^/]+\/stream\//, 'AWS::DynamoDB::Stream'],
  [/^arn:aws:dynamodb:.*:table\//, 'AWS::DynamoDB::Table'],
  [/^arn:aws:s3:::[^/]+\/./, 'AWS::S3::Object'],
  [/^arn:aws:s3:::/, 'AWS::S3::Bucket'],
  [/^arn:aws:sqs:/, 'AWS::SQS::Queue'],
  [/^arn:aws:iam::[^:]*:role\//, 'AWS::IAM::Role'],
  [/^arn:aws:iam::[^:]*:policy\//, 'AWS::IAM::Policy'],
];

/** A trail that hands every record over at once. */
export function createTrail(options: TrailOptions): Trail {
  const now = options.now ?? Date.now;
  let undelivered = 0;
  const write = (call: ApiCall, record: TrailRecord): void => {
    if (options.onTrail === undefined || (call.isData && !options.data)) return;
    try {
      options.onTrail([record]);
    } catch {
      undelivered++;
    }
  };
  const shared = (call: ApiCall, outcome: Outcome): TrailRecord => ({
    ...(outcome.error === undefined ? {} : { errorCode: outcome.error.code, errorMessage: outcome.error.message }),
    requestParameters: bounded('requestParameters', call.requestParameters),
    responseElements:
      outcome.error === undefined ? bounded('responseElements', outcome.responseElements ?? null) : null,
    ...(outcome.additionalEventData === undefined ? {} : { additionalEventData: outcome.additionalEventData }),
  });
  const tail = (call: ApiCall): TrailRecord => ({
    eventID: randomUUID(),
    readOnly: call.readOnly,
    ...resources(call.resourceArn, options.accountId),
    eventType: 'AwsApiCall',
    managementEvent: !call.isData,
    recipientAccountId: options.accountId,
    eventCategory: call.isData ? 'Data' : 'Management',
  });
  return {
    get undelivered() {
      return undelivered;
    },
    record(request, call, outcome) {
      const identity = callerIdentity(request.caller, options.directory);
      const agent = (request.headers['user-agent'] ?? '').slice(0, USER_AGENT_CHARS_MAX);
      write(call, {
        ...head(identity, now()),
        eventSource: `${request.service}.amazonaws.com`,
        eventName: call.eventName,
        awsRegion: GLOBAL_SERVICES.has(request.service) ? GLOBAL_REGION : options.region,
        sourceIPAddress: request.sourceIp,
        userAgent: agent,
        ...shared(call, outcome),
        requestID: request.requestId,
        ...tail(call),
      });
    },
    recordService(by, call, outcome) {
      write(call, {
        ...head(serviceIdentity(by.principal), now()),
        eventSource: by.eventSource,
        eventName: call.eventName,
        awsRegion: options.region,
        sourceIPAddress: by.principal,
        userAgent: by.principal,
        ...shared(call, outcome),
        requestID: by.requestId,
        ...tail(call),
        sharedEventID: randomUUID(),
      });
    },
  };
}

function bounded(name: string, part: TrailRecord | null): TrailRecord | null {
  const originalSize = part === null ? 0 : JSON.stringify(part).length;
  return originalSize <= PART_CHARS_MAX ? part : { omitted: true, originalSize, reason: `${name} too large` };
}

function head(userIdentity: TrailRecord, nowMs: number): TrailRecord {
  return { eventVersion: EVENT_VERSION, userIdentity, eventTime: `${new Date(nowMs).toISOString().slice(0, 19)}Z` };
}

/** What was touched, as far as it has an ARN. An object is listed with its bucket. */
function resources(arn: string, accountId: string): TrailRecord {
  const type = RESOURCE_TYPES.find(([pattern]) => pattern.test(arn))?.[1];
  if (type === undefined) return {};
  if (type !== 'AWS::S3::Object') return { resources: [{ accountId, type, ARN: arn }] };
  const bucket = arn.slice(0, arn.indexOf('/'));
  return {
    resources: [
      { type, ARN: arn },
      { accountId, type: 'AWS::S3::Bucket', ARN: bucket },
    ],
  };
}
