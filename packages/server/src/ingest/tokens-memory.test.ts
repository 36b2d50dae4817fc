import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { networkPrefix } from './network-prefix.ts';
import { tokensContract } from './tokens.contract.ts';
import { MemoryTokens, TOKENS_CACHED_MAX } from './tokens-memory.ts';

tokensContract('memory', () => new MemoryTokens());

suite('memory tokens', () => {
  test('tokens of two replays have nothing in common', () => {
    assert.notEqual(new MemoryTokens().person('alice'), new MemoryTokens().person('alice'));
  });

  test('a token outlives the forgetting of cached values', () => {
    const tokens = new MemoryTokens(new Uint8Array(32));
    const before = tokens.person('alice');
    for (let at = 0; at < TOKENS_CACHED_MAX; at++) tokens.person(`user-${at}`);
    assert.equal(tokens.person('alice'), before);
  });
});

suite('network prefixes', () => {
  const prefixes: readonly (readonly [string, string])[] = [
    ['203.0.113.9', '203.0.113.0/24'],
    ['075.050.255.07', '75.50.255.0/24'],
    ['::ffff:203.0.113.9', '203.0.113.0/24'],
    ['2001:db8:1:2::3', '2001:db8:1::/48'],
    ['2001:DB8::3', '2001:db8:0::/48'],
    ['::1', '0:0:0::/48'],
    ['1::', '1:0:0::/48'],
    ['::1:2:3:4:5:6:7', '0:1:2::/48'],
    ['64:ff9b::203.0.113.9', '64:ff9b:0::/48'],
    ['::ffff:cb00:7109', '203.0.113.0/24'],
    ['fe80::1%eth0', 'fe80:0:0::/48'],
    ['256.1.1.1', ''],
    ['1.2.3', ''],
    ['host.example.com', ''],
    ['', ''],
  ];
  for (const [address, prefix] of prefixes) {
    test(`'${address}' is in '${prefix}'`, () => assert.equal(networkPrefix(address), prefix));
  }
});
