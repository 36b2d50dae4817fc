import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { MemoryTokens } from '../tokens-memory.ts';
import { withPlaces } from './placed-tokens.ts';
import { openPlaces, PlacesError } from './places.ts';

const folder = mkdtempSync(join(tmpdir(), 'gait-places-'));
after(() => rmSync(folder, { recursive: true }));

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const COUNTRY = file(
  'country.csv',
  '203.0.113.0,203.0.113.127,DE\n203.0.113.128,203.0.113.255,BR\n2001:db8::,2001:db8:0:ffff:ffff:ffff:ffff:ffff,NL\nnonsense\n',
);
const ASN = file(
  'asn.csv',
  '198.51.100.0,198.51.100.255,64500,"Example, Inc."\n203.0.113.0,203.0.113.255,16509,"Amazon.com, Inc."\n192.0.2.0,192.0.2.255,0,\n',
);

/** A database of one network, 203.0.113.0/24 in Germany, in the format of MaxMind: 24 nodes, then one map. */
function tinyMmdb(): Buffer {
  const prefix = 0xcb_00_71;
  const nodes = Buffer.alloc(24 * 6);
  for (let bit = 0; bit < 24; bit++) {
    const next = bit === 23 ? 24 + 16 : bit + 1;
    const one = (prefix >>> (23 - bit)) & 1;
    nodes.writeUIntBE(one === 0 ? next : 24, bit * 6, 3);
    nodes.writeUIntBE(one === 1 ? next : 24, bit * 6 + 3, 3);
  }
  const text = (value: string) => Buffer.concat([Buffer.from([0x40 | value.length]), Buffer.from(value)]);
  const uint16 = (value: number) => Buffer.from([0xa2, value >> 8, value & 255]);
  const uint32 = (value: number) => {
    const bytes = Buffer.alloc(5);
    bytes[0] = 0xc4;
    bytes.writeUInt32BE(value, 1);
    return bytes;
  };
  const uint64 = (value: number) => {
    const bytes = Buffer.alloc(10);
    bytes[0] = 0x08;
    bytes[1] = 0x02;
    bytes.writeBigUInt64BE(BigInt(value), 2);
    return bytes;
  };
  const found = Buffer.concat([Buffer.from([0xe1]), text('country_code'), text('DE')]);
  const metadata = Buffer.concat([
    Buffer.from([0xe9]),
    ...[text('node_count'), uint32(24), text('record_size'), uint16(24), text('ip_version'), uint16(4)],
    ...[text('binary_format_major_version'), uint16(2), text('binary_format_minor_version'), uint16(0)],
    ...[text('build_epoch'), uint64(1_750_000_000), text('database_type'), text('tiny')],
    ...[text('languages'), Buffer.from([0x00, 0x04]), text('description'), Buffer.from([0xe0])],
  ]);
  return Buffer.concat([nodes, Buffer.alloc(16), found, Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1'), metadata]);
}

describe('places of addresses', () => {
  it('C11: are read from CSV files, IPv4 and IPv6, at both ends of a range', async () => {
    const places = await openPlaces({ country: COUNTRY, asn: ASN });
    assert.ok(places !== undefined);
    assert.deepEqual(
      ['203.0.113.0', '203.0.113.127', '203.0.113.128', '203.0.114.0', '2001:db8::1', '2001:db9::1', 'not one', ''].map(
        (address) => places.country(address),
      ),
      ['DE', 'DE', 'BR', '', 'NL', '', '', ''],
    );
    assert.equal(places.owner('198.51.100.9'), 'AS64500 Example, Inc.');
    assert.equal(places.owner('192.0.2.1'), '', 'number 0 is nobody');
    assert.deepEqual(
      places.sources.map(({ what, name }) => `${what} ${name}`),
      ['country country.csv', 'asn asn.csv'],
    );
  });

  it('C11: are read from MMDB files, with the day they were built', async () => {
    const places = await openPlaces({ country: file('tiny.mmdb', tinyMmdb()) });
    assert.ok(places !== undefined);
    assert.equal(places.country('203.0.113.9'), 'DE');
    assert.equal(places.country('198.51.100.9'), '');
    assert.equal(places.country('AWS Internal'), '');
    assert.equal(places.sources[0].built, '2025-06-15');
  });

  it('are off when no file is named, and say what is wrong with one that is none', async () => {
    assert.equal(await openPlaces({}), undefined);
    for (const path of [join(folder, 'missing'), file('words.csv', 'no ranges here\n')]) {
      await assert.rejects(openPlaces({ country: path }), PlacesError, path);
    }
  });
});

describe('tokens with places', () => {
  it('C11: name the owner of a network instead of its prefix, and keep both where machines are rented', async () => {
    const plain = new MemoryTokens(new Uint8Array(32));
    const tokens = withPlaces(plain, await openPlaces({ country: COUNTRY, asn: ASN }));
    assert.equal(tokens.network('198.51.100.9'), 'AS64500 Example, Inc.');
    assert.equal(tokens.network('203.0.113.9'), `AS16509 Amazon.com, Inc. ${plain.network('203.0.113.9')}`);
    assert.equal(tokens.network('10.0.0.1'), plain.network('10.0.0.1'));
    assert.equal(tokens.country?.('203.0.113.200'), 'BR');
    assert.equal(tokens.person('a'), plain.person('a'));
  });

  it('never show an address', async () => {
    const tokens = withPlaces(new MemoryTokens(), await openPlaces({ country: COUNTRY, asn: ASN }));
    for (const address of ['198.51.100.9', '203.0.113.9', '10.0.0.1', '2001:db8::1']) {
      assert.ok(!`${tokens.network(address)} ${tokens.country?.(address)}`.includes(address.slice(0, 8)), address);
    }
  });
});
