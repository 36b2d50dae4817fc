'use strict';
// The Node runtime of a sandbox: loads the function, asks for invocations, and answers as Lambda's own runtime does.
// Plain JavaScript, no dependencies: it is loaded at every cold start.
const client = require('./client.cjs');
const { RuntimeError, toDocument, toLogLine } = require('./errors.cjs');
const { loadHandler } = require('./load-handler.cjs');
const { current, patchConsole } = require('./log-lines.cjs');
const { installStreaming, isStreaming } = require('./streaming.cjs');

/** Exit statuses of Lambda's runtime after what nobody caught. */
const EXIT_REJECTION = 128;
const EXIT_EXCEPTION = 129;

/** What to do when nothing is left to do in the process; an invocation that waits for that sets it. */
let whenIdle;

process.on('beforeExit', () => {
  const act = whenIdle;
  whenIdle = undefined;
  act?.();
});
process.on('uncaughtException', (error) => void giveUp('Uncaught Exception ', error, EXIT_EXCEPTION));
process.on('unhandledRejection', (reason, promise) => {
  const error = new RuntimeError('Runtime.UnhandledPromiseRejection', String(reason));
  error.reason = reason;
  error.promise = promise;
  void giveUp('Unhandled Promise Rejection ', error, EXIT_REJECTION);
});

async function giveUp(label, error, status) {
  try {
    console.error(toLogLine(label, error));
    const { requestId } = current;
    if (requestId === undefined) await client.failInit(toDocument(error));
    else await client.fail(requestId, toDocument(error));
  } catch {
    // The host sees the exit all the same.
  }
  process.exit(status);
}

async function main() {
  // Functions must not see how they were started.
  process.argv[1] = '/var/runtime/index.mjs';
  patchConsole();
  installStreaming();
  let handler;
  try {
    handler = await loadHandler(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER ?? '');
  } catch (error) {
    console.error(toLogLine('Uncaught Exception ', error));
    await client.failInit(toDocument(error));
    process.exit(1);
  }
  for (;;) {
    let invocation;
    try {
      invocation = await client.next();
    } catch {
      // The host is gone, or ends this sandbox.
      process.exit(1);
    }
    await serve(handler, invocation);
  }
}

async function serve(handler, invocation) {
  const { headers } = invocation;
  current.requestId = headers['lambda-runtime-aws-request-id'];
  process.env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'] ?? '';
  const context = contextOf(headers);
  let event;
  try {
    event = JSON.parse(invocation.body.toString('utf8'));
  } catch (error) {
    await client.fail(current.requestId, toDocument(error));
    return;
  }
  if (isStreaming(handler)) await serveStream(handler, event, context);
  else await serveBuffered(handler, event, context);
}

async function serveBuffered(handler, event, context) {
  const requestId = current.requestId;
  let result;
  try {
    result = JSON.stringify((await call(handler, event, context)) ?? null) ?? 'null';
  } catch (error) {
    console.error(toLogLine('Invoke Error ', error));
    await client.fail(requestId, toDocument(error));
    return;
  }
  await client.respond(requestId, result);
}

/** Calls the handler in the way it wants; the first of its answers counts. */
function call(handler, event, context) {
  return new Promise((resolve, reject) => {
    let answered = false;
    const answer = (error, result) => {
      if (answered) return;
      answered = true;
      const finish = () => (error === null || error === undefined ? resolve(result) : reject(error));
      // Callback handlers are done when nothing is left to do, unless they say otherwise.
      whenIdle = context.callbackWaitsForEmptyEventLoop ? finish : undefined;
      if (whenIdle === undefined) finish();
    };
    context.done = (error, result) => {
      context.callbackWaitsForEmptyEventLoop = false;
      answer(error, result);
    };
    context.succeed = (result) => context.done(undefined, result);
    context.fail = (error) => context.done(error ?? 'handled');
    const returned = handler(event, context, answer);
    if (typeof returned?.then === 'function') {
      // It may never settle: with nothing left to do, it never will.
      if (!answered) whenIdle = () => reject(new RuntimeError('Runtime.NodeJsExit', NEVER_SETTLED));
      const settled = (settle) => (value) => {
        whenIdle = undefined;
        settle(value);
      };
      returned.then(settled(resolve), settled(reject));
    } else if (!answered) whenIdle = () => resolve(undefined);
  });
}

const NEVER_SETTLED =
  'The Lambda runtime client detected an unexpected Node.js exit code. This is most commonly caused by a Promise that was ' +
  'never settled. For more information, see https://nodejs.org/docs/latest/api/process.html#exit-codes';

async function serveStream(handler, event, context) {
  const { outgoing, done } = client.stream(current.requestId);
  outgoing.setContentType = (type) => {
    if (!outgoing.headersSent) outgoing.setHeader('Content-Type', type);
  };
  // The caller must not think that an answer without an end is whole.
  whenIdle = () => client.failStream(outgoing, toDocument(new RuntimeError('Runtime.StreamingError', NEVER_SETTLED)));
  try {
    await handler(event, outgoing, context);
    if (!outgoing.writableEnded) outgoing.end();
  } catch (error) {
    console.error(toLogLine('Invoke Error ', error));
    if (!outgoing.writableEnded) client.failStream(outgoing, toDocument(error));
  }
  await done;
  whenIdle = undefined;
}

function contextOf(headers) {
  const deadlineMs = Number(headers['lambda-runtime-deadline-ms']);
  const clientContext = headers['lambda-runtime-client-context'];
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: clientContext === undefined ? undefined : parsed(clientContext),
    identity: undefined,
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    getRemainingTimeInMillis: () => deadlineMs - Date.now(),
  };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

void main();
