import type { Layer } from './functions.ts';
import { optionalObject, optionalText, page, text } from './input.ts';
import { absent, invalid } from './lambda-error.ts';
import type { Call, Operation, Result } from './operation.ts';

/** Versions of all layers together. */
const LAYERS_MAX = 1_000;
const NAME = /^[A-Za-z0-9_-]{1,140}$/;

/** Operations on layers. Versions are never deleted: functions may run with them. */
export const LAYER_OPERATIONS: readonly Operation[] = [
  {
    name: 'PublishLayerVersion',
    route: 'POST /2018-10-31/layers/{LayerName}/versions',
    status: 201,
    suffix: '20181031',
    readOnly: false,
    resource: layerArn,
    run: publishLayer,
  },
  {
    name: 'GetLayerVersion',
    route: 'GET /2018-10-31/layers/{LayerName}/versions/{VersionNumber}',
    status: 200,
    suffix: '20181031',
    readOnly: true,
    resource: (call) => `${layerArn(call)}:${call.input.path['VersionNumber'] ?? ''}`,
    run(call) {
      const arn = `${layerArn(call)}:${call.input.path['VersionNumber'] ?? ''}`;
      const layer = call.site.layers.get(arn) ?? unknownLayer();
      return { body: layerDocument(call, layer) };
    },
  },
  {
    name: 'ListLayerVersions',
    route: 'GET /2018-10-31/layers/{LayerName}/versions',
    status: 200,
    suffix: '20181031',
    readOnly: true,
    resource: layerArn,
    run(call) {
      const all = versionsOf(call).toReversed();
      const { items, marker } = page(all, call.input.query, ({ arn }) => arn);
      const documents = items.map(({ arn }) => ({ LayerVersionArn: arn, Version: versionOf(arn) }));
      return { body: { LayerVersions: documents, ...(marker === undefined ? {} : { NextMarker: marker }) } };
    },
  },
];

async function publishLayer(call: Call): Promise<Result> {
  const { site, input } = call;
  const content = optionalObject(input.body, 'Content') ?? {};
  const description = optionalText(input.body, 'Description', /^[\s\S]{0,256}$/) ?? '';
  const zip = Buffer.from(text(content, 'ZipFile'), 'base64');
  if (site.layers.size >= LAYERS_MAX) throw invalid(`There are ${LAYERS_MAX} versions of layers already.`);
  const code = await site.codes.fromZip(zip);
  const last = versionsOf(call).at(-1);
  const version = last === undefined ? 1 : versionOf(last.arn) + 1;
  const layer: Layer = { arn: `${layerArn(call)}:${version}`, folder: code.folder, code, description };
  site.layers.set(layer.arn, layer);
  return { body: layerDocument(call, layer) };
}

/** Oldest first. */
function versionsOf(call: Call): Layer[] {
  const prefix = `${layerArn(call)}:`;
  return [...call.site.layers.values()].filter(({ arn }) => arn.startsWith(prefix));
}

function layerDocument({ site }: Call, layer: Layer): Readonly<Record<string, unknown>> {
  const { code } = layer;
  return {
    LayerArn: layer.arn.slice(0, layer.arn.lastIndexOf(':')),
    LayerVersionArn: layer.arn,
    Version: versionOf(layer.arn),
    Description: layer.description ?? '',
    ...(code === undefined
      ? {}
      : {
          Content: {
            CodeSha256: code.sha256,
            CodeSize: code.bytes,
            Location: `${site.endpointUrl()}${site.codes.link(code.sha256)}`,
          },
        }),
  };
}

function layerArn(call: Call): string {
  const { region, accountId } = call.site.table;
  const prefix = `arn:aws:lambda:${region}:${accountId}:layer:`;
  const given = call.input.path['LayerName'] ?? '';
  const name = given.startsWith(prefix) ? given.slice(prefix.length) : given;
  if (!NAME.test(name)) throw invalid('The layer name is not valid.');
  return `${prefix}${name}`;
}

function versionOf(arn: string): number {
  return Number(arn.slice(arn.lastIndexOf(':') + 1));
}

function unknownLayer(): never {
  throw absent('The resource you requested does not exist.');
}
