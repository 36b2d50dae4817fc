/**
 * Measures what the built sensor adds to a handler, paired inside one process: blocks of bare and watched invocations, and
 * of a bare handler that writes one line, take turns. Arguments: path of the sensor, `trivial` or `http`, rounds,
 * invocations a block. Writes one JSON line to descriptor 3: `SensorCellResult`; the output is the sensor's.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { writeSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { createRequire } from 'node:module';
import { median } from './report.ts';

/** CPU time of this process per invocation, µs. */
export interface SensorCellResult {
  readonly bareUs: number;
  /** Medians of the differences within a round. */
  readonly addedUs: number;
  readonly writeUs: number;
}

/** The yardstick: what a function that logs one line of its own pays. */
const YARDSTICK = `${'x'.repeat(289)}\n`;
const WARM_UP_INVOCATIONS = 3000;

type Handler = (event: object, context: object) => Promise<unknown>;

/** A server in a process of its own, so that its CPU time is not counted. */
const SERVER = `
const server = require('node:http').createServer((request, response) => { request.resume(); response.end('{"ok":true}'); });
server.keepAliveTimeout = 60000;
server.listen(0, '127.0.0.1', () => process.stdout.write(String(server.address().port)));
process.stdin.resume().on('end', () => process.exit());
`;

async function served(): Promise<{ readonly port: number; readonly server: ChildProcess }> {
  const server = spawn(process.execPath, ['-e', SERVER], { stdio: ['pipe', 'pipe', 'inherit'] });
  const port = await new Promise<number>((resolve) => server.stdout.once('data', (text) => resolve(Number(text))));
  return { port, server };
}

function caller(port: number): Handler {
  const agent = new Agent({ keepAlive: true });
  return () =>
    new Promise((resolve, reject) => {
      const call = request({ agent, host: '127.0.0.1', port, path: '/orders/17' }, (response) => {
        response.resume().once('end', () => resolve({ ok: true }));
      });
      call.once('error', reject).end();
    });
}

let invocations = 0;

/** As Lambda makes one: everything is new for each invocation. */
function contextOf(): object {
  return {
    awsRequestId: `8f2c0c2e-6f4e-4c6e-9b52-${String(++invocations).padStart(12, '0')}`,
    invokedFunctionArn: 'arn:aws:lambda:eu-west-1:123456789012:function:pay',
    getRemainingTimeInMillis: () => 30_000,
  };
}

async function block(handler: Handler, count: number): Promise<number> {
  const before = process.cpuUsage();
  for (let turn = 0; turn < count; turn++) await handler({ order: turn, lines: [{ sku: 'a' }] }, contextOf());
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

async function main(sensor: string, kind: string, plan: { rounds: number; count: number }): Promise<SensorCellResult> {
  const { watch }: { watch(handler: Handler): Handler } = createRequire(import.meta.url)(sensor);
  const place = kind === 'http' ? await served() : undefined;
  const bare: Handler = place === undefined ? async () => ({ ok: true }) : caller(place.port);
  const watched = watch(bare);
  const writing: Handler = async (event, context) => {
    const result = await bare(event, context);
    writeSync(1, YARDSTICK);
    return result;
  };
  const warm = Math.min(WARM_UP_INVOCATIONS, plan.count * 3);
  for (const handler of [bare, watched, writing]) await block(handler, warm);
  const rounds: { bare: number; watched: number; writing: number }[] = [];
  for (let round = 0; round < plan.rounds; round++) {
    rounds.push({
      bare: await block(bare, plan.count),
      watched: await block(watched, plan.count),
      writing: await block(writing, plan.count),
    });
  }
  place?.server.stdin?.end();
  return {
    bareUs: median(rounds.map((round) => round.bare)),
    addedUs: median(rounds.map((round) => round.watched - round.bare)),
    writeUs: median(rounds.map((round) => round.writing - round.bare)),
  };
}

if (import.meta.main) {
  const [sensor, kind, rounds, count] = process.argv.slice(2);
  const result = await main(sensor, kind, { rounds: Number(rounds), count: Number(count) });
  writeSync(3, JSON.stringify(result));
  process.exit();
}
