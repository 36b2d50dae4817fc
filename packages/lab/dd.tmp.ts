import { readDaily } from './src/evaluation/drift/series.ts';
const { days } = readDaily('/work/shared/data/lambda-perf-daily');
const by = Map.groupBy(days, (d) => d.function);
// day-noise of duration: log2 residual vs running median of 28
const res: number[] = []; const ratios: number[] = [];
let shown = 0;
for (const [name, own] of by) {
  if (own.length < 200) continue;
  const y = own.map((d) => Math.log2(d.durationMs));
  if (shown++ % 60 === 0) console.log(name, own.slice(100, 160).map((d) => d.durationMs).join(' '));
  for (let i = 28; i < y.length; i++) { const w = y.slice(i - 28, i).sort((a, b) => a - b); const med = (w[13] + w[14]) / 2; const mad = w.map((v) => Math.abs(v - med)).sort((a, b) => a - b)[14] * 1.4826 + 0.01; res.push((y[i] - med)); ratios.push((y[i] - med) / mad); }
}
const q = (a: number[], p: number) => a.sort((x, y) => x - y)[Math.floor(p * a.length)].toFixed(2);
for (const p of [0.5, 0.9, 0.99, 0.995, 0.999, 0.9999]) console.log(p, q(res, p), q(ratios, p));
