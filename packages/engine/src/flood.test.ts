import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NAMES_KEPT_MAX, NAMES_MAX, PRINCIPALS_MAX, WAITING_SPANS_MAX } from './base/limits.ts';
import { Feed, type Sample, START_MS } from './engine-feed.ts';
import { profilesOf } from './profile.ts';

const VICTIM = 'aws:1:eu-west-1:orders';
const USUAL = ['dynamodb:GetItem orders dynamodb/orders', 's3:PutObject invoices s3/invoices'];
const EVERY_MS = 10_000;
const HISTORY = 200;
const FLOOD_MS = START_MS + HISTORY * EVERY_MS + 5000;
const AFTER_MS = FLOOD_MS + 1000;
/** More than any of the tables holds. */
const INVENTED = 160_000;
const AT_ONCE = 4000;

function usual(atMs: number, changes: Partial<Sample> = {}): Sample {
  return {
    atMs,
    fn: VICTIM,
    request: `usual-${atMs}`,
    numbers: { durationMs: 20 + (atMs % 7), memoryMb: 90 },
    symbols: {
      triggerKind: 'queue',
      triggerSource: 'arrivals',
      status: 'ok',
      principal: 'role/shop',
      principalKind: 'role',
    },
    calls: USUAL,
    ...changes,
  };
}

/** Everything that a sender may choose is chosen anew: rows of a trace, of a sensor and of an audit trail in turn. */
function invented(at: number): Sample[] {
  const id = (of: number) => (of * INVENTED + at + 1).toString(16).padStart(16, '0');
  const name = `aws:1:eu-west-1:made-up-${at}`;
  const symbols = {
    triggerKind: 'http',
    triggerSource: `GET /${at}`,
    principal: `person_${at}`,
    principalKind: 'person',
  };
  return [
    {
      kind: 'xray',
      atMs: FLOOD_MS,
      fn: name,
      request: `x${at}`,
      span: id(1),
      parent: id(2),
      calls: [`made:Up${at} thing-${at} host-${at}.example#${id(3)}`],
      symbols,
    },
    // What belongs to the victim by name is in the sender's hands, too, if the sender may speak for it.
    usual(FLOOD_MS, { request: `v${at}`, calls: [...USUAL, `made:Up${at} thing-${at} host-${at}.example`], symbols }),
    {
      kind: 'audit',
      atMs: FLOOD_MS,
      event: `e${at}`,
      symbols: {
        principal: `role/made-up-${at}`,
        principalKind: 'role',
        action: `made:Up${at}`,
        network: `net_${at}`,
        resource: `thing-${at}`,
        changeKind: 'code',
      },
    },
  ];
}

describe('a flood of invented names', () => {
  it('fills no table beyond its limit, and leaves what was established as it was', { timeout: 600_000 }, () => {
    const flooded = new Feed();
    flooded.rows(Array.from({ length: HISTORY }, (_, at) => usual(START_MS + at * EVERY_MS)));
    for (let from = 0; from < INVENTED; from += AT_ONCE) {
      const rows = Array.from({ length: AT_ONCE }, (_, at) => invented(from + at)).flat();
      flooded.rows(rows, AT_ONCE);
    }
    const { stageOne, stageTwo } = flooded.engine;
    const [stage] = stageOne;
    assert.ok(stageTwo.baselines.entities.count <= PRINCIPALS_MAX, `${stageTwo.baselines.entities.count} entities`);
    assert.ok(
      stageTwo.baselines.entities.evicted + stageTwo.baselines.entities.refused > 0,
      'the flood was large enough',
    );
    assert.ok(
      stageTwo.graph.links.dropped >= INVENTED - WAITING_SPANS_MAX,
      `${stageTwo.graph.links.dropped} questions dropped`,
    );
    const names = NAMES_MAX + NAMES_KEPT_MAX;
    assert.ok(stage.names.size <= names && stageTwo.names.size <= names);
    const state = flooded.engine.snapshot().length;
    assert.ok(state < 400_000_000, `${state} bytes of state`);

    const profile = profilesOf(flooded.engine).find(({ key }) => key === VICTIM);
    const shown = (list: readonly { readonly text: string; readonly share: number }[] = []) =>
      list.filter(({ share }) => share > 0.5).map(({ text }) => text);
    assert.deepEqual(shown(profile?.destinations), ['dynamodb/orders', 's3/invoices']);
    assert.deepEqual(shown(profile?.calls), ['dynamodb:GetItem orders', 's3:PutObject invoices']);
    flooded.rows([usual(AFTER_MS), usual(AFTER_MS + EVERY_MS, { calls: USUAL.slice(1) })]);
    const last = flooded.findings.at(-1);
    assert.equal(last?.detector, 'flow.missing-call');
    assert.match(last.sentence, /^`orders` finished without dynamodb:GetItem orders, which was part of all /);
  });
});
