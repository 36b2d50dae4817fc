import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { GetObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { buckets } from '../../shared/buckets.mjs';
import { log } from '../../shared/http.mjs';
import { captionOf } from './caption.mjs';

const run = promisify(execFile);
const { NODE = process.execPath } = process.env;

const WIDTH_PX = 96;
/** A picture that takes longer is not one. */
const CONVERT_MS_MAX = 8_000;
const TOOL = new URL('./scale.cjs', import.meta.url).pathname;

/** Makes a small picture of each that was uploaded, with the picture's own caption kept in it. */
export async function handler(event) {
  for (const { s3 } of event.Records) {
    const key = decodeURIComponent(s3.object.key.replaceAll('+', ' '));
    await convert(s3.bucket.name, key);
  }
}

async function convert(bucket, key) {
  const object = await buckets.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
  const picture = await object.Body.transformToByteArray();
  const folder = await mkdtemp(join(tmpdir(), 'picture-'));
  try {
    const [from, to] = [join(folder, 'in.png'), join(folder, 'out.png')];
    await writeFile(from, picture);
    const caption = captionOf(picture).replaceAll('"', '\\"');
    await run('/bin/sh', ['-c', `"${NODE}" "${TOOL}" ${WIDTH_PX} "${caption}" < "${from}" > "${to}"`], {
      timeout: CONVERT_MS_MAX,
    });
    const small = await readFile(to);
    const target = key.replace(/^uploads\//, 'thumbnails/');
    await buckets.send(new PutObjectCommand({ Bucket: bucket, Key: target, Body: small, ContentType: 'image/png' }));
    log('debug', 'thumbnail made', { key: target, bytes: small.length });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
