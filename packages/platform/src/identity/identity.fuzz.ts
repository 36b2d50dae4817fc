import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SignatureV4 } from '@smithy/signature-v4';
import fc from 'fast-check';
import { decide } from './decide.ts';
import { PolicyError, parsePolicy } from './policy.ts';
import { Sha256 } from './sha256.contract.ts';
import { checkSignature, parseClaim } from './signature.ts';
import { matchesPattern } from './wildcard.ts';

const SECRET = 's'.repeat(40);
const NOW = Date.parse('2026-11-25T03:00:00Z');

const escaped = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
const word = fc.string({ minLength: 1, maxLength: 12, unit: 'grapheme' }).filter((text) => text.isWellFormed());
const query = fc.dictionary(
  word.filter((name) => !/^x-amz-/i.test(name) && name !== '__proto__'),
  word,
  { maxKeys: 5 },
);

async function signed(
  service: string,
  parts: readonly string[],
  asked: Readonly<Record<string, string>>,
  body: string,
) {
  const signer = new SignatureV4({
    service,
    region: 'eu-west-1',
    sha256: Sha256,
    credentials: { accessKeyId: 'AKIAAAAAAAAAAAAAAAAA', secretAccessKey: SECRET },
    uriEscapePath: service !== 's3',
  });
  const path = `/${parts.map(escaped).join('/')}`;
  const request = await signer.sign(
    {
      method: 'PUT',
      protocol: 'http:',
      hostname: 'localhost',
      path,
      query: { ...asked },
      headers: { host: 'localhost', 'x-amz-test': '  a   b ' },
      body,
    },
    { signingDate: new Date(NOW) },
  );
  const search = Object.entries(asked).map(([name, value]) => `${escaped(name)}=${escaped(value)}`);
  return {
    method: 'PUT',
    target: path + (search.length > 0 ? `?${search.join('&')}` : ''),
    headers: request.headers,
    body: Buffer.from(body),
  };
}

describe('signatures', () => {
  test('made by the SDK for any path, query and body are taken, and not for any other body', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('lambda', 's3'),
        fc.array(word, { maxLength: 4 }),
        query,
        fc.string(),
        async (service, parts, asked, body) => {
          const request = await signed(service, parts, asked, body);
          const claim = parseClaim(request);
          assert.ok(typeof claim !== 'string', `claim: ${String(claim)}`);
          const proof = { secretAccessKey: SECRET, nowMs: NOW };
          assert.equal(checkSignature(request, claim, proof), undefined);
          assert.notEqual(checkSignature({ ...request, body: Buffer.from(`${body}!`) }, claim, proof), undefined);
          assert.notEqual(checkSignature({ ...request, method: 'GET' }, claim, proof), undefined);
          assert.notEqual(checkSignature(request, claim, { ...proof, secretAccessKey: `${SECRET}!` }), undefined);
        },
      ),
      { numRuns: 200 },
    );
  });

  test('of any other form are refused and never throw', () => {
    const piece = fc.constantFrom(
      'AWS4-HMAC-SHA256 ',
      'Credential=',
      'AKIAAAAAAAAAAAAAAAAA/20261125/eu-west-1/s3/aws4_request',
      ', ',
      'SignedHeaders=',
      'host;',
      'Signature=',
      '=',
      ',',
      'a'.repeat(64),
      '%',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(piece, fc.string())), fc.string(), fc.string(), (pieces, date, target) => {
        const headers = { authorization: pieces.join(''), 'x-amz-date': date };
        const request = { method: 'GET', target: `/?${target}`, headers, body: Buffer.alloc(0) };
        const claim = parseClaim(request);
        if (typeof claim !== 'string') {
          assert.notEqual(checkSignature(request, claim, { secretAccessKey: SECRET, nowMs: NOW }), undefined);
        }
        parseClaim({ headers: {}, target: `/?X-Amz-Algorithm=AWS4-HMAC-SHA256&${target}` });
      }),
    );
  });
});

describe('policies', () => {
  test('of any form are taken or refused, and no statement takes a denial back', () => {
    const field = fc.constantFrom(
      'Effect',
      'Action',
      'NotAction',
      'Resource',
      'NotResource',
      'Condition',
      'Sid',
      '__proto__',
    );
    const value = fc.oneof(
      fc.constantFrom<unknown>('Allow', 'Deny', '*', 's3:*', null, 7),
      fc.array(fc.string()),
      fc.object({ maxDepth: 2 }),
    );
    fc.assert(
      fc.property(fc.array(fc.dictionary(field, value)), (statements) => {
        const deny = { Effect: 'Deny', Action: '*', Resource: '*' };
        try {
          const policy = parsePolicy(JSON.stringify({ Statement: [...statements, deny] }), 'identity');
          const verdict = decide([policy], { action: 's3:GetObject', resource: '*', context: new Map() });
          assert.equal(verdict.kind, 'explicit-deny');
        } catch (error) {
          if (!(error instanceof PolicyError)) throw error;
        }
      }),
    );
  });

  test('match wildcards as a regular expression would', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?', ':'), maxLength: 12 });
    fc.assert(
      fc.property(letters, letters, (pattern, text) => {
        const source = pattern.replaceAll('*', '[^]*').replaceAll('?', '[^]');
        assert.equal(matchesPattern(pattern, text), new RegExp(`^${source}$`).test(text), `${pattern} ${text}`);
      }),
      { numRuns: 2_000 },
    );
  });
});
