/** A point of a chart; NaN leaves a gap in a line. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A line, or points alone, with a name for the key. */
export interface Series {
  readonly name: string;
  readonly points: readonly Point[];
  readonly style: 'line' | 'dots' | 'steps';
}

/** A band between two lines of equal x. */
export interface Band {
  readonly name: string;
  readonly low: readonly Point[];
  readonly high: readonly Point[];
}

/** Something that happened at a place of the x axis. */
export interface Mark {
  readonly x: number;
  readonly y: number;
  readonly text: string;
}

/** A chart of one or more series. */
export interface Chart {
  readonly title: string;
  readonly x: { readonly label: string; readonly log?: boolean };
  readonly y: { readonly label: string; readonly log?: boolean };
  readonly series: readonly Series[];
  readonly bands?: readonly Band[];
  readonly marks?: readonly Mark[];
  /** Spans of the x axis that are shaded: labelled windows, training. */
  readonly spans?: readonly { readonly from: number; readonly to: number }[];
  /** Draws y = x. */
  readonly diagonal?: boolean;
  /** Texts under the x axis instead of numbers: `x` is their index, series are drawn as bars. */
  readonly categories?: readonly string[];
}

const WIDTH = 760;
const HEIGHT = 340;
const LEFT = 64;
const RIGHT = 16;
const TOP = 52;
const BOTTOM = 46;
/** Colours that people with colour blindness tell apart (M. Okabe, K. Ito, 2008). */
const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#555555'] as const;
/** Ticks of an axis, about. */
const TICKS = 6;
/** Points drawn of one series: more cannot be told apart. */
const POINTS_MAX = 4000;

interface Axis {
  readonly at: (value: number) => number;
  readonly ticks: readonly number[];
}

/** A chart as SVG text, readable on white and dark pages. Deterministic. Long series are thinned to their extremes. */
export function svgOf(chart: Chart): string {
  const x = axisOf(chart, 'x');
  const y = axisOf(chart, 'y');
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui,sans-serif" font-size="12" role="img">`,
    `<title>${escaped(chart.title)}</title>`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    `<text x="${LEFT}" y="20" font-size="14" font-weight="600" fill="#222">${escaped(chart.title)}</text>`,
    ...(chart.spans ?? []).map((span) => spanOf(span, x)),
    ...gridOf(chart, x, y),
    ...(chart.bands ?? []).map((band, at) => bandOf(band, { x, y, colour: COLOURS[(at + 5) % COLOURS.length] })),
    chart.diagonal === true ? diagonalOf(chart, x, y) : '',
    ...chart.series.flatMap((series, at) => seriesOf(chart, series, { x, y, at })),
    ...(chart.marks ?? []).map((mark) => markOf(mark, x, y)),
    ...keyOf(chart),
    '</svg>',
  ];
  return `${parts.filter((part) => part !== '').join('\n')}\n`;
}

function axisOf(chart: Chart, which: 'x' | 'y'): Axis {
  const { log = false } = chart[which];
  if (which === 'x' && chart.categories !== undefined) {
    const step = (WIDTH - LEFT - RIGHT) / Math.max(1, chart.categories.length);
    return { at: (value) => LEFT + (value + 0.5) * step, ticks: chart.categories.map((_, at) => at) };
  }
  const values = valuesOf(chart, which).filter((value) => Number.isFinite(value) && (!log || value > 0));
  let low = values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
  let high = values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  if (!Number.isFinite(low)) [low, high] = log ? [1, 10] : [0, 1];
  if (which === 'y' && !log) low = Math.min(low, chart.categories === undefined ? low : 0);
  if (high <= low) high = log ? low * 10 : low + 1;
  const scale = (value: number) => (log ? Math.log(Math.max(value, low)) : value);
  const [from, to] = which === 'x' ? [LEFT, WIDTH - RIGHT] : [HEIGHT - BOTTOM, TOP];
  const at = (value: number) => from + ((scale(value) - scale(low)) / (scale(high) - scale(low))) * (to - from);
  return { at, ticks: log ? decades(low, high) : steps(low, high) };
}

function valuesOf(chart: Chart, which: 'x' | 'y'): number[] {
  const bands = (chart.bands ?? []).flatMap((band) => [...band.low, ...band.high]);
  return [...chart.series.flatMap((one) => one.points), ...bands, ...(chart.marks ?? [])].map((point) => point[which]);
}

function decades(low: number, high: number): number[] {
  const ticks: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++) {
    const tick = Number(`1e${power}`);
    if (tick >= low * 0.999 && tick <= high * 1.001) ticks.push(tick);
  }
  return ticks.length > 1 ? ticks : [low, high];
}

function steps(low: number, high: number): number[] {
  const rough = (high - low) / TICKS;
  const power = Number(`1e${Math.floor(Math.log10(rough))}`);
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough) ?? rough;
  const ticks: number[] = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high + step * 1e-9; tick += step) ticks.push(tick);
  return ticks;
}

function gridOf(chart: Chart, x: Axis, y: Axis): string[] {
  const bottom = HEIGHT - BOTTOM;
  const grid = '#e4e4e4';
  const text = '#555';
  return [
    ...y.ticks.map((tick) => {
      const at = round(y.at(tick));
      return `<path d="M${LEFT} ${at}H${WIDTH - RIGHT}" stroke="${grid}"/><text x="${LEFT - 6}" y="${at + 4}" text-anchor="end" fill="${text}">${label(tick)}</text>`;
    }),
    ...x.ticks.map((tick) => {
      const name = chart.categories?.[tick] ?? label(tick);
      return `<text x="${round(x.at(tick))}" y="${bottom + 16}" text-anchor="middle" fill="${text}">${escaped(name)}</text>`;
    }),
    `<path d="M${LEFT} ${bottom}H${WIDTH - RIGHT}" stroke="#888"/>`,
    `<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 8}" text-anchor="middle" fill="${text}">${escaped(chart.x.label)}</text>`,
    `<text x="14" y="${(TOP + bottom) / 2}" text-anchor="middle" fill="${text}" transform="rotate(-90 14 ${(TOP + bottom) / 2})">${escaped(chart.y.label)}</text>`,
  ];
}

function spanOf(span: { from: number; to: number }, x: Axis): string {
  const from = Math.max(LEFT, x.at(span.from));
  const width = Math.max(1, Math.min(WIDTH - RIGHT, x.at(span.to)) - from);
  return `<rect x="${round(from)}" y="${TOP}" width="${round(width)}" height="${HEIGHT - TOP - BOTTOM}" fill="#f5d76e" fill-opacity=".35"/>`;
}

function bandOf(band: Band, as: { x: Axis; y: Axis; colour: string }): string {
  const place = (point: Point) => `${round(as.x.at(point.x))} ${round(as.y.at(point.y))}`;
  const way = [...thinned(band.high), ...thinned(band.low).toReversed()].map(place);
  return `<path d="M${way.join('L')}Z" fill="${as.colour}" fill-opacity=".25"/>`;
}

function diagonalOf(chart: Chart, x: Axis, y: Axis): string {
  const values = [...valuesOf(chart, 'x'), ...valuesOf(chart, 'y')].filter((value) => value > 0);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return `<path d="M${round(x.at(low))} ${round(y.at(low))}L${round(x.at(high))} ${round(y.at(high))}" stroke="#888" stroke-dasharray="4 4"/>`;
}

function seriesOf(chart: Chart, series: Series, as: { x: Axis; y: Axis; at: number }): string[] {
  const colour = COLOURS[as.at % COLOURS.length];
  if (chart.categories !== undefined) return barsOf(chart, series, { ...as, colour });
  const points = thinned(series.points);
  if (series.style === 'dots') {
    return points
      .filter(({ y }) => Number.isFinite(y))
      .map(({ x, y }) => `<circle cx="${round(as.x.at(x))}" cy="${round(as.y.at(y))}" r="3.5" fill="${colour}"/>`);
  }
  let way = '';
  let before: Point | undefined;
  for (const point of points) {
    if (!Number.isFinite(point.y)) {
      before = undefined;
      continue;
    }
    const [x, y] = [round(as.x.at(point.x)), round(as.y.at(point.y))];
    if (before === undefined) way += `M${x} ${y}`;
    else way += series.style === 'steps' ? `H${x}V${y}` : `L${x} ${y}`;
    before = point;
  }
  return [`<path d="${way}" fill="none" stroke="${colour}" stroke-width="1.5"/>`];
}

function barsOf(chart: Chart, series: Series, as: { x: Axis; y: Axis; at: number; colour: string }): string[] {
  const step = (WIDTH - LEFT - RIGHT) / Math.max(1, chart.categories?.length ?? 1);
  const width = (step * 0.8) / chart.series.length;
  const bottom = HEIGHT - BOTTOM;
  return series.points
    .filter(({ y }) => Number.isFinite(y))
    .map(({ x, y }) => {
      const left = as.x.at(x) - step * 0.4 + as.at * width;
      const top = Math.min(bottom, as.y.at(y));
      return `<rect x="${round(left)}" y="${round(top)}" width="${round(width)}" height="${round(bottom - top)}" fill="${as.colour}"/>`;
    });
}

function markOf(mark: Mark, x: Axis, y: Axis): string {
  const [left, top] = [round(x.at(mark.x)), round(y.at(mark.y))];
  return `<circle cx="${left}" cy="${top}" r="5" fill="none" stroke="#c1121f" stroke-width="2"><title>${escaped(mark.text)}</title></circle>`;
}

function keyOf(chart: Chart): string[] {
  const names = chart.series.map(({ name }, at) => ({ name, colour: COLOURS[at % COLOURS.length] }));
  if (names.length < 2 && (names[0]?.name ?? '') === '') return [];
  let left = LEFT;
  return names.map(({ name, colour }) => {
    const at = left;
    left += 26 + name.length * 7;
    return `<rect x="${at}" y="30" width="12" height="12" fill="${colour}"/><text x="${at + 16}" y="40" fill="#333">${escaped(name)}</text>`;
  });
}

/** At most `POINTS_MAX` points: of each stretch the least and the greatest, so that no peak is lost. */
function thinned(points: readonly Point[]): readonly Point[] {
  if (points.length <= POINTS_MAX) return points;
  const stretch = Math.ceil((2 * points.length) / POINTS_MAX);
  const kept: Point[] = [];
  for (let from = 0; from < points.length; from += stretch) {
    const part = points.slice(from, from + stretch);
    const least = part.reduce((a, b) => (b.y < a.y ? b : a));
    const most = part.reduce((a, b) => (b.y > a.y ? b : a));
    kept.push(...(least.x <= most.x ? [least, most] : [most, least]));
  }
  return kept;
}

function label(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(0);
  return String(Number(value.toPrecision(4)));
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
