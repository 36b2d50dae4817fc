import { mappingDocument } from './describe.ts';
import {
  type JsonObject,
  optionalInteger,
  optionalText,
  optionalTexts,
  optionalTruth,
  page,
  refuseUnsupported,
  text,
} from './input.ts';
import { invalid } from './lambda-error.ts';
import type { Mapping } from './mapping-table.ts';
import { anything, type Call, type Operation, type Result } from './operation.ts';

const QUEUE = /^arn:aws:sqs:[a-z0-9-]+:\d{12}:[\w.-]{1,80}$/;
const STREAM = /^arn:aws:dynamodb:[a-z0-9-]+:\d{12}:table\/[\w.-]{1,255}\/stream\/[\w:.-]{1,64}$/;
/** Records of one batch, as Lambda limits them. */
const BATCH_MAX = 10_000;
const WINDOW_SECONDS_MAX = 300;
const BATCH_OF_QUEUE = 10;
const BATCH_OF_STREAM = 100;

/** What mappings at AWS can do besides. */
const UNSUPPORTED = [
  'FilterCriteria',
  'DestinationConfig',
  'BisectBatchOnFunctionError',
  'MaximumRecordAgeInSeconds',
  'ParallelizationFactor',
  'TumblingWindowInSeconds',
  'ScalingConfig',
  'StartingPositionTimestamp',
];

/** Operations on event source mappings. Sources are queues and streams of tables; others are refused. */
export const MAPPING_OPERATIONS: readonly Operation[] = [
  {
    name: 'CreateEventSourceMapping',
    route: 'POST /2015-03-31/event-source-mappings',
    status: 202,
    suffix: '20150331',
    readOnly: false,
    resource: anything,
    run: createMapping,
  },
  {
    name: 'ListEventSourceMappings',
    route: 'GET /2015-03-31/event-source-mappings',
    status: 200,
    suffix: '20150331',
    readOnly: true,
    resource: anything,
    run: listMappings,
  },
  {
    name: 'GetEventSourceMapping',
    route: 'GET /2015-03-31/event-source-mappings/{UUID}',
    status: 200,
    suffix: '20150331',
    readOnly: true,
    resource: mappingArn,
    run: (call) => shown(call, call.site.mappings.get(uuidOf(call))),
  },
  {
    name: 'UpdateEventSourceMapping',
    route: 'PUT /2015-03-31/event-source-mappings/{UUID}',
    status: 202,
    suffix: '20150331',
    readOnly: false,
    resource: mappingArn,
    run: updateMapping,
  },
  {
    name: 'DeleteEventSourceMapping',
    route: 'DELETE /2015-03-31/event-source-mappings/{UUID}',
    status: 202,
    suffix: '20150331',
    readOnly: false,
    resource: mappingArn,
    run: (call) => shown(call, call.site.mappings.delete(uuidOf(call)), 'Deleting'),
  },
];

function createMapping(call: Call): Result {
  const { body } = call.input;
  const sourceArn = text(body, 'EventSourceArn');
  const isQueue = QUEUE.test(sourceArn);
  if (!isQueue && !STREAM.test(sourceArn))
    throw invalid('Unrecognized event source: a queue or the stream of a table.');
  if (!call.site.hasSource(sourceArn)) throw invalid(`There is no event source ${sourceArn}.`);
  const { fn, qualifier } = call.site.table.resolve(text(body, 'FunctionName'));
  const mapping = call.site.mappings.create({
    sourceArn,
    functionName: fn.name,
    qualifier,
    enabled: optionalTruth(body, 'Enabled') ?? true,
    startingPosition: isQueue ? undefined : positionOf(text(body, 'StartingPosition')),
    batchSize: isQueue ? BATCH_OF_QUEUE : BATCH_OF_STREAM,
    windowMs: 0,
    retriesMax: -1,
    reportsFailures: false,
    ...deliveryOf(body),
  });
  return shown(call, mapping);
}

function updateMapping(call: Call): Result {
  const { body } = call.input;
  const reference = optionalText(body, 'FunctionName');
  const target = reference === undefined ? undefined : call.site.table.resolve(reference);
  const enabled = optionalTruth(body, 'Enabled');
  const mapping = call.site.mappings.update(uuidOf(call), {
    ...(target === undefined ? {} : { functionName: target.fn.name, qualifier: target.qualifier }),
    ...(enabled === undefined ? {} : { enabled }),
    ...deliveryOf(body),
  });
  return shown(call, mapping);
}

function listMappings(call: Call): Result {
  const { query } = call.input;
  const source = query.get('EventSourceArn');
  const reference = query.get('FunctionName');
  const name = reference === null ? undefined : call.site.table.reference(reference).name;
  const all = call.site.mappings
    .all()
    .filter((one) => (source ?? one.sourceArn) === one.sourceArn && (name ?? one.functionName) === one.functionName);
  const { items, marker } = page(all, query, ({ uuid }) => uuid);
  const documents = items.map((one) => mappingDocument(one, call.site.table.arnOf(one.functionName)));
  return { body: { EventSourceMappings: documents, ...(marker === undefined ? {} : { NextMarker: marker }) } };
}

/** How records are delivered, as far as the call says. */
function deliveryOf(
  body: JsonObject,
): Partial<Pick<Mapping, 'batchSize' | 'windowMs' | 'retriesMax' | 'reportsFailures'>> {
  refuseUnsupported(body, UNSUPPORTED);
  const batchSize = optionalInteger(body, 'BatchSize', { min: 1, max: BATCH_MAX });
  const seconds = optionalInteger(body, 'MaximumBatchingWindowInSeconds', { min: 0, max: WINDOW_SECONDS_MAX });
  const retriesMax = optionalInteger(body, 'MaximumRetryAttempts', { min: -1, max: 10_000 });
  const types = optionalTexts(body, 'FunctionResponseTypes');
  return {
    ...(batchSize === undefined ? {} : { batchSize }),
    ...(seconds === undefined ? {} : { windowMs: seconds * 1000 }),
    ...(retriesMax === undefined ? {} : { retriesMax }),
    ...(types === undefined ? {} : { reportsFailures: types.includes('ReportBatchItemFailures') }),
  };
}

function positionOf(value: string): 'TRIM_HORIZON' | 'LATEST' {
  if (value === 'TRIM_HORIZON' || value === 'LATEST') return value;
  throw invalid("Value at 'startingPosition' is TRIM_HORIZON or LATEST here.");
}

function shown(call: Call, mapping: Mapping, state?: string): Result {
  const document = mappingDocument(mapping, call.site.table.arnOf(mapping.functionName));
  return { body: state === undefined ? document : { ...document, State: state } };
}

function uuidOf(call: Call): string {
  return call.input.path['UUID'] ?? '';
}

function mappingArn(call: Call): string {
  const { region, accountId } = call.site.table;
  return `arn:aws:lambda:${region}:${accountId}:event-source-mapping:${uuidOf(call)}`;
}
