import { appendFile, cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LambdaClient, UpdateFunctionCodeCommand } from '@aws-sdk/client-lambda';
import type { Platform, PolicyStatement } from '@gait/platform/contract';
import { packFolder } from '@gait/platform/control/zip';
import { buildShop } from './build.ts';
import { clientOptions } from './seed.ts';

/** What the robot that deploys the shop may do. */
export const DEPLOY_STATEMENTS: readonly PolicyStatement[] = [
  { Effect: 'Allow', Action: 'lambda:UpdateFunctionCode', Resource: '*' },
];

/**
 * Deploys a function again, as the shop's deploy robot does: the same program under another release number, so that its hash,
 * its revision and its sandboxes change, and nothing else. Returns the hash that Lambda gives. Rejects with the SDK's
 * error, and when the shop has no such function.
 */
export async function deployRelease(
  platform: Pick<Platform, 'endpointUrl' | 'region' | 'user'>,
  functionName: string,
  release: number,
): Promise<string> {
  const built = (await buildShop()).get(functionName);
  if (built === undefined) throw new Error(`the shop has no function ${functionName}`);
  const command = new UpdateFunctionCodeCommand({
    FunctionName: functionName,
    ZipFile: await packRelease(built.codeFolder, release),
  });
  const functions = new LambdaClient(clientOptions(platform, platform.user('deploy-robot', DEPLOY_STATEMENTS)));
  try {
    return (await functions.send(command)).CodeSha256 ?? '';
  } finally {
    functions.destroy();
  }
}

async function packRelease(codeFolder: string, release: number): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'release-'));
  try {
    await cp(codeFolder, folder, { recursive: true });
    const entry = (await readdir(folder)).find((name) => name.startsWith('index.'));
    if (entry === undefined) throw new Error(`no index file in ${codeFolder}`);
    await appendFile(join(folder, entry), `\n// release ${release}\n`);
    return await packFolder(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
