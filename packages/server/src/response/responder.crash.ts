import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ResponseError } from './errors.ts';
import { PAY } from './memory-cloud.contract.ts';
import { Bench, Killed } from './responder-bench.contract.ts';
import { isActive } from './responses.ts';
import { isUndoable } from './stepper.ts';

const START = { function: PAY, incident: 'i00ff00ff00ff00ff', by: 'ann' };
const SEED = 4711;
const RUNS = Number(process.env['GAIT_SEEDS'] ?? 150);

/** Everything that can kill the program: a record before and after it is written, a change before and after it is made. */
type Kill =
  | { readonly at: 'record'; readonly count: number; readonly written: boolean }
  | { readonly at: 'change'; readonly count: number; readonly when: 'asked' | 'done' };

function arm(bench: Bench, kill: Kill | undefined): void {
  bench.kill = kill?.at === 'record' ? { left: kill.count, written: kill.written } : undefined;
  let left = kill?.at === 'change' ? kill.count : -1;
  bench.provider.onSet = (_, when) => {
    if (kill?.at === 'change' && when === kill.when && left-- === 0) throw new Killed();
  };
}

/** Runs something that may be killed; says whether it was. */
async function survives(bench: Bench, kill: Kill | undefined, work: () => Promise<unknown>): Promise<boolean> {
  arm(bench, kill);
  try {
    await work();
    return true;
  } catch (error) {
    assert.ok(error instanceof Killed, `an unexpected ${String(error)}`);
    return false;
  } finally {
    arm(bench, undefined);
  }
}

/** Every place at which a start and a release can be killed. */
function* kills(): Generator<Kill> {
  for (let count = 0; count < 60; count++) {
    for (const written of [false, true]) yield { at: 'record', count, written };
    for (const when of ['asked', 'done'] as const) yield { at: 'change', count, when };
  }
}

describe('a program that is killed while it starts a quarantine', () => {
  it('goes on with it, or gives it up when nothing was done, and release restores everything', async () => {
    const seen = new Set<string>();
    for (const kill of kills()) {
      const bench = new Bench();
      const before = bench.provider.cloud.settings();
      if (await survives(bench, kill, () => bench.open().start(START))) continue;
      const responder = bench.open();
      assert.deepEqual(await responder.resume('restart'), []);
      const response = responder.responses.activeOf(PAY);
      seen.add(response?.phase ?? 'none');
      if (response === undefined) {
        assert.equal(bench.provider.cloud.settings(), before, JSON.stringify(kill));
        continue;
      }
      assert.equal(response.phase, 'in-force', JSON.stringify(kill));
      for (const step of response.steps) assert.equal(bench.provider.cloud.get(step.target), step.after);
      await responder.release({ response: response.id, by: 'ann' });
      assert.equal(bench.provider.cloud.settings(), before, JSON.stringify(kill));
    }
    assert.deepEqual([...seen].sort(), ['in-force', 'none']);
  });

  it('can be undone at once instead, wherever it was killed', async () => {
    for (const kill of kills()) {
      const bench = new Bench();
      const before = bench.provider.cloud.settings();
      if (await survives(bench, kill, () => bench.open().start(START))) continue;
      const responder = bench.open();
      const response = responder.responses.activeOf(PAY);
      if (response !== undefined && isActive(response)) {
        await responder.release({ response: response.id, by: 'ann' });
      }
      assert.equal(bench.provider.cloud.settings(), before, JSON.stringify(kill));
    }
  });
});

describe('a program that is killed while it releases', () => {
  it('goes on until everything is restored', async () => {
    let killed = 0;
    for (const kill of kills()) {
      const bench = new Bench();
      const before = bench.provider.cloud.settings();
      const first = bench.open();
      const { id } = await first.start(START);
      if (await survives(bench, kill, () => first.release({ response: id, by: 'ann' }))) continue;
      killed += 1;
      const responder = bench.open();
      assert.deepEqual(await responder.resume('restart'), []);
      const response = responder.responses.get(id);
      if (response?.phase === 'in-force') await responder.release({ response: id, by: 'ann' });
      assert.equal(responder.responses.get(id)?.phase, 'released', JSON.stringify(kill));
      assert.equal(bench.provider.cloud.settings(), before, JSON.stringify(kill));
    }
    // 17 records and 7 changes, each with a before and an after.
    assert.equal(killed, 48);
  });
});

type Act = { readonly act: 'start' | 'extend' | 'release' | 'resume'; readonly kill: Kill | undefined };

const kill: fc.Arbitrary<Kill | undefined> = fc.option(
  fc.oneof(
    fc.record({ at: fc.constant('record' as const), count: fc.nat(40), written: fc.boolean() }),
    fc.record({
      at: fc.constant('change' as const),
      count: fc.nat(8),
      when: fc.constantFrom('asked' as const, 'done' as const),
    }),
  ),
  { nil: undefined, freq: 2 },
);
const act: fc.Arbitrary<Act> = fc.record({
  act: fc.constantFrom('start' as const, 'extend' as const, 'release' as const, 'resume' as const),
  kill,
});

async function perform(bench: Bench, { act, kill }: Act): Promise<void> {
  const responder = bench.open();
  const id = responder.responses.activeOf(PAY)?.id ?? 'r-none';
  await survives(bench, kill, async () => {
    try {
      if (act === 'start') await responder.start(START);
      else if (act === 'extend') await responder.extend({ response: id, by: 'ann' });
      else if (act === 'release') await responder.release({ response: id, by: 'ann' });
      else await responder.resume('restart');
    } catch (error) {
      // What makes no sense in a state is refused, and changes nothing.
      if (!(error instanceof ResponseError)) throw error;
      assert.ok(['GAIT_RESPONSE_STATE', 'GAIT_RESPONSE_ABSENT'].includes(error.code), error.message);
    }
  });
}

describe('any sequence of starting, extending, releasing and being killed', () => {
  it('ends with everything in force and recorded, or with everything restored', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(act, { maxLength: 12 }), async (acts) => {
        const bench = new Bench();
        const before = bench.provider.cloud.settings();
        for (const one of acts) await perform(bench, one);
        const responder = bench.open();
        assert.deepEqual(await responder.resume('restart'), []);
        assert.equal(responder.responses.ignored, 0);
        const response = responder.responses.activeOf(PAY);
        if (response === undefined) {
          assert.equal(bench.provider.cloud.settings(), before);
          return;
        }
        assert.equal(response.phase, 'in-force');
        for (const step of response.steps.filter((one) => one.touched || isUndoable(one))) {
          assert.equal(bench.provider.cloud.get(step.target), step.after);
        }
        await responder.release({ response: response.id, by: 'ann' });
        assert.equal(bench.provider.cloud.settings(), before);
      }),
      { seed: SEED, numRuns: RUNS },
    );
  });
});
