import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { errorClass, identifier, networkOf, plainHost, plainName, routeTemplate } from './redact.ts';

suite('redaction', () => {
  test('networks have zero host bits, in any spelling of the address; other texts are none', () => {
    const cases: readonly (readonly [string, string])[] = [
      ['203.0.113.77', '203.0.113.0'],
      [' 203.0.113.77 ', '203.0.113.0'],
      ['::ffff:203.0.113.77', '203.0.113.0'],
      ['2001:db8:1:2:3:4:5:6', '2001:db8:1::'],
      ['2001:DB8::1', '2001:db8:0::'],
      ['::1', '0:0:0::'],
      ['999.0.0.1', ''],
      ['1:2:3', ''],
      ['1::2::3', ''],
      ['name@example.com', ''],
      ['', ''],
    ];
    for (const [address, network] of cases) assert.equal(networkOf(address), network, address);
  });

  test('hosts keep four labels, addresses stay, ports and case go', () => {
    const cases: readonly (readonly [string, string])[] = [
      ['API.Example.com', 'api.example.com'],
      ['secret.of.mine.api.example.com', 'mine.api.example.com'],
      ['example.com:8443', 'example.com'],
      ['example.com.', 'example.com'],
      ['203.0.113.9:80', '203.0.113.9'],
      ['[2001:db8::1]:443', '2001:db8::1'],
      ['::1', '::1'],
      ['bad host/path', ''],
    ];
    for (const [host, plain] of cases) assert.equal(plainHost(host), plain, host);
  });

  test('routes keep short lower-case words, and nothing after a word for people or secrets', () => {
    const cases: readonly (readonly [string, string])[] = [
      ['/', '/'],
      ['', '/'],
      ['/v1/orders/4711/lines?token=x#y', '/v1/orders/{}/lines'],
      ['/users/anna/orders', '/users/{}/orders'],
      ['/bot123:ABC/sendMessage', '/{}/{}'],
      ['/a/b/c/d/e/f/g/h', '/a/b/c/d/e/f'],
      ['/Mixed/UPPER/aGVsbG8', '/{}/{}/{}'],
    ];
    for (const [path, route] of cases) assert.equal(routeTemplate(path), route, path);
  });

  test('names with an at sign, white space or quotes are none, and neither are very long ones', () => {
    assert.equal(plainName('orders-2024.v1'), 'orders-2024.v1');
    for (const text of ['anna@example.com', 'two words', '"quoted"', 'n'.repeat(201)])
      assert.equal(plainName(text), '');
  });

  test('of an error only the name of its class is taken', () => {
    assert.equal(errorClass(new TypeError('secret')), 'TypeError');
    assert.equal(errorClass({ name: 'has spaces' }), 'Error');
    assert.equal(errorClass('secret'), 'string');
    assert.equal(errorClass(null), 'object');
    const hostile = Object.defineProperty({}, 'name', { get: () => assert.fail('ran') });
    assert.equal(errorClass(hostile), 'Error');
  });

  test('identifiers are visible ASCII', () => {
    assert.equal(identifier('8f2c0c2e-6f4e'), '8f2c0c2e-6f4e');
    for (const text of ['two words', 'naïve', '', 'x'.repeat(129), 7]) assert.equal(identifier(text), '');
  });
});
