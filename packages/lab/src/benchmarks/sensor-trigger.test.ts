import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type Trigger, triggerOf } from '@gait/sensor/collect/trigger';
import { keyedBy } from '@gait/sensor/keyed';
import { SAMPLE_EVENTS } from '@gait/server/ingest/triggers/samples';

const CONTEXT = { keyed: keyedBy('key'), home: '123456789012' };

/** Kinds of events that the sensor reads; of the others it says less than the server does with the whole event. */
const READ = [
  'REST API',
  'HTTP API',
  'function URL',
  'WebSocket API',
  'load balancer',
  'S3 notification',
  'SQS queue',
  "another account's SQS queue",
  'SNS topic',
  'DynamoDB stream',
  'Kinesis stream',
  'SES receipt',
  'Kafka topic',
  'Firehose transformation',
  'schedule',
  'EventBridge',
];

function sample(name: string) {
  const found = SAMPLE_EVENTS.get(name);
  assert.ok(found, name);
  return { told: triggerOf(found.event, CONTEXT), says: found.says };
}

suite('what fired an invocation', () => {
  for (const name of READ) {
    test(`is the same to the sensor and to the server that reads the kept event: ${name}`, () => {
      const { told, says } = sample(name);
      for (const field of [
        'triggerKind',
        'triggerSource',
        'principalKind',
        'client',
        'country',
        'batchSize',
      ] as const) {
        assert.equal(told[field] ?? '', says[field] ?? '', field);
      }
      if (told.principalKind === 'person') assert.match(String(told.principal), /^[0-9a-f]{16}$/);
      else assert.equal(told.principal ?? '', says['principal'] ?? '');
    });
  }

  test('is never told by the sensor in other words than by the server', () => {
    for (const name of SAMPLE_EVENTS.keys()) {
      const { told, says } = sample(name);
      const agrees = (field: keyof Trigger, silence: string) =>
        [says[field] ?? '', silence].includes((told[field] ?? '') as string);
      assert.ok(agrees('triggerKind', 'other'), `${name}: kind ${told.triggerKind}`);
      assert.ok(agrees('triggerSource', ''), `${name}: source ${told.triggerSource}`);
      assert.ok(agrees('principalKind', ''), `${name}: principal ${told.principalKind}`);
    }
  });

  test('has the network of the caller, never the address', () => {
    const { told } = sample('HTTP API');
    assert.equal(told.network, '198.51.100.0');
  });
});
