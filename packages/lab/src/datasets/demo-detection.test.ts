import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { before, describe, test } from 'node:test';
import type { Finding } from '@gait/engine/event/finding';
import type { ReadReport } from '@gait/server/ingest/reader/report';
import { replay } from '@gait/server/runtime/replay';
import { Workspace } from '@gait/server/runtime/workspace';
import { ATTACKS, type Attack } from './attacks.ts';
import { ACCOUNT, keyOf, REGION } from './company.ts';
import { DEMO_SEED, demoRecording } from './demo.ts';

const FOLDER = resolve(import.meta.dirname, '../../../../fixtures/demo');
/** Records may be judged some time after they were made: when their invocation or minute is complete. */
const DELAY_MS = 5 * 60_000;

describe('the recording of the demonstration, replayed', () => {
  let findings: readonly Finding[] = [];
  let reports: readonly ReadReport[] = [];

  before(async () => {
    const workspace = await Workspace.open(undefined, { seed: [1, 2] });
    try {
      const result = await replay(workspace, {
        paths: [`${FOLDER}/today`],
        learn: [`${FOLDER}/normal`],
        defaults: { provider: 'aws', account: ACCOUNT, region: REGION, newestMs: Date.now() },
      });
      reports = result.reports;
      findings = workspace.store.findings().filter(({ level }) => level === 'finding');
    } finally {
      await workspace.close();
    }
  });

  test('is read without a single reject', () => {
    for (const { rejected, problems } of reports) {
      assert.deepEqual(
        Object.entries(rejected).filter(([, count]) => count > 0),
        [],
      );
      assert.deepEqual(problems, []);
    }
    const rows = reports.reduce((sum, report) => sum + report.rows, 0);
    const { counts }: { counts: { invocations: number; auditEvents: number } } = JSON.parse(
      demoRecording(DEMO_SEED).get('truth.json') ?? '',
    );
    assert.equal(rows, counts.invocations + counts.auditEvents);
  });

  for (const attack of ATTACKS) {
    test(`gives ${attack.id} away, in a family that the truth names`, () => {
      const seen = findings.filter((finding) => belongsTo(finding, attack));
      const said = JSON.stringify(findings.map(({ family, function: name, title }) => [family, name, title]));
      assert.ok(
        seen.some(({ family }) => attack.families.includes(family)),
        said,
      );
    });
  }

  test('gives no reason to suspect anything else', () => {
    const others = findings.filter((finding) => !ATTACKS.some((attack) => belongsTo(finding, attack)));
    assert.deepEqual(
      others.map(({ sentence, timeMs }) => `${new Date(timeMs).toISOString()} ${sentence}`),
      [],
    );
  });
});

function belongsTo(finding: Finding, attack: Attack): boolean {
  const within = finding.timeMs >= attack.fromMs && finding.timeMs <= attack.toMs + DELAY_MS;
  const about = `${finding.function} ${finding.sentence}`;
  return within && attack.functions.some((name) => about.includes(keyOf(name)) || about.includes(name));
}
