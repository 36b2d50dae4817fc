import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { type DecodedRow, decodeRecord, rowsOf } from '../decoder.contract.ts';
import { ownArray } from '../json-document.ts';
import { encodeRequest, START_MS, traceRequest } from '../otlp/otlp.contract.ts';
import { otlpJsonDecoder } from '../otlp/otlp-json.ts';
import { arrayIn, jsonGroups, protobufGroups } from './groups.ts';
import { answered, ingestServer, NOW_MS } from './ingest-server.contract.ts';
import { WHOLE_BYTES_MAX } from './limits.ts';
import { Slice } from './turns.ts';

const now = () => START_MS + 1000;
const JSON_TYPE = { 'content-type': 'application/json' };
const PROTOBUF = { 'content-type': 'application/x-protobuf' };

/** Entries of many sandboxes; texts hold what could be taken for structure. */
const ENTRIES = Array.from({ length: 40 }, (_, at) =>
  ownArray(
    traceRequest([
      { 'faas.name': 'pay', 'cloud.platform': 'aws_lambda', 'cloud.region': 'eu-west-1', 'faas.instance': `i-${at}` },
      [
        {
          trace: (at + 16).toString(16),
          id: (at + 16).toString(16),
          kind: 'server',
          attributes: {
            'faas.trigger': 'http',
            'faas.invocation_id': `r-${at}`,
            'x.y': `],[{"\\"}, ${'x'.repeat(1000)}`,
          },
        },
      ],
    ]),
    'resourceSpans',
  ),
).flat();

const documentOf = (entries: readonly unknown[]) =>
  `{"resourceSpans":[${entries.map((each) => JSON.stringify(each)).join(',')}]}`;
const idsOf = (rows: readonly DecodedRow[]) => rows.map((row) => row['requestId']);
const groupsOf = async (text: string, groupBytes: number, key = 'resourceSpans') => {
  const bytes = Buffer.from(text);
  const place = arrayIn(bytes, key);
  return place && jsonGroups(bytes, place, { groupBytes, slice: new Slice(0) });
};

suite('cutting large documents', () => {
  test('groups of a JSON document are documents with the same rows, whatever their size', async () => {
    const text = documentOf(ENTRIES);
    const whole = rowsOf(decodeRecord(otlpJsonDecoder(), text).batch);
    for (const groupBytes of [1, 1000, 5000, 1_000_000]) {
      const groups = (await groupsOf(text, groupBytes)) ?? [];
      const parts = groups.map(({ from, to }) => `{"resourceSpans":[${text.slice(from, to)}]}`);
      const rows = parts.flatMap((part) => [...rowsOf(decodeRecord(otlpJsonDecoder(), part).batch)]);
      assert.deepEqual(rows, whole);
    }
    assert.equal((await groupsOf(text, 1))?.length, ENTRIES.length);
  });

  test('what is not nothing but one array is not cut', async () => {
    for (const text of [
      '{"resourceSpans":[{}],"more":[1]}',
      '{"resourceSpans":[{]}',
      '{"resourceSpans":["]}',
      '{"a":[]}',
      '',
    ]) {
      assert.equal(await groupsOf(text, 1), undefined, text);
    }
    assert.equal((await groupsOf('[1,"],",{"a":[2,3]}]', 1, ''))?.length, 3);
  });

  test('groups of a protobuf message cover it, and a damaged frame is not cut', () => {
    const bytes = Buffer.from(encodeRequest({ resourceSpans: ENTRIES }));
    const groups = protobufGroups(bytes, 3000) ?? [];
    assert.ok(groups.length > 5);
    assert.equal(groups.at(0)?.from, 0);
    assert.equal(groups.at(-1)?.to, bytes.length);
    for (const [at, group] of groups.entries()) assert.equal(group.from, at === 0 ? 0 : groups[at - 1]?.to);
    assert.equal(protobufGroups(bytes.subarray(0, bytes.length - 1), 3000), undefined);
  });
});

suite('large requests', () => {
  /** Entries repeated beyond what is decoded in one go, each with invocations of its own. */
  const many = Array.from(
    { length: Math.ceil((1.2 * WHOLE_BYTES_MAX) / documentOf(ENTRIES).length) },
    () => ENTRIES,
  ).flat();

  test('a request of many resources gives the same rows as a small one of each, in both types', async (t) => {
    const server = await ingestServer(t, { now });
    const text = documentOf(many);
    assert.ok(text.length > WHOLE_BYTES_MAX);
    assert.deepEqual(await answered(await server.post('/v1/traces', text, JSON_TYPE)), {});
    const rows = await server.rows();
    assert.deepEqual(
      idsOf(rows),
      many.map((_, at) => `r-${at % ENTRIES.length}`),
    );
    const binary = new Uint8Array(encodeRequest({ resourceSpans: many }));
    assert.equal((await server.post('/v1/traces', binary, PROTOBUF)).status, 200);
    assert.equal((await server.rows()).length, 2 * rows.length);
    assert.ok(server.counters.sum('gait_ingest_notes_total', { note: 'document-split' }) > 0);
  });

  test('damage anywhere in a large request is 400, and nothing of it is appended', async (t) => {
    const server = await ingestServer(t, { now });
    const text = documentOf(many);
    const last = text.lastIndexOf('"spanId":');
    const damaged = `${text.slice(0, last)}!${text.slice(last)}`;
    assert.equal((await server.post('/v1/traces', damaged, JSON_TYPE)).status, 400);
    assert.equal((await server.post('/v1/traces', text.slice(0, -40), JSON_TYPE)).status, 400);
    assert.deepEqual(await server.rows(), []);
  });

  test('a large array of the Telemetry API is read to its end', async (t) => {
    const server = await ingestServer(t);
    const report = (at: number) => ({
      time: new Date(NOW_MS - 1000).toISOString(),
      type: 'platform.report',
      record: { requestId: `8f507cfc-1234-4697-b07a-${String(at).padStart(12, '0')}`, metrics: { durationMs: 1 } },
    });
    const body = JSON.stringify(Array.from({ length: 10_000 }, (_, at) => report(at)));
    const { accepted, rejected } = await answered(await server.post('/v1/telemetry', body, {}, 'pay'));
    assert.deepEqual([accepted, rejected], [10_000, 0]);
  });
});
