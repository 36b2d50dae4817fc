import { Command, InvalidArgumentError, Option } from 'commander';
import { loadConfig } from '../config.ts';
import { type RunningServer, serve } from '../main.ts';
import { onInterrupt } from './interrupt.ts';
import { print, say } from './output.ts';

/** Shortest model day, ms: a demonstration of a month takes a minute then. */
const TEMPO_MS_MIN = 1_000;

/**
 * What is still under way when everything is saved has this long, ms: requests to a provider that does not answer would keep
 * the process for half a minute. What they were for is in the log, and the next start goes on with it.
 */
const LEFT_MS_MAX = 1_000;

interface Options {
  readonly config?: string;
  readonly data?: string;
  readonly port?: number;
  readonly tempo?: number;
  readonly json?: true;
}

/** `gait serve`: takes telemetry over HTTP, judges it as it comes, and answers what people and programs ask. */
export function serveCommand(): Command {
  return new Command('serve')
    .description('Take telemetry over HTTP, judge it as it comes, and show what stands out.')
    .option('--config <file>', 'configuration (YAML or JSON); everything has a default')
    .option('--data <folder>', 'data folder; overrides the configuration')
    .option('--port <number>', 'port; overrides the configuration, 0 takes a free one', parsePort)
    .addOption(
      new Option('--tempo <seconds>', 'length of a model day of a new data folder, for demonstrations').argParser(
        parseTempo,
      ),
    )
    .option('--json', 'what happens as JSON, one object a line')
    .addHelpText('after', HELP_AFTER)
    .action(run);
}

const HELP_AFTER = `
Listens on 127.0.0.1:4318 unless the configuration says otherwise (docs/reference/config.md). The first start shows a
token of the administrator, once; \`gait token create\` makes those that senders need.

Ctrl-C ends it in order: nothing more is taken, what was taken is judged, the state is saved. A second Ctrl-C ends it at
once, which loses nothing that was acknowledged.

Exit status: 0 ended in order, 1 it could not start or save, 2 the command line makes no sense.`;

async function run(options: Options): Promise<void> {
  const config = await loadConfig(options.config, {
    ...(options.data === undefined ? {} : { data: options.data }),
    ...(options.port === undefined ? {} : { listen: { port: options.port } }),
  });
  const stop = Promise.withResolvers<void>();
  const release = onInterrupt(() => stop.resolve());
  const server = await serve(config, options.tempo === undefined ? {} : { tempoMs: options.tempo });
  try {
    announce(server, config.data, options.json === true);
    await stop.promise;
    if (options.json !== true)
      say('Ending: nothing more is taken; saving what was learned. Ctrl-C again ends at once.\n');
  } finally {
    // Within half a second another signal is the same one; after it, it ends the process.
    await server.close();
    release();
    // Unless nothing is left by then, so that the process ends by itself.
    setTimeout(() => process.exit(), LEFT_MS_MAX).unref();
  }
  if (options.json === true) print(`${JSON.stringify({ event: 'closed' })}\n`);
}

function announce({ url, administrator }: RunningServer, data: string, json: boolean): void {
  if (json) {
    if (administrator !== undefined) print(`${JSON.stringify({ event: 'administrator', token: administrator })}\n`);
    print(`${JSON.stringify({ event: 'listening', url, data })}\n`);
    return;
  }
  print(`Gait listens on ${url} and keeps everything in ${data}.\n`);
  if (administrator !== undefined) {
    print(`\nToken of the administrator, shown this once:\n\n  ${administrator}\n\n`);
  }
}

function parsePort(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= 65_535) return port;
  throw new InvalidArgumentError('Write a number from 0 to 65535.');
}

function parseTempo(text: string): number {
  const tempoMs = Number(text) * 1000;
  if (Number.isFinite(tempoMs) && tempoMs >= TEMPO_MS_MIN) return tempoMs;
  throw new InvalidArgumentError('Write a number of seconds, at least 1.');
}
