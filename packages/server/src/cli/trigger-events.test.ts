import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { gait, linesOf } from './command.contract.ts';

const START_MS = Date.UTC(2026, 0, 5);
const MINUTE_MS = 60_000;
const TWO_DAYS = 2880;

/** An event of the queue `jobs`, or of another one, as `orders` got it. */
function queued(at: number, arn = 'arn:aws:sqs:eu-west-1:123456789012:jobs'): object {
  const attributes = { SentTimestamp: String(START_MS + at * MINUTE_MS), SenderId: '123456789012' };
  const record = {
    messageId: `message-${at}`,
    body: `order ${at}`,
    attributes,
    eventSource: 'aws:sqs',
    eventSourceARN: arn,
  };
  return { Records: [record, { ...record, messageId: `second-${at}` }] };
}

/** A request to the one route of `orders`. */
function requested(at: number): object {
  return {
    resource: '/orders/{id}',
    path: `/orders/${at}`,
    httpMethod: 'GET',
    requestContext: {
      accountId: '123456789012',
      domainName: 'abc.execute-api.eu-west-1.amazonaws.com',
      requestId: `gateway-${at}`,
      requestTimeEpoch: START_MS + at * MINUTE_MS + 500,
      identity: { sourceIp: '198.51.100.7', userAgent: 'curl/8' },
    },
  };
}

function lines(from: number, count: number): string {
  const events = Array.from({ length: count }, (_, at) => [
    queued(from + at),
    ...(at % 4 === 0 ? [requested(from + at)] : []),
  ]);
  return events
    .flat()
    .map((event) => `${JSON.stringify(event)}\n`)
    .join('');
}

/** What CloudWatch lists of one invocation that logs its event: the event, and the report of the platform. */
function logged(at: number, event: object): readonly object[] {
  const timestamp = START_MS + at * MINUTE_MS + 900;
  const request = `00000000-0000-4000-8000-${String(at).padStart(12, '0')}`;
  const times = `Duration: ${20 + (at % 7)} ms\tBilled Duration: 30 ms\tMemory Size: 128 MB\tMax Memory Used: 70 MB`;
  const messages = [
    `${new Date(timestamp).toISOString()}\t${request}\tINFO\t${JSON.stringify(event)}\n`,
    `REPORT RequestId: ${request}\t${times}\t\n`,
  ];
  const logGroupName = '/aws/lambda/orders';
  return messages.map((message, line) => ({ logGroupName, timestamp, message, eventId: `${at}-${line}` }));
}

describe('gait replay of kept trigger events', () => {
  let folder = '';
  const path = (name: string) => join(folder, name);
  after(() => rm(folder, { recursive: true, force: true }));
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'gait-test-'));
    await mkdir(path('normal'));
    await writeFile(path('normal/day-1.ndjson'), lines(0, 1440));
    await writeFile(path('normal/day-2.ndjson'), lines(1440, 1440));
    await writeFile(path('quiet.ndjson'), lines(TWO_DAYS, 300));
    const foreign = queued(TWO_DAYS + 301, 'arn:aws:sqs:eu-west-1:999999999999:jobs');
    await writeFile(path('odd.json'), JSON.stringify(foreign, undefined, 2));
    await writeFile(path('answer.json'), JSON.stringify({ statusCode: 200, body: 'x' }));
  });

  for (const place of [[], ['--account', '123456789012', '--region', 'eu-west-1']]) {
    it(`reports a queue that never fired the function, and nothing else (${place.length === 0 ? 'place not known' : 'place given'})`, async () => {
      const words = [
        '--function',
        'orders',
        '--learn',
        path('normal'),
        '--summary',
        '--data',
        path(`kept-${place.length}`),
      ];
      const { code, stdout, stderr } = await gait('replay', path('quiet.ndjson'), path('odd.json'), ...place, ...words);
      assert.deepEqual([code, stderr], [0, '']);
      const summary = JSON.parse(linesOf(stdout).at(-1) ?? '');
      assert.deepEqual([summary.facets, summary.rejected], [{ trigger: 2880 + 720 + 375 + 1 }, {}]);
      assert.deepEqual([summary.findings, summary.incidents], [1, 1]);
      assert.match(stdout.replaceAll(/\s+/g, ' '), /`orders`( \(\d+\))? was invoked by queue sqs\/jobs@999999999999/);
    });
  }

  it('stays quiet about the sources that were learned', async () => {
    const { stdout } = await gait(
      'replay',
      path('quiet.ndjson'),
      '--function',
      'orders',
      '--learn',
      path('normal'),
      '--summary',
    );
    const summary = JSON.parse(linesOf(stdout).at(-1) ?? '');
    assert.deepEqual([summary.functions, summary.findings], [1, 0]);
  });

  it('shows sources and shares, and that nothing but the trigger can be seen', async () => {
    const shown = await gait('functions', 'orders', '--data', path('kept-4'));
    assert.match(shown.stdout, /triggered by: queue sqs\/jobs 80 %, http GET \/orders\/\{id\} 20 %/);
    const { stdout } = await gait('coverage', '--json', '--data', path('kept-4'));
    const rows = linesOf(stdout).map((line) => JSON.parse(line));
    const lit = rows.filter(({ full, partial }) => full + partial > 0);
    assert.deepEqual(lit, [{ capability: 'trigger source and caller', full: 0, partial: 1, dark: 0 }]);
  });

  it('says what to do about events whose function nobody names, and what an answer is', async () => {
    const { code, stdout } = await gait('replay', path('odd.json'), path('answer.json'), '--summary');
    assert.equal(code, 0);
    assert.match(stdout, /Of an unknown function, and so not judged: 1 event\..* --function NAME/);
    assert.match(stdout, /not-an-event, what a function answers, not what fired it/);
    const { events, functions, rejected } = JSON.parse(linesOf(stdout).at(-1) ?? '');
    assert.deepEqual([events, functions, rejected], [1, 0, { 'not-an-event': 1 }]);
  });

  it('joins the events that a function logs with the reports of the same log', async () => {
    const normal = Array.from({ length: 1440 }, (_, at) => logged(at, queued(at)));
    const odd = logged(1441, queued(1441, 'arn:aws:sqs:eu-west-1:999999999999:jobs'));
    await writeFile(path('log-normal.json'), JSON.stringify({ events: normal.flat() }));
    await writeFile(path('log-odd.json'), JSON.stringify({ events: odd }));
    const place = ['--account', '123456789012', '--region', 'eu-west-1', '--data', path('log')];
    const words = ['--learn', path('log-normal.json'), '--summary', ...place];
    const { code, stdout } = await gait('replay', path('log-odd.json'), ...words);
    assert.equal(code, 0);
    const summary = JSON.parse(linesOf(stdout).at(-1) ?? '');
    assert.deepEqual([summary.facets, summary.rejected], [{ platform: 1441, trigger: 1441 }, {}]);
    assert.deepEqual([summary.functions, summary.findings], [1, 1]);
    assert.match(stdout.replaceAll(/\s+/g, ' '), /`orders` was invoked by queue sqs\/jobs@999999999999/);
    const shown = await gait('functions', 'orders', '--data', path('log'));
    assert.match(shown.stdout, /1,?441 invocations .*\n.*sources: platform, trigger/);
  });
});
