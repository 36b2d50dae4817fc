import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Chart, svgOf } from './charts.ts';

const LINE: Chart = {
  title: 'a < b & "c"',
  x: { label: 'minutes' },
  y: { label: 'ms' },
  series: [{ name: 'duration', style: 'line', points: [1, 2, Number.NaN, 4].map((y, x) => ({ x, y })) }],
  bands: [{ name: 'normal', low: [{ x: 0, y: 0 }], high: [{ x: 0, y: 3 }] }],
  marks: [{ x: 3, y: 4, text: 'finding' }],
  spans: [{ from: 1, to: 2 }],
};

describe('charts', () => {
  it('are well-formed: texts are escaped and no number is missing', () => {
    const svg = svgOf(LINE);
    assert.match(svg, /<title>a &lt; b &amp; &quot;c&quot;<\/title>/);
    assert.doesNotMatch(svg, /NaN|undefined|Infinity/);
  });

  it('leave a gap where a value is missing', () => {
    const way = /<path d="(M[^"]+)" fill="none"/.exec(svgOf(LINE))?.[1] ?? '';
    assert.equal(way.match(/M/g)?.length, 2);
  });

  it('keep the peak of a long series', () => {
    const points = Array.from({ length: 50_000 }, (_, x) => ({ x, y: x === 31_337 ? 100 : 1 }));
    const chart = { ...LINE, bands: [], marks: [], series: [{ name: '', style: 'line' as const, points }] };
    const svg = svgOf(chart);
    assert.ok(svg.length < 200_000);
    // The peak alone reaches the top of the drawing.
    assert.match(svg, /L[\d.]+ 52L/);
  });

  it('draw logarithms of positive values alone, and something where there is nothing', () => {
    const log = { label: 'share', log: true };
    const points = [0, 1e-4, 1e-2, 1].map((x) => ({ x, y: x }));
    const svg = svgOf({ title: 't', x: log, y: log, diagonal: true, series: [{ name: 's', style: 'dots', points }] });
    assert.doesNotMatch(svg, /NaN|Infinity/);
    assert.doesNotMatch(svgOf({ title: 't', x: log, y: log, series: [] }), /NaN|Infinity/);
  });

  it('draw one bar a category and series', () => {
    const points = [3, 1].map((y, x) => ({ x, y }));
    const series = ['one', 'two'].map((name) => ({ name, style: 'line' as const, points }));
    const svg = svgOf({ title: 't', x: { label: '' }, y: { label: '' }, categories: ['a', 'b'], series });
    // Two of the rectangles are the key, one is the ground.
    assert.equal(svg.match(/<rect/g)?.length, 7);
  });
});
