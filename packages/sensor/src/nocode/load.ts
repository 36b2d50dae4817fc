import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { read } from '../objects.ts';
import { HANDLER_EXTENSIONS } from '../revision.ts';

/** Where the function's code is, and which of its exports is the handler: `folder/file.export`. */
export interface HandlerPlace {
  readonly root: string;
  readonly handler: string;
}

/**
 * Loads a handler as Lambda's own runtime does: ES modules by `import`, CommonJS by `require`, so that errors are those the
 * function would have had without the sensor. Throws what loading throws, and `Runtime.HandlerNotFound`.
 */
export async function loadHandler({ root, handler }: HandlerPlace): Promise<unknown> {
  const slash = handler.lastIndexOf('/') + 1;
  const [, name = '', path = ''] = /^([^.]*)\.(.*)$/.exec(handler.slice(slash)) ?? [];
  if (name === '' || path === '') throw named('Runtime.MalformedHandlerName', `'${handler}' is no file.export`);
  const file = fileOf(resolve(root, handler.slice(0, slash), name));
  const module: unknown = isModule(file) ? await import(pathToFileURL(file).href) : createRequire(file)(file);
  const found = exported(module, path.split('.'));
  if (found === undefined) throw named('Runtime.HandlerNotFound', `${handler} is undefined or not exported`);
  return found;
}

function fileOf(base: string): string {
  for (const extension of HANDLER_EXTENSIONS) {
    const file = base + extension;
    if (existsSync(file) && statSync(file).isFile()) return file;
  }
  const error = named('Error', `Cannot find module '${base}'`);
  return raise(Object.assign(error, { code: 'MODULE_NOT_FOUND' }));
}

function raise(error: Error): never {
  throw error;
}

/** By its extension, else by the `type` of the nearest package.json. */
function isModule(file: string): boolean {
  if (!file.endsWith('.js')) return file.endsWith('.mjs');
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const manifest = join(folder, 'package.json');
    if (existsSync(manifest)) return read(JSON.parse(readFileSync(manifest, 'utf8')), 'type') === 'module';
    if (folder === dirname(folder)) return false;
  }
}

function exported(module: unknown, path: readonly string[]): unknown {
  let at = module;
  for (const key of path) {
    if ((typeof at !== 'object' && typeof at !== 'function') || at === null) return undefined;
    // Not guarded: a getter that throws does so without the sensor too.
    at = Reflect.get(at, key);
  }
  return at;
}

function named(name: string, message: string): Error {
  const error = new Error(message);
  error.name = name;
  return error;
}
