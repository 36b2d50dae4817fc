import { Command, CommanderError } from 'commander';
import { backtestCommand } from './backtest.ts';
import { coverageCommand } from './coverage.ts';
import { evidenceCommand } from './evidence.ts';
import { explainCommand } from './explain.ts';
import { failure, UsageError } from './failure.ts';
import { feedbackCommand } from './feedback.ts';
import { findingsCommand } from './findings.ts';
import { functionsCommand } from './functions.ts';
import { Interrupted } from './interrupt.ts';
import { print, say, tolerateClosedPipes } from './output.ts';
import { rebuildStoreCommand } from './rebuild-store.ts';
import { releaseCommand } from './release.ts';
import { replayCommand } from './replay.ts';
import { respondCommand } from './respond.ts';
import { rollBackCommand } from './roll-back.ts';
import { serveCommand } from './serve.ts';
import { tokenCommand } from './token.ts';
import { verifyCommand } from './verify.ts';
import { VERSION } from './version.ts';

/** Exit status when something could not be read, found or verified. */
const FAILED = 1;
/** Exit status of a command line that makes no sense. */
const USAGE = 2;

/**
 * The command line. Exit status: 0 done, 1 something could not be read, found or verified, 2 the command line makes no
 * sense, 130 interrupted by Ctrl-C (143 by SIGTERM).
 */
export async function main(argv: readonly string[]): Promise<void> {
  tolerateClosedPipes();
  try {
    await program().parseAsync([...argv]);
  } catch (error) {
    process.exitCode = statusOf(error);
  }
}

function program(): Command {
  const gait = new Command('gait')
    .description('Learns how each serverless function behaves and says what does not belong.')
    .version(VERSION)
    .addHelpText('after', HELP_AFTER);
  const commands = [
    serveCommand(),
    replayCommand(),
    findingsCommand(),
    explainCommand(),
    feedbackCommand(),
    functionsCommand(),
    coverageCommand(),
    backtestCommand(),
    verifyCommand(),
    evidenceCommand(),
    rebuildStoreCommand(),
    tokenCommand(),
    respondCommand(),
    releaseCommand(),
    rollBackCommand(),
  ];
  for (const command of commands) gait.addCommand(command);
  settle(gait);
  return gait;
}

/** Lets a command and those below it throw instead of ending the process, and write as the rest does. */
function settle(command: Command): void {
  command.exitOverride().configureOutput({ writeOut: print, writeErr: say });
  for (const below of command.commands) settle(below);
}

const HELP_AFTER = `
Examples:
  $ gait replay traces/ --learn last-week/          learn from last week, judge the traces
  $ gait replay cloudtrail/ --data ./kept           keep log, findings and what was learned
  $ gait findings --data ./kept                     what stands out, with ids
  $ gait explain 3f2a --data ./kept                 one finding in full
  $ gait functions --data ./kept                    what is normal for each function

Exit status: 0 done, 1 something could not be read, found or verified, 2 the command line makes no sense,
130 interrupted.`;

function statusOf(error: unknown): number {
  if (error instanceof Interrupted) return error.status;
  // It has written what is wrong, or the help that was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : USAGE;
  say(`gait: ${failure(error)}\n`);
  return error instanceof UsageError ? USAGE : FAILED;
}
