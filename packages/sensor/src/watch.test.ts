import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { runWatched } from './sandbox-run.ts';

/**
 * Handlers as people write them, each called by a small runtime that notes everything a runtime can see. `told` has what it
 * saw of the bare handlers and of the watched ones.
 */
const HANDLERS = `
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
class Refused extends Error { constructor() { super('no'); this.name = 'Refused'; this.code = 7; } }
const handlers = {
  'returns a value': () => ({ a: 1 }),
  'returns nothing': () => {},
  'async value': async (event, { awsRequestId }) => event.n + typeof awsRequestId,
  'async after a while': async () => { await wait(5); return 'late'; },
  'throws': () => { throw new Refused(); },
  'throws undefined': () => { throw undefined; },
  'throws a text': () => { throw 'text'; },
  'async throws': async () => { await wait(1); throw new Refused(); },
  'rejects with undefined': async () => { throw undefined; },
  'rejects with a frozen error': async () => { throw Object.freeze(new Refused()); },
  'calls back': (event, context, callback) => { setTimeout(callback, 2, null, { ok: event.n }); },
  'calls back at once': (event, context, callback) => callback(null, 'now'),
  'calls back with an error': (event, context, callback) => callback(new Refused()),
  'calls back twice': (event, context, callback) => { callback(null, 1); callback(null, 2); },
  'calls back and returns': (event, context, callback) => { callback(null, 'called'); return 'returned'; },
  'calls back, then throws': (event, context, callback) => { callback(null, 'called'); throw new Refused(); },
  'async and calls back': async (event, context, callback) => { callback(null, 'called'); return 'returned'; },
  'returns a thenable': () => { let calls = 0; return { then(resolve) { resolve('calls: ' + ++calls); } }; },
  'returns a failing thenable': () => ({ then(resolve, reject) { reject(new Refused()); } }),
  'uses this': function () { return this === undefined ? 'none' : this.name; },
  'uses arguments': function () { return arguments.length; },
  'takes nothing': () => 0,
  'takes one': (event) => event.n,
  'takes a rest': (...words) => words.length,
  'returns a promise of a promise': () => Promise.resolve(wait(1).then(() => 'deep')),
  'returns a subclass of Promise': () => { class Own extends Promise {} return Own.resolve('own'); },
};
async function observe(handler) {
  const seen = [];
  const settledAt = (what, value) => seen.push([what, value instanceof Error ? [value.name, value.message, value.code, typeof value.stack] : String(JSON.stringify(value))]);
  let called;
  const back = new Promise((resolve) => { called = resolve; });
  const callback = (error, result) => { settledAt('callback', error ?? result); called(); };
  try {
    const result = handler.call({ name: 'owner' }, { n: 3 }, context(), callback);
    process.nextTick(() => seen.push(['tick']));
    if (typeof result?.then === 'function') {
      Promise.resolve().then(() => seen.push(['microtask']));
      await result.then((value) => settledAt('resolved', value), (error) => settledAt('rejected', error));
    } else settledAt('returned', result);
  } catch (error) { settledAt('thrown', error); called(); }
  if (/callback/.test(String(handler)) || handler.waits) await back;
  return seen;
}
`;

const COMPARED = `
const outcome = {};
for (const [name, handler] of Object.entries(handlers)) {
  const bare = await observe(handler);
  const wrapped = watch(handler);
  if (/callback/.test(String(handler))) wrapped.waits = true;
  outcome[name] = { bare, watched: await observe(wrapped) };
}
tell(outcome);
`;

type Seen = Record<string, { readonly bare: unknown; readonly watched: unknown }>;

suite('a watched handler', () => {
  test('does for the runtime exactly what it did before, in the same order', async () => {
    const { told, status, stderr } = await runWatched(HANDLERS + COMPARED);
    assert.equal(status, 0, stderr);
    const outcomes = told as Seen;
    assert.ok(Object.keys(outcomes).length >= 25);
    for (const [name, { bare, watched }] of Object.entries(outcomes)) assert.deepEqual(watched, bare, name);
  });

  test('makes one record of each invocation, whose status is its outcome', async () => {
    const { records, told } = await runWatched(HANDLERS + COMPARED);
    const invocations = records.filter(({ rid }) => rid !== undefined);
    const names = Object.keys(told as Seen);
    assert.equal(invocations.length, names.length);
    // Odd ones were made by the bare handlers, whose requests have no record.
    assert.deepEqual(
      invocations.map(({ rid }) => rid),
      names.map((_, at) => `request-${at * 2 + 2}`),
    );
    const statuses = new Map(invocations.map(({ st, err }, at) => [names[at], err === undefined ? st : [st, err]]));
    assert.equal(statuses.get('returns a value'), 'ok');
    assert.equal(statuses.get('returns nothing'), 'ok');
    assert.deepEqual(statuses.get('throws'), ['error', 'Refused']);
    assert.deepEqual(statuses.get('throws undefined'), ['error', 'undefined']);
    assert.deepEqual(statuses.get('async throws'), ['error', 'Refused']);
    assert.deepEqual(statuses.get('calls back with an error'), ['error', 'Refused']);
    assert.equal(statuses.get('calls back twice'), 'ok');
    assert.deepEqual(statuses.get('returns a failing thenable'), ['error', 'Refused']);
  });

  test('settles after its record when the response has to wait for a collector, and in the same way', async () => {
    const { told, status, stderr } = await runWatched(
      HANDLERS.replaceAll("seen.push(['tick'])", '{}').replaceAll("seen.push(['microtask'])", '{}') + COMPARED,
      { environment: { GAIT_ENDPOINT: 'http://127.0.0.1:9', GAIT_FLUSH_MS: '20' } },
    );
    assert.equal(status, 0, stderr);
    for (const [name, { bare, watched }] of Object.entries(told as Seen)) {
      // What the runtime takes is the first of two answers; which comes second may change.
      if (name === 'async and calls back' || name.startsWith('calls back, ') || name === 'calls back and returns')
        continue;
      assert.deepEqual(watched, bare, name);
    }
  });

  test('keeps the frames of the function at the top of the stack', async () => {
    const { told } = await runWatched(`
      function inner() { throw new Error('deep'); }
      const handler = watch(() => inner());
      try { handler({}, context()); } catch (error) { tell(error.stack.split('\\n').slice(0, 2)); }
    `);
    assert.match((told as string[])[0], /^Error: deep/);
    assert.match((told as string[])[1], /at inner /);
  });

  test('keeps name, properties and the mark of streaming, and never has more than two parameters', async () => {
    const { told } = await runWatched(`
      const streaming = Symbol.for('aws.lambda.runtime.handler.streaming');
      const mark = Symbol.for('aws.lambda.runtime.handler.streaming.highWaterMark');
      async function named(event, context, callback) {}
      Object.defineProperty(named, 'getter', { get: () => 'got', enumerable: true });
      named.extra = 1;
      const streamed = async (event, stream, context) => { stream.push('x'); };
      streamed[streaming] = 'response';
      streamed[mark] = 64;
      const one = watch(named);
      const two = watch(streamed);
      tell([one.name, one.length, one.extra, one.getter, two[streaming], two[mark], two.length,
        watch((a) => a).length, watch(one) === one, watch(7), watch(undefined) === undefined]);
    `);
    assert.deepEqual(told, ['named', 2, 1, 'got', 'response', 64, 3, 1, true, 7, true]);
  });

  test('streams: the stream is handed through and the context is the third argument', async () => {
    const { told, records } = await runWatched(`
      const handler = async (event, stream, context) => { stream.push(event.word); stream.push(context.awsRequestId); };
      handler[Symbol.for('aws.lambda.runtime.handler.streaming')] = 'response';
      const stream = [];
      await watch(handler)({ word: 'a' }, stream, context());
      tell(stream);
    `);
    assert.deepEqual(told, ['a', 'request-1']);
    assert.deepEqual(
      records.map(({ rid, st }) => [rid, st]),
      [
        [undefined, 'ok'],
        ['request-1', 'ok'],
      ],
    );
  });

  test('with a callback in its signature works on runtimes that give none', async () => {
    const { told, records } = await runWatched(`
      const good = watch((event, context, callback) => setTimeout(callback, 1, null, 'good'));
      const bad = watch((event, context, callback) => callback(new TypeError('bad')));
      const first = watch((event, context, callback) => { callback(null, 1); callback(null, 2); });
      const both = watch(async (event, context, callback) => { callback(null, 'called'); return 'returned'; });
      tell([await good({}, context()), await bad({}, context()).catch((error) => error.name),
        await first({}, context()), await both({}, context())]);
    `);
    assert.deepEqual(told, ['good', 'TypeError', 1, 'called']);
    assert.deepEqual(
      records.slice(1).map(({ st }) => st),
      ['ok', 'error', 'ok', 'ok'],
    );
  });

  test('that never answers is reported shortly before its deadline, once', async () => {
    const { records } = await runWatched(`
      const never = watch(() => new Promise(() => {}));
      never({}, context({ getRemainingTimeInMillis: () => 150 }));
      setTimeout(() => {}, 400);
    `);
    assert.deepEqual(
      records.map(({ st }) => st),
      ['ok', 'timeout'],
    );
    const late = Number(records[1].dur);
    assert.ok(late >= 100, `reported after ${late} ms`);
  });

  test('that ends the process is reported', async () => {
    const { records, status } = await runWatched(`watch(() => process.exit(3))({}, context());`);
    assert.equal(status, 3);
    assert.deepEqual([records[1].st, records[1].err], ['error', 'ProcessExit']);
  });

  test('that calls another watched handler for the same request makes one record', async () => {
    const { records } = await runWatched(`
      const inner = watch(async () => 'inner');
      const outer = watch(async (event, of) => inner(event, of));
      await outer({}, context());
    `);
    assert.equal(records.length, 2);
  });

  test('never keeps the process alive', async () => {
    const { status, records } = await runWatched(`
      await watch(async () => 1)({}, context({ getRemainingTimeInMillis: () => 900000 }));
    `);
    assert.deepEqual([status, records.length], [0, 2]);
  });
});

suite('several invocations at once', () => {
  test('each have their own calls, told apart by asynchronous context', async () => {
    const { records } = await runWatched(`
      import http from 'node:http';
      const server = http.createServer((request, response) => response.end('ok'));
      await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address();
      const get = (path) => new Promise((resolve) => http.get({ host: '127.0.0.1', port, path }, (response) => {
        response.resume().on('end', resolve);
      }));
      const handler = watch(async ({ path }) => { await get(path); await get(path); });
      await Promise.all([handler({ path: '/zero' }, context()), handler({ path: '/one' }, context())]);
      await Promise.all(['/two', '/three', '/four'].map((path) => handler({ path }, context())));
      server.close();
      server.closeAllConnections();
    `);
    const together = records.filter(({ rid }) => /-[345]$/.test(String(rid)));
    const byRequest = together.map(({ rid, c }) => [rid, (c as string[][]).map(([verb, route]) => `${verb} ${route}`)]);
    assert.deepEqual(Object.fromEntries(byRequest), {
      'request-3': ['http:GET /two', 'http:GET /two'],
      'request-4': ['http:GET /three', 'http:GET /three'],
      'request-5': ['http:GET /four', 'http:GET /four'],
    });
    for (const { shd } of together) assert.equal(shd, 2);
  });
});
