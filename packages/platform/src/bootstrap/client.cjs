'use strict';
// Talks to the Runtime API over kept-alive connections: one, as long as nothing fails while the next invocation is awaited.
// `request` is taken at load, so that nothing the function replaces later changes how its answers are sent.
const { Agent, request } = require('node:http');

const [host, port] = (process.env.AWS_LAMBDA_RUNTIME_API ?? '').split(':');
const agent = new Agent({ keepAlive: true });
const BASE = '/2018-06-01/runtime';

function call(method, path, headers, body) {
  return new Promise((resolve, reject) => {
    const options = { host, port, agent, method, path: BASE + path, headers };
    const outgoing = request(options, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('end', () => {
        resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts) });
      });
      response.on('error', reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** Waits for the next invocation. */
async function next() {
  const response = await call('GET', '/invocation/next', {});
  if (response.status !== 200) throw new Error(`The Runtime API answered ${response.status}`);
  return response;
}

function post(path, text, headers = {}) {
  const body = Buffer.from(text, 'utf8');
  return call('POST', path, { 'Content-Type': 'application/json', 'Content-Length': body.length, ...headers }, body);
}

/** Sends an answer. */
async function respond(requestId, text) {
  await post(`/invocation/${requestId}/response`, text);
}

/** Sends an error document. */
async function fail(requestId, document) {
  await post(`/invocation/${requestId}/error`, JSON.stringify(document), errorHeaders(document));
}

/** Says that the function could not be loaded. */
async function failInit(document) {
  await post('/init/error', JSON.stringify(document), errorHeaders(document));
}

function errorHeaders(document) {
  // Header values may not have every character that a name can.
  return {
    'Lambda-Runtime-Function-Error-Type': String(document.errorType)
      .replace(/[^\x20-\x7e]/g, '?')
      .slice(0, 200),
  };
}

/** Opens a streamed response; resolves `done` when the host has taken all of it. */
function stream(requestId) {
  let settle;
  const done = new Promise((resolve, reject) => {
    settle = { resolve, reject };
  });
  const outgoing = request(
    {
      host,
      port,
      agent,
      method: 'POST',
      path: `${BASE}/invocation/${requestId}/response`,
      headers: {
        'Content-Type': 'application/octet-stream',
        'Lambda-Runtime-Function-Response-Mode': 'streaming',
        'Transfer-Encoding': 'chunked',
        Trailer: 'Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body',
      },
    },
    (response) => {
      response.resume();
      response.on('end', settle.resolve);
    },
  );
  outgoing.on('error', settle.reject);
  return { outgoing, done };
}

/** Ends a streamed response with an error. */
function failStream(outgoing, document) {
  outgoing.addTrailers({
    ...errorHeaders(document),
    'Lambda-Runtime-Function-Error-Body': Buffer.from(JSON.stringify(document)).toString('base64'),
  });
  outgoing.end();
}

module.exports = { next, respond, fail, failInit, stream, failStream };
