import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { clientClass } from './client.ts';
import { cloudtrailDecoder } from './cloudtrail.ts';
import { assertWellFormed, decodeRecord, rowsOf } from './decoder.contract.ts';
import type { Decoder } from './decoder.ts';
import { destinationOfArn, destinationOfHost, destinationOfUrl, routeTemplate, serviceName } from './destination.ts';
import { functionKey, functionOfArn, functionOfReference, principalOf } from './identity.ts';
import { JSON_DEPTH_MAX, parseJson, parseJsonText } from './json-document.ts';
import { lambdaLogsDecoder } from './lambda-logs.ts';
import { networkPrefix } from './network-prefix.ts';
import { triggerEventDecoder } from './trigger-event.ts';
import { SAMPLE_EVENTS, SAMPLE_LINE, SAMPLE_MESSAGES, SAMPLE_OUTCOME } from './triggers/samples.ts';
import { xrayDecoder } from './xray.ts';

const RUNS = 60 * Number(process.env['GAIT_SEEDS'] ?? 5);
const place = { provider: 'aws', account: '123456789012', region: 'eu-west-1' };
const tokens = {
  epoch: 0,
  person: (value: string) => `person<${value.length}>`,
  network: (value: string) => networkPrefix(value),
};
const declared = { envelopeFunction: 'pay' };

/** Words the formats are made of, so that random documents get further than the first check. */
const KEYS: readonly string[] = [
  'Records',
  'Events',
  'CloudTrailEvent',
  'Segments',
  'Document',
  'Traces',
  'Id',
  'id',
  'name',
  'origin',
  'start_time',
  'end_time',
  'trace_id',
  'parent_id',
  'subsegments',
  'namespace',
  'aws',
  'http',
  'request',
  'response',
  'url',
  'operation',
  'bucket_name',
  'cause',
  'exceptions',
  'eventSource',
  'eventName',
  'eventTime',
  'userIdentity',
  'type',
  'arn',
  'sessionContext',
  'sessionIssuer',
  'requestParameters',
  'responseElements',
  'resources',
  'ARN',
  'messageType',
  'logGroup',
  'logStream',
  'logEvents',
  'events',
  'message',
  'timestamp',
  'time',
  'record',
  'requestId',
  'metrics',
  'durationMs',
  '_aws',
  'event_type',
  'function_name',
  'eventSourceARN',
  'requestContext',
  'identity',
  'authorizer',
  'headers',
  'routeKey',
  'Body',
  'MessageId',
  'detail-type',
  'source',
  'requestPayload',
  '__proto__',
  'constructor',
  'toString',
];
const WORDS: readonly unknown[] = [
  'AWS::Lambda',
  'AWS::Lambda::Function',
  'AWS::ApiGateway::Stage',
  'Invocation',
  'Initialization',
  'remote',
  's3.amazonaws.com',
  'lambda.amazonaws.com',
  'Invoke',
  'UpdateFunctionCode20150331v2',
  'AssumedRole',
  'IAMUser',
  'AWSService',
  'arn:aws:lambda:eu-west-1:123456789012:function:pay',
  'arn:aws:sts::1:assumed-role/pay-role/pay',
  'DATA_MESSAGE',
  'aws:sqs',
  'aws:s3',
  'GET /orders/{id}',
  '/aws/lambda/pay',
  'platform.report',
  'platform.logsDropped',
  'performance',
  '2026-01-31T12:00:00Z',
  'REPORT RequestId: 8f507cfc-1234-4697-b07a-ac58fc914c95\tDuration: 79.67 ms',
  '0123456789abcdef',
  1_760_000_000,
  1_760_000_000_000,
  -1,
  1e308,
  '{"origin":"AWS::Lambda::Function","start_time":1760000000,"name":"pay"}',
];

const document = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    fc.constantFrom(...WORDS),
    fc.jsonValue({ maxDepth: 1 }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc
      .array(fc.tuple(fc.constantFrom(...KEYS), tie('value')), { maxLength: 9 })
      .map((entries) => Object.fromEntries(entries) as unknown),
  ),
})).value;

/** One record a format; chance changes them. */
const TRACE = {
  Id: '1-68e7d000-0123456789abcdef01234567',
  Segments: [
    {
      id: '2000000000000001',
      name: 'pay',
      start_time: 1_760_000_000,
      origin: 'AWS::Lambda',
      aws: { request_id: 'request' },
    },
    {
      id: '3000000000000001',
      name: 'pay',
      parent_id: '2000000000000001',
      start_time: 1_760_000_000,
      end_time: 1_760_000_001,
      origin: 'AWS::Lambda::Function',
      cause: { exceptions: [{ type: 'Error' }] },
      subsegments: [
        { id: '3000000000000002', name: 'Invocation', start_time: 1_760_000_000, end_time: 1_760_000_001 },
        {
          id: '3000000000000003',
          name: 'S3',
          namespace: 'aws',
          aws: { operation: 'GetObject', bucket_name: 'photos' },
        },
        {
          id: '3000000000000004',
          name: 'x',
          namespace: 'remote',
          http: { request: { url: 'https://a.example/b', method: 'GET' } },
        },
      ],
    },
  ],
};
const EVENTS = {
  Records: [
    {
      eventVersion: '1.11',
      userIdentity: {
        type: 'AssumedRole',
        arn: 'arn:aws:sts::123456789012:assumed-role/pay-role/pay',
        sessionContext: { sessionIssuer: { arn: 'arn:aws:iam::123456789012:role/pay-role' } },
      },
      eventTime: '2026-01-31T12:00:00Z',
      eventSource: 'lambda.amazonaws.com',
      eventName: 'UpdateFunctionCode20150331v2',
      requestParameters: { functionName: 'pay', qualifier: 'live' },
      responseElements: { codeSha256: 'Pt1c8vVaBygmNtAeSyjlpdy7r8nHRqJAAL++HEGlQkc=' },
      resources: [{ ARN: 'arn:aws:lambda:eu-west-1:123456789012:function:pay', accountId: '999999999999' }],
      additionalEventData: { bytesTransferredIn: 1, bytesTransferredOut: 2 },
      errorCode: 'AccessDenied',
    },
  ],
};
const LOGS = {
  messageType: 'DATA_MESSAGE',
  owner: '123456789012',
  logGroup: '/aws/lambda/pay',
  logStream: '2026/01/31/[7]0123456789abcdef',
  logEvents: [
    {
      id: '1',
      timestamp: 1_760_000_000_000,
      message: 'REPORT RequestId: 8f507cfc-1234-4697\tDuration: 79.67 ms\tStatus: error',
    },
    {
      id: '2',
      timestamp: 1_760_000_000_000,
      message: '{"type":"platform.report","record":{"requestId":"8f507cfc","metrics":{"durationMs":5}}}',
    },
    {
      id: '3',
      timestamp: 1_760_000_000_000,
      message: '{"_aws":{},"event_type":"performance","function_name":"pay","tmp_max":1,"tmp_free":2}',
    },
  ],
};

/** A sample with up to four of its values, at any depth, replaced by others or taken out. */
function changed(sample: unknown): fc.Arbitrary<unknown> {
  const change = fc.tuple(fc.nat(), fc.oneof(document, fc.constant(undefined), fc.double(), fc.string()));
  return fc.array(change, { maxLength: 4 }).map((changes) => {
    let value = sample;
    for (const [pick, replacement] of changes) value = replaced(value, pathsOf(value), { pick, replacement });
    return value;
  });
}

/** Paths to all values below a value. */
function pathsOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (typeof value !== 'object' || value === null) return [path];
  return [path, ...Object.entries(value).flatMap(([key, item]) => pathsOf(item, [...path, key]))];
}

function replaced(
  value: unknown,
  paths: readonly (readonly string[])[],
  change: { readonly pick: number; readonly replacement: unknown },
): unknown {
  const copy: unknown = structuredClone(value);
  const path = paths[change.pick % paths.length];
  let holder: unknown = copy;
  for (const key of path.slice(0, -1))
    holder = typeof holder === 'object' && holder !== null ? Reflect.get(holder, key) : undefined;
  const last = path.at(-1);
  if (last === undefined || typeof holder !== 'object' || holder === null) return change.replacement;
  Reflect.set(holder, last, change.replacement);
  return copy;
}

const decoders: readonly (readonly [string, Decoder, unknown])[] = [
  ['xray', xrayDecoder, TRACE],
  ['cloudtrail', cloudtrailDecoder, EVENTS],
  ['lambda-logs', lambdaLogsDecoder(undefined, triggerEventDecoder), LOGS],
  [
    'trigger-event',
    triggerEventDecoder,
    [...[...SAMPLE_EVENTS.values()].map(({ event }) => event), SAMPLE_OUTCOME, SAMPLE_LINE, SAMPLE_MESSAGES],
  ],
];

for (const [name, decoder, sample] of decoders) {
  suite(`${name} against chance`, () => {
    test('changed records neither throw nor make malformed rows, and decode twice alike', () => {
      let rows = 0;
      fc.assert(
        fc.property(
          fc.oneof({ weight: 4, arbitrary: changed(sample) }, document),
          fc.boolean(),
          (value, isDeclared) => {
            const text = JSON.stringify(value) ?? '';
            const decoded = decodeRecord(decoder, text, isDeclared ? declared : {});
            assertWellFormed(decoded);
            const again = decodeRecord(decoder, text, isDeclared ? declared : {});
            assert.deepEqual(rowsOf(again.batch), rowsOf(decoded.batch));
            rows += decoded.batch.rows;
          },
        ),
        { seed: 8, numRuns: RUNS },
      );
      assert.ok(rows > RUNS / 2, `only ${rows} rows in ${RUNS} runs: chance does not get deep enough`);
    });

    test('bytes of any kind neither throw nor make malformed rows', () => {
      fc.assert(
        fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.string({ maxLength: 300 })), (bytes) => {
          assertWellFormed(decodeRecord(decoder, bytes, declared));
        }),
        { seed: 7, numRuns: RUNS },
      );
    });

    test('a sniff is a number from 0 to 1', () => {
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 100 }), fc.string(), (bytes, file) => {
          const certainty = decoder.sniff(bytes, file);
          assert.ok(certainty >= 0 && certainty <= 1);
        }),
        { seed: 6, numRuns: RUNS },
      );
    });
  });
}

suite('names against chance', () => {
  const runs = { seed: 5, numRuns: RUNS };

  test('a parser of documents gives a value or a reason, and never a value deeper than the limit', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.nat({ max: 200 }).map((depth) => '['.repeat(depth) + ']'.repeat(depth)),
        ),
        (text) => {
          const bytes = new TextEncoder().encode(text);
          const fromBytes = parseJson(bytes, 0, bytes.length);
          assert.deepEqual(parseJsonText(text), fromBytes);
          if ('value' in fromBytes) assert.ok(depthOf(fromBytes.value) <= JSON_DEPTH_MAX);
        },
      ),
      runs,
    );
  });

  test('a function key always has four parts, of which only the last can hold a colon', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string(), fc.string(), (provider, account, region, name) => {
        const parts = functionKey({ provider, account, region }, name).split(':');
        assert.ok(parts.length >= 4 && parts.slice(0, 3).every((part) => part !== ''));
        assert.equal(parts.slice(3).join(':'), name === '' ? '?' : name);
      }),
      runs,
    );
  });

  test('any text is a function or none', () => {
    const reference = fc.oneof(
      fc.string(),
      fc.string().map((tail) => `arn:aws:lambda:eu-west-1:123456789012:function:${tail}`),
    );
    fc.assert(
      fc.property(reference, (text) => {
        for (const found of [functionOfArn(text), functionOfReference(text, place)]) {
          if (found !== undefined) assert.match(found.key, /^aws:[^:]+:[^:]+:[^:]+$/);
        }
      }),
      runs,
    );
  });

  test('any identity is a principal of a known kind, and a person is never named in clear', () => {
    const kinds = ['', 'person', 'role', 'service', 'function', 'account', 'anonymous'];
    fc.assert(
      fc.property(document, (identity) => {
        const found = principalOf(identity, { tokens, place });
        assert.ok(kinds.includes(found.kind));
        if (found.kind === 'person') assert.match(found.principal, /^person<\d+>/);
      }),
      runs,
    );
  });

  test('any host, URL, ARN, path and agent has a name or none', () => {
    const host = fc.oneof(fc.string(), fc.domain(), fc.ipV4(), fc.ipV6(), fc.ipV4Extended(), fc.webAuthority());
    fc.assert(
      fc.property(host, fc.webUrl(), fc.string(), (name, url, text) => {
        const key = destinationOfHost(name, text);
        assert.equal(
          destinationOfHost(key.replace(/^address:/, '').replace(/#.*$/, '')).split('/', 1)[0],
          key.replace(/#.*$/, '').split('/', 1)[0],
        );
        assert.notEqual(destinationOfUrl(url), '');
        assert.equal(destinationOfArn(text, ''), '');
        assert.match(routeTemplate(text), /^\/([A-Za-z0-9_{}-]+(\/[A-Za-z0-9_{}-]+){0,5})?$/);
        assert.match(serviceName(text), /^[a-z][a-z0-9.-]*$/);
        assert.equal(typeof clientClass(text), 'string');
      }),
      runs,
    );
  });

  test('neighbours share a network prefix, and only addresses have one', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.nat({ max: 255 }), fc.ipV6(), fc.string(), (v4, last, v6, text) => {
        assert.equal(networkPrefix(v4.replace(/\d+$/, String(last))), networkPrefix(v4));
        assert.match(networkPrefix(v6), /(::\/48|\.0\/24)$/);
        if (!/^[0-9a-f:.%]+$/i.test(text)) assert.equal(networkPrefix(text), '');
      }),
      runs,
    );
  });
});

function depthOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Math.max(0, ...Object.values(value).map(depthOf));
}
