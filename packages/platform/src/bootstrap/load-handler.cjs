'use strict';
const { existsSync, readFileSync } = require('node:fs');
const { dirname, join, resolve } = require('node:path');
const { pathToFileURL } = require('node:url');
const { RuntimeError } = require('./errors.cjs');

const EXTENSIONS = ['', '.js', '.mjs', '.cjs'];

/** Loads `folder/file.export.inner` below the task root; CommonJS and ES modules. */
async function loadHandler(taskRoot, name) {
  const match = /^(.*\/)?([^/.]+)\.(.+)$/.exec(name);
  if (match === null || name.includes('..')) {
    throw new RuntimeError('Runtime.MalformedHandlerName', `Bad handler: '${name}' is not file.export`);
  }
  const [, folder = '', file, exported] = match;
  const module = await loadModule(resolve(taskRoot, folder), file);
  let handler = module;
  for (const part of exported.split('.')) handler = handler?.[part];
  // `module.exports = { handler }` is also the default export when a module is imported.
  if (handler === undefined && module.default !== undefined) {
    handler = module.default;
    for (const part of exported.split('.')) handler = handler?.[part];
  }
  if (handler === undefined) {
    throw new RuntimeError('Runtime.HandlerNotFound', `${name} is undefined or not exported`);
  }
  if (typeof handler !== 'function') throw new RuntimeError('Runtime.HandlerNotFound', `${name} is not a function`);
  return handler;
}

async function loadModule(folder, file) {
  const path = EXTENSIONS.map((extension) => join(folder, file + extension)).find(isFile);
  try {
    if (path === undefined) return require(join(folder, file));
    return isModule(path) ? await import(pathToFileURL(path).href) : require(path);
  } catch (error) {
    throw loadError(error);
  }
}

function isFile(path) {
  try {
    return existsSync(path) && require('node:fs').statSync(path).isFile();
  } catch {
    return false;
  }
}

/** `.js` is what the nearest package.json says. */
function isModule(path) {
  if (path.endsWith('.mjs')) return true;
  if (!path.endsWith('.js')) return false;
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (existsSync(manifest)) {
      try {
        return JSON.parse(readFileSync(manifest, 'utf8')).type === 'module';
      } catch {
        return false;
      }
    }
    if (folder === dirname(folder)) return false;
  }
}

function loadError(error) {
  if (error instanceof SyntaxError)
    return renamed('Runtime.UserCodeSyntaxError', `SyntaxError: ${error.message}`, error);
  const code = error?.code;
  if (code === 'MODULE_NOT_FOUND' || code === 'ERR_MODULE_NOT_FOUND') {
    return renamed('Runtime.ImportModuleError', `Error: ${error.message}`, error);
  }
  return error;
}

function renamed(name, message, cause) {
  const error = new RuntimeError(name, message);
  error.stack = `${name}: ${message}\n${String(cause.stack).split('\n').slice(1).join('\n')}`;
  return error;
}

module.exports = { loadHandler };
