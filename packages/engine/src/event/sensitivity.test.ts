import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Feed, ODD_CALLS, START_MS, steady } from '../engine-feed.ts';
import type { Finding } from '../event/finding.ts';
import { riskOf } from '../scoring/risk.ts';
import { impactAt, parseSensitivity, sensitivityOf } from './sensitivity.ts';

const FN = 'aws:1:eu-west-1:shop';

function levelOf(text: string, key = FN): string {
  return sensitivityOf(parseSensitivity(text) ?? assert.fail(text), key);
}

/** The finding about a host never seen, with functions rated by `sensitivity`. */
function found(sensitivity: string): Finding {
  const feed = new Feed();
  feed.control({ kind: 'settings', set: { sensitivity }, by: 'test' }, START_MS);
  feed.rows(steady(FN, START_MS, 400));
  const [last] = steady(FN, START_MS + 4_010_000, 1);
  feed.rows([{ ...last, calls: ODD_CALLS }]);
  return feed.findings.find(({ detector }) => detector === 'egress.new-destination') ?? assert.fail('nothing');
}

describe('sensitivity', () => {
  it('goes by the first pattern that fits the name or the key', () => {
    assert.equal(levelOf(''), 'normal');
    assert.equal(levelOf('shop=critical'), 'critical');
    assert.equal(levelOf('sh*=high,*=low'), 'high');
    assert.equal(levelOf('aws:1:*=low'), 'low');
    assert.equal(levelOf('*h*p=high'), 'high');
    for (const miss of ['sho=critical', 'hop=critical', '*-preview=low', 'shop*x=low', 'aws:2:*=low']) {
      assert.equal(levelOf(miss), 'normal', miss);
    }
  });

  it('refuses what is not a list of patterns and levels', () => {
    for (const text of ['shop', 'shop=grave', '=low', 'a=low,', 'a b=low', ',', 'a=low;b=low']) {
      assert.equal(parseSensitivity(text), undefined, text);
    }
  });

  it('is not slowed down by a pattern of stars', () => {
    const text = `${'*a'.repeat(100)}b=low`;
    assert.equal(levelOf(text, `aws:1:r:${'a'.repeat(5000)}`), 'normal');
  });

  it('moves the impact within 0..1, and by it the risk, but never the confidence', () => {
    const [low, normal, critical] = [found('shop=low'), found(''), found('shop=critical')];
    assert.ok(low.impact < normal.impact && normal.impact < critical.impact);
    assert.ok(low.risk < normal.risk && normal.risk < critical.risk);
    assert.equal(low.confidence, critical.confidence);
    assert.equal(critical.risk, riskOf(critical.impact, critical.confidence));
    assert.equal(impactAt(0.9, 'critical'), 1);
    assert.match(critical.notes.join(), /rated critical/);
    assert.doesNotMatch(normal.notes.join(), /rated/);
  });
});
