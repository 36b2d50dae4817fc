import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import { numberedFinding, sampleFinding, sampleIncident } from './finding-samples.ts';
import type { Projection, Step, Store } from './store.ts';
import { AMBIGUOUS_IDS_MAX, FINDINGS_LISTED_DEFAULT } from './store.ts';

/** A store under test. `reopen` closes it and opens what it left behind. */
export interface StoreUnderTest {
  readonly store: Store;
  reopen(): Store;
  dispose(): void;
}

const profile = (key: string, updatedMs: number, seen: number): Projection => ({ key, updatedMs, content: { seen } });

type WithStore = (title: string, body: (store: Store, under: StoreUnderTest) => void) => void;

/** What every implementation of `Store` promises. `open` makes an empty one. */
export function storeContract(name: string, open: () => StoreUnderTest): void {
  const withStore: WithStore = (title, body) => {
    test(title, () => {
      const under = open();
      try {
        body(under.store, under);
      } finally {
        under.dispose();
      }
    });
  };
  suite(`store: ${name}, what goes in`, () => keepsWhatGoesIn(withStore));
  suite(`store: ${name}, replays`, () => toleratesReplays(withStore));
  suite(`store: ${name}, look-ups by id`, () => findsByPrefix(withStore));
  suite(`store: ${name}, lists of findings`, () => listsFindings(withStore));
  suite(`store: ${name}, pages of lists`, () => listsInPages(withStore));
  suite(`store: ${name}, incidents and profiles`, () => listsIncidentsAndProfiles(withStore));
  suite(`store: ${name}, closing`, () => closesForGood(withStore));
}

function keepsWhatGoesIn(withStore: WithStore): void {
  withStore('a new store has consumed nothing and holds nothing', (store) => {
    assert.equal(store.consumed, 0);
    assert.deepEqual(everything(store), empty);
  });

  withStore('a finding comes back as it went in', (store) => {
    const gaps = sampleFinding({
      evidence: [{ parameter: 'p', observed: 'a\0b "c"', expected: '', count: 0, history: [1, Number.NaN, -2.5] }],
      principal: 'person_0123456789abcdef',
      timeMs: 1_764_017_591_250.75,
      notes: ['ünï "\\ \n'],
    });
    store.commitStep({ findings: [gaps], incidents: [], consumed: 9 });
    assert.deepEqual(store.finding(gaps.id), { kind: 'found', value: gaps });
    assert.deepEqual(store.findings(), [gaps]);
  });

  withStore('an incident comes back with its findings in order', (store) => {
    const incident = sampleIncident({ findings: ['b'.repeat(16), 'a'.repeat(16)], entities: ['x', 'y "z"'] });
    store.commitStep({ findings: [], incidents: [incident], consumed: 1 });
    assert.deepEqual(store.incident(incident.id), { kind: 'found', value: incident });
  });

  withStore('everything is there after closing and opening again', (store, under) => {
    for (const step of story()) store.commitStep(step);
    const before = everything(store);
    const again = under.reopen();
    assert.deepEqual(everything(again), before);
    assert.equal(again.consumed, 4);
  });

  withStore('a step that fails leaves no trace', (store) => {
    const bad = { ...numberedFinding(2), risk: Number.NaN };
    assert.throws(() => store.commitStep({ findings: [numberedFinding(1), bad], incidents: [], consumed: 3 }), {
      name: 'AssertionError',
    });
    assert.deepEqual(everything(store), empty);
    assert.equal(store.consumed, 0);
    store.commitStep({ findings: [numberedFinding(1)], incidents: [], consumed: 3 });
    assert.equal(store.findings().length, 1);
  });
}

function toleratesReplays(withStore: WithStore): void {
  withStore('handing in a step twice changes nothing', (store) => {
    for (const step of story()) store.commitStep(step);
    const once = everything(store);
    for (const step of story()) {
      store.commitStep(step);
      assert.deepEqual(everything(store), once);
      assert.equal(store.consumed, 4);
    }
  });

  withStore('a finding stays as it was first written', (store) => {
    store.commitStep({ findings: [sampleFinding({ title: 'first' })], incidents: [], consumed: 1 });
    store.commitStep({ findings: [sampleFinding({ title: 'second' })], incidents: [], consumed: 2 });
    assert.deepEqual(
      store.findings().map((one) => one.title),
      ['first'],
    );
  });

  withStore('among steps without a new ordinal the later state stands', (store) => {
    const early = sampleIncident({ lastMs: 100, state: 'new' });
    const late = sampleIncident({ lastMs: 200, state: 'acknowledged' });
    store.commitStep({ findings: [], incidents: [early], consumed: 7 });
    store.commitStep({ findings: [], incidents: [late], consumed: 7 });
    store.commitStep({ findings: [], incidents: [early], consumed: 7 });
    assert.deepEqual(store.incidents(), [late]);
  });

  withStore('after rebuilding, the same steps in other portions give the same tables', (store) => {
    for (const step of story()) store.commitStep(step);
    const before = everything(store);
    store.rebuild();
    assert.deepEqual(everything(store), empty);
    assert.equal(store.consumed, 0);
    const [first, second, third, fourth] = story();
    store.commitStep({
      findings: [...first.findings, ...second.findings],
      incidents: [...first.incidents, ...second.incidents],
      consumed: second.consumed,
      profiles: [...(first.profiles ?? []), ...(second.profiles ?? [])],
      coverage: [...(first.coverage ?? []), ...(second.coverage ?? [])],
    });
    store.commitStep(third);
    store.commitStep(fourth);
    assert.deepEqual(everything(store), before);
    assert.equal(store.consumed, 4);
  });
}

function findsByPrefix(withStore: WithStore): void {
  withStore('an id may be shortened as long as one finding fits', (store) => {
    const ids = ['ab00000000000001', 'ab00000000000002', 'ac00000000000003'];
    store.commitStep({ findings: ids.map((id) => sampleFinding({ id })), incidents: [], consumed: 1 });
    const found = store.finding('ac');
    assert.equal(found.kind === 'found' && found.value.id, 'ac00000000000003');
    assert.deepEqual(store.finding('ab'), { kind: 'ambiguous', ids: ids.slice(0, 2) });
    assert.equal(store.finding('ab00000000000002').kind, 'found');
    for (const nothing of ['ad', '', 'AB', '%', '_', 'ab000000000000011', "'"]) {
      assert.deepEqual(store.finding(nothing), { kind: 'none' }, nothing);
    }
  });

  withStore('an id that begins another one can still be asked for', (store) => {
    const incidents = [sampleIncident({ id: 'i-1' }), sampleIncident({ id: 'i-12' }), sampleIncident({ id: 'i-13' })];
    store.commitStep({ findings: [], incidents, consumed: 1 });
    const found = store.incident('i-1');
    assert.equal(found.kind === 'found' && found.value.id, 'i-1');
    assert.equal(store.incident('i-12').kind, 'found');
    assert.equal(store.incident('i-').kind, 'ambiguous');
  });

  withStore('an ambiguous answer names only a few ids', (store) => {
    const findings = Array.from({ length: 40 }, (_, at) => numberedFinding(at));
    store.commitStep({ findings, incidents: [], consumed: 40 });
    const answer = store.finding('0');
    assert.equal(answer.kind === 'ambiguous' && answer.ids.length, AMBIGUOUS_IDS_MAX);
  });
}

function listsInPages(withStore: WithStore): void {
  withStore('pages behind one another hold each finding once, in every order', (store) => {
    const findings = Array.from({ length: 25 }, (_, at) =>
      numberedFinding((at * 7) % 25, { timeMs: 1000 + (at % 3), risk: (at % 4) / 4 }),
    );
    store.commitStep({ findings, incidents: [], consumed: 1 });
    for (const order of ['newest', 'riskiest', 'told'] as const) {
      const pages: string[] = [];
      for (let after: string | undefined; ; after = pages.at(-1)) {
        const page = store.findings({ order, limit: 4, ...(after === undefined ? {} : { after }) });
        if (page.length === 0) break;
        pages.push(...page.map(({ id }) => id));
      }
      assert.deepEqual(
        pages,
        store.findings({ order }).map(({ id }) => id),
        order,
      );
      assert.equal(new Set(pages).size, 25);
      assert.deepEqual(store.findings({ order, after: 'f'.repeat(16) }), []);
    }
    const told = store.findings({ order: 'told' }).map(({ id }) => id);
    assert.deepEqual(
      told,
      findings.map(({ id }) => id),
    );
  });

  withStore('the incidents behind one are those listed after it, even if it has moved since', (store) => {
    const incident = (at: number, lastMs: number) => sampleIncident({ id: `i-${at}`, lastMs, findings: [] });
    const incidents = [incident(1, 100), incident(2, 100), incident(3, 100), incident(4, 50)];
    store.commitStep({ findings: [], incidents, consumed: 1 });
    const behind = (id: string) => store.incidents({ after: { id, lastMs: 100 } }).map((one) => one.id);
    assert.deepEqual(behind('i-2'), ['i-1', 'i-4']);
    store.commitStep({ findings: [], incidents: [incident(2, 900)], consumed: 2 });
    assert.deepEqual(behind('i-2'), ['i-1', 'i-4']);
    assert.deepEqual(behind('i-1'), ['i-4']);
  });
}

function listsFindings(withStore: WithStore): void {
  withStore('findings are listed newest first, or by risk, and never without a limit', (store) => {
    const findings = Array.from({ length: FINDINGS_LISTED_DEFAULT + 20 }, (_, at) =>
      numberedFinding(at, { risk: (at % 10) / 10 }),
    );
    store.commitStep({ findings, incidents: [], consumed: findings.length });
    const newest = findings.toReversed().map((one) => one.ordinal);
    assert.deepEqual(ordinals(store.findings()), newest.slice(0, FINDINGS_LISTED_DEFAULT));
    assert.deepEqual(ordinals(store.findings({ limit: 3 })), newest.slice(0, 3));
    assert.deepEqual(ordinals(store.findings({ limit: 2, order: 'riskiest' })), [9, 19]);
    assert.deepEqual(store.findings({ limit: 0 }), []);
    assert.equal(store.findings({ limit: Number.NaN }).length, FINDINGS_LISTED_DEFAULT);
    assert.equal(store.findings({ limit: Number.POSITIVE_INFINITY }).length, findings.length);
  });

  withStore('of equals, the order is that in which they were told, whatever their ids', (store) => {
    const same = { risk: 0.5, ordinal: 7, timeMs: 1_764_000_000_000 };
    const findings = [9, 1, 5, 3].map((at) => numberedFinding(at, same));
    const incidents = findings.map(({ id }) => sampleIncident({ id: `i${id}`, findings: [id] }));
    store.commitStep({ findings, incidents, consumed: 8 });
    const told = findings.map(({ id }) => id);
    const ids = (listed: readonly { readonly id: string }[]) => listed.map(({ id }) => id);
    assert.deepEqual(ids(store.findings({ order: 'riskiest' })), told);
    assert.deepEqual(ids(store.findings()), told.toReversed());
    assert.deepEqual(ids(store.incidents()), told.map((id) => `i${id}`).toReversed());
  });

  withStore('each filter keeps what it says, alone and together', (store) => {
    const changes = [
      { level: 'watch', detector: 'd.a', risk: 0.1 },
      { family: 'access', function: 'f', principal: 'p', risk: 0.9 },
      { family: 'access', function: 'g', principal: 'q', risk: 0.5 },
    ] as const;
    const findings = changes.map((change, at) => numberedFinding(at, change));
    const incident = sampleIncident({ findings: [findings[2].id] });
    store.commitStep({ findings, incidents: [incident], consumed: 3 });
    assert.deepEqual(ordinals(store.findings({ level: 'watch' })), [0]);
    assert.deepEqual(ordinals(store.findings({ level: 'finding' })), [2, 1]);
    assert.deepEqual(ordinals(store.findings({ detector: 'd.a' })), [0]);
    assert.deepEqual(ordinals(store.findings({ family: 'access' })), [2, 1]);
    assert.deepEqual(ordinals(store.findings({ function: 'f' })), [1]);
    assert.deepEqual(ordinals(store.findings({ principal: 'q' })), [2]);
    assert.deepEqual(ordinals(store.findings({ incident: 'i-1' })), [2]);
    assert.deepEqual(ordinals(store.findings({ riskMin: 0.5 })), [2, 1]);
    assert.deepEqual(ordinals(store.findings({ sinceMs: findings[1].timeMs })), [2, 1]);
    assert.deepEqual(ordinals(store.findings({ untilMs: findings[1].timeMs })), [1, 0]);
    assert.deepEqual(ordinals(store.findings({ family: 'access', riskMin: 0.6 })), [1]);
  });
}

function listsIncidentsAndProfiles(withStore: WithStore): void {
  withStore('an incident that became part of another can be left out, and the other found by the finding', (store) => {
    const [first, second] = [numberedFinding(1), numberedFinding(2)];
    const opened = sampleIncident({ id: 'i-1', findings: [first.id], lastMs: 100 });
    const other = sampleIncident({ id: 'i-2', findings: [second.id], lastMs: 200 });
    store.commitStep({ findings: [first, second], incidents: [opened, other], consumed: 1 });
    const merged = { ...other, findings: [second.id, first.id] };
    store.commitStep({ findings: [], incidents: [{ ...opened, findings: [] }, merged], consumed: 2 });
    assert.deepEqual(store.incidents({ merged: false }), [merged]);
    assert.equal(store.incidents({ merged: true }).length, 2);
    assert.deepEqual(store.incidents({ finding: first.id }), [merged]);
    assert.deepEqual(store.incidents({ finding: 'f'.repeat(16) }), []);
    assert.deepEqual(store.incidents({ merged: false, after: { id: 'i-2', lastMs: 200 } }), []);
  });

  withStore('functions come in portions too', (store) => {
    const profiles = ['a', 'b', 'c', 'd'].map((key) => profile(key, 1, 1));
    store.commitStep({ findings: [], incidents: [], consumed: 1, profiles });
    assert.deepEqual(store.functions({ limit: 3 }), profiles.slice(0, 3));
    assert.deepEqual(store.functions({ after: 'c', limit: 3 }), profiles.slice(3));
    assert.deepEqual(store.functions({ after: 'd' }), []);
  });

  withStore('one function is found by its whole key alone', (store) => {
    const profiles = [profile('aws:1:x:pay', 5, 1), profile('aws:1:x:pay2', 5, 2)];
    store.commitStep({ findings: [], incidents: [], consumed: 1, profiles });
    assert.deepEqual(store.functionAt('aws:1:x:pay'), profiles[0]);
    assert.equal(store.functionAt('aws:1:x'), undefined);
    assert.equal(store.functionAt(''), undefined);
  });

  withStore('a finding follows its incident when incidents are merged', (store) => {
    const [a, b] = [numberedFinding(1), numberedFinding(2)];
    const first = sampleIncident({ id: 'first', findings: [a.id, b.id] });
    store.commitStep({ findings: [a, b], incidents: [first], consumed: 3 });
    const rest = sampleIncident({ id: 'first', findings: [a.id] });
    const second = sampleIncident({ id: 'second', findings: [b.id] });
    store.commitStep({ findings: [], incidents: [rest, second], consumed: 4 });
    assert.deepEqual(ordinals(store.findings({ incident: 'first' })), [1]);
    assert.deepEqual(ordinals(store.findings({ incident: 'second' })), [2]);
    assert.deepEqual(
      store.incidents().map((one) => one.findings),
      [[b.id], [a.id]],
    );
  });

  withStore('incidents are listed by their last activity and filtered by state', (store) => {
    const incidents = [
      sampleIncident({ id: 'a', lastMs: 10 }),
      sampleIncident({ id: 'b', lastMs: 30, state: 'closed-true' }),
      sampleIncident({ id: 'c', lastMs: 20 }),
    ];
    store.commitStep({ findings: [], incidents, consumed: 1 });
    const ids = (found: readonly { readonly id: string }[]) => found.map((one) => one.id).join('');
    assert.equal(ids(store.incidents()), 'bca');
    assert.equal(ids(store.incidents({ state: 'new' })), 'ca');
    assert.equal(ids(store.incidents({ sinceMs: 20 })), 'bc');
    assert.equal(ids(store.incidents({ limit: 1 })), 'b');
  });

  withStore('the newest profile of each function is kept', (store) => {
    for (const step of story()) store.commitStep(step);
    assert.deepEqual(store.functions(), [profile('f', 40, 4), profile('g', 30, 3)]);
    assert.deepEqual(store.coverage(), [{ key: 'otel', updatedMs: 20, content: ['calls', null, { late: true }] }]);
  });
}

function closesForGood(withStore: WithStore): void {
  withStore('closing twice is fine, using it afterwards is refused', (store) => {
    store.close();
    store.close();
    for (const use of [() => store.consumed, () => store.findings(), () => store.rebuild()]) {
      assert.throws(use, { code: 'GAIT_STORE_CLOSED' });
    }
    assert.throws(() => store.commitStep({ findings: [], incidents: [], consumed: 1 }), {
      code: 'GAIT_STORE_CLOSED',
    });
  });
}

const empty = { findings: [], incidents: [], functions: [], coverage: [] };

function everything(store: Store) {
  return {
    findings: store.findings({ limit: 1000 }),
    incidents: store.incidents({ limit: 1000 }),
    functions: store.functions(),
    coverage: store.coverage(),
  };
}

function ordinals(findings: readonly { readonly ordinal: number }[]): readonly number[] {
  return findings.map((one) => one.ordinal);
}

/** Four steps in which findings appear, an incident grows and profiles change. */
function story(): readonly [Step, Step, Step, Step] {
  const [a, b, c] = [numberedFinding(1), numberedFinding(2, { level: 'watch' }), numberedFinding(3)];
  return [
    { findings: [a], incidents: [], consumed: 1, profiles: [profile('f', 10, 1)] },
    {
      findings: [b],
      incidents: [sampleIncident({ findings: [a.id, b.id], lastMs: b.timeMs })],
      consumed: 2,
      profiles: [profile('g', 20, 2)],
      coverage: [{ key: 'otel', updatedMs: 20, content: ['calls', null, { late: true }] }],
    },
    { findings: [c], incidents: [], consumed: 3, profiles: [profile('g', 30, 3)] },
    {
      findings: [],
      incidents: [sampleIncident({ findings: [a.id, b.id, c.id], lastMs: c.timeMs, state: 'acknowledged' })],
      consumed: 4,
      profiles: [profile('f', 40, 4)],
    },
  ];
}
