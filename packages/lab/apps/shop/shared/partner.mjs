/** A partner who has not answered by then will not. */
const WAIT_MS = 1_500;
const ATTEMPTS_MAX = 3;
const PAUSE_MS = 60;

/** A partner did not do what was asked of it, after all attempts. */
export class PartnerError extends Error {
  constructor(message, options) {
    super(message, options);
    this.name = 'PartnerError';
  }
}

/**
 * Posts a document to a partner and returns the status and the answer. Overloaded, failing and silent partners are asked
 * again, after a pause that doubles and is spread by chance; other answers are the caller's business.
 */
export async function post(url, document, headers) {
  const request = { method: 'POST', headers: { 'content-type': 'application/json', ...headers } };
  return ask(url, { ...request, body: JSON.stringify(document) });
}

/** Like `post`, for a partner who is only asked. */
export async function get(url) {
  return ask(url, { method: 'GET' });
}

async function ask(url, request) {
  let failure;
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    if (attempt > 0) await pause(PAUSE_MS * 2 ** attempt * (0.5 + Math.random()));
    try {
      const response = await fetch(url, { ...request, signal: AbortSignal.timeout(WAIT_MS) });
      const text = await response.text();
      if (response.status < 500 && response.status !== 429) {
        return { status: response.status, body: text === '' ? {} : JSON.parse(text) };
      }
      failure = new PartnerError(`${new URL(url).pathname} answered ${response.status}`);
    } catch (error) {
      failure = new PartnerError(`${new URL(url).pathname} did not answer`, { cause: error });
    }
  }
  throw failure;
}

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
