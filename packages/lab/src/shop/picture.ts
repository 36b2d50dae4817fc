import { crc32, deflateSync } from 'node:zlib';
import type { Random } from '../datasets/random.ts';

/** What a PNG picture of the demonstration shows. */
export interface Picture {
  readonly widthPx: number;
  readonly heightPx: number;
  /** Noise in every pixel, as in a scan: the file is then as large as the picture. */
  readonly grain?: boolean;
  /** Title in the picture's own text chunk, as photo programs write it; Latin-1. */
  readonly title?: string;
}

/** Draws a PNG picture: coloured stripes with some grain, so that pictures differ and do not compress to nothing. */
export function drawPicture({ widthPx, heightPx, grain = false, title }: Picture, random: Random): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(widthPx, 0);
  header.writeUInt32BE(heightPx, 4);
  // Eight bits, colour type RGB.
  header.set([8, 2], 8);
  const chunks: (readonly [string, Buffer])[] = [['IHDR', header]];
  if (title !== undefined) chunks.push(['tEXt', Buffer.from(`Title\0${title}`, 'latin1')]);
  chunks.push(
    [
      'IDAT',
      deflateSync(grain ? noise(widthPx, heightPx, random) : rows(widthPx, heightPx, random), { level: grain ? 0 : 6 }),
    ],
    ['IEND', Buffer.alloc(0)],
  );
  return Buffer.concat([SIGNATURE, ...chunks.map(([type, content]) => chunk(type, content))]);
}

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');

function rows(widthPx: number, heightPx: number, random: Random): Buffer {
  const stride = widthPx * 3 + 1;
  const bytes = Buffer.alloc(stride * heightPx);
  const colour = [random.below(256), random.below(256), random.below(256)];
  const period = 8 + random.below(24);
  for (let y = 0; y < heightPx; y++) {
    const grain = random.below(32);
    for (let x = 0; x < widthPx; x++) {
      const light = Math.floor((x + y) / period) % 2 === 0 ? 0 : 64;
      for (let channel = 0; channel < 3; channel++) {
        bytes[y * stride + 1 + x * 3 + channel] = (colour[channel] + light + grain) & 255;
      }
    }
  }
  return bytes;
}

function noise(widthPx: number, heightPx: number, random: Random): Buffer {
  const stride = widthPx * 3 + 1;
  const bytes = Buffer.alloc(Math.ceil((stride * heightPx) / 4) * 4);
  for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32LE(random.word(), at);
  // No filter in any row.
  for (let y = 0; y < heightPx; y++) bytes[y * stride] = 0;
  return bytes.subarray(0, stride * heightPx);
}

function chunk(type: string, content: Buffer): Buffer {
  const frame = Buffer.alloc(content.length + 12);
  frame.writeUInt32BE(content.length, 0);
  frame.write(type, 4, 'latin1');
  content.copy(frame, 8);
  frame.writeUInt32BE(crc32(frame.subarray(4, 8 + content.length)), 8 + content.length);
  return frame;
}
