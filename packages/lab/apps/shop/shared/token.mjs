import { Buffer } from 'node:buffer';
import { createHmac, timingSafeEqual } from 'node:crypto';
import process from 'node:process';

/** A token is good for a shopping tour. */
const TOKEN_LIFE_MS = 30 * 60_000;

/** A signed token that says who somebody is. */
export function issueToken(email) {
  const claims = Buffer.from(JSON.stringify({ email, expires: Date.now() + TOKEN_LIFE_MS })).toString('base64url');
  return `${claims}.${sign(claims)}`;
}

/** E-mail address of the customer who sent a request; undefined without a valid token. */
export function customerOf(event) {
  const [scheme, token = ''] = (event.headers?.authorization ?? '').split(' ');
  const [claims = '', signature = ''] = token.split('.');
  if (scheme !== 'Bearer' || !same(signature, sign(claims))) return undefined;
  const { email, expires } = JSON.parse(Buffer.from(claims, 'base64url').toString('utf8'));
  return expires > Date.now() ? email : undefined;
}

function sign(claims) {
  return createHmac('sha256', process.env.TOKEN_SECRET).update(claims).digest('base64url');
}

function same(left, right) {
  const a = Buffer.from(left);
  const b = Buffer.from(right);
  return a.length === b.length && timingSafeEqual(a, b);
}
