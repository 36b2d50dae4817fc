import type { RecordPlace } from '../row.ts';
import { ATTRIBUTES_READ_MAX } from './limits.ts';
import type { MetricMapper } from './metrics.ts';
import { momentOfWords } from './nanos.ts';
import type { ProtobufAttributes } from './protobuf-attributes.ts';
import type { Texts } from './texts.ts';
import type { Sender } from './whose.ts';
import { WIRE, WireScanner } from './wire-scanner.ts';

/** Fields of `Metric` (opentelemetry/proto/metrics/v1). */
const NAME = 1;
const UNIT = 3;
const POINTS = 1;
const TEMPORALITY = 2;
/** Fields that all data points share. */
const TIME = 3;
const COUNT = 4;
const SUM = 5;
/** Fields of a plain point's value. */
const AS_DOUBLE = 4;
const AS_INT = 6;
const NO_RECORDED_VALUE = 1;
const CUMULATIVE = 2;

/** How the points of one kind of metric are laid out. */
interface Layout {
  readonly form: 'amount' | 'distribution';
  readonly attributes: number;
  readonly flags: number;
  /** Temporality where the message has none: -1 for gauges; summaries count from the start. */
  readonly temporality: number;
}

/** By the field of `Metric` that holds the points: gauge, sum, histogram, exponential histogram, summary. */
const LAYOUTS: ReadonlyMap<number, Layout> = new Map<number, Layout>([
  [5, { form: 'amount', attributes: 7, flags: 8, temporality: -1 }],
  [7, { form: 'amount', attributes: 7, flags: 8, temporality: 0 }],
  [9, { form: 'distribution', attributes: 9, flags: 10, temporality: 0 }],
  [10, { form: 'distribution', attributes: 1, flags: 10, temporality: 0 }],
  [11, { form: 'distribution', attributes: 7, flags: 8, temporality: CUMULATIVE }],
]);

/** Reads `Metric` messages into a mapper, point by point. */
export class ProtobufMetrics {
  readonly #reader: ProtobufAttributes;
  readonly #texts: Texts;
  readonly #mapper: MetricMapper;
  readonly #metric = new WireScanner();
  readonly #points = new WireScanner();
  readonly #point = new WireScanner();

  constructor(reader: ProtobufAttributes, texts: Texts, mapper: MetricMapper) {
    this.#reader = reader;
    this.#texts = texts;
    this.#mapper = mapper;
  }

  /** Reads the metric in `bytes[start, end)`. */
  read(bytes: Uint8Array, [start, end]: readonly [number, number], { sender, place }: MetricPlace): void {
    const { sink } = place.context;
    const metric = this.#metric.open(bytes, start, end);
    const head = this.#mapper.metric;
    head.name = '';
    head.unit = '';
    let layout: Layout | undefined;
    let from = 0;
    let to = 0;
    while (metric.next()) {
      if (metric.type !== WIRE.bytes) continue;
      if (metric.field === NAME) head.name = this.#texts.at(metric.start, metric.stop);
      else if (metric.field === UNIT) head.unit = this.#texts.at(metric.start, metric.stop);
      else if (LAYOUTS.has(metric.field)) {
        layout = LAYOUTS.get(metric.field);
        from = metric.start;
        to = metric.stop;
      }
    }
    if (metric.failure !== '') {
      sink.reject('bad-protobuf', 'metric', place.range.line);
      return;
    }
    if (layout === undefined || !this.#mapper.wants(place)) return;
    head.form = layout.form;
    head.temporality = layout.temporality;
    this.#temporality(bytes, from, to);
    const points = this.#points.open(bytes, from, to);
    while (points.next()) {
      if (points.field !== POINTS || points.type !== WIRE.bytes) continue;
      if (this.#readPoint(bytes, points, layout)) this.#mapper.add(sender, place);
      else sink.reject('bad-protobuf', 'data point', place.range.line);
    }
    if (points.failure !== '') sink.reject('bad-protobuf', 'metric', place.range.line);
  }

  /** Temporality stands beside the points, usually after them. */
  #temporality(bytes: Uint8Array, from: number, to: number): void {
    const head = this.#mapper.metric;
    if (head.temporality !== 0) return;
    const scanner = this.#points.open(bytes, from, to);
    while (scanner.next()) {
      if (scanner.field === TEMPORALITY && scanner.type === WIRE.varint) head.temporality = scanner.value;
    }
  }

  #readPoint(bytes: Uint8Array, points: WireScanner, layout: Layout): boolean {
    const { point } = this.#mapper;
    const scanner = this.#point.open(bytes, points.start, points.stop);
    const isDistribution = layout.form === 'distribution';
    let attributes = 0;
    point.clear();
    while (scanner.next()) {
      const { field, type } = scanner;
      if (type === WIRE.bytes && field === layout.attributes) {
        if (++attributes > ATTRIBUTES_READ_MAX) continue;
        if (!this.#reader.read(scanner.start, scanner.stop, point.attributes)) return false;
      } else if (type === WIRE.varint && field === layout.flags) {
        point.isEmpty = (scanner.value & NO_RECORDED_VALUE) !== 0;
      } else if (type !== WIRE.fixed64) continue;
      else if (field === TIME) point.timeMs = momentOfWords(scanner.high, scanner.low);
      else if (isDistribution && field === COUNT) point.count = scanner.unsigned();
      else if (isDistribution && field === SUM) point.value = scanner.double();
      else if (!isDistribution && field === AS_DOUBLE) point.value = scanner.double();
      else if (!isDistribution && field === AS_INT) point.value = scanner.signed();
    }
    return scanner.failure === '';
  }
}

/** Whose metric it is, and where it stands. */
export interface MetricPlace {
  readonly sender: Sender;
  readonly place: RecordPlace;
}
