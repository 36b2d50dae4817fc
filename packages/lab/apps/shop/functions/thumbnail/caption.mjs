import { Buffer } from 'node:buffer';

/** Length, type and checksum of a chunk. */
const CHUNK_FRAME_BYTES = 12;
const SIGNATURE_BYTES = 8;

/** The title that a program wrote into a PNG picture (a `tEXt` chunk), or an empty text. */
export function captionOf(picture) {
  const bytes = Buffer.from(picture.buffer, picture.byteOffset, picture.byteLength);
  let at = SIGNATURE_BYTES;
  while (at + CHUNK_FRAME_BYTES <= bytes.length) {
    const length = bytes.readUInt32BE(at);
    if (bytes.toString('latin1', at + 4, at + 8) === 'tEXt') {
      const [keyword, text = ''] = bytes.toString('latin1', at + 8, at + 8 + length).split('\0');
      if (keyword === 'Title') return text;
    }
    at += CHUNK_FRAME_BYTES + length;
  }
  return '';
}
