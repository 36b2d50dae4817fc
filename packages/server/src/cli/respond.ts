import { Command, InvalidArgumentError } from 'commander';
import { LEASE_MINUTES_DEFAULT, LEASE_MINUTES_MAX, LEASE_MINUTES_MIN } from '../response/limits.ts';
import { outputStyle, print, say } from './output.ts';
import type { DeskOptions } from './response-desk.ts';
import { withDesk } from './response-desk.ts';
import { planText, responsesText, responseText } from './response-text.ts';

interface Options extends DeskOptions {
  readonly function?: string;
  readonly lease?: number;
  readonly json?: true;
}

/** `gait respond`: plans a quarantine, starts it, and shows what is in force. `gait release` ends it. */
export function respondCommand(): Command {
  return new Command('respond')
    .description('Put a function into quarantine: plan it, start it, see what is in force.')
    .addCommand(planCommand())
    .addCommand(startCommand())
    .addCommand(listCommand())
    .addCommand(extendCommand())
    .addCommand(resumeCommand());
}

/** Adds the options that say where responses are, and how to reach the provider. */
export function withDeskOptions(command: Command): Command {
  return command
    .option('--data <folder>', 'data folder')
    .option('--server <url>', 'act through the server that holds the data folder')
    .option('--token <token>', 'token for the server; better in the environment variable GAIT_TOKEN')
    .option('--aws-endpoint <url>', 'another endpoint for AWS, such as a local platform (without --server)')
    .option('--profile <name>', 'profile of the AWS configuration (without --server)')
    .option('--inline-policies', 'write the policy into the role if nobody made it beforehand (without --server)')
    .option('--protect <key>', 'never act on these functions; may be repeated (without --server)', collect)
    .option('--json', 'as JSON');
}

/** Shows a response after something was done to it. */
export function show(response: Parameters<typeof responseText>[0], json: true | undefined): void {
  if (json) print(`${JSON.stringify(response)}\n`);
  else print(responseText(response, outputStyle(process.stdout).width));
}

/** Reads the length of a lease from the command line. */
export function parseLease(text: string): number {
  const minutes = Number(text);
  if (Number.isInteger(minutes) && minutes >= LEASE_MINUTES_MIN && minutes <= LEASE_MINUTES_MAX) return minutes;
  throw new InvalidArgumentError(`Give whole minutes from ${LEASE_MINUTES_MIN} to ${LEASE_MINUTES_MAX}.`);
}

function planCommand(): Command {
  const command = new Command('plan')
    .description('Say what would be done, what it does to whom, and how it is undone. Does nothing.')
    .argument('[incident]', 'id of an incident, or its beginning')
    .option('--function <key>', 'function key, such as aws:123456789012:eu-west-1:pay');
  return withDeskOptions(command).action((incident: string | undefined, options: Options) =>
    withDesk(options, 'reading', async (desk) => {
      const plan = await desk.plan({ incident, function: options.function });
      if (options.json) print(`${JSON.stringify(plan)}\n`);
      else print(planText(plan, outputStyle(process.stdout).width));
    }),
  );
}

function startCommand(): Command {
  const command = new Command('start')
    .description('Put a function into quarantine. `gait respond plan` says what that does.')
    .argument('[incident]', 'id of an incident, or its beginning')
    .option('--function <key>', 'function key, such as aws:123456789012:eu-west-1:pay')
    .option('--lease <minutes>', `until somebody has to look again; ${LEASE_MINUTES_DEFAULT} unless given`, parseLease);
  return withDeskOptions(command).action((incident: string | undefined, options: Options) =>
    withDesk(options, 'acting', async (desk) => {
      const { lease } = options;
      const asked = { incident, function: options.function, ...(lease === undefined ? {} : { leaseMinutes: lease }) };
      show(await desk.start(asked), options.json);
    }),
  );
}

function listCommand(): Command {
  const command = new Command('list')
    .description('List responses, newest first, or show one in full.')
    .argument('[response]', 'id of a response');
  return withDeskOptions(command).action((id: string | undefined, options: Options) =>
    withDesk(options, 'reading', async (desk) => {
      if (id !== undefined) show(await desk.get(id), options.json);
      else if (options.json) for (const one of await desk.list()) print(`${JSON.stringify(one)}\n`);
      else print(responsesText(await desk.list(), Date.now()));
    }),
  );
}

function extendCommand(): Command {
  const command = new Command('extend')
    .description('Give a quarantine more time.')
    .argument('<response>', 'id of a response')
    .option('--lease <minutes>', `from now on; ${LEASE_MINUTES_DEFAULT} unless given`, parseLease);
  return withDeskOptions(command).action((id: string, options: Options) =>
    withDesk(options, 'acting', async (desk) => show(await desk.extend(id, options.lease), options.json)),
  );
}

function resumeCommand(): Command {
  const command = new Command('resume').description('Go on with what a crash interrupted. A server does so by itself.');
  return withDeskOptions(command).action((options: Options) =>
    withDesk(options, 'acting', async (desk) => {
      const failures = await desk.resume();
      for (const { response, error } of failures) say(`${response}: ${error.message}\n`);
      if (failures.length > 0) process.exitCode = 1;
      if (options.json) for (const one of await desk.list()) print(`${JSON.stringify(one)}\n`);
      else print(responsesText(await desk.list(), Date.now()));
    }),
  );
}

function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}
