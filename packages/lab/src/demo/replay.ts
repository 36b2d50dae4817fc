/**
 * The demonstration on recorded telemetry, `npm run demo:replay`: replays the recording that ships with the repository with
 * the real command line, then looks at the gravest finding, what is normal for its function, and the proof. Everything stays
 * in `.gait/demo`.
 */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { shortName } from '@gait/server/render/function-place';
import { openSqliteStore } from '@gait/server/storage/sqlite/sqlite-store';

const ROOT = resolve(import.meta.dirname, '../../../..');
const here = (path: string) => relative(process.cwd(), join(ROOT, path)) || '.';
const RECORDING = here('fixtures/demo');
const DATA = here('.gait/demo');
const EVIDENCE = here('.gait/demo-evidence');
const GAIT = join(ROOT, 'packages/server/bin/gait.js');

/** Runs `gait` as the user would, under a line that says what is run. Ends the demonstration when it fails. */
function gait(...words: string[]): void {
  process.stdout.write(`\n$ npx gait ${words.join(' ')}\n\n`);
  const { status, signal } = spawnSync(process.execPath, [GAIT, ...words], { stdio: 'inherit' });
  if (status !== 0) process.exit(signal === null ? (status ?? 1) : 130);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Gravest finding of the replay, with its incident and function. */
function gravest(): { finding: string; incident: string; function: string } | undefined {
  const store = openSqliteStore(join(DATA, 'store.sqlite'));
  try {
    const [finding] = store.findings({ level: 'finding', order: 'riskiest', limit: 1 });
    const incident = store.incidents().find((one) => one.findings.includes(finding?.id ?? ''));
    if (finding === undefined || incident === undefined) return undefined;
    return { finding: finding.id, incident: incident.id, function: shortName(finding.function) };
  } finally {
    store.close();
  }
}

function main(): void {
  say('A workshop that repairs bicycles runs nine functions. Two normal days of their telemetry are learned,');
  say('then six hours are judged in which five things happen that do not belong. (Invented, made by our own');
  say('generator: fixtures/demo/README.md says what is in it.)');
  rmSync(DATA, { recursive: true, force: true });
  // Lambda's log lines do not say where they come from.
  const place = ['--account', '111122223333', '--region', 'eu-central-1'];
  gait('replay', join(RECORDING, 'today'), '--learn', join(RECORDING, 'normal'), '--data', DATA, ...place);
  const found = gravest();
  if (found === undefined) {
    say('Nothing was found, which is wrong for this recording.');
    process.exit(1);
  }
  say('\nThe gravest finding in full:');
  gait('explain', found.finding.slice(0, 8), '--data', DATA);
  if (found.function !== '') {
    say('\nWhat is normal for this function:');
    gait('functions', found.function, '--data', DATA);
  }
  rmSync(EVIDENCE, { recursive: true, force: true });
  say('\nThe evidence of its incident, to hand to somebody else, and the check they can make without us:');
  gait('evidence', 'export', found.incident, '--to', EVIDENCE, '--data', DATA);
  gait('evidence', 'verify', EVIDENCE);
  say(
    '\nYour own telemetry: npx gait replay PATH... (CloudTrail, X-Ray, OTLP, Lambda logs; files, folders, gzip, zstd).',
  );
}

main();
