import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { batchesOf, GENESIS, ODD_CALLS, START_MS, steady } from '@gait/engine/engine-feed';
import { openSegmentLog } from '../log/segments/segment-log.ts';
import { FOLDER } from '../runtime/folder.ts';
import { gait } from './command.contract.ts';

const FN = 'aws:1:eu-west-1:orders';
const OTHER = 'aws:2:eu-west-1:orders';

/** A data folder in which two functions of one name did the same strange thing. */
async function folderWithFindings(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'gait-feedback-'));
  const log = await openSegmentLog(join(folder, FOLDER.log));
  await log.append({ type: 'control', receivedMs: START_MS, control: GENESIS });
  const rows = [FN, OTHER, 'aws:1:eu-west-1:mailer'].flatMap((fn) => {
    const [odd] = steady(fn, START_MS + 4_100_000, 1);
    return [...steady(fn, START_MS, 400), ...(fn.endsWith('orders') ? [{ ...odd, calls: ODD_CALLS }] : [])];
  });
  rows.sort((a, b) => a.atMs - b.atMs);
  for (const batch of batchesOf(rows, 100)) await log.append({ type: 'observation', batch });
  await log.close();
  return folder;
}

describe('gait feedback', () => {
  let folder = '';
  let finding = '';
  before(async () => {
    folder = await folderWithFindings();
    await gait('rebuild-store', '--data', folder);
    const { stdout } = await gait('findings', '--data', folder);
    finding =
      /contacted drop\.example.*?([0-9a-f]{8,16})/.exec(stdout)?.[1] ?? /([0-9a-f]{8,16})\s*$/m.exec(stdout)?.[1] ?? '';
    assert.notEqual(finding, '', stdout);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('shows what it would cover and changes nothing without --yes', async () => {
    const { stdout, code } = await gait('feedback', finding, 'expected', '--scope', 'peers', '--data', folder);
    assert.equal(code, 0);
    assert.match(stdout, /covers 2 findings/);
    assert.match(stdout, /Nothing was changed/);
    assert.match((await gait('feedback', '--list', '--data', folder)).stdout, /Nobody has said anything/);
  });

  it('covers one function where nothing else is said', async () => {
    const { stdout } = await gait('feedback', finding, 'expected', '--json', '--data', folder);
    const { covers, saved } = JSON.parse(stdout);
    assert.equal(covers.length, 1);
    assert.equal(saved, false);
  });

  it('is saved, listed, and taken back', async () => {
    const saved = await gait('feedback', finding, 'expected', '--scope', 'tenant', '--yes', '--data', folder);
    assert.equal(saved.code, 0, saved.stderr);
    assert.match(saved.stdout, /Take it back: gait feedback [0-9a-f]{16} undo --scope tenant/);
    await gait('feedback', finding, 'undo', '--scope', 'tenant', '--yes', '--data', folder);
    const { stdout } = await gait('feedback', '--list', '--json', '--data', folder);
    assert.deepEqual(
      JSON.parse(stdout).map(({ verdict, scope }: { verdict: string; scope: string }) => `${verdict} ${scope}`),
      ['expected tenant', 'undo tenant'],
    );
  });

  it('says what is missing or unknown', async () => {
    assert.equal((await gait('feedback', '--data', folder)).code, 2);
    assert.equal((await gait('feedback', finding, 'maybe', '--data', folder)).code, 2);
    assert.equal((await gait('feedback', 'ffffffffffffffff', 'expected', '--data', folder)).code, 1);
  });
});
