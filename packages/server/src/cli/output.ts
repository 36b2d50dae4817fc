/** Columns used when the output is not a terminal. */
const COLUMNS_DEFAULT = 100;
const COLUMNS_MIN = 40;
const COLUMNS_MAX = 120;

/** How text is laid out for a stream. */
export interface OutputStyle {
  readonly width: number;
  readonly colour: boolean;
}

/** Style for a stream: no colour where it is no terminal or NO_COLOR is set. */
export function outputStyle(stream: NodeJS.WriteStream): OutputStyle {
  const colour = stream.isTTY === true && !process.env['NO_COLOR'];
  const columns = stream.isTTY === true ? stream.columns : COLUMNS_DEFAULT;
  return { width: Math.min(COLUMNS_MAX, Math.max(COLUMNS_MIN, columns)), colour };
}
