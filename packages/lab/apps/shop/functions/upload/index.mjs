import { Buffer } from 'node:buffer';
import { createHash, randomUUID } from 'node:crypto';
import process from 'node:process';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { buckets } from '../../shared/buckets.mjs';
import { answer, bodyOf } from '../../shared/http.mjs';
import { customerOf } from '../../shared/token.mjs';

const { PICTURES_BUCKET } = process.env;

const PICTURE_BYTES_MAX = 2 * 1024 * 1024;
const PNG_SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');

/** Takes the picture that a customer wants printed. */
export async function handler(event, context) {
  const customer = customerOf(event);
  if (customer === undefined) return answer(401, { message: 'log in first' }, context);
  const picture = bodyOf(event);
  if (picture.length > PICTURE_BYTES_MAX) return answer(413, { message: 'at most 2 MB' }, context);
  if (!picture.subarray(0, PNG_SIGNATURE.length).equals(PNG_SIGNATURE)) {
    return answer(415, { message: 'PNG pictures only' }, context);
  }
  const folder = createHash('sha256').update(customer).digest('hex').slice(0, 12);
  const id = `${folder}/${randomUUID()}`;
  await buckets.send(
    new PutObjectCommand({
      Bucket: PICTURES_BUCKET,
      Key: `uploads/${id}.png`,
      Body: picture,
      ContentType: 'image/png',
    }),
  );
  return answer(202, { id, thumbnail: `thumbnails/${id}.png` }, context);
}
