import { isObject, own, ownArray, ownText } from '../json-document.ts';
import { doubleOf, integerOf, readAttributes } from './json-attributes.ts';
import type { MetricMapper } from './metrics.ts';
import { momentOf } from './nanos.ts';
import type { MetricPlace } from './protobuf-metrics.ts';

const NO_RECORDED_VALUE = 1;
const CUMULATIVE = 2;
/** By the key that holds the points: their form, and the temporality where the object has none. */
const FORMS = {
  gauge: { form: 'amount', temporality: -1 },
  sum: { form: 'amount', temporality: 0 },
  histogram: { form: 'distribution', temporality: 0 },
  exponentialHistogram: { form: 'distribution', temporality: 0 },
  summary: { form: 'distribution', temporality: CUMULATIVE },
} as const;
const FORM_KEYS = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'] as const;

/** Reads a metric of a parsed document into a mapper, point by point. */
export function readMetric(metric: unknown, mapper: MetricMapper, { sender, place }: MetricPlace): void {
  const { sink } = place.context;
  const key = FORM_KEYS.findLast((form) => isObject(own(metric, form)));
  mapper.metric.name = ownText(metric, 'name');
  mapper.metric.unit = ownText(metric, 'unit');
  if (!isObject(metric)) {
    sink.reject('wrong-type', 'metric is not an object', place.range.line);
    return;
  }
  if (key === undefined || !mapper.wants(place)) return;
  const holder = own(metric, key);
  const temporality = own(holder, 'aggregationTemporality');
  mapper.metric.form = FORMS[key].form;
  mapper.metric.temporality = FORMS[key].temporality;
  if (FORMS[key].temporality === 0 && typeof temporality === 'number') mapper.metric.temporality = temporality;
  for (const each of ownArray(holder, 'dataPoints')) {
    readPoint(each, mapper);
    mapper.add(sender, place);
  }
}

function readPoint(value: unknown, { metric, point }: MetricMapper): void {
  point.clear();
  readAttributes(own(value, 'attributes'), point.attributes);
  point.timeMs = momentOf(own(value, 'timeUnixNano'));
  const flags = own(value, 'flags');
  point.isEmpty = typeof flags === 'number' && (flags & NO_RECORDED_VALUE) !== 0;
  if (metric.form === 'distribution') {
    point.count = integerOf(own(value, 'count'));
    point.value = doubleOf(own(value, 'sum'));
    return;
  }
  const double = own(value, 'asDouble');
  point.value = double === undefined ? integerOf(own(value, 'asInt')) : doubleOf(double);
}
