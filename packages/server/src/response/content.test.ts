import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CONTROL_TEXT_CHARS_MAX, RESPONSE_CONTENT_CHARS_MAX } from '@gait/engine/event/control';
import { contentText, evidenceOf, parseContent } from './content.ts';
import { functionRef } from './function-ref.ts';
import { VALUE_CHARS_MAX } from './limits.ts';
import { MemoryCloud, PAY, stateOf } from './memory-cloud.contract.ts';
import { quarantinePolicyDocument } from './quarantine-policy.ts';
import { isRecordable } from './target.ts';

describe('what a transition writes down', () => {
  it('fits its record, however long names and values are', () => {
    const long = '\u0001"'.repeat(10_000);
    const cloud = new MemoryCloud();
    const names = Array.from({ length: 500 }, (_, at) => `${at}${long}`);
    const aliases = names.map((name) => ({ name, version: long }));
    const state = { ...stateOf(cloud, functionRef(PAY)), codeSha256: long, runtime: long, handler: long, aliases };
    const evidence = evidenceOf({
      ...state,
      roleArn: long,
      environmentNames: names,
      layerArns: names,
      attachedPolicyArns: names,
      inlinePolicyNames: names,
    });
    assert.equal(evidence.aliases.count, 500);
    const head = { arn: 'a'.repeat(200), untilMs: 1.8e12, steps: 64, evidence };
    assert.ok(contentText('planned', head).length <= RESPONSE_CONTENT_CHARS_MAX);
    const value = '\u0001'.repeat(VALUE_CHARS_MAX / 6 - 1);
    assert.ok(isRecordable(value) && !isRecordable(`${value}\u0001`));
    const target = { kind: 'role-policy', roleName: 'r'.repeat(256), policyName: 'p'.repeat(256) } as const;
    const step = { step: 'isolate', target, before: value, after: value } as const;
    assert.ok(contentText('step-planned', step).length <= RESPONSE_CONTENT_CHARS_MAX);
  });

  it('holds the quarantine policy of a function with the longest name', () => {
    const ref = functionRef(`aws:123456789012:us-gov-east-1:${'f'.repeat(64)}`);
    assert.ok(isRecordable(quarantinePolicyDocument(ref)));
    assert.ok(ref.key.length <= CONTROL_TEXT_CHARS_MAX);
  });

  it('is read back only when it is exactly of its state', () => {
    assert.deepEqual(parseContent('acting', '{"before":null}'), { before: null });
    for (const text of ['', '{', 'null', '[]', '{}', '{"before":7}', '{"before":null,"more":1}', '{"__proto__":{}}']) {
      assert.equal(parseContent('acting', text), undefined, text);
    }
    const target = { kind: 'concurrency', functionName: 'pay' } as const;
    const step = { step: 'throttle', target, before: null, after: '0' } as const;
    assert.deepEqual(parseContent('step-planned', contentText('step-planned', step)), step);
    const odd = JSON.stringify({ ...step, target: { ...target, kind: 'everything' } });
    assert.equal(parseContent('step-planned', odd), undefined);
  });
});
