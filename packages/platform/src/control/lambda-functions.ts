import type { FunctionRevision } from '../contract.ts';
import { configurationDocument, RUNTIME } from './describe.ts';
import { settingsOf } from './function-settings.ts';
import type { Configuration, LambdaFunction } from './functions.ts';
import { optionalObject, optionalText, optionalTextMap, optionalTruth, page, text } from './input.ts';
import { invalid, LambdaError } from './lambda-error.ts';
import { setTags } from './lambda-tags.ts';
import { anything, type Call, named, type Operation, qualifierOf, type Result } from './operation.ts';

/** Packages that are sent with the call, as Lambda limits them. */
const ZIP_BYTES_MAX = 52_428_800;

/** Operations that make, show, change and delete functions. */
export const FUNCTION_OPERATIONS: readonly Operation[] = [
  {
    name: 'CreateFunction',
    route: 'POST /2015-03-31/functions',
    status: 201,
    suffix: '20150331',
    readOnly: false,
    resource: ({ input, site }) => site.table.arnOf(site.table.reference(text(input.body, 'FunctionName')).name),
    run: createFunction,
  },
  {
    name: 'ListFunctions',
    route: 'GET /2015-03-31/functions',
    status: 200,
    suffix: '20150331',
    readOnly: true,
    resource: anything,
    run: listFunctions,
  },
  {
    name: 'GetFunction',
    route: 'GET /2015-03-31/functions/{FunctionName}',
    status: 200,
    suffix: '20150331v2',
    readOnly: true,
    run: getFunction,
  },
  {
    name: 'GetFunctionConfiguration',
    route: 'GET /2015-03-31/functions/{FunctionName}/configuration',
    status: 200,
    suffix: '20150331v2',
    readOnly: true,
    run(call) {
      const { configuration, qualifier } = call.site.table.resolve(named(call), qualifierOf(call));
      return { body: configurationDocument(configuration, qualifier) };
    },
  },
  {
    name: 'UpdateFunctionCode',
    route: 'PUT /2015-03-31/functions/{FunctionName}/code',
    status: 200,
    suffix: '20150331v2',
    readOnly: false,
    run: updateCode,
  },
  {
    name: 'UpdateFunctionConfiguration',
    route: 'PUT /2015-03-31/functions/{FunctionName}/configuration',
    status: 200,
    suffix: '20150331v2',
    readOnly: false,
    run: updateConfiguration,
  },
  {
    name: 'DeleteFunction',
    route: 'DELETE /2015-03-31/functions/{FunctionName}',
    status: 204,
    suffix: '20150331',
    readOnly: false,
    run: deleteFunction,
  },
];

/** Fails with 412 when a call was made for another revision than the one there is. */
export function checkRevision(given: string | undefined, actual: string): void {
  if (given === undefined || given === actual) return;
  const message =
    'The RevisionId provided does not match the latest RevisionId. Call the GetFunction/GetAlias API to retrieve the latest RevisionId';
  throw new LambdaError('PreconditionFailedException', message);
}

async function createFunction(call: Call): Promise<Result> {
  const { site, input } = call;
  const { body } = input;
  const { name } = site.table.reference(text(body, 'FunctionName'));
  text(body, 'Role');
  const { layers = [], runtime = RUNTIME, description = '', deadLetterArn, ...settings } = settingsOf(call);
  const code = optionalObject(body, 'Code') ?? {};
  const tags = optionalTextMap(body, 'Tags') ?? {};
  const zip = zipOf(code) ?? missingCode();
  const fn = site.table.create({
    name,
    code: await site.codes.fromZip(zip),
    runtime,
    description,
    layers,
    settings: { ...DEFAULTS, ...settings, handler: text(body, 'Handler'), roleArn: text(body, 'Role') },
    ...(deadLetterArn === undefined ? {} : { deadLetterArn }),
  });
  setTags(fn.tags, tags);
  const shown = optionalTruth(body, 'Publish') === true ? site.table.publish(fn) : fn.latest;
  return { body: configurationDocument(shown, versionShown(shown)) };
}

const DEFAULTS: Pick<FunctionRevision, 'timeoutMs' | 'memorySizeMb' | 'tmpSizeMb' | 'environment'> = {
  timeoutMs: 3_000,
  memorySizeMb: 128,
  tmpSizeMb: 512,
  environment: {},
};

function listFunctions({ site, input }: Call): Result {
  const isAll = input.query.get('FunctionVersion') === 'ALL';
  const listed = site.table.all().flatMap((fn) => (isAll ? [fn.latest, ...fn.versions.values()] : [fn.latest]));
  const { items, marker } = page(listed, input.query, ({ revision }) => `${revision.name}:${revision.version}`);
  const documents = items.map((one) => configurationDocument(one, isAll ? one.revision.version : undefined));
  return { body: { Functions: documents, ...(marker === undefined ? {} : { NextMarker: marker }) } };
}

function getFunction(call: Call): Result {
  const { site } = call;
  const { fn, configuration, qualifier } = site.table.resolve(named(call), qualifierOf(call));
  const link = site.codes.link(configuration.revision.codeSha256);
  return {
    body: {
      Configuration: configurationDocument(configuration, qualifier),
      Code: { RepositoryType: 'S3', Location: `${site.endpointUrl()}${link}` },
      ...(fn.tags.size === 0 ? {} : { Tags: Object.fromEntries(fn.tags) }),
      ...(fn.concurrency === undefined ? {} : { Concurrency: { ReservedConcurrentExecutions: fn.concurrency } }),
    },
  };
}

async function updateCode(call: Call): Promise<Result> {
  const { site, input } = call;
  const fn = site.table.find(named(call));
  const wanted = optionalText(input.body, 'RevisionId');
  checkRevision(wanted, fn.latest.revision.revisionId);
  const zip = zipOf(input.body) ?? missingCode();
  if (optionalTruth(input.body, 'DryRun') === true) {
    const codeSha256 = await site.codes.check(zip);
    const revision = { ...fn.latest.revision, codeSha256 };
    return { body: configurationDocument({ ...fn.latest, revision, codeBytes: zip.length }) };
  }
  const code = await site.codes.fromZip(zip);
  checkRevision(wanted, fn.latest.revision.revisionId);
  const changed = site.table.change(fn, {
    codeFolder: code.folder,
    codeSha256: code.sha256,
    codeBytes: code.bytes,
  });
  site.invocations.recycle(fn.name);
  const shown = optionalTruth(input.body, 'Publish') === true ? site.table.publish(fn) : changed;
  return { body: configurationDocument(shown, versionShown(shown)) };
}

function updateConfiguration(call: Call): Result {
  const { site, input } = call;
  const fn = site.table.find(named(call));
  checkRevision(optionalText(input.body, 'RevisionId'), fn.latest.revision.revisionId);
  const changed = site.table.change(fn, settingsOf(call));
  site.invocations.recycle(fn.name);
  return { body: configurationDocument(changed) };
}

function deleteFunction(call: Call): Result {
  const { site } = call;
  const { fn, qualifier } = site.table.resolve(named(call), qualifierOf(call));
  if (qualifier === undefined) {
    site.table.delete(fn);
    site.host.setConcurrency(fn.name, undefined);
  } else deleteVersion(fn, qualifier);
  site.invocations.recycle(fn.name);
  return {};
}

function deleteVersion(fn: LambdaFunction, version: string): void {
  const user = [...fn.aliases.values()].find((alias) => alias.version === version || version in alias.weights);
  if (user !== undefined) {
    throw new LambdaError('ResourceConflictException', `The version is used by the alias ${user.name}`);
  }
  if (!fn.versions.delete(version)) throw invalid('$LATEST and aliases cannot be deleted as a version.');
}

/** ARNs of published versions end with their number. */
function versionShown({ revision }: Configuration): string | undefined {
  return revision.version === '$LATEST' ? undefined : revision.version;
}

function zipOf(holder: Readonly<Record<string, unknown>>): Buffer | undefined {
  const encoded = optionalText(holder, 'ZipFile');
  if (encoded === undefined) return undefined;
  const zip = Buffer.from(encoded, 'base64');
  if (zip.length > ZIP_BYTES_MAX) throw new LambdaError('RequestTooLargeException', 'The package is too large.');
  return zip;
}

function missingCode(): never {
  throw invalid('Please provide a ZipFile: packages in buckets and images are not supported here.');
}
