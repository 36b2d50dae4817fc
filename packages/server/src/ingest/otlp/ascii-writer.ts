import { assert } from '@gait/engine/base/assert';
import type { BatchBuilder } from '@gait/engine/event/batch-builder';
import type { IdField, SymbolField } from '@gait/engine/event/schema';
import type { DecodeContext } from '../decoder.ts';
import { isSafeName, type NameContext, plainId, safeName } from '../names.ts';
import { Remembered } from './remembered.ts';

/** Longest text written byte by byte; longer ones are left to the builder. */
const ASCII_CHARS_MAX = 256;

/**
 * Puts names into a row, each through `safeName`; that a name may stay as it is, is remembered. Short ASCII texts are
 * put without the system's text encoder, whose call costs more than the copying: a fifth of the time of
 * `BatchBuilder.symbol`. Other texts take the builder's own way; the result is the same.
 */
export class AsciiWriter {
  readonly #isSafe = new Remembered<boolean>();
  #context: NameContext | undefined;
  readonly #bytes = new Uint8Array(ASCII_CHARS_MAX);
  readonly #range: [number, number] = [0, 0];

  /** Sets whose tokens stand in for people from now on. */
  begin({ tokens, defaults }: DecodeContext): void {
    this.#context = { tokens, account: defaults.account };
  }

  /** Symbol of a name, safe to keep. */
  intern(rows: BatchBuilder, name: string): number {
    assert(this.#context !== undefined, 'begin was called');
    return this.#put(rows, this.#isSafe.get(name, isSafeName) ? name : safeName(name, this.#context));
  }

  symbol(rows: BatchBuilder, field: SymbolField, name: string): void {
    if (name !== '') rows.symbolAt(field, this.intern(rows, name));
  }

  /** Sets a field to a token, or to what has been checked to be of a safe form. */
  checked(rows: BatchBuilder, field: SymbolField, text: string): void {
    if (text !== '') rows.symbolAt(field, this.#put(rows, text));
  }

  id(rows: BatchBuilder, field: IdField, given: string): void {
    const text = plainId(given);
    this.#range[1] = this.#write(text);
    if (this.#range[1] < 0) rows.id(field, text);
    else rows.idBytes(field, this.#bytes, this.#range);
  }

  #put(rows: BatchBuilder, text: string): number {
    const length = this.#write(text);
    return length < 0 ? rows.intern(text) : rows.internBytes(this.#bytes, 0, length);
  }

  /** Writes the text into `#bytes`; returns its length, -1 when it is long or not ASCII. */
  #write(text: string): number {
    const { length } = text;
    if (length > ASCII_CHARS_MAX) return -1;
    for (let at = 0; at < length; at++) {
      const code = text.charCodeAt(at);
      if (code >= 0x80) return -1;
      this.#bytes[at] = code;
    }
    return length;
  }
}
