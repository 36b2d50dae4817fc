/**
 * What the parts of the platform know of each other: the host runs functions, the control plane says which there are and
 * who may do what, services and triggers stand around them. `platform.ts` puts them together.
 */

/** One published or current revision of a function, as it runs. A change makes a new one with another `revisionId`. */
export interface FunctionRevision {
  readonly name: string;
  /** `$LATEST` or a number. */
  readonly version: string;
  /** Unqualified. */
  readonly arn: string;
  readonly revisionId: string;
  /** Folder with the code; a sandbox sees it as its task root and must not change it. */
  readonly codeFolder: string;
  /** SHA-256 over the code, base64. */
  readonly codeSha256: string;
  /** `file.export`, relative to the task root. */
  readonly handler: string;
  /** Folders that appear as layers, merged in order below the layer root. */
  readonly layerFolders: readonly string[];
  readonly roleArn: string;
  readonly timeoutMs: number;
  readonly memorySizeMb: number;
  /** Size of the sandbox's own /tmp. */
  readonly tmpSizeMb: number;
  readonly environment: Readonly<Record<string, string>>;
}

/** How a function is called. */
export interface InvokeRequest {
  /** JSON; at most `PAYLOAD_BYTES_MAX` (6 MiB) when somebody waits, 1 MiB otherwise. */
  readonly payload: Uint8Array;
  /** Alias or version of the call, for the ARN that the function is shown. */
  readonly qualifier?: string;
  /** Base64, as the caller sent it. */
  readonly clientContext?: string;
  /** `X-Amzn-Trace-Id` of the caller. */
  readonly traceHeader?: string;
  /** Id of the invocation where it was given out before it runs (asynchronous events); a new one otherwise. */
  readonly requestId?: string;
}

/** Outcome of one synchronous invocation. */
export type InvokeOutcome =
  | {
      readonly kind: 'returned';
      readonly requestId: string;
      readonly payload: Uint8Array;
      /** The handler failed: `Unhandled`; the payload is then the error document. Set on time-outs and crashes too. */
      readonly functionError?: 'Unhandled';
      readonly executedVersion: string;
      readonly durationMs: number;
    }
  /** Refused before anything ran. */
  | {
      readonly kind: 'throttled';
      readonly reason: 'ReservedFunctionConcurrentInvocationLimitExceeded' | 'ConcurrentInvocationLimitExceeded';
    };

/** Temporary credentials of a role, as its sandboxes get them. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiresMs: number;
}

/** What the host asks the control plane for. */
export interface HostNeeds {
  /** Credentials for a sandbox of a function: a session of its role, named like the function. */
  credentials(revision: FunctionRevision): Credentials;
  /** URL of the AWS endpoint, which sandboxes get as `AWS_ENDPOINT_URL`. */
  readonly endpointUrl: string;
  /** Takes what the platform writes about a sandbox: see `LogDelivery`. Must not throw; is not waited for. */
  deliver(delivery: LogDelivery): void;
}

/**
 * A portion of the log of one sandbox, in order: the platform's own records and the function's lines, in the shape of
 * Lambda's Telemetry API (`{time, type, record}`, schema 2025-01-29).
 */
export interface LogDelivery {
  readonly functionName: string;
  /** `/aws/lambda/<name>`. */
  readonly logGroup: string;
  /** `2026/11/25/[$LATEST]<32 hex>`: one sandbox. */
  readonly logStream: string;
  readonly events: readonly TelemetryEvent[];
}

/** One record of the Telemetry API. `record` of `function` and `extension` events is the line. */
export interface TelemetryEvent {
  /** RFC 3339, UTC, milliseconds. */
  readonly time: string;
  readonly type: string;
  readonly record: unknown;
}

/** Runs functions in sandboxes. */
export interface FunctionHost {
  /** How sandboxes are kept apart on this machine, in words for people. */
  readonly isolation: { readonly kind: 'namespaces' | 'processes'; readonly reason: string };
  /** Waits for the outcome. Never rejects for what a function does. */
  invoke(revision: FunctionRevision, request: InvokeRequest): Promise<InvokeOutcome>;
  /**
   * Invocations at once of one function over all its versions; `undefined` takes the limit away, 0 refuses everything.
   * What is running goes on.
   */
  setConcurrency(functionName: string, limit: number | undefined): void;
  /** Ends idle sandboxes of a function at once and busy ones after their invocation, so that the next call starts cold. */
  recycle(functionName: string): Promise<void>;
  /** Sandboxes that exist now. */
  sandboxes(): readonly SandboxStatus[];
  /** Ends all sandboxes. May be called twice. */
  close(): Promise<void>;
}

/** One sandbox as seen from outside. */
export interface SandboxStatus {
  readonly functionName: string;
  readonly version: string;
  readonly revisionId: string;
  readonly logStream: string;
  readonly pid: number;
  readonly state: 'starting' | 'idle' | 'busy' | 'ending';
  readonly invocations: number;
}

/** Who calls an AWS service of the platform, proven by the signature of the request. */
export interface Caller {
  readonly accountId: string;
  /** `arn:aws:sts::<account>:assumed-role/<role>/<session>` or `arn:aws:iam::<account>:user/<name>`. */
  readonly arn: string;
  /** Role of the session; undefined for users. */
  readonly roleName?: string;
  readonly roleArn?: string;
  readonly sessionName?: string;
  readonly accessKeyId: string;
  /** When the session's credentials were issued (`aws:TokenIssueTime`). */
  readonly issuedMs?: number;
  /** Function whose sandbox the credentials were given to (`lambda:SourceFunctionArn`). */
  readonly sourceFunctionArn?: string;
}

/** A request to the AWS endpoint, after its signature was checked. */
export interface AwsRequest {
  readonly caller: Caller;
  /** Signing name: `lambda`, `iam`, `dynamodb`, `s3`, `sqs`, `sts`. */
  readonly service: string;
  readonly region: string;
  readonly method: string;
  /** Path as sent, and its query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly sourceIp: string;
  readonly requestId: string;
}

/** Answer of a service. The router adds `x-amzn-requestid` and the length. */
export interface AwsResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array | string;
}

/** A call as permissions and the trail see it. */
export interface ApiCall {
  /** `dynamodb:GetItem`; the action that IAM policies name. */
  readonly action: string;
  /** ARN of what is touched; `*` where the action has none. */
  readonly resourceArn: string;
  /** `DynamoDB: GetItem` in the trail: the event's name without the service, with its date suffix where AWS has one. */
  readonly eventName: string;
  readonly readOnly: boolean;
  /** Data events (Invoke, GetItem, GetObject …) are written to the trail only where it is configured to. */
  readonly isData: boolean;
  /** As the trail shows them: no secrets, no payloads. */
  readonly requestParameters: Readonly<Record<string, unknown>> | null;
  /** Resource-based policy of what is touched, which may also allow. */
  readonly resourcePolicy?: string;
}

/** What permissions say. A refused call must be answered with `AccessDenied` and not be carried out. */
export type Admission = { readonly allowed: true } | { readonly allowed: false; readonly message: string };

/**
 * The one door to everything the services do: says whether a caller may make a call, and writes the trail. Each service
 * asks before it does anything, once for each action and resource of the call (most calls have one; a batch over two
 * tables has two), and reports the outcome once.
 */
export interface Gate {
  admit(request: AwsRequest, call: ApiCall): Admission;
  /** Writes the call to the trail. `error` as AWS names it; refused calls too. */
  record(
    request: AwsRequest,
    call: ApiCall,
    outcome: {
      readonly error?: { readonly code: string; readonly message: string };
      readonly responseElements?: Readonly<Record<string, unknown>> | null;
      /** `bytesTransferredIn` and `bytesTransferredOut` of object stores, `functionVersion` of Invoke. */
      readonly additionalEventData?: Readonly<Record<string, unknown>>;
    },
  ): void;
}

/** One AWS service behind the endpoint. */
export interface AwsService {
  /** Signing names it answers to. */
  readonly signingNames: readonly string[];
  handle(request: AwsRequest): Promise<AwsResponse>;
}

/** Hands a message of a service to the functions that wait for it; the source knows the ARN its events come from. */
export interface EventSource {
  /** `arn:aws:sqs:…` or `arn:aws:dynamodb:…/stream/…`. */
  readonly arn: string;
  /**
   * Takes up to `max` records as they stand in a Lambda event (`Records`), or none if there are none within `waitMs`. They stay
   * invisible until `done`, `failed` or `release`. Never rejects.
   */
  receive(max: number, waitMs: number): Promise<readonly SourceRecord[]>;
  /** Removes records that were handled. */
  done(records: readonly SourceRecord[]): void;
  /** Gives records back: to be delivered again, or to the dead-letter queue after too many times. */
  failed(records: readonly SourceRecord[]): void;
  /** Gives records back as if they had never been received: nobody tried to handle them. */
  release(records: readonly SourceRecord[]): void;
}

/** A record of an event source. */
export interface SourceRecord {
  readonly id: string;
  /** The element of `Records`. */
  readonly record: Readonly<Record<string, unknown>>;
}

/** Calls a function by name from inside the platform: resolves alias and version, honours concurrency, policies apply. */
export interface Invoker {
  /**
   * `principal` is the service that calls (`s3.amazonaws.com`), checked against the function's policy with `sourceArn`. An
   * enabled mapping of `sourceArn` to the function is permission enough; `*` is the function's own URL. Rejects with an
   * error whose `code` is `AccessDeniedException` or `ResourceNotFoundException`.
   */
  invoke(
    functionName: string,
    request: InvokeRequest & { readonly principal: string; readonly sourceArn: string },
  ): Promise<InvokeOutcome>;
  /** The same without waiting: queued, retried twice on failure, then to the dead-letter queue of the function. */
  enqueue(
    functionName: string,
    request: InvokeRequest & { readonly principal: string; readonly sourceArn: string },
  ): void;
}

/** An application to run: everything the platform has to know of it. Names are unique per kind. */
export interface Application {
  readonly functions: readonly ApplicationFunction[];
  /** `key` is the partition key, a text. `stream`: changes are offered to event source mappings. */
  readonly tables?: readonly { readonly name: string; readonly key: string; readonly stream?: boolean }[];
  readonly buckets?: readonly {
    readonly name: string;
    /** Functions told of objects that are made, by prefix of the key. */
    readonly created?: readonly { readonly prefix: string; readonly function: string }[];
  }[];
  readonly queues?: readonly {
    readonly name: string;
    readonly visibilityMs: number;
    /** Where messages go after `receives` deliveries. */
    readonly deadLetter?: { readonly queue: string; readonly receives: number };
  }[];
  /** Event source mappings: a queue's or a table's stream to a function. */
  readonly mappings?: readonly {
    readonly source: { readonly queue: string } | { readonly table: string };
    readonly function: string;
    readonly batchSize: number;
    readonly windowMs?: number;
  }[];
  /** Routes of one HTTP API (payload format 2.0): `POST /orders`, `GET /prints/{id}`. */
  readonly routes?: readonly { readonly route: string; readonly function: string }[];
  readonly schedules?: readonly {
    readonly name: string;
    readonly everyMs: number;
    readonly function: string;
    readonly input?: unknown;
  }[];
}

/** A function of an application, with its role. */
export interface ApplicationFunction {
  readonly name: string;
  readonly codeFolder: string;
  readonly handler: string;
  readonly layerFolders?: readonly string[];
  /** Default: `<name>-role`. Functions may share one. */
  readonly roleName?: string;
  /** Statements of the role's inline policy. */
  readonly statements: readonly PolicyStatement[];
  readonly timeoutMs?: number;
  readonly memorySizeMb?: number;
  readonly environment?: Readonly<Record<string, string>>;
  /** Has a function URL without authorisation. */
  readonly url?: boolean;
  /** Queue that failed asynchronous events go to. */
  readonly deadLetterQueue?: string;
}

/** One statement of an IAM policy. */
export interface PolicyStatement {
  readonly Sid?: string;
  readonly Effect: 'Allow' | 'Deny';
  readonly Action?: string | readonly string[];
  readonly NotAction?: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Principal?: unknown;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** How to run the platform. Everything has a default. */
export interface PlatformOptions {
  /** Default `127.0.0.1`. */
  readonly address?: string;
  /** Default `123456789012` and `eu-west-1`. */
  readonly accountId?: string;
  readonly region?: string;
  /** Folder for sandboxes; a temporary one, removed at closing, if none is named. */
  readonly folder?: string;
  /** `auto` (default): own namespaces where the machine allows. */
  readonly isolation?: 'auto' | 'processes';
  /** Takes the logs of all sandboxes. */
  readonly onLogs?: (delivery: LogDelivery) => void;
  /** Takes CloudTrail records as they are written. */
  readonly onTrail?: (records: readonly Readonly<Record<string, unknown>>[]) => void;
  /** Whether data events (Invoke, GetItem …) are in the trail too. Default true. */
  readonly trailData?: boolean;
  /** Sandboxes at once over all functions. Default 20. */
  readonly sandboxesMax?: number;
  /** An idle sandbox is ended after this long. Default 10 minutes. */
  readonly idleMs?: number;
}

/** A running platform. */
export interface Platform {
  readonly accountId: string;
  readonly region: string;
  /** AWS endpoint for SDKs (`endpoint`, `AWS_ENDPOINT_URL`). */
  readonly endpointUrl: string;
  /** Front door of the application's HTTP API; '' before one is deployed. */
  readonly apiUrl: string;
  readonly isolation: FunctionHost['isolation'];
  /** Base URL of a function's own URL. */
  functionUrl(functionName: string): string | undefined;
  /** Makes everything an application names. Once. */
  deploy(application: Application): Promise<void>;
  /** Credentials of a user with these statements, as an administrator or a tool outside would have them. */
  user(name: string, statements: readonly PolicyStatement[]): Credentials;
  readonly host: FunctionHost;
  close(): Promise<void>;
}
