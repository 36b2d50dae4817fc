import { mix32 } from './base/hash.ts';
import { ESTABLISHED_COUNT, HEAD } from './baselines/functions.ts';
import { type PeerGroup, PeerGroups, type Profile, SAMPLE_MAX } from './peers/groups.ts';
import { peerNumbers, sourceOf } from './peers/numbers.ts';
import type { StageOne } from './stage-one.ts';

/** A function that may be part of the sample. */
interface Candidate {
  readonly stage: StageOne;
  readonly id: number;
  readonly lo: number;
  /** Its place in the draw. */
  readonly draw: number;
}

/** Forms groups of peers over all partitions: established functions only, the same sample however they are partitioned. */
export class PeerExchange {
  readonly groups = new PeerGroups();
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Forms the groups anew; called at a full hour. Cost: 60 to 230 ms for a full sample on noise, on a busy machine. */
  form(stages: readonly StageOne[]): void {
    const candidates = stages.flatMap((stage) => [...this.#established(stage)]);
    candidates.sort((a, b) => a.draw - b.draw || a.lo - b.lo);
    const sample = candidates.slice(0, SAMPLE_MAX).map(({ stage, id, lo }): Profile => {
      const { page, word, baselines } = stage.focus(id);
      const numbers = peerNumbers({ u32: page.u32, word, baselines });
      return { name: stage.functions.names[id], source: sourceOf(baselines, lo), numbers };
    });
    this.groups.form(sample, this.#seed);
  }

  /** Group of a function; undefined for one that is like no group, and before it is established. */
  of(stage: StageOne, id: number): PeerGroup | undefined {
    const { page, word, baselines } = stage.focus(id);
    if (page.u32[word + HEAD.closed] < ESTABLISHED_COUNT) return undefined;
    return this.groups.groupOf(peerNumbers({ u32: page.u32, word, baselines }));
  }

  *#established(stage: StageOne): Generator<Candidate> {
    const { functions } = stage;
    for (const id of functions.ids()) {
      const { u32 } = functions.page(id);
      const word = functions.word(id);
      if (u32[word + HEAD.closed] < ESTABLISHED_COUNT) continue;
      const lo = u32[word + HEAD.keyLo];
      yield { stage, id, lo, draw: mix32(lo ^ this.#seed) >>> 0 };
    }
  }
}
