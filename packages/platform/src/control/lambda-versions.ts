import { randomUUID } from 'node:crypto';
import { aliasDocument, configurationDocument } from './describe.ts';
import type { Alias, LambdaFunction } from './functions.ts';
import { type JsonObject, optionalObject, optionalText, page, text } from './input.ts';
import { absent, invalid, LambdaError } from './lambda-error.ts';
import { checkRevision } from './lambda-functions.ts';
import { type Call, named, type Operation, type Result } from './operation.ts';

const ALIAS = /^(?!\d+$)[A-Za-z0-9_-]{1,128}$/;
const VERSION = /^(\$LATEST|\d{1,18})$/;
const DESCRIPTION = /^[\s\S]{0,256}$/;
/** Aliases of one function. */
const ALIASES_MAX = 1_000;

/** Operations on versions and aliases. */
export const VERSION_OPERATIONS: readonly Operation[] = [
  {
    name: 'PublishVersion',
    route: 'POST /2015-03-31/functions/{FunctionName}/versions',
    status: 201,
    suffix: '20150331',
    readOnly: false,
    run: publishVersion,
  },
  {
    name: 'ListVersionsByFunction',
    route: 'GET /2015-03-31/functions/{FunctionName}/versions',
    status: 200,
    suffix: '20150331',
    readOnly: true,
    run(call) {
      const fn = call.site.table.find(named(call));
      const all = [fn.latest, ...fn.versions.values()];
      const { items, marker } = page(all, call.input.query, ({ revision }) => revision.version);
      const documents = items.map((one) => configurationDocument(one, one.revision.version));
      return { body: { Versions: documents, ...(marker === undefined ? {} : { NextMarker: marker }) } };
    },
  },
  {
    name: 'CreateAlias',
    route: 'POST /2015-03-31/functions/{FunctionName}/aliases',
    status: 201,
    suffix: '20150331',
    readOnly: false,
    run: createAlias,
  },
  {
    name: 'GetAlias',
    route: 'GET /2015-03-31/functions/{FunctionName}/aliases/{Name}',
    status: 200,
    suffix: '20150331',
    readOnly: true,
    run(call) {
      const fn = call.site.table.find(named(call));
      return { body: aliasDocument(fn, aliasOf(fn, call)) };
    },
  },
  {
    name: 'UpdateAlias',
    route: 'PUT /2015-03-31/functions/{FunctionName}/aliases/{Name}',
    status: 200,
    suffix: '20150331',
    readOnly: false,
    run: updateAlias,
  },
  {
    name: 'DeleteAlias',
    route: 'DELETE /2015-03-31/functions/{FunctionName}/aliases/{Name}',
    status: 204,
    suffix: '20150331',
    readOnly: false,
    run(call) {
      call.site.table.find(named(call)).aliases.delete(call.input.path['Name'] ?? '');
      return {};
    },
  },
  {
    name: 'ListAliases',
    route: 'GET /2015-03-31/functions/{FunctionName}/aliases',
    status: 200,
    suffix: '20150331',
    readOnly: true,
    run(call) {
      const fn = call.site.table.find(named(call));
      const version = call.input.query.get('FunctionVersion');
      const all = [...fn.aliases.values()].filter((alias) => version === null || alias.version === version);
      const { items, marker } = page(all, call.input.query, (alias) => alias.name);
      const documents = items.map((alias) => aliasDocument(fn, alias));
      return { body: { Aliases: documents, ...(marker === undefined ? {} : { NextMarker: marker }) } };
    },
  },
];

function publishVersion(call: Call): Result {
  const { site, input } = call;
  const fn = site.table.find(named(call));
  const { revision } = fn.latest;
  checkRevision(optionalText(input.body, 'RevisionId'), revision.revisionId);
  const hash = optionalText(input.body, 'CodeSha256');
  if (hash !== undefined && hash !== '' && hash !== revision.codeSha256) {
    throw invalid(`CodeSHA256 (${hash}) is different from current CodeSHA256 in $LATEST (${revision.codeSha256}).`);
  }
  const published = site.table.publish(fn, optionalText(input.body, 'Description', DESCRIPTION));
  return { body: configurationDocument(published, published.revision.version) };
}

function createAlias(call: Call): Result {
  const fn = call.site.table.find(named(call));
  const { body } = call.input;
  const name = text(body, 'Name', ALIAS);
  if (fn.aliases.has(name)) {
    throw new LambdaError('ResourceConflictException', `Alias already exists: ${fn.arn}:${name}`);
  }
  if (fn.aliases.size >= ALIASES_MAX) throw invalid(`The function has ${ALIASES_MAX} aliases already.`);
  const alias = {
    name,
    version: existingVersion(fn, text(body, 'FunctionVersion', VERSION)),
    description: optionalText(body, 'Description', DESCRIPTION) ?? '',
    weights: weightsOf(fn, body) ?? {},
    revisionId: randomUUID(),
  };
  fn.aliases.set(name, alias);
  return { body: aliasDocument(fn, alias) };
}

function updateAlias(call: Call): Result {
  const fn = call.site.table.find(named(call));
  const before = aliasOf(fn, call);
  const { body } = call.input;
  checkRevision(optionalText(body, 'RevisionId'), before.revisionId);
  const version = optionalText(body, 'FunctionVersion', VERSION);
  const alias: Alias = {
    name: before.name,
    version: version === undefined ? before.version : existingVersion(fn, version),
    description: optionalText(body, 'Description', DESCRIPTION) ?? before.description,
    weights: weightsOf(fn, body) ?? before.weights,
    revisionId: randomUUID(),
  };
  fn.aliases.set(alias.name, alias);
  return { body: aliasDocument(fn, alias) };
}

function aliasOf(fn: LambdaFunction, call: Call): Alias {
  const name = call.input.path['Name'] ?? '';
  const alias = fn.aliases.get(name);
  if (alias === undefined) throw absent(`Cannot find alias arn: ${fn.arn}:${name}`);
  return alias;
}

function existingVersion(fn: LambdaFunction, version: string): string {
  if (version !== '$LATEST' && !fn.versions.has(version)) throw absent(`Function not found: ${fn.arn}:${version}`);
  return version;
}

/** Shares of calls for other versions: undefined when the call does not speak of them. */
function weightsOf(fn: LambdaFunction, body: JsonObject): Readonly<Record<string, number>> | undefined {
  const routing = optionalObject(body, 'RoutingConfig');
  if (routing === undefined) return undefined;
  const weights = optionalObject(routing, 'AdditionalVersionWeights') ?? {};
  const checked: Record<string, number> = {};
  for (const [version, weight] of Object.entries(weights)) {
    if (typeof weight !== 'number' || !(weight >= 0 && weight <= 1)) throw invalid('A weight is between 0 and 1.');
    checked[existingVersion(fn, version)] = weight;
  }
  if (Object.keys(checked).length > 1) throw invalid('At most one additional version is allowed.');
  return checked;
}
