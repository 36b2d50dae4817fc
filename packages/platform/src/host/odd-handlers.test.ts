import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { startTestHost, type TestAnswer, type TestHost } from './test-functions.ts';

/** One handler and what its caller must get. */
interface Row {
  readonly title: string;
  readonly files: Readonly<Record<string, string>>;
  readonly event?: unknown;
  readonly more?: Parameters<TestHost['make']>[1];
  readonly check: (answer: TestAnswer) => void;
}

const returns = (body: unknown) => (answer: TestAnswer) => {
  assert.deepEqual(answer.body, body);
  assert.equal(answer.error, false);
};
const fails = (errorType: string, message: RegExp) => (answer: TestAnswer) => {
  assert.equal(answer.error, true);
  assert.equal(answer.body.errorType, errorType);
  assert.match(answer.body.errorMessage, message);
};
const mjs = (code: string) => ({ 'index.mjs': code });
const cjs = (code: string) => ({ 'index.cjs': code });

const ROWS: readonly Row[] = [
  {
    title: 'an async handler returns its value',
    files: mjs('export const handler = async (e) => ({ got: e.a })'),
    event: { a: 1 },
    check: returns({ got: 1 }),
  },
  {
    title: 'a handler that returns nothing answers null',
    files: mjs('export const handler = async () => {}'),
    check: returns(null),
  },
  { title: 'a CommonJS handler works', files: cjs('exports.handler = async () => "c"'), check: returns('c') },
  {
    title: 'a plain .js file is CommonJS without a package.json',
    files: { 'index.js': 'exports.handler = async () => typeof require' },
    check: returns('function'),
  },
  {
    title: 'a .js file is a module if package.json says so',
    files: {
      'index.js': 'export const handler = async () => import.meta.filename.length > 0',
      'package.json': '{"type":"module"}',
    },
    check: returns(true),
  },
  {
    title: 'a handler below a folder and inside an object is found',
    files: { 'src/app.mjs': 'export const api = { get: async () => "deep" }' },
    more: { handler: 'src/app.api.get' },
    check: returns('deep'),
  },
  {
    title: 'top-level await is waited for',
    files: mjs('const v = await Promise.resolve(7); export const handler = async () => v'),
    check: returns(7),
  },
  {
    title: 'a callback answers',
    files: cjs('exports.handler = (e, c, done) => setTimeout(() => done(null, "late"), 5)'),
    check: returns('late'),
  },
  {
    title: 'a callback answers only when nothing is left to do',
    files: cjs(
      'let n = 0; exports.handler = (e, c, done) => { done(null, { get n() { return n } }); setTimeout(() => { n = 5 }, 20) }',
    ),
    check: returns({ n: 5 }),
  },
  {
    title: 'a callback handler need not wait for an empty event loop',
    files: cjs(
      'exports.handler = (e, c, done) => { c.callbackWaitsForEmptyEventLoop = false; setInterval(() => {}, 1000); done(null, 1) }',
    ),
    check: returns(1),
  },
  {
    title: 'the first of two callbacks counts',
    files: cjs('exports.handler = (e, c, done) => { done(null, 1); done(null, 2); done(new Error("x")) }'),
    check: returns(1),
  },
  {
    title: 'a callback with an error fails',
    files: cjs('exports.handler = (e, c, done) => done(new RangeError("far"))'),
    check: fails('RangeError', /^far$/),
  },
  {
    title: 'a callback handler that never calls back answers null when nothing is left to do',
    files: cjs('exports.handler = (e, c, done) => {}'),
    check: returns(null),
  },
  {
    title: 'context.succeed and context.fail work',
    files: cjs('exports.handler = (e, c) => { setTimeout(() => c.succeed("ok"), 1) }'),
    check: returns('ok'),
  },
  {
    title: 'a thenable that is no promise is waited for',
    files: mjs('export const handler = () => ({ then(f) { setTimeout(() => f("then"), 1) } })'),
    check: returns('then'),
  },
  {
    title: 'a promise that never settles is an error, not a hang',
    files: mjs('export const handler = () => new Promise(() => {})'),
    check: fails('Runtime.NodeJsExit', /never settled/),
  },
  {
    title: 'an error has type, message and trace',
    files: mjs('export const handler = async () => { throw new TypeError("bad") }'),
    check: (answer) => {
      fails('TypeError', /^bad$/)(answer);
      assert.match(answer.body.trace.join('\n'), /index\.mjs/);
    },
  },
  {
    title: 'an error class of one’s own keeps its name',
    files: mjs('class Mine extends Error { name = "Mine" } export const handler = async () => { throw new Mine("m") }'),
    check: fails('Mine', /^m$/),
  },
  {
    title: 'throwing a text is an error of type string',
    files: mjs('export const handler = async () => { throw "text" }'),
    check: fails('string', /^text$/),
  },
  {
    title: 'throwing undefined is an error too',
    files: mjs('export const handler = async () => { throw undefined }'),
    check: fails('handled', /problem while retrieving/),
  },
  {
    title: 'throwing before the first await is the same',
    files: cjs('exports.handler = () => { throw undefined }'),
    check: fails('handled', /problem/),
  },
  {
    title: 'a value that is no JSON is an error',
    files: mjs('export const handler = async () => { const a = {}; a.a = a; return a }'),
    check: fails('TypeError', /circular/),
  },
  {
    title: 'an exception outside the handler ends the sandbox with its document',
    files: mjs('export const handler = () => new Promise(() => setTimeout(() => { throw new Error("out") }, 1))'),
    check: fails('Error', /^out$/),
  },
  {
    title: 'a rejection nobody handles ends the sandbox',
    files: mjs(
      'export const handler = () => { Promise.reject(new Error("lost")); return new Promise((r) => setTimeout(r, 200)) }',
    ),
    check: fails('Runtime.UnhandledPromiseRejection', /lost/),
  },
  {
    title: 'a missing module is an import error',
    files: mjs('import "nowhere-at-all"; export const handler = 1'),
    check: fails('Runtime.ImportModuleError', /nowhere-at-all/),
  },
  {
    title: 'a missing file is an import error',
    files: { 'other.txt': '' },
    check: fails('Runtime.ImportModuleError', /missing/),
  },
  {
    title: 'a syntax error is told as one',
    files: mjs('export const handler = {'),
    check: fails('Runtime.UserCodeSyntaxError', /SyntaxError/),
  },
  {
    title: 'a missing export is told as one',
    files: mjs('export const other = 1'),
    check: fails('Runtime.HandlerNotFound', /index\.handler/),
  },
  {
    title: 'a handler name without a dot is malformed',
    files: mjs('export const handler = 1'),
    more: { handler: 'index' },
    check: fails('Runtime.MalformedHandlerName', /Bad handler/),
  },
  {
    title: 'an error while loading is told with its message',
    files: mjs('throw new Error("at load"); export const handler = 1'),
    check: fails('Error', /^at load$/),
  },
  {
    title: 'exiting while loading is an exit error',
    files: mjs('process.exit(3); export const handler = 1'),
    check: fails('Runtime.ExitError', /exit status 3$/),
  },
  {
    title: 'exiting is an exit error with the status',
    files: mjs('export const handler = async () => process.exit(7)'),
    check: fails('Runtime.ExitError', /^RequestId: [0-9a-f-]{36} Error: Runtime exited with error: exit status 7$/),
  },
  {
    title: 'exiting with 0 is one without a reason',
    files: mjs('export const handler = async () => process.exit(0)'),
    check: fails('Runtime.ExitError', /without providing a reason/),
  },
  {
    title: 'killing itself is an exit error with the signal',
    files: mjs('export const handler = () => { process.kill(process.pid, "SIGKILL"); return new Promise(() => {}) }'),
    check: fails('Runtime.ExitError', /signal: killed/),
  },
  {
    title: 'aborting is an exit error',
    files: mjs('export const handler = async () => process.abort()'),
    check: fails('Runtime.ExitError', /signal: aborted/),
  },
  {
    title: 'a function that takes too long is timed out',
    files: mjs('export const handler = () => new Promise((r) => setTimeout(r, 60000))'),
    more: { timeoutMs: 300 },
    check: fails('Sandbox.Timedout', /^RequestId: [0-9a-f-]{36} Error: Task timed out after 0\.30 seconds$/),
  },
  {
    title: 'a busy loop that ignores SIGTERM is timed out',
    files: mjs('export const handler = async () => { process.on("SIGTERM", () => {}); for (;;); }'),
    more: { timeoutMs: 300 },
    check: fails('Sandbox.Timedout', /timed out/),
  },
  {
    title: 'a large allocation outside the heap is ended',
    files: mjs(
      'export const handler = async () => { const kept = []; for (;;) { kept.push(Buffer.alloc(8 << 20, 1)); await new Promise((r) => setTimeout(r, 5)) } }',
    ),
    more: { memorySizeMb: 192 },
    check: fails('Runtime.OutOfMemory', /signal: killed/),
  },
  {
    title: 'a heap that grows too large ends the process',
    files: mjs(
      'export const handler = async () => { const kept = []; for (;;) kept.push(new Array(1000).fill(kept.length)) }',
    ),
    more: { memorySizeMb: 128 },
    check: (answer) => {
      assert.equal(answer.error, true);
      assert.match(answer.body.errorType, /^Runtime\.(ExitError|OutOfMemory)$/);
    },
  },
  {
    title: 'a response larger than 6 MiB is refused',
    files: mjs('export const handler = async () => "x".repeat(7_000_000)'),
    check: fails('Function.ResponseSizeTooLarge', /exceeded maximum/),
  },
  {
    title: 'a response just below 6 MiB is whole',
    files: mjs('export const handler = async () => "x".repeat(6_000_000)'),
    check: (answer) => assert.equal(answer.body.length, 6_000_000),
  },
  {
    title: 'a streamed response arrives whole',
    files: mjs(
      'export const handler = awslambda.streamifyResponse(async (e, out) => { out.write("one "); await new Promise((r) => setTimeout(r, 5)); out.write("two"); out.end() })',
    ),
    check: returns('one two'),
  },
  {
    title: 'a stream without an end is ended when the handler is',
    files: mjs('export const handler = awslambda.streamifyResponse(async (e, out) => { out.write("left open") })'),
    check: returns('left open'),
  },
  {
    title: 'a stream that fails half way is an error',
    files: mjs(
      'export const handler = awslambda.streamifyResponse(async (e, out) => { out.write("half"); throw new RangeError("broken") })',
    ),
    check: fails('RangeError', /^broken$/),
  },
  {
    title: 'a stream of HTTP has its prelude',
    files: mjs(
      'export const handler = awslambda.streamifyResponse(async (e, out) => { const s = awslambda.HttpResponseStream.from(out, { statusCode: 201 }); s.write("body"); s.end() })',
    ),
    check: returns(`{"statusCode":201}${'\0'.repeat(8)}body`),
  },
  {
    title: 'the context is Lambda’s',
    files: mjs('export const handler = async (e, c) => ({ ...c, left: c.getRemainingTimeInMillis() > 8000 })'),
    more: { name: 'ctx' },
    check: (answer) => {
      const { awsRequestId, logStreamName, ...rest } = answer.body;
      assert.equal(awsRequestId, answer.requestId);
      assert.match(logStreamName, /^\d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}$/);
      assert.deepEqual(rest, {
        callbackWaitsForEmptyEventLoop: true,
        functionVersion: '$LATEST',
        functionName: 'ctx',
        memoryLimitInMB: '512',
        logGroupName: '/aws/lambda/ctx',
        invokedFunctionArn: 'arn:aws:lambda:eu-west-1:123456789012:function:ctx',
        left: true,
      });
    },
  },
];

describe('handlers, ordinary and odd', () => {
  let test: TestHost;
  before(async () => {
    test = await startTestHost();
  });
  after(() => test.close());

  for (const row of ROWS) {
    it(row.title, async () => {
      const revision = test.make(row.files, row.more);
      row.check(await test.call(revision, row.event));
      await test.host.recycle(revision.name);
    });
  }
});
