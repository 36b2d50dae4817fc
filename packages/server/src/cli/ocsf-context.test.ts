import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { scratchFolder } from '../log/scratch.ts';
import { validateOcsf } from '../render/ocsf-validator.ts';
import { openSqliteStore } from '../storage/sqlite/sqlite-store.ts';
import { gait, linesOf } from './command.contract.ts';
import { OcsfLines } from './ocsf-context.ts';

const START_MS = Date.UTC(2026, 0, 5);
const HOUR_MS = 3_600_000;

/** A change of one function's code by one role, as CloudTrail records it. */
function change(at: number, role: string) {
  const arn = `arn:aws:iam::111122223333:role/${role}`;
  return {
    eventVersion: '1.08',
    userIdentity: {
      type: 'AssumedRole',
      arn: `arn:aws:sts::111122223333:assumed-role/${role}/run`,
      accountId: '111122223333',
      sessionContext: { sessionIssuer: { type: 'Role', arn, accountId: '111122223333', userName: role } },
    },
    eventTime: new Date(START_MS + at * HOUR_MS).toISOString().replace('.000', ''),
    eventSource: 'lambda.amazonaws.com',
    eventName: 'UpdateFunctionCode20150331v2',
    awsRegion: 'eu-central-1',
    sourceIPAddress: '203.0.113.9',
    userAgent: 'aws-sdk-js',
    requestParameters: { functionName: 'mailer' },
    requestID: `r-${at}`,
    eventID: `e-${at}`,
    readOnly: false,
    eventType: 'AwsApiCall',
    recipientAccountId: '111122223333',
  };
}

describe('a finding that belongs to no function', () => {
  it('names account, region and the changed function, as the record it rests on does', async (test) => {
    const scratch = await scratchFolder(test);
    const path = (name: string) => join(scratch, name);
    const usual = Array.from({ length: 40 }, (_, at) => change(at, 'pipeline'));
    await writeFile(path('usual.json'), JSON.stringify({ Records: usual }));
    await writeFile(path('odd.json'), JSON.stringify({ Records: [change(41, 'intern')] }));
    const data = ['--data', path('kept')];
    const replayed = await gait('replay', path('odd.json'), '--learn', path('usual.json'), '--json', ...data);
    const listed = await gait('findings', '--json', ...data);
    assert.equal(listed.stdout, replayed.stdout);
    const found = linesOf(listed.stdout).map((line) => JSON.parse(line));
    const [finding] = found.filter((one) => one.finding_info.analytic.uid === 'change.unusual-principal');
    assert.deepEqual(finding.cloud, { provider: 'AWS', region: 'eu-central-1', account: { uid: '111122223333' } });
    const uid = 'arn:aws:lambda:eu-central-1:111122223333:function:mailer';
    const resource = { uid, name: 'mailer', type: 'AwsLambdaFunction', region: 'eu-central-1' };
    assert.deepEqual(finding.resources, [resource]);
    assert.deepEqual(validateOcsf(finding), []);
    const explained = await gait('explain', finding.metadata.uid, '--json', ...data);
    assert.deepEqual(JSON.parse(explained.stdout), finding);
    // Without the log, what the finding says itself is left.
    await rm(path('kept/log/segments'), { recursive: true });

    const store = openSqliteStore(path('kept/store.sqlite'));
    const alone = await OcsfLines.of(path('kept')).object(store.findings({ limit: 1 })[0]);
    store.close();
    assert.deepEqual(
      [alone.cloud, alone.resources],
      [{ provider: 'AWS', account: { uid: '111122223333' } }, undefined],
    );
  });
});
