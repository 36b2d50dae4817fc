import { Engine, type EngineOptions, type StepOutput } from './engine.ts';
import type { Batch } from './event/batch.ts';
import { BatchBuilder } from './event/batch-builder.ts';
import type { Finding } from './event/finding.ts';
import type { Control, Genesis, LogRecord } from './event/record.ts';
import type { FacetKind, NumberField, SymbolField } from './event/schema.ts';

/** One invocation or audited act, as tests write it down. */
export interface Sample {
  readonly kind?: FacetKind;
  readonly atMs: number;
  readonly eventMs?: number;
  readonly fn?: string;
  readonly request?: string;
  readonly event?: string;
  readonly span?: string;
  readonly parent?: string;
  readonly flags?: number;
  readonly numbers?: Partial<Record<NumberField, number>>;
  readonly symbols?: Partial<Record<SymbolField, string>>;
  /** `verb resource destination bytesOut bytesIn`, as far as known, with `#span` at the end where it has one. */
  readonly calls?: readonly string[];
}

/** Genesis of the logs of tests. */
export const GENESIS: Genesis = {
  kind: 'genesis',
  seed: [0x5eed, 0x1234],
  originMs: 1_700_000_000_000,
  tempoMs: 86_400_000,
  schema: 1,
};
/** When the logs of tests begin. */
export const START_MS = GENESIS.originMs;

/** Builds batches of at most `size` rows from samples that are in order of time. For tests of the engine. */
export function batchesOf(samples: readonly Sample[], size: number): Batch[] {
  const builder = new BatchBuilder();
  const batches: Batch[] = [];
  for (const sample of samples) {
    add(builder, sample);
    if (builder.rows >= size) batches.push(stamped(builder.finish()));
  }
  if (builder.rows > 0) batches.push(stamped(builder.finish()));
  return batches;
}

function add(builder: BatchBuilder, sample: Sample): void {
  builder.begin(sample.kind ?? 'sensor', sample.eventMs ?? sample.atMs, `test:${sample.atMs}`);
  builder.symbol('function', sample.fn ?? '');
  builder.id('requestId', sample.request ?? '');
  builder.id('eventId', sample.event ?? '');
  builder.id('spanId', sample.span ?? '');
  builder.id('parentSpanId', sample.parent ?? '');
  builder.flag(sample.flags ?? 0);
  for (const [field, value] of Object.entries(sample.numbers ?? {})) builder.number(field as NumberField, value);
  for (const [field, value] of Object.entries(sample.symbols ?? {})) builder.symbol(field as SymbolField, value);
  for (const call of sample.calls ?? []) {
    const [text, spanId] = call.split('#');
    const [verb, resource = '', destination = '', ...bytes] = text.split(' ');
    const [bytesOut = Number.NaN, bytesIn = Number.NaN] = bytes.map(Number);
    builder.call({ verb, resource, destination, bytesOut, bytesIn, ...(spanId === undefined ? {} : { spanId }) });
  }
  builder.end();
}

/** Receives rows at the times the samples say, which may differ from their event times. */
function stamped(batch: Batch): Batch {
  const { receivedMs, source } = batch.columns;
  for (let row = 0; row < batch.rows; row++) receivedMs[row] = Number(batch.text(source[row]).slice('test:'.length));
  return batch;
}

/** An engine with its genesis taken and everything it said. */
export class Feed {
  readonly engine: Engine;
  readonly findings: Finding[] = [];
  readonly outputs: StepOutput[] = [];

  constructor(options: EngineOptions = {}, engine?: Engine) {
    this.engine = engine ?? new Engine(GENESIS, options);
    if (engine === undefined) this.control(GENESIS, START_MS);
  }

  step(record: LogRecord): StepOutput {
    const output = this.engine.step(record, this.engine.ordinal);
    this.outputs.push(output);
    this.findings.push(...output.findings);
    return output;
  }

  control(control: Control, receivedMs: number): void {
    this.step({ type: 'control', receivedMs, control });
  }

  rows(samples: readonly Sample[], size = 1000): void {
    for (const batch of batchesOf(samples, size)) this.step({ type: 'observation', batch });
  }

  tick(throughMs: number): void {
    this.step({ type: 'tick', throughMs });
  }

  /** Ids of what was told as findings, with the detector. */
  get told(): string[] {
    return this.findings.filter((one) => one.level === 'finding').map((one) => `${one.detector} ${one.entity.key}`);
  }
}

/** `count` plain invocations of one function, `everyMs` apart: the same two calls, a little noise in the duration. */
export function steady(fn: string, fromMs: number, count: number, everyMs = 10_000): Sample[] {
  return Array.from({ length: count }, (_, at) => ({
    atMs: fromMs + at * everyMs,
    fn,
    request: `${fn}-${fromMs}-${at}`,
    numbers: { durationMs: 50 + ((at * 7919) % 23), memoryMb: 80 + ((at * 31) % 5), bytesOut: 1200 + ((at * 17) % 90) },
    symbols: { status: 'ok', triggerKind: 'queue', triggerSource: 'sqs:orders' },
    calls: ['dynamodb:GetItem orders dynamodb/orders', 's3:PutObject invoices s3/invoices'],
  }));
}

/** A call of a function that `steady` never makes. */
export const ODD_CALLS = [
  'dynamodb:GetItem orders dynamodb/orders',
  's3:PutObject invoices s3/invoices',
  'http:POST drop.example/x drop.example',
];
