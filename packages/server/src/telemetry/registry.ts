import { assert } from '@gait/engine/base/assert';

/** Values of one metric on the page. Labels come from closed lists, so that more are a mistake: they are counted. */
const SAMPLES_MAX = 2_000;
const NAME = /^gait_[a-z0-9]+(_[a-z0-9]+)+$/;
const LABEL = /^[a-z][a-z_]*$/;

/** What a metric is. */
export interface MetricDefinition {
  /** `gait_<part>_<noun>_<unit>_total`; `_total` for counters alone. */
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  /** What it says, in one line. */
  readonly help: string;
  /** Names of its labels. */
  readonly labels?: readonly string[];
}

/** A value with its labels. */
export interface MetricSample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Measurements sorted into buckets. */
export interface Histogram {
  /** Not finite numbers are ignored. */
  observe(value: number): void;
}

/** Text of a sample behind its name, such as `_bucket{le="1"} 3`. */
type Lines = () => Iterable<readonly [ending: string, MetricSample]>;

/**
 * Metrics that are read when the page is asked for, so that counting costs nothing here. Writes the text format 0.0.4 of
 * Prometheus. Metrics are registered once, at the start.
 */
export class Registry {
  readonly #metrics = new Map<string, { readonly definition: MetricDefinition; readonly lines: Lines }>();
  #dropped = 0;

  constructor() {
    const definition = {
      name: 'gait_telemetry_dropped_samples_total',
      type: 'counter',
      help: 'Values that are not on this page: a metric has too many, or a label that is none of its own.',
    } as const;
    this.read(definition, () => [{ value: this.#dropped }]);
  }

  /** Everything registered, in order. */
  get definitions(): readonly MetricDefinition[] {
    return [...this.#metrics.values()].map(({ definition }) => definition);
  }

  /** A counter or gauge whose values are read when the page is made. */
  read(definition: MetricDefinition, read: () => Iterable<MetricSample>): void {
    assert(definition.type !== 'histogram', 'a histogram is observed, not read');
    this.#add(definition, function* () {
      for (const sample of read()) yield ['', sample] as const;
    });
  }

  /** A histogram without labels. `bounds` are upper bounds of its buckets, growing. */
  histogram(definition: MetricDefinition & { readonly type: 'histogram' }, bounds: readonly number[]): Histogram {
    assert(
      bounds.every((bound, at) => Number.isFinite(bound) && (at === 0 || bound > bounds[at - 1])),
      'bounds of buckets grow',
    );
    const counts = new Array<number>(bounds.length).fill(0);
    let [count, sum] = [0, 0];
    this.#add({ ...definition, labels: ['le'] }, function* () {
      let below = 0;
      for (const [at, bound] of bounds.entries()) {
        below += counts[at];
        yield ['_bucket', { labels: { le: numberText(bound) }, value: below }] as const;
      }
      yield ['_bucket', { labels: { le: '+Inf' }, value: count }] as const;
      yield ['_sum', { value: sum }] as const;
      yield ['_count', { value: count }] as const;
    });
    return {
      observe: (value) => {
        if (!Number.isFinite(value)) return;
        const at = bounds.findIndex((bound) => value <= bound);
        if (at >= 0) counts[at]++;
        count++;
        sum += value;
      },
    };
  }

  /** The page. Cost: about a microsecond a value. */
  text(): string {
    let text = '';
    for (const { definition, lines } of this.#metrics.values()) {
      const { name, type, help } = definition;
      text += `# HELP ${name} ${helpText(help)}\n# TYPE ${name} ${type}\n`;
      let left = SAMPLES_MAX;
      for (const [ending, { labels = {}, value }] of lines()) {
        if (left-- > 0 && isKnown(definition, labels))
          text += `${name}${ending}${labelsText(labels)} ${numberText(value)}\n`;
        else this.#dropped++;
      }
    }
    return text;
  }

  #add(definition: MetricDefinition, lines: Lines): void {
    const { name, type, labels = [] } = definition;
    assert(NAME.test(name), 'a metric has a name of ours');
    assert(name.endsWith('_total') === (type === 'counter'), 'counters, and they alone, end in _total');
    assert(
      labels.every((label) => LABEL.test(label)),
      'labels have plain names',
    );
    assert(!this.#metrics.has(name), 'a metric is registered once');
    this.#metrics.set(name, { definition, lines });
  }
}

function isKnown({ labels = [] }: MetricDefinition, given: Readonly<Record<string, string>>): boolean {
  return Object.keys(given).every((label) => labels.includes(label));
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const parts = Object.entries(labels).map(([label, value]) => `${label}="${valueText(value)}"`);
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}

function valueText(value: string): string {
  return value.toWellFormed().replace(/[\\"\n]/g, (one) => (one === '\n' ? '\\n' : `\\${one}`));
}

function helpText(help: string): string {
  return help.replace(/[\\\n]/g, (one) => (one === '\n' ? '\\n' : '\\\\'));
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  return Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : '-Inf';
}
