const SPACE = /\s+/gu;
/** Control, format (bidirectional marks, zero-width characters), private, unassigned characters and lone surrogates. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}]/gu;
const ZERO_WIDTH = /^\p{M}$/u;
/** East Asian wide and emoji: two columns. */
const WIDE =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}\p{Emoji_Presentation}]$/u;

/**
 * Makes a text from outside harmless on a terminal: one line, and every character that could move the cursor, change
 * colours, hide text or turn its direction shown by its number, `\u{1b}`. Names may be chosen by an attacker.
 */
export function printable(text: string): string {
  return text
    .replace(SPACE, ' ')
    .replace(UNPRINTABLE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}

/** Columns a printable text takes on a terminal. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) {
    if (character < '\u0300') columns += 1;
    else if (!ZERO_WIDTH.test(character)) columns += WIDE.test(character) ? 2 : 1;
  }
  return columns;
}

/** As much of the text as fits, ending in `…` when something is missing. */
export function fitted(text: string, columns: number): string {
  if (columnsOf(text) <= columns) return text;
  let kept = '';
  let used = 1;
  for (const character of text) {
    used += columnsOf(character);
    if (used > columns) break;
    kept += character;
  }
  return `${kept}…`;
}

/** The text, followed by spaces up to a number of columns. */
export function padded(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - columnsOf(text)));
}

/** The text as lines of at most `columns`, broken between words, and inside words that are longer than a line. */
export function wrapped(text: string, columns: number): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && columnsOf(line) + 1 + columnsOf(word) <= columns) {
      line += ` ${word}`;
      continue;
    }
    if (line !== '') lines.push(line);
    const pieces = broken(word, columns);
    lines.push(...pieces.slice(0, -1));
    line = pieces[pieces.length - 1];
  }
  if (line !== '' || lines.length === 0) lines.push(line);
  return lines;
}

/** A word as pieces of at most `columns`; at least one, perhaps empty. */
function broken(word: string, columns: number): string[] {
  if (columnsOf(word) <= columns) return [word];
  const pieces = [''];
  let used = 0;
  for (const character of word) {
    const wide = columnsOf(character);
    if (used + wide > columns && used > 0) {
      pieces.push('');
      used = 0;
    }
    pieces[pieces.length - 1] += character;
    used += wide;
  }
  return pieces;
}
