'use strict';
const { types } = require('node:util');

/** Error that the runtime itself reports; `name` is its error type. */
class RuntimeError extends Error {
  constructor(name, message) {
    super(message);
    this.name = name;
  }
}

function isError(value) {
  return types.isNativeError(value) || value instanceof Error;
}

/** The document a caller gets for whatever was thrown, as Lambda's Node runtime writes it. */
function toDocument(thrown) {
  try {
    if (isError(thrown)) {
      const trace = String(thrown.stack).split('\n');
      return { errorType: String(thrown.name), errorMessage: String(thrown.message), trace };
    }
    return { errorType: typeof thrown, errorMessage: thrown.toString(), trace: [] };
  } catch {
    // Nothing (`throw undefined`), or something that cannot be looked at.
    return {
      errorType: 'handled',
      errorMessage:
        'callback called with Error argument, but there was a problem while retrieving one or more of its message, name, and stack',
      trace: [],
    };
  }
}

/** The same as one line for the log. */
function toLogLine(label, thrown) {
  try {
    const { errorType, errorMessage, trace } = toDocument(thrown);
    const extra = isError(thrown) ? { ...thrown } : {};
    return `${label}\t${JSON.stringify({ errorType, errorMessage, ...extra, stack: trace })}`;
  } catch {
    return `${label}\t${JSON.stringify({ errorType: 'handled', errorMessage: 'The error cannot be written as JSON' })}`;
  }
}

module.exports = { RuntimeError, toDocument, toLogLine };
