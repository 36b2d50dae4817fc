import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FunctionProfile, ValueProfile } from '@gait/engine/profile';
import { columnsOf } from '../render/printable.ts';
import { functionsTable, functionText } from './functions-text.ts';

function profile(changes: Partial<FunctionProfile> = {}): FunctionProfile {
  return {
    key: 'aws:111122223333:eu-west-1:berth',
    invocations: 12_345,
    cold: 67,
    errors: 0,
    firstMs: Date.UTC(2026, 0, 5),
    lastMs: Date.UTC(2026, 0, 6),
    days: 2,
    maturity: 0.99,
    peers: null,
    metrics: [{ metric: 'durationMs', cold: false, count: 900, low: 5.25, centre: 20, high: 43, max: 61 }],
    calls: [value('s3:PutObject manifests', 40, 1)],
    destinations: [],
    triggers: [],
    callers: [],
    callees: [],
    facets: ['sensor'],
    unseen: [],
    ...changes,
  };
}

function value(text: string, count: number, share: number, doubted = false): ValueProfile {
  return { text, count, share, doubted };
}

const lines = (text: string) => text.split('\n').slice(0, -1);

describe('the table of functions', () => {
  it('has a line for each function', () => {
    assert.deepEqual(lines(functionsTable([profile()], 100)), [
      'function  invocations  cold  errors  known  duration, warm   calls',
      'berth          12,345    67       0   99 %  5.3 ms to 43 ms  s3:PutObject manifests 100 %',
    ]);
    assert.equal(functionsTable([], 100), 'No functions yet.\n');
  });

  it('leaves out what is less important when it would be wider than the terminal', () => {
    const long = profile({ key: `aws:111122223333:eu-west-1:${'harbour-'.repeat(12)}` });
    for (let width = 40; width <= 120; width += 10) {
      const table = lines(functionsTable([profile(), long], width));
      for (const line of table) assert.ok(columnsOf(line) <= Math.max(width, 61), `${width}: ${line}`);
      assert.match(table[0], /^function/);
    }
    assert.deepEqual(lines(functionsTable([profile()], 40)), [
      'function  invocations  duration, warm',
      'berth          12,345  5.3 ms to 43 ms',
    ]);
  });

  it('tells functions of one name apart by where they are', () => {
    const other = profile({ key: 'aws:111122223333:us-east-1:berth' });
    const [, first, second, third] = lines(functionsTable([profile(), other, profile({ key: 'plain' })], 100));
    assert.match(first, /^berth \(eu-west-1\) /);
    assert.match(second, /^berth \(us-east-1\) /);
    assert.match(third, /^plain /);
  });

  it('counts values without a kept name instead of showing their hash', () => {
    const calls = [
      value('#15d9c6a5', 1, 0.01),
      value('a:A', 50, 1),
      value('#00000000', 1.2, 0.01),
      value('b:B', 40, 0.8),
      value('c:C', 30, 0.6),
      value('d:D', 20, 0.4),
      value('#ffffffff', 9, 0.2),
    ];
    const [, row] = lines(functionsTable([profile({ calls })], 160));
    assert.match(row, / a:A 100 %, b:B 80 %, c:C 60 %, 1 more, 2 more seen once, 1 more without a kept name$/);
    const [, only] = lines(functionsTable([profile({ calls: calls.slice(0, 1) })], 140));
    assert.match(only, / {2}1 seen once$/);
  });

  it('shows names that somebody else chose harmlessly', () => {
    const hostile = profile({
      key: 'aws:111122223333:eu-west-1:\u001b[2Jbad\u202e.example.com',
      calls: [value('http:GET \u001b]0;x\u0007evil.example.com', 10, 1)],
    });
    for (const text of [functionsTable([hostile], 200), functionText(hostile, 100)]) {
      assert.doesNotMatch(text.replaceAll('\n', ''), /\p{Cc}|\p{Cf}/u);
      assert.doesNotMatch(text, /evil\.example/);
    }
  });
});

describe('the description of a function', () => {
  it('says in words what is normal', () => {
    assert.deepEqual(lines(functionText(profile({ unseen: ['memory'] }), 100)), [
      'berth  aws:111122223333:eu-west-1:berth',
      '  12,345 invocations (67 cold, 0 failed) on 2 days, 2026-01-05 00:00:00 to 2026-01-06 00:00:00 UTC',
      '  judged 99 % by its own record; sources: sensor',
      '  duration, warm: 5.3 ms to 43 ms, mostly 20 ms; at most 61 ms in 900',
      '  calls: s3:PutObject manifests 100 %',
      '  cannot be seen: memory',
    ]);
  });

  it('keeps what made a finding apart from what is normal', () => {
    const calls = [value('s3:PutObject manifests', 40, 1), value('exec:sh', 2, 0.05, true)];
    const destinations = [value('drop.example', 2, 0.05, true)];
    const text = lines(functionText(profile({ calls, destinations }), 100));
    assert.deepEqual(text.slice(4), [
      '  calls: s3:PutObject manifests 100 %',
      '  seen, but not taken as normal: exec:sh, drop.example',
    ]);
    assert.doesNotMatch(functionsTable([profile({ calls })], 160), /exec:sh/);
  });

  it('says in few words that a number never changes', () => {
    const steady = { metric: 'tmpBytes', cold: false, count: 471, low: 0, centre: 0, high: 0, max: 0 };
    const [still, once] = lines(functionText(profile({ metrics: [steady, { ...steady, max: 5e6 }] }), 100)).slice(3);
    assert.deepEqual(
      [still, once],
      ['  /tmp, warm: always 0 B in 471', '  /tmp, warm: mostly 0 B; at most 5.0 MB in 471'],
    );
  });

  it('wraps at the edge of the terminal', () => {
    const calls = Array.from({ length: 8 }, (_, at) => value(`dynamodb:GetItem table-${at}`, 10, 0.5));
    for (const line of lines(functionText(profile({ calls }), 60)).slice(1)) assert.ok(columnsOf(line) <= 60, line);
  });
});

describe('C5: peers of a function in its description', () => {
  it('names the function that stands for the group', () => {
    const peers = { label: 3, medoid: 'aws:111122223333:eu-west-1:quay', members: 41 };
    assert.match(functionText(profile({ peers }), 100), /behaves like the peers of quay \(41 functions\)/);
  });

  it('says nothing of peers of a function that is like no group', () => {
    assert.doesNotMatch(functionText(profile(), 100), /peers/);
  });
});
