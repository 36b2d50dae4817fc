import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { sharesOf } from './by-family.ts';

const node = (id: number, url: string, rest: { hitCount?: number; children?: number[] } = {}) => ({
  id,
  callFrame: { functionName: 'f', url },
  ...rest,
});

describe('shares of a profile', () => {
  it('give a sample to the detector it is under, and what is under none to nobody', () => {
    const nodes = [
      node(1, '', { children: [2, 6] }),
      node(2, 'file:///x/engine/src/stage-one.ts', { hitCount: 4, children: [3, 5] }),
      node(3, 'file:///x/engine/src/detectors/new-call.ts', { hitCount: 1, children: [4] }),
      node(4, 'file:///x/engine/src/baselines/categories.ts', { hitCount: 2 }),
      node(5, 'file:///x/engine/src/baselines/directory.ts', { hitCount: 1 }),
      node(6, 'file:///x/lab/src/other.ts', { hitCount: 90 }),
    ];
    const families = new Map([['file:///x/engine/src/detectors/new-call.ts', 'flow']]);
    assert.deepEqual(sharesOf(nodes, families), { shared: 5 / 8, flow: 3 / 8 });
  });
});
