import type { TextStyle } from '../render/text.ts';

/** Columns of text that does not go to a terminal, and of terminals that do not say. */
const COLUMNS_DEFAULT = 100;
/** Beyond this, lines are tiring to read. */
const COLUMNS_MAX = 120;

/** What of a stream its style depends on. */
export interface StyledStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** How text is laid out for a stream: no colour where it is no terminal, cannot show any, or NO_COLOR is set. */
export function outputStyle(stream: StyledStream, env: NodeJS.ProcessEnv = process.env): TextStyle {
  const terminal = stream.isTTY === true;
  const colour = terminal && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
  const columns = terminal ? stream.columns || COLUMNS_DEFAULT : COLUMNS_DEFAULT;
  return { width: Math.min(COLUMNS_MAX, columns), colour };
}

/** Writes results to standard output. */
export function print(text: string): void {
  write(process.stdout, text);
}

/** Writes what is not a result to standard error, so that standard output stays clean. */
export function say(text: string): void {
  write(process.stderr, text);
}

const closed = new WeakSet<NodeJS.WriteStream>();

/**
 * Readers may leave before the end (`| head`): what they do not want is dropped, and the work goes on to its end. That
 * results cannot be written for another reason is a failure.
 */
export function tolerateClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (closed.has(stream)) return;
      closed.add(stream);
      if (error.code === 'EPIPE') return;
      process.exitCode = 1;
      say(`gait: The output could not be written: ${error.message}\n`);
    });
  }
}

function write(stream: NodeJS.WriteStream, text: string): void {
  if (!closed.has(stream)) stream.write(text);
}
