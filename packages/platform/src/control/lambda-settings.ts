import type { EventInvokeConfig, LambdaFunction, UrlConfig } from './functions.ts';
import { type JsonObject, optionalInteger, optionalObject, optionalText, refuseUnsupported, text } from './input.ts';
import { absent, invalid, LambdaError } from './lambda-error.ts';
import { anything, type Call, named, type Operation, type Result } from './operation.ts';
import { UNPACKED_BYTES_MAX } from './zip.ts';

/** Invocations at once of an account and how many of them must stay for functions without a reservation, as AWS has them. */
const ACCOUNT_CONCURRENCY = 1_000;
const UNRESERVED_MIN = 100;
const QUEUE_ARN = /^(arn:aws:sqs:[a-z0-9-]+:\d{12}:[\w.-]{1,80})?$/;

/** Retries and age of asynchronous events that nobody configured, as AWS has them. */
export const EVENT_RETRIES_MAX = 2;
export const EVENT_AGE_MS_MAX = 6 * 3_600_000;

/** Operations on concurrency, function URLs and asynchronous invocation. */
export const SETTING_OPERATIONS: readonly Operation[] = [
  {
    name: 'PutFunctionConcurrency',
    route: 'PUT /2017-10-31/functions/{FunctionName}/concurrency',
    status: 200,
    suffix: '20171031',
    readOnly: false,
    run: putConcurrency,
  },
  {
    name: 'DeleteFunctionConcurrency',
    route: 'DELETE /2017-10-31/functions/{FunctionName}/concurrency',
    status: 204,
    suffix: '20171031',
    readOnly: false,
    run(call) {
      setConcurrency(call, call.site.table.find(named(call)), undefined);
      return {};
    },
  },
  {
    name: 'GetFunctionConcurrency',
    route: 'GET /2019-09-30/functions/{FunctionName}/concurrency',
    status: 200,
    suffix: '20190930',
    readOnly: true,
    run(call) {
      const { concurrency } = call.site.table.find(named(call));
      return { body: concurrency === undefined ? {} : { ReservedConcurrentExecutions: concurrency } };
    },
  },
  {
    name: 'GetAccountSettings',
    route: 'GET /2016-08-19/account-settings',
    status: 200,
    suffix: '20160819',
    readOnly: true,
    resource: anything,
    run: accountSettings,
  },
  {
    name: 'CreateFunctionUrlConfig',
    route: 'POST /2021-10-31/functions/{FunctionName}/url',
    status: 201,
    readOnly: false,
    run: createUrl,
  },
  {
    name: 'GetFunctionUrlConfig',
    route: 'GET /2021-10-31/functions/{FunctionName}/url',
    status: 200,
    readOnly: true,
    run(call) {
      const fn = call.site.table.find(named(call));
      return { body: urlDocument(call, fn, urlOf(fn)) };
    },
  },
  {
    name: 'UpdateFunctionUrlConfig',
    route: 'PUT /2021-10-31/functions/{FunctionName}/url',
    status: 200,
    readOnly: false,
    run: updateUrl,
  },
  {
    name: 'DeleteFunctionUrlConfig',
    route: 'DELETE /2021-10-31/functions/{FunctionName}/url',
    status: 204,
    readOnly: false,
    run(call) {
      const fn = call.site.table.find(named(call));
      urlOf(fn);
      fn.url = undefined;
      return {};
    },
  },
  {
    name: 'PutFunctionEventInvokeConfig',
    route: 'PUT /2019-09-25/functions/{FunctionName}/event-invoke-config',
    status: 200,
    readOnly: false,
    run: (call) => putEventInvoke(call, { retriesMax: EVENT_RETRIES_MAX, ageMsMax: EVENT_AGE_MS_MAX }),
  },
  {
    name: 'UpdateFunctionEventInvokeConfig',
    route: 'POST /2019-09-25/functions/{FunctionName}/event-invoke-config',
    status: 200,
    readOnly: false,
    run: (call) => putEventInvoke(call, eventInvokeOf(call.site.table.find(named(call)))),
  },
  {
    name: 'GetFunctionEventInvokeConfig',
    route: 'GET /2019-09-25/functions/{FunctionName}/event-invoke-config',
    status: 200,
    readOnly: true,
    run(call) {
      const fn = call.site.table.find(named(call));
      return { body: eventInvokeDocument(fn, eventInvokeOf(fn)) };
    },
  },
  {
    name: 'DeleteFunctionEventInvokeConfig',
    route: 'DELETE /2019-09-25/functions/{FunctionName}/event-invoke-config',
    status: 204,
    readOnly: false,
    run(call) {
      const fn = call.site.table.find(named(call));
      eventInvokeOf(fn);
      fn.eventInvoke = undefined;
      return {};
    },
  },
];

function accountSettings({ site }: Call): Result {
  const all = site.table.all();
  const reserved = all.reduce((sum, { concurrency }) => sum + (concurrency ?? 0), 0);
  return {
    body: {
      AccountLimit: {
        CodeSizeUnzipped: UNPACKED_BYTES_MAX,
        ConcurrentExecutions: ACCOUNT_CONCURRENCY,
        UnreservedConcurrentExecutions: ACCOUNT_CONCURRENCY - reserved,
      },
      AccountUsage: {
        FunctionCount: all.length,
        TotalCodeSize: all.reduce((sum, { latest }) => sum + latest.codeBytes, 0),
      },
    },
  };
}

function putConcurrency(call: Call): Result {
  const fn = call.site.table.find(named(call));
  const range = { min: 0, max: ACCOUNT_CONCURRENCY };
  const limit = optionalInteger(call.input.body, 'ReservedConcurrentExecutions', range);
  if (limit === undefined) throw invalid("Value at 'reservedConcurrentExecutions' must not be null");
  const others = call.site.table.all().filter((other) => other !== fn);
  const reserved = others.reduce((sum, other) => sum + (other.concurrency ?? 0), limit);
  if (limit > 0 && reserved > ACCOUNT_CONCURRENCY - UNRESERVED_MIN) {
    throw invalid(
      "Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below " +
        `its minimum value of [${UNRESERVED_MIN}].`,
    );
  }
  setConcurrency(call, fn, limit);
  return { body: { ReservedConcurrentExecutions: limit } };
}

function setConcurrency({ site }: Call, fn: LambdaFunction, limit: number | undefined): void {
  fn.concurrency = limit;
  site.host.setConcurrency(fn.name, limit);
}

function createUrl(call: Call): Result {
  const fn = call.site.table.find(named(call));
  if (fn.url !== undefined) {
    throw new LambdaError('ResourceConflictException', `Failed to create function url config for ${fn.arn}: exists.`);
  }
  const now = call.site.now();
  const authType = authTypeOf(text(call.input.body, 'AuthType'));
  fn.url = { authType, invokeMode: invokeModeOf(call.input.body) ?? 'BUFFERED', createdMs: now, modifiedMs: now };
  return { body: urlDocument(call, fn, fn.url) };
}

function updateUrl(call: Call): Result {
  const fn = call.site.table.find(named(call));
  const before = urlOf(fn);
  const { body } = call.input;
  const authType = optionalText(body, 'AuthType');
  fn.url = {
    ...before,
    authType: authType === undefined ? before.authType : authTypeOf(authType),
    invokeMode: invokeModeOf(body) ?? before.invokeMode,
    modifiedMs: call.site.now(),
  };
  return { body: urlDocument(call, fn, fn.url) };
}

function urlOf(fn: LambdaFunction): UrlConfig {
  if (fn.url === undefined) throw absent('The resource you requested does not exist.');
  return fn.url;
}

function authTypeOf(value: string): UrlConfig['authType'] {
  if (value === 'NONE' || value === 'AWS_IAM') return value;
  throw invalid(
    "Value at 'authType' failed to satisfy constraint: Member must satisfy enum value set: [NONE, AWS_IAM]",
  );
}

function invokeModeOf(body: JsonObject): string | undefined {
  refuseUnsupported(body, ['Cors']);
  return optionalText(body, 'InvokeMode', /^(BUFFERED|RESPONSE_STREAM)$/);
}

function urlDocument(call: Call, fn: LambdaFunction, url: UrlConfig): Readonly<Record<string, unknown>> {
  return {
    FunctionUrl: call.site.functionUrl(fn.name),
    FunctionArn: fn.arn,
    AuthType: url.authType,
    CreationTime: new Date(url.createdMs).toISOString(),
    LastModifiedTime: new Date(url.modifiedMs).toISOString(),
    InvokeMode: url.invokeMode,
  };
}

function putEventInvoke(call: Call, before: Omit<EventInvokeConfig, 'modifiedMs'>): Result {
  const fn = call.site.table.find(named(call));
  const { body } = call.input;
  const retries = optionalInteger(body, 'MaximumRetryAttempts', { min: 0, max: 2 });
  const ageSeconds = optionalInteger(body, 'MaximumEventAgeInSeconds', { min: 60, max: 21_600 });
  const destinations = optionalObject(body, 'DestinationConfig');
  const onFailure = destinations === undefined ? undefined : optionalObject(destinations, 'OnFailure');
  const queue = onFailure === undefined ? before.onFailureArn : optionalText(onFailure, 'Destination', QUEUE_ARN);
  fn.eventInvoke = {
    retriesMax: retries ?? before.retriesMax,
    ageMsMax: ageSeconds === undefined ? before.ageMsMax : ageSeconds * 1000,
    modifiedMs: call.site.now(),
    ...(queue === undefined || queue === '' ? {} : { onFailureArn: queue }),
  };
  return { body: eventInvokeDocument(fn, fn.eventInvoke) };
}

function eventInvokeOf(fn: LambdaFunction): EventInvokeConfig {
  if (fn.eventInvoke === undefined) {
    throw absent(`The function ${fn.arn} doesn't have an EventInvokeConfig`);
  }
  return fn.eventInvoke;
}

function eventInvokeDocument(fn: LambdaFunction, config: EventInvokeConfig): Readonly<Record<string, unknown>> {
  const onFailure = config.onFailureArn === undefined ? {} : { Destination: config.onFailureArn };
  return {
    LastModified: config.modifiedMs / 1000,
    FunctionArn: `${fn.arn}:$LATEST`,
    MaximumRetryAttempts: config.retriesMax,
    MaximumEventAgeInSeconds: config.ageMsMax / 1000,
    DestinationConfig: { OnSuccess: {}, OnFailure: onFailure },
  };
}
