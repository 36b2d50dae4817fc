import { FLAG, type NumberField, TRUST } from '@gait/engine/event/schema';
import { envelopeKey } from '../identity.ts';
import { type RecordPlace, setNames, startRow } from '../row.ts';
import { SLOT } from './attribute-names.ts';
import { Attributes } from './attributes.ts';
import type { Texts } from './texts.ts';
import { triggerOf } from './trigger.ts';
import { allowedKey, type Sender, Whose } from './whose.ts';

/** How the values of a metric follow each other, by their number on the wire. */
const TEMPORALITY = ['', 'delta', 'cumulative'] as const;

/** What a metric says about all of its points. One object is reused. */
export class MetricHead {
  name = '';
  unit = '';
  /** `amount`: a sum or gauge. `distribution`: histogram or summary, of which count and sum are read. */
  form: 'amount' | 'distribution' = 'amount';
  /** Number on the wire; -1 for a gauge, which has none. */
  temporality = -1;
}

/** One data point. One object is reused. */
export class Point {
  readonly attributes: Attributes;
  /** ms since 1970, NaN when absent. */
  timeMs = Number.NaN;
  /** Value, or sum of a distribution; NaN when absent. */
  value = Number.NaN;
  /** Count of a distribution; NaN when absent. */
  count = Number.NaN;
  /** The sender marks the point as having no value. */
  isEmpty = false;

  constructor(texts: Texts) {
    this.attributes = new Attributes(texts);
  }

  clear(): void {
    this.attributes.clear();
    this.timeMs = Number.NaN;
    this.value = Number.NaN;
    this.count = Number.NaN;
    this.isEmpty = false;
  }
}

/** What a metric measures: where its values go and what one unit is in that field. */
interface Measure {
  readonly field: NumberField | 'count';
  readonly units: { readonly [unit: string]: number };
  readonly status?: 'error' | 'timeout';
  readonly cold?: true;
}

const EVENTS = { '': 1, '1': 1 };
const MS = { s: 1000, ms: 1 };
const MB = { By: 1 / 1_048_576, MiBy: 1, KiBy: 1 / 1024 };
const BYTES = { By: 1, KiBy: 1024, MiBy: 1_048_576 };

/** Metrics of functions in the semantic conventions. `net_io` is both directions unless a point says which. */
const MEASURES: ReadonlyMap<string, Measure> = new Map<string, Measure>([
  ['faas.invocations', { field: 'count', units: EVENTS }],
  ['faas.errors', { field: 'count', units: EVENTS, status: 'error' }],
  ['faas.timeouts', { field: 'count', units: EVENTS, status: 'timeout' }],
  ['faas.coldstarts', { field: 'count', units: EVENTS, cold: true }],
  ['faas.invoke_duration', { field: 'durationMs', units: MS }],
  ['faas.init_duration', { field: 'initMs', units: MS }],
  ['faas.mem_usage', { field: 'memoryMb', units: MB }],
  ['faas.cpu_usage', { field: 'cpuMs', units: MS }],
  ['faas.net_io', { field: 'bytesOut', units: BYTES }],
]);

/**
 * Turns data points of functions into `metric` rows: one a point, with the raw value (for distributions the sum, and
 * the count as `batchSize`). `shape` says whether values are deltas or cumulative; nothing is differenced here, because
 * decoders keep no state. `action` is the metric's name. Their trust is that of a sensor: they come from inside.
 */
export class MetricMapper {
  readonly metric = new MetricHead();
  readonly point: Point;
  readonly #source: string;
  readonly #whose = new Whose();

  constructor(source: string, texts: Texts) {
    this.#source = source;
    this.point = new Point(texts);
  }

  sender(attributes: Attributes, place: RecordPlace): Sender {
    return this.#whose.sender(attributes, place.context.defaults);
  }

  /** Whether the points of the metric filled in are of use; counts the metric when not. */
  wants(place: RecordPlace): boolean {
    const { name, unit } = this.metric;
    const measure = MEASURES.get(name);
    if (measure === undefined) place.context.sink.note('metric-not-faas');
    else if (scaleOf(measure, unit) === undefined) place.context.sink.note('unit-unknown');
    else return true;
    return false;
  }

  /** Writes the row of the point filled in, or rejects it. */
  add(sender: Sender, place: RecordPlace): void {
    const { metric, point } = this;
    const { sink, defaults } = place.context;
    const measure = MEASURES.get(metric.name);
    const scale = measure === undefined ? undefined : scaleOf(measure, metric.unit);
    if (measure === undefined || scale === undefined) return;
    if (point.isEmpty) {
      sink.note('point-without-value');
      return;
    }
    const shape = metric.temporality < 0 ? '' : TEMPORALITY[metric.temporality];
    if (shape === undefined || (shape === '' && metric.temporality >= 0)) {
      sink.reject('missing-field', 'metric without temporality', place.range.line);
      return;
    }
    const named = this.#whose.named(point.attributes, sender).key;
    const envelope = envelopeKey(defaults);
    if (named === '' && envelope === '') {
      sink.note('metric-without-function');
      return;
    }
    const key = allowedKey(named, envelope);
    if (key === undefined) {
      sink.claimed?.(named);
      sink.reject('identity-mismatch', `metric of ${named}`, place.range.line);
      return;
    }
    const amounts = this.#amounts(measure, scale);
    if (amounts === undefined) {
      sink.reject('out-of-range', 'value of a data point', place.range.line);
      return;
    }
    const rows = startRow(place, { kind: 'metric', source: this.#source, eventMs: point.timeMs });
    rows.trust(TRUST.sensor);
    setNames(place, rows, {
      function: key,
      revision: sender.revision,
      instance: sender.instance,
      account: defaults.account,
      action: metric.name,
      shape,
      triggerKind: triggerOf(point.attributes, sender.place.account).kind,
      status: measure.status ?? '',
    });
    if (measure.cold === true) rows.flag(FLAG.cold);
    rows.number(amounts.field, amounts.amount);
    rows.number('batchSize', amounts.count);
    rows.end();
  }

  /** Where the point's numbers go; undefined when one of them is negative, infinite or absurd, or all are absent. */
  #amounts({ field }: Measure, scale: number) {
    const { metric, point } = this;
    const isDistribution = metric.form === 'distribution';
    const isCount = field === 'count';
    const count = isDistribution ? point.count : isCount ? point.value : Number.NaN;
    const amount = isCount ? Number.NaN : point.value * scale;
    const isReceived = field === 'bytesOut' && point.attributes.text(SLOT.ioDirection) === 'receive';
    const usable = [count, amount].every((value) => Number.isNaN(value) || isAmount(value));
    if (!usable || (Number.isNaN(count) && Number.isNaN(amount))) return undefined;
    const target: NumberField = isCount ? 'batchSize' : isReceived ? 'bytesIn' : field;
    return { field: target, amount: isCount ? count : amount, count };
  }
}

function scaleOf(measure: Measure, unit: string): number | undefined {
  const plain = unit.startsWith('{') ? '' : unit;
  return Object.hasOwn(measure.units, plain) ? measure.units[plain] : undefined;
}

function isAmount(value: number): boolean {
  return value >= 0 && value <= Number.MAX_SAFE_INTEGER;
}
