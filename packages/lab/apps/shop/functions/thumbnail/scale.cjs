// scale.cjs WIDTH CAPTION < in.png > out.png
// Scales an 8-bit RGB or RGBA picture down by averaging, and writes the caption into it.
const { readFileSync, writeSync } = require('node:fs');
const { crc32, deflateSync, inflateSync } = require('node:zlib');

/** More pixels than any camera has. */
const PIXELS_MAX = 120_000_000;
const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');

function decode(file) {
  if (!file.subarray(0, 8).equals(SIGNATURE)) throw new Error('not a PNG picture');
  let header;
  const parts = [];
  for (let at = 8; at + 12 <= file.length; ) {
    const length = file.readUInt32BE(at);
    const type = file.toString('latin1', at + 4, at + 8);
    const content = file.subarray(at + 8, at + 8 + length);
    if (type === 'IHDR') header = content;
    if (type === 'IDAT') parts.push(content);
    at += 12 + length;
  }
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const channels = { 2: 3, 6: 4 }[header[9]];
  if (header[8] !== 8 || channels === undefined || header[12] !== 0)
    throw new Error('this kind of PNG is not supported');
  if (width * height === 0 || width * height > PIXELS_MAX) throw new Error('this size is not supported');
  const size = (width * channels + 1) * height;
  const raw = inflateSync(Buffer.concat(parts), { maxOutputLength: size });
  return { width, height, channels, pixels: unfilter(raw, width * channels, channels) };
}

/** Undoes the filter of each row. */
function unfilter(raw, stride, channels) {
  const rows = raw.length / (stride + 1);
  const out = Buffer.alloc(stride * rows);
  for (let y = 0; y < rows; y++) {
    const filter = raw[y * (stride + 1)];
    for (let x = 0; x < stride; x++) {
      const left = x >= channels ? out[y * stride + x - channels] : 0;
      const up = y > 0 ? out[(y - 1) * stride + x] : 0;
      const corner = x >= channels && y > 0 ? out[(y - 1) * stride + x - channels] : 0;
      const guess = [0, left, up, (left + up) >> 1, paeth(left, up, corner)][filter];
      if (guess === undefined) throw new Error('broken picture');
      out[y * stride + x] = raw[y * (stride + 1) + 1 + x] + guess;
    }
  }
  return out;
}

function paeth(left, up, corner) {
  const guess = left + up - corner;
  const [a, b, c] = [Math.abs(guess - left), Math.abs(guess - up), Math.abs(guess - corner)];
  if (a <= b && a <= c) return left;
  return b <= c ? up : corner;
}

function scale({ width, height, channels, pixels }, target) {
  const toWidth = Math.min(target, width);
  const toHeight = Math.max(1, Math.round((height * toWidth) / width));
  const out = Buffer.alloc((toWidth * 3 + 1) * toHeight);
  for (let y = 0; y < toHeight; y++) {
    const [top, bottom] = span(y, toHeight, height);
    for (let x = 0; x < toWidth; x++) {
      const [left, right] = span(x, toWidth, width);
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (let v = top; v < bottom; v++)
          for (let u = left; u < right; u++) sum += pixels[(v * width + u) * channels + channel];
        out[y * (toWidth * 3 + 1) + 1 + x * 3 + channel] = sum / ((bottom - top) * (right - left));
      }
    }
  }
  return { width: toWidth, height: toHeight, rows: out };
}

function span(at, of, size) {
  const start = Math.floor((at * size) / of);
  return [start, Math.max(start + 1, Math.floor(((at + 1) * size) / of))];
}

function encode({ width, height, rows }, caption) {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2], 8);
  const text = Buffer.from(`Title\0${caption}`, 'latin1');
  const chunks = [
    ['IHDR', header],
    ['tEXt', text],
    ['IDAT', deflateSync(rows)],
    ['IEND', Buffer.alloc(0)],
  ];
  return Buffer.concat([SIGNATURE, ...chunks.map(([type, content]) => chunk(type, content))]);
}

function chunk(type, content) {
  const frame = Buffer.alloc(content.length + 12);
  frame.writeUInt32BE(content.length, 0);
  frame.write(type, 4, 'latin1');
  content.copy(frame, 8);
  frame.writeUInt32BE(crc32(frame.subarray(4, 8 + content.length)), 8 + content.length);
  return frame;
}

const [, , width, caption = ''] = process.argv;
const result = encode(scale(decode(readFileSync(0)), Number(width)), caption);
for (let at = 0; at < result.length; ) at += writeSync(1, result, at);
