import { Command } from 'commander';
import { show, withDeskOptions } from './respond.ts';
import type { DeskOptions } from './response-desk.ts';
import { withDesk } from './response-desk.ts';

interface Options extends DeskOptions {
  readonly force?: true;
  readonly keepSandboxes?: true;
  readonly json?: true;
}

/** `gait release`: ends a quarantine. */
export function releaseCommand(): Command {
  const command = new Command('release')
    .description('End a quarantine: fresh sandboxes first, then everything undone in reverse order and read back.')
    .argument('<response>', 'id of a response; without --server its beginning is enough')
    .option('--force', 'release whatever speaks against it, and restore what somebody else has changed since')
    .option('--keep-sandboxes', 'leave the sandboxes as they are: whatever is in their memory goes on');
  return withDeskOptions(command).action((id: string, options: Options) =>
    withDesk(options, 'acting', async (desk) => {
      const how = { force: options.force === true, keepSandboxes: options.keepSandboxes === true };
      show(await desk.release(id, how), options.json);
    }),
  );
}
