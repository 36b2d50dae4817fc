import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { DEFANGED_CHARS_MAX, defang } from './defang.ts';

suite('defanging', () => {
  const changed: readonly (readonly [string, string])[] = [
    ['sent to files.example.net, often', 'sent to files[.]example[.]net, often'],
    ['https://evil.com/a?b=c.org', 'hxxps://evil[.]com/a?b=c[.]org'],
    ['HTTP://EVIL.COM', 'hxxp://EVIL[.]COM'],
    ['ftp://evil.com', 'ftp[:]//evil[.]com'],
    ['slack://open', 'slack[:]//open'],
    ['//evil.com', '//evil[.]com'],
    ['ada@mail.example.org', 'ada@mail[.]example[.]org'],
    ['203.0.113.9:443', '203[.]0[.]113[.]9:443'],
    ['münchen.de', 'münchen[.]de'],
    ['xn--mnchen-3ya.de', 'xn--mnchen-3ya[.]de'],
    ['evil。com and evil．com', 'evil[.]com and evil[.]com'],
    ['_dmarc.evil.com.', '_dmarc[.]evil[.]com.'],
    ['sqs.eu-west-1.amazonaws.com', 'sqs[.]eu-west-1[.]amazonaws[.]com'],
    ['evil.com_ evil.com.unheard', 'evil[.]com_ evil[.]com[.]unheard'],
    ['_http://x', '_hxxp://x'],
    ['xhttps://x', 'xhxxps://x'],
    ['¹203.0.113.9', '¹203[.]0[.]113[.]9'],
    ['github.com#0f3a', 'github[.]com#0f3a'],
  ];
  for (const [before, after] of changed) {
    test(`turns ${before} into ${after}`, () => assert.equal(defang(before), after));
  }

  const kept = [
    'egress.new-destination',
    'index.js started at 12.5 ms, version 1.2.3, e.g. again.',
    'arn:aws:lambda:eu-west-1:123456789012:function:pay',
    's3:PutObject bucket',
    'T1567.002',
    '999.1.1.1',
    '',
  ];
  for (const text of kept) test(`leaves '${text}' alone`, () => assert.equal(defang(text), text));

  test('does nothing to what is defanged already', () => {
    for (const [, after] of changed) assert.equal(defang(after), after);
  });

  test('cuts a text that is too long to be looked at instead of passing it on', () => {
    const long = `${'x '.repeat(DEFANGED_CHARS_MAX)}evil.com`;
    assert.equal(defang(long).length, DEFANGED_CHARS_MAX);
  });

  test('looks at hostile texts once', () => {
    const half = DEFANGED_CHARS_MAX / 2;
    const hostile = [
      'a'.repeat(half * 2),
      'a.'.repeat(half),
      '.a'.repeat(half),
      'a://'.repeat(half / 2),
      '-._'.repeat(half),
    ];
    for (const text of hostile) assert.equal(typeof defang(text), 'string');
  });
});
