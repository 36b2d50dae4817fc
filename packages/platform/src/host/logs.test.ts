import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TelemetryEvent } from '../contract.ts';
import { LINE_BYTES_MAX, LOG_BYTES_PER_INVOCATION_MAX } from './limits.ts';
import { LineSplitter } from './line-splitter.ts';
import { startTestHost, type TestHost } from './test-functions.ts';

/** Runs one test with a host of its own. */
const withHost = (run: (test: TestHost) => Promise<void>) => async () => {
  const test = await startTestHost();
  try {
    await run(test);
  } finally {
    await test.close();
  }
};

describe('the log of a sandbox', () => {
  it(
    'has Lambda’s records in order, delivered when the caller has its answer',
    withHost(async (test) => {
      const f = test.make({
        'index.mjs':
          'export const handler = async () => { console.log("a\\nb"); process.stdout.write("raw\\n"); console.error("c") }',
      });
      const { requestId } = await test.call(f);
      assert.deepEqual(types(test.events()), [
        'platform.initStart',
        'platform.initRuntimeDone',
        'platform.initReport',
        'platform.start',
        'function',
        'function',
        'function',
        'platform.runtimeDone',
        'platform.report',
      ]);
      const lines = test
        .events()
        .filter((event) => event.type === 'function')
        .map((event) => String(event.record));
      assert.match(lines[0] ?? '', new RegExp(`^\\d{4}-\\d\\d-\\d\\dT[0-9:.]+Z\\t${requestId}\\tINFO\\ta\\rb$`));
      assert.equal(lines[1], 'raw');
      assert.match(lines[2] ?? '', /\tERROR\tc$/);
      const [delivery] = test.deliveries;
      assert.equal(delivery?.logGroup, `/aws/lambda/${f.name}`);
      assert.match(delivery?.logStream ?? '', /^\d{4}\/\d\d\/\d\d\/\[\$LATEST\][0-9a-f]{32}$/);
      assert.ok(test.events().every((event) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(event.time)));
    }),
  );

  it(
    'reports a cold start once, and what was used',
    withHost(async (test) => {
      const f = test.make({ 'index.mjs': 'export const handler = async () => 1' });
      await test.call(f);
      await test.call(f);
      const [cold, warm] = reports(test.events());
      assert.equal(typeof cold?.metrics['initDurationMs'], 'number');
      assert.equal(warm?.metrics['initDurationMs'], undefined);
      for (const report of [cold, warm]) {
        assert.equal(report?.status, 'success');
        assert.equal(report?.metrics['memorySizeMB'], 512);
        assert.ok(Number(report?.metrics['maxMemoryUsedMB']) > 20);
        assert.ok(Number(report?.metrics['billedDurationMs']) >= Number(report?.metrics['durationMs']));
      }
    }),
  );

  const failures: readonly (readonly [string, string, string, string | undefined])[] = [
    [
      'an error of the handler',
      'export const handler = async () => { throw new Error("x") }',
      'error',
      'Runtime.Unknown',
    ],
    ['an exit', 'export const handler = async () => process.exit(1)', 'failure', 'Runtime.ExitError'],
    [
      'a time-out',
      'export const handler = () => new Promise((r) => setTimeout(r, 60000))',
      'timeout',
      'Sandbox.Timedout',
    ],
    ['a failed start', 'throw new Error("x")', 'error', 'Runtime.Unknown'],
    ['an exit while loading', 'process.exit(1)', 'failure', 'Runtime.ExitError'],
  ];
  for (const [what, code, status, errorType] of failures) {
    it(
      `says how ${what} ended`,
      withHost(async (test) => {
        const { requestId } = await test.call(test.make({ 'index.mjs': code }, { timeoutMs: 1_000 }));
        const [report] = reports(test.events());
        assert.deepEqual([report?.requestId, report?.status, report?.errorType], [requestId, status, errorType]);
        const done = test.events().find((event) => event.type === 'platform.runtimeDone')?.record;
        assert.equal(field(done, 'status'), status);
        assert.equal(test.events().filter((event) => event.type === 'platform.start').length, 1);
      }),
    );
  }

  it(
    'keeps what one invocation may write, counts the rest, and starts anew with the next',
    withHost(async (test) => {
      const f = test.make({
        'index.mjs': `export const handler = async (e) => { const line = 'x'.repeat(999) + '\\n'; for (let n = 0; n < e.lines; n += 1) process.stdout.write(line) }`,
      });
      await test.call(f, { lines: 10_000 });
      const lines = test.events().filter((event) => event.type === 'function').length;
      assert.equal(lines, Math.floor(LOG_BYTES_PER_INVOCATION_MAX / 999));
      const dropped = test.events().find((event) => event.type === 'platform.logsDropped')?.record;
      assert.equal(field(dropped, 'droppedRecords'), 10_000 - lines);
      assert.equal(field(dropped, 'droppedBytes'), (10_000 - lines) * 999);
      assert.equal(types(test.events()).at(-1), 'platform.report');
      await test.call(f, { lines: 1 });
      assert.equal(test.events().filter((event) => event.type === 'function').length, lines + 1);
      assert.equal(test.events().filter((event) => event.type === 'platform.logsDropped').length, 1);
    }),
  );

  it(
    'has the last words of a function that exits, even without a line end',
    withHost(async (test) => {
      const f = test.make({
        'index.mjs': 'export const handler = async () => { process.stdout.write("last words"); process.exit(1) }',
      });
      await test.call(f);
      assert.ok(test.lines().includes('last words'));
    }),
  );
});

describe('cutting a stream into lines', () => {
  const split = (...chunks: string[]) => {
    const lines: (readonly [string, number])[] = [];
    const splitter = new LineSplitter((line, cut) => lines.push([line, cut]));
    for (const chunk of chunks) splitter.push(Buffer.from(chunk));
    splitter.flush();
    return lines;
  };

  it('does not depend on how it comes in', () => {
    const expected = [
      ['one', 0],
      ['', 0],
      ['twö', 0],
      ['rest', 0],
    ];
    assert.deepEqual(split('one\n\ntwö\r\nrest'), expected);
    const bytes = Buffer.from('one\n\ntwö\r\nrest');
    const lines: unknown[] = [];
    const splitter = new LineSplitter((line, cut) => lines.push([line, cut]));
    for (const byte of bytes) splitter.push(Buffer.from([byte]));
    splitter.flush();
    assert.deepEqual(lines, expected);
  });

  it('cuts what is too long and says how much', () => {
    const [first, second] = split('a'.repeat(LINE_BYTES_MAX + 5), 'bc\nnext\n');
    assert.equal(first?.[0].length, LINE_BYTES_MAX);
    assert.equal(first?.[1], 7);
    assert.deepEqual(second, ['next', 0]);
  });
});

interface Report {
  readonly requestId: unknown;
  readonly status: unknown;
  readonly errorType: unknown;
  readonly metrics: Readonly<Record<string, unknown>>;
}

function types(events: readonly TelemetryEvent[]): string[] {
  return events.map((event) => event.type);
}

function reports(events: readonly TelemetryEvent[]): Report[] {
  return events
    .filter((event) => event.type === 'platform.report')
    .map(({ record }) => ({
      requestId: field(record, 'requestId'),
      status: field(record, 'status'),
      errorType: field(record, 'errorType'),
      metrics: Object.fromEntries(Object.entries(field(record, 'metrics') ?? {})),
    }));
}

function field(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined;
}
