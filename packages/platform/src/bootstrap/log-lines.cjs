'use strict';
const { format } = require('node:util');

/** Request id that lines are written under. */
const current = { requestId: undefined };

/**
 * Makes `console` write lines as Lambda does: time, request, level and text, separated by tabs. Line ends inside become carriage
 * returns, so that a call is one line of the log.
 */
function patchConsole() {
  // Lines must be with the host before the answer is: between invocations nothing is written.
  for (const stream of [process.stdout, process.stderr]) stream._handle?.setBlocking?.(true);
  const write = (level, args) => {
    const text = format(...args).replace(/\n/g, '\r');
    process.stdout.write(`${new Date().toISOString()}\t${current.requestId ?? 'undefined'}\t${level}\t${text}\n`);
  };
  const levels = {
    log: 'INFO',
    info: 'INFO',
    debug: 'DEBUG',
    warn: 'WARN',
    error: 'ERROR',
    trace: 'TRACE',
    fatal: 'FATAL',
  };
  for (const [method, level] of Object.entries(levels)) console[method] = (...args) => write(level, args);
}

module.exports = { current, patchConsole };
