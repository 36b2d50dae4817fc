import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { BatchBuilder } from '@gait/engine/event/batch-builder';
import { encodeWireRecord, type WireCall } from '@gait/sensor/wire';
import { type DecodedRow, decodeRecord, rowsOf, TEST_DEFAULTS, TEST_TOKENS } from '../decoder.contract.ts';
import { gaitDecoder } from '../gait.ts';
import { NAMES_CACHED } from './name-cache.ts';

const decoder = gaitDecoder();
const recordOf = (calls: readonly WireCall[]) =>
  encodeWireRecord({ timeMs: 1_767_225_600_123, function: 'aws:123456789012:eu-west-1:pay', calls });

/** Calls of the row that a record becomes. */
function callsOf(record: string, using = decoder): readonly DecodedRow[] {
  const { batch, rejects } = decodeRecord(using, record);
  assert.deepEqual(rejects, []);
  const [row] = rowsOf(batch);
  const calls = row?.['calls'];
  return Array.isArray(calls) ? calls : [];
}

const CASES: readonly (readonly [WireCall, Pick<WireCall, 'resource' | 'destination'>])[] = [
  [
    { verb: 'http:POST', resource: 'api.stripe.com/v1/charges/ch_17', destination: 'api.stripe.com' },
    { resource: '*.stripe.com/v1/charges/{}', destination: 'stripe.com' },
  ],
  [
    { verb: 'http:GET', resource: '203.0.113.9/x', destination: '203.0.113.9' },
    { resource: 'address:203.0.113.9/x', destination: 'address:203.0.113.9' },
  ],
  [{ verb: 'connect', destination: '2001:db8::1' }, { destination: 'address:2001:db8::1' }],
  [
    { verb: 'http:PUT', resource: 'photos.s3.eu-west-1.amazonaws.com/{}', destination: 's3.eu-west-1.amazonaws.com' },
    { resource: 's3/photos/{}', destination: 's3/photos' },
  ],
  [{ verb: 'http:GET', destination: 'pay.example.co.uk:8443' }, { destination: 'example.co.uk' }],
  [
    { verb: 'http:GET', resource: 'github.com/{}/{}', destination: 'github.com' },
    { resource: 'github.com/{}/{}', destination: 'github.com' },
  ],
  [
    { verb: 'dynamodb:GetItem', resource: 'orders.v2', destination: 'dynamodb/orders.v2' },
    { resource: 'orders.v2', destination: 'dynamodb/orders.v2' },
  ],
  [
    { verb: 'http:GET', resource: 'stripe.com/v1', destination: 'stripe.com' },
    { resource: 'stripe.com/v1', destination: 'stripe.com' },
  ],
  [{ verb: 'x', destination: 'a..b//' }, { destination: 'a..b//' }],
];

suite('where calls of the sensor go', () => {
  for (const [call, expected] of CASES) {
    test(`${call.resource ?? ''} at ${call.destination} is ${expected.resource ?? ''} at ${expected.destination}`, () => {
      const amounts = { bytesOut: 7, bytesIn: 9, status: 201, offsetMs: 2, durationMs: 3 };
      // Twice, so that the second answer is a remembered one, and once with white space, which the exact parser reads.
      for (const record of [
        recordOf([call, { ...call, ...amounts }]),
        recordOf([call, call]).replace(',"t"', ', "t"'),
      ]) {
        const [first, second] = callsOf(record);
        for (const each of [first, second]) {
          assert.equal(each?.['destination'], expected.destination);
          assert.equal(each?.['resource'], expected.resource);
          assert.equal(each?.['verb'], call.verb);
        }
      }
      const [, counted] = callsOf(recordOf([call, { ...call, ...amounts }]));
      assert.deepEqual(
        [counted?.['status'], counted?.['bytesIn'], counted?.['offsetMs'], counted?.['durationMs']],
        [201, 9, 2, 3],
      );
    });
  }

  test('what is remembered of one call never names another, however many there are', () => {
    const using = gaitDecoder();
    for (let round = 0; round < 2; round++) {
      for (let at = 0; at < 2 * NAMES_CACHED; at += 100) {
        const calls = Array.from({ length: 100 }, (_, offset) => ({
          verb: 'http:GET',
          resource: `a.host-${at + offset}.com/x`,
          destination: `a.host-${at + offset}.com`,
        }));
        const found = callsOf(recordOf(calls), using);
        assert.deepEqual(
          found.map((each) => each['destination']),
          calls.map((_, offset) => `host-${at + offset}.com`),
        );
      }
    }
  });
});

test('hosts and people keep their names in batches that several builders make in turn', () => {
  const shared = gaitDecoder();
  const calls = [{ verb: 'http:GET', resource: 'api.stripe.com/v1', destination: 'api.stripe.com' }];
  const common = { timeMs: 1_767_225_600_123, function: 'aws:123456789012:eu-west-1:pay', calls } as const;
  const person = { principal: '5d41402abc4b2a76', principalKind: 'person' } as const;
  const records = [
    { ...common, ...person },
    // More texts before the names: they have other numbers in this batch.
    { ...common, ...person, revision: '7', qualifier: 'live', status: 'ok', triggerKind: 'http', triggerSource: 'a' },
  ] as const;
  const [first, second] = records.map((record) => {
    // A builder of its own for each, as each request has: their batches carry the same numbers.
    const builder = new BatchBuilder([1, 2]);
    const origin = builder.addOrigin({ name: 'test', from: 0, to: 0, sha256: '' });
    const sink = { builder: () => builder, origin, note: () => undefined, reject: () => assert.fail() };
    const bytes = new TextEncoder().encode(encodeWireRecord(record));
    const range = { start: 0, end: bytes.length, originOffset: 0, line: 1 };
    shared.decode(bytes, range, { sink, defaults: TEST_DEFAULTS, tokens: TEST_TOKENS });
    const [row] = rowsOf(builder.finish());
    return { principal: row?.['principal'], calls: row?.['calls'] };
  });
  assert.notEqual(first?.principal, undefined);
  assert.deepEqual(second, first);
});

suite('what names of hosts could carry', () => {
  const amountsOf = (calls: readonly WireCall[]) => {
    const { batch, rejects } = decodeRecord(decoder, recordOf(calls));
    assert.deepEqual(rejects, []);
    return [batch.number(0, 'nameBytes'), batch.number(0, 'names'), batch.number(0, 'nameEntropy')];
  };
  const to = (host: string): WireCall => ({ verb: 'http:GET', resource: `${host}/x`, destination: host });

  test('is their characters below the registrable domain, each host once, and the entropy of long ones', () => {
    const secret = 'k3x9q0z7v1m4c8b2n6l5';
    assert.deepEqual(amountsOf([to('api.stripe.com'), to('api.stripe.com'), to('stripe.com')]), [3, 1, 0]);
    const [bytes, names, entropy] = amountsOf([to(`${secret}.a.evil.example`), to(`${secret}.b.evil.example`)]);
    assert.deepEqual([bytes, names], [42, 2]);
    assert.ok(entropy > 4 && entropy < 4.5);
  });

  test('is not said of hosts without such labels, of cloud services and of addresses', () => {
    for (const host of ['stripe.com', 'photos.s3.eu-west-1.amazonaws.com', '203.0.113.9']) {
      assert.ok(Number.isNaN(amountsOf([to(host)])[0]), host);
    }
  });

  test('never keeps the names themselves', () => {
    const { batch } = decodeRecord(decoder, recordOf([to('k3x9q0z7v1m4c8b2.evil.example')]));
    assert.ok(!JSON.stringify(rowsOf(batch)).includes('k3x9q0'));
  });
});
