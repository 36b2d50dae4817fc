import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type MetricDefinition, Registry } from './registry.ts';

const gauge = (name: string, labels: readonly string[] = []): MetricDefinition => ({
  type: 'gauge',
  name,
  help: 'h',
  labels,
});

/** The page without what every page has. */
function pageOf(registry: Registry): string {
  return registry.text().replace(/^[^\n]*gait_telemetry_dropped_samples_total[^\n]*\n/gm, '');
}

describe('a page of metrics', () => {
  it('has each metric with its help, type and values, read when it is made', () => {
    const registry = new Registry();
    let value = 1;
    registry.read({ type: 'counter', name: 'gait_a_b_total', help: 'how many', labels: ['x', 'y'] }, () => [
      { labels: { x: '1', y: '2' }, value },
      { value: 7 },
    ]);
    const expected = (first: number) =>
      `# HELP gait_a_b_total how many\n# TYPE gait_a_b_total counter\ngait_a_b_total{x="1",y="2"} ${first}\ngait_a_b_total 7\n`;
    assert.equal(pageOf(registry), expected(1));
    value = 2;
    assert.equal(pageOf(registry), expected(2));
  });

  it('escapes what could end a line or a value, and writes numbers that JSON has none for', () => {
    const registry = new Registry();
    registry.read({ type: 'gauge', name: 'gait_a_b', help: 'a\\b\nc', labels: ['x'] }, () => [
      { labels: { x: 'a"b\\c\nd' }, value: Number.NaN },
      { labels: { x: '\ud800' }, value: Number.POSITIVE_INFINITY },
      { value: Number.NEGATIVE_INFINITY },
      { value: 1e21 },
    ]);
    assert.equal(
      pageOf(registry),
      '# HELP gait_a_b a\\\\b\\nc\n# TYPE gait_a_b gauge\ngait_a_b{x="a\\"b\\\\c\\nd"} NaN\n' +
        'gait_a_b{x="\ufffd"} +Inf\ngait_a_b -Inf\ngait_a_b 1e+21\n',
    );
  });

  it('stays a page of lines whatever values and labels say', () => {
    const text = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(fc.array(fc.tuple(text, fc.double())), (samples) => {
        const registry = new Registry();
        registry.read(gauge('gait_a_b', ['x']), () => samples.map(([x, value]) => ({ labels: { x }, value })));
        const lines = pageOf(registry).split('\n').slice(2, -1);
        assert.equal(lines.length, samples.length);
        for (const line of lines) assert.match(line, /^gait_a_b\{x="([^"\\\n]|\\["\\n])*"\} \S+$/s);
      }),
    );
  });

  it('leaves out and counts labels that are none of the metric, and values beyond the limit', () => {
    const registry = new Registry();
    registry.read(gauge('gait_a_b', ['x']), () => [{ labels: { y: '1' }, value: 1 }]);
    registry.read(gauge('gait_a_c', ['x']), () =>
      Array.from({ length: 2003 }, (_, at) => ({ labels: { x: String(at) }, value: at })),
    );
    const lines = registry.text().split('\n');
    assert.equal(lines.filter((line) => line.startsWith('gait_a_b')).length, 0);
    assert.equal(lines.filter((line) => line.startsWith('gait_a_c')).length, 2000);
    assert.match(registry.text(), /^gait_telemetry_dropped_samples_total 4$/m);
  });

  it('sorts what a histogram observed into growing buckets', () => {
    const registry = new Registry();
    const histogram = registry.histogram({ type: 'histogram', name: 'gait_a_seconds', help: 'h' }, [0.1, 1]);
    for (const value of [0.05, 0.1, 0.5, 3, Number.NaN, Number.POSITIVE_INFINITY]) histogram.observe(value);
    assert.deepEqual(pageOf(registry).split('\n').slice(2, -1), [
      'gait_a_seconds_bucket{le="0.1"} 2',
      'gait_a_seconds_bucket{le="1"} 3',
      'gait_a_seconds_bucket{le="+Inf"} 4',
      'gait_a_seconds_sum 3.65',
      'gait_a_seconds_count 4',
    ]);
  });

  it('refuses names that would mislead', () => {
    const registry = new Registry();
    registry.read(gauge('gait_a_b'), () => []);
    const refuses = (definition: MetricDefinition) => assert.throws(() => registry.read(definition, () => []));
    refuses(gauge('gait_a_b'));
    refuses(gauge('other_a_b'));
    refuses(gauge('gait_a_total'));
    refuses({ ...gauge('gait_a_c'), type: 'counter' });
    refuses(gauge('gait_a_c', ['X']));
    assert.throws(() => registry.histogram({ type: 'histogram', name: 'gait_h_s', help: '' }, [1, 1]));
  });
});
