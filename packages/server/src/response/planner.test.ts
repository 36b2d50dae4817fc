import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ResponseError } from './errors.ts';
import { functionRef } from './function-ref.ts';
import { MemoryCloud, PAY, SECRET, stateOf } from './memory-cloud.contract.ts';
import { type Plan, type PlanInput, plan } from './planner.ts';
import type { FunctionState } from './provider.ts';
import { quarantinePolicyDocument } from './quarantine-policy.ts';

const ref = functionRef(PAY);
const ARN = 'arn:aws:lambda:eu-west-1:123456789012:function:pay';
const permissive = { protectedFunctions: [], inlinePolicies: true };

function planOf(change: Partial<FunctionState> = {}, more: Partial<PlanInput> = {}): Plan {
  const state = { ...stateOf(new MemoryCloud(), ref), ...change };
  return plan({ ref, incident: 'i00ff00ff00ff00ff', state, policy: permissive, ...more });
}

function effectsOf(made: Plan, id: string): string {
  return made.steps.find((step) => step.id === id)?.effects.join('\n') ?? '';
}

describe('a plan', () => {
  it('preserves, tags, stops, pauses and isolates, in this order', () => {
    assert.deepEqual(
      planOf().steps.map(({ id }) => id),
      ['preserve', 'tag', 'throttle', 'pause:a1', 'pause:b2', 'isolate'],
    );
  });

  it('says each step as a command line, and how to take it back', () => {
    const document = quarantinePolicyDocument(ref);
    const end = '--region eu-west-1';
    const policy = '--role-name shop-role --policy-name gait-quarantine-pay';
    assert.deepEqual(
      planOf().steps.map(({ command, inverseCommand }) => [command, inverseCommand]),
      [
        [
          `aws lambda publish-version --function-name pay --code-sha256 c29tZSBjb2Rl --description 'Kept by Gait as evidence' ${end}`,
          undefined,
        ],
        [
          `aws lambda tag-resource --resource ${ARN} --tags '{"gait:quarantine":"i00ff00ff00ff00ff"}' ${end}`,
          `aws lambda untag-resource --resource ${ARN} --tag-keys gait:quarantine ${end}`,
        ],
        [
          `aws lambda put-function-concurrency --function-name pay --reserved-concurrent-executions 0 ${end}`,
          `aws lambda delete-function-concurrency --function-name pay ${end}`,
        ],
        [
          `aws lambda update-event-source-mapping --uuid a1 --no-enabled ${end}`,
          `aws lambda update-event-source-mapping --uuid a1 --enabled ${end}`,
        ],
        [
          `aws lambda update-event-source-mapping --uuid b2 --no-enabled ${end}`,
          `aws lambda update-event-source-mapping --uuid b2 --enabled ${end}`,
        ],
        [
          `aws iam put-role-policy ${policy} --policy-document '${document}' ${end}`,
          `aws iam delete-role-policy ${policy} ${end}`,
        ],
      ],
    );
  });

  it('denies everything but logs and traces, for this function only', () => {
    assert.equal(
      quarantinePolicyDocument(ref),
      '{"Version":"2012-10-17","Statement":[{"Sid":"GaitQuarantine","Effect":"Deny",' +
        '"NotAction":["logs:CreateLogGroup","logs:CreateLogStream","logs:PutLogEvents","xray:PutTraceSegments",' +
        '"xray:PutTelemetryRecords"],"Resource":"*",' +
        `"Condition":{"ArnLike":{"lambda:SourceFunctionArn":"${ARN}"}}}]}`,
    );
  });

  it('says in words what happens to whom', () => {
    const made = planOf();
    assert.deepEqual(made.steps.find(({ id }) => id === 'throttle')?.effects, [
      'New invocations of every version and alias are refused at once: callers that wait get status 429.',
      'Invocations that already run go on until they end, at most 30 seconds.',
      'Asynchronous events that arrive meanwhile ARE LOST: the function has neither a dead-letter queue nor a destination for failures.',
      "Those whom the function's policy lets in are refused too: s3.amazonaws.com.",
      'The function URL stays, and answers 429; it is open to everybody.',
    ]);
    assert.match(effectsOf(made, 'pause:a1'), /table\/carts\/stream\/2026 until release .* retention \(24 hours/);
    assert.match(effectsOf(made, 'pause:b2'), /orders until release\. The queue drops .* retention \(4 days/);
    assert.match(effectsOf(made, 'isolate'), /Other functions run with shop-role too and are not hit \(refund\)/);
    assert.match(
      made.caveats.join('\n'),
      /published versions \(live: 3\).*Release gives fresh sandboxes to \$LATEST only/,
    );
  });

  it('names where asynchronous events go instead of being lost', () => {
    const queue = 'arn:aws:sqs:eu-west-1:123456789012:dead';
    assert.match(
      effectsOf(planOf({ deadLetterArn: queue }), 'throttle'),
      /go to arn:aws:sqs:\S+:dead without being tried/,
    );
    assert.match(effectsOf(planOf({ onFailureArn: queue }), 'throttle'), /go to arn:aws:sqs:\S+:dead without/);
    assert.doesNotMatch(effectsOf(planOf({ onFailureArn: queue }), 'throttle'), /LOST/);
  });

  it('is the same for the same state, whatever order the provider lists things in', () => {
    const state = stateOf(new MemoryCloud(), ref);
    assert.deepEqual(planOf({ mappings: [...(state.mappings ?? [])].reverse() }), planOf());
  });

  it('leaves out what is already so, and gives back what was reserved', () => {
    const made = planOf({ keptVersion: '4', concurrency: '7' });
    assert.ok(made.leftOut.some(({ why }) => why === 'Version 4 already holds it.'));
    const throttle = made.steps.find(({ id }) => id === 'throttle');
    assert.match(throttle?.inverseCommand ?? '', /put-function-concurrency .* --reserved-concurrent-executions 7 /);
    assert.ok(planOf({ concurrency: '0' }).steps.every(({ id }) => id !== 'throttle'));
  });

  it('does not touch what could not be read, and says so', () => {
    const { concurrency: _, mappings: __, tags: ___, ...rest } = stateOf(new MemoryCloud(), ref);
    const unread = [{ what: 'reserved concurrency', why: 'lambda:GetFunctionConcurrency is missing' }];
    const made = plan({ ref, incident: '', state: { ...rest, unread }, policy: permissive });
    assert.deepEqual(
      made.steps.map(({ id }) => id),
      ['preserve', 'isolate'],
    );
    assert.equal(made.leftOut.length, 3);
    assert.ok(
      made.caveats.includes('Could not be read: reserved concurrency (lambda:GetFunctionConcurrency is missing).'),
    );
  });

  it('writes no policy unless a person allowed it, and attaches one that was made beforehand only if it is exactly right', () => {
    const policy = { protectedFunctions: [], inlinePolicies: false };
    const arn = 'arn:aws:iam::123456789012:policy/gait-quarantine-pay';
    const isolate = (document: string | undefined) => {
      const managedQuarantine = document === undefined ? null : { arn, document };
      return planOf({ managedQuarantine }, { policy }).steps.find(({ id }) => id === 'isolate')?.call;
    };
    assert.equal(isolate(undefined), undefined);
    const wider = quarantinePolicyDocument(ref).replace('"Deny"', '"Allow"');
    assert.equal(isolate(wider), undefined);
    assert.equal(isolate('{"Version":'), undefined);
    const { Version, Statement } = JSON.parse(quarantinePolicyDocument(ref));
    const spaced = JSON.stringify({ Statement, Version }, null, 2);
    assert.deepEqual(isolate(spaced), {
      service: 'iam',
      operation: 'AttachRolePolicy',
      parameters: { RoleName: 'shop-role', PolicyArn: arn },
    });
  });

  it('refuses when nothing would isolate', () => {
    const none = () => planOf({ concurrency: '0', mappings: [] }, { policy: { ...permissive, inlinePolicies: false } });
    assert.throws(none, (error) => error instanceof ResponseError && error.code === 'GAIT_RESPONSE_NOTHING');
  });

  it('shows at most a few names and never a secret, and makes hostile names harmless', () => {
    const many = Array.from({ length: 30 }, (_, at) => `fn-${at}`);
    const made = planOf({ roleSharers: many });
    assert.match(effectsOf(made, 'isolate'), /\(fn-0, fn-1, fn-2, fn-3, fn-4 and 25 more\)/);
    assert.ok(!JSON.stringify(made).includes(SECRET));
    const hostile = planOf({ description: "it's \u001b[2J\n$(rm -rf ~)\u202e" });
    assert.equal(
      hostile.recycle.inverseCommand,
      "aws lambda update-function-configuration --function-name pay --description $'it\\'s \\U0000001b[2J\\U0000000a$(rm -rf ~)\\U0000202e' --region eu-west-1",
    );
  });
});
