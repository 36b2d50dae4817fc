import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { ATTACKS } from './attacks.ts';
import { BENIGN_UNTIL_MS, END_MS } from './calendar.ts';
import { FUNCTIONS, NAMES } from './company.ts';
import { DEMO_SEED, demoRecording } from './demo.ts';

const FOLDER = resolve(import.meta.dirname, '../../../../fixtures/demo');
const PACKED_BYTES_MAX = 3_000_000;

const recording = demoRecording(DEMO_SEED);
const telemetry = [...recording].filter(([name]) => name !== 'truth.json');
const sensorLines = ['normal', 'today'].map((folder) => recording.get(`${folder}/sensor.ndjson`) ?? '').join('');

describe('the recording of the demonstration', () => {
  test('is what the generator makes, byte for byte', () => {
    const stored = ['normal', 'today'].flatMap((folder) =>
      readdirSync(join(FOLDER, folder)).map((name) => `${folder}/${name.replace(/\.gz$/, '')}`),
    );
    assert.deepEqual(stored.sort(), telemetry.map(([name]) => name).sort());
    for (const [name, text] of telemetry) {
      const bytes = gunzipSync(readFileSync(join(FOLDER, `${name}.gz`)));
      assert.ok(bytes.equals(Buffer.from(text)), `${name} differs: run packages/lab/src/datasets/main.ts`);
    }
    assert.equal(readFileSync(join(FOLDER, 'truth.json'), 'utf8'), recording.get('truth.json'));
  });

  test('stays small', () => {
    const bytes = telemetry.map(([name]) => statSync(join(FOLDER, `${name}.gz`)).size);
    assert.ok(bytes.reduce((sum, size) => sum + size, 0) <= PACKED_BYTES_MAX, `${bytes}`);
  });

  test('depends on the seed and nothing else', () => {
    const again = demoRecording(DEMO_SEED);
    for (const [name, text] of recording) assert.ok(again.get(name) === text, name);
    const other = demoRecording(DEMO_SEED + 1);
    for (const [name, text] of recording) assert.ok(other.get(name) !== text, name);
  });

  test('has every attack after the two benign days, with records to show for it', () => {
    const { attacks } = truth();
    assert.deepEqual(
      attacks.map(({ id }) => id),
      ATTACKS.map(({ id }) => id),
    );
    const everything = telemetry.map(([, text]) => text).join('');
    for (const { id, fromMs, toMs, requestIds, eventIds } of attacks) {
      assert.ok(fromMs >= BENIGN_UNTIL_MS && toMs <= END_MS, id);
      assert.ok(requestIds.length + eventIds.length >= 4, id);
      for (const reference of [...requestIds, ...eventIds])
        assert.ok(everything.includes(reference), `${id} ${reference}`);
    }
  });

  test('shows what the attacks do in the attacked hours only', () => {
    const marks = ['"exec:', 'velo-metrics.example', '"cch":', '"cc":"PA"', 'Boto3', 'ListBuckets', 'AddPermission'];
    const texts = (folder: string) =>
      telemetry
        .filter(([name]) => name.startsWith(folder))
        .map(([, text]) => text)
        .join('');
    for (const mark of marks) {
      assert.ok(!texts('normal/').includes(mark), mark);
      assert.ok(texts('today/').includes(mark), mark);
    }
  });

  test('has telemetry of every function, in order of time', () => {
    const everything = telemetry.map(([, text]) => text).join('');
    for (const { name } of FUNCTIONS) assert.ok(everything.includes(name), name);
    const times = sensorLines.matchAll(/^\{"gait":1,"t":(\d+)/gm);
    const inOrder = [...times].map(([, time]) => Number(time));
    assert.ok(inOrder.length > 10_000);
    assert.deepEqual(
      inOrder.toSorted((a, b) => a - b),
      inOrder,
    );
  });

  test('names what it invented, for the check that the product knows none of it', () => {
    const everything = [...recording.values()].join('');
    for (const name of NAMES) assert.ok(everything.includes(name), name);
  });
});

interface Truth {
  readonly attacks: readonly {
    readonly id: string;
    readonly fromMs: number;
    readonly toMs: number;
    readonly requestIds: readonly string[];
    readonly eventIds: readonly string[];
  }[];
}

function truth(): Truth {
  const parsed: Truth = JSON.parse(recording.get('truth.json') ?? '');
  return parsed;
}
