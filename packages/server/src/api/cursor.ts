import { ApiError } from './codes.ts';

/** Characters of the longest cursor: ids and a time. */
export const CURSOR_CHARS_MAX = 200;

/** Where a page ended: the id of its last row and, where rows move, its time. Opaque to clients. */
export interface Cursor {
  readonly id: string;
  readonly lastMs: number;
}

/** The text of a cursor. */
export function cursorText({ id, lastMs }: Cursor): string {
  return Buffer.from(JSON.stringify([id, lastMs])).toString('base64url');
}

/** A cursor from its text. Throws `ApiError`: cursors are only ever given back as they were. */
export function parseCursor(text: string): Cursor {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    if (Array.isArray(value) && value.length === 2) {
      const [id, lastMs]: readonly unknown[] = value;
      if (typeof id === 'string' && typeof lastMs === 'number' && Number.isFinite(lastMs)) return { id, lastMs };
    }
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new ApiError('invalid', 'query.cursor: is none that was given out.');
}

/** A page of rows of which one more was asked for than fits, and the cursor behind it. */
export function page<T>(rows: readonly T[], limit: number, cursorOf: (row: T) => Cursor) {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return rows.length > limit && last !== undefined
    ? { items: shown, next: cursorText(cursorOf(last)) }
    : { items: shown };
}
