import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { METRICS, type MetricField } from '../baselines/metric-block.ts';
import { MetricStore } from '../baselines/metrics.ts';
import type { Batch } from '../event/batch.ts';
import { BatchBuilder } from '../event/batch-builder.ts';
import { FLAG, NUMBER } from '../event/schema.ts';
import { Observation } from '../features/observation.ts';
import { Draws } from '../stats/draws.ts';
import { type Detector, SCORE_MIN, type Score } from './detector.ts';
import { resourceTail, type TailBaselines, timingTail } from './resource-tail.ts';

type Numbers = { readonly [K in MetricField]?: number };

/** A function whose runs are judged and learned one after the other. */
class Subject {
  readonly metrics = new MetricStore(1);
  readonly seen = new Observation();
  readonly judged = new Map<string, number>();
  readonly held = new Set<string>();
  training = false;
  day = 0;
  #group = this.metrics.alloc();
  readonly #cold = this.metrics.alloc();

  /** One run: what the detectors say of it, then learned unless told otherwise. */
  run(numbers: Numbers, as: { cold?: boolean; learn?: boolean } = {}): Score[] {
    this.#fill(numbers, as.cold === true);
    const scores: Score[] = [];
    const out = {
      add: (score: Score) => scores.push(score),
      judged: (id: string) => this.judged.set(id, (this.judged.get(id) ?? 0) + 1),
    };
    const state = this.#state(as.cold === true);
    for (const detector of DETECTORS) detector.score(this.seen, state, out);
    if (as.learn !== false) for (const detector of DETECTORS) detector.learn(this.seen, state);
    return scores;
  }

  /** The same, and only what is claimed to be a finding. */
  findings(numbers: Numbers, as: { cold?: boolean; learn?: boolean } = {}): Score[] {
    return this.run(numbers, as).filter((score) => score.score >= score.threshold);
  }

  /** Starts a new revision as stage 1 does. */
  deploy(): void {
    const before = this.#group;
    this.#group = this.metrics.alloc();
    this.metrics.inherit(before, this.#group);
  }

  count(field: MetricField): number {
    return this.metrics.describe(this.#group, field).count;
  }

  #fill(numbers: Numbers, cold: boolean): void {
    this.seen.numbers.fill(Number.NaN);
    for (const field of METRICS) this.seen.numbers[NUMBER[field]] = numbers[field] ?? Number.NaN;
    this.seen.flags = cold ? FLAG.cold : 0;
  }

  #state(cold: boolean): TailBaselines {
    return {
      metrics: this.metrics,
      metricBlock: cold ? this.#cold : this.#group,
      held: (family) => this.held.has(family),
      name: 'thumbnail-upload',
      lesson: { day: this.day, training: this.training },
    };
  }
}

const DETECTORS: readonly Detector<TailBaselines>[] = [timingTail, resourceTail];

/** An ordinary run of a function with a sensor. */
function ordinary(draws: Draws): Required<Pick<Numbers, 'durationMs' | 'cpuMs' | 'memoryMb' | 'bytesOut' | 'bytesIn'>> {
  return {
    durationMs: draws.lognormal(95, 0.3),
    cpuMs: draws.lognormal(40, 0.25),
    memoryMb: 80 + Math.floor(4 * draws.uniform()),
    bytesOut: Math.round(draws.lognormal(9000, 0.2)),
    bytesIn: Math.round(draws.lognormal(60_000, 0.5)),
  };
}

function learned(runs = 602, seed = 1): { subject: Subject; draws: Draws } {
  const subject = new Subject();
  const draws = new Draws(seed);
  for (let run = 0; run < runs; run++) subject.run(ordinary(draws));
  return { subject, draws };
}

/** A batch whose only row ended in a status. */
function rowWithStatus(status: string): Batch {
  const builder = new BatchBuilder();
  builder.begin('platform', 0, 'test');
  builder.symbol('status', status);
  builder.end();
  return builder.finish();
}

describe('resource and timing tails fire', () => {
  it('on one run that takes CPU far beyond everything seen', () => {
    const { subject, draws } = learned();
    const found = subject.findings({ ...ordinary(draws), durationMs: 41_200, cpuMs: 40_000 });
    assert.deepEqual(
      found.map((score) => score.value),
      ['durationMs', 'cpuMs'],
    );
    const [duration] = found;
    assert.match(
      duration.sentence,
      /^`thumbnail-upload` ran 41\.2 s; in 602 warm runs it took \d\d(\.\d)? ms to \d\d\d ms\.$/,
    );
    assert.equal(duration.evidence[0].parameter, 'duration_ms');
    assert.equal(duration.evidence[0].observed, '41.2 s');
    assert.equal(duration.evidence[0].count, 602);
    assert.match(duration.quietIf, /stayed below/);
    assert.deepEqual(duration.techniques, ['T1496.001']);
    assert.ok(duration.maturity > 0.9 && duration.impact > 0);
  });

  it('on one run that sends megabytes instead of kilobytes', () => {
    const { subject, draws } = learned();
    const found = subject.findings({ ...ordinary(draws), bytesOut: 6_000_000 });
    assert.deepEqual(
      found.map((score) => [score.value, score.detector]),
      [['bytesOut', 'resource.tail']],
    );
    assert.match(found[0].sentence, /sent 6 MB; in 602 warm runs it sent/);
    assert.deepEqual(found[0].techniques, ['T1041']);
  });

  it('on the first bytes of a function that never sent any, if they are many', () => {
    const subject = new Subject();
    for (let run = 0; run < 200; run++) subject.run({ bytesOut: 0 });
    assert.equal(subject.findings({ bytesOut: 5000 }, { learn: false }).length, 0);
    assert.match(subject.findings({ bytesOut: 500_000 })[0].sentence, /in 200 warm runs it sent always 0 B/);
  });

  it('on a shift to five times within a dozen runs, though no run is a record worth telling', () => {
    const { subject, draws } = learned();
    let first = 0;
    for (let run = 1; run <= 12 && first === 0; run++) {
      const all = subject.findings({ durationMs: draws.lognormal(475, 0.3), cpuMs: draws.lognormal(200, 0.25) });
      const found = all.filter(({ value }) => value === 'durationMs');
      if (found.length > 0) {
        first = run;
        assert.match(
          found[0].sentence,
          /ran .* ms on average in its latest runs, .* ms in this one; in \d+ warm runs it took .* mostly\.$/,
        );
        assert.deepEqual(
          found[0].evidence.map((one) => one.parameter),
          ['duration_ms', 'duration_ms_recent'],
        );
      }
    }
    assert.ok(first >= 5 && first <= 12, `at run ${first}`);
  });

  it('the more, the larger the value', () => {
    const { subject, draws } = learned();
    const numbers = ordinary(draws);
    const scores = [3000, 10_000, 100_000].map((cpuMs) => {
      const found = subject.run({ ...numbers, cpuMs }, { learn: false }).find((score) => score.value === 'cpuMs');
      return found?.score ?? 0;
    });
    assert.ok(scores[0] < scores[1] && scores[1] < scores[2], `${scores}`);
  });
});

describe('resource and timing tails stay quiet', () => {
  it('on ordinary runs, of which one in twenty scores at most', () => {
    const { subject, draws } = learned(200);
    let scored = 0;
    for (let run = 0; run < 3000; run++) {
      const scores = subject.run(ordinary(draws));
      scored += scores.length;
      assert.ok(scores.every((score) => score.score < score.threshold));
    }
    const judged = [...subject.judged.values()].reduce((sum, count) => sum + count, 0);
    assert.ok(scored / judged < 0.08, `${scored} of ${judged}`);
  });

  it('on a slow run whose CPU time is ordinary: it only waited', () => {
    const { subject, draws } = learned();
    const numbers = { ...ordinary(draws), durationMs: 41_200 };
    const scores = subject.run(numbers);
    assert.ok(scores.some((score) => score.value === 'durationMs' && score.score > 3));
    assert.ok(scores.every((score) => score.score < score.threshold));
  });

  it('on records of long runs that do not tell the CPU time which other records of the function tell', () => {
    const { subject, draws } = learned();
    for (let run = 0; run < 12; run++) {
      assert.deepEqual(subject.findings({ durationMs: draws.lognormal(475, 0.3) }), []);
    }
    assert.deepEqual(subject.findings({ durationMs: 41_200 }), []);
  });

  it('on a large document: the input explains the work', () => {
    const { subject, draws } = learned();
    const numbers = { ...ordinary(draws), bytesIn: 6_000_000, cpuMs: 4000, durationMs: 9000, memoryMb: 900 };
    assert.deepEqual(
      subject.findings(numbers, { learn: false }).map((score) => score.value),
      ['bytesIn'],
    );
    const mining = { ...ordinary(draws), bytesIn: 500_000, cpuMs: 60_000 };
    assert.deepEqual(
      subject.findings(mining).map((score) => score.value),
      ['cpuMs'],
      'but not any amount of work',
    );
  });

  it('on a run that timed out, once', () => {
    const subject = new Subject();
    const draws = new Draws(4);
    for (let run = 0; run < 600; run++) subject.run({ durationMs: draws.lognormal(95, 0.3) });
    subject.seen.batch = rowWithStatus('timeout');
    assert.equal(subject.findings({ durationMs: 60_000 }, { learn: false }).length, 0);
    subject.seen.batch = rowWithStatus('ok');
    assert.equal(subject.findings({ durationMs: 60_000 }).length, 1);
  });

  it('on a first-day function, whatever it does', () => {
    const { subject } = learned(40);
    assert.equal(subject.findings({ durationMs: 900_000, cpuMs: 900_000, bytesOut: 1e9 }).length, 0);
  });

  it('on cold starts: they are judged by cold starts', () => {
    const { subject, draws } = learned();
    for (let run = 0; run < 18; run++) {
      assert.equal(subject.findings({ durationMs: draws.lognormal(1200, 0.1), initMs: 700 }, { cold: true }).length, 0);
    }
    assert.equal(subject.findings({ durationMs: 90_000, initMs: 60_000 }, { cold: true }).length, 0);
  });

  it('on a deployment that changes the level', () => {
    const { subject, draws } = learned();
    subject.deploy();
    for (let run = 0; run < 300; run++) {
      const numbers = ordinary(draws);
      const found = subject.findings({ ...numbers, durationMs: 5 * numbers.durationMs, cpuMs: 5 * numbers.cpuMs });
      assert.deepEqual(found, [], `at run ${run}`);
    }
  });

  it('on small absolute changes, however rare', () => {
    const subject = new Subject();
    for (let run = 0; run < 600; run++) subject.run({ durationMs: 2, bytesOut: 200, memoryMb: 40, cpuMs: 1 });
    for (let run = 0; run < 30; run++) {
      assert.equal(subject.findings({ durationMs: 60, bytesOut: 4000, memoryMb: 60, cpuMs: 60 }).length, 0);
    }
  });

  it('on less than usual, which is only watched', () => {
    const { subject, draws } = learned();
    const scores = subject.run({ ...ordinary(draws), durationMs: 1 });
    const dip = scores.find((score) => score.value === 'durationMs');
    assert.ok(dip !== undefined && dip.score < dip.threshold);
    assert.deepEqual(dip.techniques, []);
  });

  it('without a group, and on metrics that are absent', () => {
    const subject = new Subject();
    assert.deepEqual(subject.run({}), []);
    assert.equal(subject.metrics.refused['not-a-measure'], 0, 'absence is no value');
  });
});

describe('the learn gate of resources', () => {
  for (const held of [false, true]) {
    for (const strange of [false, true]) {
      for (const training of [false, true]) {
        const learns = !held || !strange || training;
        const title = `${learns ? 'learns' : 'does not learn'} ${strange ? 'a strange' : 'an ordinary'} value`;
        it(`${title} ${held ? 'while its family is held' : 'while nothing is held'}${training ? ', in training' : ''}`, () => {
          const { subject } = learned(300);
          if (held) subject.held.add('resource');
          subject.training = training;
          const before = subject.count('cpuMs');
          const scores = subject.run({ cpuMs: strange ? 30_000 : 40 });
          assert.equal(
            scores.some((score) => score.score >= SCORE_MIN),
            strange,
          );
          assert.equal(subject.count('cpuMs'), before + (learns ? 1 : 0));
        });
      }
    }
  }

  it('holds one family and not the other', () => {
    const { subject } = learned(300);
    subject.held.add('timing');
    const before = subject.count('cpuMs');
    subject.run({ cpuMs: 30_000, durationMs: 30_000 });
    assert.equal(subject.count('cpuMs'), before + 1);
    assert.equal(subject.count('durationMs'), before);
  });
});
