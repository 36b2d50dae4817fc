import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import type { Tokens } from './tokens.ts';

/** Addresses that must share a network, one group a line; addresses of different groups must not. */
const NETWORKS: readonly (readonly string[])[] = [
  ['203.0.113.9', '203.0.113.0', '203.0.113.255', '::ffff:203.0.113.9', '::FFFF:203.0.113.1'],
  ['203.0.114.9', '::ffff:203.0.114.200', '::ffff:cb00:7209', '0:0:0:0:0:ffff:203.0.114.9', '0:0:0:0:0:ffff:cb00:72fe'],
  ['203.1.113.9'],
  ['0.0.0.0'],
  ['255.255.255.255', '255.255.255.0'],
  [
    '2001:db8:1::1',
    '2001:db8:1:2::3',
    '2001:DB8:1:ffff:ffff:ffff:ffff:ffff',
    '2001:0db8:0001::',
    '2001:db8:1::1.2.3.4',
  ],
  ['2001:db8:2::1'],
  ['2001:db8::1', '2001:db8:0:5::', '2001:db8:0:0:1:0:0:1'],
  ['1::', '1:0:0:1::'],
  ['fe80::1', 'fe80::1%eth0', 'fe80::2%3'],
];

const NOT_ADDRESSES: readonly string[] = [
  '',
  ' ',
  '203.0.113',
  '203.0.113.256',
  '203.0.113.9.1',
  '203.0.113.9:443',
  '203.0.113.9/24',
  ' 203.0.113.9',
  '203.0.113.9\n',
  '-1.0.0.0',
  '1e2.0.0.0',
  '0x7f.0.0.1',
  '2001:db8:1',
  '1::2::3',
  '[2001:db8::1]',
  '::ffff:203.0.113',
  '::ffff:203.0.113.256',
  '12345::',
  'g::1',
  'cloudformation.amazonaws.com',
  '1'.repeat(100_000),
  `${'0'.repeat(70)}:1::`,
];

/** What every implementation of `Tokens` promises. `make` opens an empty one. */
export function tokensContract(name: string, make: () => Tokens): void {
  suite(`tokens: ${name}`, () => {
    test('a person has one token of the agreed form, other people have others', () => {
      const tokens = make();
      const token = tokens.person('ada@example.com');
      assert.match(token, /^person_[0-9a-f]{16}$/);
      assert.equal(tokens.person('ada@example.com'), token);
      assert.notEqual(tokens.person('bob@example.com'), token);
    });

    test('nobody has no token', () => {
      assert.equal(make().person(''), '');
    });

    test('a token does not contain or follow from the value', () => {
      assert.notEqual(make().person('ada@example.com'), make().person('ada@example.com'));
    });

    test('names are kept apart whatever characters they hold', () => {
      const tokens = make();
      const names = ['a', 'A', 'a ', 'a\0', 'a\0b', 'a\0c', '__proto__', 'person_a', 'é', 'e\u0301', "'; --", '🦆'];
      const long = 'x'.repeat(10_000);
      const all = [...names, long, `${long}y`, `${long}z`];
      assert.equal(new Set(all.map((value) => tokens.person(value))).size, all.length);
      for (const value of all) assert.equal(tokens.person(value), tokens.person(value));
    });

    test('a person and a network are never the same token', () => {
      const tokens = make();
      assert.match(tokens.network('203.0.113.9'), /^net_[0-9a-f]{16}$/);
      assert.match(tokens.person('203.0.113.0/24'), /^person_[0-9a-f]{16}$/);
      assert.notEqual(tokens.network('203.0.113.9').slice(4), tokens.person('203.0.113.0/24').slice(7));
    });

    test('addresses share a token exactly when they share a network', () => {
      const tokens = make();
      const seen = new Set<string>();
      for (const group of NETWORKS) {
        const found = new Set(group.map((address) => tokens.network(address)));
        assert.equal(found.size, 1, `${group.join(' ')} gave ${[...found].join(' ')}`);
        for (const token of found) {
          assert.match(token, /^net_[0-9a-f]{16}$/);
          assert.equal(seen.has(token), false, `${group[0]} shares the token of another network`);
          seen.add(token);
        }
      }
    });

    test('what is not an address has no network', () => {
      const tokens = make();
      for (const text of NOT_ADDRESSES) assert.equal(tokens.network(text), '', JSON.stringify(text.slice(0, 40)));
    });
  });
}
