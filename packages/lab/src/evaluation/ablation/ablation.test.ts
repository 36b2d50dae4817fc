import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Suite, SuiteContext } from '../suite.ts';
import { ablationSuite } from './suite.ts';

/** A suite whose recall falls without flow, and that has no data where none is given. */
const measured: Suite = {
  id: 'made',
  title: 'Made up',
  needs: '',
  options: [],
  run: async ({ settings, data }) =>
    data === undefined
      ? undefined
      : { json: { recall: { a: settings.off === 'flow' ? 0.5 : 1 }, cases: 7 }, sections: [] },
};

function context(options: Record<string, readonly string[]>, data: string | undefined = 'here'): SuiteContext {
  return { data, out: undefined, settings: {}, options: new Map(Object.entries(options)), progress: () => undefined };
}

describe('the ablation', () => {
  it('tells which figures change without a family, and which families change nothing', async () => {
    const report = await ablationSuite(() => [measured]).run(context({ of: ['made'], family: ['flow', 'egress'] }));
    assert.deepEqual(report?.json, { made: { flow: { 'recall.a': 0.5 }, egress: {} } });
    assert.ok(report.sections.some((one) => 'text' in one && one.text === 'Nothing changes without: egress in made.'));
  });

  it('refuses a suite that there is not, and has no report without data', async () => {
    await assert.rejects(ablationSuite(() => [measured]).run(context({ of: ['mode'] })), /no suite 'mode'/);
    const none = await ablationSuite(() => [{ ...measured, run: async () => undefined }]).run(
      context({ of: ['made'] }),
    );
    assert.equal(none, undefined);
  });
});
