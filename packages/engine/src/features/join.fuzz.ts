import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { OPEN_INVOCATIONS_MAX } from '../base/limits.ts';
import { StateReader, StateWriter } from '../base/state.ts';
import { FACET, type FacetKind, NUMBER, SYMBOL, TRUST_OF_FACET } from '../event/schema.ts';
import { CLOSE_AFTER_S, OpenInvocations } from './join.ts';
import { Observation } from './observation.ts';

const SEED = 3_117;
const RUNS = Number(process.env['GAIT_SEEDS'] ?? 150);
const OWNER = { id: 3, keyLo: 77, gate: 5 };
const LATEST_S = 900;

/** One facet of an invocation, as it arrives. */
interface Facet {
  readonly kind: FacetKind;
  readonly durationMs?: number | undefined;
  readonly memoryMb?: number | undefined;
  readonly status?: number | undefined;
  readonly errorType?: number | undefined;
  readonly calls?: readonly number[] | undefined;
  readonly flags?: number | undefined;
  readonly eventMs?: number | undefined;
  readonly ordinal?: number | undefined;
}

function observed(facet: Facet): Observation {
  const seen = new Observation();
  seen.facets = 1 << FACET[facet.kind];
  seen.trust = TRUST_OF_FACET[facet.kind];
  seen.flags = facet.flags ?? 0;
  seen.eventMs = facet.eventMs ?? 1000;
  seen.ordinal = facet.ordinal ?? 10;
  seen.numbers[NUMBER.durationMs] = facet.durationMs ?? Number.NaN;
  seen.numbers[NUMBER.memoryMb] = facet.memoryMb ?? Number.NaN;
  seen.symbols[SYMBOL.status] = facet.status ?? 0;
  seen.symbols[SYMBOL.errorType] = facet.errorType ?? 0;
  seen.callsKnown = facet.calls !== undefined;
  seen.callCount = facet.calls?.length ?? 0;
  for (const [at, token] of (facet.calls ?? []).entries()) {
    seen.callToken[at] = token;
    seen.callDestination[at] = token + 1;
    seen.callBytesOut[at] = token * 10;
  }
  return seen;
}

/** Joins facets in the order given and describes what comes out. */
function joined(facets: readonly Facet[], usual: number): object {
  const open = new OpenInvocations();
  const id = open.open({ hi: 1, lo: 2 }, OWNER, 50);
  for (const facet of facets) open.merge(id, observed(facet), { second: 50, usual });
  const seen = new Observation();
  assert.deepEqual(open.close(id, seen), OWNER);
  const calls = Array.from({ length: seen.callCount }, (_, at) => [
    seen.callToken[at],
    seen.callDestination[at],
    seen.callBytesOut[at],
  ]);
  const { facets: bits, trust, flags, eventMs, ordinal, callsKnown } = seen;
  return {
    bits,
    trust,
    flags,
    eventMs,
    ordinal,
    callsKnown,
    calls,
    numbers: [...seen.numbers],
    symbols: [...seen.symbols],
  };
}

function savedOf(open: OpenInvocations): Uint8Array<ArrayBuffer> {
  const out = new StateWriter();
  open.save(out);
  return out.finish();
}

const maybe = <T>(one: fc.Arbitrary<T>) => fc.option(one, { nil: undefined });
const facet: fc.Arbitrary<Facet> = fc.record({
  kind: fc.constantFrom<FacetKind>('sensor', 'platform', 'otel', 'xray', 'insights'),
  durationMs: maybe(fc.double({ min: 0, max: 1e6, noNaN: true })),
  memoryMb: maybe(fc.double({ min: 0, max: 1e4, noNaN: true })),
  status: maybe(fc.integer({ min: 1, max: 9 })),
  errorType: maybe(fc.integer({ min: 1, max: 9 })),
  calls: maybe(fc.array(fc.integer({ min: 1, max: 1000 }), { maxLength: 70 })),
  flags: fc.nat(255),
  eventMs: fc.integer({ min: 0, max: 1e6 }),
  ordinal: fc.nat(1000),
});
const invocation = fc.uniqueArray(facet, { minLength: 1, maxLength: 5, selector: ({ kind }) => kind });
const reordered = invocation.chain((facets) =>
  fc.tuple(
    fc.constant(facets),
    fc.shuffledSubarray(facets, { minLength: facets.length, maxLength: facets.length }),
    fc.nat(0x1fff),
  ),
);

describe('facets of one invocation', () => {
  it('make the same record in every order', () => {
    const property = fc.property(reordered, ([facets, shuffled, usual]) => {
      assert.deepEqual(joined(shuffled, usual), joined(facets, usual));
    });
    fc.assert(property, { seed: SEED, numRuns: RUNS });
  });

  it('make the same record when one of them comes twice', () => {
    const property = fc.property(reordered, fc.nat(4), ([facets, shuffled, usual], at) => {
      const again = facets[at % facets.length];
      assert.deepEqual(joined([...facets, again], usual), joined([...shuffled, again], usual));
    });
    fc.assert(property, { seed: SEED, numRuns: RUNS });
  });

  it('give each field from the most trusted facet that has it', () => {
    const record = joined(
      [
        { kind: 'xray', durationMs: 5, memoryMb: 6, errorType: 3, calls: [9] },
        { kind: 'sensor', durationMs: 4, calls: [1, 2] },
        { kind: 'platform', durationMs: 3, status: 1 },
      ],
      0,
    ) as { numbers: number[]; symbols: number[]; calls: number[][]; trust: number };
    assert.equal(record.numbers[NUMBER.durationMs], 3);
    assert.equal(record.numbers[NUMBER.memoryMb], 6);
    assert.ok(Number.isNaN(record.numbers[NUMBER.cpuMs]));
    assert.deepEqual([record.symbols[SYMBOL.status], record.symbols[SYMBOL.errorType]], [1, 3]);
    assert.deepEqual(record.calls, [
      [1, 2, 10],
      [2, 3, 20],
    ]);
    assert.equal(record.trust, TRUST_OF_FACET.platform);
  });

  it('leave a facet aside that the function does not usually deliver, where another one says the same', () => {
    const stray: Facet = { kind: 'platform', durationMs: 3 };
    const usual = 1 << FACET.sensor;
    const record = joined([stray, { kind: 'sensor', durationMs: 4 }], usual) as { numbers: number[] };
    assert.equal(record.numbers[NUMBER.durationMs], 4);
  });

  it('tell "made no calls" from "nobody saw the calls"', () => {
    const of = (facets: Facet[]) => joined(facets, 0) as { callsKnown: boolean; calls: unknown[] };
    assert.deepEqual(
      [of([{ kind: 'platform' }]).callsKnown, of([{ kind: 'sensor', calls: [] }]).callsKnown],
      [false, true],
    );
    assert.deepEqual(
      of([
        { kind: 'sensor', calls: [] },
        { kind: 'xray', calls: [5] },
      ]).calls,
      [],
    );
  });
});

describe('open invocations', () => {
  it('are due half a minute after their last facet, and not before', () => {
    const open = new OpenInvocations();
    const id = open.open({ hi: 1, lo: 1 }, OWNER, 100);
    open.merge(id, observed({ kind: 'sensor' }), { second: 100, usual: 0 });
    open.merge(id, observed({ kind: 'xray' }), { second: 120, usual: 0 });
    assert.equal(open.nextSecond, 100 + CLOSE_AFTER_S);
    assert.equal(open.due(100 + CLOSE_AFTER_S), 0);
    assert.equal(open.nextSecond, 120 + CLOSE_AFTER_S);
    assert.equal(open.due(119 + CLOSE_AFTER_S), 0);
    assert.equal(open.due(120 + CLOSE_AFTER_S), id);
  });

  it('are due after fifteen minutes, whatever keeps arriving', () => {
    const open = new OpenInvocations();
    const id = open.open({ hi: 1, lo: 1 }, OWNER, 0);
    let closedAt = -1;
    for (let second = 0; second < 2000 && closedAt < 0; second++) {
      if (open.due(second) === id) closedAt = second;
      else open.merge(id, observed({ kind: 'sensor' }), { second, usual: 0 });
    }
    assert.equal(closedAt, LATEST_S);
  });

  it('are all closed within a minute of silence, none twice', () => {
    const steps = fc.array(fc.tuple(fc.nat(40), fc.nat(5)), { minLength: 1, maxLength: 200 });
    const property = fc.property(steps, (all) => {
      const open = new OpenInvocations();
      const closed = new Map<number, number>();
      let opened = 0;
      let second = 0;
      const close = () => {
        for (let id = open.due(second); id !== 0; id = open.due(second)) {
          const seen = new Observation();
          open.close(id, seen);
          closed.set(seen.ordinal, (closed.get(seen.ordinal) ?? 0) + 1);
        }
      };
      for (const [request, wait] of all) {
        second += wait;
        close();
        const known = open.find(9, request + 1);
        const id = known === 0 ? open.open({ hi: 9, lo: request + 1 }, OWNER, second) : known;
        const ordinal = known === 0 ? opened++ : 1e9;
        open.merge(id, observed({ kind: 'sensor', ordinal }), { second, usual: 0 });
      }
      second += 2 * CLOSE_AFTER_S;
      close();
      assert.equal(open.count, 0);
      assert.equal(closed.size, opened);
      assert.ok([...closed.values()].every((count) => count === 1));
    });
    fc.assert(property, { seed: SEED, numRuns: RUNS });
  });

  it('make room by closing the oldest, which is counted', () => {
    const open = new OpenInvocations();
    const ids: number[] = [];
    for (let at = 0; !open.full; at++) {
      const id = open.open({ hi: 5, lo: at + 1 }, OWNER, at >> 12);
      open.merge(id, observed({ kind: 'sensor', ordinal: at }), { second: at >> 12, usual: 0 });
      ids.push(id);
    }
    assert.equal(ids.length, OPEN_INVOCATIONS_MAX - 1);
    const seen = new Observation();
    open.close(ids[0], seen);
    assert.equal(open.oldest(), ids[1], 'the first one had been closed already');
    assert.equal(open.overflowed, 1);
    open.close(ids[1], seen);
    assert.equal(seen.ordinal, 1);
    assert.equal(new OpenInvocations().oldest(), 0);
  });

  it('leave nothing behind when they close at once, however many there are in a second', () => {
    const open = new OpenInvocations();
    const seen = new Observation();
    const facetSeen = observed({ kind: 'sensor' });
    for (let at = 0; at < 300_000; at++) {
      const id = open.open({ hi: 5, lo: at + 1 }, OWNER, 7);
      open.merge(id, facetSeen, { second: 7, usual: 0 });
      open.close(id, seen);
    }
    assert.equal(open.count, 0);
    assert.ok(savedOf(open).length < 100_000, `${savedOf(open).length} bytes`);
    const id = open.open({ hi: 6, lo: 6 }, OWNER, 8);
    assert.equal(open.due(8 + 2 * CLOSE_AFTER_S), id);
  });

  it('go on from saved state', () => {
    const feed = (open: OpenInvocations, from: number, to: number): number[] => {
      const due: number[] = [];
      for (let at = from; at < to; at++) {
        for (let id = open.due(at); id !== 0; id = open.due(at)) {
          due.push(id);
          open.close(id, new Observation());
        }
        const id = open.open({ hi: at, lo: at + 1 }, OWNER, at);
        open.merge(id, observed({ kind: 'sensor', ordinal: at, calls: [at + 1] }), { second: at, usual: 0 });
        if (at % 3 === 0) open.close(id, new Observation());
      }
      return due;
    };
    const [whole, before, after] = [new OpenInvocations(), new OpenInvocations(), new OpenInvocations()];
    const all = feed(whole, 1, 400);
    const first = feed(before, 1, 200);
    after.load(new StateReader(savedOf(before)));
    assert.deepEqual([...first, ...feed(after, 200, 400)], all);
    assert.deepEqual(savedOf(after), savedOf(whole));
  });
});
