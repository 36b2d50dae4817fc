/**
 * Golden runs: the findings of one recorded trace, compared exactly with stored files, and a stored state that every
 * later version must load. After a change of detection, look at what changed and renew:
 *
 *     GAIT_GOLDEN=runs npm test -- packages/engine/src/golden/golden.test.ts
 *     git diff fixtures/golden/runs
 *
 * `fixtures/golden/snapshot-1` is the state of the first schema. It may be renewed (`GAIT_GOLDEN=snapshot`) until that
 * schema is released, and never after.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { ENGINE_VERSION, Engine, SNAPSHOT_VERSION } from '../engine.ts';
import { Feed, type Sample, START_MS } from '../engine-feed.ts';
import type { Finding, Incident } from '../event/finding.ts';
import { attacks, END_MS, QUIET_UNTIL_MS, quietDays } from './estate.contract.ts';

const FOLDER = join(import.meta.dirname, '../../../../fixtures/golden');
const SNAPSHOT = join(FOLDER, 'snapshot-1', 'state.zst');
const SNAPSHOT_FACTS = join(FOLDER, 'snapshot-1', 'facts.json');
const RENEW = process.env['GAIT_GOLDEN'];
const HOUR_MS = 3_600_000;
/** A fixture that grows beyond this is not read by anybody. */
const SNAPSHOT_BYTES_MAX = 200_000;

/** What a golden file holds: the trace it is about, by its hash, and everything that was said of it. */
interface Run {
  readonly trace: string;
  readonly findings: readonly Finding[];
  /** Latest state of each incident. */
  readonly incidents: readonly Incident[];
}

function runOf(feed: Feed, samples: readonly Sample[]): Run {
  const incidents = new Map<string, Incident>();
  for (const output of feed.outputs) for (const one of output.incidents) incidents.set(one.id, one);
  const trace = createHash('sha256').update(JSON.stringify(samples)).digest('hex');
  const run = { trace, findings: feed.findings, incidents: [...incidents.values()] };
  // As it is stored: what JSON cannot hold must not make a difference.
  return JSON.parse(JSON.stringify(run)) as Run;
}

function compare(name: string, run: Run): void {
  const file = join(FOLDER, 'runs', `${name}.json`);
  if (RENEW === 'runs') write(file, `${JSON.stringify(run, null, 2)}\n`);
  const golden = JSON.parse(readFileSync(file, 'utf8')) as Run;
  assert.equal(golden.trace, run.trace, 'the trace is not the recorded one: renew the file, see the top of this one');
  const short = ({ level, detector, sentence }: Finding) => `${level} ${detector}: ${sentence}`;
  assert.deepEqual(run.findings.map(short), golden.findings.map(short));
  assert.deepEqual(run, golden);
}

function write(file: string, content: string | Uint8Array): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}

describe('golden runs', () => {
  it('find nothing in three quiet days', () => {
    const samples = quietDays();
    const feed = new Feed();
    feed.rows(samples);
    feed.tick(QUIET_UNTIL_MS);
    assert.deepEqual(feed.told, []);
    compare('quiet', runOf(feed, samples));
  });

  it('find each attack, and nothing else', () => {
    const samples = [...quietDays(), ...attacks()];
    const feed = new Feed();
    feed.rows(samples);
    feed.tick(END_MS);
    compare('attacks', runOf(feed, samples));
  });

  it('do as people say', () => {
    const samples = [...quietDays(), ...attacks()];
    const after = samples.filter(({ atMs }) => atMs >= QUIET_UNTIL_MS);
    const feed = new Feed();
    feed.control({ kind: 'training-span', fromMs: START_MS, toMs: START_MS + 24 * HOUR_MS, by: 'golden' }, START_MS);
    feed.rows(samples.filter(({ atMs }) => atMs < QUIET_UNTIL_MS));
    feed.rows(after);
    const [finding] = feed.findings.filter(({ level }) => level === 'finding');
    feed.control({ kind: 'feedback', finding: finding.id, verdict: 'expected', by: 'golden' }, END_MS);
    for (const incident of feed.outputs.flatMap((one) => one.incidents)) {
      const state = { kind: 'incident-state', incident: incident.id, state: 'closed-expected', by: 'golden' } as const;
      feed.control(state, END_MS + 1000);
    }
    feed.control({ kind: 'erasure', principal: 'person_x', by: 'golden' }, END_MS + 2000);
    feed.rows(after.map((one) => ({ ...one, atMs: one.atMs + 30 * HOUR_MS, request: `again-${one.request ?? ''}` })));
    compare('people', runOf(feed, samples));
  });
});

describe('the trace of the golden runs', () => {
  const samples = [...quietDays(), ...attacks()];
  const run = (size: number, partitions = 1, restoreAt = 0): Feed => {
    let feed = new Feed({ partitions });
    const first = new Feed({ partitions });
    if (restoreAt > 0) {
      first.rows(samples.slice(0, restoreAt), size);
      feed = new Feed({}, Engine.restore(first.engine.snapshot()));
      feed.findings.push(...first.findings);
      feed.outputs.push(...first.outputs);
    }
    feed.rows(samples.slice(restoreAt), size);
    feed.tick(END_MS);
    return feed;
  };
  const whole = run(4000);
  const hours = (feed: Feed) => feed.outputs.flatMap((one) => one.hours);

  it('gives the same output and state however it is cut into batches, and from any state on', () => {
    for (const [size, restoreAt] of [
      [1, 0],
      [97, 0],
      [211, 1234],
      [500, samples.length - 60],
    ]) {
      const other = run(size, 1, restoreAt);
      assert.deepEqual(other.findings, whole.findings, `batches of ${size}, restored at ${restoreAt}`);
      assert.deepEqual(hours(other), hours(whole));
      assert.ok(Buffer.from(other.engine.snapshot()).equals(Buffer.from(whole.engine.snapshot())));
    }
  });

  it('gives the same output in four partitions', () => {
    const other = run(256, 4);
    assert.deepEqual(other.findings, whole.findings);
    assert.deepEqual(hours(other), hours(whole));
  });
});

describe('the golden state of snapshot version 1', () => {
  const before = () => quietDays();
  if (RENEW === 'snapshot') {
    const feed = new Feed();
    feed.rows(before());
    const state = zstdCompressSync(feed.engine.snapshot(), { params: { 100: 19 } });
    const sha256 = createHash('sha256').update(state).digest('hex');
    const facts = { snapshot: SNAPSHOT_VERSION, engine: ENGINE_VERSION, ordinal: feed.engine.ordinal, sha256 };
    write(SNAPSHOT, state);
    write(SNAPSHOT_FACTS, `${JSON.stringify(facts, null, 2)}\n`);
  }
  const state = readFileSync(SNAPSHOT);
  const facts = JSON.parse(readFileSync(SNAPSHOT_FACTS, 'utf8')) as Record<string, unknown>;

  it('is the file that was stored, and a small one', () => {
    assert.equal(createHash('sha256').update(state).digest('hex'), facts['sha256']);
    assert.ok(state.length < SNAPSHOT_BYTES_MAX, `${state.length} bytes`);
  });

  it('is loaded, and goes on as a run from the beginning does', () => {
    const loaded = new Feed({}, Engine.restore(zstdDecompressSync(state)));
    assert.equal(loaded.engine.ordinal, facts['ordinal']);
    const fresh = new Feed();
    fresh.rows(before());
    const told = fresh.findings.length;
    for (const feed of [loaded, fresh]) {
      feed.rows(attacks());
      feed.tick(END_MS);
    }
    assert.ok(loaded.told.length >= 6);
    assert.deepEqual(loaded.findings, fresh.findings.slice(told));
    assert.ok(Buffer.from(loaded.engine.snapshot()).equals(Buffer.from(fresh.engine.snapshot())));
  });

  it('is refused when it was cut anywhere', () => {
    const whole = zstdDecompressSync(state);
    for (let cut = 0; cut < whole.length; cut += 1 + Math.floor(whole.length / 97)) {
      assert.throws(() => Engine.restore(whole.subarray(0, cut)), /damaged|version/, `cut at ${cut}`);
    }
  });
});
