/**
 * How fast the store is: `node packages/server/src/storage/storage.bench.ts`. Real files in a temporary folder, synced
 * as in production.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { numberedFinding, sampleIncident } from './finding-samples.ts';
import { openPseudonyms } from './pseudonyms.ts';
import { readMinutes } from './series/read-series.ts';
import { openSeries } from './series/series.ts';
import { sampleMinute } from './series/series-samples.ts';
import { openSqliteStore } from './sqlite/sqlite-store.ts';

const FINDINGS = 40_000;
const TOKENS = 40_000;
const folder = mkdtempSync(join(tmpdir(), 'gait-bench-'));

function say(what: string, count: number, work: () => void): void {
  const start = process.hrtime.bigint();
  work();
  sayRate(what, count, start);
}

function sayRate(what: string, count: number, start: bigint): void {
  const seconds = Number(process.hrtime.bigint() - start) / 1e9;
  const rate = Math.round(count / seconds).toLocaleString('en');
  process.stdout.write(
    `${what.padEnd(52)} ${rate.padStart(10)} /s ${((seconds / count) * 1e6).toFixed(1).padStart(9)} µs\n`,
  );
}

for (const portion of [1, 100, 1000]) {
  const total = portion === 1 ? 2_000 : FINDINGS;
  const store = openSqliteStore(join(folder, `store-${portion}.sqlite`));
  const findings = Array.from({ length: total }, (_, at) => numberedFinding(at, { principal: `person_${at % 500}` }));
  say(`findings committed, ${portion} in a step`, total, () => {
    for (let at = 0; at < total; at += portion) {
      const part = findings.slice(at, at + portion);
      const id = `i-${Math.floor(at / 100)}`;
      const incident = sampleIncident({ id, findings: part.slice(0, 20).map((finding) => finding.id) });
      store.commitStep({ findings: part, incidents: [incident], consumed: at + portion });
    }
  });
  if (portion === 1000) {
    say('findings listed, 1,000 at a time', 20_000, () => {
      for (let at = 0; at < 20; at++) store.findings({ level: 'finding', limit: 1000 });
    });
    say('finding by the beginning of its id', 5_000, () => {
      for (let at = 0; at < 5_000; at++) store.finding(findings[at].id.slice(0, 15));
    });
  }
  store.close();
}

const tokens = openPseudonyms(join(folder, 'pseudonyms.sqlite'));
say('new people', TOKENS, () => {
  for (let at = 0; at < TOKENS; at++) tokens.person(`user-${at}@example.com`);
});
say('known people, from memory', TOKENS, () => {
  for (let at = 0; at < TOKENS; at++) tokens.person(`user-${at % 1000}@example.com`);
});
say('known networks, from memory', TOKENS, () => {
  for (let at = 0; at < TOKENS; at++) tokens.network(`203.0.${at & 63}.9`);
});
tokens.close();
const reopened = openPseudonyms(join(folder, 'pseudonyms.sqlite'));
say('known people, from disk', TOKENS, () => {
  for (let at = 0; at < TOKENS; at++) reopened.person(`user-${at}@example.com`);
});
reopened.close();

for (const functions of [5, 1_000, 10_000]) {
  const minutes = functions === 5 ? 1_440 : 121;
  const names = Array.from({ length: functions }, (_, at) => `aws:123456789012:eu-west-1:function-${at}`);
  const series = openSeries(join(folder, `series-${functions}`));
  say(`rows of minutes, ${functions} functions, sealing included`, functions * minutes, () => {
    for (let minute = 0; minute < minutes; minute++) series.minute(sampleMinute(minute, names));
    series.flush();
  });
  series.close();
  const start = process.hrtime.bigint();
  const query = { function: names[functions >> 1], fromMs: 0, toMs: Number.MAX_SAFE_INTEGER };
  const { rows } = await readMinutes(join(folder, `series-${functions}`), query);
  sayRate('minutes of one function read', rows.length, start);
}

rmSync(folder, { recursive: true });
