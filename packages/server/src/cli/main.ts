import { Command, CommanderError } from 'commander';
import { coverageCommand } from './coverage.ts';
import { evidenceCommand } from './evidence.ts';
import { explainCommand } from './explain.ts';
import { failure } from './failure.ts';
import { functionsCommand } from './functions.ts';
import { rebuildStoreCommand } from './rebuild-store.ts';
import { replayCommand } from './replay.ts';
import { verifyCommand } from './verify.ts';
import { VERSION } from './version.ts';

/** Exit status of a run that was interrupted by Ctrl-C: 128 + SIGINT. */
const INTERRUPTED = 130;
/** Exit status of a command line that makes no sense. */
const USAGE = 2;

/**
 * The command line. Exit status: 0 done, 1 something could not be read or verified, 2 the command line makes no sense,
 * 130 interrupted.
 */
export async function main(argv: readonly string[]): Promise<void> {
  const interrupt = new AbortController();
  process.once('SIGINT', () => interrupt.abort(new DOMException('Interrupted.', 'AbortError')));
  process.once('SIGTERM', () => interrupt.abort(new DOMException('Interrupted.', 'AbortError')));
  const program = new Command('gait')
    .description('Learns how each serverless function behaves and says what does not belong.')
    .version(VERSION)
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText('after', HELP_AFTER);
  const commands = [replayCommand, functionsCommand, explainCommand, coverageCommand, verifyCommand, evidenceCommand];
  for (const make of [...commands, rebuildStoreCommand]) program.addCommand(make(interrupt.signal).exitOverride());
  try {
    await program.parseAsync([...argv]);
  } catch (error) {
    process.exitCode = statusOf(error, interrupt.signal);
  }
}

const HELP_AFTER = `
Examples:
  $ gait replay traces/ --learn last-week/          learn from last week, judge the traces
  $ gait replay cloudtrail/ --data ./gait-data      keep log, findings and what was learned
  $ gait functions --data ./gait-data               what is normal for each function
  $ gait explain 3f2a --data ./gait-data            one finding in full`;

function statusOf(error: unknown, signal: AbortSignal): number {
  if (signal.aborted) {
    process.stderr.write('Interrupted. What was acknowledged is kept.\n');
    return INTERRUPTED;
  }
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
  process.stderr.write(`gait: ${failure(error)}\n`);
  return 1;
}
